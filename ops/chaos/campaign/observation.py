"""What one fault came to on one line."""

from collections.abc import Sequence

from msgspec import Struct

from feedtree.ops.chaos.campaign.classes import FaultClass, Measure
from feedtree.ops.chaos.campaign.lines import Side
from feedtree.ops.chaos.campaign.outages import Outage
from feedtree.ops.chaos.campaign.starts import Start

_HAMMERED = 20  # attempts after which a stream is taken for flapping


class Observation(Struct, kw_only=True):
    """One line under one fault. Durations are seconds; None where it did not come to that.

    Args:
        number: of the fault in its plan.
        kind: the name of its class.
        line: which.
        venue: the line's.
        side: the line's.
        variant: how it was inflicted.
        at: when it began, since the begin of the campaign.
        measures: what was measured, see `Bound`.
        outages: how many there were.
        reconnects: how many of them another connection ended.
        cause: of the first one.
        diverged: books that were not the venue's.
        wrong: what must not be, in words.
        allowed: seconds that the venue's budgets alone take until its line is up again.
    """

    number: int
    kind: str
    line: str
    venue: str
    side: Side
    variant: int
    at: float
    measures: dict[Measure, float] = {}
    outages: int = 0
    reconnects: int = 0
    cause: str = ""
    diverged: int = 0
    wrong: list[str] = []
    allowed: float = 0.0


class Window(Struct, frozen=True):
    """When a fault was felt on a line (trio times, and the same in UTC ns).

    Args:
        kind: the name of its class.
        begun: when it began.
        due: when it ended, or the pause that the venue asked for.
        over: when it was not waited for any longer.
    """

    kind: str
    begun: float
    due: float
    over: float
    begun_ns: int = 0
    over_ns: int = 0


def judge(
    seen: Observation, kind: FaultClass, window: Window, outages: Sequence[Outage], starts: Sequence[Start]
) -> None:
    """Take the measures of an observation, and note what must not be.

    Args:
        seen: which.
        kind: of the fault.
        window: of the fault on that line.
        outages: of the line since it began.
        starts: connections that were tried since it began.
    """
    seen.outages = len(outages)
    seen.reconnects = sum(outage.reconnected for outage in outages)
    if outages:
        seen.cause = outages[0].cause
        _measure(seen, window, outages, starts)
    if kind.expects == "nothing" and starts:
        seen.wrong.append(f"{len(starts)} restarts where there was nothing to restart for: {seen.cause}")
    if kind.expects == "resync" and starts:
        seen.wrong.append(f"{len(starts)} restarts for a book that needed a resync alone: {seen.cause}")
    if kind.expects == "takeover" and outages:
        seen.wrong.append(f"{len(outages)} outages while another connection took over: {seen.cause}")
    if kind.expects == "reconnect" and not outages:
        seen.wrong.append("the fault was never found")
    if outages and outages[-1].live is None:
        seen.wrong.append(f"not live again {window.over - window.due:.1f} s after its end")


def _measure(seen: Observation, window: Window, outages: Sequence[Outage], starts: Sequence[Start]) -> None:
    first, last = outages[0], outages[-1]
    measures = seen.measures
    measures["found"] = max(first.lost - window.begun, 0.0)
    measures["attempts"] = float(len(starts))
    measures["waited"] = max((start.waited for start in starts[_HAMMERED:]), default=0.0)
    if first.fresh is not None:
        measures["fresh"] = first.fresh - window.begun
        measures["fresh_after"] = max(first.fresh - window.due, 0.0)
    if last.live is not None:
        measures["live"] = last.live - window.begun
        measures["after"] = max(last.live - window.due, 0.0)
        measures["resync"] = last.live - last.lost
