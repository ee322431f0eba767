"""Gate.io's private channels: who may subscribe, and what is pushed in which order."""

import json
from decimal import Decimal
from typing import Any

import pytest
import trio

from feedtree.ops.sim.accounts.config import AccountConfig

GATEIO = "gateio.spot"
CHANNELS = ("spot.orders", "spot.usertrades", "spot.balances")


def bid(bench: Any) -> str:
    market = bench.market(GATEIO)
    return str(market.price_text(market.book.best_bid))


def ask(bench: Any) -> str:
    market = bench.market(GATEIO)
    return str(market.price_text(market.book.best_ask))


def reason(reply: Any) -> tuple[int, str]:
    return reply["error"]["code"], json.loads(reply["error"]["message"])["label"]


async def test_wrong_key_signature_time_and_missing_auth_are_refused_with_code_4(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        client = await bench.client(GATEIO)
        late = bench.gate()
        late.skew_s = -61
        for frame, label in (
            (gate("spot.orders", "!all"), "INVALID_KEY"),
            (bench.gate(key="nobody").subscribe("spot.orders", "!all"), "INVALID_KEY"),
            (bench.gate(secret="guess").subscribe("spot.orders", "!all"), "INVALID_SIGNATURE"),
            (late.subscribe("spot.orders", "!all"), "REQUEST_EXPIRED"),
        ):
            await client.send(frame)
            reply = await client.next()
            assert reason(reply) == (4, label)
            assert reply["error"]["message"].endswith("\n")


async def test_key_from_another_address_or_without_reading_is_refused(
    simulated: Any, autojump_clock: Any
) -> None:
    accounts = (
        AccountConfig(GATEIO, "away", "away", "s", ips=("10.0.0.1",)),
        AccountConfig(GATEIO, "writer", "writer", "s", permissions=("trade",)),
        AccountConfig(GATEIO, "reader", "reader", "s", permissions=("read",)),
    )
    async with simulated(rate=0.0, accounts=accounts) as bench:
        client = await bench.client(GATEIO)
        for key, label in (("away", "IP_FORBIDDEN"), ("writer", "FORBIDDEN")):
            await client.send(bench.gate(key, "s").subscribe("spot.orders", "!all"))
            assert reason(await client.next()) == (4, label)
        answer = await bench.gate("reader", "s").place(amount="1", price="90000")
        assert (answer.status, answer.json["label"]) == (403, "READ_ONLY")


@pytest.mark.parametrize(
    ("payload", "code", "text"),
    [
        ((), 1, "payload must be an array"),
        (("NOPE_USDT",), 2, "unknown currency pair: NOPE_USDT"),
    ],
)
async def test_payload_must_name_pairs_that_there_are(
    simulated: Any, autojump_clock: Any, payload: tuple[str, ...], code: int, text: str
) -> None:
    async with simulated(rate=0.0) as bench:
        client = await bench.client(GATEIO)
        await client.send(bench.gate().subscribe("spot.orders", *payload))
        reply = await client.next()
        assert reply["error"]["code"] == code
        assert text in reply["error"]["message"]


async def test_placing_and_cancelling_is_pushed_as_put_and_finish_with_balances_after(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        client = await account.stream(*CHANNELS)
        order = (await account.place(amount="0.5", price=bid(bench), text="t-a")).json
        put, balance = await client.collect(0.1)
        (item,) = put["result"]
        assert (put["channel"], item["id"], item["text"]) == ("spot.orders", order["id"], "t-a")
        assert (item["event"], item["finish_as"], item["left"]) == ("put", "open", "0.5")
        (item,) = balance["result"]
        cost = Decimal(bid(bench)) / 2
        assert (item["currency"], item["change"], item["change_type"]) == ("USDT", "0", "order-create")
        assert (Decimal(item["freeze"]), Decimal(item["freeze_change"])) == (cost, cost)
        await account.rest("DELETE", f"/spot/orders/{order['id']}", "currency_pair=BTC_USDT")
        finish, balance = await client.collect(0.1)
        assert (finish["result"][0]["event"], finish["result"][0]["finish_as"]) == ("finish", "cancelled")
        assert balance["result"][0]["change_type"] == "order-update"
        assert Decimal(balance["result"][0]["freeze_change"]) == -cost


async def test_trades_come_before_their_orders_put_and_balances_last(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        client = await account.stream(*CHANNELS)
        await account.place(type="market", amount="30000", time_in_force="ioc", text="t-m")
        trades, orders, balances = await client.collect(0.1)
        assert [frame["channel"] for frame in (trades, orders, balances)] == [
            "spot.usertrades",
            "spot.orders",
            "spot.balances",
        ]
        assert [item["event"] for item in orders["result"]] == ["put", "finish"]
        put, finish = orders["result"]
        assert (put["left"], put["price"], put["amount"]) == ("30000", "0", "30000")
        assert finish["finish_as"] == "filled"
        spent = sum(Decimal(item["price"]) * Decimal(item["amount"]) for item in trades["result"])
        assert spent == Decimal(finish["filled_total"])
        assert {item["text"] for item in trades["result"]} == {"t-m"}
        assert {item["role"] for item in trades["result"]} == {"taker"}
        last = {item["currency"]: Decimal(item["available"]) for item in balances["result"]}
        assert last["USDT"] == 1_000_000 - spent


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("orders_first", "spot.orders", "spot.balances"),
        ("balances_first", "spot.balances", "spot.usertrades"),
    ],
)
async def test_switch_private_order_changes_the_order_of_channels(
    simulated: Any, autojump_clock: Any, value: str, first: str, last: str
) -> None:
    async with simulated(rate=0.0, switches={GATEIO: {"private_order": value}}) as bench:
        account = bench.gate()
        client = await account.stream(*CHANNELS)
        await account.place(type="market", amount="100", time_in_force="ioc")
        channels = [frame["channel"] for frame in await client.collect(0.1)]
        assert (channels[0], channels[-1]) == (first, last)


async def test_a_subscription_of_one_pair_hears_nothing_of_another(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        client = await bench.client(GATEIO)
        await client.send(account.subscribe("spot.orders", "ETH_USDT"))
        await client.next()
        await account.place(amount="0.5", price=bid(bench))
        assert await client.collect(0.2) == []
        await account.place(amount="0.5", price="3000", currency_pair="ETH_USDT")
        (frame,) = await client.collect(0.2)
        assert frame["result"][0]["currency_pair"] == "ETH_USDT"


async def test_unsubscribing_and_closing_end_the_pushes(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        client = await account.stream("spot.orders", "spot.balances")
        await client.send(account.subscribe("spot.orders", "!all", event="unsubscribe"))
        assert (await client.next())["result"] == {"status": "success"}
        await account.place(amount="0.5", price=bid(bench))
        assert [frame["channel"] for frame in await client.collect(0.2)] == ["spot.balances"]
        client.transport.close()
        await trio.sleep(0.1)
        assert len(bench.sim.venues[GATEIO].private.lines) == 0


async def test_one_accounts_pushes_reach_no_other_account(simulated: Any, autojump_clock: Any) -> None:
    accounts = tuple(
        AccountConfig(GATEIO, name, name, "s", {"USDT": "100000"}, uid=uid)
        for uid, name in enumerate(("one", "two"))
    )
    async with simulated(rate=0.0, accounts=accounts) as bench:
        one, two = (
            await bench.gate("one", "s").stream(*CHANNELS),
            await bench.gate("two", "s").stream(*CHANNELS),
        )
        await bench.gate("one", "s").place(amount="0.5", price=bid(bench))
        assert len(await one.collect(0.1)) == 2
        assert await two.collect(0.1) == []


async def test_channels_without_fees_leave_them_out(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        client = await account.stream("spot.orders_v2", "spot.usertrades_v2")
        await account.place(type="market", amount="100", time_in_force="ioc")
        for frame in await client.collect(0.1):
            assert not {"fee", "point_fee", "gt_fee"} & frame["result"][0].keys()


async def test_two_orders_of_one_account_trade_with_each_other(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        client = await account.stream("spot.usertrades")
        market = bench.market(GATEIO)
        inside = market.price_text(market.book.best_bid + 1)
        if inside == ask(bench):
            pytest.skip("no room in the spread")
        await account.place(amount="0.5", price=inside)
        await account.place(amount="0.2", price=inside, side="sell")
        (frame,) = await client.collect(0.1)
        maker, taker = frame["result"]
        assert (maker["role"], taker["role"]) == ("maker", "taker")
        assert maker["id"] == taker["id"]
        total = sum(
            holding.available + holding.locked for holding in [bench.account(GATEIO).now.purse["USDT"]]
        )
        assert total < 1_000_000 * 10**18
