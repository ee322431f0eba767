"""What outlives a connection of one shard: its topics, their books, and the account of its outages."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from enum import StrEnum

import trio
from msgspec import Struct

from feedtree.actors.meters import Meters
from feedtree.exchanges.phases import PhaseFigures, figures
from feedtree.exchanges.public.book_sync import BookSync
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.codec import Seed, WireTopic
from feedtree.exchanges.public.coverage import Coverage
from feedtree.exchanges.public.messages import Trade

RECOVERIES_KEPT = 1000


class TopicState(StrEnum):
    """Where a topic stands between being wanted and being served."""

    PENDING = "pending"  # wanted; not asked for on this connection yet
    SUBSCRIBING = "subscribing"  # asked for; no answer yet
    SYNCING = "syncing"  # confirmed; the book is not in step yet
    LIVE = "live"
    REJECTED = "rejected"  # the venue refuses it: see the reason


class TopicStatus(Struct, frozen=True):
    """A look at one topic; ``via`` is the venue's channel that serves it."""

    state: TopicState
    reason: str
    shard: str
    via: str
    levels: int


class Recovery(Struct, gc=False):
    """One outage of a shard, from its last good message until all its topics were live again.

    Args:
        cause: what ended the connection, in a line.
        lost_ns: when the last good message before it came.
        detected_ms: from then until the loss was noticed.
        attempts: connections tried since.
        endpoint_back_ns: the first successful TCP connect by any stream of the venue after the loss.
        live_ns: when every topic was live again; None while the outage lasts.
        after_return_ms: from ``endpoint_back_ns`` to ``live_ns``.
    """

    cause: str
    lost_ns: int
    detected_ms: float
    attempts: int = 0
    endpoint_back_ns: int | None = None
    live_ns: int | None = None
    after_return_ms: float | None = None


class StreamReport(Struct, frozen=True):
    """The account of one stream, as reports print it."""

    path: str
    venue: str
    state: str
    symbols: list[str]
    generation: int
    messages: int
    bursts: int
    gaps: int
    recoveries: list[Recovery]
    phases: dict[str, PhaseFigures] = {}
    address: str = ""


class TopicRecord:
    """One topic and all that its feed remembers of it.

    Attributes:
        wire: the way of serving it that is in use.
        up: True between `StreamUp` or `BookResynced` and the next `StreamLost`.
        up_ns: when it came up last.
        lost_ns: when its last good datum came, while it is down after having been up.
        gap_times: when its last gaps were noticed (trio time).
    """

    __slots__ = (
        "_candidates",
        "_choice",
        "gap_times",
        "lost_ns",
        "reason",
        "shard",
        "state",
        "sync",
        "topic",
        "up",
        "up_ns",
    )

    def __init__(self, topic: Topic, candidates: tuple[WireTopic, ...]) -> None:
        self.topic = topic
        self.state = TopicState.PENDING
        self.reason = ""
        self.shard: Shard | None = None
        self.up = False
        self.up_ns = 0
        self.lost_ns: int | None = None
        self.gap_times: tuple[float, ...] = ()
        self._candidates = candidates
        self._choice = 0
        wire = candidates[0]
        self.sync = None if wire.seed is Seed.NONE else BookSync(wire.seed, wire.levels, wire.window)

    @property
    def wire(self) -> WireTopic:
        """The way of serving this topic that is in use."""
        return self._candidates[self._choice]

    @property
    def fallen(self) -> bool:
        """True while the venue's first way of serving the topic is not the one in use."""
        return self._choice > 0

    def fall_back(self) -> bool:
        """Go to the venue's next way of serving the topic; False where there is none left."""
        if self._choice + 1 >= len(self._candidates):
            return False
        self._choose(self._choice + 1)
        return True

    def begin(self) -> None:
        """Prepare for a new connection. A rejected topic is asked for again, its first choice first."""
        if self.state is TopicState.REJECTED and self._choice:
            self._choose(0)
        self.state = TopicState.PENDING
        self.reason = ""
        if self.sync is not None:
            self.sync.lose()

    def _choose(self, choice: int) -> None:
        before = self.wire.key
        self._choice = choice
        if self.shard is not None:
            self.shard.rekey(before, self.wire.key)
        if self.sync is not None:
            self.sync.reseed(self.wire.seed, self.wire.levels, self.wire.window)

    @property
    def settled(self) -> bool:
        """True when the topic is live, or the venue refuses it."""
        return self.state is TopicState.LIVE or self.state is TopicState.REJECTED

    def status(self) -> TopicStatus:
        """Return a look at it."""
        wire = self.wire
        shard = "" if self.shard is None else self.shard.id
        return TopicStatus(self.state, self.reason, shard, wire.channel, wire.levels)


def _unheard(topic: Topic) -> None:
    """Stand for an incarnation while there is none."""


