import pytest

from feedtree.ops.bench.latencies import latency, percentile

HUNDRED = [float(number) for number in range(1, 101)]


@pytest.mark.parametrize(
    ("share", "value"), [(0.5, 50.0), (0.99, 99.0), (0.999, 100.0), (1.0, 100.0), (0.001, 1.0)]
)
def test_a_percentile_is_the_nearest_rank(share: float, value: float) -> None:
    """A value that was measured, not one between two."""
    assert percentile(HUNDRED, share) == value


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.1)])
def test_a_percentile_of_nothing_is_refused(values: list[float], share: float) -> None:
    """There is no honest answer."""
    with pytest.raises(ValueError, match="no percentile"):
        percentile(values, share)


def test_messages_of_the_warm_up_do_not_count() -> None:
    """The n-th that arrived is the n-th that was sent."""
    sent = [0, 1_000, 2_000, 3_000]
    found = latency(sent, [900_000, 11_000, 32_000, 23_000], warm=1)
    assert (found.messages, found.mean, found.p50, found.p99, found.most) == (3, 20.0, 20.0, 30.0, 30.0)


def test_times_of_another_run_are_refused() -> None:
    """A message too few, or one that came before it was sent."""
    with pytest.raises(ValueError, match="1 of 2 messages arrived"):
        latency([0, 1], [5], warm=0)
    with pytest.raises(ValueError, match="3 µs before it was sent"):
        latency([0, 4_000], [5, 1_000], warm=0)
