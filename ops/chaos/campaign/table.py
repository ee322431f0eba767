"""The table of a campaign: a row for each class of faults, and whether its figures were reached."""

from collections.abc import Sequence

from msgspec import Struct

from feedtree.ops.chaos.campaign.classes import CLASSES, Bound, FaultClass, Measure
from feedtree.ops.chaos.campaign.controls import Controlled
from feedtree.ops.chaos.campaign.observation import Observation
from feedtree.ops.chaos.campaign.spread import Spread, spread

FEW = 10  # samples under which a median is chance
_SPREADS = ("found", "fresh", "live")
_UP = ("live", "after", "resync")  # measures of which the venue's budgets may take a part
_COLUMNS = (
    "faults",
    "n",
    *(column for name in _SPREADS for column in (f"{name} p50", "p99", "max")),
    *("lost", "doubled", "diverged", "figures"),
)


class Row(Struct):
    """One class.

    Args:
        kind: its name.
        count: observations.
        found: how long until the consumer was told.
        fresh: how long until the first datum; from the fault's end where ``since`` says so.
        live: how long until everything was up; likewise.
        since: ``begin`` or ``end``.
        lost: trades and fills that nobody was told of.
        doubled: those that came twice.
        diverged: books that were not the venue's.
        figures: each that has to be reached, in words, with what was reached.
        missed: those that were not.
        beside: those that a venue's budgets decide, beside what these take.
        wrong: what must not be, a sentence each.
    """

    kind: str
    count: int
    found: Spread | None
    fresh: Spread | None
    live: Spread | None
    since: str
    lost: int
    doubled: int
    diverged: int
    figures: list[str]
    missed: list[str]
    wrong: list[str]
    beside: list[str] = []

    @property
    def held(self) -> bool:
        """Whether everything is as it has to be."""
        return not (self.missed or self.wrong or self.lost or self.doubled or self.diverged)


def rows_of(
    observations: Sequence[Observation], *, judged: bool = True, bare: Spread | None = None
) -> list[Row]:
    """Return a row for each class that was observed, in the order of the classes.

    Args:
        observations: all of them.
        judged: whether a return has to be as fast as its class says, beyond what the venue's budgets take.
        bare: what a bare client took beside them, where that was measured.
    """
    met = {seen.kind for seen in observations}
    return [
        _row(kind, [seen for seen in observations if seen.kind == kind.name], judged=judged, bare=bare)
        for kind in CLASSES.values()
        if kind.name in met
    ]


def render(rows: Sequence[Row]) -> str:
    """Return the table as text, in columns, with what was missed below it."""
    cells = [_COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_COLUMNS))]
    lines = [_line(row, widths) for row in cells]
    if any(row.since == "end" for row in rows):
        lines.append(
            "* fresh and live from the end of the fault, or of the pause that was asked for; else from its begin"
        )
    for row in rows:
        lines += [f"{row.kind}: {missed}" for missed in row.missed]
        lines += [f"{row.kind}: {wrong}" for wrong in row.wrong]
        lines += [f"{row.kind}: {beside}" for beside in row.beside]
    return "\n".join(lines)


def render_controls(controls: Sequence[Controlled]) -> str:
    """Return the control arm as text: what must cost no restart."""
    width = max(len(control.name) for control in controls)
    lines = [f"{'control'.ljust(width)}  seconds  restarts  held"]
    for control in controls:
        verdict = "yes" if control.held else "NO"
        lines.append(f"{control.name.ljust(width)}  {control.seconds:7.1f}  {control.restarts:8}  {verdict}")
    return "\n".join([*lines, *(f"{each.name}: {wrong}" for each in controls for wrong in each.wrong)])


def _row(kind: FaultClass, observations: Sequence[Observation], *, judged: bool, bare: Spread | None) -> Row:
    since = "end" if any(bound.measure == "after" for bound in kind.bounds) else "begin"
    figures, missed, beside = list[str](), list[str](), list[str]()
    for bound in kind.bounds:
        meant = _meant(bound, observations)
        allowed = [seen.allowed if bound.measure in _UP else 0.0 for seen in meant]
        values = _values(meant, bound.measure)
        found = _reached(bound, values)
        beyond = _reached(
            bound, [max(value - part, 0.0) for value, part in zip(values, allowed, strict=True)]
        )
        if found is not None and beyond is not None:
            of = f" of {bound.venue} {bound.side}" if bound.venue else ""
            text = f"{bound.measure} {bound.statistic}{of} {_number(found)}"
            if bound.measure in _UP and not judged:
                beside.append(f"{text}, where the venue's budgets take up to {_number(max(allowed))}")
                continue
            text += f", to be at most {_number(bound.most)}"
            if beyond < found:
                text += f" beyond what the venue's budgets take: it is {_number(beyond)}"
            most = bound.most
            if bare is not None and bare.p50 * bound.bare > most:
                noticed = spread(_values(meant, "found"))
                most = bare.p50 * bound.bare + (0.0 if noticed is None else noticed.p50)
                text += f", or {bound.bare:g} times a bare client's {_number(bare.p50)} after it was found"
            figures.append(text)
            if beyond > most:
                missed.append(text)
    return Row(
        kind=kind.name,
        count=len(observations),
        found=spread(_values(observations, "found")),
        fresh=spread(_values(observations, "fresh" if since == "begin" else "fresh_after")),
        live=spread(_values(observations, "live" if since == "begin" else "after")),
        since=since,
        lost=0,
        doubled=0,
        diverged=sum(seen.diverged for seen in observations),
        figures=figures,
        missed=missed,
        beside=beside,
        wrong=[
            f"fault {seen.number} on {seen.line}: {wrong}" for seen in observations for wrong in seen.wrong
        ],
    )


def _meant(bound: Bound, observations: Sequence[Observation]) -> list[Observation]:
    """Return the observations that a bound is about, and that have its measure."""
    return [
        seen
        for seen in observations
        if bound.venue in ("", seen.venue)
        and bound.side in ("", seen.side)
        and bound.measure in seen.measures
    ]


def _reached(bound: Bound, values: Sequence[float]) -> float | None:
    """Return a bound's statistic; None where there are too few values for it."""
    found = spread(values)
    if bound.statistic == "p50" and len(values) < FEW:
        return None
    reached: float | None = None if found is None else getattr(found, bound.statistic)
    return reached


def _values(observations: Sequence[Observation], measure: Measure) -> list[float]:
    return [seen.measures[measure] for seen in observations if measure in seen.measures]


def _cells(row: Row) -> tuple[str, ...]:
    spreads = [text for each in (row.found, row.fresh, row.live) for text in _spelled(each)]
    return (
        row.kind + ("*" if row.since == "end" else ""),
        str(row.count),
        *spreads,
        str(row.lost),
        str(row.doubled),
        str(row.diverged),
        "yes" if row.held else "NO",
    )


def _spelled(found: Spread | None) -> tuple[str, str, str]:
    if found is None:
        return "-", "-", "-"
    return _number(found.p50), "-" if found.p99 is None else _number(found.p99), _number(found.max)


def _number(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *middle, last = (text.rjust(width) for text, width in zip(row, widths, strict=True))
    return "  ".join([row[0].ljust(len(first)), *middle, row[-1].ljust(len(last))]).rstrip()
