"""The part ``promises``: the figures that users ask for, in their units, over TLS."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import msgspec

from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.pairs import pairs_of
from feedtree.ops.bench.parts import Cell, Figure, Part, Table
from feedtree.ops.bench.processes import open_bench
from feedtree.ops.bench.progress import say
from feedtree.ops.bench.ready import Ready
from feedtree.ops.bench.runs import Case, Run, faults, line, per_second, plain
from feedtree.ops.bench.traffic import make_traffic

SYMBOLS = 100
PER_S = 5_000
SECONDS = 30.0
RIVALS_SHARE = 1 / 3  # of that time: it shows what the machine does to anybody
SECONDS_OF_GRID = 600.0
MESSAGES = 50_000  # of the run that shows how many one connection carries
OURS, RIVAL = Case("wait mailbox", per_s=PER_S), Case("picows", per_s=PER_S)
FASTEST = Case("feedtree whole")
MOST_SLOWEST_US = 5_000.0


def run_part(core: Cores, rounds: int) -> Part:
    """Measure them all; half a minute at a pace."""
    return _run(core, rounds, SECONDS)


def run_grid(core: Cores, rounds: int) -> Part:
    """Measure them all; ten minutes at a pace."""
    return _run(core, rounds, SECONDS_OF_GRID)


def _run(core: Cores, rounds: int, seconds: float) -> Part:
    say(f"promises: {seconds:.0f} s at {PER_S:,} messages/s")
    traffics = {"few": make_traffic(MESSAGES, seed=1), "many": make_traffic(1_000, 1, pairs_of(SYMBOLS))}
    with (
        tempfile.TemporaryDirectory(prefix="feedtree-bench-") as folder,
        open_bench(Path(folder), traffics, core) as bench,
    ):
        ready = [bench.ready("many") for _ in range(rounds)]
        fast = [bench.run(FASTEST, "few", number) for number in range(rounds)]
        paced = [bench.paced(OURS, seconds), bench.paced(RIVAL, seconds * RIVALS_SHARE)]
    runs = [*fast, *paced]
    for run in runs:
        say(line(run))
    return part(ready, fast, paced, seconds)


def part(ready: Sequence[Ready], fast: Sequence[Run], paced: Sequence[Run], seconds: float) -> Part:
    """Return what was found as the part ``promises``.

    Args:
        ready: how soon streams were ready.
        fast: runs as fast as possible.
        paced: the long run of ours, and that of the rival.
        seconds: that these took.
    """
    found = [*_processing(*paced), *_soon(ready), *_fast(fast), *_lost(paced[0], seconds)]
    return Part(
        name="promises",
        tables=[_table(found)],
        figures=found,
        faults=faults([*fast, *paced]),
        runs=[*(plain(run) for run in [*fast, *paced]), *(msgspec.to_builtins(each) for each in ready)],
    )


def _processing(ours: Run, rival: Run) -> Iterator[Figure]:
    """Yield the times from send to consumer: more than processing alone, so nothing is left out."""
    took = ours.latency
    if took is None:
        return
    note = "disturbed" if ours.disturbed else ""
    yield Figure("processing, average", took.mean, "µs", "latency", 500.0, note=note)
    yield Figure("processing, p99", took.p99, "µs", "latency", 1_000.0, note=note)
    yield Figure(
        "processing, slowest", took.most, "µs", "latency", MOST_SLOWEST_US, note=_shared(ours, rival)
    )


def _shared(ours: Run, rival: Run) -> str:
    """Say so where the slowest message was the machine's doing: the other client met the like of it."""
    if ours.latency is None or rival.latency is None or ours.latency.most <= MOST_SLOWEST_US:
        return ""
    theirs = f"picows' slowest was {rival.latency.most:,.0f} µs, in a third of the time"
    return f"the machine's: {theirs}" if rival.latency.most > MOST_SLOWEST_US else f"ours: {theirs}"


def _soon(ready: Sequence[Ready]) -> Iterator[Figure]:
    if not ready:
        return
    yield Figure("connection", median(each.connection_ms for each in ready), "ms", "time", 1_000.0)
    yield Figure(
        "subscription confirmed", median(each.subscription_ms for each in ready), "ms", "time", 500.0
    )
    many = f"3 channels each, on {ready[0].connections} connections"
    live = median(each.all_live_ms for each in ready)
    yield Figure(f"{SYMBOLS} symbols ready", live, "ms", "time", 2_000.0, note=many)
    yield Figure("symbol look-up", median(each.look_up_us for each in ready), "µs", "time", 1.0)


def _fast(fast: Sequence[Run]) -> Iterator[Figure]:
    rates = [per_second(run) for run in fast if run.counts]
    if rates:
        yield Figure("messages on one connection", median(rates), "1/s", "rate", least=10_000.0)


def _lost(ours: Run, seconds: float) -> Iterator[Figure]:
    """Yield how many messages were lost; a run with a wrong book has lost at least one."""
    if ours.sample is not None and ours.sent:
        lost = max(ours.sent - ours.sample.received, int(not ours.counts))
        equal = "every book equal" if ours.counts else "books differ"
        note = f"{ours.sent:,} sent, {ours.sample.received:,} received, {equal}"
        yield Figure(f"lost in {seconds:.0f} s at {PER_S:,}/s", lost, "messages", "time", 0.0, note=note)


def _table(found: Sequence[Figure]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (each.name, each.value, each.unit, "yes" if each.held else "NO") for each in found
    ]
    return Table("What users ask for, over TLS", ("figure", "value", "unit", "held"), rows)
