"""How many restarts are too many. Pure: times are arguments."""

from collections import deque


class Intensity:
    """A sliding window over counted restarts.

    A restart that lies exactly ``period`` seconds back still counts.

    Args:
        limit: how many restarts are allowed within a period; 0 allows none.
        period: length of the window in seconds.
    """

    __slots__ = ("_times", "limit", "period")

    def __init__(self, limit: int, period: float) -> None:
        self.limit = limit
        self.period = period
        self._times: deque[tuple[float, str]] = deque()

    def admit(self, now: float, who: str = "") -> bool:
        """Count a restart of `who`, and tell whether it is still within the limit."""
        self._expire(now)
        self._times.append((now, who))
        return len(self._times) <= self.limit

    def count(self, now: float, who: str | None = None) -> int:
        """Return how many restarts (of `who`, if given) lie within the last period."""
        self._expire(now)
        if who is None:
            return len(self._times)
        return sum(1 for _, name in self._times if name == who)

    def clear(self) -> None:
        """Forget every restart, as after a restart by hand."""
        self._times.clear()

    def _expire(self, now: float) -> None:
        while self._times and now - self._times[0][0] > self.period:
            self._times.popleft()
