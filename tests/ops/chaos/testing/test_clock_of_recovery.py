"""What holds the clock of a recovery, and what does not: a late return is never excused by what came after it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
import trio

from feedtree.ops.chaos.testing import Overdue, Recovery

PUBLIC = "public/gateio.spot"
PRIVATE = "private/gateio.spot/main"
SIDES = [(PUBLIC, "public"), (PRIVATE, "private")]


@contextmanager
def late(seconds: str) -> Iterator[None]:
    """Expect that a stream was live again after too many seconds, of which the first digits are given."""
    with pytest.raises(Overdue, match=rf"was live again after {seconds}\.\d+ s, and 3 s were allowed\n"):
        yield


@contextmanager
def overdue() -> Iterator[None]:
    """Expect that a stream that is not live again is given up."""
    with pytest.raises(Overdue, match="was not live again within 3 s"):
        yield


@asynccontextmanager
async def no_way_back(on, seconds: float) -> AsyncIterator[None]:
    """Let an app come back late, for no reason that the chaos knows of."""
    on.exchange.turn("gateio.spot", upgrade_status=503)
    yield
    await trio.sleep(seconds)
    on.exchange.turn("gateio.spot", upgrade_status=0)


@pytest.mark.parametrize(("path", "side"), SIDES)
async def test_a_later_fault_excuses_no_earlier_delay(autojump_clock, bench, path: str, side: str) -> None:
    """The first outage is over before the second one begins: 15 s are 15 s."""
    async with bench() as on:
        with late(r"1[5-7]"):
            async with on.chaos.expect_recovery(on.tree, path) as recovery:
                async with no_way_back(on, 15):
                    async with on.chaos.reset("gateio.spot", side=side):
                        await recovery.detected()
                await trio.sleep(30)
                async with on.chaos.reset("gateio.spot", side=side):
                    pass


async def test_a_fault_that_begins_when_a_stream_is_late_excuses_nothing(autojump_clock, bench) -> None:
    """It is not whole yet, and three seconds have passed."""
    async with bench() as on:
        with late(r"1[5-9]"):
            async with on.chaos.expect_recovery(on.tree, PUBLIC) as recovery:
                async with no_way_back(on, 1):
                    async with on.chaos.reset("gateio.spot", side="public"):
                        await recovery.detected()
                    await trio.sleep(10)
                    async with on.chaos.away("gateio.spot", side="public"):
                        await trio.sleep(5)


async def test_a_fault_that_begins_in_time_begins_the_clock_anew(autojump_clock, bench) -> None:
    """Away twice, two seconds apart: one outage, and what counts is how soon it was over after the second time."""
    async with bench() as on:
        async with on.chaos.expect_recovery(on.tree, PUBLIC) as recovery:
            async with no_way_back(on, 0):
                async with on.chaos.away("gateio.spot", side="public"):
                    await recovery.detected()
                    await trio.sleep(5)
                await trio.sleep(2)
                async with on.chaos.away("gateio.spot", side="public"):
                    await trio.sleep(5)
        assert recovery.recovered_after < 3
        assert len(recovery.outages) == 1


async def test_a_fault_that_goes_on_when_a_stream_is_back_held_nothing_up(autojump_clock, bench) -> None:
    """A long line round everything: the way back took as long as it took."""
    async with bench() as on:
        async with on.chaos.latency("gateio.spot", delay=0.001):
            with late(r"2\d"):
                async with on.chaos.expect_recovery(on.tree, PUBLIC) as recovery:
                    async with no_way_back(on, 20), on.chaos.latency("gateio.spot", delay=0.002):
                        async with on.chaos.reset("gateio.spot", side="public"):
                            await recovery.detected()
                        on.exchange.turn("gateio.spot", upgrade_status=0)
                        await trio.sleep(0.001)
                        on.exchange.turn("gateio.spot", upgrade_status=503)


@pytest.mark.parametrize("options", [{"on": "open"}, {"on": "new", "count": 1}])
async def test_a_fault_that_meets_nobody_any_more_holds_nothing_up(autojump_clock, bench, options) -> None:
    """The connections that it met are over, and it meets no new ones."""
    async with bench() as on:
        with late(r"2\d"):
            async with on.chaos.expect_recovery(on.tree, PUBLIC) as recovery:
                async with no_way_back(on, 0), on.chaos.latency("gateio.spot", delay=0.001, **options):
                    async with on.chaos.reset("gateio.spot", side="public"):
                        await recovery.detected()
                    await trio.sleep(20)


async def test_two_outages_are_told_apart(autojump_clock, bench) -> None:
    """Each has its times; the second one is waited for in the block of its own fault."""
    async with bench() as on:
        async with on.chaos.expect_recovery(on.tree, PUBLIC, detect=2) as recovery:
            begins = []
            for pause in (20, 0):
                async with on.chaos.black_hole("gateio.spot", side="public"):
                    begins.append(on.exchange.now_ns())
                    await recovery.detected()
                await trio.sleep(pause)
        first, second = recovery.outages
        assert [begin for begin, _ in (first, second)] == begins
        assert all(1.4e9 < end - begin < 5e9 for begin, end in (first, second))
        assert recovery.outage == (first[0], second[1])
        assert recovery.recovered_after == max(end - begin for begin, end in (first, second)) / 1e9
        assert 1.4 < recovery.detected_after < 2


async def test_the_clock_stands_still_while_another_task_has_a_fault(autojump_clock, bench) -> None:
    """At the end of the block, and where the recovery is waited for in it."""

    async def wait(recovery: Recovery) -> None:
        await recovery.recovered()

    async def go_on(recovery: Recovery) -> None:
        await recovery.detected()

    async with bench() as on:
        for then in (wait, go_on):

            async def away() -> None:
                async with on.chaos.away("gateio.spot", side="public"):
                    await trio.sleep(8)

            async with trio.open_nursery() as nursery:
                async with on.chaos.expect_recovery(on.tree, PUBLIC) as recovery:
                    nursery.start_soon(away)
                    await then(recovery)
            begin, end = recovery.outage
            assert (end - begin) / 1e9 > 8
            assert recovery.recovered_after < 3


async def test_a_block_that_waits_in_its_own_fault_is_overdue(autojump_clock, bench) -> None:
    """Nothing could end it: neither the block that waits, nor one around the whole."""
    async with bench() as on:
        with overdue():
            async with on.chaos.stall("mexc.spot"), on.chaos.latency("gateio.spot", delay=0.01):
                async with on.chaos.expect_recovery(on.tree, PUBLIC) as recovery:
                    on.exchange.turn("gateio.spot", upgrade_status=503)
                    async with on.chaos.reset("gateio.spot"):
                        await recovery.detected()


async def test_the_clock_stands_still_for_the_seconds_of_a_simulated_fault(autojump_clock, bench) -> None:
    """It goes on though the call is over."""
    async with bench() as on:
        async with on.chaos.expect_recovery(on.tree, PUBLIC) as recovery:
            on.chaos.simulated("refuse", "gateio.spot", seconds=6)
            on.chaos.simulated("reset", "gateio.spot")
        begin, end = recovery.outage
        assert (end - begin) / 1e9 > 6
        assert recovery.recovered_after < 3


async def test_connections_that_are_deaf_hold_up_no_new_ones(autojump_clock, bench) -> None:
    """The exchange serves them at once, however long the old ones are held."""
    async with bench() as on:
        with overdue():
            async with on.chaos.expect_recovery(on.tree, PUBLIC) as recovery:
                on.chaos.simulated("blackhole", "gateio.spot", seconds=60)
                on.exchange.turn("gateio.spot", upgrade_status=503)
                await recovery.detected()
