"""The part ``attached``: what ``feedtree top``, attached at a look a second, costs an app."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from feedtree.ops.bench import attached_app
from feedtree.ops.bench.attached_app import Found, Task, total
from feedtree.ops.bench.attached_top import Visit
from feedtree.ops.bench.grid import Cell, open_grid, spelled
from feedtree.ops.bench.grid import Run as LoadRun
from feedtree.ops.bench.looks import Look, middle
from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.pace import LATE, Sent, read_report
from feedtree.ops.bench.parts import Cell as Value
from feedtree.ops.bench.parts import Figure, Part, Table
from feedtree.ops.bench.processes import WARM, Bench, judge, load_now, open_bench
from feedtree.ops.bench.programs import PATIENCE, ProgramFailed, result
from feedtree.ops.bench.progress import say
from feedtree.ops.bench.runs import Case, Paired, Run, faults, line, paired, plain, us_per_message

NAME = "attached"
PER_S = 5_000
GAP = 0.25  # seconds before each window, in which top attaches and looks first, or has gone
WINDOW = 1.5  # seconds of a window: a look a second
LOOKS = 2  # of an attached window and its gap, or more where the server was held up
MOST = 1.01
ENOUGH = 10  # undisturbed pairs: a hundredth is not seen in fewer
CALM, WATCHED = Case("nobody attached", per_s=PER_S), Case("top attached", per_s=PER_S)
LARGER = Cell(3, 100)  # another tree that is looked at; the part ``memory`` has those that take long to open

SHOWN = 3  # faults of one program

FIGURE = "top attached at 1 Hz: CPU / nobody attached"


class Watched(Struct, frozen=True):
    """One app's run.

    Args:
        runs: a run for each window; those of a pair are of one round.
        looks: single ones, while it was at work.
        faults: why none of it counts; empty where it does.
    """

    runs: list[Run]
    looks: list[Look] = []
    faults: list[str] = []


def run_part(core: Cores, rounds: int) -> Part:
    """Measure it: one app, and as many pairs of windows as there are rounds; then looks at a larger tree."""
    say(f"attached: {rounds} pairs of windows of {WINDOW:g} s at {PER_S:,} messages/s")
    with (
        tempfile.TemporaryDirectory(prefix="feedtree-bench-") as folder,
        open_bench(Path(folder), {}, core) as bench,
    ):
        watched = watch(bench, core, folder, rounds)
    for run in watched.runs:
        say(line(run))
    with open_grid(core) as grid:
        return part(watched, grid.run(LARGER))


def order(rounds: int) -> list[bool]:
    """Return whether something is attached, window by window: pairs, every other one the other way round."""
    return [attached for number in range(rounds) for attached in ((False, True), (True, False))[number % 2]]


def watch(bench: Bench, core: Cores, folder: str, rounds: int, size: int = int(WINDOW * PER_S)) -> Watched:
    """Run the app; `size` is the messages of a window."""
    load, warm, windows = load_now(), int(PER_S * WARM), order(rounds)
    gap = int(GAP * PER_S)
    count = total(warm, len(windows), size, gap)
    errand, report = bench.flow(CALM, count, seed=1)
    task = Task(replace(errand, warm=warm), windows, size, gap, folder, core.server)
    try:
        printed = bench.output(attached_app.__name__, task, patience=PATIENCE + count / PER_S)
        found, sent = result(printed, Found), read_report(report)
    except (ProgramFailed, FileNotFoundError) as error:
        return Watched([], faults=[str(error)])
    wrong = judge(found, count, sent.books)
    return Watched(list(_runs(task, found, sent, load)), found.looks, wrong)


def _runs(task: Task, found: Found, sent: Sent, load: float) -> Iterator[Run]:
    times, visits = sent.times_ns, iter(found.visits)
    for number, (attached, sample) in enumerate(zip(task.windows, found.windows, strict=True)):
        wrong = missed(next(visits, Visit())) if attached else []
        begin = task.errand.warm + task.gap + number * (task.gap + task.size)
        late = late_share(times, begin, begin + task.size)
        case = WATCHED if attached else CALM
        yield Run(case, sample, wrong, load, round=number // 2, sent=task.size, late=late)


def missed(visit: Visit) -> list[str]:
    """Name what keeps a window from having been attached as it should."""
    few = [] if len(visit.looks_ms) >= LOOKS else [f"{len(visit.looks_ms)} looks, not {LOOKS}"]
    blind = [] if visit.streams == 1 else [f"{visit.streams} streams were seen, not 1"]
    return [*few, *blind, *visit.faults]


def late_share(times_ns: Sequence[int], begin: int, end: int) -> float:
    """Return which share of these messages left late.

    Args:
        times_ns: when each message left.
        begin: the first of them.
        end: the one behind the last.
    """
    step, first, most = 1_000_000_000 // PER_S, times_ns[0], int(LATE * 1e9)
    late = sum(times_ns[at] - first - at * step > most for at in range(begin, end))
    return late / (end - begin)


def part(watched: Watched, larger: LoadRun) -> Part:
    """Return what was found as the part ``attached``.

    Args:
        watched: the app.
        larger: the run of another tree.
    """
    runs = [] if watched.faults else watched.runs
    looks = dict(_looks(watched.looks, larger))
    wrong = [f"{NAME}: {fault}" for fault in watched.faults[:SHOWN]]
    wrong += [f"{spelled(larger.cell)}: {fault}" for fault in larger.faults[:SHOWN]]
    return Part(
        NAME,
        tables=[pairs_table(runs), looks_table(looks)],
        figures=list(
            _figures(paired(runs, WATCHED, CALM, us_per_message, ENOUGH), _alone(runs, watched.looks), looks)
        ),
        faults=[*wrong, *faults(runs)],
        runs=[plain(run) for run in watched.runs],
    )


def _alone(runs: Sequence[Run], looks: Sequence[Look]) -> str:
    """Say what share of the app's CPU a look a second is by itself: machines that are disturbed show little else."""
    costs = [us_per_message(run) * PER_S for run in runs if run.case == CALM]
    if not costs or not looks:
        return ""
    return f"a look a second is {middle(looks).whole_us / median(costs):.2%} of it by itself"


