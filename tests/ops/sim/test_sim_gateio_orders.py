"""Gate.io's order entry over REST: what becomes of an order, and what the account has after it."""

from decimal import Decimal
from typing import Any

import pytest
import trio

from feedtree.ops.sim.accounts.config import AccountConfig

GATEIO = "gateio.spot"


def touch(bench: Any) -> tuple[Decimal, Decimal]:
    """Return best bid and best ask."""
    market = bench.market(GATEIO)
    return (
        Decimal(market.price_text(market.book.best_bid)),
        Decimal(market.price_text(market.book.best_ask)),
    )


async def balances(account: Any) -> dict[str, tuple[Decimal, Decimal]]:
    rows = (await account.rest("GET", "/spot/accounts")).json
    return {row["currency"]: (Decimal(row["available"]), Decimal(row["locked"])) for row in rows}


async def test_resting_order_locks_what_it_may_cost_and_stands_in_the_public_book(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, ask) = bench.gate(), touch(bench)
        price = bid + (ask - bid) / 2
        price = price.quantize(Decimal("0.1")) if ask - bid > Decimal("0.2") else bid
        answer = await account.place(amount="0.5", price=str(price), text="t-one", time_in_force="poc")
        assert answer.status == 201, answer.body
        order = answer.json
        assert (order["status"], order["left"], order["text"]) == ("open", "0.5", "t-one")
        assert (await balances(account))["USDT"] == (1_000_000 - price / 2, price / 2)
        book = await bench.truth(GATEIO, "BTC/USDT")
        assert any(Decimal(level[0]) == price for level in book["bids"])


