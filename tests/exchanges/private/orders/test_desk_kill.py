"""Orders that are cancelled all at once: of some symbols, or by a kill."""

from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.private.cancel_report import Cause
from feedtree.exchanges.private.order_doors import Answered, CancelRequest
from feedtree.exchanges.private.order_errors import DeskKilled, OrderOutcomeUnknown
from feedtree.exchanges.private.orders import Accepted, OrderStatus, Rejected
from feedtree.exchanges.symbols import Symbol

BTC = "BTC/USDT"


async def test_all_orders_of_some_symbols_are_cancelled(
    desk_bench: Any, way: Any, refusal: Any, autojump_clock: Any
) -> None:
    """What could not be cancelled is told, and nothing is raised."""
    async with desk_bench() as bench:
        await bench.place()
        await bench.place(symbol="ETH/USDT")
        report = await bench.desk.cancel_all([BTC])
        assert [order.symbol for order in report.cancelled] == [Symbol("BTC", "USDT")]
        assert (report.cause, report.complete) == (Cause.ASKED, True)
        bench.socket.ways = [way(refusal=refusal())]
        report = await bench.desk.cancel_all([BTC])
        assert report.failed == ("BTC/USDT: other LABEL words",)
        bench.socket.ways = [way(unanswered=True)]
        report = await bench.desk.cancel_all(["ETH/USDT"])
        assert report.failed == ("ETH/USDT: cancel_all ETH/USDT: outcome unknown: no answer within 2 s",)
        assert not report.complete
        both = await bench.desk.cancel_all()
        assert both.complete
        partly = Answered(orders=(bench.venue.orders["2"],), undone=("order 9: LABEL words",))
        bench.socket.ways = [way(reply=partly)]
        report = await bench.desk.cancel_all(["ETH/USDT"])
        assert "ETH/USDT: order 9: LABEL words" in report.failed
        assert len(bench.desk.reports) == 5


async def test_an_order_that_is_shown_as_open_yet_is_not_cancelled(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """Whatever the answer calls itself."""
    async with desk_bench() as bench:
        accepted = await bench.place()
        bench.socket.ways = [way(reply=Answered(orders=(accepted.order,)))]
        report = await bench.desk.cancel_all()
        assert report.failed == ("BTC/USDT: order 1 is open still",)


async def test_a_kill_holds_back_what_is_queued_and_cancels_what_is_out(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """One order waits for its first byte, one for its answer, one is open, one of another program shows."""
    async with desk_bench() as bench:
        await bench.place()
        ended: dict[str, Any] = {}

        async def place(name: str) -> None:
            try:
                ended[name] = await bench.place(client_order_id=name)
            except DeskKilled as error:
                ended[name] = error

        bench.venue.pushes = False
        bench.socket.ways = [way(opening=0.5), way(held=1.5)]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(place, "t-queued")
            await trio.sleep(0.1)
            nursery.start_soon(place, "t-out")
            await trio.sleep(0.1)
            report = await bench.desk.kill()
        assert isinstance(ended["t-queued"], DeskKilled)
        assert isinstance(ended["t-out"], Accepted)
        assert report.unresolved == ("t-out",)
        assert [order.order_id for order in report.cancelled] == ["1"]
        await trio.sleep(1)
        assert all(order.status is OrderStatus.CANCELLED for order in bench.venue.orders.values())
        with pytest.raises(DeskKilled):
            await bench.place()
        assert bench.desk.state == "killed"


async def test_a_kill_asks_what_is_left(desk_bench: Any, way: Any, refusal: Any, autojump_clock: Any) -> None:
    """And cancels that; where it cannot ask it says so."""
    async with desk_bench() as bench:
        await bench.place()
        bench.socket.ways = [way(refusal=refusal())]
        report = await bench.desk.kill()
        assert [order.order_id for order in report.cancelled] == ["1"]
        assert len(report.failed) == 1
        bench.venue.failures = [RestFailed("GET /open_orders", "no answer")]
        report = await bench.desk.kill()
        assert report.failed == ("what is left could not be asked for: GET /open_orders: no answer",)
        bench.venue.rest_takes = 30.0
        report = await bench.desk.kill(timeout=1.0)
        assert report.failed == ("what is left could not be asked for within 1 s",)


async def test_a_doomed_order_that_is_over_already_needs_no_cancel(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """It shows as filled, or as refused."""
    async with desk_bench() as bench:
        bench.venue.post_only_ends = True
        bench.venue.pushes = False
        bench.socket.ways = [way(held=0.5, cut=0.1)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place(time_in_force="post_only")
        await bench.desk.kill()
        await trio.sleep(5)
        assert isinstance(bench.resolved()[0].outcome, Rejected)
        assert CancelRequest not in [type(each) for each in bench.socket.log]


async def test_an_order_that_a_kill_has_cancelled_unseen_is_left_alone(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """It was there, and is over, when it is found."""
    async with desk_bench() as bench:
        bench.venue.pushes = False
        bench.socket.ways = [way(unanswered=True, cut=0.1)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place(client_order_id="t-1")
        await bench.desk.kill()
        bench.venue.lag = 0.0
        await trio.sleep(5)
        (told,) = bench.resolved()
        assert isinstance(told.outcome, Accepted)
        assert CancelRequest not in [type(each) for each in bench.socket.log]
