"""How long to wait before the next attempt."""

import math
from random import Random
from typing import Any

import pytest

from feedtree.supervisors import BackoffPolicy, Herd, InvalidSpec
from feedtree.supervisors.backoff import Attempt, Backoff


class Highest(Random):
    """A source of chance that always draws the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


FAILED = Attempt()
REFUSED_UPGRADE = Attempt(connected=True)
USEFUL = Attempt(connected=True, useful_for=10.0)


def waits(backoff: Backoff, attempts: list[Attempt], rng: Random | None = None) -> list[float]:
    return [backoff.after(each, 0.0, rng or Highest()) for each in attempts]


@pytest.mark.row("SUP-068")
def test_the_first_retry_comes_at_once_then_waits_double_up_to_the_cap() -> None:
    """0, then upper bounds of 0.1, 0.2, 0.4, 0.8, 1.6 and from there 2 seconds."""
    assert waits(Backoff(BackoffPolicy()), [FAILED] * 8) == [0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


@pytest.mark.row("SUP-068")
def test_waits_are_drawn_from_zero_to_their_bound() -> None:
    """Full jitter: a wait is anything from nothing to its bound."""
    backoff = Backoff(BackoffPolicy())
    drawn = waits(backoff, [FAILED] * 500, Random(1))[6:]
    assert min(drawn) < 0.1
    assert 1.9 < max(drawn) <= 2.0


def test_many_failures_do_not_overflow() -> None:
    """The doubling is bounded, however long an outage lasts."""
    assert waits(Backoff(BackoffPolicy()), [FAILED] * 5000)[-1] == 2.0


@pytest.mark.row("SUP-068")
def test_only_ten_seconds_of_useful_data_reset_it() -> None:
    """Useful data for less than 10 s, or a mere connection, is no success."""
    backoff = Backoff(BackoffPolicy())
    waits(backoff, [FAILED] * 4)
    short = Attempt(connected=True, useful_for=9.9)
    assert waits(backoff, [short, REFUSED_UPGRADE]) == [0.8, 1.6]
    assert waits(backoff, [USEFUL, FAILED]) == [0.0, 0.1]


def test_streams_that_fall_together_do_not_come_back_in_one_instant() -> None:
    """The first retry gets up to 50 ms of jitter only where another of the herd fell just before."""
    herd = Herd()
    policy = BackoffPolicy(herd=herd)
    one, other, later = Backoff(policy), Backoff(policy), Backoff(policy)
    assert one.after(FAILED, 100.0, Highest()) == 0.0
    assert other.after(FAILED, 100.1, Highest()) == 0.05
    assert later.after(FAILED, 101.0, Highest()) == 0.0


def test_retries_that_fail_are_no_falls() -> None:
    """A stream that stays away does not put off the first retry of another one."""
    policy = BackoffPolicy(herd=Herd())
    away, other = Backoff(policy), Backoff(policy)
    away.after(FAILED, 100.0, Highest())
    away.after(FAILED, 101.0, Highest())
    assert other.after(FAILED, 101.1, Highest()) == 0.0


def test_a_throttled_stream_waits_as_long_as_it_was_told() -> None:
    """The stated pause is the least wait, also for the first retry."""
    told = Attempt(throttled=True, retry_after=7.0)
    assert waits(Backoff(BackoffPolicy()), [told, told]) == [7.0, 7.0]


def test_a_throttled_stream_waits_a_minute_and_doubles_where_nothing_is_stated() -> None:
    """60, 120, 240 seconds up to an hour; another kind of failure in between starts over."""
    mute = Attempt(throttled=True)
    backoff = Backoff(BackoffPolicy())
    assert waits(backoff, [mute, mute, mute]) == [60.0, 120.0, 240.0]
    assert waits(backoff, [mute] * 10)[-1] == 3600.0
    assert waits(backoff, [FAILED, mute])[-1] == 60.0


@pytest.mark.row("SUP-068")
def test_twenty_connections_without_useful_data_are_flapping() -> None:
    """The cap rises to 30 s then, and falls back with a second of useful data."""
    backoff = Backoff(BackoffPolicy())
    waits(backoff, [REFUSED_UPGRADE] * 19)
    assert not backoff.flapping
    assert waits(backoff, [REFUSED_UPGRADE]) == [30.0]
    assert backoff.flapping
    waits(backoff, [Attempt(connected=True, useful_for=1.0)])
    assert not backoff.flapping


@pytest.mark.row("SUP-068")
def test_useful_data_for_a_moment_does_not_hide_flapping() -> None:
    """A peer that accepts, sends a little and closes is not stormed; a second of data is no flapping."""
    backoff = Backoff(BackoffPolicy())
    moment = Attempt(connected=True, useful_for=0.9)
    assert waits(backoff, [moment] * 20)[-1] == 30.0
    assert backoff.flapping
    waits(backoff, [Attempt(connected=True, useful_for=1.0)])
    assert not backoff.flapping


def test_a_policy_that_forgets_sooner_has_no_longer_moments() -> None:
    """What is enough to forget every failure is no flapping either."""
    backoff = Backoff(BackoffPolicy(reset_after=0.5))
    assert waits(backoff, [FAILED, Attempt(connected=True, useful_for=0.5)]) == [0.0, 0.0]
    assert not backoff.flapping


def test_attempts_without_a_connection_do_not_count_as_flapping() -> None:
    """An exchange that is down is not a stream that flaps, and does not clear one either."""
    backoff = Backoff(BackoffPolicy())
    waits(backoff, [FAILED] * 50)
    assert not backoff.flapping
    waits(backoff, [REFUSED_UPGRADE, FAILED] * 20)
    assert backoff.flapping


@pytest.mark.row("SUP-068")
def test_a_reset_forgets_everything() -> None:
    """After a restart by hand the next retry comes at once."""
    backoff = Backoff(BackoffPolicy())
    waits(backoff, [REFUSED_UPGRADE] * 25)
    backoff.reset()
    assert waits(backoff, [FAILED]) == [0.0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("initial", -1),
        ("cap", math.inf),
        ("cap", True),
        ("throttle", "60"),
        ("flapping_after", 0),
        ("flapping_after", 1.5),
        ("flapping_after", True),
        ("herd", 0.25),
    ],
)
def test_a_policy_that_cannot_work_is_refused_by_name(field: str, value: object) -> None:
    """The error names the field and the value."""
    with pytest.raises(InvalidSpec, match=f"BackoffPolicy.{field}") as caught:
        BackoffPolicy(**{field: value})
    assert caught.value.value == value


@pytest.mark.parametrize("window", [-1, True, "0.25", None])
def test_a_herd_without_a_window_is_refused(window: Any) -> None:
    """The supervisor that asked it would break."""
    with pytest.raises(InvalidSpec, match=r"Herd\.window"):
        Herd(window)
    with pytest.raises(InvalidSpec, match=r"Herd\.window"):
        Herd(math.nan)
