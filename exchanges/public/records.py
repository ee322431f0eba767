"""One topic as its feed remembers it, and where it stands on each connection that carries it."""

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from feedtree.exchanges.public.book import OrderBook
from feedtree.exchanges.public.book_sync import BookSync
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.codec import Seed, WireTopic
from feedtree.exchanges.public.messages import BookState

if TYPE_CHECKING:
    from feedtree.exchanges.public.shard import Shard
    from feedtree.exchanges.public.slots import Slot


class TopicState(StrEnum):
    """Where a topic stands between being wanted and being served."""

    PENDING = "pending"  # wanted; not asked for on this connection yet
    SUBSCRIBING = "subscribing"  # asked for; no answer yet
    SYNCING = "syncing"  # confirmed; the book is not in step yet
    LIVE = "live"
    REJECTED = "rejected"  # the venue refuses it: see the reason


# What a topic that two connections carry is in: the first of these that it is on one of them. A refusal stands while
# the other connection asks.
_BEST = (
    TopicState.LIVE,
    TopicState.REJECTED,
    TopicState.SYNCING,
    TopicState.SUBSCRIBING,
    TopicState.PENDING,
)


class TopicStatus(Struct, frozen=True):
    """A look at one topic; ``via`` is the venue's channel that serves it."""

    state: TopicState
    reason: str
    shard: str
    via: str
    levels: int


class Strand:
    """One topic on one connection: where it stands there.

    Attributes:
        up: whether what comes is in step, and may be told.
        up_at: since when (trio time).
        up_ns: the same by our clock.
        first_ns: the venue's time of the first trade since, where two connections carry the topic; 0 before it.
        gap_times: when its last gaps were noticed (trio time).
        sync: the book as this connection tells it; None for other channels.
    """

    __slots__ = ("first_ns", "gap_times", "reason", "record", "slot", "state", "sync", "up", "up_at", "up_ns")

    def __init__(self, record: "TopicRecord", slot: "Slot") -> None:
        self.record = record
        self.slot = slot
        self.state = TopicState.PENDING
        self.reason = ""
        self.up = False
        self.up_at = 0.0
        self.up_ns = 0
        self.first_ns = 0
        self.gap_times: tuple[float, ...] = ()
        wire = record.wire
        self.sync = None if wire.seed is Seed.NONE else BookSync(wire.seed, wire.levels, wire.window)

    @property
    def other(self) -> "Strand | None":
        """The same topic on the other connection, where it is up there."""
        for strand in self.record.strands:
            if strand is not self and strand.up:
                return strand
        return None

    def begin(self) -> None:
        """Prepare for a new connection. A rejected topic is asked for again, its first choice first.

        Another refusal is told, unless the one of the other connection stands.
        """
        record = self.record
        if all(strand.state is not TopicState.REJECTED for strand in record.strands if strand is not self):
            record.refused = False
        if self.state is TopicState.REJECTED:
            record.choose_first()
        self.state = TopicState.PENDING
        self.reason = ""
        self.up = False
        if self.sync is not None:
            self.sync.lose()

    def reseed(self) -> None:
        """Take another channel for the same topic: what comes of the one so far is heard no more."""
        wire = self.record.wire
        self.slot.removed(self.record.topic)
        self.slot.changed.set()
        self.state = TopicState.PENDING
        if self.sync is not None:
            self.sync.reseed(wire.seed, wire.levels, wire.window)


class TopicRecord:
    """One topic and all that its feed remembers of it.

    Attributes:
        wire: the way of serving it that is in use.
        up: True between `StreamUp` or `BookResynced` and the next `StreamLost`.
        up_ns: when it came up last.
        refused: whether consumers were told that the venue refuses it.
        lost_ns: when its last good datum came, while it is down after having been up.
        heard_ns: when the last one came on a connection that has it no more; 0 before the first.
        strands: where it stands on each connection that carries it.
        book: the book that is shown, as it was told; one of its strands', None for other channels.
    """

    __slots__ = (
        "_candidates",
        "_choice",
        "book",
        "heard_ns",
        "lost_ns",
        "refused",
        "shard",
        "strands",
        "topic",
        "up",
        "up_ns",
    )

    def __init__(self, topic: Topic, candidates: tuple[WireTopic, ...]) -> None:
        self.topic = topic
        self.shard: Shard | None = None
        self.up = False
        self.up_ns = 0
        self.refused = False
        self.lost_ns: int | None = None
        self.heard_ns = 0
        self.strands: list[Strand] = []
        self.book: OrderBook | None = None
        self._candidates = candidates
        self._choice = 0

    @property
    def wire(self) -> WireTopic:
        """The way of serving this topic that is in use."""
        return self._candidates[self._choice]

    @property
    def fallen(self) -> bool:
        """True while the venue's first way of serving the topic is not the one in use."""
        return self._choice > 0

    @property
    def state(self) -> TopicState:
        """The best state that it is in on any connection."""
        if len(self.strands) == 1:  # nearly always, and asked for thousands at a time
            return self.strands[0].state
        states = [strand.state for strand in self.strands]
        return next((state for state in _BEST if state in states), TopicState.PENDING)

    @property
    def settled(self) -> bool:
        """True when the topic is live, or the venue refuses it."""
        return self.state is TopicState.LIVE or self.state is TopicState.REJECTED

    def carry(self, slot: "Slot") -> Strand:
        """Have another connection carry it."""
        strand = Strand(self, slot)
        self.strands.append(strand)
        if strand.sync is not None and self.book is None:
            self.book = strand.sync.book
        return strand

    def rise(self, strand: Strand, now_ns: int) -> int | None:
        """Note that it is up on a connection.

        Returns:
            How long it was down, in nanoseconds; 0 where it was never up, None where it is up already.
        """
        if self.up:
            return None
        outage_ns = 0 if self.lost_ns is None else max(now_ns - self.lost_ns, 1)
        self.lost_ns = None
        self.refused = False
        self.up = True
        self.up_ns = now_ns
        if strand.sync is not None:
            self.book = strand.sync.book
        return outage_ns

    def fall(self, lost_ns: int) -> None:
        """Note that it is down."""
        self.up = False
        self.lost_ns = lost_ns
        if self.book is not None and self.book.live:
            self.book.state = BookState.STALE

    def fall_back(self) -> bool:
        """Go to the venue's next way of serving the topic; False where there is none left."""
        if self._choice + 1 >= len(self._candidates):
            return False
        self._choose(self._choice + 1)
        return True

    def choose_first(self) -> None:
        """Go back to the venue's first way of serving the topic, unless it is served in another one."""
        if self._choice and not self.up:
            self._choose(0)

    def _choose(self, choice: int) -> None:
        before = self.wire.key
        self._choice = choice
        if self.shard is not None:
            self.shard.rekey(before, self.wire.key)
        for strand in self.strands:
            strand.reseed()

    def status(self) -> TopicStatus:
        """Return a look at it."""
        wire, state = self.wire, self.state
        reason = next((strand.reason for strand in self.strands if strand.state is state), "")
        shard = "" if self.shard is None else self.shard.id
        return TopicStatus(state, reason, shard, wire.channel, wire.levels)
