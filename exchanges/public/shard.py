"""What outlives the connections of one shard: its topics, their books, and the account of its outages."""

import sys
from collections import Counter, deque

import trio
from msgspec import Struct

from feedtree.exchanges.phases import PhaseFigures, figures
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.codec import WireTopic
from feedtree.exchanges.public.coverage import Coverage
from feedtree.exchanges.public.kind_counts import KindCounts
from feedtree.exchanges.public.merging import Merge
from feedtree.exchanges.public.messages import Trade
from feedtree.exchanges.public.records import TopicRecord
from feedtree.exchanges.public.slots import NAMES, Slot
from feedtree.exchanges.vitals import Vitals

RECOVERIES_KEPT = 1000
_STATES = ("live", "rejected", "syncing", "connecting", "down")  # of two slots, the first that one is in


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
    """The account of one stream, as reports print it.

    Args:
        generation: how many incarnations it has had, on whichever slot.
        restarts: how many of them have failed, so that another one followed.
    """

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
    restarts: int = 0


class Shard:
    """The topics that one connection carries, or two for a time or for good, and what happened to them.

    Args:
        venue: whose topics.
        id: its name in the tree.
        capacity: how many topics it takes.
        redundancy: how many connections carry it: 1, or 2 for good.

    Attributes:
        slots: the connections that carry it, by name.
        generation: the latest incarnation, on whichever slot; 0 before the first.
        told: how many data of each kind it has told.
        refused: how often the venue refused a topic.
        vitals: what its connections came to; `meters` are the times among that.
        coverage: the gaps of its topics.
        replays: whether missed trades can be fetched.
        fetched: of each topic the newest trade that was fetched. No connection brought it: it proves nothing of one.
        merge: makes one stream of what two connections hear; None while one is enough.
        turn: held by who replaces one of its connections.
    """

    def __init__(
        self,
        venue: str,
        id: str,  # noqa: A002 - OTP's word
        capacity: int,
        coverage: Coverage | None = None,
        *,
        replays: bool = False,
        redundancy: int = 1,
    ) -> None:
        self.venue = venue
        self.id = id
        self.capacity = capacity
        self.coverage = Coverage(venue) if coverage is None else coverage
        self.replays = replays
        self.fetched: dict[Topic, Trade] = {}
        self.records: dict[Topic, TopicRecord] = {}
        self._keys: Counter[str] = Counter()  # what the pushes of these topics name -> how many do
        self.slots = {name: Slot(self, name) for name in NAMES[:redundancy]}
        self.merge = Merge() if redundancy > 1 else None
        self.turn = trio.Lock()
        self.generation = 0
        self.messages = 0
        self.bursts = 0
        self.gaps = 0
        self.unchanged = 0  # re-sent data that were dropped before any mailbox
        self.unknown = 0
        self.undecodable = 0
        self.refused = 0
        self.told = KindCounts()
        self.vitals = Vitals()
        self.meters = self.vitals.meters
        self.address = ""  # host:port of the last connection
        self.recoveries: deque[Recovery] = deque(maxlen=RECOVERIES_KEPT)
        self._open: Recovery | None = None

    def fits(self, wire: WireTopic) -> bool:
        """Return whether there is room, and no other topic here whose pushes carry the same key."""
        return len(self.records) < self.capacity and wire.key not in self._keys

    def add(self, record: TopicRecord) -> None:
        """Take a topic; the live incarnations are told."""
        self.records[record.topic] = record
        self._keys[record.wire.key] += 1
        record.shard = self
        for slot in self.slots.values():
            slot.add(record)

    def remove(self, record: TopicRecord) -> None:
        """Give a topic up; the live incarnations are told."""
        if self.records.pop(record.topic, None) is not None:
            self._forget(record.wire.key)
            self.fetched.pop(record.topic, None)
            for slot in self.slots.values():
                slot.remove(record.topic)
        record.shard = None
        record.strands.clear()
        if self.merge is not None:
            self.merge.drop(record.topic)

    def rekey(self, before: str, now: str) -> None:
        """Note that the pushes of a topic here carry another key than before."""
        self._forget(before)
        self._keys[now] += 1

    def _forget(self, key: str) -> None:
        self._keys[key] -= 1
        if not self._keys[key]:
            del self._keys[key]

    # Its connections

    @property
    def state(self) -> str:
        """The best that any slot is in; failed where all are."""
        states = [slot.state for slot in self.slots.values()]
        return next((state for state in _STATES if state in states), "failed")

    @property
    def last_good_ns(self) -> int:
        """When the last useful burst came; 0 before the first."""
        return max(slot.last_good_ns for slot in self.slots.values())

    def joint_burst(self, slot: Slot, now: float) -> list[object]:
        """Begin a burst of a slot that is one of two, or was lately: what it takes is joined with what was told."""
        merge = self.merge
        if merge is None or (now >= merge.ends_at and slot.leads):
            self.merge = None
            return []
        return merge.burst(slot, now)

    def partner(self, slot: Slot) -> Slot | None:
        """Return the other slot, where there is one."""
        return next((other for other in self.slots.values() if other is not slot), None)

    def last_trade(self, topic: Topic) -> Trade | None:
        """Return the newest trade of a topic that was told, of a venue whose ids are numbers."""
        sources = [self.fetched, *(slot.last_trades for slot in self.slots.values())]
        newest = [trades[topic] for trades in sources if topic in trades]
        return max(newest, key=lambda trade: int(trade.id), default=None)

    def open_second(self) -> Slot:
        """Open the slot that is not in use; it carries all topics of the shard."""
        name = next(name for name in NAMES if name not in self.slots)
        slot = self.slots[name] = Slot(self, name)
        for record in self.records.values():
            slot.add(record)
        return slot

    def close(self, slot: Slot) -> None:
        """Give up a slot whose incarnation has ended."""
        del self.slots[slot.name]
        for other in self.slots.values():
            other.last_trades = {**slot.last_trades, **other.last_trades}
        for strand in slot.strands.values():
            strand.record.strands.remove(strand)

    def begin(self, slot: Slot) -> None:
        """Begin an incarnation on a slot."""
        self.generation += 1
        slot.begin(self.generation)

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

    @property
    def settled(self) -> bool:
        """True when every topic is live or rejected."""
        return all(record.settled for record in self.records.values())

    @property
    def errors(self) -> dict[str, int]:
        """What was wrong with what came, by kind."""
        return {
            "undecodable": self.undecodable,
            "unknown": self.unknown,
            "gaps": self.gaps,
            "refused": self.refused,
        }

    # Its outages

    def lost(self, cause: str, lost_ns: int, now_ns: int) -> None:
        """Open the account of an outage; attempts that fail within one outage go on it.

        Args:
            cause: why, in a line.
            lost_ns: when the last good message came; 0 where none did, and nothing is lost.
            now_ns: when that was noticed.
        """
        if self._open is not None or not lost_ns:
            return
        detected = max(now_ns - lost_ns, 0) / 1e6
        # One text for a cause that repeats, as the gap ledger has it: a thousand may be kept.
        self._open = Recovery(sys.intern(cause), lost_ns, detected)
        self.recoveries.append(self._open)
        self.vitals.uptime.lost(lost_ns)

    def attempt(self) -> None:
        """Count a connection that is tried."""
        if self._open is not None:
            self._open.attempts += 1

    def endpoint_back(self, now_ns: int) -> None:
        """Note the venue's first successful TCP connect since the loss, by whichever stream."""
        if self._open is not None and self._open.endpoint_back_ns is None:
            self._open.endpoint_back_ns = now_ns

    def recovered(self, now_ns: int) -> Recovery | None:
        """Note that it is live: close the account of an outage, where one is open."""
        self.vitals.uptime.live(now_ns)
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
            phases=figures(self.meters),
            address=self.address,
            restarts=self.vitals.restarts,
        )
