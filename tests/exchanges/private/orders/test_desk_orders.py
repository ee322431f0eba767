"""Orders that are there: cancelled, amended, asked for, all at once; and the desk's own bounds."""

from decimal import Decimal
from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import AuthenticationFailed, RestFailed, VenueThrottled
from feedtree.exchanges.private.cancel_report import Cause
from feedtree.exchanges.private.order_doors import (
    Answered,
    Brake,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    Refused,
    Unanswered,
)
from feedtree.exchanges.private.order_errors import (
    AccountInconsistent,
    DeskClosed,
    DeskKilled,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRefused,
)
from feedtree.exchanges.private.order_limits import HardLimits
from feedtree.exchanges.private.order_options import OpenOrders, OrderOptions
from feedtree.exchanges.private.orders import Accepted, OrderStatus, Rejected, RejectReason
from feedtree.exchanges.symbols import Symbol

BTC = "BTC/USDT"


def refusal(reason: RejectReason = RejectReason.OTHER, **more: Any) -> Refused:
    return Refused(reason=reason, code="LABEL", text="words", **more)


# Cancel


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


async def test_a_cancel_of_an_order_that_nobody_knows(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
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


async def test_a_cancel_that_is_refused(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
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


# Amend and status


async def test_an_amended_order_is_known(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
    """As the venue shows it; a refusal leaves it as it was."""
    async with desk_bench() as bench:
        await bench.place()
        amended = await bench.desk.amend(BTC, order_id="1", price=Decimal(99))
        assert (amended.price, amended.quantity) == (Decimal(99), Decimal(1))
        assert bench.store.open_orders()[0].price == Decimal(99)
        bench.socket.ways = [way(refusal=refusal())]
        with pytest.raises(OrderRefused, match="amend BTC/USDT 1: other: LABEL words"):
            await bench.desk.amend(BTC, order_id="1", price=Decimal(98))
        with pytest.raises(OrderRefused, match=r"price of BTC/USDT goes in steps of 0.01") as refused:
            await bench.desk.amend(BTC, order_id="1", price=Decimal("0.001"))
        assert refused.value.reason is RejectReason.PRECISION
        assert len(bench.socket.log) == 3


async def test_an_amendment_is_checked_like_an_order(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
    """Not while the account is inconsistent, not over the account's own limits, not after a kill."""
    limits = HardLimits(notional={"USDT": Decimal(150)}, orders_per_s=100)
    async with desk_bench(OrderOptions(limits=limits)) as bench:
        accepted = await bench.place()
        name = accepted.client_order_id
        with pytest.raises(OrderRefused, match=r"limits\.notional"):
            await bench.desk.amend(BTC, client_order_id=name, quantity=Decimal(2))
        bench.store.doubted("a test")
        with pytest.raises(AccountInconsistent):
            await bench.desk.amend(BTC, order_id="1", price=Decimal(99))
        amended = await bench.desk.amend(BTC, order_id="1", price=Decimal(99), allow_inconsistent=True)
        assert amended.price == Decimal(99)
        bench.agree()
        bench.socket.ways = [way(opening=0.5)]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_doubt, bench)
            with pytest.raises(AccountInconsistent):
                await bench.desk.amend(BTC, order_id="1", price=Decimal(98))
        await bench.desk.kill()
        with pytest.raises(DeskKilled):
            await bench.desk.amend(BTC, order_id="1", price=Decimal(98))


async def _doubt(bench: Any) -> None:
    await trio.sleep(0.2)
    bench.store.doubted("a test")


async def test_a_status_is_asked_for_twice_where_need_be(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """Through the door first, and by REST where nothing comes back."""
    async with desk_bench() as bench:
        await bench.place()
        order = await bench.desk.status(BTC, order_id="1")
        assert order is not None
        assert await bench.desk.status(BTC, order_id="7") is None
        bench.socket.ways = [way(lost=True)]
        asked = len(bench.venue.asked)
        assert await bench.desk.status(BTC, order_id="1") == order
        assert len(bench.venue.asked) == asked + 1
        bench.socket.ways = [way(refusal=refusal())]
        with pytest.raises(OrderRefused, match="status BTC/USDT 1: other"):
            await bench.desk.status(BTC, order_id="1")
        bench.socket.ways = [way(lost=True)]
        bench.venue.rest_takes = 30.0
        with pytest.raises(RestFailed, match="no answer in time"):
            await bench.desk.status(BTC, order_id="1")


# All at once


async def test_all_orders_of_some_symbols_are_cancelled(
    desk_bench: Any, way: Any, autojump_clock: Any
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


async def test_a_kill_asks_what_is_left(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
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


# Bounds


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
    desk_bench: Any, way: Any, autojump_clock: Any
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


# What the actor does by itself


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
    desk_bench: Any, way: Any, autojump_clock: Any
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
