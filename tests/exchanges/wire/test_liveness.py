"""Silence is judged by two timers, and never by this process's own lateness."""

from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.wire.liveness import Action, Liveness


def quiet_only(now: float = 0.0) -> Liveness:
    return Liveness(now, Random(1), keepalive=inf)


def test_keepalive_goes_out_whatever_else_comes() -> None:
    """Venues count only pings: one every 10 s at most and 8 s at least, while data streams."""
    liveness = Liveness(0.0, Random(1))
    sent = []
    for tick in range(1, 10_000):
        now = tick / 100
        liveness.heard(now)
        if liveness.check(now) is Action.KEEPALIVE:
            sent.append(now)
    gaps = [b - a for a, b in zip([0.0, *sent], sent, strict=False)]
    assert all(8.0 <= gap <= 10.02 for gap in gaps)
    assert len(set(gaps)) > 1


def test_quiet_peer_is_probed_once_and_then_stalled() -> None:
    """0.4 s of quiet make a probe, 1.3 s without an answer a stall."""
    liveness = quiet_only()
    assert liveness.deadline() == 0.4
    assert liveness.check(0.3) is Action.NONE
    assert liveness.check(0.5) is Action.PROBE
    assert liveness.probing
    assert liveness.deadline() == 1.8
    assert liveness.check(1.7) is Action.NONE
    assert liveness.check(1.8) is Action.STALLED


def test_anything_heard_ends_the_wait_for_an_answer() -> None:
    """Data instead of a pong is life too; the next silence is probed again."""
    liveness = quiet_only()
    assert liveness.check(0.5) is Action.PROBE
    liveness.heard(1.7)
    assert not liveness.probing
    assert liveness.check(1.75) is Action.NONE
    assert liveness.deadline() == pytest.approx(2.1)
    assert liveness.check(2.11) is Action.PROBE


def test_a_probe_tells_how_long_the_line_stood_still() -> None:
    """As much longer than a round trip as its answer took; nothing is known without a probe, or of round trips."""
    liveness = quiet_only()
    assert liveness.heard(0.25) == 0
    assert liveness.check(0.75) is Action.PROBE
    assert liveness.heard(1.0) == 0
    liveness.answered(1.0)
    assert liveness.rtt == 0.25
    assert liveness.check(1.5) is Action.PROBE
    assert liveness.heard(2.5) == 0.75
    assert liveness.heard(2.5) == 0
    assert liveness.check(3.0) is Action.PROBE
    assert liveness.heard(3.125) == 0, "it was quicker than usual"


def test_slow_venue_gets_a_round_trip_more_or_four() -> None:
    """The patience is 1.3 s beside a round trip of a quarter of a second at most, or four round trips."""
    for rtt, patience in ((0.125, 1.425), (0.25, 1.55), (0.375, 1.55), (0.5, 2.0)):
        liveness = quiet_only()
        assert liveness.rtt is None
        assert liveness.check(0.5) is Action.PROBE
        assert liveness.answered(0.5 + rtt) == rtt
        assert liveness.rtt == rtt
        liveness.heard(1.0)
        assert liveness.check(1.5) is Action.PROBE
        assert liveness.deadline() == 1.5 + patience


def test_the_least_of_the_last_round_trips_is_the_usual_one() -> None:
    """One that took long since the line stood still makes nobody patient for minutes."""
    liveness, now = quiet_only(), 0.0
    for took in (1.25, 0.25, 0.5, 0.75, 0.5, 0.5):
        now += 0.5
        assert liveness.check(now) is Action.PROBE
        now += took
        liveness.answered(now)
    assert liveness.rtt == 0.5


