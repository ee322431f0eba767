"""How some durations are spread. Pure."""

from collections.abc import Iterable, Sequence
from math import ceil

from msgspec import Struct

ENOUGH = 100  # samples from which on a 99th percentile says something


class Spread(Struct, frozen=True):
    """Some durations in seconds; the 99th percentile is None where there are fewer than `ENOUGH`."""

    p50: float
    p99: float | None
    max: float


def spread(values: Iterable[float]) -> Spread | None:
    """Return how values are spread; None where there are none."""
    ordered = sorted(values)
    if not ordered:
        return None
    return Spread(
        _quantile(ordered, 0.5), _quantile(ordered, 0.99) if len(ordered) >= ENOUGH else None, ordered[-1]
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[max(ceil(share * len(ordered)), 1) - 1]
