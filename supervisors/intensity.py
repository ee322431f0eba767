"""How many restarts are too many. Pure: times are arguments."""

from collections import Counter, deque
from itertools import takewhile


class Intensity:
    """A sliding window over counted restarts.

    A restart that lies exactly ``period`` seconds back still counts.

    Args:
        limit: how many restarts are allowed within a period; 0 allows none.
        period: length of the window in seconds.
    """

    __slots__ = ("_by_name", "_times", "limit", "period")

    def __init__(self, limit: int, period: float) -> None:
        self.limit = limit
        self.period = period
        self._times: deque[tuple[float, str]] = deque()
        self._by_name: Counter[str] = Counter()

    def admit(self, now: float, who: str = "") -> bool:
        """Count a restart of `who`, and tell whether it is still within the limit."""
        self._expire(now)
        self._times.append((now, who))
        self._by_name[who] += 1
        return len(self._times) <= self.limit

    def count(self, now: float, who: str | None = None) -> int:
        """Return how many restarts (of `who`, if given) lie within the last period.

        It changes nothing, so that another thread may ask.
        """
        times = self._times
        if not times or now - times[0][0] <= self.period:
            return len(times) if who is None else self._by_name[who]
        recent = takewhile(lambda each: now - each[0] <= self.period, reversed(times))
        return sum(1 for _, name in recent if who in (None, name))

    def clear(self) -> None:
        """Forget every restart, as after a restart by hand."""
        self._times.clear()
        self._by_name.clear()

    def _expire(self, now: float) -> None:
        while self._times and now - self._times[0][0] > self.period:
            _, who = self._times.popleft()
            self._by_name[who] -= 1
            if not self._by_name[who]:
                del self._by_name[who]
