"""Orders of an account at the simulated MEXC: REST alone, answers that tell little, and no amendments."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import trio

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.mexc.private_websocket import MexcPrivateSpotWebsocket
from feedtree.exchanges.private.messages import OrderResolved
from feedtree.exchanges.private.order_errors import (
    NotSupported,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRefused,
)
from feedtree.exchanges.private.order_options import OpenOrders, OrderOptions
from feedtree.exchanges.private.orders import Accepted, OrderStatus, Rejected, RejectReason
from tests.integration import accounts

VENUE = "mexc.spot"


trading = partial(accounts.trading, MexcPrivateSpotWebsocket)
price = partial(accounts.price, VENUE)
entries = partial(accounts.entries, VENUE)


async def test_an_order_lives_and_dies(autojump_clock, lab, tree) -> None:
    """The answer shows no order: the account learns it from the request, the push, and the answer to the cancel."""
    async with trading(lab, tree) as (exchanges, _, account):
        desk = account.orders
        accepted = await desk.place(
            "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
        )
        assert isinstance(accepted, Accepted)
        assert accepted.order is None
        (known,) = account.view.open_orders
        assert (known.order_id, known.client_order_id) == (accepted.order_id, accepted.client_order_id)
        seen = await desk.status("BTC/USDT", client_order_id=accepted.client_order_id)
        assert seen is not None
        assert seen.status is OrderStatus.OPEN
        ended = await desk.cancel("BTC/USDT", client_order_id=accepted.client_order_id)
        assert (ended.order_id, ended.status) == (accepted.order_id, OrderStatus.CANCELLED)
        again = await desk.cancel("BTC/USDT", order_id=accepted.order_id)
        assert again.status is OrderStatus.CANCELLED
        with pytest.raises(OrderNotFound):
            await desk.cancel("BTC/USDT", order_id="C02__1115")
        assert await desk.status("BTC/USDT", order_id="C02__1115") is None
        assert len(entries(exchanges)) == 1


async def test_what_the_venue_does_not_have_is_not_sent(autojump_clock, lab, tree) -> None:
    """Amendments, market sells over a quote amount, a dead man's switch."""
    async with trading(lab, tree) as (exchanges, running, account):
        with pytest.raises(NotSupported, match="changes no order"):
            await account.orders.amend("BTC/USDT", order_id="1", price=Decimal(1))
        with pytest.raises(NotSupported, match="market sell"):
            await account.orders.place("BTC/USDT", "sell", "market", quote_quantity=Decimal(100))
        with pytest.raises(NotSupported, match="dead man"):
            MexcPrivateSpotWebsocket(
                running, Credentials("a", "b"), name="other", orders=OrderOptions(dead_mans_switch=10)
            )
        assert entries(exchanges) == []


async def test_orders_of_every_kind(autojump_clock, lab, tree) -> None:
    """Market orders over either amount, immediate ones, all or nothing; the account ends up right."""
    async with trading(lab, tree) as (exchanges, _, account):
        desk = account.orders
        kinds: list[dict[str, Any]] = [
            {"side": "buy", "type": "market", "quote_quantity": Decimal(100)},
            {"side": "sell", "type": "market", "quantity": Decimal("0.002")},
            {"side": "buy", "time_in_force": "ioc"},
            {"side": "sell", "time_in_force": "fok"},
        ]
        for kind in kinds:
            if "type" not in kind:
                kind |= {"quantity": Decimal("0.01"), "price": price(exchanges, kind["side"], "-0.01")}
            accepted = await desk.place("BTC/USDT", **kind)
            assert isinstance(accepted, Accepted), accepted
            await trio.sleep(0.5)
            order = account.account.store.named(accepted.client_order_id)
            assert order is not None
            assert order.filled > 0
        await trio.sleep(5)
        assert account.consistent


@pytest.mark.parametrize("form", ["refused", "ended"])
async def test_what_cannot_be_is_rejected(autojump_clock, lab, tree, form: str) -> None:
    """A post-only that would cross and a fill-or-kill that cannot fill, refused or ended at once by the venue."""
    async with trading(lab, tree) as (exchanges, _, account):
        exchanges.turn(VENUE, impossible_orders=form)
        cases = [
            ("post_only", "-0.01", RejectReason.WOULD_CROSS),
            ("fok", "0.01", RejectReason.NOT_FILLABLE),
        ]
        for time_in_force, away, reason in cases:
            rejected = await account.orders.place(
                "BTC/USDT",
                "buy",
                quantity=Decimal("0.01"),
                price=price(exchanges, "buy", away),
                time_in_force=time_in_force,
            )
            assert isinstance(rejected, Rejected), rejected
            assert rejected.reason is reason
        resting = await account.orders.place(
            "BTC/USDT",
            "buy",
            quantity=Decimal("0.01"),
            price=price(exchanges, "buy"),
            time_in_force="post_only",
        )
        assert isinstance(resting, Accepted)
        assert resting.order is not None