async def test_cancel_gives_back_what_was_locked(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.gate(), touch(bench)
        order = (await account.place(amount="0.5", price=str(bid))).json
        answer = await account.rest("DELETE", f"/spot/orders/{order['id']}", "currency_pair=BTC_USDT")
        assert (answer.status, answer.json["status"]) == (200, "cancelled")
        assert answer.json["finish_as"] == "cancelled"
        assert (await balances(account))["USDT"] == (1_000_000, 0)
        assert not bench.account(GATEIO).now.open


async def test_order_that_takes_pays_the_makers_price_and_the_fee_of_what_it_receives(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account, (_, ask) = bench.gate(), touch(bench)
        best = bench.market(GATEIO).book.quantities[-bench.market(GATEIO).book.best_ask]
        amount = Decimal(bench.market(GATEIO).size_text(best))
        answer = await account.place(amount=str(amount), price=str(ask + 10), time_in_force="ioc")
        assert (answer.json["status"], answer.json["finish_as"]) == ("closed", "filled")
        assert Decimal(answer.json["avg_deal_price"]) == ask
        fee = amount * Decimal("0.002")
        assert Decimal(answer.json["fee"]) == fee
        assert answer.json["fee_currency"] == "BTC"
        now = await balances(account)
        assert now["USDT"] == (1_000_000 - amount * ask, 0)
        assert now["BTC"] == (1_000_000 + amount - fee, 0)


async def test_what_an_ioc_cannot_take_is_cancelled(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account, (_, ask) = bench.gate(), touch(bench)
        answer = await account.place(amount="8", price=str(ask), time_in_force="ioc")
        assert (answer.json["status"], answer.json["finish_as"]) == ("cancelled", "ioc")
        assert 0 < Decimal(answer.json["left"]) < 8
        assert (await balances(account))["USDT"][1] == 0


async def test_market_buy_spends_a_quote_amount(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        answer = await account.place(type="market", amount="50000", time_in_force="ioc")
        order = answer.json
        assert (order["status"], order["price"], order["amount"]) == ("closed", "0", "50000")
        spent = Decimal(order["filled_total"])
        assert 50_000 - spent == Decimal(order["left"]) < 1
        assert (await balances(account))["USDT"] == (1_000_000 - spent, 0)


async def test_market_sell_gives_a_base_amount(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        answer = await account.place(side="sell", type="market", amount="0.25", time_in_force="fok")
        assert (answer.json["status"], answer.json["left"]) == ("closed", "0")
        received = Decimal(answer.json["filled_total"]) - Decimal(answer.json["fee"])
        now = await balances(account)
        assert now["BTC"] == (1_000_000 - Decimal("0.25"), 0)
        assert now["USDT"] == (1_000_000 + received, 0)


@pytest.mark.parametrize(
    ("fields", "status", "label"),
    [
        ({"time_in_force": "poc", "price": "{ask}"}, 400, "POC_FILL_IMMEDIATELY"),
        ({"time_in_force": "fok", "price": "{ask}", "amount": "50"}, 400, "FOK_NOT_FILL"),
        ({"price": "{bid}", "amount": "0.00001"}, 400, "INVALID_PARAM_VALUE"),
        ({"price": "{bid}", "amount": "20000"}, 400, "AMOUNT_TOO_MUCH"),
        ({"price": "{bid}", "amount": "0.0000001"}, 400, "INVALID_PRECISION"),
        ({"price": "{bid}", "currency_pair": "NOPE_USDT"}, 400, "INVALID_CURRENCY_PAIR"),
        ({"price": "{bid}", "text": "no-prefix"}, 400, "INVALID_PARAM_VALUE"),
        ({"price": "{bid}", "side": "hold"}, 400, "INVALID_PARAM_VALUE"),
        ({"price": "{bid}", "type": "stop"}, 400, "INVALID_PARAM_VALUE"),
        ({"price": "{bid}", "account": "margin"}, 400, "INVALID_PARAM_VALUE"),
        ({"price": "{bid}", "time_in_force": "day"}, 400, "INVALID_PARAM_VALUE"),
        ({"type": "market", "time_in_force": "gtc"}, 400, "INVALID_PARAM_VALUE"),
        ({"price": "-5"}, 400, "INVALID_PARAM_VALUE"),
        ({"price": "0"}, 400, "INVALID_PARAM_VALUE"),
        ({"price": 5.5}, 400, "INVALID_ARGUMENT"),
    ],
)
async def test_impossible_orders_are_refused_with_gateios_words(
    simulated: Any, autojump_clock: Any, fields: dict[str, Any], status: int, label: str
) -> None:
    async with simulated(rate=0.0) as bench:
        bid, ask = touch(bench)
        filled = {
            name: value.format(bid=bid, ask=ask) if isinstance(value, str) else value
            for name, value in fields.items()
        }
        answer = await bench.gate().place(**{"amount": "0.5", **filled})
        assert (answer.status, answer.json["label"]) == (status, label)
        assert not bench.account(GATEIO).now.orders


async def test_too_little_balance_is_refused(simulated: Any, autojump_clock: Any) -> None:
    poor = AccountConfig(GATEIO, "poor", "k", "s", {"USDT": "5"})
    async with simulated(rate=0.0, accounts=(poor,)) as bench:
        answer = await bench.gate("k", "s").place(amount="0.5", price="90000")
        assert answer.json == {"label": "BALANCE_NOT_ENOUGH", "message": "Not enough balance"}


async def test_order_flow_fills_a_resting_order_in_parts(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=2_000.0) as bench:
        account, (bid, _) = bench.gate(), touch(bench)
        order = (await account.place(amount="0.5", price=str(bid), text="t-wait")).json
        await trio.sleep(60)
        assert not bench.account(GATEIO).now.open
        trades = (await account.rest("GET", "/spot/my_trades", "currency_pair=BTC_USDT")).json
        assert sum(Decimal(trade["amount"]) for trade in trades) == Decimal("0.5")
        assert {trade["role"] for trade in trades} == {"maker"}
        assert {trade["order_id"] for trade in trades} == {order["id"]}
        public = {trade.number for trade in bench.market(GATEIO).tape.prints}
        assert {int(trade["id"]) for trade in trades} <= public


async def test_amend_moves_price_and_amount(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.gate(), touch(bench)
        order = (await account.place(amount="0.5", price=str(bid))).json
        path = f"/spot/orders/{order['id']}"
        smaller = await account.rest("PATCH", path, "currency_pair=BTC_USDT", {"amount": "0.25"})
        assert (smaller.json["left"], smaller.json["price"]) == ("0.25", str(bid))
        assert (await balances(account))["USDT"][1] == bid / 4
        lower = await account.rest("PATCH", path, "currency_pair=BTC_USDT", {"price": str(bid - 100)})
        assert Decimal(lower.json["price"]) == bid - 100
        assert (await balances(account))["USDT"][1] == (bid - 100) / 4
        same = await account.rest("PATCH", path, "currency_pair=BTC_USDT", {"price": str(bid - 100)})
        assert (same.status, same.json["label"]) == (400, "NO_CHANGE")


async def test_order_is_found_by_id_and_by_text_and_in_lists(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.gate(), touch(bench)
        order = (await account.place(amount="0.5", price=str(bid), text="t-me")).json
        for name in (order["id"], "t-me"):
            assert (await account.rest("GET", f"/spot/orders/{name}", "currency_pair=BTC_USDT")).json == order
        (group,) = (await account.rest("GET", "/spot/open_orders")).json
        assert group == {"currency_pair": "BTC_USDT", "total": 1, "orders": [order]}
        query = "currency_pair=BTC_USDT&status=open"
        assert (await account.rest("GET", "/spot/orders", query)).json == [order]
        unknown = await account.rest("GET", "/spot/orders/1", "currency_pair=BTC_USDT")
        assert (unknown.status, unknown.json["label"]) == (404, "ORDER_NOT_FOUND")


async def test_ids_start_from_the_clock_and_rise(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.gate(), touch(bench)
        ids = [int((await account.place(amount="0.5", price=str(bid))).json["id"]) for _ in range(3)]
        assert ids == sorted(ids)
        assert ids[0] >= 1_790_000_000_000 * 100
