"""Runs become medians, ratios and verdicts: as a table, and as data."""

from collections.abc import Callable, Iterator, Sequence
from math import inf
from statistics import median
from typing import Any

import msgspec
from msgspec import Struct

from feedtree.ops.bench.imports import ImportTimes
from feedtree.ops.bench.measure import Sample
from feedtree.ops.bench.processes import TRANSPORTS, Run

IMPORT_RATIO = 2.5
BARE_IMPORT_MS = 50.0


class Target(Struct, frozen=True):
    """A ratio of CPU per message, and what it may be at most."""

    what: str
    client: str
    rival: str
    most: float


TARGETS = (
    Target("decode only, with our messages", "feedtree messages", "picows structs", 1.1),
    Target("decode only, both make structs", "feedtree structs", "picows structs", 1.1),
    Target("decode only, both make messages", "feedtree messages", "picows messages", 1.1),
    Target("whole pipeline", "feedtree whole", "picows whole", 1.4),
)
COUNTED_ON = TRANSPORTS[0]  # TLS is what venues speak


class Row(Struct, frozen=True):
    """One client over one transport: medians of the runs that count.

    Args:
        runs: how many count.
        wrong: how many do not.
        disturbed: how many of those that count were disturbed.
        us: CPU per message, µs; with the least and the most.
        per_s: messages per second.
        rss: peak memory, MiB.
    """

    client: str
    transport: str
    runs: int
    wrong: int
    disturbed: int
    us: float
    us_least: float
    us_most: float
    per_s: float
    rss: float


class Verdict(Struct, frozen=True):
    """A target and what was found.

    Args:
        what: who against whom, at what.
        most: the target.
        ratios: by transport, the median over pairs of runs of one round.
        held: judged over TLS.
    """

    what: str
    most: float
    ratios: dict[str, float]
    held: bool


def us_per_message(sample: Sample) -> float:
    """Return CPU per message in µs."""
    return sample.cpu_s / sample.messages * 1e6


def rows(runs: Sequence[Run]) -> list[Row]:
    """Return a row for each client and transport with a run that counts, in the order of their first runs."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.transport, run.client), []).append(run)
    return [_row(group) for group in groups.values() if any(run.counts for run in group)]


def _row(group: Sequence[Run]) -> Row:
    good = [(run, run.sample) for run in group if run.counts and run.sample is not None]

    def middle(value: Callable[[Sample], float]) -> float:
        return median(value(sample) for _, sample in good)

    costs = [us_per_message(sample) for _, sample in good]
    return Row(
        client=group[0].client,
        transport=group[0].transport,
        runs=len(good),
        wrong=len(group) - len(good),
        disturbed=sum(run.disturbed for run, _ in good),
        us=median(costs),
        us_least=min(costs),
        us_most=max(costs),
        per_s=middle(lambda sample: sample.messages / sample.wall_s),
        rss=middle(lambda sample: sample.peak_rss_mib or 0.0),
    )


def verdicts(runs: Sequence[Run]) -> list[Verdict]:
    """Return every target with its ratios."""
    costs = {
        (run.transport, run.client, run.round): us_per_message(run.sample)
        for run in runs
        if run.counts and run.sample is not None
    }
    return [_verdict(target, costs) for target in TARGETS]


def _verdict(target: Target, costs: dict[tuple[str, str, int], float]) -> Verdict:
    ratios: dict[str, float] = {}
    for transport in TRANSPORTS:
        pairs = [
            cost / costs[transport, target.rival, number]
            for (carrier, client, number), cost in costs.items()
            if (carrier, client) == (transport, target.client) and (transport, target.rival, number) in costs
        ]
        if pairs:
            ratios[transport] = median(pairs)
    held = ratios.get(COUNTED_ON, inf) <= target.most
    return Verdict(f"{target.what}: {target.client} / {target.rival}", target.most, ratios, held)


def table(found: Sequence[Row], judged: Sequence[Verdict], imports: ImportTimes) -> Iterator[str]:
    """Yield the lines to print."""
    yield f"{'':4} {'client':<17} {'µs/msg':>7} {'least':>7} {'most':>7} {'msg/s':>9} {'MiB':>6}  runs"
    for row in found:
        notes = "".join(
            f", {count} {word}"
            for count, word in ((row.wrong, "WRONG"), (row.disturbed, "disturbed"))
            if count
        )
        yield (
            f"{row.transport:4} {row.client:<17} {row.us:7.2f} {row.us_least:7.2f} {row.us_most:7.2f}"
            f" {row.per_s:9,.0f} {row.rss:6.1f}  {row.runs}{notes}"
        )
    yield ""
    yield f"{'CPU per message, TLS counts':<68} {'TLS':>6} {'TCP':>6}  target"
    for verdict in judged:
        ratios = " ".join(f"{verdict.ratios.get(transport, float('nan')):6.2f}" for transport in TRANSPORTS)
        yield f"{verdict.what:<68} {ratios}  {_answer(verdict.most, verdict.held)}"
    yield ""
    yield from _import_lines(imports)


def _answer(most: float, held: bool) -> str:
    return f"<= {most:g}: {'yes' if held else 'NO'}"


def _import_lines(imports: ImportTimes) -> Iterator[str]:
    yield (
        f"import feedtree.ops, all names: {imports.resolved:.0f} ms = {imports.ratio:.2f} x import trio"
        f" ({imports.trio:.0f} ms)  {_answer(IMPORT_RATIO, imports.ratio <= IMPORT_RATIO)}"
    )
    yield (
        f"import feedtree.ops, bare: {imports.bare:.0f} ms"
        f"  {_answer(BARE_IMPORT_MS, imports.bare <= BARE_IMPORT_MS)}"
    )


def document(traffic: dict[str, object], runs: Sequence[Run], imports: ImportTimes) -> dict[str, Any]:
    """Return all of it as data; the runs without their books."""
    return {
        "traffic": traffic,
        "rows": rows(runs),
        "targets": verdicts(runs),
        "imports": {**msgspec.to_builtins(imports), "ratio": imports.ratio},
        "runs": [_plain(run) for run in runs],
    }


def _plain(run: Run) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(run)
    if run.sample is not None:
        del plain["sample"]["books"]
        plain["us_per_message"] = us_per_message(run.sample)
    return {**plain, "counts": run.counts, "disturbed": run.disturbed}
