"""The part ``messages``: what one message costs each client, as fast as it takes them."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from feedtree.ops.bench.client import CLIENTS
from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.pairs import pairs_of
from feedtree.ops.bench.parts import Figure, Kind, Part, Table
from feedtree.ops.bench.processes import Bench, open_bench
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
    paired,
    peak_mib,
    per_second,
    plain,
    runs_note,
    us_per_message,
)
from feedtree.ops.bench.traffic import make_traffic

SEED = 1
MESSAGES = 60_000  # timed, of one run
FEWER = 10_000  # of the clients that take long
SLOW = ("trio-websocket structs", "trio-websocket whole", "websockets structs", "websockets whole")
PLAIN = ("feedtree structs", "picows structs", "feedtree whole", "picows whole")  # over TCP, too
WHOLE = ("feedtree whole", "picows whole")  # with 100 symbols, too
ITS_TLS = ", uvloop's TLS"  # picows without the TLS in C of aiofastnet


class Aim(Struct, frozen=True):
    """A ratio of two clients and what it is to be.

    Args:
        what: how the figure is named.
        client: ours.
        rival: whose value is the divisor.
        value: what is compared.
        kind: of the figure.
        most: the upper bound, over TLS with ten symbols.
        least: the lower bound.
    """

    what: str
    client: str
    rival: str
    value: Value
    kind: Kind
    most: float | None = None
    least: float | None = None


AIMS = (
    Aim(
        "decode only, structs: CPU / picows", "feedtree structs", "picows structs", us_per_message, "cpu", 1.0
    ),
    Aim(
        "decode only, messages: CPU / picows",
        "feedtree messages",
        "picows messages",
        us_per_message,
        "cpu",
        1.0,
    ),
    Aim("whole pipeline: CPU / picows", "feedtree whole", "picows whole", us_per_message, "cpu", 1.2),
    Aim(
        "decode only: messages/s / trio-websocket",
        "feedtree structs",
        SLOW[0],
        per_second,
        "rate",
        least=12.0,
    ),
    Aim(
        "whole pipeline: messages/s / trio-websocket",
        "feedtree whole",
        SLOW[1],
        per_second,
        "rate",
        least=6.0,
    ),
    Aim(
        f"decode only, structs: CPU / picows{ITS_TLS}",
        "feedtree structs",
        f"picows structs{ITS_TLS}",
        us_per_message,
        "cpu",
    ),
    Aim(
        f"whole pipeline: CPU / picows{ITS_TLS}",
        "feedtree whole",
        f"picows whole{ITS_TLS}",
        us_per_message,
        "cpu",
    ),
    Aim("decode only: messages/s / websockets", "feedtree structs", SLOW[2], per_second, "rate"),
    Aim("whole pipeline: messages/s / websockets", "feedtree whole", SLOW[3], per_second, "rate"),
)


def run_part(core: Cores, rounds: int) -> Part:
    """Measure what matters: everybody over TLS with ten symbols, the pairs over TCP, the whole with 100 symbols."""
    return _run(list(_cases()), core, rounds, MESSAGES)


def run_grid(core: Cores, rounds: int) -> Part:
    """Measure everybody over both transports, with 10 and with 100 symbols."""
    cases = [
        Case(client, transport, size) for size in (10, 100) for transport in TRANSPORTS for client in CLIENTS
    ]
    return _run(cases, core, rounds, MESSAGES)


def _cases() -> Iterator[Case]:
    yield from (Case(client) for client in CLIENTS if client != SLOW[-1])
    yield from (Case(client, symbols=100) for client in WHOLE)
    yield from (Case(client, "tcp") for client in PLAIN)


def _run(cases: Sequence[Case], core: Cores, rounds: int, messages: int) -> Part:
    sizes = sorted({case.symbols for case in cases})
    counts = {"long": messages, "short": min(messages, FEWER)}
    traffics = {
        f"{length}-{size}": make_traffic(count, SEED, pairs_of(size))
        for size in sizes
        for length, count in counts.items()
    }
    size = traffics[f"long-{sizes[0]}"].mean_size
    say(f"messages: {messages:,} ({FEWER:,} for slow clients) of {size:.0f} bytes, {rounds} rounds")
    runs: list[Run] = []
    with (
        tempfile.TemporaryDirectory(prefix="feedtree-bench-") as folder,
        open_bench(Path(folder), traffics, core) as bench,
    ):
        for number, case in interleaved(cases, rounds):
            runs.append(bench.run(case, _traffic(case), number))
            say(line(runs[-1]))
        figures = list(figures_of(runs))
        profiles = missed(figures, _looked_into(), lambda case: _profiled(bench, case))
    return Part(
        name="messages",
        tables=[table(runs, size)],
        figures=figures,
        faults=faults(runs),
        profiles=profiles,
        runs=[plain(run) for run in runs],
    )


def _traffic(case: Case) -> str:
    return f"{'short' if case.client in SLOW else 'long'}-{case.symbols}"


def _profiled(bench: Bench, case: Case) -> Run:
    return bench.run(case, f"short-{case.symbols}", profile=True)


def _looked_into() -> dict[str, Case]:
    return {_named(aim, Case(aim.client)): Case(aim.client) for aim in AIMS}


def _named(aim: Aim, case: Case) -> str:
    many = "" if case.symbols == 10 else f" {case.symbols} symbols"
    return f"{case.transport}{many} {aim.what}"


def figures_of(runs: Sequence[Run]) -> Iterator[Figure]:
    """Yield every ratio that these runs give, and what the whole pipeline holds in memory."""
    groups = by_case(runs)
    for aim in AIMS:
        for case in groups:
            rival = Case(aim.rival, case.transport, case.symbols)
            if case.client != aim.client or (found := paired(runs, case, rival, aim.value)) is None:
                continue
            judged = case == Case(aim.client, COUNTED_ON)
            most, least = (aim.most, aim.least) if judged else (None, None)
            yield Figure(_named(aim, case), found.value, "x", aim.kind, most, least, found.note)
    for case, group in groups.items():
        if case.client == "feedtree whole" and case.transport == COUNTED_ON:
            many = "" if case.symbols == 10 else f" {case.symbols} symbols"
            yield Figure(f"tls{many} whole pipeline: peak memory", middle(group, peak_mib), "MiB", "memory")


def table(runs: Sequence[Run], mean_size: float) -> Table:
    """Return a row for each case that has a run that counts."""
    return Table(
        f"One message of {mean_size:.0f} bytes, as fast as they are taken",
        (
            "client",
            "transport",
            "symbols",
            "CPU µs/message",
            "least",
            "most",
            "messages/s",
            "peak MiB",
            "runs",
        ),
        [_row(case, group, runs) for case, group in by_case(runs).items()],
    )


def _row(case: Case, group: Sequence[Run], runs: Sequence[Run]) -> tuple[str | float, ...]:
    costs = [us_per_message(run) for run in group]
    return (
        case.client,
        case.transport,
        case.symbols,
        middle(group, us_per_message),
        min(costs),
        max(costs),
        middle(group, per_second),
        middle(group, peak_mib),
        runs_note(group, runs),
    )
