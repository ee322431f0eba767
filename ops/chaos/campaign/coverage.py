"""Whether everything that a venue told was delivered, or passed while the consumer knew that nothing came. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

MARGIN_NS = 150_000_000  # a trade is pushed up to so long after it happened


class Interval(Struct, frozen=True):
    """A time (UTC ns) in which a stream was known to tell nothing; ``end_ns`` is None while it lasts."""

    begin_ns: int
    end_ns: int | None

    def holds(self, at_ns: int) -> bool:
        """Return whether something of that time may be missing."""
        return self.begin_ns - MARGIN_NS <= at_ns and (
            self.end_ns is None or at_ns <= self.end_ns + MARGIN_NS
        )


class Delivered(Struct, frozen=True):
    """What became of what one stream had to tell.

    Args:
        told: how many were delivered.
        passed: how many passed in an interval.
        lost: the times of those that were neither.
        doubled: how many came more than once.
    """

    told: int
    passed: int
    lost: tuple[int, ...]
    doubled: int


def delivered(
    true: Iterable[tuple[str, int]], told: Sequence[str], intervals: Sequence[Interval]
) -> Delivered:
    """Compare what there was with what came.

    Args:
        true: id and time of each, of the time that is looked at.
        told: the ids that came, also earlier or later ones.
        intervals: when the stream was known to tell nothing.
    """
    counts = Counter(told)
    found = passed = 0
    lost: list[int] = []
    for name, at_ns in true:
        if name in counts:
            found += 1
        elif any(interval.holds(at_ns) for interval in intervals):
            passed += 1
        else:
            lost.append(at_ns)
    return Delivered(found, passed, tuple(lost), sum(count - 1 for count in counts.values()))
