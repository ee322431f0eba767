"""The part ``memory``: what connections, symbols, reconnects and the command line cost."""

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from types import ModuleType

import msgspec

from feedtree.ops.bench import reconnects, topics
from feedtree.ops.bench.grid import Cell, Grid, Run, open_grid, samples, spelled
from feedtree.ops.bench.load import Footprint, Sample
from feedtree.ops.bench.looks import middle
from feedtree.ops.bench.machine import Cores, pin
from feedtree.ops.bench.parts import Cell as Value
from feedtree.ops.bench.parts import Figure, Part, Table
from feedtree.ops.bench.programs import ProgramFailed, output
from feedtree.ops.bench.progress import say

STARTS = 3  # of each command
COUNT = 500  # reconnects
BEFORE, BEFORE_FULL = 50, 1_050  # the second fills the account of outages, which keeps a thousand

SMALL, WIDE, LARGE = Cell(1, 10), Cell(1, 1_000), Cell(100, 1_000)
HUNDRED = Cell(1, 100)
QUIET = Cell(1, 1_000, busy=10)
TIMED = (SMALL, WIDE, LARGE)  # in every round; the ratios are those of one round
FULL_TIMED = (*TIMED, QUIET)
ONCE = (HUNDRED,)  # in the first round, whose order is the grid's
FULL_ONCE = (Cell(10, 10), Cell(10, 100), Cell(100, 100), Cell(10, 1_000))

PER_CONNECTION = 2 * 1024.0  # KiB
PER_SYMBOL = 40.0  # KiB, with 100 levels a side
FLAT = 1.15
READY_MS = 2_000.0  # 100 symbols
GROWTH = 250.0  # KiB for `COUNT` reconnects, while the account of outages and the gap ledger fill
GROWTH_FULL = 150.0  # when the account is full, and only the ledger fills: three entries for each

_COMMANDS = {"feedtree --help": ["--help"], "feedtree tree, nothing runs": ["tree", "--app", "nobody"]}
_EXPLAINED = "the books of 1,000 symbols do not fit into the caches of a core"


def run_part(core: Cores, rounds: int) -> Part:
    """Measure what matters; rounds are those of the timed cells of the grid."""
    return _joined([_grid(core, rounds, TIMED, ONCE), *_rest(core.client)])


def run_grid(core: Cores, rounds: int) -> Part:
    """Measure every cell of the grid and reconnects beyond what is kept of them, and profile a miss."""
    grid = _grid(core, rounds, FULL_TIMED, (*ONCE, *FULL_ONCE), profiled=(LARGE,))
    return _joined([grid, *_rest(core.client), _reconnects(core.client, BEFORE_FULL, GROWTH_FULL)])


def _rest(core: int | None) -> list[Part]:
    return [_topics(core), _reconnects(core, BEFORE, GROWTH), _starts(core)]


def _joined(parts: Sequence[Part]) -> Part:
    return Part(
        "memory",
        [table for part in parts for table in part.tables],
        [figure for part in parts for figure in part.figures],
        [fault for part in parts for fault in part.faults],
        {name: text for part in parts for name, text in part.profiles.items()},
    )


# Connections and symbols


def _grid(
    core: Cores,
    rounds: int,
    timed: tuple[Cell, ...],
    once: tuple[Cell, ...],
    profiled: tuple[Cell, ...] = (),
) -> Part:
    with open_grid(core) as grid:
        runs = list(_runs(grid, rounds, timed, once))
        figures = grid_figures(runs)
        missed = {figure.name for figure in figures if figure.held is False}
        profiles = {_name_of(cell): _profile(grid, cell) for cell in profiled if _name_of(cell) in missed}
    wrong = [f"{spelled(run.cell)}: {fault}" for run in runs for fault in run.faults[:3]]
    return Part("grid", [grid_table(runs)], figures, wrong, profiles)


def _runs(grid: Grid, rounds: int, timed: tuple[Cell, ...], once: tuple[Cell, ...]) -> Iterator[Run]:
    for number in range(rounds):
        for cell in sorted((*timed, *once)) if number == 0 else timed:
            run = grid.run(cell)
            say(f"{spelled(cell)}: {'; '.join(run.faults[:3]) or _summary(run.sample)}")
            yield run


def grid_figures(runs: list[Run]) -> list[Figure]:
    """Return what the runs of the grid say: medians, ratios within a round."""
    found: list[Figure | None] = [
        _ratio(runs, WIDE, f"{FLAT:g} and more: {_EXPLAINED}"),
        _ratio(runs, LARGE, f"bursts are shorter over 100 connections, and {_EXPLAINED}"),
        _ratio(
            runs, QUIET, "1,000 symbols of which 10 have all the traffic: what more topics cost by themselves"
        ),
        _slope(
            runs,
            "memory per connection",
            SMALL_TO_LARGE,
            PER_CONNECTION,
            "TLS and buffers, after 30,000 messages",
        ),
        _slope(
            runs,
            "memory per symbol in a tree",
            SMALL_TO_WIDE,
            None,
            "book of 200 levels a side, trades, ticker",
        ),
        _ready(runs, HUNDRED, "100 symbols", READY_MS),
        _ready(runs, WIDE, "1,000 symbols on one connection", None),
        _ready(runs, LARGE, "1,000 symbols on 100 connections", None),
        _look(runs, LARGE),
    ]
    return [figure for figure in found if figure is not None]


SMALL_TO_WIDE = (SMALL, WIDE, WIDE.symbols - SMALL.symbols)  # cells that differ in one thing, and by how much
SMALL_TO_LARGE = (WIDE, LARGE, LARGE.connections - WIDE.connections)


