"""Orders of an account at the simulated Gate.io, through both doors."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import trio

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.gateio.private_websocket import GateioPrivateSpotWebsocket
from feedtree.exchanges.private.cancel_report import Cause
from feedtree.exchanges.private.messages import OrderResolved
from feedtree.exchanges.private.order_errors import (
    AccountInconsistent,
    DeskClosed,
    DeskKilled,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRefused,
)
from feedtree.exchanges.private.order_options import DoorChoice, OpenOrders, OrderOptions
from feedtree.exchanges.private.orders import Accepted, OrderStatus, Rejected, RejectReason
from feedtree.exchanges.wire.memory import Fault
from feedtree.ops.sim.accounts.config import DEMO_KEY
from tests.integration import accounts

VENUE = "gateio.spot"
SOCKET = "private/gateio.spot/main/orders/socket"


@pytest.fixture(params=list(DoorChoice), ids=str)
def door(request: Any) -> DoorChoice:
    return request.param


trading = partial(accounts.trading, GateioPrivateSpotWebsocket)
price = partial(accounts.price, VENUE)
entries = partial(accounts.entries, VENUE)


async def test_an_order_lives_and_dies(autojump_clock, lab, tree, door: DoorChoice) -> None:
    """Placed, asked for, amended, cancelled, each in one request through the door that was chosen."""
    async with trading(lab, tree, OrderOptions(door=door)) as (exchanges, _, account):
        desk = account.orders
        accepted = await desk.place(
            "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
        )
        assert isinstance(accepted, Accepted)
        assert accepted.order is not None
        assert accepted.order.status is OrderStatus.OPEN
        assert accepted.client_order_id.startswith("t-")
        seen = await desk.status("BTC/USDT", order_id=accepted.order_id)
        assert seen is not None
        assert seen.client_order_id == accepted.client_order_id
        lower = price(exchanges, "buy", "0.02")
        amended = await desk.amend("BTC/USDT", client_order_id=accepted.client_order_id, price=lower)
        assert amended.price == lower
        ended = await desk.cancel("BTC/USDT", client_order_id=accepted.client_order_id)
        assert (ended.order_id, ended.status) == (accepted.order_id, OrderStatus.CANCELLED)
        again = await desk.cancel("BTC/USDT", client_order_id=accepted.client_order_id)
        assert again.status is OrderStatus.CANCELLED
        assert {entry.door for entry in entries(exchanges)} == {str(door)}
        assert len(entries(exchanges)) == 1
        assert desk.unresolved == ()


async def test_orders_of_every_kind(autojump_clock, lab, tree, door: DoorChoice) -> None:
    """Market orders over what the venue takes, immediate ones, all or nothing."""
    async with trading(lab, tree, OrderOptions(door=door)) as (exchanges, _, account):
        desk = account.orders
        bought = await desk.place("BTC/USDT", "buy", "market", quote_quantity=Decimal(100))
        sold = await desk.place("BTC/USDT", "sell", "market", quantity=Decimal("0.002"))
        taken = await desk.place(
            "BTC/USDT",
            "buy",
            quantity=Decimal("0.01"),
            price=price(exchanges, "buy", "-0.01"),
            time_in_force="ioc",
        )
        whole = await desk.place(
            "BTC/USDT",
            "sell",
            quantity=Decimal("0.01"),
            price=price(exchanges, "sell", "-0.01"),
            time_in_force="fok",
        )
        for accepted in (bought, sold, taken, whole):
            assert isinstance(accepted, Accepted), accepted
            assert accepted.order is not None
            assert accepted.order.filled > 0
        await trio.sleep(1)
        assert account.consistent


@pytest.mark.parametrize("form", ["refused", "ended"])
async def test_what_cannot_be_is_rejected(autojump_clock, lab, tree, door: DoorChoice, form: str) -> None:
    """A post-only that would cross and a fill-or-kill that cannot fill, refused or ended at once by the venue."""
    async with trading(lab, tree, OrderOptions(door=door)) as (exchanges, _, account):
        exchanges.turn(VENUE, impossible_orders=form)
        crossing = price(exchanges, "buy", "-0.01")
        rejected = await account.orders.place(
            "BTC/USDT", "buy", quantity=Decimal("0.01"), price=crossing, time_in_force="post_only"
        )
        assert isinstance(rejected, Rejected)
        assert rejected.reason is RejectReason.WOULD_CROSS
        rejected = await account.orders.place(
            "BTC/USDT",
            "buy",
            quantity=Decimal("0.01"),
            price=price(exchanges, "buy"),
            time_in_force="fok",
        )
        assert isinstance(rejected, Rejected)
        assert rejected.reason is RejectReason.NOT_FILLABLE


async def test_the_venues_refusals_are_told(autojump_clock, lab, tree, door: DoorChoice) -> None:
    """Too little balance and trading that is suspended, in the venue's words and in this project's."""
    async with trading(lab, tree, OrderOptions(door=door)) as (exchanges, _, account):
        rejected = await account.orders.place(
            "BTC/USDT", "buy", quantity=Decimal(40), price=price(exchanges, "buy")
        )
        assert isinstance(rejected, Rejected)
        assert (rejected.reason, rejected.code) == (
            RejectReason.INSUFFICIENT_BALANCE,
            "BALANCE_NOT_ENOUGH",
        )
        with pytest.raises(OrderNotFound, match="ORDER_NOT_FOUND"):
            await account.orders.cancel("BTC/USDT", order_id="12345")
        assert await account.orders.status("BTC/USDT", order_id="12345") is None
        with pytest.raises(OrderRefused) as refused:
            await account.orders.amend("BTC/USDT", order_id="12345", price=price(exchanges, "buy"))
        assert refused.value.reason is RejectReason.ORDER_OVER


async def test_a_cancel_that_comes_too_late_returns_how_the_order_ended(
    autojump_clock, lab, tree, door: DoorChoice
) -> None:
    """Whatever the venue calls it."""
    async with trading(lab, tree, OrderOptions(door=door)) as (exchanges, _, account):
        for form in ("not_found", "closed"):
            exchanges.turn(VENUE, late_cancel=form)
            accepted = await account.orders.place(
                "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy", "-0.01")
            )
            ended = await account.orders.cancel("BTC/USDT", order_id=accepted.order_id)
            assert ended.status is OrderStatus.FILLED


async def test_a_held_order_is_unknown_then_expires(autojump_clock, lab, tree, door: DoorChoice) -> None:
    """The venue refuses it when it takes it up at last: the expiry that every order carries is over."""
    async with trading(lab, tree, OrderOptions(door=door)) as (exchanges, _, account):
        mailbox = account.mailbox(OrderResolved)
        exchanges.turn(VENUE, order_hold_s=4.0)
        with pytest.raises(OrderOutcomeUnknown) as unknown:
            await account.orders.place(
                "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
            )
        resolved = await mailbox.receive()
        assert resolved.client_order_id == unknown.value.client_order_id
        assert resolved.outcome.reason is RejectReason.EXPIRED
        assert resolved.after_ns == pytest.approx(4e9, rel=0.1)
        assert len(entries(exchanges)) == 1


@pytest.mark.parametrize("answers", ["withheld", "cut", "status"])
async def test_an_order_without_an_answer_is_found(
    autojump_clock, lab, tree, door: DoorChoice, answers: str
) -> None:
    """It is there: nothing else is ever told of it, and it is not sent again."""
    async with trading(lab, tree, OrderOptions(door=door)) as (exchanges, _, account):
        mailbox = account.mailbox(OrderResolved)
        exchanges.turn(VENUE, order_answers=answers)
        began = trio.current_time()
        with pytest.raises(OrderOutcomeUnknown):
            await account.orders.place(
                "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
            )
        took = trio.current_time() - began
        assert took == (pytest.approx(2.0) if answers == "withheld" else pytest.approx(0.0, abs=0.1))
        resolved = await mailbox.receive()
        assert isinstance(resolved.outcome, Accepted)
        assert len(entries(exchanges)) == 1


async def test_without_a_socket_orders_go_over_rest(autojump_clock, lab, tree) -> None:
    """Losing one connection stops neither an order nor a cancel; the socket comes back by itself."""
    async with trading(lab, tree) as (exchanges, running, account):
        accepted = await account.orders.place(
            "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
        )
        await running.supervisor.terminate_child(SOCKET)
        ended = await account.orders.cancel("BTC/USDT", order_id=accepted.order_id)
        assert ended.status is OrderStatus.CANCELLED
        assert [entry.door for entry in entries(exchanges, "cancel")] == ["rest"]
        await running.supervisor.restart(SOCKET)
        await trio.sleep(3)
        await account.orders.place("BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy"))
        assert [entry.door for entry in entries(exchanges)] == ["websocket", "websocket"]


async def test_a_cancel_works_without_the_stream(autojump_clock, lab, tree) -> None:
    """The account is inconsistent then: an order is refused, a cancel is not."""
    async with trading(lab, tree) as (exchanges, running, account):
        accepted = await account.orders.place(
            "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
        )
        await running.supervisor.terminate_child("private/gateio.spot/main/stream/a")
        assert not account.consistent
        ended = await account.orders.cancel("BTC/USDT", client_order_id=accepted.client_order_id)
        assert ended.status is OrderStatus.CANCELLED
        placed = await account.orders.place(
            "BTC/USDT",
            "buy",
            quantity=Decimal("0.01"),
            price=price(exchanges, "buy"),
            allow_inconsistent=True,
        )
        assert isinstance(placed, Accepted)


async def test_too_many_orders_wait_then_are_held_back(autojump_clock, lab, tree, door: DoorChoice) -> None:
    """Ten a second and pair go, a few wait visibly, the rest is rejected here; the venue refuses none."""
    async with trading(lab, tree, OrderOptions(door=door, most_wait=1.0)) as (exchanges, _, account):
        outcomes: list[Any] = []
        states: list[str] = []

        async def place() -> None:
            outcome = await account.orders.place(
                "BTC/USDT", "buy", quantity=Decimal("0.001"), price=price(exchanges, "buy"), timeout=5.0
            )
            outcomes.append(outcome)

        async with trio.open_nursery() as nursery:
            for _ in range(25):
                nursery.start_soon(place)
            await trio.sleep(0.5)
            states.append(account.orders.state)
        assert sum(isinstance(each, Accepted) for each in outcomes) == 20
        held_back = [each for each in outcomes if isinstance(each, Rejected)]
        assert {(each.reason, each.code) for each in held_back} == {(RejectReason.RATE_LIMITED, "")}
        assert states == ["waiting"]
        assert len(entries(exchanges)) == 20


async def test_the_venues_own_count_is_honoured(autojump_clock, lab, tree, door: DoorChoice) -> None:
    """Where it says that nothing is left (another program trades, too), orders wait until its window ends."""
    async with trading(lab, tree, OrderOptions(door=door)) as (exchanges, _, account):
        exchanges.turn(VENUE, order_limit=2)
        began = trio.current_time()
        for _ in range(6):
            accepted = await account.orders.place(
                "BTC/USDT", "buy", quantity=Decimal("0.001"), price=price(exchanges, "buy"), timeout=5.0
            )
            assert isinstance(accepted, Accepted)
        assert 1.0 < trio.current_time() - began <= 3.0


async def test_all_orders_are_cancelled_at_a_stop(autojump_clock, lab, tree, door: DoorChoice) -> None:
    """Within a second, and reported; and kept where nothing else was said."""
    options = OrderOptions(door=door, on_stop=OpenOrders.CANCEL_ALL)
    async with trading(lab, tree, options) as (exchanges, _, account):
        for side in ("buy", "sell"):
            await account.orders.place(
                "BTC/USDT", side, quantity=Decimal("0.01"), price=price(exchanges, side)
            )
        truth = exchanges.account(VENUE)
        assert len(truth.now.open) == 2
        await account.aclose()
        assert len(truth.now.open) == 0
        (report,) = account.orders.reports
        assert (report.cause, len(report.cancelled), report.complete) == (Cause.STOP, 2, True)
        with pytest.raises(DeskClosed):
            await account.orders.cancel("BTC/USDT", order_id="1")


async def test_all_orders_are_cancelled_when_the_account_is_in_doubt(autojump_clock, lab, tree) -> None:
    """At once, and once."""
    async with trading(lab, tree, OrderOptions(on_inconsistent=OpenOrders.CANCEL_ALL)) as parts:
        exchanges, running, account = parts
        await account.orders.place("BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy"))
        await running.supervisor.terminate_child("private/gateio.spot/main/stream/a")
        await trio.sleep(1)
        assert len(exchanges.account(VENUE).now.open) == 0
        (report,) = account.orders.reports
        assert (report.cause, len(report.cancelled)) == (Cause.INCONSISTENT, 1)


async def test_the_dead_mans_switch_cancels_what_nobody_looks_after(autojump_clock, lab, tree) -> None:
    """It is renewed while the account is consistent, and not otherwise; an orderly stop ends it."""
    async with trading(lab, tree, OrderOptions(dead_mans_switch=6)) as (exchanges, running, account):
        truth = exchanges.account(VENUE)
        await account.orders.place(
            "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy", "0.3")
        )
        await trio.sleep(30)
        assert len(truth.now.open) == 1
        await running.supervisor.terminate_child("private/gateio.spot/main/stream/a")
        await trio.sleep(7)
        assert len(truth.now.open) == 0
    async with trading(lab, tree, OrderOptions(dead_mans_switch=6)) as (exchanges, _, account):
        await account.orders.place(
            "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy", "0.3")
        )
        await account.aclose()
        await trio.sleep(30)
        assert len(exchanges.account(VENUE).now.open) == 1


async def test_a_kill_stops_orders_and_cancels_all(autojump_clock, lab, tree, door: DoorChoice) -> None:
    """Also those of other programs, as far as the venue tells of them."""
    async with trading(lab, tree, OrderOptions(door=door)) as (exchanges, _, account):
        for symbol in ("BTC/USDT", "ETH/USDT"):
            await account.orders.place(symbol, "sell", quantity=Decimal("0.1"), price=Decimal(200_000))
        report = await account.orders.kill()
        assert (report.cause, len(report.cancelled), report.complete) == (Cause.KILL, 2, True)
        assert account.orders.state == "killed"
        assert len(exchanges.account(VENUE).now.open) == 0
        with pytest.raises(DeskKilled):
            await account.orders.place("BTC/USDT", "sell", quantity=Decimal(1), price=Decimal(200_000))


async def test_a_key_that_may_not_trade_is_told(autojump_clock, lab, tree, door: DoorChoice) -> None:
    """The venue's label comes through; nothing falls."""
    async with trading(lab, tree, OrderOptions(door=door)) as (exchanges, _, account):
        exchanges.turn(VENUE, deny_permission="trade")
        rejected = await account.orders.place(
            "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
        )
        assert isinstance(rejected, Rejected)
        assert (rejected.reason, rejected.code) == (RejectReason.PERMISSION, "READ_ONLY")
        assert account.consistent


