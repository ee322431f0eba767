"""What the desk's actor does by itself: at a stop, in doubt, and when it cannot read."""

from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import AuthenticationFailed, RestFailed
from feedtree.exchanges.private.cancel_report import Cause
from feedtree.exchanges.private.order_doors import (
    CancelAllRequest,
    PlaceRequest,
)
from feedtree.exchanges.private.order_errors import (
    OrderOutcomeUnknown,
)
from feedtree.exchanges.private.order_options import OpenOrders, OrderOptions
from feedtree.exchanges.private.orders import Accepted, OrderStatus

BTC = "BTC/USDT"


async def test_open_orders_are_cancelled_at_a_stop(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
    """Within a second, whatever the venue does, and the report says what came of it."""
    async with desk_bench(OrderOptions(on_stop=OpenOrders.CANCEL_ALL)) as bench:
        await bench.place()
        await bench.stop()
        assert bench.venue.orders["1"].status is OrderStatus.CANCELLED
        assert bench.desk.reports[-1].complete
        await bench.start()
        await bench.place()
        bench.socket.usual = way(lost=True)
        began = trio.current_time()
        await bench.stop()
        assert trio.current_time() - began <= 1.0
        assert not bench.desk.reports[-1].complete
        assert [line["cause"] for line in bench.lines if line["event"] == "cancelled_all"] == ["stop", "stop"]


async def test_open_orders_are_kept_at_a_stop(desk_bench: Any, autojump_clock: Any) -> None:
    """Where nothing else was said, and at once."""
    async with desk_bench() as bench:
        await bench.place()
        began = trio.current_time()
        await bench.stop()
        assert trio.current_time() == began
        assert bench.venue.orders["1"].status is OrderStatus.OPEN


async def test_open_orders_are_cancelled_in_doubt(desk_bench: Any, autojump_clock: Any) -> None:
    """When the account becomes inconsistent; once, and again only after it was consistent."""
    async with desk_bench(OrderOptions(on_inconsistent=OpenOrders.CANCEL_ALL)) as bench:
        await bench.place()
        bench.store.doubted("a test")
        await trio.sleep(1)
        bench.store.doubted("a test")
        await trio.sleep(1)
        assert [report.cause for report in bench.desk.reports] == [Cause.INCONSISTENT]
        assert bench.venue.orders["1"].status is OrderStatus.CANCELLED
        bench.agree()
        await trio.sleep(1)
        bench.store.doubted("a test")
        await trio.sleep(1)
        assert len(bench.desk.reports) == 2


async def test_the_dead_mans_switch_is_renewed_while_all_is_well(
    desk_bench: Any, way: Any, refusal: Any, autojump_clock: Any
) -> None:
    """Not while the account is inconsistent, nor after a kill; trouble with it is logged; a stop ends it."""
    async with desk_bench(OrderOptions(dead_mans_switch=6)) as bench:
        await trio.sleep(5)
        assert bench.venue.countdowns == [6, 6, 6]
        bench.store.doubted("a test")
        await trio.sleep(6)
        assert bench.venue.countdowns == [6, 6, 6]
        bench.agree()
        bench.rest.ways = [way(refusal=refusal()), way(lost=True)]
        await trio.sleep(8)
        events = [line["event"] for line in bench.lines]
        assert "countdown_refused" in events
        assert "countdown_unknown" in events
        assert len(bench.venue.countdowns) > 3
        assert set(bench.venue.countdowns) == {6}
        await bench.stop()
        assert bench.venue.countdowns[-1] == 0
        await bench.start()
        await trio.sleep(1)
        await bench.desk.kill()
        count = len(bench.venue.countdowns)
        await trio.sleep(10)
        assert len(bench.venue.countdowns) == count


async def test_the_venues_instruments_are_asked_for_until_they_come(
    desk_bench: Any, autojump_clock: Any
) -> None:
    """And looked at again from time to time."""
    async with desk_bench(ready=False) as bench:
        bench.venue.rest_takes = 0.01
        await trio.sleep(5)
        assert bench.desk.state == "ready"
        before = bench.desk.instrument(BTC)
        await trio.sleep(3700)
        assert bench.desk.instrument(BTC) is not before


async def test_a_clock_that_cannot_be_read_is_asked_again(desk_bench: Any, autojump_clock: Any) -> None:
    """Nothing is placed before."""
    async with desk_bench(ready=False) as bench:
        await bench.stop()
        bench.desk.checks.stopping = False
        bench.venue.rest_takes = 0.01
        bench.venue.failures = [RestFailed("GET /time", "no answer")] * 2
        await bench.start()
        await trio.sleep(1.5)
        assert bench.desk.state == "preparing"
        assert [line["event"] for line in bench.lines] == ["read_failed", "read_failed"]
        await trio.sleep(2)
        assert bench.desk.state == "ready"


async def test_every_way_out_is_tried_before_the_first_byte(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """The socket is closed: REST carries it; the door that carried a byte is never left."""
    async with desk_bench() as bench:
        bench.socket.ways = [way(cut_before=True)]
        accepted = await bench.place()
        assert isinstance(accepted, Accepted)
        assert [type(each) for each in bench.socket.log] == [PlaceRequest]
        bench.socket.open = False
        await bench.place()
        await bench.desk.cancel_all()
        assert [type(each) for each in bench.rest.log] == [PlaceRequest, CancelAllRequest]


async def test_a_key_that_is_refused_ends_the_actor(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
    """For its supervisor to park: no read helps. Nothing is cancelled: it is no stop."""
    async with desk_bench(OrderOptions(on_stop=OpenOrders.CANCEL_ALL)) as bench:
        await bench.place()
        bench.venue.pushes = False
        bench.venue.failures = [AuthenticationFailed("GET /orders: INVALID_KEY")]
        bench.socket.ways = [way(unanswered=True, cut=0.1)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place()
        error = await bench.crashed()
        assert isinstance(error, AuthenticationFailed)
        assert bench.state == "down"
        assert bench.desk.reports == ()
        await bench.start()
        await trio.sleep(1)
        assert isinstance(bench.resolved()[0].outcome, Accepted)


async def test_an_order_is_asked_for_a_few_times(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
    """After a cancel without an answer; then the account's own comparisons have to find out."""
    async with desk_bench() as bench:
        await bench.place()
        bench.venue.failures = [RestFailed("GET /order", "no answer") for _ in range(10)]
        bench.socket.ways = [way(unanswered=True)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.desk.cancel(BTC, order_id="1")
        asked = len(bench.venue.asked)
        await trio.sleep(60)
        assert len(bench.venue.asked) == asked + 4
