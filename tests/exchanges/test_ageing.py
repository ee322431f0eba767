"""The end of a connection's life is waited for without leaving a timer behind."""

import trio
from trio._core._run import GLOBAL_RUN_CONTEXT

from feedtree.exchanges.ageing import grow_old


async def test_it_takes_the_whole_life(autojump_clock: trio.abc.Clock) -> None:
    began = trio.current_time()
    await grow_old(3_725.5)
    assert abs(trio.current_time() - began - 3_725.5) < 1e-6


async def test_it_takes_the_whole_life_where_nothing_ends_it(autojump_clock: trio.abc.Clock) -> None:
    began = trio.current_time()
    await grow_old(125.5, trio.Event())
    assert abs(trio.current_time() - began - 125.5) < 1e-6


async def test_an_event_ends_it_at_once(autojump_clock: trio.abc.Clock) -> None:
    leaving = trio.Event()
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(grow_old, 86_400.0, leaving)
        await trio.sleep(70)
        leaving.set()
    assert abs(trio.current_time() - began - 70) < 1e-6


async def test_what_ends_early_leaves_no_timer_of_its_life_behind(autojump_clock: trio.abc.Clock) -> None:
    """Trio keeps the timers of cancelled waits; none of these may be due later than in a minute."""
    for leaving in (None, trio.Event()):
        for _ in range(10):
            with trio.move_on_after(1):
                await grow_old(86_400.0, leaving)
    await trio.sleep(60)
    assert GLOBAL_RUN_CONTEXT.runner.deadlines._heap == []
