"""Deadlines of one supervisor, in one heap. Pure: times are arguments."""

import heapq
import math
from collections.abc import Callable
from typing import Any


class Timer:
    """A deadline that can be taken back."""

    __slots__ = ("action", "due", "subject")

    def __init__(self, due: float, action: Callable[[Any], None], subject: Any) -> None:
        self.due = due
        self.action: Callable[[Any], None] | None = action
        self.subject = subject

    def __lt__(self, other: "Timer") -> bool:
        return self.due < other.due


class Timers:
    """A heap of timers; those taken back are dropped lazily, so that setting and taking back stay cheap."""

    __slots__ = ("_dead", "_heap")

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._dead = 0

    def set(self, due: float, action: Callable[[Any], None], subject: Any) -> Timer:
        """Call `action` with `subject` from the first `fire` at or after `due`."""
        timer = Timer(due, action, subject)
        heapq.heappush(self._heap, timer)
        return timer

    def cancel(self, timer: Timer) -> None:
        """Take a timer back. Does nothing where it has fired or was taken back."""
        if timer.action is None:
            return
        timer.action = timer.subject = None
        self._dead += 1
        if self._dead > 64 and self._dead * 2 > len(self._heap):
            self._heap = [each for each in self._heap if each.action is not None]
            heapq.heapify(self._heap)
            self._dead = 0

    def next_due(self) -> float:
        """Return when the next timer is due, ``math.inf`` where none is set."""
        heap = self._heap
        while heap and heap[0].action is None:
            heapq.heappop(heap)
            self._dead -= 1
        return heap[0].due if heap else math.inf

    def fire(self, now: float) -> None:
        """Call the action of every timer that is due, earliest first."""
        while self.next_due() <= now:
            timer = heapq.heappop(self._heap)
            action, timer.action = timer.action, None
            if action is not None:
                action(timer.subject)
