"""MEXC's private topics: what is pushed, in which shapes and order."""

from decimal import ROUND_FLOOR, Decimal
from typing import Any

import trio

MEXC = "mexc.spot"
NAMES = ("orders", "account", "deals")


def bid(bench: Any) -> str:
    market = bench.market(MEXC)
    return str(market.price_text(market.book.best_bid))


async def test_placing_and_cancelling_is_pushed_in_mexcs_shapes(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        client = await account.stream(*NAMES)
        number = (await account.place(quantity="0.5", price=bid(bench), newClientOrderId="me")).json[
            "orderId"
        ]
        order, balance = await client.collect(0.1)
        assert order.channel == "spot@private.orders.v3.api.pb"
        assert (order.symbol, order.privateOrders.status) == ("BTCUSDT", 1)
        assert (order.privateOrders.id, order.privateOrders.clientId) == (number, "me")
        assert (order.privateOrders.orderType, order.privateOrders.tradeType) == (1, 1)
        cost = Decimal(bid(bench)) / 2
        assert not balance.HasField("symbol")
        assert balance.privateAccount.type == "ENTRUST_PLACE"
        assert Decimal(balance.privateAccount.balanceAmount) == 1_000_000 - cost
        assert Decimal(balance.privateAccount.frozenAmountChange) == cost
        await account.rest("DELETE", "/order", symbol="BTCUSDT", orderId=number)
        order, balance = await client.collect(0.1)
        assert order.privateOrders.status == 4
        assert balance.privateAccount.type == "ENTRUST_CANCEL"


async def test_parts_are_pushed_as_deals_and_cumulative_orders(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        await account.place(quantity="0.5", price=bid(bench), newClientOrderId="me")
        await trio.sleep(0.1)  # the push of the order has gone by
        client = await account.stream("orders", "deals")
        bench.sim.venues[MEXC].private.engine.eat("BTCUSDT", 2)
        frames = await client.collect(0.1)
        orders = [frame.privateOrders for frame in frames if frame.HasField("privateOrders")]
        deals = [frame.privateDeals for frame in frames if frame.HasField("privateDeals")]
        assert [order.status for order in orders] == [3, 2]
        assert [order.cumulativeQuantity for order in orders] == ["0.25", "0.5"]
        assert [order.lastDealQuantity for order in orders] == ["0.25", "0.25"]
        assert all(deal.isMaker and deal.tradeId.endswith("X0") for deal in deals)
        assert {deal.clientOrderId for deal in deals} == {"me"}
        rows = (await account.rest("GET", "/myTrades", symbol="BTCUSDT")).json
        assert {row["id"] for row in rows} == {deal.tradeId for deal in deals}
        assert {row["clientOrderId"] for row in rows} == {"me"}


async def test_private_topics_count_against_the_limit_of_a_connection(
    simulated: Any, mexc: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"topic_limit": 2}}) as bench:
        account = bench.mexc()
        client = await account.stream("orders", "account", "deals")  # the third is confirmed, and silent
        await account.place(type="MARKET", quoteOrderQty="50")
        channels = {frame.channel for frame in await client.collect(0.1)}
        assert channels == {"spot@private.orders.v3.api.pb", "spot@private.account.v3.api.pb"}


async def test_topic_that_is_unsubscribed_is_heard_no_more(
    simulated: Any, mexc: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        client = await account.stream("orders", "account")
        await client.send(mexc("spot@private.account.v3.api.pb", method="UNSUBSCRIPTION"))
        await client.next()
        await account.place(quantity="0.1", price=bid(bench))
        (frame,) = await client.collect(0.1)
        assert frame.channel == "spot@private.orders.v3.api.pb"
        client.transport.close()
        await trio.sleep(0.1)
        assert len(bench.sim.venues[MEXC].private.lines) == 0


async def test_market_orders_carry_a_protective_price_and_what_is_left_to_it(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account, market = bench.mexc(), bench.market(MEXC)
        client = await account.stream("orders")
        last = Decimal(market.price_text(market.tape.last))
        await account.place(type="MARKET", quantity="0.1")
        body = (await client.collect(0.1))[-1].privateOrders
        assert (body.orderType, body.status, body.amount) == (5, 2, "0")
        assert Decimal(body.price) == (last * Decimal("1.05")).quantize(Decimal("0.01"), ROUND_FLOOR)
        spent = Decimal(body.cumulativeAmount)
        assert Decimal(body.remainAmount) == Decimal(body.price) / 10 - spent > 0
        assert Decimal(body.avgPrice) - spent * 10 < Decimal("0.000001")
        await account.place(type="MARKET", quantity="0.1", side="SELL")
        body = (await client.collect(0.1))[-1].privateOrders
        assert (body.tradeType, body.status, body.remainAmount) == (2, 2, "0")
        await account.place(type="MARKET", quoteOrderQty="5000")
        body = (await client.collect(0.1))[-1].privateOrders
        assert (body.status, body.quantity, body.remainQuantity, body.amount) == (2, "0", "0", "5000")
        assert Decimal(body.remainAmount) == 5_000 - Decimal(body.cumulativeAmount)


async def test_order_that_can_be_filled_in_part_only_ends_partly_cancelled(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account, market = bench.mexc(), bench.market(MEXC)
        client = await account.stream("orders", "deals")
        best = market.book.best_ask
        there = Decimal(market.size_text(market.book.quantities[-best]))
        price = market.price_text(best)
        await account.place(type="IMMEDIATE_OR_CANCEL", quantity=there + 1, price=price)
        frames = await client.collect(0.1)
        orders = [frame.privateOrders for frame in frames if frame.HasField("privateOrders")]
        assert [order.status for order in orders] == [1, 5]
        assert {order.orderType for order in orders} == {3}
        assert (Decimal(orders[1].cumulativeQuantity), orders[1].remainQuantity) == (there, "1")
        assert orders[1].HasField("lastDealQuantity")
        (row,) = (await account.rest("GET", "/allOrders", symbol="BTCUSDT")).json
        assert (row["status"], row["type"]) == ("PARTIALLY_CANCELED", "IMMEDIATE_OR_CANCEL")


async def test_pushes_of_orders_carry_more_fields_by_switch(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        client = await account.stream("orders")
        for extras in (False, True):
            bench.board.set(MEXC, "order_extras", extras)
            await account.place(quantity="0.1", price=bid(bench))
            (frame,) = await client.collect(0.1)
            numbers = {field.number for field, _ in frame.privateOrders.ListFields()}
            assert ({*range(17, 27)} <= numbers) is extras


async def test_private_wrappers_have_the_fields_that_were_seen(simulated: Any, autojump_clock: Any) -> None:
    """Orders and deals: channel, symbol, sendTime; account: channel, createTime, sendTime."""
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        client = await account.stream(*NAMES)
        await account.place(type="MARKET", quoteOrderQty="50")
        for frame in await client.collect(0.1):
            numbers = {field.number for field, _ in frame.ListFields()} - {304, 306, 307}
            assert numbers == ({1, 5, 6} if frame.HasField("privateAccount") else {1, 3, 6})


async def test_switch_private_order_puts_deals_first(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"private_order": "deals_first"}}) as bench:
        account = bench.mexc()
        client = await account.stream(*NAMES)
        await account.place(type="MARKET", quoteOrderQty="50")
        frames = await client.collect(0.1)
        assert frames[0].channel == "spot@private.deals.v3.api.pb"
        assert frames[-1].channel == "spot@private.account.v3.api.pb"
        statuses = [frame.privateOrders.status for frame in frames if frame.HasField("privateOrders")]
        assert statuses == [1, 2]
