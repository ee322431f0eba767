"""The desk's own bounds: limits, names, turns, pauses, the queue, and its end."""

from typing import Any

import pytest
import trio

from feedtree.exchanges.private.order_doors import Brake, Unanswered
from feedtree.exchanges.private.order_errors import DeskClosed, OrderOutcomeUnknown, OrderRefused
from feedtree.exchanges.private.order_limits import HardLimits
from feedtree.exchanges.private.order_options import OrderOptions
from feedtree.exchanges.private.orders import Accepted, RejectReason

BTC = "BTC/USDT"


async def test_limits_of_the_account_itself(desk_bench: Any, autojump_clock: Any) -> None:
    """Open orders count those whose outcome is unknown, too; orders per second do not wait."""
    limits = HardLimits(open_orders=2, orders_per_s=3)
    async with desk_bench(OrderOptions(limits=limits)) as bench:
        for _ in range(2):
            assert isinstance(await bench.place(), Accepted)
        rejected = await bench.place()
        assert rejected.text == "limits.open_orders is 2"
        await bench.desk.cancel_all()
        assert isinstance(await bench.place(), Accepted)
        rejected = await bench.place()
        assert (rejected.reason, rejected.text) == (RejectReason.RATE_LIMITED, "limits.orders_per_s is 3")
        assert len(bench.placed()) == 3


async def test_a_name_is_used_once(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
    """Neither for an order that is known, nor for one that is under way."""
    async with desk_bench() as bench:
        await bench.place(client_order_id="t-mine")
        again = await bench.place(client_order_id="t-mine")
        assert again.reason is RejectReason.DUPLICATE_CLIENT_ID
        bench.socket.ways = [way(lost=True, cut=0.1)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place(client_order_id="t-lost")
        again = await bench.place(client_order_id="t-lost")
        assert again.text == "client_order_id 't-lost' is in use"
        await trio.sleep(20)
        assert isinstance(await bench.place(client_order_id="t-lost"), Accepted)
        await trio.sleep(5)
        assert bench.desk.docket.contradicted == 0


async def test_turns_are_waited_for_visibly_and_within_bounds(desk_bench: Any, autojump_clock: Any) -> None:
    """Ten a second of a symbol; beyond the bound an order is rejected unsent, and counts for nothing."""
    async with desk_bench(OrderOptions(most_wait=0.5)) as bench:
        for _ in range(10):
            assert isinstance(await bench.place(), Accepted)
        began = trio.current_time()
        rejected = await bench.place()
        assert trio.current_time() == began
        assert rejected.reason is RejectReason.RATE_LIMITED
        assert "over the bound of 0.5 s" in rejected.text
        assert isinstance(await bench.place(symbol="ETH/USDT"), Accepted)
        await trio.sleep(0.4)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.place)
            await trio.sleep(0.1)
            assert bench.state == bench.desk.state == "waiting"
            assert bench.desk.dispatch.waiting == 1
        assert bench.state == bench.desk.state == "ready"
        assert bench.desk.dispatch.meters.counters["held_back"] == 1
        assert bench.desk.dispatch.meters.histogram("turn_wait_ns").highest > 1e8


async def test_a_pause_that_the_venue_asks_for_is_kept(
    desk_bench: Any, way: Any, refusal: Any, autojump_clock: Any
) -> None:
    """For the requests that count together, or for everything."""
    async with desk_bench(OrderOptions(most_wait=0.1)) as bench:
        bench.socket.ways = [way(refusal=refusal(RejectReason.RATE_LIMITED, brake=Brake(2.0)))]
        await bench.place()
        assert (await bench.place()).text.startswith("entry requests: the next turn is in 2.00 s")
        assert isinstance(await bench.place(symbol="ETH/USDT"), Accepted)
        await bench.desk.cancel_all()
        everything = Unanswered(sent=True, why="HTTP 418", brake=Brake(3.0, everything=True))
        bench.socket.ways = [way(reply=everything)]
        with pytest.raises(OrderOutcomeUnknown, match="HTTP 418"):
            await bench.place(symbol="ETH/USDT")
        with pytest.raises(OrderRefused, match="cancel requests: the next turn"):
            await bench.desk.cancel(BTC, order_id="1")
        await trio.sleep(3)
        assert isinstance(await bench.place(), Accepted)


async def test_the_queue_is_bounded(desk_bench: Any, autojump_clock: Any, monkeypatch: Any) -> None:
    """An actor that does not come back lets no thousand orders pile up."""
    monkeypatch.setattr("feedtree.exchanges.private.order_dispatch.MOST_QUEUED", 2)
    async with desk_bench() as bench:
        await bench.stop()
        bench.desk.checks.stopping = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.place)
            nursery.start_soon(bench.place)
            await trio.sleep(0.1)
            rejected = await bench.place()
            assert rejected.text == "entry requests: 2 requests wait to be carried already"
            nursery.cancel_scope.cancel()


async def test_a_closed_desk_lets_nobody_wait(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
    """What is queued ends, what is asked for later is refused."""
    async with desk_bench() as bench:
        bench.socket.ways = [way(opening=10.0)]

        async def close() -> None:
            await trio.sleep(0.5)
            bench.desk.close()

        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(close)
            with pytest.raises(DeskClosed):
                await bench.place()
        assert trio.current_time() - began == pytest.approx(0.5)
        with pytest.raises(DeskClosed):
            await bench.place()
        with pytest.raises(DeskClosed):
            await bench.desk.cancel(BTC, order_id="1")
        assert bench.desk.state == "closed"
        assert repr(bench.desk) == "OrderDesk(scripted.spot/main closed)"
