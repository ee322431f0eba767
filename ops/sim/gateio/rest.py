"""Gate.io's REST market data, ``/api/v4/spot/...``."""

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from feedtree.ops.http import Request, Response, json_response
from feedtree.ops.sim import decimals
from feedtree.ops.sim.gateio.streams import INTERVALS_S, ticker
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.orderbook import sides
from feedtree.ops.sim.tape import Candle, Print
from feedtree.ops.sim.venue import NS

if TYPE_CHECKING:
    from feedtree.ops.sim.gateio.venue import GateioVenue

PREFIX = "/api/v4"
_ONE_PAIR = "/spot/currency_pairs/"
_PRIVATE = ("/spot/", "/wallet/", "/account/")


def error(status: int, label: str, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return an error answer."""
    return json_response({"label": label, "message": message}, status, headers)


class GateioRest:
    """Answers the public calls.

    Args:
        venue: whose markets.
    """

    def __init__(self, venue: "GateioVenue") -> None:
        self._venue = venue
        self._calls: dict[str, Callable[[Request], Response]] = {
            "/spot/time": self._time,
            "/spot/currency_pairs": self._pairs,
            "/spot/order_book": self._book,
            "/spot/trades": self._trades,
            "/spot/tickers": self._tickers,
            "/spot/candlesticks": self._candles,
            "/margin/currency_pairs": lambda _: json_response([]),
        }

    def serves(self, path: str) -> bool:
        """Whether a path is no private one."""
        return path in self._calls or path.startswith(_ONE_PAIR) or not path.startswith(_PRIVATE)

    def answer(self, request: Request) -> Response:
        """Answer a call."""
        path = request.path.removeprefix(PREFIX)
        call = self._calls.get(path)
        if call is None:
            return self._elsewhere(path)
        if request.method != "GET":
            return error(405, "METHOD_NOT_ALLOWED", f"method {request.method} is not allowed")
        return call(request)

    def _elsewhere(self, path: str) -> Response:
        single = path.removeprefix(_ONE_PAIR)
        if single != path:
            market = self._venue.pair(single)
            if market:
                return json_response(_pair(market))
            return error(
                self._venue.switches.pair_status,
                "INVALID_CURRENCY",
                f"Invalid currency {single.split('_')[0]}",
            )
        return error(404, "NOT_FOUND", "The requested URL was not found")

    def _time(self, _: Request) -> Response:
        return json_response({"server_time": self._venue.private.now_ns() // 1_000_000})

    def _pairs(self, _: Request) -> Response:
        return json_response([_pair(market) for market in self._venue.markets.values()])

    def _book(self, request: Request) -> Response:
        market = self._asked(request)
        limit = _number(request, "limit", 10)
        if market is None or limit is None or limit < 1:
            return self._bad(request, market)
        switches = self._venue.switches
        now_ns = self._venue.clock.now_ns()
        number, book = market.as_of(now_ns - int(switches.snapshot_lag_s * NS))
        bids, asks = sides(book)
        if limit > switches.book_limit_max:
            bids, asks = [], []
        moved_ns = market.book.history.at_ns(number) or now_ns
        content: dict[str, object] = {"id": number} if _true(request, "with_id") else {}
        content["current"] = now_ns // 1_000_000
        content["update"] = moved_ns // 1_000_000
        content["asks"] = market.levels(asks[:limit], book)
        content["bids"] = market.levels(bids[:limit], book)
        return json_response(content)

    def _trades(self, request: Request) -> Response:
        market, limit = self._asked(request), _number(request, "limit", 100)
        last = request.query.get("last_id", "0")
        if (
            market is None
            or limit is None
            or not (1 <= limit <= 1_000 and len(last) < 20 and last.isdecimal())
        ):
            return self._bad(request, market)
        told_ns = self._venue.clock.now_ns() - int(self._venue.switches.trades_lag_s * NS)
        back = _true(request, "reverse") and last != "0"
        newest_first = (
            trade
            for trade in reversed(market.tape.prints)
            if trade.fill.at_ns <= told_ns
            and (trade.number < int(last) if back else trade.number > int(last))
        )
        return json_response([_trade(market, trade) for trade in islice(newest_first, limit)])

    def _tickers(self, request: Request) -> Response:
        now_ns = self._venue.clock.now_ns()
        if "currency_pair" not in request.query:
            return json_response([ticker(market, now_ns) for market in self._venue.markets.values()])
        market = self._asked(request)
        return json_response([ticker(market, now_ns)]) if market else self._bad(request, None)

    def _candles(self, request: Request) -> Response:
        market, limit = self._asked(request), _number(request, "limit", 100)
        interval_s = INTERVALS_S.get(request.query.get("interval", "30m"))
        if market is None or interval_s is None or limit is None or not 1 <= limit <= 1_000:
            return self._bad(request, market)
        candles = market.tape.candles(interval_s, limit, self._venue.clock.now_ns() // NS)
        return json_response([_candle(market, candle, candle is not candles[-1]) for candle in candles])

    def _asked(self, request: Request) -> Market | None:
        return self._venue.pair(request.query.get("currency_pair", ""))

    def _bad(self, request: Request, market: Market | None) -> Response:
        if market is not None:
            return error(400, "INVALID_PARAM_VALUE", "Invalid request parameter value")
        if "currency_pair" not in request.query:
            return error(400, "MISSING_REQUIRED_PARAM", "Missing required parameter: currency_pair")
        pair = request.query["currency_pair"]
        return error(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {pair}")


def _number(request: Request, name: str, default: int) -> int | None:
    value = request.query.get(name, str(default))
    return int(value) if value.isdecimal() and len(value) < 10 else None


def _true(request: Request, name: str) -> bool:
    return request.query.get(name, "").lower() in ("true", "1")


def _pair(market: Market) -> dict[str, object]:
    listing, symbol = market.listing, market.symbol
    return {
        "id": market.wire,
        "base": symbol.base,
        "base_name": symbol.base,
        "quote": symbol.quote,
        "quote_name": symbol.quote,
        "fee": "0.2",
        "min_base_amount": decimals.text(1, listing.size_decimals),
        "min_quote_amount": "3",
        "max_quote_amount": "5000000",
        "amount_precision": listing.size_decimals,
        "precision": listing.price_decimals,
        "trade_status": "tradable",
        "sell_start": 0,
        "buy_start": 0,
        "delisting_time": 0,
        "type": "normal",
        "st_tag": False,
    }


def _trade(market: Market, trade: Print) -> dict[str, object]:
    fill = trade.fill
    us = fill.at_ns // 1_000
    return {
        "id": str(trade.number),
        "create_time": str(us // 1_000_000),
        "create_time_ms": f"{us // 1_000}.{us % 1_000:03d}000",
        "currency_pair": market.wire,
        "side": "buy" if fill.taker_buys else "sell",
        "amount": market.size_text(fill.lots),
        "price": market.price_text(fill.price),
        "sequence_id": str(trade.market_number),
    }


def _candle(market: Market, candle: Candle, over: bool) -> list[str]:
    price = market.price_text
    return [
        str(candle.start_s),
        market.turnover_text(candle.turnover),
        price(candle.close),
        price(candle.high),
        price(candle.low),
        price(candle.open),
        market.size_text(candle.volume),
        "true" if over else "false",
    ]
