"""The venue's clock, as well as it can be known from here."""

from collections.abc import Awaitable, Callable
from math import inf

from msgspec import Struct

JUST_NOW = 10.0  # seconds; a younger reading that the venue refuses is not the clock's fault
GOOD_FOR = 600.0  # seconds; at 50 parts in a million they drift 30 ms


class Reading(Struct, frozen=True):
    """One comparison of the clocks.

    Args:
        offset_ns: what the venue's clock is ahead of ours (negative: behind).
        error_ns: by how much that may be wrong, half the round trip.
        drift_ns: how far the venue's clock was from where the reading before had it; 0 for the first.
    """

    offset_ns: int
    error_ns: int
    drift_ns: int


class VenueClock:
    """Tells the venue's time. Until it was measured it tells ours.

    It goes on from the last reading by a steady clock, so that a step of this machine's wall clock spoils no signature.

    Args:
        wall_ns: UTC nanoseconds.
        steady: seconds on a clock that never steps (trio's).
    """

    def __init__(self, wall_ns: Callable[[], int], steady: Callable[[], float]) -> None:
        self._wall_ns = wall_ns
        self._steady = steady
        self._anchor: tuple[float, int] | None = None  # (steady time, the venue's time at it)
        self._refused = False
        self.reading: Reading | None = None

    @property
    def stale(self) -> bool:
        """Whether the last reading was refused, or is so old that this clock may have drifted away from it."""
        return self._refused or self._age() >= GOOD_FOR

    def refused(self) -> bool:
        """Note that the venue does not take this time; return whether a new reading may help, which is due now.

        It does not where the last one has only just been taken. This machine may have slept since an older one.
        """
        self._refused = self._age() >= JUST_NOW
        return self._refused

    def _age(self) -> float:
        return inf if self._anchor is None else self._steady() - self._anchor[0]

    def now_ns(self) -> int:
        """Return the venue's time, UTC nanoseconds."""
        if self._anchor is None:
            return self._wall_ns()
        at, venue_ns = self._anchor
        return venue_ns + int((self._steady() - at) * 1e9)

    def least_ns(self) -> int:
        """Return the venue's time less what that may be wrong by: what happens from now on has a later one."""
        return self.now_ns() - (0 if self.reading is None else self.reading.error_ns)

    async def measure(self, ask: Callable[[], Awaitable[int]]) -> Reading:
        """Ask the venue for its time; half the round trip is taken for the way back.

        Args:
            ask: returns the venue's time, UTC nanoseconds; what it raises passes through, and nothing changes then.
        """
        began = self._steady()
        venue_ns = await ask()
        ended = self._steady()
        error_ns = int((ended - began) * 1e9 / 2)
        now_ns = venue_ns + error_ns
        drift_ns = 0 if self._anchor is None else now_ns - self.now_ns()
        self._anchor = (ended, now_ns)
        self._refused = False
        self.reading = Reading(now_ns - self._wall_ns(), error_ns, drift_ns)
        return self.reading
