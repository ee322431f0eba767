"""One client's run, and what pairs of runs say."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

import msgspec
from msgspec import Struct

from feedtree.ops.bench.latencies import Latency
from feedtree.ops.bench.measure import Sample

TRANSPORTS = ("tls", "tcp")
COUNTED_ON = TRANSPORTS[0]  # what venues speak
STOLEN = 0.02  # share of a run from which on it counts as disturbed
FOREIGN = 0.05
ENOUGH = 3  # undisturbed pairs
LATE = 0.01  # share of a paced run's messages


class Case(Struct, frozen=True):
    """What was run.

    Args:
        client: its name.
        transport: one of `TRANSPORTS`.
        symbols: of the traffic.
        per_s: the pace; 0 for as fast as the client takes it.
    """

    client: str
    transport: str = COUNTED_ON
    symbols: int = 10
    per_s: int = 0


class Run(Struct, frozen=True):
    """One client's run.

    Args:
        case: what was run.
        sample: what the client measured; None where it failed.
        faults: why it does not count; empty where it does.
        load: of the machine when it began.
        round: runs of one round are compared with each other: machines change their pace over minutes.
        sent: messages that the server sent.
        latency: of a paced run.
        late: share of a paced run's messages that the server sent late.
    """

    case: Case
    sample: Sample | None
    faults: list[str]
    load: float = 0.0
    round: int = 0
    sent: int = 0
    latency: Latency | None = None
    late: float = 0.0

    @property
    def counts(self) -> bool:
        """Whether every book was right and no message was lost."""
        return not self.faults

    @property
    def disturbed(self) -> bool:
        """Whether others had the client's core, or the server's, for a noticeable time."""
        sample = self.sample
        return sample is not None and (
            sample.stolen >= STOLEN or sample.foreign >= FOREIGN or self.late >= LATE
        )


Value = Callable[[Run], float]


def us_per_message(run: Run) -> float:
    """Return CPU per message, µs."""
    assert run.sample is not None
    return run.sample.cpu_s / run.sample.messages * 1e6


def per_second(run: Run) -> float:
    """Return messages per second of the clock on the wall."""
    assert run.sample is not None
    return run.sample.messages / run.sample.wall_s


def peak_mib(run: Run) -> float:
    """Return the most memory that the client's process held, MiB; 0 where the system does not say."""
    assert run.sample is not None
    return run.sample.peak_rss_mib or 0.0


def p50_us(run: Run) -> float:
    """Return the median from send to consumer, µs."""
    assert run.latency is not None
    return run.latency.p50


def by_case(runs: Iterable[Run]) -> dict[Case, list[Run]]:
    """Return the runs that count, in the order of their first ones."""
    groups: dict[Case, list[Run]] = {}
    for run in runs:
        if run.counts and run.sample is not None:
            groups.setdefault(run.case, []).append(run)
    return groups


def middle(runs: Sequence[Run], value: Value) -> float:
    """Return a value's median."""
    return median(map(value, runs))


class Paired(Struct, frozen=True):
    """One value by another, the median over the rounds.

    Args:
        value: the ratio.
        note: how many of its pairs were disturbed, where any was.
    """

    value: float
    note: str = ""


def paired(runs: Iterable[Run], case: Case, rival: Case, value: Value, enough: int = ENOUGH) -> Paired | None:
    """Return one value by another, pair by pair; None where no round has both.

    Pairs of which one was disturbed are left out where at least `enough` others remain.
    """
    groups = by_case(runs)
    rivals = {run.round: run for run in groups.get(rival, [])}
    pairs = [(run, rivals[run.round]) for run in groups.get(case, []) if run.round in rivals]
    calm = [pair for pair in pairs if not any(run.disturbed for run in pair)]
    if not pairs:
        return None
    kept = calm if len(calm) >= enough else pairs
    disturbed = len(pairs) - len(calm)
    what = (
        f"{disturbed} of {len(pairs)} pairs disturbed{', left out' if kept is calm else ''}"
        if disturbed
        else ""
    )
    return Paired(median(value(ours) / value(theirs) for ours, theirs in kept), what)


def note(wrong: int, disturbed: int, count: int) -> str:
    """Return how many runs a row stands for, and how many of them were not as they should be."""
    words = [str(count)]
    words += [f"{number} {word}" for number, word in ((wrong, "WRONG"), (disturbed, "disturbed")) if number]
    return ", ".join(words)


def runs_note(group: Sequence[Run], runs: Iterable[Run]) -> str:
    """Say how many runs of a group's case count, and how many do not."""
    wrong = sum(not run.counts for run in runs if run.case == group[0].case)
    return note(wrong, sum(run.disturbed for run in group), len(group))


def faults(runs: Iterable[Run]) -> list[str]:
    """Name every run that does not count, and why."""
    return [
        f"{label(run.case)}, round {run.round}: {'; '.join(run.faults[:3])}" for run in runs if not run.counts
    ]


def label(case: Case) -> str:
    """Name a case in a line."""
    at = f" {case.per_s:,}/s" if case.per_s else ""
    return f"{case.transport} {case.symbols} symbols{at} {case.client}"


def line(run: Run) -> str:
    """Return one run in a line, to be read while others run."""
    if run.sample is None or not run.counts:
        return f"{label(run.case):<42} WRONG: {'; '.join(run.faults[:3])}"
    took = "" if run.latency is None else f"  p50 {run.latency.p50:.0f} p99 {run.latency.p99:.0f} µs"
    return (
        f"{label(run.case):<42} {us_per_message(run):6.2f} µs{took}"
        f"  steal {run.sample.stolen:.0%} others {run.sample.foreign:.0%} load {run.load:.1f}"
        f"{'  disturbed' if run.disturbed else ''}"
    )


def plain(run: Run) -> dict[str, Any]:
    """Return a run as data, without its books."""
    found: dict[str, Any] = msgspec.to_builtins(run)
    if run.sample is not None:
        del found["sample"]["books"]
    return {**found, "counts": run.counts, "disturbed": run.disturbed}