def test_answers_belong_to_pings_in_their_order() -> None:
    """A second ping goes out while the first one's answer is on its way; what is never answered is forgotten."""
    liveness = quiet_only()
    assert liveness.check(0.5) is Action.PROBE
    liveness.heard(0.625)
    assert liveness.check(1.125) is Action.PROBE
    assert liveness.answered(1.25) == 0.75
    assert liveness.answered(1.875) == 0.75
    assert liveness.answered(9.0) is None, "nobody asked"
    assert liveness.rtt == 0.75
    assert liveness.check(9.5) is Action.PROBE
    liveness.heard(11.25)
    assert liveness.check(11.75) is Action.PROBE
    assert liveness.answered(12.0) == 0.25


def test_pings_that_are_never_answered_are_forgotten() -> None:
    """However many: data are life enough."""
    liveness = quiet_only()
    for number in range(1, 1000):
        assert liveness.check(number - 0.5) is Action.PROBE
        liveness.heard(float(number))
    assert len(liveness._asked) <= 3


def test_late_wake_up_accuses_nobody() -> None:
    """A check that comes 250 ms late, before a probe or after it, starts the timer anew."""
    liveness = quiet_only()
    assert liveness.check(1.0) is Action.NONE
    assert liveness.deadline() == 1.4
    assert liveness.check(1.5) is Action.PROBE
    assert liveness.check(3.5) is Action.NONE
    assert liveness.deadline() == 4.8
    assert liveness.check(4.9) is Action.STALLED


def test_a_late_wake_up_is_no_standing_still() -> None:
    """From when on the answer is waited for anew, counts."""
    liveness = quiet_only()
    assert liveness.check(0.5) is Action.PROBE
    liveness.answered(0.75)
    assert liveness.check(1.25) is Action.PROBE
    assert liveness.check(60.0) is Action.NONE
    assert liveness.heard(60.5) == 0.25


def test_late_wake_up_still_sends_the_keepalive() -> None:
    """A busy process does not put off the ping without which the venue would close."""
    liveness = Liveness(0.0, Random(1))
    assert liveness.check(30.0) is Action.KEEPALIVE


def test_clock_stands_still_while_publishing_waits() -> None:
    """Backpressure is no silence, neither before a probe nor after it."""
    liveness = quiet_only()
    liveness.paused(0.5)
    liveness.resumed(60.5)
    assert liveness.deadline() == pytest.approx(60.4)
    assert liveness.check(60.5) is Action.PROBE
    liveness.paused(61.0)
    liveness.resumed(71.0)
    assert liveness.deadline() == pytest.approx(71.8)
    liveness.answered(71.0)
    assert liveness.rtt == 0.5
    liveness.resumed(99.0)  # without a pause
    assert liveness.deadline() == pytest.approx(71.4)


def test_keepalive_answer_measures_the_round_trip() -> None:
    """The venue's own pong counts like any."""
    liveness = Liveness(0.0, Random(1))
    now = liveness.deadline()
    liveness.heard(9.9)
    assert liveness.check(10.0) is Action.KEEPALIVE
    assert now <= 10.0
    liveness.answered(10.2)
    assert liveness.rtt == pytest.approx(0.2)


@given(st.lists(st.tuples(st.sampled_from(["heard", "answered", "silence"]), st.floats(0, 2)), max_size=60))
def test_at_most_one_probe_is_out_and_stall_needs_one(steps: list[tuple[str, float]]) -> None:
    """No stall without an unanswered probe before it; no probe while one is out; silence is found in two seconds."""
    liveness, now, out, quiet_since = quiet_only(), 0.0, False, 0.0
    for step, length in steps:
        end = now + length
        while step == "silence" and liveness.deadline() <= end:
            now = liveness.deadline()
            action = liveness.check(now)
            if action is Action.STALLED:
                assert out
                probed = quiet_since + 0.4  # added up as the timers are: a float's last bit is no lateness
                rtt = liveness.rtt or 0
                assert now <= probed + max(1.3 + min(rtt, 0.25), 4 * rtt)
                return
            assert action is Action.PROBE
            assert not out
            out = True
        now = min(end, liveness.deadline())
        if step != "silence":
            (liveness.heard if step == "heard" else liveness.answered)(now)
            out, quiet_since = False, now
