import json
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.actors.meters import Histogram, Meters

BOUNDS = [0, 1, 63, 64, 127, 128, 1_000, 4_095, 4_096, 10**6, 10**9, 2**49]
VALUES = st.lists(st.integers(0, 2**50), min_size=1, max_size=200)


def histogram_of(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


def test_an_empty_histogram_has_no_values() -> None:
    """Nothing recorded is told as None, not as 0."""
    histogram = Histogram()
    assert (histogram.count, histogram.sum, histogram.mean) == (0, 0, None)
    assert (histogram.lowest, histogram.highest, histogram.percentile(50)) == (None, None, None)


@given(values=VALUES, q=st.floats(0, 100))
def test_a_percentile_is_off_by_less_than_a_hundredth(values: list[int], q: float) -> None:
    """Buckets are 1/64 of their value wide, so a percentile lies within 0.8 % of the true one."""
    histogram = histogram_of(values)
    values.sort()
    rank = max(1, -(-int(q * len(values) * 1_000_000) // 100_000_000))
    candidates = values[max(0, rank - 2) : rank + 1]  # rounding of q may move the rank by one
    told = histogram.percentile(q)
    assert told is not None
    assert any(abs(told - value) <= value * 0.008 for value in candidates)


@given(values=VALUES)
def test_count_sum_mean_and_extremes_are_exact(values: list[int]) -> None:
    """Only percentiles are approximate."""
    histogram = histogram_of(values)
    assert histogram.count == len(values)
    assert histogram.sum == sum(values)
    assert histogram.mean == sum(values) / len(values)
    assert histogram.percentile(0) == histogram.lowest == min(values)
    assert histogram.percentile(100) == histogram.highest == max(values)


@given(first=VALUES, second=VALUES)
def test_merging_equals_recording_into_one(first: list[int], second: list[int]) -> None:
    """Histograms of several actors add up without loss."""
    merged = histogram_of(first)
    merged.merge(histogram_of(second))
    assert merged.to_dict() == histogram_of(first + second).to_dict()


@given(values=VALUES, qs=st.lists(st.floats(0, 100), max_size=4))
def test_several_percentiles_are_those_that_are_asked_for_one_by_one(
    values: list[int], qs: list[float]
) -> None:
    """They cost one look at the buckets instead of several."""
    histogram = histogram_of(values)
    assert histogram.percentiles(*qs) == tuple(histogram.percentile(q) for q in qs)
    assert Histogram().percentiles(*qs) == ()


@given(values=VALUES, bounds=st.lists(st.integers(0, 2**51), max_size=20))
def test_cumulative_counts_are_off_by_a_bucket_at_most(values: list[int], bounds: list[int]) -> None:
    """Nothing above a bound is counted as at most it; what lies below it by more than 1/64 is."""
    bounds.sort()
    told = histogram_of(values).cumulative(bounds)
    assert told == sorted(told)
    for bound, count in zip(bounds, told, strict=True):
        assert sum(value <= bound * 63 / 64 - 1 for value in values) <= count
        assert count <= sum(value <= bound for value in values)


@given(values=VALUES, more=VALUES, bounds=st.lists(st.integers(0, 2**51), max_size=5))
def test_cumulative_counts_never_fall(values: list[int], more: list[int], bounds: list[int]) -> None:
    """Whoever takes rates of them would see a fall as a new beginning."""
    bounds.sort()
    histogram = histogram_of(values)
    before = histogram.cumulative(bounds)
    for value in more:
        histogram.record(value)
    assert all(old <= new for old, new in zip(before, histogram.cumulative(bounds), strict=True))


def test_a_copy_goes_its_own_way() -> None:
    """It has the same values, and gets no more of them."""
    histogram = histogram_of([5, 700])
    copy = histogram.copy()
    histogram.record(9)
    assert copy.to_dict() == histogram_of([5, 700]).to_dict()


def test_merging_with_an_empty_histogram_changes_nothing() -> None:
    """An actor that measured nothing adds nothing."""
    histogram = histogram_of([5, 7])
    before = histogram.to_dict()
    histogram.merge(Histogram())
    assert histogram.to_dict() == before


def test_a_count_records_a_value_several_times() -> None:
    """One call can stand for a whole burst."""
    histogram = Histogram()
    histogram.record(1_000, count=64)
    assert (histogram.count, histogram.sum) == (64, 64_000)


def test_a_negative_value_counts_as_zero_and_is_the_lowest() -> None:
    """A venue's clock ahead of ours shows, and does no harm."""
    histogram = histogram_of([-5, 10])
    assert (histogram.lowest, histogram.sum, histogram.count) == (-5, 10, 2)


def test_memory_is_bounded_by_the_range_of_values() -> None:
    """A million different values take no more than the least and the greatest of each power of two."""
    rng = random.Random(1)
    ends = [end for power in range(40) for end in (2**power, 2 ** (power + 1) - 1)]
    tracemalloc.start()
    few, held = histogram_of([0, *ends]), tracemalloc.get_traced_memory()[0]
    many = histogram_of([*ends, *(rng.randrange(2**40) for _ in range(20_000))])
    grown = tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    assert few.count == 81
    assert many.count == 20_080
    assert grown < 1.2 * held < 15_000


def test_counts_grow_without_bound() -> None:
    """Beyond 16 bits by ones or at once, beside others that stay as they are."""
    histogram = histogram_of([1_000, 1_020])
    histogram.record(1_000, count=65_534)
    assert histogram.count == 65_536
    histogram.record(1_000)
    assert histogram.count == 65_537
    histogram.record(1_000, count=2**40)
    histogram.record(5, count=2**33)
    assert histogram.count == 65_537 + 2**40 + 2**33
    assert histogram.percentiles(0.1, 50, 100) == (5, 1_004, 1_020)
    other = histogram_of([1_000])
    other.merge(histogram)
    other.merge(histogram)
    assert other.count == 1 + 2 * histogram.count


@given(st.lists(st.tuples(st.integers(-2, 2**50), st.integers(1, 200_000)), max_size=30))
def test_every_value_is_where_it_belongs(values: list[tuple[int, int]]) -> None:
    """Counts by bound, as a sorted list has them, to 1/64."""
    histogram = Histogram()
    for value, count in values:
        histogram.record(value, count)
    assert histogram.count == sum(count for _, count in values)
    for bound, found in zip(BOUNDS, histogram.cumulative(BOUNDS), strict=True):
        surely = sum(count for value, count in values if value <= bound * 63 // 64 - 1)
        assert surely <= found <= sum(count for value, count in values if value <= bound)


@pytest.mark.parametrize("q", [-1, 100.1])
def test_a_percentile_outside_the_range_is_refused(q: float) -> None:
    """A mistyped percentile is named, not answered."""
    with pytest.raises(ValueError, match="between 0 and 100"):
        Histogram().percentile(q)


def test_the_figures_are_ready_for_json() -> None:
    """Reports take the dictionary as it is."""
    told = json.loads(json.dumps(histogram_of([1, 2, 3]).to_dict()))
    assert told == {
        "count": 3,
        "sum": 6,
        "mean": 2.0,
        "lowest": 1,
        "highest": 3,
        "p50": 2,
        "p90": 3,
        "p99": 3,
        "p99.9": 3,
    }


def test_a_histogram_prints_its_middle() -> None:
    """A person in a debugger sees what matters."""
    assert repr(histogram_of([7])) == "<Histogram of 1: p50 7 highest 7>"


def test_meters_come_into_being_at_first_use() -> None:
    """Nothing is declared; the same name gives the same histogram."""
    meters = Meters()
    meters.count("gaps")
    meters.count("gaps", 2)
    meters.counters["frames"] += 1
    meters.histogram("latency").record(10)
    assert meters.histogram("latency").count == 1
    assert meters.to_dict()["counters"] == {"gaps": 3, "frames": 1}
    assert meters.to_dict()["histograms"]["latency"]["count"] == 1


def test_meters_merge_by_name() -> None:
    """The figures of a venue are those of its shards together."""
    one, other = Meters(), Meters()
    one.count("gaps")
    other.count("gaps")
    other.histogram("latency").record(10)
    one.merge(other)
    assert one.counters["gaps"] == 2
    assert one.histogram("latency").count == 1
    assert other.counters["gaps"] == 1
