"""What two connections of one shard hear, told as one stream: nothing missing, nothing twice, never back.

Each connection keeps its own book of a topic by the strict rule of its pushes (`BookSync`). What is told follows the
connection that is further: a change that ends at or before what was told is dropped; one that reaches from there on is
told whole, for its sizes are absolute; one that begins later waits until the other connection has told what is between,
`HOLD` seconds at most.

Where one push does not tell all that differs, the difference of the two books does: the venue tells of a window of
levels, and a level may have come into one window and not into the other; or a connection has ended with something
untold.
"""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from msgspec.structs import replace

from feedtree.exchanges.public.book import OrderBook
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.messages import (
    BookDelta,
    BookSnapshot,
    BookState,
    BookTicker,
    Kline,
    Ticker,
    Trade,
)
from feedtree.exchanges.public.newest import Newest, State
from feedtree.exchanges.public.records import Strand, TopicRecord
from feedtree.exchanges.public.slots import Slot
from feedtree.exchanges.public.told_trades import ToldTrades
from feedtree.exchanges.public.views import snapshot_of

HOLD = 0.2  # seconds that a change waits for what is between it and what was told


class Merge:
    """What was told of a shard that two connections carry.

    Attributes:
        held: books that are further on a connection than what was told, with the time by which it is told.
        ends_at: from then on one connection is enough (trio time); infinity while there are two.
    """

    def __init__(self) -> None:
        self.ends_at = inf
        self.held: dict[Topic, float] = {}
        self._trades: dict[Topic, ToldTrades] = {}
        self._newest: dict[Topic, Newest] = {}

    def burst(self, slot: Slot, now: float) -> "JointBurst":
        """Return a burst that takes what one of the connections hears, and holds what is news of it."""
        return JointBurst(self, slot, now)

    def trades(self, topic: Topic) -> ToldTrades:
        """Return the trades of a topic that were told."""
        told = self._trades.get(topic)
        if told is None:
            told = self._trades[topic] = ToldTrades()
        return told

    def newest(self, topic: Topic, slots: Iterable[Slot] = ()) -> Newest:
        """Return the latest state of a topic that was told; of a quote also what one of these slots told alone."""
        told = self._newest.get(topic)
        if told is None:
            said = next((slot.quotes[topic] for slot in slots if topic in slot.quotes), ())
            told = self._newest[topic] = Newest(said)
        return told

    @property
    def due(self) -> float:
        """By when something that is held is told (trio time); infinity where nothing is."""
        return min(self.held.values(), default=inf)

    def drop(self, topic: Topic) -> None:
        """Forget all of a topic that is not wanted here any more."""
        self.forget(topic)
        self._trades.pop(topic, None)

    def forget(self, topic: Topic) -> None:
        """Forget the state of a topic that is down: after it the venue's ids may begin anew."""
        self._newest.pop(topic, None)
        self.held.pop(topic, None)


class JointBurst(list[object]):
    """A burst of one of two connections: appending keeps what is news, and events as they are.

    Args:
        merge: what was told.
        slot: the connection.
        now: trio time.

    Attributes:
        heard: how many data were appended, news or not.
    """

    def __init__(self, merge: Merge, slot: Slot, now: float) -> None:
        super().__init__()
        self.heard = 0
        self._merge = merge
        self._slot = slot
        self._now = now

    def append(self, message: object, /) -> None:
        """Take a message."""
        rule = _RULES.get(message.__class__)
        if rule is None:
            super().append(message)
        else:
            self.heard += 1
            rule(self, message)

    def fell(self, strand: Strand, other: Strand) -> None:
        """Go on with a book's other connection, since this one is out of step or over.

        Where the other one is behind, what was told stays shown until it has caught up.
        """
        record, sync = strand.record, strand.sync
        assert sync is not None
        assert other.sync is not None
        self._merge.held.pop(record.topic, None)
        if record.book is not sync.book:
            return
        intact = sync.intact
        shown = sync.renew()
        if intact:
            shown.state = BookState.LIVE
        self._lead(record, other.sync.book)

    def overdue(self) -> None:
        """Tell what has waited for `HOLD` seconds, on whichever connection."""
        held = self._merge.held
        for topic in [topic for topic, due in held.items() if due <= self._now]:
            del held[topic]
            record = self._slot.shard.records[topic]
            for strand in record.strands:
                if strand.up:
                    assert strand.sync is not None
                    self._lead(record, strand.sync.book)

    def _lead(self, record: TopicRecord, book: OrderBook) -> None:
        """Show this book from now on, and tell how it differs from the one so far; not where it is behind that."""
        shown = record.book
        assert shown is not None
        if book is shown or book.sequence < shown.sequence:
            return
        record.book = book
        if not shown.live:  # more was changed in it than was told
            super().append(snapshot_of(record.topic, book))
        elif book.sequence > shown.sequence:
            super().append(difference(record.topic, shown, book))

    def _delta(self, push: BookDelta) -> None:
        strand = self._slot.strands[push.topic]
        record, book = strand.record, strand.sync.book  # type: ignore[union-attr]
        shown = record.book
        assert shown is not None
        if book is not shown:
            told = shown.sequence
            if not shown.live:
                self._lead(record, book)
                return
            if push.last <= told:
                return
            if push.first > told + 1:
                self._merge.held.setdefault(push.topic, self._now + HOLD)
                self._slot.ahead.set()
                return
            if push.first <= told:
                if book.bids.window:
                    self._lead(record, book)
                    return
                push = replace(push, first=told + 1)
            record.book = book
        super().append(push)

    def _whole(self, push: BookSnapshot) -> None:
        strand = self._slot.strands[push.topic]
        record, book = strand.record, strand.sync.book  # type: ignore[union-attr]
        shown = record.book
        assert shown is not None
        if book is not shown:
            if push.sequence < shown.sequence or (push.sequence == shown.sequence and shown.live):
                return
            record.book = book
        super().append(push)

    def _trade(self, trade: Trade) -> None:
        slot = self._slot
        if not trade.recovered and not (strand := slot.strands[trade.topic]).first_ns:
            strand.first_ns = trade.venue_ns or 0
        if self._merge.trades(trade.topic).news(trade, slot.name, slot.generation, self._now):
            super().append(trade)

    def _state(self, state: State) -> None:
        slot = self._slot
        others = (other for other in slot.shard.slots.values() if other is not slot)
        if self._merge.newest(state.topic, others).news(state, slot.generation):
            super().append(state)


_RULES: dict[type, Callable[[JointBurst, Any], None]] = {
    BookDelta: JointBurst._delta,
    BookSnapshot: JointBurst._whole,
    Trade: JointBurst._trade,
    BookTicker: JointBurst._state,
    Ticker: JointBurst._state,
    Kline: JointBurst._state,
}


def difference(topic: Topic, before: OrderBook, after: OrderBook) -> BookDelta:
    """Return the change that leads from one book to another one of the same topic, which is further."""
    return BookDelta(
        topic,
        after.venue_ns,
        after.sent_ns,
        after.changed_ns,
        before.sequence + 1,
        after.sequence,
        after.bids.since(before.bids),
        after.asks.since(before.asks),
    )
