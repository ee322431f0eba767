"""Runs of the supervision table become medians, ratios and verdicts: as a table, and as data."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

import msgspec
from msgspec import Struct

from feedtree.ops.bench import otp
from feedtree.ops.bench.scaling import CRASHES, Run
from feedtree.ops.bench.supervision import Sample
from feedtree.ops.bench.ward import PHASES

JUDGED = ("feedtree",)  # a variant that is to hold the targets is named here
RIVAL = "bare trio"
MOST_TIMES_RIVAL = 1.5
MOST_GROWTH = 1.2
START_WITH_GC, ALL_WITH_GC = "start with gc", "all phases with gc"

Costs = Mapping[int, Mapping[str, float]]  # round -> phase -> µs of one child


class Row(Struct, frozen=True):
    """One program at one size: medians of the runs that count.

    Args:
        runs: how many count.
        wrong: how many do not.
        disturbed: how many of those that count were disturbed.
        us: by phase, cost of one child in µs without the garbage collector.
        gc_us: what the garbage collector took in all phases, by children, in µs.
        clock: ``CPU``, or ``wall`` where that is all there is.
    """

    program: str
    children: int
    runs: int
    wrong: int
    disturbed: int
    us: dict[str, float]
    gc_us: float
    clock: str


class Ratio(Struct, frozen=True):
    """A ratio of costs, the median over the pairs of the rounds.

    Args:
        program: whose cost.
        phase: of what.
        found: by number of children against the rival, or one figure, of most by least children.
        most: what none of them may exceed; None where they are only shown.
    """

    program: str
    phase: str
    found: dict[int, float]
    most: float | None = None

    @property
    def held(self) -> bool:
        """Whether there are figures, and none of them is too large."""
        return self.most is None or (bool(self.found) and max(self.found.values()) <= self.most)


def rows(runs: Sequence[Run]) -> list[Row]:
    """Return a row for each program and size with a run that counts."""
    groups: dict[tuple[int, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.children, run.program), []).append(run)
    return [_row(group) for group in groups.values() if any(run.counts for run in group)]


def _row(group: Sequence[Run]) -> Row:
    samples = [run.sample for run in group if run.counts and run.sample is not None]
    first, children = samples[0], group[0].children
    return Row(
        program=group[0].program,
        children=children,
        runs=len(samples),
        wrong=len(group) - len(samples),
        disturbed=sum(run.disturbed for run in group if run.counts),
        us={phase: median(sample.laps[phase].us for sample in samples) for phase in PHASES},
        gc_us=median(sum(lap.gc_s for lap in sample.laps.values()) / children * 1e6 for sample in samples),
        clock="wall" if first.laps[PHASES[0]].cpu_s is None else "CPU",
    )


def against_rival(runs: Sequence[Run]) -> list[Ratio]:
    """Return what the judged programs cost as multiples of what the rival costs."""
    return [
        Ratio(program, phase, _by_size(runs, program, phase), MOST_TIMES_RIVAL)
        for program in JUDGED
        for phase in (*PHASES, ALL_WITH_GC)
    ]


def _by_size(runs: Sequence[Run], program: str, phase: str) -> dict[int, float]:
    found: dict[int, float] = {}
    for children in _sizes(runs):
        ratio = _paired(_costs(runs, program, children), _costs(runs, RIVAL, children), phase)
        if ratio is not None:
            found[children] = ratio
    return found


def growth(runs: Sequence[Run]) -> list[Ratio]:
    """Return how much more one of the most children costs than one of the least.

    A start with the garbage collector is shown and not judged: each full collection goes over all living objects, and a
    small tree ends before the first one.
    """
    wanted: list[tuple[str, str, float | None]] = []
    for program in JUDGED:
        wanted += [(program, phase, MOST_GROWTH) for phase in PHASES]
        wanted.append((program, START_WITH_GC, None))
    wanted.append((RIVAL, START_WITH_GC, None))
    return [Ratio(program, phase, _grown(runs, program, phase), most) for program, phase, most in wanted]


def _grown(runs: Sequence[Run], program: str, phase: str) -> dict[int, float]:
    sizes = _sizes(runs)
    if len(sizes) < 2:
        return {}
    most = sizes[-1]
    ratio = _paired(_costs(runs, program, most), _costs(runs, program, sizes[0]), phase)
    return {} if ratio is None else {most: ratio}


def _sizes(runs: Sequence[Run]) -> list[int]:
    return sorted({run.children for run in runs})


def _costs(runs: Sequence[Run], program: str, children: int) -> Costs:
    return {
        run.round: _phases(run.sample, children)
        for run in runs
        if run.counts and run.sample is not None and (run.program, run.children) == (program, children)
    }


def _phases(sample: Sample, children: int) -> dict[str, float]:
    laps = sample.laps
    return {
        **{phase: laps[phase].us for phase in PHASES},
        START_WITH_GC: laps["start"].whole_s / children * 1e6,
        ALL_WITH_GC: sum(lap.whole_s for lap in laps.values()) / children * 1e6,
    }


def _paired(costs: Costs, rivals: Costs, phase: str) -> float | None:
    """Return the median ratio of the rounds in which both have a run that counts."""
    pairs = [costs[number][phase] / rivals[number][phase] for number in costs if number in rivals]
    return median(pairs) if pairs else None


def table(runs: Sequence[Run]) -> Iterator[str]:
    """Yield the lines to print."""
    yield "Supervision: CPU of one child in µs without the garbage collector (gc: its part, of all phases)"
    yield f"restart: {CRASHES:,} crashes, one at a time beside idle siblings; burst: as many in one instant"
    yield f"{'':19} {'children':>8} {'start':>7} {'restart':>7} {'burst':>7} {'stop':>7} {'gc':>7}  runs"
    for row in sorted(rows(runs), key=lambda row: row.children):
        yield _row_line(row)
    yield ""
    yield from _ratio_lines(f"times {RIVAL}, by children", _sizes(runs), against_rival(runs))
    yield ""
    sizes = _sizes(runs)
    yield from _ratio_lines(f"{sizes[-1]:,} children against {sizes[0]:,}", sizes[-1:], growth(runs))
    if not any(run.program in otp.STRATEGIES for run in runs):
        yield ""
        yield otp.MISSING


def _row_line(row: Row) -> str:
    notes = [f"{row.runs}"]
    notes += [
        f"{count} {word}" for count, word in ((row.wrong, "WRONG"), (row.disturbed, "disturbed")) if count
    ]
    notes += ["by the wall clock"] if row.clock == "wall" else []
    costs = " ".join(f"{row.us[phase]:7.2f}" for phase in PHASES)
    return f"{row.program:<19} {row.children:8,} {costs} {row.gc_us:7.2f}  {', '.join(notes)}"


def _ratio_lines(title: str, sizes: Sequence[int], ratios: Sequence[Ratio]) -> Iterator[str]:
    yield f"{title:<40} {' '.join(f'{size:>7,}' for size in sizes)}  target"
    for ratio in ratios:
        figures = " ".join(f"{ratio.found.get(size, float('nan')):7.2f}" for size in sizes)
        target = "none" if ratio.most is None else f"<= {ratio.most:g}: {'yes' if ratio.held else 'NO'}"
        yield f"{ratio.program + ' ' + ratio.phase:<40} {figures}  {target}"


def line(run: Run) -> str:
    """Return one run in a line, to be read while others run."""
    if run.sample is None or not run.counts:
        return f"{run.children:6,} {run.program:<19} WRONG: {'; '.join(run.faults)}"
    costs = " ".join(f"{phase} {run.sample.laps[phase].us:6.2f}" for phase in PHASES)
    return f"{run.children:6,} {run.program:<19} {costs} µs{'  disturbed' if run.disturbed else ''}"


def document(runs: Sequence[Run]) -> dict[str, Any]:
    """Return all of it as data."""
    return {
        "rows": rows(runs),
        "times_rival": [_plain(ratio) for ratio in against_rival(runs)],
        "growth": [_plain(ratio) for ratio in growth(runs)],
        "otp": any(run.program in otp.STRATEGIES for run in runs),
        "runs": [
            {**msgspec.to_builtins(run), "counts": run.counts, "disturbed": run.disturbed} for run in runs
        ],
    }


def _plain(ratio: Ratio) -> dict[str, Any]:
    return {**msgspec.to_builtins(ratio), "held": ratio.held}
