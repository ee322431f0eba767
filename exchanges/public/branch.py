"""The branch of the tree that carries a feed: venue, shards, slots.

gateio.spot         venue supervisor, dynamic; a bulkhead
└── shard-1         dynamic
    ├── a           the connection
    └── b           while it takes over, or for good with redundancy 2
"""

from collections.abc import Sequence
from functools import partial

from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.session import run_connection
from feedtree.exchanges.public.shard import Shard
from feedtree.exchanges.public.slots import Slot
from feedtree.exchanges.public.source import Source
from feedtree.supervisors import BackoffPolicy, ChildSpec, Herd, SupervisorSpec

CONNECTION_STOP = 0.5  # seconds for a connection to end
CONNECTION_CAP = 1.25  # seconds between two attempts at most: a book may take 1.7 more to be live
CONNECTION_INTENSITY = (5, 60.0)  # restarts that count, within seconds
VENUE_INTENSITY = (3, 300.0)


class Branch:
    """Makes the specs of one feed's branch; a restart brings back the shards and slots of that moment."""

    def __init__(self, id: str, feed: Feed, source: Source, *, park: bool) -> None:  # noqa: A002 - OTP's word
        self._id = id
        self._feed = feed
        self._source = source
        self._park = park
        self._backoff = BackoffPolicy(cap=CONNECTION_CAP, herd=Herd())

    def venue(self) -> SupervisorSpec:
        """Return the venue supervisor's spec."""
        intensity, period = VENUE_INTENSITY
        return SupervisorSpec(
            id=self._id,
            children=self._shards,
            dynamic=True,
            intensity=intensity,
            period=period,
            bulkhead=True,
            essential=not self._park,
        )

    def _shards(self) -> Sequence[SupervisorSpec]:
        return [self.shard(shard) for shard in self._feed.plan()]

    def shard(self, shard: Shard) -> SupervisorSpec:
        """Return a shard supervisor's spec."""
        intensity, period = CONNECTION_INTENSITY

        def slots() -> Sequence[ChildSpec]:
            return [self.slot(slot) for slot in shard.slots.values() if slot.wanted]

        return SupervisorSpec(id=shard.id, children=slots, dynamic=True, intensity=intensity, period=period)

    def slot(self, slot: Slot) -> ChildSpec:
        """Return the spec of one connection."""
        return ChildSpec(
            id=slot.name,
            start=partial(run_connection, self._feed, slot, self._source),
            shutdown=CONNECTION_STOP,
            backoff=self._backoff,
        )
