"""What must hold over a whole campaign. Pure: each check returns sentences, none where all holds."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from feedtree.exchanges.gaps import Gap
from feedtree.exchanges.private.messages import Fill
from feedtree.ops.campaign.truth import TrueFill
from feedtree.ops.chaos.campaign.footprint import Footprint
from feedtree.ops.chaos.campaign.observation import Window
from feedtree.ops.chaos.campaign.outages import Outage

KEPT_CONNECTIONS = 2  # of REST, that a line may hold or not hold at any time
GROWTH_KIB = 24 * 1024
TAKEN_DOWN_KIB = 0.5  # for each message that a campaign keeps to the end
SLACK_NS = 2 * 10**9  # by which an entry of the ledger may exceed what a consumer saw


def causeless(line: str, outages: Iterable[Outage], windows: Sequence[Window]) -> Iterator[str]:
    """Tell outages of a line that no fault explains."""
    for outage in outages:
        if not any(window.begun <= outage.lost <= window.over for window in windows):
            yield f"{line} was lost though nothing was wrong: {outage.cause}"


def left_behind(before: Footprint, after: Footprint, lines: int, kept: int) -> Iterator[str]:
    """Tell what a campaign left behind in its process.

    Args:
        before: when all lines had been live for the stable spell.
        after: the same, after it.
        lines: how many there are.
        kept: messages that the campaign has taken down.
    """
    if after.tasks > before.tasks:
        yield f"{after.tasks - before.tasks} tasks were left behind"
    if after.descriptors > before.descriptors + KEPT_CONNECTIONS * lines:
        yield f"{after.descriptors - before.descriptors} descriptors were left behind"
    if after.rss_kib > before.rss_kib + GROWTH_KIB + kept * TAKEN_DOWN_KIB:
        yield f"memory grew by {(after.rss_kib - before.rss_kib) / 1024:.0f} MiB"


def fills_apart(told: Iterable[Fill], true: Iterable[TrueFill]) -> tuple[list[int], list[int]]:
    """Return the times (UTC ns) of fills that nobody was told of, and of those that came twice or never were."""
    came, were = (
        [(fill_key(fill), fill.venue_ns) for fill in told],
        [(fill_key(fill), fill.venue_ns) for fill in true],
    )
    return _more(were, came), _more(came, were)


def unledgered(
    line: str, outages: Sequence[Outage], windows: Sequence[Window], gaps: Sequence[Gap]
) -> Iterator[str]:
    """Tell where the ledger of a line's topics and what a consumer saw do not agree, while the line is live.

    Args:
        line: which.
        outages: that a consumer saw.
        windows: of the faults of the line: a gap may reach back to when its fault began, though it was told later.
        gaps: the ledger's, of that line alone.
    """
    begins = [_earliest(outage, windows) for outage in outages]
    for gap in gaps:
        if gap.end_ns is None:
            yield f"{line}: a gap of {gap.key} is open though the line is live: {gap.cause}"
        elif not any(_covers(begin, outage, gap) for begin, outage in zip(begins, outages, strict=True)):
            yield f"{line}: the ledger tells a gap of {gap.key} that nobody saw, or one too long: {gap.cause}"
    yield from missing_in_ledger(line, outages, gaps)


def missing_in_ledger(line: str, outages: Sequence[Outage], gaps: Sequence[Gap]) -> Iterator[str]:
    """Tell outages that are not in the ledger, and entries of it that have no cause."""
    yield from (f"{line}: a gap of {gap.key} has no cause" for gap in gaps if not gap.cause)
    for outage in outages:
        if outage.live is not None and not any(_same(outage, gap) for gap in gaps):
            yield f"{line}: an outage is not in the ledger: {outage.cause}"


def gaps_by_key(gaps: Iterable[Gap]) -> dict[str, list[Gap]]:
    """Return the gaps of each key, in order."""
    found: dict[str, list[Gap]] = {}
    for gap in gaps:
        found.setdefault(gap.key, []).append(gap)
    return found


def by_kind(times: Iterable[int], windows: Iterable[Window]) -> Mapping[str, int]:
    """Return how many of some times fall into faults of each class; what falls into none is under ``""``."""
    known = list(windows)
    return Counter(
        next((each.kind for each in known if each.begun_ns - SLACK_NS <= at <= each.over_ns), "")
        for at in times
    )


def fill_key(fill: Fill | TrueFill) -> tuple[object, ...]:
    """Return what a fill is known by, told or true."""
    return fill.order_id, str(fill.symbol), str(fill.side), fill.price, fill.quantity


def _more(some: Sequence[tuple[Any, int]], others: Sequence[tuple[Any, int]]) -> list[int]:
    """Return the times of what is more often in the first than in the second."""
    spare = Counter(key for key, _ in others)
    found: list[int] = []
    for key, at_ns in some:
        if spare[key]:
            spare[key] -= 1
        else:
            found.append(at_ns)
    return found


def _earliest(outage: Outage, windows: Sequence[Window]) -> int:
    """Return when what an outage is about may have begun (UTC ns)."""
    during = [window.begun_ns for window in windows if window.begun <= outage.lost <= window.over]
    return min((outage.last_ns, *during))


def _covers(begin_ns: int, outage: Outage, gap: Gap) -> bool:
    end_ns = gap.end_ns or 0
    return begin_ns - SLACK_NS <= gap.begin_ns and end_ns <= outage.live_ns + SLACK_NS


def _same(outage: Outage, gap: Gap) -> bool:
    end_ns = gap.end_ns or 0
    return gap.begin_ns <= outage.live_ns and outage.last_ns <= end_ns
