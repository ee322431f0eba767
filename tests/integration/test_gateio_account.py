"""An account at the simulated Gate.io: what it is told, and the truth after every kind of loss."""

from collections import Counter
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.gateio.private_websocket import GateioPrivateSpotWebsocket
from feedtree.exchanges.private.messages import (
    AccountReconciled,
    AccountStreamFailed,
    AccountStreamLost,
    AccountStreamUp,
    BalanceUpdate,
    Fill,
    OrderUpdate,
)
from feedtree.exchanges.private.orders import OrderStatus
from feedtree.ops import Config
from feedtree.supervisors import ChildState
from tests.integration import accounts
from tests.integration.accounts import of, settled
from tests.taking import taken

VENUE = "gateio.spot"
KEY = "gateio.spot/main"
SLOT = "private/gateio.spot/main/stream/a"


config_of = partial(accounts.config_of, venue=VENUE)


def check(account: Any, messages: list[Any], truth: Any) -> None:
    """See `accounts.check`; a fill has the same id wherever it is told."""
    accounts.check(
        account,
        messages,
        truth,
        fill=lambda fill: (fill.order_id, fill.trade_id),
        fills=((str(fill.order), str(fill.number)) for fill in truth.now.fills),
        order_id=str,
    )


async def trade(trader: Any, seconds: float, rng: Random, pace: float = 0.15) -> None:
    """Place orders at and near the touch, no faster than the venue takes them, and cancel some of them."""
    until = trio.current_time() + seconds
    while trio.current_time() < until:
        side = rng.choice(["buy", "sell"])
        placed = await trader.place(side, trader.touch(side, rng.choice([0.0, 0.0, 0.0002, 0.01])), "0.01")
        await trio.sleep(pace * (0.7 + 0.6 * rng.random()))
        if placed["status"] == "open" and rng.random() < 0.6:
            await trader.cancel(placed["id"])


