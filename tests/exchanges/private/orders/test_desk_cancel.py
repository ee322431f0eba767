"""Orders that are cancelled, one by one."""

from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.private.order_doors import CancelRequest
from feedtree.exchanges.private.order_errors import OrderNotFound, OrderOutcomeUnknown, OrderRefused
from feedtree.exchanges.private.orders import Accepted, OrderStatus, RejectReason
from feedtree.exchanges.symbols import Symbol

BTC = "BTC/USDT"


async def test_a_cancel_names_the_order_by_the_venues_id(desk_bench: Any, autojump_clock: Any) -> None:
    """Where it is known: the venue knows ours for some time only."""
    async with desk_bench() as bench:
        accepted = await bench.place()
        order = await bench.desk.cancel(BTC, client_order_id=accepted.client_order_id)
        assert order.status is OrderStatus.CANCELLED
        assert bench.socket.log[-1] == CancelRequest(
            symbol=Symbol("BTC", "USDT"), order_id="1", client_order_id=accepted.client_order_id
        )


async def test_a_cancel_of_an_order_that_is_over_returns_it(desk_bench: Any, autojump_clock: Any) -> None:
    """From what the account knows, or else from the venue."""
    async with desk_bench() as bench:
        accepted = await bench.place()
        await bench.desk.cancel(BTC, order_id="1")
        asked = len(bench.venue.asked)
        known = await bench.desk.cancel(BTC, client_order_id=accepted.client_order_id)
        assert known.status is OrderStatus.CANCELLED
        assert len(bench.venue.asked) == asked
        told = await bench.desk.cancel(BTC, order_id="1")
        assert told.status is OrderStatus.CANCELLED
        assert len(bench.venue.asked) == asked + 1


async def test_a_cancel_of_an_order_that_nobody_knows(
    desk_bench: Any, way: Any, refusal: Any, autojump_clock: Any
) -> None:
    """Not found; or refused where the venue contradicts itself or cannot be asked."""
    async with desk_bench() as bench:
        with pytest.raises(OrderNotFound) as missing:
            await bench.desk.cancel(BTC, order_id="77")
        assert (missing.value.reason, missing.value.code) == (RejectReason.ORDER_OVER, "ORDER_NOT_FOUND")
        await bench.place()
        bench.socket.ways = [way(refusal=refusal(RejectReason.ORDER_OVER))]
        with pytest.raises(OrderRefused, match="LABEL words") as refused:
            await bench.desk.cancel(BTC, order_id="1")
        assert not isinstance(refused.value, OrderNotFound)
        bench.venue.failures = [RestFailed("GET /order", "no answer")]
        bench.socket.ways = [way(refusal=refusal(RejectReason.ORDER_OVER))]
        with pytest.raises(OrderRefused, match="could not be asked for"):
            await bench.desk.cancel(BTC, order_id="1")
        bench.venue.rest_takes = 30.0
        bench.socket.ways = [way(refusal=refusal(RejectReason.ORDER_OVER))]
        with pytest.raises(OrderRefused, match="no answer in time"):
            await bench.desk.cancel(BTC, order_id="1")


async def test_a_cancel_that_is_refused(desk_bench: Any, way: Any, refusal: Any, autojump_clock: Any) -> None:
    """The order is as it was."""
    async with desk_bench() as bench:
        await bench.place()
        bench.socket.ways = [way(refusal=refusal(RejectReason.PERMISSION))]
        with pytest.raises(OrderRefused, match="cancel BTC/USDT 1: permission: LABEL words"):
            await bench.desk.cancel(BTC, order_id="1")


async def test_a_cancel_without_an_answer_is_unknown_and_asked_for(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """It is not sent again; the account learns how the order stands."""
    async with desk_bench() as bench:
        accepted = await bench.place()
        bench.venue.pushes = False
        bench.venue.failures = [VenueThrottled("venue", 429, "slow")]
        bench.socket.ways = [way(unanswered=True)]
        with pytest.raises(OrderOutcomeUnknown, match="no answer within 2 s") as unknown:
            await bench.desk.cancel(BTC, order_id="1")
        assert (unknown.value.doing, unknown.value.order_id) == ("cancel", "1")
        assert bench.store.named(accepted.client_order_id).status is OrderStatus.OPEN
        await trio.sleep(3)
        assert bench.store.named(accepted.client_order_id).status is OrderStatus.CANCELLED
        assert len(bench.socket.log) == 2


async def test_a_late_answer_to_a_cancel_is_taken_note_of(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """Also when its caller was cancelled."""
    async with desk_bench() as bench:
        accepted = await bench.place()
        bench.venue.pushes = False
        bench.venue.rest_takes = 60.0
        bench.socket.ways = [way(coming=5.0)]
        with trio.move_on_after(1.0):
            await bench.desk.cancel(BTC, order_id="1")
        await trio.sleep(5)
        assert bench.store.named(accepted.client_order_id).status is OrderStatus.CANCELLED


async def test_an_order_that_is_nowhere_yet_is_cancelled_when_it_shows(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """Its outcome is unknown, so that a cancel cannot say that there is none."""
    async with desk_bench() as bench:
        bench.venue.pushes = False
        bench.socket.ways = [way(held=1.0, cut=0.1)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place(client_order_id="t-slow")
        with pytest.raises(OrderOutcomeUnknown, match="as soon as it shows") as unknown:
            await bench.desk.cancel(BTC, client_order_id="t-slow")
        assert unknown.value.doing == "cancel"
        await trio.sleep(5)
        assert isinstance(bench.resolved()[0].outcome, Accepted)
        assert bench.venue.orders["1"].status is OrderStatus.CANCELLED


async def test_a_cancel_that_finds_no_way_out_is_refused(desk_bench: Any, autojump_clock: Any) -> None:
    """Nothing went out."""
    async with desk_bench() as bench:
        bench.socket.open = bench.rest.open = False
        with pytest.raises(OrderRefused, match="no way out within 2 s") as refused:
            await bench.desk.cancel(BTC, order_id="1")
        assert refused.value.reason is RejectReason.NOT_SENT
