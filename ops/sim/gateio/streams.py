"""Gate.io's other streams: trades, best prices, day statistics, candles."""

from feedtree.ops.sim.gateio.books import moved_ms
from feedtree.ops.sim.gateio.envelope import push
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.streams import TICKS_PER_S, Stream
from feedtree.ops.sim.switches import GateioSwitches
from feedtree.ops.sim.tape import Candle, Print

INTERVALS_S = {
    "10s": 10,
    "1m": 60,
    "5m": 300,
    "15m": 900,
    "30m": 1_800,
    "1h": 3_600,
    "4h": 14_400,
    "8h": 28_800,
    "1d": 86_400,
    "7d": 604_800,
}


class TradeStream(Stream):
    """``spot.trades``: every fill in a frame of its own.

    Args:
        market: whose trades.
        switches: of the venue.
    """

    def __init__(self, market: Market, switches: GateioSwitches) -> None:
        super().__init__(1)
        self._market = market
        self._switches = switches
        self._told = 0

    def start(self) -> None:
        """See `Stream`."""
        self._told = self._market.tape.total

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        tape = self._market.tape
        new = tape.since(self._told)
        self._told = tape.total
        return [push("spot.trades", self._result(trade), now_ns) for trade in new]

    def _result(self, trade: Print) -> dict[str, object]:
        fill = trade.fill
        amount, price = self._market.size_text(fill.lots), self._market.price_text(fill.price)
        if self._switches.padded_trades:
            amount, price = _padded(amount), _padded(price)
        us = fill.at_ns // 1_000
        return {
            "id": trade.number,
            "id_market": trade.market_number,
            "create_time": us // 1_000_000,
            "create_time_ms": f"{us // 1_000}.{us % 1_000:03d}",
            "side": "buy" if fill.taker_buys else "sell",
            "currency_pair": self._market.wire,
            "amount": amount,
            "price": price,
            "range": f"{trade.market_number}-{trade.market_number}",
        }


class BookTickerStream(Stream):
    """``spot.book_ticker``: best bid and ask whenever one of them changed.

    Args:
        market: whose book.
        switches: of the venue.
    """

    def __init__(self, market: Market, switches: GateioSwitches) -> None:
        super().__init__(1)
        self._market = market
        self._switches = switches
        self._seen: tuple[int, str] = (0, "")  # id and switch at the last look
        self._told: tuple[str, ...] = ()

    def start(self) -> None:
        """See `Stream`."""

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        book = self._market.book
        seen = (book.last_id, self._switches.empty_side)
        if seen == self._seen:
            return []
        self._seen = seen
        best = self._best()
        if best == self._told:
            return []
        self._told = best
        names = dict(zip(("b", "B", "a", "A"), best, strict=True))
        result = {"t": moved_ms(self._market), "u": book.last_id, "s": self._market.wire, **names}
        return [push("spot.book_ticker", result, now_ns)]

    def _best(self) -> tuple[str, ...]:
        empty = self._switches.empty_side
        bid = [] if empty in ("bid", "both") else self._market.book.bids(1)
        ask = [] if empty in ("ask", "both") else self._market.book.asks(1)
        return (*_level(self._market, bid), *_level(self._market, ask))


class TickerStream(Stream):
    """``spot.tickers``: the day's statistics, every second.

    Args:
        market: whose day.
    """

    def __init__(self, market: Market) -> None:
        super().__init__(TICKS_PER_S)
        self._market = market

    def start(self) -> None:
        """See `Stream`."""

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        return [push("spot.tickers", ticker(self._market, now_ns), now_ns)]


class CandleStream(Stream):
    """``spot.candlesticks``: the forming candle every two seconds, and each once more when it is closed.

    Args:
        market: whose trades.
        interval: one of `INTERVALS_S`.
        switches: of the venue.
    """

    def __init__(self, market: Market, interval: str, switches: GateioSwitches) -> None:
        super().__init__(2 * TICKS_PER_S)
        self._market = market
        self._interval = interval
        self._switches = switches
        self._forming_s = 0

    def start(self) -> None:
        """See `Stream`."""

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        candles = self._market.tape.candles(INTERVALS_S[self._interval], 2, now_ns // 1_000_000_000)
        closed = [candle for candle in candles[:-1] if candle.start_s == self._forming_s]
        self._forming_s = candles[-1].start_s
        told = [(candle, True) for candle in closed] + [(candles[-1], False)]
        return [push("spot.candlesticks", self._result(candle, over), now_ns) for candle, over in told]

    def _result(self, candle: Candle, over: bool) -> dict[str, object]:
        price = self._market.price_text
        result: dict[str, object] = {
            "t": str(candle.start_s),
            "v": self._market.turnover_text(candle.turnover),
            "c": price(candle.close),
            "h": price(candle.high),
            "l": price(candle.low),
            "o": price(candle.open),
            "n": f"{self._interval}_{self._market.wire}",
            "a": self._market.size_text(candle.volume),
        }
        if self._switches.candle_w:
            result["w"] = over
        return result


def ticker(market: Market, now_ns: int) -> dict[str, object]:
    """Return a market's statistics as both the stream and REST tell them."""
    day = market.tape.day(now_ns // 1_000_000_000)
    bid, ask = market.book.bids(1), market.book.asks(1)
    return {
        "currency_pair": market.wire,
        "last": market.price_text(day.close),
        "lowest_ask": _level(market, ask)[0],
        "highest_bid": _level(market, bid)[0],
        "change_percentage": f"{(day.close / day.open - 1) * 100:.2f}",
        "base_volume": market.size_text(day.volume),
        "quote_volume": market.turnover_text(day.turnover),
        "high_24h": market.price_text(day.high),
        "low_24h": market.price_text(day.low),
    }


def _level(market: Market, keys: list[int]) -> tuple[str, str]:
    if not keys:
        return "", ""
    return market.price_text(abs(keys[0])), market.size_text(market.book.quantities[keys[0]])


def _padded(number: str) -> str:
    whole, _, fraction = number.partition(".")
    return f"{whole}.{fraction.ljust(10, '0')}"