def _ratio(runs: list[Run], cell: Cell, note: str) -> Figure | None:
    pairs = zip(samples(runs, cell), samples(runs, SMALL), strict=False)
    ratios = [large.us / small.us for large, small in pairs]
    return Figure(_name_of(cell), median(ratios), "x", "cpu", most=FLAT, note=note) if ratios else None


def _name_of(cell: Cell) -> str:
    return f"scale {spelled(cell)} / {spelled(SMALL)}"


def _slope(
    runs: list[Run], name: str, between: tuple[Cell, Cell, int], most: float | None, note: str
) -> Figure | None:
    few, many, difference = between
    held = [
        [sample.end.rss_kib for sample in samples(runs, cell) if sample.end.rss_kib is not None]
        for cell in (few, many)
    ]
    if not all(held):
        return None
    each = (median(held[1]) - median(held[0])) / difference
    return Figure(name, each, "KiB", "memory", most=most, note=note)


def _ready(runs: list[Run], cell: Cell, what: str, most: float | None) -> Figure | None:
    times = [sample.ready_s * 1e3 for sample in samples(runs, cell)]
    note = "from the opening of the tree until every topic is live; loopback"
    return Figure(f"ready {what}", median(times), "ms", "time", most=most, note=note) if times else None


def _look(runs: list[Run], cell: Cell) -> Figure | None:
    found = samples(runs, cell)
    if not found:
        return None
    size = middle(found[0].looks).size
    note = f"what an attached top asks for every second, in the app; {size:,} bytes"
    return Figure(f"a look at {spelled(cell)}", _look_us(found) / 1e3, "ms", "time", note=note)


def grid_table(runs: list[Run]) -> Table:
    """Return a row for each cell."""
    rows = [_row(cell, samples(runs, cell)) for cell in sorted({run.cell for run in runs})]
    columns = (
        "connections x symbols",
        "runs",
        "ready s",
        "MiB live",
        "MiB after",
        "blocks live",
        "a burst",
        "µs a message",
        "µs a look",
    )
    return Table("A tree under load, over TLS: one record for each message", columns, rows)


def _row(cell: Cell, found: list[Sample]) -> tuple[Value, ...]:
    if not found:
        return (spelled(cell), 0, *[None] * 7)
    return (
        spelled(cell),
        len(found),
        median(each.ready_s for each in found),
        _mib(each.live for each in found),
        _mib(each.end for each in found),
        int(median(each.live.blocks for each in found)),
        median(each.burst for each in found),
        median(each.us for each in found),
        _look_us(found),
    )


def _look_us(found: list[Sample]) -> float:
    """Return for how long the event loop does nothing but look."""
    return median(middle(each.looks).whole_us for each in found)


def _mib(footprints: Iterable[Footprint]) -> float | None:
    known = [each.rss_kib for each in footprints if each.rss_kib is not None]
    return median(known) / 1024 if known else None


def _summary(sample: Sample | None) -> str:
    if sample is None or sample.end.rss_kib is None:
        return "nothing"
    return f"{sample.us:.2f} µs, ready in {sample.ready_s:.2f} s, {sample.end.rss_kib / 1024:.0f} MiB"


def _profile(grid: Grid, cell: Cell) -> str:
    sample = grid.run(cell, profile=True).sample
    return "" if sample is None else "\n".join(sample.profile)


# One symbol


def _topics(core: int | None) -> Part:
    name = "memory per symbol, 100 levels a side"
    try:
        sample = msgspec.json.decode(_program(topics, core), type=topics.Sample)
    except ProgramFailed as error:
        return Part("topics", [], [], [f"{name}: {error}"])
    row = (sample.levels, sample.rss, sample.heap)
    table = Table(
        f"One symbol's book, trades and ticker after {topics.REPLACEMENTS:,} random replacements",
        ("levels a side", "KiB of the process", "KiB allocated"),
        [row],
    )
    held = sample.heap if sample.rss is None else sample.rss
    figure = Figure(name, held, "KiB", "memory", most=PER_SYMBOL, note="book, trades and ticker; no socket")
    return Part("topics", [table], [figure])


# Reconnects


def _reconnects(core: int | None, before: int, most: float) -> Part:
    name = f"memory {COUNT} reconnects, after {before:,}"
    try:
        found = _program(reconnects, core, str(COUNT), str(before))
        sample = msgspec.json.decode(found, type=reconnects.Sample)
    except ProgramFailed as error:
        return Part("reconnects", [], [], [f"{name}: {error}"])
    due = 1 + before + COUNT
    wrong = [] if sample.generations == due else [f"{name}: {sample.generations} generations, not {due}"]
    note = "kept: a stream's last thousand outages, ten thousand entries of its gap ledger"
    figure = Figure(name, sample.grown_kib, "KiB", "memory", most=most, note=note)
    rows: list[tuple[Value, ...]] = [(place,) for place in sample.places]
    table = Table(f"What {COUNT} reconnects left behind, after {before:,} others", ("where",), rows)
    profiles = {} if figure.held else {name: "\n".join(sample.places)}
    return Part("reconnects", [table], [figure], wrong, profiles)


# The command line


def _starts(core: int | None) -> Part:
    figures = [
        Figure(
            f"start {name}",
            median(_timed(arguments, core) for _ in range(STARTS)) * 1e3,
            "ms",
            "time",
            note="a whole process, interpreter included",
        )
        for name, arguments in _COMMANDS.items()
    ]
    return Part("starts", [], figures)


def _timed(arguments: list[str], core: int | None) -> float:
    command = [sys.executable, "-m", "feedtree.ops", *arguments]
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, preexec_fn=lambda: pin(core))
    return time.perf_counter() - began


# All of them


def _program(module: ModuleType, core: int | None, *arguments: str) -> bytes:
    return output([sys.executable, "-m", module.__name__, *arguments], core)
