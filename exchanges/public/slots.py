"""The two slots of a shard: what one connection of it knows, and whether it can stand in for the other one."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import trio

from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.false_alarms import FalseAlarms
from feedtree.exchanges.public.messages import Trade
from feedtree.exchanges.public.records import Strand, TopicRecord, TopicState
from feedtree.exchanges.public.told_trades import REMEMBERED

if TYPE_CHECKING:
    from feedtree.exchanges.public.shard import Shard

NAMES = ("a", "b")
# Seconds: a connection that is heard for so long beside another one tells all that the other one has not told yet.
# It covers by how much one may be behind the other, and the venue's window in which a subscription begins.
OVERLAP = 1.0
QUIET_NS = 1_000_000_000  # without data on either connection, after which one that is to end waits for none


Quote: TypeAlias = tuple[float | None, float | None, float | None, float | None]


def _unheard(topic: Topic) -> None:
    """Stand for an incarnation while there is none."""


def _never() -> float:
    """Stand for a connection while there is none."""
    return 0.0


class Slot:
    """One of the two places of a shard in which a connection may run; it outlives its incarnations.

    Attributes:
        generation: the incarnation that runs here and may publish; 0 while there is none.
        strands: the shard's topics, as they stand on this connection.
        changed: set when the desired topics change; replaced by a new event when seen.
        removed: called with each topic that is given up, so that nothing more of it is told.
        heard_at: tells when the connection last heard anything (trio time).
        state: connecting, syncing, live, rejected (every topic is), down or failed.
        last_good_ns: when the last useful burst came.
        quotes: best bid and ask of each topic with their sizes, as this connection brought them last.
        last_trades: the newest trade of each topic that this connection, or one before it, brought.
        leaving: set when the venue has announced the end of this connection.
        ahead: set when a book is further here than what was told, see `JointBurst`.
        alarms: what became of connections that were ended for their silence.
        wanted: whether a restart of the shard is to start it.
    """

    def __init__(self, shard: "Shard", name: str) -> None:
        self.shard = shard
        self.name = name
        self.generation = 0
        self.strands: dict[Topic, Strand] = {}
        self.changed = trio.Event()
        self.removed: Callable[[Topic], None] = _unheard
        self.heard_at: Callable[[], float] = _never
        self.state = "down"
        self.last_good_ns = 0
        self.quotes: dict[Topic, Quote] = {}
        self.last_trades: dict[Topic, Trade] = {}
        self.leaving = trio.Event()
        self.ahead = trio.Event()
        self.alarms = FalseAlarms()
        self.wanted = True

    def add(self, record: TopicRecord) -> None:
        """Take a topic; the live incarnation is told."""
        self.strands[record.topic] = record.carry(self)
        self.changed.set()

    def remove(self, topic: Topic) -> None:
        """Give a topic up; the live incarnation is told."""
        del self.strands[topic]
        self.last_trades.pop(topic, None)
        self.removed(topic)
        self.changed.set()

    @property
    def leads(self) -> bool:
        """Whether all books that are up here are the ones that are shown."""
        return all(
            strand.sync.book is strand.record.book
            for strand in self.strands.values()
            if strand.sync is not None and strand.up
        )

    def begin(self, generation: int) -> None:
        """Begin an incarnation."""
        self.generation = generation
        self.quotes.clear()
        self.leaving = trio.Event()
        self.ahead = trio.Event()
        for strand in self.strands.values():
            strand.begin()

    def end(self) -> None:
        """End the incarnation: it can publish no more, and nobody hears of removals until the next one begins."""
        self.generation = 0
        self.removed = _unheard
        heard_at = self.heard_at()
        self.heard_at = lambda: heard_at
        for strand in self.strands.values():
            if strand.state is not TopicState.REJECTED:
                strand.state = TopicState.PENDING
            if strand.sync is not None:
                strand.sync.lose()

    def relieves(self, other: "Slot", now_ns: int) -> bool:
        """Return whether the other one may end without anything being missed: all that is up there is covered here.

        That is to hold until it has ended: either it has brought something since both are heard, or nobody has for a
        while. Else the next datum, which this one may bring first, would put it in doubt.
        """
        if self.state not in ("live", "rejected"):
            return False
        here = [self.strands[topic] for topic, strand in other.strands.items() if strand.up]
        if not all(covered(strand, other) for strand in here):
            return False
        beside_ns = max((_beside_ns(strand) for strand in here), default=0)
        return other.last_good_ns >= beside_ns or now_ns >= beside_ns + QUIET_NS


def covered(strand: Strand, ended: Slot) -> bool:
    """Return whether a topic that is up here tells all that another connection has not told when it ends.

    A book does, since two books that are in step differ by a change that can be told. What passed while neither
    connection heard anything is missing from other channels. One that answered pings, and brought no data while the
    other one did, had not heard anything; nor had one that was late what it had not brought yet.
    """
    if not strand.up or strand.sync is not None:
        return strand.up
    heard_at = ended.heard_at()
    if (
        heard_at < strand.up_at + OVERLAP
        or ended.last_good_ns < _beside_ns(strand) <= strand.slot.last_good_ns
    ):
        return False
    return heard_at >= strand.up_at + REMEMBERED or not _late(strand, ended)


def _beside_ns(strand: Strand) -> int:
    """Return from when on a topic is heard beside the other connection for long enough."""
    return strand.up_ns + int(OVERLAP * 1e9)


def heard_until(strand: Strand, ended: Slot) -> int:
    """Return until when a connection that ends told of a topic that another one has, too: UTC nanoseconds.

    What it brought when the other one was up already, being late, was of the time before its newest trade.
    """
    last = ended.last_trades.get(strand.record.topic)
    if last is None or ended.last_good_ns <= strand.up_ns or not _late(strand, ended):
        return ended.last_good_ns
    return last.venue_ns or 0


def _late(strand: Strand, ended: Slot) -> bool:
    """Return whether another connection has not even brought the trade with which a topic began here."""
    last = ended.last_trades.get(strand.record.topic)
    return strand.first_ns > (0 if last is None else last.venue_ns or 0)
