"""From times of sending and of arriving to the figures of a run."""

from collections.abc import Sequence
from math import ceil

from msgspec import Struct


class Latency(Struct, frozen=True):
    """From send to consumer, µs.

    Args:
        messages: how many were measured.
        mean: average.
        p50: half of them were as fast.
        p99: 99 of 100 were as fast.
        p999: 999 of 1,000 were as fast.
        most: the slowest.
    """

    messages: int
    mean: float
    p50: float
    p99: float
    p999: float
    most: float


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the least value that so much of all values do not exceed (the nearest rank).

    Args:
        ordered: ascending, at least one.
        share: over 0, up to 1.

    Raises:
        ValueError: there are no values, or the share is none.
    """
    if not ordered or not 0 < share <= 1:
        raise ValueError(f"no percentile {share:g} of {len(ordered)} values")
    return ordered[ceil(share * len(ordered)) - 1]


def latency(sent_ns: Sequence[int], arrived_ns: Sequence[int], warm: int) -> Latency:
    """Return the figures of a run.

    Args:
        sent_ns: by message.
        arrived_ns: by message, on the same clock.
        warm: so many messages at the beginning do not count.

    Raises:
        ValueError: not as many arrived as were sent, or one before it was sent: then these are no times of one run.
    """
    if len(sent_ns) != len(arrived_ns):
        raise ValueError(f"{len(arrived_ns)} of {len(sent_ns)} messages arrived")
    took = sorted((arrived_ns[at] - sent_ns[at]) / 1e3 for at in range(warm, len(sent_ns)))
    if took and took[0] < 0:
        raise ValueError(f"a message arrived {-took[0]:.0f} µs before it was sent")
    return Latency(
        messages=len(took),
        mean=sum(took) / len(took),
        p50=percentile(took, 0.5),
        p99=percentile(took, 0.99),
        p999=percentile(took, 0.999),
        most=took[-1],
    )
