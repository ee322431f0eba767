"""The heap of deadlines."""

import math

from hypothesis import given
from hypothesis import strategies as st

from feedtree.supervisors.timers import Timers


def test_fires_what_is_due_in_order_and_no_more() -> None:
    """Every timer that is due fires once, the earliest first."""
    timers, fired = Timers(), []
    for due in (3.0, 1.0, 2.0):
        timers.set(due, fired.append, due)
    timers.fire(2.0)
    assert fired == [1.0, 2.0]
    assert timers.next_due() == 3.0
    timers.fire(9.0)
    assert fired == [1.0, 2.0, 3.0]
    assert timers.next_due() == math.inf


def test_a_timer_taken_back_does_not_fire() -> None:
    """A timer that was taken back, once or twice, or after it fired, does nothing."""
    timers, fired = Timers(), []
    first = timers.set(1.0, fired.append, 1)
    second = timers.set(2.0, fired.append, 2)
    timers.cancel(first)
    timers.cancel(first)
    assert timers.next_due() == 2.0
    timers.fire(5.0)
    timers.cancel(second)
    assert fired == [2]


def test_timers_taken_back_do_not_pile_up() -> None:
    """The heap stays in proportion to the timers that are alive."""
    timers = Timers()
    for number in range(10_000):
        timers.cancel(timers.set(1e6 + number, print, number))
    assert len(timers._heap) < 200
    assert timers.next_due() == math.inf


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=300))
def test_behaves_like_a_sorted_list(entries: list[tuple[int, bool]]) -> None:
    """Any mixture of timers fires exactly those that were kept, in the order of their deadlines."""
    timers, fired = Timers(), []
    handles = [(timers.set(due, fired.append, due), keep) for due, keep in entries]
    for handle, keep in handles:
        if not keep:
            timers.cancel(handle)
    timers.fire(10)
    assert fired == sorted(due for due, keep in entries if keep and due <= 10)
