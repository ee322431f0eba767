"""Whether others had the machine while something was measured, told as the benchmark tells it."""

import os
import time
from collections.abc import Callable, Iterable

from feedtree.ops.bench.machine import cpu_times, process_cpu_s
from feedtree.ops.bench.runs import FOREIGN, STOLEN


class Strangers:
    """Compares what all cores did with what our processes did.

    Args:
        pids: our processes beside this one, as they are when it is called.
    """

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids
        self.begin()

    def begin(self) -> None:
        """Begin to measure."""
        self._at = time.monotonic()
        self._times = cpu_times(None)
        self._own = self._spent()

    def were_here(self) -> bool:
        """Return whether others had more than a little of the machine since `begin`; False where that is not known."""
        now = cpu_times(None)
        if now is None or self._times is None:
            return False
        own = self._spent()
        ours = sum(spent - self._own.get(pid, 0.0) for pid, spent in own.items())
        room = (time.monotonic() - self._at) * (os.cpu_count() or 1)
        foreign = now.busy - self._times.busy - ours
        return foreign >= FOREIGN * room or now.stolen - self._times.stolen >= STOLEN * room

    def _spent(self) -> dict[int, float]:
        return {pid: process_cpu_s(pid) for pid in (os.getpid(), *self._pids())}
