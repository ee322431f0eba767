"""Taps: synchronous callables inside the reader's own step, the fastest delivery there is and not isolated."""

from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any

IN_A_ROW = 3
WITHIN = 60.0  # seconds
IN_WINDOW = 10
SLOW = 0.005  # seconds: a longer step is reported by name

Burst = list[Any]
TapFunction = Callable[[Burst], object]
Report = Callable[[str, str], object]


class Tap:
    """One callable and what it did; disabled after 3 exceptions in a row or 10 within 60 s.

    Attributes:
        name: what reports call it.
        enabled: False once it failed too often, or was closed.
        slow_steps: how many steps took longer than 5 ms.
        errors: how many steps raised.
    """

    def __init__(self, function: TapFunction, name: str) -> None:
        self.name = name
        self.enabled = True
        self.slow_steps = 0
        self.errors = 0
        self._function = function
        self._in_a_row = 0
        self._times: deque[float] = deque(maxlen=IN_WINDOW)

    def close(self) -> None:
        """Get no more bursts."""
        self.enabled = False

    def step(self, burst: Burst, now: float, report: Report) -> None:
        """Run once; whatever it raises stays here.

        Args:
            burst: the messages, not to be changed.
            now: trio time.
            report: gets (what happened, detail); what happened is ``tap_failed``, ``tap_disabled`` or
                ``tap_slow``.
        """
        if not self.enabled:
            return
        started = perf_counter()
        try:
            self._function(burst)
            self._in_a_row = 0
        except Exception as error:
            self._failed(f"{type(error).__name__}: {error}", now, report)
        took = perf_counter() - started
        if took > SLOW:
            self.slow_steps += 1
            report("tap_slow", f"{self.name}: {took * 1e3:.1f} ms")

    def _failed(self, error: str, now: float, report: Report) -> None:
        self.errors += 1
        self._in_a_row += 1
        self._times.append(now)
        report("tap_failed", f"{self.name}: {error}")
        often = len(self._times) == IN_WINDOW and self._times[0] > now - WITHIN
        if self._in_a_row >= IN_A_ROW or often:
            self.enabled = False
            report("tap_disabled", f"{self.name}: {error}")
