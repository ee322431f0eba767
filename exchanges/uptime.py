"""How much of its life a stream was live, and how long its outages took. Times are arguments: UTC nanoseconds."""

from feedtree.actors.meters import Meters

IN_TIME_NS = 3_000_000_000
"""An outage that is over within that time was healed in time."""


class Uptime:
    """The outages of one stream, whatever happens to its connections.

    Args:
        meters: gets how long each outage took, as ``outage_ns``.

    Attributes:
        outages: how many began.
        recovered: how many of them are over.
        in_time: how many of those were over within `IN_TIME_NS`.
    """

    def __init__(self, meters: Meters) -> None:
        self.outages = 0
        self.recovered = 0
        self.in_time = 0
        self._meters = meters
        self._first_live_ns: int | None = None
        self._lost_ns: int | None = None
        self._down_ns = 0

    def lost(self, lost_ns: int) -> None:
        """Note that an outage begins; without effect while one lasts.

        Args:
            lost_ns: when the last good message came.
        """
        if self._lost_ns is None:
            self._lost_ns = lost_ns
            self.outages += 1

    def live(self, now_ns: int) -> None:
        """Note that the stream is live: an outage that lasted is over."""
        if self._first_live_ns is None:
            self._first_live_ns = now_ns
        if self._lost_ns is None:
            return
        took_ns = max(now_ns - self._lost_ns, 0)
        self._down_ns += self._lasted(now_ns)
        self._lost_ns = None
        self.recovered += 1
        self.in_time += took_ns <= IN_TIME_NS
        self._meters.histogram("outage_ns").record(took_ns)

    def down_s(self, now_ns: int) -> float:
        """Return for how long it was not live since it first was, in seconds; an outage that lasts is part of it."""
        return (self._down_ns + self._lasted(now_ns)) / 1e9

    def lived_s(self, now_ns: int) -> float:
        """Return how long ago it was first live, in seconds; 0 before that."""
        return 0.0 if self._first_live_ns is None else max(now_ns - self._first_live_ns, 0) / 1e9

    def _lasted(self, now_ns: int) -> int:
        """Return how long the present outage has lasted, without the time before the stream was first live."""
        if self._lost_ns is None or self._first_live_ns is None:
            return 0
        return max(now_ns - max(self._lost_ns, self._first_live_ns), 0)
