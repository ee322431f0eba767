"""What a campaign prints: a line for each seed with what did not hold, and a summary with the cuts by point."""

from collections.abc import Sequence

from feedtree.ops.campaign.cuts import Point
from feedtree.ops.campaign.run import Result


def told(result: Result) -> str:
    """Return one seed's line, and one more for each sentence that did not hold."""
    verdict = "held" if not result.broken else f"{len(result.broken)} BROKEN"
    line = (
        f"{result.venue} seed {result.seed}: {result.placed} orders, {result.others} other calls, "
        f"{result.fills} fills, {result.disturbances} disturbances, cuts: {_by_point([result])}: {verdict}"
    )
    return "\n  ".join((line, *result.broken))


def summary(results: Sequence[Result]) -> str:
    """Return what all of them came to."""
    cuts = sum(result.cuts + sum(result.points.values()) for result in results)
    return (
        f"{len(results)} seeds run, {sum(result.placed for result in results)} orders, "
        f"{sum(result.fills for result in results)} fills, "
        f"{sum(result.disturbances for result in results)} disturbances, "
        f"{cuts} cuts made, "
        f"{sum(len(result.broken) for result in results)} invariants broken\n"
        f"cuts by point: {_by_point(results)}"
    )


def _by_point(results: Sequence[Result]) -> str:
    """Return where connections were cut, and how often; a point that no venue here has is left out."""
    counts = {"anywhere": sum(result.cuts for result in results)}
    for point in Point:
        if any(point in result.points for result in results):
            counts[point] = sum(result.points.get(point, 0) for result in results)
    return ", ".join(f"{times} {point}" for point, times in counts.items())
