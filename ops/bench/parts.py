"""What one part of the benchmark found, in one shape for the terminal, the document and the guard."""

from typing import Any, Literal

from msgspec import Struct

Cell = str | float | int | None
Kind = Literal["cpu", "latency", "memory", "rate", "time"]


class Figure(Struct, frozen=True):
    """One number that is judged, or compared with an earlier run.

    Args:
        name: unique in the whole benchmark, stable from run to run (``tls whole pipeline / picows``).
        value: a median.
        unit: ``x`` for a ratio, else ``µs``, ``ms``, ``MiB``, ``KiB``, ``1/s``.
        kind: what it is a figure of; decides how much worse the guard lets it become.
        most: the target, where it is an upper bound.
        least: the target, where it is a lower bound.
        note: what a reader must know to judge it, in one line.
    """

    name: str
    value: float
    unit: str
    kind: Kind
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def held(self) -> bool | None:
        """Whether the target is held; None where there is none."""
        if self.most is not None:
            return self.value <= self.most
        return None if self.least is None else self.value >= self.least


class Table(Struct, frozen=True):
    """Rows to read.

    Args:
        title: what they are.
        columns: their headings; the first names the row.
        rows: numbers are rendered with three significant digits.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]


class Part(Struct, frozen=True):
    """All that one part found.

    Args:
        name: as in ``--only``.
        tables: to read.
        figures: to judge and to compare.
        faults: runs that were wrong and do not count, and why, a line each; any of them fails the benchmark.
        profiles: what takes the time behind a missed target: the figure's name -> a few lines.
        runs: what each run brought, as data; for those who want to look at the spread.
    """

    name: str
    tables: list[Table]
    figures: list[Figure]
    faults: list[str] = []
    profiles: dict[str, str] = {}
    runs: list[dict[str, Any]] = []