def _looks(own: Sequence[Look], larger: LoadRun) -> Iterator[tuple[str, Look]]:
    if own:
        yield spelled(Cell(1, CALM.symbols)), middle(own)
    if larger.sample is not None and not larger.faults:
        yield spelled(larger.cell), middle(larger.sample.looks)


def _figures(ratio: Paired | None, alone: str, looks: Mapping[str, Look]) -> Iterator[Figure]:
    if ratio is not None:
        note = "; ".join(filter(None, (ratio.note, alone)))
        yield Figure(FIGURE, ratio.value, "x", "cpu", most=MOST, note=note)
    for tree, found in looks.items():
        note = f"the event loop does nothing else meanwhile; {found.size:,} bytes"
        yield Figure(f"a look at {tree}", found.whole_us, "µs", "time", note=note)


def pairs_table(runs: Sequence[Run]) -> Table:
    """Return a row for each pair of windows, and their medians."""
    pairs = _pairs(runs)
    rows: list[tuple[Value, ...]] = [
        (str(calm.round + 1), *_costs(calm, watched), _how(calm, watched)) for calm, watched in pairs
    ]
    if pairs:
        costs = zip(*(_costs(*pair) for pair in pairs), strict=True)
        rows.append(("median of all", *map(median, costs), f"{len(pairs)} pairs"))
    return Table(
        f"CPU of a message in µs, at {PER_S:,} messages/s over TLS, ten symbols",
        ("pair", "nobody attached", "top attached", "ratio", "windows"),
        rows,
    )


def _pairs(runs: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Return what counts on both sides, by round: nobody attached, and top attached."""
    watched = {run.round: run for run in runs if run.case == WATCHED and run.counts}
    return [
        (run, watched[run.round]) for run in runs if run.case == CALM and run.counts and run.round in watched
    ]


def _costs(calm: Run, watched: Run) -> tuple[float, float, float]:
    before, after = us_per_message(calm), us_per_message(watched)
    return before, after, after / before


def _how(*pair: Run) -> str:
    return "disturbed" if any(run.disturbed for run in pair) else ""


def looks_table(looks: Mapping[str, Look]) -> Table:
    """Return what a look takes of the loop, by the size of the tree."""
    rows: list[tuple[Value, ...]] = [
        (tree, each.nodes_us, each.facts_us, each.encoding_us, each.whole_us, each.size / 1024)
        for tree, each in looks.items()
    ]
    columns = ("connections x symbols", "nodes", "facts", "encoding", "in all", "KiB of the answer")
    return Table("What a look takes of the event loop, in µs", columns, rows)
