"""What an actor counts and measures: named counters, and histograms that can be merged."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, zip_longest
from operator import add
from typing import Any

_SUB_BITS = 6  # 64 buckets to a power of two: a bucket is at most 1/64 of its value wide
_SUB_COUNT = 1 << _SUB_BITS
_PERCENTILES = (50.0, 90.0, 99.0, 99.9)
# The buckets of a power of two are a row; those of all values below 64 are the first. A row has narrow counts, and
# wide ones once one needs them.
_NARROW, _WIDE = "H", "Q"
_NARROW_MOST = 65_535
_EMPTY = array(_NARROW, [0] * _SUB_COUNT)


def _middle(row: int, place: int) -> int:
    """Return the value in the middle of a bucket."""
    if row <= 1:
        return (row << _SUB_BITS) + place
    shift = row - 1
    return ((place | _SUB_COUNT) << shift) + (1 << shift >> 1)


def _place(value: int) -> tuple[int, int]:
    """Return the row of a value and its bucket there; `Histogram.record` does the same by itself."""
    row = value.bit_length() - _SUB_BITS
    return (row, (value >> row - 1) - _SUB_COUNT) if row > 0 else (0, value)


class Histogram:
    """A log-linear histogram of non-negative integers, nanoseconds by convention.

    Values below 128 are exact, larger ones fall into buckets at most 1/64 of their value wide, so a
    percentile is off by less than 0.8 %. Sum, lowest and highest are exact. Memory is bounded by the
    range of the values, not by their number: 208 bytes for each power of two that was met, 592 where one of its
    64 buckets counts more than 65,535.

    Attributes:
        sum: of all recorded values.
        lowest: the least value, None before the first; it alone shows a negative one (a clock that is
            behind), which is otherwise counted as 0.
        highest: the greatest value, None before the first.
    """

    __slots__ = ("_rows", "highest", "lowest", "sum")

    def __init__(self) -> None:
        self._rows: dict[int, array[int]] = {}  # its number -> how many values in each of its buckets
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
        row = value_ns.bit_length() - _SUB_BITS
        place = (value_ns >> row - 1) - _SUB_COUNT if row > 0 else value_ns
        try:
            self._rows[row if row > 0 else 0][place] += count
        except (KeyError, OverflowError):
            self._make_room(*_place(value_ns), count)

    def _make_room(self, number: int, place: int, count: int) -> None:
        """Count values where there is no row for them yet, or one that is too narrow."""
        row = self._rows.get(number, _EMPTY)
        wide = row[place] + count > _NARROW_MOST
        row = self._rows[number] = array(_WIDE if wide else _NARROW, row)
        row[place] += count

    @property
    def count(self) -> int:
        """How many values were recorded."""
        return sum(map(sum, self._rows.values()))

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
        numbers, seen = self._summed()
        return tuple(self._ranked(q, numbers, seen, self.lowest, self.highest) for q in qs)

    def _summed(self) -> tuple[list[int], list[int]]:
        """Return the numbers of the rows in order, and for each of their buckets how many values are in it or below."""
        numbers = sorted(self._rows)
        return numbers, list(accumulate(chain.from_iterable(map(self._rows.__getitem__, numbers))))

    def _ranked(self, q: float, numbers: list[int], seen: list[int], lowest: int, highest: int) -> int:
        rank = q / 100.0 * seen[-1]
        if q == 0.0:
            return lowest
        if rank > seen[-1] - 1:
            return highest
        row, place = divmod(bisect_left(seen, rank), _SUB_COUNT)
        return min(max(_middle(numbers[row], place), lowest), highest)

    def cumulative(self, bounds_ns: Sequence[int]) -> list[int]:
        """Return how many values are at most each of these bounds.

        A bound that falls into a bucket leaves all of it out: values up to 1/64 below the bound may be missing.

        Args:
            bounds_ns: in rising order, 0 or more each.

        Returns:
            A count for each bound, none less than the one before it; `count` is that of all values.
        """
        numbers, seen = self._summed()
        found = []
        for bound in bounds_ns:
            number, place = _place(bound + 1)
            row = bisect_left(numbers, number)
            held = row < len(numbers) and numbers[row] == number
            below = row * _SUB_COUNT + (place if held else 0)  # so many buckets end below it
            found.append(seen[below - 1] if below else 0)
        return found

    def copy(self) -> "Histogram":
        """Return another histogram with the same values."""
        other = Histogram()
        other._rows = {number: row[:] for number, row in self._rows.items()}
        other.sum, other.lowest, other.highest = self.sum, self.lowest, self.highest
        return other

    def merge(self, other: "Histogram") -> None:
        """Add all that another histogram recorded to this one; the other stays as it is."""
        for number, theirs in other._rows.items():
            ours = self._rows.get(number)
            if ours is None:
                self._rows[number] = theirs[:]
            else:
                self._rows[number] = array(_WIDE, map(add, ours, theirs))
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
            **{f"p{q:g}": found for q, found in zip_longest(_PERCENTILES, self.percentiles(*_PERCENTILES))},
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