async def test_a_wrong_secret_parks_the_socket(autojump_clock, lab, tree) -> None:
    """Without a storm of attempts; an order over REST is told the same."""
    wrong = Credentials(DEMO_KEY, "not-the-secret")
    async with trading(lab, tree, credentials=wrong) as (exchanges, running, account):
        with trio.fail_after(30):
            failed = await running.supervisor.failed(SOCKET)
        assert "INVALID_SIGNATURE" in str(failed)
        await trio.sleep(60)
        assert await account.orders.wait_ready(5)
        rejected = await account.orders.place(
            "BTC/USDT",
            "buy",
            quantity=Decimal("0.01"),
            price=price(exchanges, "buy"),
            allow_inconsistent=True,
        )
        assert isinstance(rejected, Rejected)
        assert (rejected.reason, rejected.code) == (RejectReason.AUTHENTICATION, "INVALID_SIGNATURE")


async def test_the_socket_is_replaced_before_it_must_end(autojump_clock, lab, tree) -> None:
    """At once when the venue announces its end; what is under way comes to its end first."""
    async with trading(lab, tree) as (exchanges, running, account):
        exchanges.turn(VENUE, order_hold_s=1.0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_announce, exchanges)
            accepted = await account.orders.place(
                "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
            )
        assert isinstance(accepted, Accepted)
        await trio.sleep(2)
        assert running.supervisor.node(SOCKET).generation == 2
        assert account.account.access.connections.in_use(trio.current_time()) == 2


