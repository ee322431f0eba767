"""From looks at the loop to stalls: what is found, what is claimed, and who is never blamed. Times are made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.supervisors.suspicion import (
    LINE_PERIOD,
    LONGEST_PAUSE,
    PLACES_KEPT,
    SHORTEST_PAUSE,
    LineLimit,
    Look,
    Stall,
    Suspicion,
)

THRESHOLD = 0.05
A, B = "a", "b"


def look(
    at: float, step: object = A, *, number: int = 1, began: float = 0.0, due: float | None = None
) -> Look:
    return Look(at, at if due is None else due, number, began, step)


def claimed(stall: Stall | None) -> tuple[float, float, bool] | None:
    return None if stall is None else (round(stall.blocked, 6), round(stall.pass_age, 6), stall.certain)


def watch(steps: list[tuple[object, float]], threshold: float = THRESHOLD, phase: float = 0.0) -> list[tuple]:
    """Look at one pass made of these steps, each at the time that is asked for; return whom each stall blames."""
    suspicion = Suspicion(threshold)
    ends: list[float] = []
    for _, length in steps:
        ends.append(length + (ends[-1] if ends else 0.0))
    found: list[tuple] = []
    at = phase
    while at < ends[-1]:
        running = next(step for (step, _), end in zip(steps, ends, strict=True) if at < end)
        stall = suspicion.saw(look(at, running))
        if stall is not None:
            found.append((running, stall))
        at += suspicion.pause
    assert suspicion.saw(None) is None
    return found


def test_two_looks_at_one_step_prove_what_lies_between_them() -> None:
    """That much is claimed, and no more: not the time before the first look."""
    suspicion = Suspicion(THRESHOLD)
    assert suspicion.saw(look(0.02)) is None
    assert suspicion.saw(look(0.045)) is None  # the pass is not that old yet
    assert claimed(suspicion.saw(look(0.05))) == (0.03, 0.05, True)


def test_a_step_is_found_once_and_grows_while_it_is_seen() -> None:
    """So that the whole time can be told in the end."""
    suspicion = Suspicion(THRESHOLD)
    suspicion.saw(look(0.0))
    stall = suspicion.saw(look(0.06))
    assert suspicion.saw(look(0.3)) is None
    assert suspicion.saw(look(1.5)) is None
    assert claimed(stall) == (1.5, 0.06, True)
    suspicion.saw(None)
    assert claimed(stall) == (1.5, 0.06, True)


def test_a_long_pass_of_many_short_steps_blames_nobody() -> None:
    """Least of all the innocent last one."""
    steps = [(number, 0.02) for number in range(500)]
    assert watch(steps) == []


@given(
    lengths=st.lists(st.floats(0.0001, 0.2), min_size=1, max_size=40),
    phase=st.floats(0.0, THRESHOLD / 2),
)
def test_who_is_found_ran_that_long_and_who_ran_as_long_as_the_threshold_is_found(
    lengths: list[float], phase: float
) -> None:
    """For any pass, and any luck with the looks: the claim is true, and no long step goes unseen."""
    found = watch(list(enumerate(lengths)), phase=phase)
    names = [name for name, _ in found]
    assert len(names) == len(set(names))
    for name, stall in found:
        assert THRESHOLD / 2 <= stall.blocked <= lengths[name] + 1e-9
        assert stall.pass_age <= sum(lengths)
        assert stall.certain
    long = {name for name, length in enumerate(lengths) if length > THRESHOLD * 1.1}
    assert long <= set(names)


def test_the_same_task_in_the_next_pass_is_another_step() -> None:
    """A task that steps often and briefly is no stall, however often it is seen."""
    suspicion = Suspicion(THRESHOLD)
    for number in range(100):
        began = number * 0.03
        assert suspicion.saw(look(began + 0.01, number=number, began=began)) is None


def test_a_look_that_finds_no_step_ends_the_suspicion() -> None:
    """What was seen before and after is not known to be one step."""
    for gap in (None, look(0.02, None)):
        suspicion = Suspicion(THRESHOLD)
        suspicion.saw(look(0.01))
        assert suspicion.saw(gap) is None
        assert suspicion.saw(look(0.06)) is None


def test_two_steps_of_one_pass_can_both_be_found() -> None:
    """Each blocked the loop."""
    assert [name for name, _ in watch([(A, 0.1), (B, 0.1)])] == [A, B]


def test_tasks_are_told_apart_by_identity() -> None:
    """Two that are equal are two."""
    suspicion = Suspicion(THRESHOLD)
    suspicion.saw(look(0.0, [1]))
    assert suspicion.saw(look(0.06, [1])) is None


def test_a_looker_that_was_held_up_finds_that_the_loop_was_blocked_but_not_by_whom() -> None:
    """A call that keeps the interpreter lock holds up the watchdog; what it sees then was seen once."""
    suspicion = Suspicion(THRESHOLD)
    assert claimed(suspicion.saw(look(0.3, began=0.01, due=0.02))) == (0.29, 0.29, False)
    assert suspicion.saw(look(0.31, began=0.01)) is None
    assert claimed(suspicion.saw(look(0.33, began=0.01))) == (0.03, 0.32, True)


def test_a_looker_that_was_held_up_before_the_pass_began_finds_nothing() -> None:
    """The process was stopped while the loop waited; the pass that follows is innocent."""
    suspicion = Suspicion(THRESHOLD)
    assert suspicion.saw(look(10.0, began=9.99, due=0.02)) is None


def test_looks_are_made_when_something_can_be_decided() -> None:
    """Twice in a threshold while nothing is suspicious; finer only to see the end of what was found."""
    suspicion = Suspicion(THRESHOLD)
    assert suspicion.pause == THRESHOLD / 2
    suspicion.saw(look(0.02))
    assert suspicion.pause == THRESHOLD / 2
    suspicion.saw(look(0.04))
    assert suspicion.pause == pytest.approx(0.01)
    suspicion.saw(look(0.05))
    assert suspicion.pause == THRESHOLD / 10
    suspicion.saw(None)
    assert suspicion.pause == THRESHOLD / 2


@pytest.mark.parametrize(("threshold", "pause"), [(1e-9, SHORTEST_PAUSE), (1e300, LONGEST_PAUSE)])
def test_the_pause_is_bounded(threshold: float, pause: float) -> None:
    """Neither a thread that never rests nor one that a clock cannot wait for."""
    assert Suspicion(threshold).pause == pause


def test_a_place_has_one_line_in_a_period_and_the_others_are_counted() -> None:
    """What blocks in every pass must not fill the log."""
    lines = LineLimit()
    times = [number * LINE_PERIOD / 4 for number in range(9)]
    admitted = [lines.admit("a", "f", at) for at in times]
    assert admitted == [0, None, None, None, 3, None, None, None, 3]
    assert lines.admit("a", "g", times[-1]) == 0
    assert lines.admit("b", "f", times[-1]) == 0


def test_the_places_that_are_remembered_are_bounded() -> None:
    """Names come and go."""
    lines = LineLimit()
    for number in range(3 * PLACES_KEPT):
        assert lines.admit(str(number), "f", 0.0) == 0
    assert len(lines._last) <= PLACES_KEPT
