"""What a venue allows is never exceeded, and never left unused."""

from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.limits import ConnectionBudget, Pacer, WeightBudget


def test_weight_within_budget_goes_at_once() -> None:
    """Nothing waits before the window is full."""
    budget = WeightBudget(10, 10.0)
    assert [budget.take(0.0, 5), budget.take(1.0, 5)] == [0.0, 0.0]


def test_weight_over_budget_waits_for_the_oldest_to_leave_the_window() -> None:
    """The next call goes exactly when enough of the window is free."""
    budget = WeightBudget(10, 10.0)
    budget.take(0.0, 4)
    budget.take(2.0, 6)
    assert budget.wait(3.0, 4) == 7.0
    assert budget.wait(3.0, 5) == 9.0
    assert budget.take(3.0, 5) == 9.0
    assert budget.take(3.0, 1) == 9.0  # in the order in which they were asked for


def test_weight_larger_than_the_budget_waits_for_an_empty_window() -> None:
    """A call that costs more than everything is not refused for ever."""
    budget = WeightBudget(10, 10.0)
    budget.take(0.0, 1)
    assert budget.wait(0.0, 25) == 10.0


def test_asking_takes_nothing() -> None:
    """`wait` may be called as often as one likes."""
    budget = WeightBudget(1)
    assert [budget.wait(0.0) for _ in range(3)] == [0.0] * 3


def test_paused_budget_lets_nothing_go() -> None:
    """A pause holds every call until its end, and a shorter one does not cut it."""
    budget = WeightBudget(10)
    budget.pause(5.0)
    budget.pause(2.0)
    assert budget.wait(1.0) == 4.0
    assert budget.wait(5.0) == 0.0


@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 5)), min_size=1, max_size=80),
)
def test_no_window_ever_holds_more_than_the_budget(weight: int, steps: list[tuple[int, int]]) -> None:
    """Whatever the calls, no window of one period, wherever it starts, holds more than its weight."""
    budget = WeightBudget(weight, 1024.0)  # whole numbers: float rounding is no subject here
    now, spent = 0, []
    for pause, cost in steps:
        now += pause
        spent.append((now + budget.take(float(now), cost), min(cost, weight)))
    assert [at for at, _ in spent] == sorted(at for at, _ in spent)
    for start, _ in spent:
        assert sum(cost for at, cost in spent if start <= at < start + 1024.0) <= weight


def test_pacer_spreads_frames_over_seconds() -> None:
    """The first second's frames go at once, the rest a second later."""
    pacer = Pacer(2)
    assert [pacer.take(0.0) for _ in range(5)] == [0.0, 0.0, 1.0, 1.0, 2.0]
    assert pacer.wait(0.0) == 2.0


def test_connections_are_capped() -> None:
    """No attempt while every socket is in use; a closed one makes room."""
    budget = ConnectionBudget(2, 10)
    budget.opened(0.0)
    budget.opened(0.0)
    assert budget.wait(0.0) == 1.0
    budget.closed()
    assert budget.wait(0.0) == 0.0


def test_forgotten_sockets_count_until_their_idle_time_is_over() -> None:
    """The venue still counts a socket that was dropped silently."""
    budget = ConnectionBudget(1, 10, idle=30.0)
    budget.opened(0.0)
    budget.forgotten(1.0)
    assert budget.in_use(30.9) == 1
    assert budget.wait(30.5) == 0.5
    assert budget.wait(31.0) == 0.0


def test_attempts_are_spread() -> None:
    """Attempts are limited in number even where none becomes a socket."""
    budget = ConnectionBudget(100, 2, 10.0)
    for now in (0.0, 1.0):
        budget.opened(now)
        budget.closed()
    assert budget.wait(2.0) == 8.0


def test_unstated_pauses_double_and_start_over_after_recovery() -> None:
    """60 s, then 120 s; a stated pause is taken as stated; recovery resets."""
    budget = ConnectionBudget(10, 10)
    assert budget.throttled(0.0) == 60.0
    assert budget.throttled(1.0) == 60.0  # within the same pause
    assert budget.throttled(60.0) == 180.0
    assert budget.wait(60.0) == 120.0
    budget.recovered()
    assert budget.throttled(200.0) == 260.0
    assert budget.throttled(300.0, retry_after=5.0) == 305.0


def test_unstated_pauses_stop_doubling_at_sixteen_minutes() -> None:
    """A venue that refuses for hours is asked four times an hour or so."""
    budget, now, before = ConnectionBudget(10, 10), 0.0, 0.0
    for _ in range(10):
        now, before = budget.throttled(now), now
    assert now - before == 960.0