async def _announce(lab: Any) -> None:
    await trio.sleep(0.3)
    lab.inflict(VENUE, "notice", seconds=30.0)


async def test_without_any_way_out_nothing_is_sent(autojump_clock, lab, tree) -> None:
    """No connection comes about: the order is rejected as not sent, which is certain."""
    async with trading(lab, tree) as (exchanges, running, account):
        await running.supervisor.terminate_child(SOCKET)
        await account.account.access.client.aclose()
        exchanges.network.fault("127.0.0.1", 9000, Fault.REFUSE)
        rejected = await account.orders.place(
            "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
        )
        assert isinstance(rejected, Rejected)
        assert rejected.reason is RejectReason.NOT_SENT
        assert entries(exchanges) == []


@pytest.mark.parametrize("off", [3_600.0, -3_600.0])
async def test_a_clock_that_is_an_hour_off_costs_nothing(autojump_clock, lab, tree, off: float) -> None:
    """The socket asks for the venue's time before it logs in; orders are signed with it, and expire by it."""
    switches = {VENUE: {"clock_skew_s": off}}
    async with trading(lab, tree, switches=switches) as (exchanges, running, account):
        assert running.snapshot().find(SOCKET).generation == 1
        placed = await account.orders.place(
            "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
        )
        assert isinstance(placed, Accepted)
        assert {entry.door for entry in entries(exchanges)} == {"websocket"}


