"""Compares two runs of the benchmark, figure by figure, and names what got worse."""

from collections.abc import Iterator

from msgspec import Struct

from feedtree.ops.bench.parts import Figure
from feedtree.ops.bench.printing import valued
from feedtree.ops.bench.record import Record

MEMORY_NOISE = 0.02  # peak memory differs by as much between runs of the same code
# kind -> by how much a figure may be worse than the base
TOLERANCES = {"cpu": 0.10, "latency": 0.10, "rate": 0.10, "memory": MEMORY_NOISE}


class Worse(Struct, frozen=True):
    """A figure that is worse than the base's by more than it may be.

    Args:
        now: the figure.
        base: as it was.
        by: how much worse, as a share of the base.
        allowed: how much it may be.
    """

    now: Figure
    base: Figure
    by: float
    allowed: float

    def __str__(self) -> str:
        return (
            f"{self.now.name}: {valued(self.now)}, was {valued(self.base)}:"
            f" {self.by:.0%} worse, {self.allowed:.0%} is allowed"
        )


def worse(now: Record, base: Record) -> list[Worse]:
    """Return the figures that got worse than they may, in order; ratios and memory alone, so that machines may differ.

    A figure that only one of the runs has is passed over: see `uncompared`.
    """
    before = _compared(base)
    return [
        Worse(figure, before[name], by, TOLERANCES[figure.kind])
        for name, figure in _compared(now).items()
        if name in before and (by := _worse_by(figure, before[name])) > TOLERANCES[figure.kind]
    ]


def uncompared(now: Record, base: Record) -> list[str]:
    """Return the names of the base's figures that this run does not have."""
    found = _compared(now)
    return [name for name in _compared(base) if name not in found]


def _compared(record: Record) -> dict[str, Figure]:
    return {
        figure.name: figure
        for part in record.parts
        for figure in part.figures
        if figure.kind in TOLERANCES and (figure.unit == "x" or figure.kind == "memory")
    }


def _worse_by(now: Figure, base: Figure) -> float:
    """More is worse, but of rates, and of what has a lower bound."""
    if base.value == 0:
        return 0.0
    grown = now.value / base.value - 1.0
    return -grown if now.least is not None or now.kind == "rate" else grown


def guard_lines(now: Record, base: Record, found: list[Worse]) -> Iterator[str]:
    """Yield what the comparison found."""
    yield f"against the run of {base.at}: {f'{len(found)} figures are worse' if found else 'nothing is worse'}"
    yield from (f"WORSE {each}" for each in found)
    yield from (f"not compared, for this run does not have it: {name}" for name in uncompared(now, base))