async def test_orders_fills_and_balances_are_told(autojump_clock, lab, tree, trader) -> None:
    """One order that rests and one that crosses: updates, fills and balances in Decimal, in a gapless sequence."""
    async with lab(rate=50.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        mailbox = account.mailbox()
        await account.wait_live(5.0)
        assert account.consistent
        orders = trader(exchanges)
        resting = await orders.place("buy", orders.touch("buy", 0.2))
        await orders.place("buy", orders.touch("buy"), text="t-mine")
        await orders.cancel(resting["id"])
        await settled(account)
        messages = taken(mailbox)
        check(account, messages, exchanges.account())
        updates = of(OrderUpdate, messages)
        assert not any(message.recovered for message in updates)
        mine = [message.order for message in updates if message.order.client_order_id == "t-mine"]
        assert mine[-1].status is OrderStatus.FILLED
        assert {fill.client_order_id for fill in of(Fill, messages)} == {"t-mine"}
        assert all(isinstance(fill.fee, Decimal) for fill in of(Fill, messages))
        ended = [message.order for message in updates if message.order.order_id == resting["id"]]
        assert [order.status for order in ended] == [OrderStatus.OPEN, OrderStatus.CANCELLED]
        reports = of(AccountReconciled, messages)
        assert len(reports) == 1  # later comparisons found nothing, and say nothing
        assert reports[0].report.consistent
        assert of(BalanceUpdate, messages)
        assert account.view.age_s < 2.0


@pytest.mark.parametrize("kind", ["reset", "close", "blackhole"])
async def test_what_an_outage_hid_is_recovered(autojump_clock, lab, tree, trader, kind: str) -> None:
    """Trading goes on while the connection is gone: each fill comes once, marked, before the stream is up."""
    async with lab(rate=50.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        mailbox = account.mailbox()
        orders, rng = trader(exchanges), Random(7)
        for _ in range(4):
            await trade(orders, 1.0, rng)
            exchanges.inflict("gateio.spot", kind, seconds=2.0)
            await trade(orders, 3.0, rng)
        await settled(account)
        messages = taken(mailbox)
        check(account, messages, exchanges.account())
        events = [
            m for m in messages if isinstance(m, AccountStreamLost | AccountReconciled | AccountStreamUp)
        ]
        first_lost = next(i for i, m in enumerate(events) if isinstance(m, AccountStreamLost))
        kinds = [type(event) for event in events[first_lost : first_lost + 3]]
        assert kinds == [AccountStreamLost, AccountReconciled, AccountStreamUp]
        assert any(fill.recovered for fill in of(Fill, messages))


SWITCHES: list[dict[str, Any]] = [
    {"private_delay_s": 0.8},
    {"private_skip_every": 3},
    {"private_repeat_every": 2},
    {"private_shuffle": True},
    {"private_lag_s": 1.2},
    {"private_order": "balances_first"},
    {"private_order": "orders_first"},
    {"rest_delay_s": 0.7},
    {"private_skip_every": 4, "private_repeat_every": 3, "private_shuffle": True, "private_lag_s": 1.0},
]


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda each: "+".join(each))
async def test_no_oddity_of_the_venue_costs_a_fill(
    autojump_clock, lab, tree, trader, switches: dict[str, Any]
) -> None:
    """Pushes late, lost, twice or shuffled, REST behind or slow, and cuts on top of it."""
    async with lab(rate=50.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        mailbox = account.mailbox()
        exchanges.turn("gateio.spot", order_limit=0, **switches)
        orders, rng = trader(exchanges), Random(11)
        for _ in range(3):
            await trade(orders, 2.0, rng)
            exchanges.inflict("gateio.spot", "reset")
            await trade(orders, 1.0, rng)
        await settled(account)
        check(account, taken(mailbox), exchanges.account())


async def test_rest_that_fails_keeps_the_account_inconsistent_on_one_connection(
    autojump_clock, lab, tree, trader
) -> None:
    """A comparison that fails is made again; the stream itself does not end over it."""
    async with lab(rate=50.0, switches={"gateio.spot": {"private_rest_status": 503}}) as exchanges:
        async with tree(exchanges, config_of(exchanges)) as running:
            account = running.accounts[KEY]
            await trio.sleep(5.0)
            assert (account.view.state, account.consistent) == ("syncing", False)
            generation = account.account.store.streams.generation
            exchanges.turn("gateio.spot", private_rest_status=0)
            await account.wait_live(40.0)
            assert account.consistent
            assert account.account.store.streams.generation == generation


async def test_fills_go_on_behind_a_cursor(autojump_clock, lab, tree, trader) -> None:
    """A new process with the last cursor gets each later fill once, and no earlier one again."""
    async with lab(rate=50.0) as exchanges:
        orders, rng = trader(exchanges), Random(3)
        seen: list[tuple[str, str]] = []
        cursor: str | None = None
        for _ in range(3):
            resume = {} if cursor is None else {KEY: cursor}
            async with tree(exchanges, config_of(exchanges), resume=resume) as running:
                account = running.accounts[KEY]
                mailbox = account.mailbox(Fill)
                await account.wait_live(5.0)
                await trade(orders, 2.0, rng)
                await settled(account)
                fills = taken(mailbox)
                seen += [(fill.order_id, fill.trade_id) for fill in fills]
                cursor = fills[-1].cursor
            await trade(orders, 1.0, rng)
            exchanges.turn("gateio.spot", private_lag_s=0.0)
        async with tree(exchanges, config_of(exchanges), resume={KEY: cursor}) as running:
            mailbox = running.accounts[KEY].mailbox(Fill)
            await running.accounts[KEY].wait_live(5.0)
            await settled(running.accounts[KEY])
            seen += [(fill.order_id, fill.trade_id) for fill in taken(mailbox)]
        truth = Counter((str(fill.order), str(fill.number)) for fill in exchanges.account().now.fills)
        assert Counter(seen) == truth


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
    """One attempt, a typed reason with a remedy and without the key, no retries; public streams go on."""
    async with lab(switches={"gateio.spot": switches}) as exchanges:
        options = {} if credentials is None else {"credentials": credentials}
        config = exchanges.config(venues=("gateio.spot",))
        config = Config(config.venues, accounts=config_of(exchanges, **options).accounts)
        async with tree(exchanges, config) as running:
            account = running.accounts[KEY]
            mailbox = account.mailbox()
            with trio.fail_after(10.0):
                await running.failed(SLOT)
            await running.websockets["gateio.spot"].wait_live(5.0)
            await trio.sleep(60.0)
            assert account.view.state == "failed"
            assert account.account.store.streams.generation == 1  # tried once
            failed = of(AccountStreamFailed, taken(mailbox))
            assert len(failed) == 1
            assert words in failed[0].reason
            for secret in ("simulated-demo-key", "simulated-demo-secret", "nobody", "wrong"):
                assert secret not in failed[0].reason
            node = running.snapshot().find("public/gateio.spot/shard-1/a")
            assert node.state is ChildState.RUNNING


async def test_a_clock_that_is_an_hour_off_signs_with_the_venues_time(
    autojump_clock, lab, tree, trader
) -> None:
    """The offset is measured, and shown."""
    async with lab(switches={"gateio.spot": {"clock_skew_s": 3600.0}}) as exchanges:
        async with tree(exchanges, config_of(exchanges)) as running:
            account = running.accounts[KEY]
            await account.wait_live(5.0)
            orders = trader(exchanges)
            await orders.place("buy", orders.touch("buy"))
            await settled(account)
            assert account.view.recent_fills
            node = running.snapshot().find(SLOT)
            assert node.facts["clock_offset_ms"] == pytest.approx(3_600_000, abs=5)


async def test_a_second_slot_takes_over(autojump_clock, lab, tree, trader) -> None:
    """The venue announces that it will close: another connection is live before the first one goes."""
    async with lab(rate=50.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        mailbox = account.mailbox()
        exchanges.inflict("gateio.spot", "notice", seconds=5.0)
        await trade(trader(exchanges), 8.0, Random(5), pace=0.3)
        await settled(account)
        messages = taken(mailbox)
        assert not of(AccountStreamLost, messages)
        check(account, messages, exchanges.account())
        stream = running.snapshot().find("private/gateio.spot/main/stream")
        assert [child.id for child in stream.children] == ["b"]


async def test_a_connection_is_relieved_when_it_grows_old(
    autojump_clock, lab, tree, trader, monkeypatch
) -> None:
    """Three times within its short life, orders and fills all the while: none is missed, none told twice."""
    made = GateioPrivateSpotWebsocket
    endpoint = replace(made.VENUE.endpoint, life_s=10.0)
    monkeypatch.setattr(made, "VENUE", replace(made.VENUE, endpoint=endpoint))
    async with lab(rate=50.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        mailbox = account.mailbox()
        await trade(trader(exchanges), 30.0, Random(5), pace=0.3)
        await settled(account)
        messages = taken(mailbox)
        assert not of(AccountStreamLost, messages)
        assert len(of(Fill, messages)) > 10
        check(account, messages, exchanges.account())
        assert account.account.store.streams.generation >= 4
        assert running.snapshot().find("private/gateio.spot/main/stream").restarts == 0
