"""What a soak came to: slopes with their intervals, charts, and whether the target was reached."""

from collections.abc import Callable, Iterator, Sequence
from math import inf

from msgspec import Struct

from feedtree.ops.chaos.campaign.chart import Points, chart, svg
from feedtree.ops.chaos.campaign.holdings import Holding
from feedtree.ops.chaos.campaign.slopes import Slope, slope, warmed_up
from feedtree.ops.chaos.campaign.soak import Sample, Soaked
from feedtree.ops.chaos.campaign.table import render

MESSAGES, RECONNECTS = 2_000_000, 500  # of which a verdict needs so many
MOST_KIB = 1.0  # per 1,000 messages


class Series(Struct, frozen=True):
    """One thing that was looked at.

    Args:
        title: of its chart.
        unit: of its slope.
        points: over the time, for the chart.
        slope: behind the warm-up; None where there were too few looks.
        flat: whether the interval of its slope has to contain 0.
        most: where that interval has to end below; infinity for anywhere.
    """

    title: str
    unit: str
    points: Points
    slope: Slope | None
    flat: bool = False
    most: float = inf

    @property
    def grows(self) -> bool:
        """Whether its slope is not as it has to be."""
        if self.slope is None:
            return False
        return (self.flat and not self.slope.flat) or self.slope.high >= self.most


def series_of(soaked: Soaked) -> list[Series]:
    """Return all that was looked at."""
    memory, beyond = "resident memory, KiB", "resident memory beyond what is kept on purpose, KiB"
    before = "resident memory before what is free was given back, KiB"
    unit = "KiB per 1,000 messages"
    return [
        _series(soaked, memory, unit, lambda each: each.rss_kib, most=MOST_KIB),
        _series(soaked, before, unit, lambda each: each.before_kib),
        _series(soaked, beyond, unit, _beyond_kept, flat=True, most=MOST_KIB),
        _series(soaked, "allocated blocks", "per 1,000 messages", lambda each: each.blocks),
        _series(soaked, "tasks", "per 1,000 messages", lambda each: each.tasks, flat=True),
        _series(soaked, "descriptors", "per 1,000 messages", lambda each: each.descriptors, flat=True),
        _series(soaked, "latency, ms", "ms per 1,000 messages", _latency),
    ]


def long_enough(soaked: Soaked) -> bool:
    """Whether there were enough messages and reconnects for a verdict."""
    messages = soaked.samples[-1].messages - soaked.samples[0].messages if soaked.samples else 0
    return messages >= MESSAGES and soaked.reconnects >= RECONNECTS


def missed(soaked: Soaked) -> list[str]:
    """Return what is not as it has to be, a sentence each."""
    found = list(soaked.wrong)
    counts = {"lost": soaked.lost, "doubled": soaked.doubled, "diverged": soaked.diverged}
    found += [f"{count} {what}" for what, count in counts.items() if count]
    if long_enough(soaked):
        for series in series_of(soaked):
            if series.slope is not None and series.grows:
                found.append(f"{series.title} grows: {_spelled(series.slope, series.unit)}")
    return found


def told(soaked: Soaked) -> str:
    """Return all of it as text."""
    return "\n\n".join(_parts(soaked))


def drawn(soaked: Soaked) -> str:
    """Return the series as SVG."""
    return svg([(series.title, series.points) for series in series_of(soaked)])


def _parts(soaked: Soaked) -> Iterator[str]:
    if soaked.rows:
        yield f"the last faults:\n{render(soaked.rows)}"
    for series in series_of(soaked) if soaked.samples else ():
        yield chart(series.title, series.points)
    if soaked.samples:
        yield "\n".join(_slopes(series_of(soaked)))
    if soaked.holdings:
        yield "\n".join(_holdings(soaked.holdings))
    for trace in soaked.traces:
        lines = "\n".join(f"  {place}" for place in trace.places)
        yield f"allocated after {trace.reconnects} reconnects: {trace.grown_kib:+.0f} KiB since the last look\n{lines}"
    yield _verdict(soaked)


def _slopes(series: Sequence[Series]) -> Iterator[str]:
    yield "slopes behind a warm-up of 20 %, with their 95 % intervals:"
    for each in series:
        shown = "too few looks" if each.slope is None else _spelled(each.slope, each.unit)
        yield f"  {each.title}: {shown}"


def _holdings(found: Sequence[Holding]) -> Iterator[str]:
    yield "what all streams together keep, and how much at most:"
    for each in found:
        yield f"  {each.what}: {each.count:,} of {each.most:,}"


def _verdict(soaked: Soaked) -> str:
    messages = soaked.samples[-1].messages if soaked.samples else 0
    wrong = missed(soaked)
    lines = [
        f"{sum(soaked.faults.values())} faults, {soaked.reconnects} reconnects, {messages:,} messages; "
        f"{soaked.trades:,} trades told, {soaked.passed:,} passed in gaps of the ledger, {soaked.fills:,} fills; "
        f"{soaked.lost} lost, {soaked.doubled} doubled, {soaked.diverged} books diverged",
        *wrong,
    ]
    if soaked.interrupted:
        lines.append(
            "it was broken off" if soaked.samples else "it was broken off before anything was measured"
        )
    if not long_enough(soaked):
        lines.append(
            f"too short to judge slopes: that takes {MESSAGES:,} messages and {RECONNECTS} reconnects"
        )
    elif not wrong:
        lines.append("nothing grows")
    return "\n".join(lines)


def _series(
    soaked: Soaked,
    title: str,
    unit: str,
    value: Callable[[Sample], float | None],
    *,
    flat: bool = False,
    most: float = inf,
) -> Series:
    looks = [
        (sample, found) for sample in soaked.samples if (found := value(sample)) is not None and found >= 0
    ]
    by_messages = [(sample.messages / 1_000, found) for sample, found in looks]
    points = [(sample.at_s, found) for sample, found in looks]
    return Series(title, unit, points, slope(warmed_up(by_messages)), flat, most)


def _beyond_kept(sample: Sample) -> float | None:
    return None if sample.rss_kib < 0 else sample.rss_kib - sample.kept_kib


def _latency(sample: Sample) -> float | None:
    return None if sample.latency_s is None else sample.latency_s * 1e3


def _spelled(found: Slope, unit: str) -> str:
    return f"{found.value:+.4f} {unit}, {found.low:+.4f} to {found.high:+.4f}"
