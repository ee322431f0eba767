"""An account at the simulated MEXC: listen keys, protobuf pushes, and the truth where fills are asked for by symbol."""

from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

import pytest
import structlog
import trio

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.private.messages import (
    AccountReconciled,
    AccountStreamFailed,
    AccountStreamLost,
    AccountStreamUp,
    BalanceUpdate,
    Fill,
    OrderUpdate,
)
from feedtree.exchanges.private.orders import OrderStatus, OrderType, TimeInForce
from feedtree.ops.sim.mexc.account_shapes import order_id
from tests.integration import accounts
from tests.integration.accounts import of
from tests.taking import taken

VENUE = "mexc.spot"
KEY = "mexc.spot/main"
STREAM = "private/mexc.spot/main/stream"


config_of = partial(accounts.config_of, venue=VENUE)
settled = partial(accounts.settled, within=120.0)


def told(order_id: str, price: Decimal, quantity: Decimal) -> tuple[str, Decimal, Decimal]:
    """What a fill is known by, whichever form of its id was told."""
    return order_id, price.normalize(), quantity.normalize()


def check(account: Any, messages: list[Any], lab: Any) -> None:
    """See `accounts.check`."""
    markets, truth = lab.sim.simulation.venues[VENUE].markets, lab.account(VENUE)
    accounts.check(
        account,
        messages,
        truth,
        fill=lambda fill: told(fill.order_id, fill.price, fill.quantity),
        fills=(
            told(
                order_id(fill.order),
                Decimal(markets[fill.wire].price_text(fill.price)),
                Decimal(markets[fill.wire].size_text(fill.lots)),
            )
            for fill in truth.now.fills
        ),
        order_id=order_id,
    )


async def trade(trader: Any, seconds: float, rng: Random, pace: float = 0.15) -> None:
    """Place orders at and near the touch, and cancel some of them."""
    until = trio.current_time() + seconds
    while trio.current_time() < until:
        side = rng.choice(["buy", "sell"])
        away = rng.choice([0.0, 0.0, 0.0002, 0.01])
        placed = await trader.place(side, trader.touch(side, away), "0.01")
        await trio.sleep(rng.random() * pace * 2)
        if rng.random() < 0.6:
            await trader.cancel(placed["orderId"])


