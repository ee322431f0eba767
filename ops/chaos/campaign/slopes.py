"""Whether something grows: the Theil-Sen slope of a series and its 95 % interval. Pure."""

from collections.abc import Sequence
from itertools import combinations
from math import sqrt
from statistics import median

from msgspec import Struct

MOST = 300  # points that are compared pair by pair; more are thinned to medians of neighbours
WARM_UP = 0.2  # share of the time that is left out at the begin
_Z = 1.96  # 95 %


class Slope(Struct, frozen=True):
    """A slope.

    Args:
        value: the median of the slopes of all pairs.
        low: where its 95 % interval begins (Sen 1968).
        high: where it ends.
    """

    value: float
    low: float
    high: float

    @property
    def flat(self) -> bool:
        """Whether the interval contains 0."""
        return self.low <= 0 <= self.high


def slope(points: Sequence[tuple[float, float]]) -> Slope | None:
    """Return the slope of a series; None where there are too few points to tell.

    Args:
        points: x and y, by x.
    """
    thinned = _thinned(points)
    slopes = sorted((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(thinned, 2) if x2 > x1)
    if len(thinned) < 5 or not slopes:
        return None
    count = len(thinned)
    spread = _Z * sqrt(count * (count - 1) * (2 * count + 5) / 18)
    last = len(slopes) - 1
    low, high = round((len(slopes) - spread) / 2), round((len(slopes) + spread) / 2)
    return Slope(median(slopes), slopes[min(max(low, 0), last)], slopes[min(max(high, 0), last)])


def warmed_up(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Return the points behind the warm-up."""
    if not points:
        return points
    begin = points[0][0] + WARM_UP * (points[-1][0] - points[0][0])
    return [point for point in points if point[0] >= begin]


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    size = -(-len(points) // MOST)
    if size <= 1:
        return points
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(median(x for x, _ in group), median(y for _, y in group)) for group in groups]
