"""What a bare client takes beside a campaign."""

import pytest
import trio

from feedtree.ops.chaos.campaign.arena import open_arena
from feedtree.ops.chaos.campaign.fleet import FaultOrder
from feedtree.ops.chaos.campaign.ground import in_memory
from feedtree.ops.chaos.campaign.lines import Scale
from feedtree.ops.chaos.campaign.yardstick import Yardstick
from feedtree.ops.logs import silent

GATE = Scale(venues=("gateio.spot",), streams=1, symbols=2, accounts=0, rate=60.0, orders=80)


async def test_it_waits_for_nothing_but_the_way_and_the_exchange(autojump_clock) -> None:
    """Which sends a whole book at once: on the virtual clock that takes no time."""
    async with open_arena(GATE, 3, in_memory, silent()) as arena:
        await arena.live()
        yardstick = Yardstick(arena)
        with trio.move_on_after(30):
            await yardstick.run()
        found = yardstick.spread()
    assert found is not None
    assert found.max < 0.001


async def test_what_the_way_takes_is_in_it_and_a_way_that_is_closed_is_no_measure(autojump_clock) -> None:
    async with open_arena(GATE, 3, in_memory, silent()) as arena:
        await arena.live()
        fleet, spare = arena.ground.fleet, arena.ground.spare
        slow, closed = Yardstick(arena), Yardstick(arena)
        late = await fleet.begin(FaultOrder(spare, "latency", {"delay": 0.1}))
        with trio.move_on_after(30):
            await slow.run()
        await fleet.end(late)
        await fleet.begin(FaultOrder(spare, "refuse", {}))
        with trio.move_on_after(30):
            await closed.run()
        found = slow.spread()
    assert found is not None
    assert found.p50 == pytest.approx(0.7, abs=0.15), (
        "TLS, upgrade and subscription: three round trips and more"
    )
    assert closed.spread() is None


async def test_it_goes_on_where_another_connection_takes_over(autojump_clock) -> None:
    async with open_arena(GATE, 3, in_memory, silent()) as arena:
        await arena.live()
        yardstick = Yardstick(arena)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(yardstick.run)
            await trio.sleep(3)
            arena.public()[0].relieve()
            await trio.sleep(12)
            assert list(arena.public()[0].websocket.feed.plan()[0].slots) == ["b"]
            nursery.cancel_scope.cancel()
    assert len(yardstick.found) == 7


async def test_where_the_campaign_has_no_stream_at_its_venue_there_is_nothing_to_measure(
    autojump_clock,
) -> None:
    mexc = Scale(venues=("mexc.spot",), streams=1, symbols=1, accounts=0, rate=60.0, orders=80)
    async with open_arena(mexc, 3, in_memory, silent()) as arena:
        yardstick = Yardstick(arena)
        await yardstick.run()
    assert yardstick.spread() is None
