"""The simulators' clock: trio's time, told as UTC nanoseconds.

All timing goes through trio, so the venues run whole under a virtual clock.
"""

import time
from collections.abc import Callable

import trio

_IDS_PER_MS = 100  # a book may make that many ids a millisecond and still never meet those of its next start


class SimClock:
    """UTC as a simulated venue sees it.

    Args:
        utc_ns: asked once, at the start.
    """

    __slots__ = ("_offset_ns",)

    def __init__(self, utc_ns: Callable[[], int] = time.time_ns) -> None:
        self._offset_ns = utc_ns() - int(trio.current_time() * 1e9)

    def now_ns(self) -> int:
        """Return UTC nanoseconds."""
        return self.at_ns(trio.current_time())

    def at_ns(self, at: float) -> int:
        """Return what it shows at a time of trio's clock."""
        return self._offset_ns + int(at * 1e9)

    def first_id(self) -> int:
        """Return an id from which a counter can start: above all those of an earlier start."""
        return self.now_ns() // 1_000_000 * _IDS_PER_MS
