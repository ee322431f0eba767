"""How many data of each kind a shard has told; events are no data."""

from collections import Counter
from collections.abc import Iterable

from feedtree.exchanges.public.messages import (
    BookDelta,
    BookSnapshot,
    BookTicker,
    Kline,
    Ticker,
    Trade,
)

_NAMES: dict[type, str] = {
    BookDelta: "books",
    BookSnapshot: "books",
    Trade: "trades",
    BookTicker: "quotes",
    Ticker: "tickers",
    Kline: "klines",
}


class KindCounts:
    """Counters by kind; whoever tells adds to them.

    Attributes:
        books: changes and snapshots of books.
        trades: trades, fetched ones among them.
        quotes: best bids and asks.
        tickers: summaries of a day.
        klines: candles.
    """

    __slots__ = ("books", "klines", "quotes", "tickers", "trades")

    def __init__(self) -> None:
        self.books = self.trades = self.quotes = self.tickers = self.klines = 0

    def add(self, burst: Iterable[object]) -> None:
        """Count what is in a burst: the slow way, for those of which it is not known what they keep."""
        for kind, number in Counter(map(type, burst)).items():
            name = _NAMES.get(kind)
            if name is not None:
                setattr(self, name, getattr(self, name) + number)

    def to_dict(self) -> dict[str, int]:
        """Return the counters by name."""
        return {name: getattr(self, name) for name in dict.fromkeys(_NAMES.values())}
