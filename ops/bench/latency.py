"""The part ``latency``: from send to consumer, at a pace, by how the socket is read and who is told."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from feedtree.ops.bench.client import PACED
from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.parts import Figure, Kind, Part, Table
from feedtree.ops.bench.processes import WARM, open_bench
from feedtree.ops.bench.profiles import missed
from feedtree.ops.bench.progress import interleaved, say
from feedtree.ops.bench.runs import (
    COUNTED_ON,
    TRANSPORTS,
    Case,
    Run,
    Value,
    by_case,
    faults,
    line,
    middle,
    p50_us,
    paired,
    plain,
    runs_note,
    us_per_message,
)

RATES = (1_000, 5_000)  # messages per second
SECONDS = 0.8
SECONDS_OF_GRID = 3.0
RIVAL = "picows"
BARE = "bare trio"
MATTER = (RIVAL, BARE, "wait mailbox", "wait tap", "spin tap")
COALESCED = "coalesce mailbox"


class Aim(Struct, frozen=True):
    """A ratio to picows and what it may be at most, over TLS."""

    what: str
    client: str
    value: Value
    kind: Kind
    rates: tuple[int, ...]
    most: float | None = None


AIMS = (
    Aim("p50 wait+mailbox / picows", "wait mailbox", p50_us, "latency", RATES, 2.0),
    Aim("p50 wait+tap / picows", "wait tap", p50_us, "latency", RATES, 1.4),
    Aim("p50 bare trio / picows", BARE, p50_us, "latency", RATES),
    Aim("p50 spin+tap / picows", "spin tap", p50_us, "latency", RATES, 0.8),
    Aim("p50 spin+mailbox / picows", "spin mailbox", p50_us, "latency", RATES),
    Aim("CPU coalesce 1 ms+mailbox / picows", COALESCED, us_per_message, "cpu", RATES[1:], 1.3),
    Aim("CPU coalesce 1 ms+tap / picows", "coalesce tap", us_per_message, "cpu", RATES[1:]),
    Aim("CPU wait+mailbox / picows", "wait mailbox", us_per_message, "cpu", RATES),
    Aim("CPU wait+tap / picows", "wait tap", us_per_message, "cpu", RATES),
)


def run_part(core: Cores, rounds: int) -> Part:
    """Measure what matters, over TLS."""
    cases = [Case(client, per_s=per_s) for per_s in RATES for client in MATTER]
    cases.append(Case(COALESCED, per_s=RATES[-1]))
    return _run(cases, core, rounds, SECONDS)


def run_grid(core: Cores, rounds: int) -> Part:
    """Measure every way of reading and of delivery, over both transports."""
    cases = [
        Case(client, transport, per_s=per_s)
        for transport in TRANSPORTS
        for per_s in RATES
        for client in PACED
    ]
    return _run(cases, core, rounds, SECONDS_OF_GRID)


def _run(cases: Sequence[Case], core: Cores, rounds: int, seconds: float) -> Part:
    say(f"latency: {seconds:g} s at a pace after a warm-up of {WARM:g} s, {rounds} rounds")
    runs: list[Run] = []
    with (
        tempfile.TemporaryDirectory(prefix="feedtree-bench-") as folder,
        open_bench(Path(folder), {}, core) as bench,
    ):
        for number, case in interleaved(cases, rounds):
            runs.append(bench.paced(case, seconds, number))
            say(line(runs[-1]))
        figures = list(figures_of(runs))
        profiles = missed(figures, _looked_into(), lambda case: bench.paced(case, seconds, profile=True))
    return Part(
        name="latency",
        tables=[table(runs)],
        figures=figures,
        faults=faults(runs),
        profiles=profiles,
        runs=[plain(run) for run in runs],
    )


def _named(aim: Aim, transport: str, per_s: int) -> str:
    return f"{transport} {per_s:,}/s {aim.what}"


def _looked_into() -> dict[str, Case]:
    return {
        _named(aim, COUNTED_ON, per_s): Case(aim.client, COUNTED_ON, per_s=per_s)
        for aim in AIMS
        for per_s in aim.rates
    }


def figures_of(runs: Sequence[Run]) -> Iterator[Figure]:
    """Yield every ratio to picows that these runs give."""
    for aim in AIMS:
        for transport in TRANSPORTS:
            for per_s in aim.rates:
                case, rival = (Case(client, transport, per_s=per_s) for client in (aim.client, RIVAL))
                found = paired(runs, case, rival, aim.value)
                if found is not None:
                    most = aim.most if transport == COUNTED_ON else None
                    yield Figure(
                        _named(aim, transport, per_s), found.value, "x", aim.kind, most, note=found.note
                    )


def table(runs: Sequence[Run]) -> Table:
    """Return a row for each case that has a run that counts: medians of the runs' own figures."""
    return Table(
        "From send to consumer in µs, ten symbols, at a pace",
        (
            "reading, delivery",
            "transport",
            "per s",
            "p50",
            "p99",
            "p99.9",
            "slowest",
            "CPU µs/message",
            "runs",
        ),
        [_row(case, group, runs) for case, group in by_case(runs).items()],
    )


def _row(case: Case, group: Sequence[Run], runs: Sequence[Run]) -> tuple[str | float, ...]:
    def of(name: str) -> float:
        return middle(group, lambda run: float(getattr(run.latency, name)))

    return (
        case.client,
        case.transport,
        f"{case.per_s:,}",
        of("p50"),
        of("p99"),
        of("p999"),
        of("most"),
        middle(group, us_per_message),
        runs_note(group, runs),
    )
