"""Taps: run inside the reader's step, disabled when they fail too often."""

from time import perf_counter

from feedtree.exchanges.public.taps import IN_A_ROW, IN_WINDOW, Tap


class Events:
    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def __call__(self, what: str, detail: str) -> None:
        self.seen.append((what, detail))


def test_a_tap_gets_each_burst() -> None:
    """The burst itself is handed over."""
    got: list[list[int]] = []
    tap = Tap(got.append, "mine")
    events = Events()
    tap.step([1, 2], 0.0, events)
    assert got == [[1, 2]]
    assert events.seen == []
    tap.close()
    assert not tap.enabled


def test_three_exceptions_in_a_row_disable_it() -> None:
    """A tap that always fails costs three steps; what it raised is reported by name."""

    def broken(burst: list[int]) -> None:
        raise ValueError("no")

    tap = Tap(broken, "broken")
    events = Events()
    for step in range(IN_A_ROW):
        assert tap.enabled
        tap.step([], float(step), events)
    assert not tap.enabled
    assert [what for what, _ in events.seen] == ["tap_failed"] * 3 + ["tap_disabled"]
    assert events.seen[-1][1] == "broken: ValueError: no"
    assert tap.errors == 3


def test_ten_exceptions_within_a_minute_disable_it_although_it_works_between() -> None:
    """Not only failures in a row count; old ones are forgotten."""
    calls = 0

    def shaky(burst: list[int]) -> None:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise ValueError

    slow, fast = Tap(shaky, "slow"), Tap(shaky, "fast")
    events = Events()
    for step in range(4 * IN_WINDOW):
        slow.step([], step * 10.0, events)
    assert slow.enabled
    calls = 0
    for step in range(2 * IN_WINDOW):
        fast.step([], float(step), events)
    assert not fast.enabled


def test_a_long_step_is_reported_by_name() -> None:
    """A tap that holds the reader up for more than 5 ms is named."""

    def slow(burst: list[int]) -> None:
        until = perf_counter() + 0.006
        while perf_counter() < until:
            pass

    tap = Tap(slow, "slow")
    events = Events()
    tap.step([], 0.0, events)
    assert tap.slow_steps == 1
    assert events.seen[0][0] == "tap_slow"
    assert events.seen[0][1].startswith("slow: ")