async def test_a_post_only_that_cannot_be_looked_at_stands_as_accepted(autojump_clock, lab, tree) -> None:
    """The venue has it, that is certain; the rest comes by push."""
    async with trading(lab, tree) as (exchanges, _, account):
        exchanges.turn(VENUE, private_rest_status=503)
        accepted = await account.orders.place(
            "BTC/USDT",
            "buy",
            quantity=Decimal("0.01"),
            price=price(exchanges, "buy"),
            time_in_force="post_only",
        )
        assert isinstance(accepted, Accepted)
        assert accepted.order is None


async def test_the_venues_refusals_are_told(autojump_clock, lab, tree) -> None:
    """In the venue's words and in this project's."""
    async with trading(lab, tree) as (exchanges, _, account):
        place = account.orders.place
        poor = await place("BTC/USDT", "buy", quantity=Decimal(20), price=price(exchanges, "buy"))
        assert (poor.reason, poor.code) == (RejectReason.INSUFFICIENT_BALANCE, "10101")
        far = await place("BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy", "-0.5"))
        assert (far.reason, far.code) == (RejectReason.PRICE_OUT_OF_RANGE, "30010")
        exchanges.turn(VENUE, halted=True)
        halted = await place("BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy"))
        assert (halted.reason, halted.code) == (RejectReason.NOT_TRADING, "30016")
        exchanges.turn(VENUE, deny_permission="trade")
        denied = await place("BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy"))
        assert denied.reason is RejectReason.PERMISSION


async def test_a_held_order_is_unknown_then_expires(autojump_clock, lab, tree) -> None:
    """The venue refuses it when it takes it up at last: its window is over."""
    async with trading(lab, tree) as (exchanges, _, account):
        mailbox = account.mailbox(OrderResolved)
        exchanges.turn(VENUE, order_hold_s=4.0)
        with pytest.raises(OrderOutcomeUnknown) as unknown:
            await account.orders.place(
                "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
            )
        resolved = await mailbox.receive()
        assert resolved.client_order_id == unknown.value.client_order_id
        assert resolved.outcome.reason is RejectReason.EXPIRED
        assert len(entries(exchanges)) == 1


@pytest.mark.parametrize("answers", ["withheld", "cut", "status"])
async def test_an_order_without_an_answer_is_found(autojump_clock, lab, tree, answers: str) -> None:
    """HTTP 5xx means that the order may be there, and it is."""
    async with trading(lab, tree) as (exchanges, _, account):
        mailbox = account.mailbox(OrderResolved)
        exchanges.turn(VENUE, order_answers=answers)
        with pytest.raises(OrderOutcomeUnknown):
            await account.orders.place(
                "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
            )
        resolved = await mailbox.receive()
        assert isinstance(resolved.outcome, Accepted)
        assert len(entries(exchanges)) == 1


async def test_a_request_limit_pauses_everything(autojump_clock, lab, tree) -> None:
    """The venue says for how long; until then requests wait, or are held back where that is too long."""
    async with trading(lab, tree) as (exchanges, _, account):
        exchanges.turn(VENUE, account_limit=3)
        outcomes: list[Any] = []
        for _ in range(5):
            outcomes.append(
                await account.orders.place(
                    "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price(exchanges, "buy")
                )
            )
        assert [type(each) for each in outcomes[:3]] == [Accepted] * 3
        assert (outcomes[3].reason, outcomes[3].code) == (RejectReason.RATE_LIMITED, "429")
        assert (outcomes[4].reason, outcomes[4].code) == (RejectReason.RATE_LIMITED, "")
        assert len(entries(exchanges)) == 4
        with pytest.raises(OrderRefused):
            await account.orders.cancel("BTC/USDT", order_id=outcomes[0].order_id)
        await trio.sleep(10)
        ended = await account.orders.cancel("BTC/USDT", order_id=outcomes[0].order_id)
        assert ended.status is OrderStatus.CANCELLED


async def test_all_orders_are_cancelled(autojump_clock, lab, tree) -> None:
    """When asked for, when killed, and at a stop."""
    options = OrderOptions(on_stop=OpenOrders.CANCEL_ALL)
    async with trading(lab, tree, options) as (exchanges, _, account):
        truth = exchanges.account(VENUE)

        async def some() -> None:
            for symbol in ("BTC/USDT", "ETH/USDT"):
                near = price(exchanges, "buy") if symbol == "BTC/USDT" else Decimal(2400)
                await account.orders.place(symbol, "buy", quantity=Decimal("0.01"), price=near)

        await some()
        count = len(truth.now.open)
        report = await account.orders.cancel_all(["BTC/USDT"])
        assert report.complete
        assert len(truth.now.open) == count - 1
        await some()
        await account.aclose()
        assert len(truth.now.open) == 0
        assert account.orders.reports[-1].complete
