"""What an actor counts and measures: named counters, and histograms that can be merged."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

_SUB_BITS = 6  # 64 buckets to a power of two: a bucket is at most 1/64 of its value wide
_SUB_COUNT = 1 << _SUB_BITS
_LINEAR_LIMIT = _SUB_COUNT << 1  # below it every integer has a bucket of its own
_PERCENTILES = (50.0, 90.0, 99.0, 99.9)
# One number for each bucket, shared by all histograms: what is recorded once takes no memory for its key.
_BUCKETS = tuple(range(_SUB_COUNT * (64 - _SUB_BITS)))


def _middle(bucket: int) -> int:
    """Return the value in the middle of a bucket."""
    if bucket < _LINEAR_LIMIT:
        return bucket
    shift = (bucket >> _SUB_BITS) - 1
    return (((bucket & (_SUB_COUNT - 1)) | _SUB_COUNT) << shift) + (1 << shift >> 1)


def _bucket(value: int) -> int:
    """Return the bucket of a value; `Histogram.record` does the same by itself."""
    if value < _LINEAR_LIMIT:
        return value
    shift = value.bit_length() - _SUB_BITS - 1
    return (shift << _SUB_BITS) + (value >> shift)


class Histogram:
    """A log-linear histogram of non-negative integers, nanoseconds by convention.

    Values below 128 are exact, larger ones fall into buckets at most 1/64 of their value wide, so a
    percentile is off by less than 0.8 %. Sum, lowest and highest are exact. Memory is bounded by the
    range of the values (64 buckets for each power of two), not by their number.

    Attributes:
        sum: of all recorded values.
        lowest: the least value, None before the first; it alone shows a negative one (a clock that is
            behind), which is otherwise counted as 0.
        highest: the greatest value, None before the first.
    """

    __slots__ = ("_buckets", "_order", "highest", "lowest", "sum")

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}  # bucket -> how many values
        self._order: list[int] = []  # the buckets in order, as they were when somebody last asked
        self.sum = 0
        self.lowest: int | None = None
        self.highest: int | None = None

    def record(self, value_ns: int, count: int = 1) -> None:
        """Record a value, ``count`` times."""
        if self.highest is None or value_ns > self.highest:
            self.highest = value_ns
        if self.lowest is None or value_ns < self.lowest:
            self.lowest = value_ns
        if value_ns < 0:
            value_ns = 0
        self.sum += value_ns * count
        if value_ns >= _LINEAR_LIMIT:
            shift = value_ns.bit_length() - _SUB_BITS - 1
            value_ns = (shift << _SUB_BITS) + (value_ns >> shift)
        buckets = self._buckets
        try:
            buckets[value_ns] += count
        except KeyError:
            buckets[_BUCKETS[value_ns] if value_ns < len(_BUCKETS) else value_ns] = count

    @property
    def count(self) -> int:
        """How many values were recorded."""
        return sum(self._buckets.values())

    @property
    def mean(self) -> float | None:
        """The mean of all values, None before the first."""
        count = self.count
        return self.sum / count if count else None

    def percentile(self, q: float) -> int | None:
        """Return the value that ``q`` per cent of the values do not exceed, None before the first.

        Args:
            q: per cent, 0 to 100; 0 and 100 give the exact lowest and highest.

        Raises:
            ValueError: ``q`` is outside 0 to 100.
        """
        found = self.percentiles(q)
        return found[0] if found else None

    def percentiles(self, *qs: float) -> tuple[int, ...]:
        """Return several percentiles for little more than the price of one; empty before the first value.

        Args:
            qs: per cent, see `percentile`.

        Raises:
            ValueError: one of them is outside 0 to 100.
        """
        for q in qs:
            if not 0.0 <= q <= 100.0:
                raise ValueError(f"a percentile lies between 0 and 100, not at {q}")
        if self.lowest is None or self.highest is None:
            return ()
        order, seen = self._ordered()
        return tuple(self._ranked(q, order, seen, self.lowest, self.highest) for q in qs)

    def _ordered(self) -> tuple[list[int], list[int]]:
        """Return the buckets in order, and with each how many values are in it or below."""
        if len(self._order) != len(self._buckets):  # none ever goes
            self._order = sorted(self._buckets)
        return self._order, list(accumulate(map(self._buckets.__getitem__, self._order)))

    def _ranked(self, q: float, order: list[int], seen: list[int], lowest: int, highest: int) -> int:
        rank = q / 100.0 * seen[-1]
        if q == 0.0:
            return lowest
        if rank > seen[-1] - 1:
            return highest
        return min(max(_middle(order[bisect_left(seen, rank)]), lowest), highest)

    def cumulative(self, bounds_ns: Sequence[int]) -> list[int]:
        """Return how many values are at most each of these bounds.

        A bound that falls into a bucket leaves all of it out: values up to 1/64 below the bound may be missing.

        Args:
            bounds_ns: in rising order, 0 or more each.

        Returns:
            A count for each bound, none less than the one before it; `count` is that of all values.
        """
        order, seen = self._ordered()
        wholly = (
            bisect_left(order, _bucket(bound + 1)) for bound in bounds_ns
        )  # so many buckets end below it
        return [seen[number - 1] if number else 0 for number in wholly]

    def copy(self) -> "Histogram":
        """Return another histogram with the same values."""
        other = Histogram()
        other._buckets, other._order = self._buckets.copy(), self._order
        other.sum, other.lowest, other.highest = self.sum, self.lowest, self.highest
        return other

    def merge(self, other: "Histogram") -> None:
        """Add all that another histogram recorded to this one; the other stays as it is."""
        for bucket, count in other._buckets.items():
            self._buckets[bucket] = self._buckets.get(bucket, 0) + count
        self.sum += other.sum
        self.lowest = min(_present(self.lowest, other.lowest), default=None)
        self.highest = max(_present(self.highest, other.highest), default=None)

    def to_dict(self) -> dict[str, Any]:
        """Return the count, sum, mean, lowest, highest and usual percentiles, ready for JSON."""
        return {
            "count": self.count,
            "sum": self.sum,
            "mean": self.mean,
            "lowest": self.lowest,
            "highest": self.highest,
            **{f"p{q:g}": self.percentile(q) for q in _PERCENTILES},
        }

    def __repr__(self) -> str:
        return f"<Histogram of {self.count}: p50 {self.percentile(50)} highest {self.highest}>"


def _present(*values: int | None) -> Iterable[int]:
    return [value for value in values if value is not None]


class Meters:
    """The named counters and histograms of one actor; a name comes into being at its first use.

    Attributes:
        counters: name -> how often; a `collections.Counter`, so ``meters.counters["gaps"] += 1`` works.
        histograms: name -> histogram.
    """

    __slots__ = ("counters", "histograms")

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self.histograms: dict[str, Histogram] = {}

    def count(self, name: str, number: int = 1) -> None:
        """Add to a counter."""
        self.counters[name] += number

    def histogram(self, name: str) -> Histogram:
        """Return the histogram of that name; keep it where it is recorded often."""
        try:
            return self.histograms[name]
        except KeyError:
            return self.histograms.setdefault(name, Histogram())

    def merge(self, other: "Meters") -> None:
        """Add all of another actor's figures to these; the other's stay as they are."""
        self.counters.update(other.counters)
        for name, histogram in other.histograms.items():
            self.histogram(name).merge(histogram)

    def to_dict(self) -> dict[str, Any]:
        """Return all figures by name, ready for JSON."""
        return {
            "counters": dict(self.counters),
            "histograms": {name: histogram.to_dict() for name, histogram in self.histograms.items()},
        }
