"""The trades of one market: the latest ones, candles and day statistics."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from msgspec import Struct

from feedtree.ops.sim.orderbook import Fill

BASE_S = 10  # the finest candle; all others are rolled up from it
_DAY_CANDLES = 86_400 // BASE_S
_TRADES_KEPT = 10_000


class Print(Struct, frozen=True, gc=False):
    """A public trade.

    Args:
        number: the venue's trade id, counted over all its markets.
        market_number: counted over this market.
        fill: what was traded.
    """

    number: int
    market_number: int
    fill: Fill


@dataclass(slots=True)
class Candle:
    """One window of trades; prices in ticks, volume in lots, turnover in ticks times lots.

    Args:
        start_s: UTC seconds at which it starts.
    """

    start_s: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    turnover: int = 0

    def add(self, other: "Candle") -> None:
        """Take in a later candle."""
        self.high = max(self.high, other.high)
        self.low = min(self.low, other.low)
        self.close = other.close
        self.volume += other.volume
        self.turnover += other.turnover


class Tape:
    """Everything that was traded on one market, as far back as it is kept.

    Args:
        price: of the last trade before the first one, in ticks.
        start_s: UTC seconds.
    """

    __slots__ = ("_base", "last", "prints", "total")

    def __init__(self, price: int, start_s: int) -> None:
        self.last = price
        self.total = 0  # prints since the start
        self.prints: deque[Print] = deque(maxlen=_TRADES_KEPT)
        self._base: deque[Candle] = deque(maxlen=_DAY_CANDLES)
        self._base.append(_flat(start_s - start_s % BASE_S, price))

    def add(self, trade: Print) -> None:
        """Record a trade; times never run backwards."""
        fill = trade.fill
        self.advance(fill.at_ns // 1_000_000_000)
        self.prints.append(trade)
        self.total += 1
        self.last = price = fill.price
        candle = self._base[-1]
        if not candle.volume:
            candle.open = candle.high = candle.low = price
        elif price > candle.high:
            candle.high = price
        elif price < candle.low:
            candle.low = price
        candle.close = price
        candle.volume += fill.lots
        candle.turnover += price * fill.lots

    def advance(self, now_s: int) -> None:
        """Open the windows up to a time, each flat at the last price."""
        start = self._base[-1].start_s + BASE_S
        if now_s < start:
            return
        first = max(start, now_s - 86_400)
        for window in range(first - first % BASE_S, now_s + 1, BASE_S):
            self._base.append(_flat(window, self.last))

    def since(self, total: int) -> list[Print]:
        """Return the prints made after the first ``total``, as far as they are kept."""
        new = self.total - total
        if not new:
            return []
        return list(islice(self.prints, max(0, len(self.prints) - new), None))

    def candles(self, interval_s: int, limit: int, now_s: int) -> list[Candle]:
        """Return the newest candles of an interval, oldest first; the last one is still forming."""
        self.advance(now_s)
        rolled: dict[int, Candle] = {}
        earliest = now_s - now_s % interval_s - (limit - 1) * interval_s
        for base in self._from(earliest):
            start = base.start_s - base.start_s % interval_s
            if start in rolled:
                rolled[start].add(base)
            else:
                rolled[start] = Candle(
                    start, base.open, base.high, base.low, base.close, base.volume, base.turnover
                )
        return list(rolled.values())

    def day(self, now_s: int) -> Candle:
        """Return the last 24 hours as one candle."""
        self.advance(now_s)
        first, *rest = self._base
        day = Candle(
            first.start_s, first.open, first.high, first.low, first.close, first.volume, first.turnover
        )
        for candle in rest:
            day.add(candle)
        return day

    def _from(self, earliest_s: int) -> Iterator[Candle]:
        skipped = max(0, (earliest_s - self._base[0].start_s) // BASE_S)
        return islice(self._base, skipped, None)


def _flat(start_s: int, price: int) -> Candle:
    return Candle(start_s, price, price, price, price)
