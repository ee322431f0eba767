"""REST limits: so much weight in a fixed window, per caller and key."""

from collections import Counter


class WindowBudget:
    """Counts weight in windows of fixed length that start at multiples of it.

    Args:
        window_s: seconds.
    """

    __slots__ = ("_spent", "_window", "window_s")

    def __init__(self, window_s: int) -> None:
        self.window_s = window_s
        self._window = 0
        self._spent: Counter[tuple[str, str]] = Counter()

    def spend(self, who: str, what: str, weight: int, limit: int, now_s: float) -> tuple[int, float]:
        """Take weight from a budget.

        Returns:
            What is left, below 0 where the call is over the limit (0 as limit: without end), and when the
            window ends in UTC seconds.
        """
        window = int(now_s // self.window_s)
        if window != self._window:
            self._window = window
            self._spent.clear()
        self._spent[who, what] += weight
        left = limit - self._spent[who, what] if limit else weight
        return left, float((window + 1) * self.window_s)