async def test_orders_fills_and_balances_are_told(autojump_clock, lab, tree, mexc_trader) -> None:
    """A resting order and a market order: updates, fills and balances in Decimal, in a gapless sequence."""
    async with lab(rate=50.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        mailbox = account.mailbox()
        await account.wait_live(5.0)
        assert account.consistent
        orders = mexc_trader(exchanges)
        resting = await orders.place("buy", orders.touch("buy", 0.2))
        await orders.place(
            "sell", orders.touch("sell", -0.05), type="LIMIT", newClientOrderId="mine", quantity="0.02"
        )
        await orders.cancel(resting["orderId"])
        await settled(account)
        messages = taken(mailbox)
        check(account, messages, exchanges)
        updates = of(OrderUpdate, messages)
        assert not any(message.recovered for message in updates)
        mine = [each.order for each in updates if each.order.client_order_id == "mine"]
        assert (mine[-1].status, mine[-1].filled) == (OrderStatus.FILLED, Decimal("0.02"))
        assert (mine[-1].type, mine[-1].time_in_force) == (OrderType.LIMIT, TimeInForce.GTC)
        ended = [each.order.status for each in updates if each.order.order_id == resting["orderId"]]
        assert ended == [OrderStatus.OPEN, OrderStatus.CANCELLED]
        assert {each.client_order_id for each in of(Fill, messages)} == {"mine"}
        assert {each.reason for each in of(BalanceUpdate, messages)} >= {"ENTRUST_PLACE", "ENTRUST"}
        reports = of(AccountReconciled, messages)
        assert len(reports) == 1
        assert "my_trades BTC/USDT" in reports[0].report.queried


@pytest.mark.parametrize("form", ["same", "bare", "hex"])
@pytest.mark.parametrize("kind", ["reset", "blackhole"])
async def test_what_an_outage_hid_is_recovered(
    autojump_clock, lab, tree, mexc_trader, kind: str, form: str
) -> None:
    """Trading goes on while the connection is gone; REST has other ids, and times in whole seconds."""
    switches = {"mexc.spot": {"rest_trade_ids": form}}
    async with (
        lab(rate=50.0, switches=switches) as exchanges,
        tree(exchanges, config_of(exchanges)) as running,
    ):
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        mailbox = account.mailbox()
        orders, rng = mexc_trader(exchanges), Random(7)
        for _ in range(3):
            await trade(orders, 1.0, rng)
            exchanges.inflict("mexc.spot", kind, seconds=2.0)
            await trade(orders, 3.0, rng)
        await settled(account)
        messages = taken(mailbox)
        check(account, messages, exchanges)
        events = of(AccountStreamLost | AccountReconciled | AccountStreamUp, messages)
        lost = next(i for i, each in enumerate(events) if isinstance(each, AccountStreamLost))
        kinds = [type(event) for event in events[lost : lost + 3]]
        assert kinds == [AccountStreamLost, AccountReconciled, AccountStreamUp]
        assert any(fill.recovered for fill in of(Fill, messages))
        assert len(exchanges.sim.simulation.venues["mexc.spot"].private.keys.all()) == 1


SWITCHES: list[dict[str, Any]] = [
    {"private_delay_s": 0.8},
    {"private_skip_every": 3},
    {"private_skip_every": 3, "rest_trade_ids": "same", "rest_whole_seconds": False},
    {"private_repeat_every": 2},
    {"private_shuffle": True},
    {"private_lag_s": 1.2},
    {"private_order": "deals_first"},
    {"private_order": "account_first"},
    {"rest_delay_s": 0.7},
    {"private_skip_every": 4, "private_repeat_every": 3, "private_shuffle": True, "private_lag_s": 1.0},
]


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda each: "+".join(each))
async def test_no_oddity_of_the_venue_costs_a_fill(
    autojump_clock, lab, tree, mexc_trader, switches: dict[str, Any]
) -> None:
    """Pushes late, lost, twice or shuffled, REST behind or slow, and cuts on top of it."""
    async with lab(rate=50.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        mailbox = account.mailbox()
        exchanges.turn("mexc.spot", **{"rest_trade_ids": "hex", **switches})
        orders, rng = mexc_trader(exchanges), Random(11)
        for _ in range(3):
            await trade(orders, 2.0, rng)
            exchanges.inflict("mexc.spot", "reset")
            await trade(orders, 1.0, rng)
        await settled(account)
        check(account, taken(mailbox), exchanges)


async def test_more_than_a_hundred_fills_of_an_outage_are_recovered(
    autojump_clock, lab, tree, mexc_trader
) -> None:
    """The venue tells a hundred at a time."""
    async with lab(rate=50.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        mailbox = account.mailbox()
        exchanges.turn("mexc.spot", upgrade_status=503, rest_trade_ids="hex")
        exchanges.inflict("mexc.spot", "reset")
        orders = mexc_trader(exchanges)
        for number in range(130):
            side = ("buy", "sell")[number % 2]
            await orders.place(side, orders.touch(side, -0.02), "0.01")
            await trio.sleep(0.1)
        exchanges.turn("mexc.spot", upgrade_status=0)
        await account.wait_live(60.0)
        await settled(account)
        messages = taken(mailbox)
        check(account, messages, exchanges)
        assert len(of(Fill, messages)) >= 130


async def test_the_listing_is_fetched_once_at_the_start(autojump_clock, lab, tree) -> None:
    """It is 2 MB, and of weight 10: stream and orders share it."""
    async with lab(rate=50.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        await settled(account)
        assert account.orders.instrument("BTC/USDT") is not None
        assert exchanges.asked("mexc.spot", "GET /api/v3/exchangeInfo") == 1
        exchanges.inflict("mexc.spot", "reset")
        await trio.sleep(10.0)
        await settled(account)
        assert exchanges.asked("mexc.spot", "GET /api/v3/exchangeInfo") == 1


async def test_a_symbol_that_nobody_named_is_learned(autojump_clock, lab, tree, mexc_trader) -> None:
    """An order of another program: its pushes are read since the listing was, and later comparisons include it."""
    async with (
        lab(rate=50.0) as exchanges,
        tree(exchanges, config_of(exchanges, symbols=())) as running,
    ):
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        mailbox = account.mailbox()
        orders = mexc_trader(exchanges)
        await orders.place("buy", orders.touch("buy", -0.01))
        await trio.sleep(1.0)
        exchanges.inflict("mexc.spot", "reset")
        await orders.place("sell", orders.touch("sell", -0.01))
        await settled(account)
        check(account, taken(mailbox), exchanges)


async def test_a_trade_on_a_symbol_that_nobody_named_is_found_by_its_base(
    autojump_clock, lab, tree, mexc_trader
) -> None:
    """Another program trades while the connection is gone: ETH moved, so that what has it as its base is asked for."""
    async with (
        lab(rate=50.0) as exchanges,
        tree(exchanges, config_of(exchanges, symbols=("BTC/USDT",))) as running,
    ):
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        mailbox = account.mailbox()
        exchanges.turn("mexc.spot", upgrade_status=503)
        exchanges.inflict("mexc.spot", "reset")
        orders = mexc_trader(exchanges)
        price = orders.touch("buy", -0.01, "ETHUSDT")
        await orders.place("buy", price, "0.01", "ETHUSDT")
        exchanges.turn("mexc.spot", upgrade_status=0)
        await account.wait_live(30.0)
        await settled(account)
        messages = taken(mailbox)
        check(account, messages, exchanges)
        assert {str(fill.symbol) for fill in of(Fill, messages)} == {"ETH/USDT"}


async def test_fills_beyond_the_venues_limit_leave_the_account_inconsistent(
    autojump_clock, lab, tree, mexc_trader
) -> None:
    """Over 100 in one millisecond of an outage: a hundred are told; what is missing is said, until acknowledged."""
    async with lab(rate=50.0, orders=600) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        mailbox = account.mailbox()
        exchanges.turn("mexc.spot", upgrade_status=503)
        exchanges.inflict("mexc.spot", "reset")
        await trio.sleep(0.5)
        orders = mexc_trader(exchanges)
        await orders.place("sell", orders.touch("sell", -0.04), "20")
        assert len(exchanges.account(VENUE).now.fills) > 100
        exchanges.turn("mexc.spot", upgrade_status=0)
        await account.wait_live(30.0)
        await trio.sleep(60.0)
        assert not account.consistent
        left = " ".join(account.view.unexplained)
        assert "more than its fills tell" in left
        assert "/api/v3/myTrades BTC/USDT: more than 100 rows" in left
        assert 100 <= len(of(Fill, taken(mailbox))) < len(exchanges.account(VENUE).now.fills)
        account.acknowledge()
        await settled(account)


# Listen keys


def keys_of(exchanges: Any) -> list[str]:
    return [key.text for key in exchanges.sim.simulation.venues["mexc.spot"].private.keys.all()]


@pytest.mark.parametrize("end", ["close", "silent", "text"])
async def test_a_key_that_another_program_deletes_costs_no_fill(
    autojump_clock, lab, tree, mexc_trader, end: str
) -> None:
    """Whatever its end does to connections: no fill is missed, and the account is consistent again."""
    switches = {"mexc.spot": {"listen_key_end": end}}
    async with (
        lab(rate=5.0, orders=50, switches=switches) as exchanges,
        tree(exchanges, config_of(exchanges)) as running,
    ):
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        mailbox = account.mailbox()
        orders = mexc_trader(exchanges)
        (key,) = keys_of(exchanges)
        await orders.call("DELETE", "/userDataStream", listenKey=key)
        await orders.place("buy", orders.touch("buy", -0.01))
        await trio.sleep(70.0)  # a silent end is found by the audit of balances, once a minute
        await settled(account)
        check(account, taken(mailbox), exchanges)


async def test_a_connection_is_relieved_before_the_venue_ends_it(
    autojump_clock, lab, tree, mexc_trader
) -> None:
    """Another key, another connection in the second slot, and the first goes when it is live: nothing is lost."""
    async with lab(rate=1.0, orders=50) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        mailbox = account.mailbox()
        before = keys_of(exchanges)
        orders, rng = mexc_trader(exchanges), Random(5)
        for slot in ("a", "b", "a"):
            account.account.slots.relieve(slot)
            await trade(orders, 3.0, rng)
        await settled(account)
        messages = taken(mailbox)
        check(account, messages, exchanges)
        assert not of(AccountStreamLost, messages)
        assert len(set(keys_of(exchanges)) - set(before)) == 1
        assert running.snapshot().find(f"{STREAM}/b/session") is not None
        assert running.snapshot().find(f"{STREAM}/a") is None


async def test_a_restart_takes_the_key_that_is_still_good(autojump_clock, lab, tree) -> None:
    """Keys do not pile up."""
    async with lab(rate=5.0) as exchanges:
        for _ in range(3):
            async with tree(exchanges, config_of(exchanges)) as running:
                await running.accounts[KEY].wait_live(5.0)
        assert len(keys_of(exchanges)) == 1


async def test_nothing_shows_a_listen_key(autojump_clock, lab, tree, mexc_trader) -> None:
    """Not the log, the tree, the messages or the view, whatever happens to it."""
    said: list[str] = []

    def keep(logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
        said.append(repr(event))
        raise structlog.DropEvent

    log = structlog.wrap_logger(None, processors=[structlog.processors.format_exc_info, keep])
    async with lab(rate=5.0, switches={"mexc.spot": {"listen_key_end": "text"}}) as exchanges:
        async with tree(exchanges, config_of(exchanges), log=log) as running:
            account = running.accounts[KEY]
            await account.wait_live(5.0)
            mailbox = account.mailbox()
            (first,) = keys_of(exchanges)
            exchanges.turn("mexc.spot", upgrade_status=403, retry_after_s=2.0)
            exchanges.inflict("mexc.spot", "reset")
            await trio.sleep(3.0)
            exchanges.turn("mexc.spot", upgrade_status=0)
            await account.wait_live(30.0)
            await mexc_trader(exchanges).call("DELETE", "/userDataStream", listenKey=first)
            await trio.sleep(5.0)
            (second,) = keys_of(exchanges)
            assert second != first
            said += [repr(running.snapshot()), repr(account.view), repr(taken(mailbox))]
    assert len(said) > 3
    for text in said:
        assert first not in text
        assert second not in text
        assert "simulated-demo" not in text


# What is wrong with a key


@pytest.mark.parametrize(
    ("switches", "credentials", "words"),
    [
        ({}, Credentials("simulated-demo-key", "wrong"), "AuthenticationFailed"),
        ({}, Credentials("nobody", "wrong"), "AuthenticationFailed"),
        ({"deny_ip": True}, None, "IpNotAllowed"),
        ({"deny_permission": "all"}, None, "PermissionMissing"),
    ],
    ids=["secret", "key", "address", "permission"],
)
async def test_a_key_that_is_refused_parks_the_account_alone(
    autojump_clock, lab, tree, switches: dict[str, Any], credentials: Credentials | None, words: str
) -> None:
    """One attempt, a typed reason with a remedy, no retries; nothing shows key, secret or listen key."""
    async with lab(rate=5.0, switches={"mexc.spot": switches}) as exchanges:
        options = {} if credentials is None else {"credentials": credentials}
        async with tree(exchanges, config_of(exchanges, **options)) as running:
            account = running.accounts[KEY]
            mailbox = account.mailbox()
            with trio.fail_after(10.0):
                await running.failed(f"{STREAM}/a/lease")
            await trio.sleep(60.0)
            assert account.view.state == "failed"
            (failed,) = of(AccountStreamFailed, taken(mailbox))
            assert words in failed.reason
            for secret in ("simulated-demo-key", "simulated-demo-secret", "nobody", "wrong"):
                assert secret not in failed.reason


async def test_a_clock_that_is_an_hour_off_signs_with_the_venues_time(
    autojump_clock, lab, tree, mexc_trader
) -> None:
    """The offset is measured, and the lease, too, signs with it."""
    async with lab(rate=5.0, switches={"mexc.spot": {"clock_skew_s": 3600.0}}) as exchanges:
        async with tree(exchanges, config_of(exchanges)) as running:
            account = running.accounts[KEY]
            await account.wait_live(5.0)
            orders = mexc_trader(exchanges)
            await orders.place("buy", orders.touch("buy", -0.01))
            await settled(account)
            assert account.view.recent_fills
