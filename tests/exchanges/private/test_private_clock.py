"""The venue's clock is known to half a round trip, and goes on steadily from there."""

import pytest

from feedtree.exchanges.private.clock import VenueClock

S = 1_000_000_000


class Clocks:
    """This machine's two clocks, and the venue's."""

    def __init__(self) -> None:
        self.steady = 100.0
        self.wall_ns = 1_000 * S
        self.ahead_ns = 0
        self.trip = 0.0

    def pass_(self, seconds: float) -> None:
        self.steady += seconds
        self.wall_ns += int(seconds * S)

    async def ask(self) -> int:
        self.pass_(self.trip / 2)
        venue_ns = self.wall_ns + self.ahead_ns
        self.pass_(self.trip / 2)
        return venue_ns

    def clock(self) -> VenueClock:
        return VenueClock(lambda: self.wall_ns, lambda: self.steady)


async def test_an_hour_of_offset_is_found_and_applied() -> None:
    """A machine whose clock is an hour behind signs with the venue's time."""
    clocks = Clocks()
    clocks.ahead_ns, clocks.trip = 3600 * S, 0.25
    clock = clocks.clock()
    assert clock.now_ns() == clocks.wall_ns  # nothing measured yet
    reading = await clock.measure(clocks.ask)
    assert (reading.offset_ns, reading.error_ns, reading.drift_ns) == (3600 * S, S // 8, 0)
    clocks.pass_(10.0)
    assert clock.now_ns() == clocks.wall_ns + 3600 * S


async def test_a_step_of_the_wall_clock_moves_nothing() -> None:
    """The venue's time goes on by the steady clock."""
    clocks = Clocks()
    clock = clocks.clock()
    await clock.measure(clocks.ask)
    before = clock.now_ns()
    clocks.wall_ns -= 7200 * S
    assert clock.now_ns() == before


async def test_drift_is_shown() -> None:
    """A second reading tells how far the clocks ran apart since the first."""
    clocks = Clocks()
    clock = clocks.clock()
    await clock.measure(clocks.ask)
    clocks.pass_(60.0)
    clocks.ahead_ns = S // 2
    reading = await clock.measure(clocks.ask)
    assert (reading.offset_ns, reading.drift_ns) == (S // 2, S // 2)


async def test_a_failed_question_changes_nothing() -> None:
    """What the question raises passes through."""
    clocks = Clocks()
    clock = clocks.clock()

    async def fail() -> int:
        raise LookupError("no answer")

    with pytest.raises(LookupError):
        await clock.measure(fail)
    assert clock.reading is None


async def test_a_reading_grows_stale() -> None:
    """Ten minutes at most, then it is time for another one."""
    clocks = Clocks()
    clock = clocks.clock()
    assert clock.stale
    await clock.measure(clocks.ask)
    clocks.pass_(599.0)
    assert not clock.stale
    clocks.pass_(1.0)
    assert clock.stale
