"""What importing costs: the time of fresh interpreters, less that of one that imports nothing."""

import subprocess
import sys
import time
from statistics import median

from msgspec import Struct

from feedtree.ops.bench.machine import Cores, pin
from feedtree.ops.bench.parts import Figure, Part, Table
from feedtree.ops.bench.progress import say

MOST_TIMES_TRIO = 2.5
MOST_BARE_MS = 50.0

_SCRIPTS = {
    "nothing": "pass",
    "trio": "import trio",
    "feedtree.ops": "import feedtree.ops",
    "all names": "import feedtree.ops as ops; [getattr(ops, name) for name in ops.__all__]",
}


class ImportTimes(Struct, frozen=True):
    """Medians, in milliseconds over a bare interpreter's start.

    Args:
        interpreter: that start itself.
        trio: ``import trio``.
        bare: ``import feedtree.ops``.
        resolved: the same, with every name of its ``__all__``.
    """

    interpreter: float
    trio: float
    bare: float
    resolved: float

    @property
    def ratio(self) -> float:
        """Everything of ours by trio alone."""
        return self.resolved / self.trio


def run_part(core: Cores, rounds: int) -> Part:
    """Measure what importing costs."""
    say(f"imports: {rounds} rounds")
    return part(import_times(core.client, rounds))


def part(times: ImportTimes) -> Part:
    """Return what was found as the part ``imports``."""
    return Part(
        name="imports",
        tables=[
            Table(
                "What importing takes over a bare interpreter's start",
                ("import", "ms"),
                [
                    ("trio", times.trio),
                    ("feedtree.ops", times.bare),
                    ("feedtree.ops, all names", times.resolved),
                ],
            )
        ],
        figures=[
            Figure("import feedtree.ops, all names / import trio", times.ratio, "x", "time", MOST_TIMES_TRIO),
            Figure("import feedtree.ops, bare", times.bare, "ms", "time", MOST_BARE_MS),
        ],
    )


def import_times(core: int | None, rounds: int) -> ImportTimes:
    """Measure, the scripts in turn."""
    times: dict[str, list[float]] = {name: [] for name in _SCRIPTS}
    for _ in range(rounds):
        for name, script in _SCRIPTS.items():
            times[name].append(_timed(script, core))
    found = {name: median(values) * 1e3 for name, values in times.items()}
    start = found["nothing"]
    return ImportTimes(
        interpreter=start,
        trio=found["trio"] - start,
        bare=found["feedtree.ops"] - start,
        resolved=found["all names"] - start,
    )


def _timed(script: str, core: int | None) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], check=True, preexec_fn=lambda: pin(core))
    return time.perf_counter() - begin