async def test_a_clock_that_stepped_since_it_was_asked_is_asked_again(autojump_clock, lab, tree) -> None:
    """As after a machine slept: the first log-in is refused, the next one is made with the venue's new time."""
    async with trading(lab, tree) as (exchanges, running, account):
        await trio.sleep(60)
        exchanges.turn(VENUE, clock_skew_s=3_600.0)
        exchanges.inflict(VENUE, "reset")
        await trio.sleep(10)
        assert running.snapshot().find(SOCKET).state == "running"
        placed = await account.orders.place(
            "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
        )
        assert isinstance(placed, Accepted)


async def test_a_key_that_may_read_no_more_still_cancels(autojump_clock, lab, tree) -> None:
    """Its stream is parked, with what to do; no order is placed then, and what is open can be taken back."""
    async with trading(lab, tree) as (exchanges, running, account):
        desk = account.orders
        resting = {
            "quantity": Decimal("0.01"),
            "price": price(exchanges, "buy"),
        }
        placed = await desk.place("BTC/USDT", "buy", **resting)
        exchanges.turn(VENUE, deny_permission="read")
        exchanges.inflict(VENUE, "reset")
        await running.failed("private/gateio.spot/main/stream/a")
        await trio.sleep(1)
        assert account.view.state == "failed"
        with pytest.raises(AccountInconsistent):
            await desk.place("BTC/USDT", "buy", **resting)
        assert len(entries(exchanges)) == 1
        ended = await desk.cancel("BTC/USDT", order_id=placed.order_id)
        assert ended.status is OrderStatus.CANCELLED
        assert not exchanges.account().now.open
