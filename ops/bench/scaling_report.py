"""Runs of the supervision table become medians, ratios and verdicts: as a table, and as data."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

import msgspec
from msgspec import Struct

from feedtree.ops.bench import otp
from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.parts import Figure, Part, Table
from feedtree.ops.bench.progress import say
from feedtree.ops.bench.runs import note
from feedtree.ops.bench.scaling import CRASHES, SIZES, Run, run_all
from feedtree.ops.bench.supervision import Sample
from feedtree.ops.bench.ward import PHASES

JUDGED = ("feedtree",)  # a variant that is to hold the targets is named here
RIVAL = "bare trio"
MATTER = (*JUDGED, RIVAL, *otp.STRATEGIES)
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


def run_part(core: Cores, rounds: int) -> Part:
    """Measure the supervisors beside a bare trio wrapper, and OTP's where Erlang is installed."""
    return _run(core, rounds, MATTER)


def run_grid(core: Cores, rounds: int) -> Part:
    """Measure what watching and accounting cost, too, and children that are added one by one."""
    return _run(core, rounds, None)


def _run(core: Cores, rounds: int, programs: Sequence[str] | None) -> Part:
    say(f"supervision: {' and '.join(f'{size:,}' for size in SIZES)} children, {rounds} rounds")
    runs: list[Run] = []
    for run in run_all(core.client, rounds=rounds, programs=programs):
        runs.append(run)
        say(line(run))
    return part(runs)


def part(runs: Sequence[Run]) -> Part:
    """Return what was found as the part ``supervision``."""
    return Part(
        name="supervision",
        tables=[table(runs)],
        figures=list(figures(runs)),
        faults=[
            f"{run.program}, {run.children} children, round {run.round}: {'; '.join(run.faults)}"
            for run in runs
            if not run.counts
        ],
        runs=[{**msgspec.to_builtins(run), "counts": run.counts, "disturbed": run.disturbed} for run in runs],
    )


def table(runs: Sequence[Run]) -> Table:
    """Return a row for each program and size, and what is to be known of them."""
    missing = "" if any(run.program in otp.STRATEGIES for run in runs) else f". {otp.MISSING}"
    return Table(
        "Supervision: CPU of one child in µs without the garbage collector (gc: its part, of all phases); restart:"
        f" {CRASHES:,} crashes, one at a time beside idle siblings; burst: as many in one instant{missing}",
        ("program", "children", *PHASES, "gc", "clock", "runs"),
        [
            (
                row.program,
                row.children,
                *(row.us[phase] for phase in PHASES),
                row.gc_us,
                row.clock,
                note(row.wrong, row.disturbed, row.runs),
            )
            for row in sorted(rows(runs), key=lambda row: row.children)
        ],
    )


def figures(runs: Sequence[Run]) -> Iterator[Figure]:
    """Yield every ratio as a figure."""
    for ratio in against_rival(runs):
        for children, value in ratio.found.items():
            name = f"{ratio.program} {ratio.phase}, {children:,} children / {RIVAL}"
            yield Figure(name, value, "x", "cpu", ratio.most)
    for ratio in growth(runs):
        for children, value in ratio.found.items():
            name = f"{ratio.program} {ratio.phase}, {children:,} children / {_sizes(runs)[0]:,}"
            yield Figure(name, value, "x", "cpu", ratio.most)


def line(run: Run) -> str:
    """Return one run in a line, to be read while others run."""
    if run.sample is None or not run.counts:
        return f"{run.children:6,} {run.program:<19} WRONG: {'; '.join(run.faults)}"
    costs = " ".join(f"{phase} {run.sample.laps[phase].us:6.2f}" for phase in PHASES)
    return f"{run.children:6,} {run.program:<19} {costs} µs{'  disturbed' if run.disturbed else ''}"
