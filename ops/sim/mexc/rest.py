"""MEXC's REST market data, ``/api/v3/...``."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from feedtree.ops.http import Request, Response, json_response
from feedtree.ops.sim import decimals
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.mexc.streams import best
from feedtree.ops.sim.mexc.tickets import MAX_QUOTE, MAX_QUOTE_MARKET, MIN_QUOTE
from feedtree.ops.sim.orderbook import sides
from feedtree.ops.sim.tape import Candle, Print
from feedtree.ops.sim.venue import NS

if TYPE_CHECKING:
    from feedtree.ops.sim.mexc.venue import MexcVenue

PREFIX = "/api/v3"
_INTERVALS_S = {
    "1m": 60,
    "5m": 300,
    "15m": 900,
    "30m": 1_800,
    "60m": 3_600,
    "4h": 14_400,
    "1d": 86_400,
    "1W": 604_800,
    "1M": 2_592_000,
}
_MAX_DEPTH = 5_000


def error(status: int, code: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return a market-data error, whose keys stand in that order."""
    return json_response({"msg": message, "code": code, "_extend": None}, status, headers)


class MexcRest:
    """Answers the public calls.

    Args:
        venue: whose markets.
    """

    def __init__(self, venue: "MexcVenue") -> None:
        self._venue = venue
        self._calls: dict[str, tuple[int, Callable[[Request], Response]]] = {
            "/ping": (1, lambda _: json_response({})),
            "/time": (1, self._time),
            "/depth": (1, self._depth),
            "/exchangeInfo": (10, self._exchange_info),
            "/defaultSymbols": (1, self._default_symbols),
            "/trades": (5, self._trades),
            "/aggTrades": (1, self._agg_trades),
            "/klines": (1, self._klines),
            "/ticker/24hr": (1, self._of_symbols(self._day)),
            "/ticker/price": (1, self._of_symbols(self._price)),
            "/ticker/bookTicker": (1, self._of_symbols(_book_ticker)),
        }

    def weight(self, request: Request) -> int:
        """Return what a call costs."""
        path = request.path.removeprefix(PREFIX)
        if path == "/ticker/24hr" and "symbol" not in request.query:
            return 40
        call = self._calls.get(path)
        return call[0] if call else 1

    def answer(self, request: Request) -> Response:
        """Answer a call."""
        call = self._calls.get(request.path.removeprefix(PREFIX))
        if call is None:
            return json_response({"code": 404, "msg": "Not Found"}, 404)
        if request.method != "GET":
            return json_response({"code": 405, "msg": "Method Not Allowed"}, 405)
        return call[1](request)

    def _time(self, _: Request) -> Response:
        return json_response({"serverTime": self._venue.private.now_ns() // 10**6})

    def _depth(self, request: Request) -> Response:
        market, limit = self._asked(request), _number(request, "limit", 100)
        if market is None or limit is None:
            return _bad(request, market)
        lag_ns = int(self._venue.switches.snapshot_lag_s * NS)
        number, book = market.as_of(self._venue.clock.now_ns() - lag_ns)
        bids, asks = sides(book)
        limit = min(limit, _MAX_DEPTH)
        return json_response(
            {
                "lastUpdateId": number,
                "bids": market.levels(bids[:limit], book),
                "asks": market.levels(asks[:limit], book),
                "timestamp": self._now_ms(),
            }
        )

    def _exchange_info(self, request: Request) -> Response:
        names = request.query.get("symbols") or request.query.get("symbol")
        markets: Iterable[Market | None] = self._venue.markets.values()
        if names:
            markets = [self._venue.market(name) for name in names.split(",")]
        rows = [_row(market) for market in markets if market]
        if names and not rows:
            return error(400, -1121, "Invalid symbol.")
        head = {"timezone": "CST", "serverTime": self._now_ms(), "rateLimits": [], "exchangeFilters": []}
        return json_response({**head, "symbols": rows})

    def _default_symbols(self, _: Request) -> Response:
        return json_response({"code": 200, "data": list(self._venue.markets), "msg": None})

    def _trades(self, request: Request) -> Response:
        return self._prints(request, _trade)

    def _agg_trades(self, request: Request) -> Response:
        return self._prints(request, _agg_trade)

    def _prints(self, request: Request, form: Callable[[Market, Print], dict[str, object]]) -> Response:
        market, limit = self._asked(request), _number(request, "limit", 500)
        if market is None or limit is None:
            return _bad(request, market)
        newest_first = list(reversed(market.tape.prints))[: min(limit, 1_000)]
        return json_response([form(market, trade) for trade in newest_first])

    def _klines(self, request: Request) -> Response:
        market, limit = self._asked(request), _number(request, "limit", 500)
        if market is None or not limit:
            return _bad(request, market)
        interval_s = _INTERVALS_S.get(request.query.get("interval", ""))
        if interval_s is None:
            return error(400, -1121, "Invalid interval.")
        candles = market.tape.candles(interval_s, min(limit, 1_000), self._venue.clock.now_ns() // NS)
        return json_response([_kline(market, candle, interval_s) for candle in candles])

    def _of_symbols(self, form: Callable[[Market], dict[str, object]]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            if "symbol" not in request.query:
                return json_response([form(market) for market in self._venue.markets.values()])
            market = self._asked(request)
            return json_response(form(market)) if market else _bad(request, None)

        return answer

    def _price(self, market: Market) -> dict[str, object]:
        return {"symbol": market.wire, "price": market.price_text(market.tape.last)}

    def _day(self, market: Market) -> dict[str, object]:
        now_ns = self._venue.clock.now_ns()
        day, price = market.tape.day(now_ns // NS), market.price_text
        bid, bid_lots, ask, ask_lots = best(market)
        return {
            "symbol": market.wire,
            "priceChange": decimals.text(day.close - day.open, market.listing.price_decimals),
            "priceChangePercent": f"{day.close / day.open - 1:.4f}",
            "prevClosePrice": price(day.open),
            "lastPrice": price(day.close),
            "bidPrice": bid,
            "bidQty": bid_lots,
            "askPrice": ask,
            "askQty": ask_lots,
            "openPrice": price(day.open),
            "highPrice": price(day.high),
            "lowPrice": price(day.low),
            "volume": market.size_text(day.volume),
            "quoteVolume": market.turnover_text(day.turnover),
            "openTime": day.start_s * 1_000,
            "closeTime": now_ns // 1_000_000,
            "count": None,
        }

    def _asked(self, request: Request) -> Market | None:
        return self._venue.market(request.query.get("symbol", ""))

    def _now_ms(self) -> int:
        return self._venue.clock.now_ns() // 1_000_000


def _bad(request: Request, market: Market | None) -> Response:
    if market is not None:
        return error(400, 33333, "param is error")
    if "symbol" not in request.query:
        return error(400, 700004, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
    return error(400, -1121, "Invalid symbol.")


def _number(request: Request, name: str, default: int) -> int | None:
    value = request.query.get(name, str(default))
    return int(value) if value.isdecimal() and len(value) < 10 else None


def _book_ticker(market: Market) -> dict[str, object]:
    names = ("bidPrice", "bidQty", "askPrice", "askQty")
    return {"symbol": market.wire, **dict(zip(names, best(market), strict=True))}


def _trade(market: Market, trade: Print) -> dict[str, object]:
    fill = trade.fill
    return {
        "id": None,
        "price": market.price_text(fill.price),
        "qty": market.size_text(fill.lots),
        "quoteQty": market.turnover_text(fill.price * fill.lots),
        "time": fill.at_ns // 1_000_000,
        "isBuyerMaker": not fill.taker_buys,
        "isBestMatch": True,
        "tradeType": "BID" if fill.taker_buys else "ASK",
    }


def _agg_trade(market: Market, trade: Print) -> dict[str, object]:
    fill = trade.fill
    return {
        "a": None,
        "f": None,
        "l": None,
        "p": market.price_text(fill.price),
        "q": market.size_text(fill.lots),
        "T": fill.at_ns // 1_000_000,
        "m": not fill.taker_buys,
        "M": True,
    }


def _kline(market: Market, candle: Candle, interval_s: int) -> list[object]:
    price = market.price_text
    return [
        candle.start_s * 1_000,
        price(candle.open),
        price(candle.high),
        price(candle.low),
        price(candle.close),
        market.size_text(candle.volume),
        (candle.start_s + interval_s) * 1_000,
        market.turnover_text(candle.turnover),
    ]


def _row(market: Market) -> dict[str, object]:
    listing, symbol = market.listing, market.symbol
    filters = [
        {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "1.05", "askMultiplierDown": "0.95"}
    ]
    return {
        "symbol": market.wire,
        "status": "1",
        "baseAsset": symbol.base,
        "baseAssetPrecision": listing.size_decimals,
        "quoteAsset": symbol.quote,
        "quotePrecision": listing.price_decimals,
        "quoteAssetPrecision": listing.price_decimals,
        "baseCommissionPrecision": listing.size_decimals,
        "quoteCommissionPrecision": listing.price_decimals,
        "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "quoteAmountPrecision": str(MIN_QUOTE),
        "baseSizePrecision": decimals.text(1, listing.size_decimals),
        "permissions": ["SPOT"],
        "filters": filters,
        "maxQuoteAmount": str(MAX_QUOTE),
        "makerCommission": "0",
        "takerCommission": "0.0005",
        "quoteAmountPrecisionMarket": str(MIN_QUOTE),
        "maxQuoteAmountMarket": str(MAX_QUOTE_MARKET),
        "fullName": symbol.base,
        "tradeSideType": 1,
    }
