"""What all measured programs of the supervision table share: the children, the hand that fells them, the clock."""

import gc
import time
from collections.abc import Callable

import trio
from msgspec import Struct

PHASES = ("start", "restart", "burst", "stop")


class Lap(Struct, frozen=True):
    """One phase.

    Args:
        units: how many children it was about.
        wall_s: how long it took.
        cpu_s: what it cost the process; None where that is not known.
        gc_s: the part of it in which Python's garbage collector ran.
    """

    units: int
    wall_s: float
    cpu_s: float | None = None
    gc_s: float = 0.0

    @property
    def whole_s(self) -> float:
        """CPU with the garbage collector, or the wall clock where that is all there is."""
        return self.wall_s if self.cpu_s is None else self.cpu_s

    @property
    def us(self) -> float:
        """Cost of one child in µs, without the garbage collector.

        A collection goes over all living objects, and may or may not fall into a phase of a tenth of a second: that
        would decide every comparison.
        """
        return (self.whole_s - self.gc_s) / self.units * 1e6


class Laps:
    """A stopwatch for one phase after the other."""

    def __init__(self) -> None:
        self.done: dict[str, Lap] = {}
        self._wall_s = self._cpu_s = self._gc_s = 0.0
        self._collection = 0.0  # when it began

    def begin(self) -> None:
        """Read the clocks."""
        self._gc_s = 0.0
        gc.callbacks.append(self._on_collection)
        self._wall_s, self._cpu_s = time.perf_counter(), time.process_time()

    def end(self, phase: str, units: int) -> None:
        """Read them again."""
        cpu_s, wall_s = time.process_time() - self._cpu_s, time.perf_counter() - self._wall_s
        gc.callbacks.remove(self._on_collection)
        self.done[phase] = Lap(units, wall_s, cpu_s, self._gc_s)

    def _on_collection(self, step: str, _: dict[str, int]) -> None:
        if step == "start":
            self._collection = time.process_time()
        else:
            self._gc_s += time.process_time() - self._collection


class Crash(Exception):
    """A defect of a child: no verdict names it, so a supervisor counts it."""


class Ward:
    """Children that idle until they are told to crash.

    Args:
        size: how many there are.

    Attributes:
        starts: how often children were ready, in all.
        ended: who ended, in order; twice where it was started twice.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.starts = 0
        self.ended: list[int] = []
        self._orders: dict[int, trio.Event] = {}
        self._missing = 0
        self._complete = trio.Event()

    async def live(self, number: int, ready: Callable[[], None]) -> None:
        """Be a child, once."""
        order = self._orders[number] = trio.Event()
        try:
            ready()
            self.starts += 1
            self._missing -= 1
            if not self._missing:
                self._complete.set()
            await order.wait()
            raise Crash
        finally:
            self.ended.append(number)

    async def fell(self, crashes: int, laps: Laps) -> None:
        """Time the restarts: one crash at a time beside idle siblings, then as many in one instant."""
        laps.begin()
        for number in range(crashes):
            await self._fell(range(number, number + 1))
        await _settled()
        laps.end("restart", crashes)
        laps.begin()
        await self._fell(range(crashes))
        await _settled()
        laps.end("burst", crashes)

    async def _fell(self, numbers: range) -> None:
        """Let children crash, and wait until each of them is ready again."""
        self._missing, self._complete = len(numbers), trio.Event()
        for number in numbers:
            self._orders[number].set()
        await self._complete.wait()

    @property
    def left(self) -> int:
        """How many run."""
        return self.starts - len(self.ended)

    @property
    def stopped_in_reverse(self) -> bool:
        """Whether the last to end, as many as there are, ended in reverse start order."""
        return self.ended[-self.size :] == list(range(self.size - 1, -1, -1))


async def _settled() -> None:
    """Let the supervisor take note of the last child that is ready."""
    await trio.lowlevel.checkpoint()
