"""A book that stands still while trades of its symbol go on: the venue pushes it no more, whatever it said. Pure.

A trade at the best price of a book, or beyond it, changes the book. One may be made up for within the window of a
push, so it takes several, and a book that usually changes often. A trade between the best prices may have met an
order that no book shows, or its own maker: such trades go on beside a book that is only slow, so that one has to be
very late by its own pace. Books are looked at a few times a second, whatever comes meanwhile: no message pays for it.
A symbol without trades is quiet, and gives no evidence.
"""

from collections.abc import Iterable, Mapping
from math import log, log1p

from feedtree.exchanges.public.book import OrderBook
from feedtree.exchanges.public.book_sync import BookSync
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.messages import Trade

LOOK_EVERY = 0.5  # seconds
LEAST = 1.25  # seconds: with the looks, a busy book that stands still is found in under 2 s
FACTOR = 10.0  # of the usual interval, for books that change in less than half of the looks
BUSY = 0.5  # share of the looks in which a book changes, from which on LEAST is enough
CHANCE = 1e-5  # of a busy book to be late by itself, at which trades between the best prices are enough
IDLE = 0.05  # share under which a book is not judged
EVIDENCE = 2  # looks with new trades, since the book changed last
ENOUGH = 20  # looks at a live book before anything is known of its pace
LATE = 0.25  # seconds: a look that is later than that was held up by ourselves, and proves nothing
HEAL_WITHIN = 5.0  # seconds for a book to be live again after it was asked for anew


class _Pace:
    """What is known of one book."""

    __slots__ = ("evidence", "firm", "heal_by", "looks", "share", "since", "trade", "usual", "version")

    def __init__(self, version: int, now: float) -> None:
        self.version = version
        self.since = now  # when it was last seen to have changed
        self.share = 0.0  # of the looks that saw a change, the newest count most
        self.usual = 0.0  # what it was before the last change: a silence does not judge itself
        self.looks = 0
        self.trade: Trade | None = None
        self.evidence = 0  # looks with new trades
        self.firm = 0  # looks with new trades that have changed the book
        self.heal_by: float | None = None  # until when it must be live again

    def changed(self, version: int, now: float) -> None:
        self.version = version
        self.since = now
        self.evidence = self.firm = 0

    def seen(self, change: bool) -> None:
        self.looks += 1
        self.share += (change - self.share) / min(self.looks, ENOUGH)

    def limit(self) -> float:
        if self.usual < BUSY:
            return FACTOR * LOOK_EVERY / self.usual
        if self.firm >= EVIDENCE:
            return LEAST
        return max(LOOK_EVERY * log(CHANCE) / log1p(-min(self.usual, 0.99)), LEAST)


class Standstill:
    """Watches the books of one connection.

    Attributes:
        hopeless: a book that did not come back although it was asked for anew, and trades go on.
    """

    def __init__(self, now: float) -> None:
        self._paces: dict[Topic, _Pace] = {}
        self._looked_at = now
        self.hopeless: Topic | None = None

    def look(
        self, books: Iterable[tuple[Topic, BookSync]], trades: Mapping[Topic, Trade], now: float
    ) -> list[Topic]:
        """Return the books that stand still; they are to be asked for anew.

        Args:
            books: of the connection.
            trades: the newest trade of each topic.
            now: the time.
        """
        late = now - self._looked_at > LOOK_EVERY + LATE
        self._looked_at = now
        if not trades:
            self._paces.clear()
            return []
        newest = {topic.symbol: trade for topic, trade in trades.items()}
        found: list[Topic] = []
        judged: list[Topic] = []
        for topic, sync in books:
            trade = newest.get(topic.symbol)
            if trade is None:
                continue
            judged.append(topic)
            if self._stands(topic, sync, trade, now, late=late):
                found.append(topic)
        if len(judged) < len(self._paces):
            self._paces = {topic: self._paces[topic] for topic in judged}
        return found

    def _stands(self, topic: Topic, sync: BookSync, trade: Trade, now: float, *, late: bool) -> bool:
        version = sync.book.version
        pace = self._paces.get(topic)
        if pace is None:
            pace = self._paces[topic] = _Pace(version, now)
        traded = pace.trade is not None and trade is not pace.trade
        pace.trade = trade
        if late:
            pace.changed(version, now)
        elif not sync.book.live:
            self._heal(topic, pace, sync, traded, now)
        else:
            pace.heal_by = None
            return self._judge(pace, sync.book, trade if traded else None, now)
        return False

    def _judge(self, pace: _Pace, book: OrderBook, trade: Trade | None, now: float) -> bool:
        version, share = book.version, pace.share
        pace.seen(version != pace.version)
        if version != pace.version:
            pace.changed(version, now)
            pace.usual = share
            return False
        if trade is not None:
            pace.evidence += 1
            pace.firm += not _between(book, trade)
        if pace.looks < ENOUGH or pace.evidence < EVIDENCE or pace.usual < IDLE:
            return False
        if now - pace.since < pace.limit():
            return False
        pace.changed(version, now)
        pace.share = pace.usual
        pace.heal_by = now + HEAL_WITHIN
        return True

    def _heal(self, topic: Topic, pace: _Pace, sync: BookSync, traded: bool, now: float) -> None:
        pace.changed(sync.book.version, now)
        if pace.heal_by is None or sync.hears:
            return
        if traded and now >= pace.heal_by:
            self.hopeless = topic


def _between(book: OrderBook, trade: Trade) -> bool:
    """Return whether a trade was made between the best prices that a book shows."""
    bids, asks = book.bids.top(1), book.asks.top(1)
    return bool(bids and asks) and bids[0][0] < trade.price < asks[0][0]
