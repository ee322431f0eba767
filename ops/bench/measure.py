"""One client's clock: CPU of the process between the first and the last timed message."""

import cProfile
import pstats
import resource
import time
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from feedtree.ops.bench.machine import CpuTimes, cpu_times, peak_rss_mib
from feedtree.ops.bench.truth import Books

PROFILED = 20  # functions
_WAITING = ("<method 'poll' of 'select.epoll' objects>", "<method 'control' of 'select.kqueue' objects>")


class Spent(Struct, frozen=True):
    """What one function took of a profiled run.

    Args:
        function: module and name.
        share: of the run's time, without the functions that it calls.
        calls: for each message.
    """

    function: str
    share: float
    calls: float


class Sample(Struct, frozen=True, kw_only=True):
    """What one run of one client found.

    Args:
        messages: between the two readings of the clock.
        cpu_s: of the client's process.
        wall_s: of the same time.
        peak_rss_mib: of the process, whole life.
        stolen: share of that time in which the machine's host ran others.
        foreign: share of that time in which others had the client's core.
        switches: times that the client lost its core against its will.
        received: messages of the mix that came in all.
        books: at the end.
        profile: the functions that took the most time, where that was asked for.
    """

    messages: int
    cpu_s: float
    wall_s: float
    peak_rss_mib: float | None
    stolen: float
    foreign: float
    switches: int
    received: int
    books: Books
    profile: list[Spent] = []


class Measured(Protocol):
    """What a clock needs to know of an errand."""

    @property
    def core(self) -> int | None:
        """The client's."""
        ...

    @property
    def profile(self) -> bool:
        """Whether to note where the time went."""
        ...


class Stopwatch:
    """Reads the clocks at the first and at the last timed message.

    Args:
        errand: names the core, and whether to profile.
    """

    def __init__(self, errand: Measured) -> None:
        self._core = errand.core
        self._profile = cProfile.Profile() if errand.profile else None
        self._times: CpuTimes | None = None
        self._switches = 0
        self._cpu_s = self._wall_s = 0.0
        self._stolen = self._foreign = 0.0

    def start(self) -> None:
        """Begin."""
        self._times = cpu_times(self._core)
        self._switches = _lost_core()
        self._wall_s = time.perf_counter()
        self._cpu_s = time.process_time()
        if self._profile is not None:
            self._profile.enable()

    def stop(self) -> None:
        """End."""
        if self._profile is not None:
            self._profile.disable()
        self._cpu_s = time.process_time() - self._cpu_s
        self._wall_s = time.perf_counter() - self._wall_s
        self._switches = _lost_core() - self._switches
        before, after = self._times, cpu_times(self._core)
        if before is not None and after is not None:
            self._stolen = (after.stolen - before.stolen) / self._wall_s
            if self._core is not None:
                self._foreign = max((after.busy - before.busy - self._cpu_s) / self._wall_s, 0.0)

    def sample(self, messages: int, received: int, books: Books) -> Sample:
        """Return what was found."""
        return Sample(
            messages=messages,
            cpu_s=self._cpu_s,
            wall_s=self._wall_s,
            peak_rss_mib=peak_rss_mib(),
            stolen=self._stolen,
            foreign=self._foreign,
            switches=self._switches,
            received=received,
            books=books,
            profile=[] if self._profile is None else _spent(self._profile, messages),
        )


def _spent(profile: cProfile.Profile, messages: int) -> list[Spent]:
    stats = pstats.Stats(profile)
    functions: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = stats.stats  # type: ignore[attr-defined]
    functions = {key: spent for key, spent in functions.items() if key[2] not in _WAITING}
    whole_s = sum(own_s for _, _, own_s, _, _ in functions.values())
    found = [
        Spent(_name(file, name), own_s / whole_s, calls / messages)
        for (file, _, name), (_, calls, own_s, _, _) in functions.items()
    ]
    return sorted(found, key=lambda spent: -spent.share)[:PROFILED]


def _name(file: str, function: str) -> str:
    """Name a function by its module; built-in ones have no file."""
    return function if file == "~" else f"{Path(file).stem}.{function}"


def _lost_core() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
