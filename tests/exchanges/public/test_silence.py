"""A connection that answers pings and sends no data."""

from math import inf

import pytest

from feedtree.exchanges.public.silence import ENOUGH, LEAST, REST, Silence


def fed(interval: float, count: int = ENOUGH) -> tuple[Silence, float]:
    silence = Silence(0.0)
    now = 0.0
    for _ in range(count):
        now += interval
        silence.heard(now)
    return silence, now


def test_nothing_is_a_fault_before_the_interval_is_known() -> None:
    """A quiet market is no fault."""
    silence, _ = fed(1.0, ENOUGH - 1)
    assert silence.deadline() == inf


def test_a_busy_stream_is_in_doubt_in_under_two_seconds() -> None:
    """With a usual interval under 0.15 s silence is found after the least time."""
    silence, now = fed(0.1)
    assert silence.deadline() == now + LEAST


def test_a_slow_stream_gets_ten_times_its_interval() -> None:
    """The limit follows what is usual for this connection."""
    silence, now = fed(6.5)
    assert silence.deadline() == now + 65.0


def test_a_stream_that_was_ended_for_nothing_gets_more_patience() -> None:
    """Of the least time as of the usual interval."""
    for interval, limit in ((0.1, LEAST), (6.5, 65.0)):
        silence, now = fed(interval)
        silence.patience = 4.0
        assert silence.deadline() == now + 4.0 * limit


def test_bursts_that_follow_closely_count_as_one() -> None:
    """A flood within a few milliseconds does not make the usual interval look short."""
    silence = Silence(0.0)
    now = 0.0
    for _ in range(ENOUGH):
        for _ in range(5):
            now += 0.001
            silence.heard(now)
        now += 1.0
        silence.heard(now)
    assert silence.deadline() >= now + 9.0


def test_a_pause_of_our_own_begins_the_silence_anew() -> None:
    """When the app blocked the loop the venue is innocent."""
    silence, _ = fed(0.1)
    silence.moved(100.0)
    assert silence.deadline() == 100.0 + LEAST


def test_there_is_a_rest_where_the_line_stands_still_or_stood_still() -> None:
    """A quarter of a second counts; data end it."""
    silence, now = fed(0.1)
    assert silence.deadline(still=True) == now + LEAST + REST
    silence.stood_still(0.2)
    assert silence.deadline() == now + LEAST
    silence.stood_still(0.25)
    silence.stood_still(0.1)
    assert silence.deadline() == now + LEAST + REST
    silence.heard(now + 1.0)
    assert silence.deadline() == now + 1.0 + LEAST
    silence.stood_still(1.0)
    silence.moved(now + 2.0)
    assert silence.deadline() == now + 2.0 + LEAST


def test_a_rest_that_was_needed_is_not_given_again_soon() -> None:
    """Once within ten seconds; one that was not needed costs nothing."""
    silence, now = fed(0.1)
    silence.stood_still(0.5)
    silence.heard(now := now + 1.4)
    assert silence.deadline(still=True) == now + LEAST + REST
    silence.heard(now := now + 1.6)
    assert silence.deadline(still=True) == now + LEAST
    for _ in range(84):
        silence.heard(now := now + 0.1)
    assert silence.deadline(still=True) == now + LEAST
    silence.heard(now := now + 0.2)
    assert silence.deadline(still=True) == now + LEAST + REST


def test_a_market_that_calms_down_is_given_time_as_soon_as_most_samples_say_so() -> None:
    """Each slow interval is looked at, although quick ones are only now and then."""
    silence, now = fed(0.05, 64)
    assert silence.deadline() == now + LEAST
    for _ in range(33):
        now += 1.0
        silence.heard(now)
    assert silence.deadline() == pytest.approx(now + 10.0)