class Shard:
    """The topics that one connection carries, and what happened to it.

    Attributes:
        changed: set when the desired topics change; replaced by a new event when seen.
        removed: called with each topic that is given up, so that nothing more of it is told.
        generation: the incarnation that may publish; 0 before the first.
        state: connecting, syncing, live, rejected (every topic is), down or failed.
        last_good_ns: when the last useful burst came.
        coverage: the gaps of its topics.
        last_trades: the newest trade of each topic.
        replays: whether missed trades can be fetched.
    """

    def __init__(
        self,
        venue: str,
        id: str,  # noqa: A002 - OTP's word
        capacity: int,
        coverage: Coverage | None = None,
        *,
        replays: bool = False,
    ) -> None:
        self.venue = venue
        self.id = id
        self.capacity = capacity
        self.coverage = Coverage(venue) if coverage is None else coverage
        self.last_trades: dict[Topic, Trade] = {}
        self.replays = replays
        self.records: dict[Topic, TopicRecord] = {}
        self._keys: Counter[str] = Counter()  # what the pushes of these topics name -> how many do
        self.changed = trio.Event()
        self.removed: Callable[[Topic], None] = _unheard
        self.generation = 0
        self.state = "down"
        self.messages = 0
        self.bursts = 0
        self.gaps = 0
        self.unchanged = 0  # re-sent data that were dropped before any mailbox
        self.unknown = 0
        self.undecodable = 0
        self.last_good_ns = 0
        self.phases = Meters()  # how long connecting took
        self.address = ""  # host:port of the last connection
        self.recoveries: deque[Recovery] = deque(maxlen=RECOVERIES_KEPT)
        self._open: Recovery | None = None

    def fits(self, wire: WireTopic) -> bool:
        """Return whether there is room, and no other topic here whose pushes carry the same key."""
        return len(self.records) < self.capacity and wire.key not in self._keys

    def add(self, record: TopicRecord) -> None:
        """Take a topic; the live incarnation is told."""
        self.records[record.topic] = record
        self._keys[record.wire.key] += 1
        record.shard = self
        self.changed.set()

    def remove(self, record: TopicRecord) -> None:
        """Give a topic up; the live incarnation is told."""
        if self.records.pop(record.topic, None) is not None:
            self._forget(record.wire.key)
        record.shard = None
        self.last_trades.pop(record.topic, None)
        self.removed(record.topic)
        self.changed.set()

    def rekey(self, before: str, now: str) -> None:
        """Note that the pushes of a topic here carry another key than before."""
        self._forget(before)
        self._keys[now] += 1

    def _forget(self, key: str) -> None:
        self._keys[key] -= 1
        if not self._keys[key]:
            del self._keys[key]

    def forsake(self) -> None:
        """Note that the incarnation has ended: nobody hears of removals until the next one begins."""
        self.removed = _unheard

    def clashing(self) -> list[TopicRecord]:
        """Return the topics whose pushes would carry the key of another one here, since they fell back."""
        if len(self._keys) == len(self.records):
            return []
        seen: set[str] = set()
        clashing: list[TopicRecord] = []
        for record in sorted(self.records.values(), key=lambda record: record.fallen):
            if record.wire.key in seen:
                clashing.append(record)
            seen.add(record.wire.key)
        return clashing

    def books(self) -> Iterator[TopicRecord]:
        """Yield the topics that are books."""
        return (record for record in self.records.values() if record.sync is not None)

    @property
    def settled(self) -> bool:
        """True when every topic is live or rejected."""
        return all(record.settled for record in self.records.values())

    def lost(self, cause: str, now_ns: int) -> None:
        """Open the account of an outage; attempts that fail within one outage go on it."""
        if self._open is not None or not self.last_good_ns:
            return
        detected = max(now_ns - self.last_good_ns, 0) / 1e6
        if self.recoveries and self.recoveries[-1].cause == cause:
            cause = self.recoveries[-1].cause  # one text for a cause that repeats: a thousand may be kept
        self._open = Recovery(cause, self.last_good_ns, detected)
        self.recoveries.append(self._open)

    def attempt(self) -> None:
        """Count a connection that is tried."""
        if self._open is not None:
            self._open.attempts += 1

    def endpoint_back(self, now_ns: int) -> None:
        """Note the venue's first successful TCP connect since the loss, by whichever stream."""
        if self._open is not None and self._open.endpoint_back_ns is None:
            self._open.endpoint_back_ns = now_ns

    def recovered(self, now_ns: int) -> Recovery | None:
        """Close the account of an outage, where one is open."""
        recovery, self._open = self._open, None
        if recovery is not None:
            recovery.live_ns = now_ns
            if recovery.endpoint_back_ns is not None:
                recovery.after_return_ms = max(now_ns - recovery.endpoint_back_ns, 0) / 1e6
        return recovery

    def report(self, venue: str, path: str) -> StreamReport:
        """Return the account of this stream."""
        return StreamReport(
            path=path,
            venue=venue,
            state=self.state,
            symbols=sorted({str(topic.symbol) for topic in self.records}),
            generation=self.generation,
            messages=self.messages,
            bursts=self.bursts,
            gaps=self.gaps,
            recoveries=list(self.recoveries),
            phases=figures(self.phases),
            address=self.address,
        )
