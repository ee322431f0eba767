"""MEXC's order entry over REST: what becomes of an order, and what the account has after it."""

import json
from decimal import Decimal
from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import ConnectionLost
from feedtree.ops.sim.accounts.config import AccountConfig

MEXC = "mexc.spot"


def touch(bench: Any) -> tuple[Decimal, Decimal]:
    market = bench.market(MEXC)
    return Decimal(market.price_text(market.book.best_bid)), Decimal(market.price_text(market.book.best_ask))


async def balances(account: Any) -> dict[str, tuple[Decimal, Decimal]]:
    rows = (await account.rest("GET", "/account")).json["balances"]
    return {row["asset"]: (Decimal(row["free"]), Decimal(row["locked"])) for row in rows}


async def test_limit_order_rests_is_found_and_is_cancelled(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        answer = await account.place(quantity="0.5", price=str(bid), newClientOrderId="mine")
        assert set(answer.json) == {
            "symbol",
            "orderId",
            "orderListId",
            "price",
            "origQty",
            "type",
            "side",
            "stpMode",
            "transactTime",
        }
        assert (await balances(account))["USDT"] == (1_000_000 - bid / 2, bid / 2)
        number = answer.json["orderId"]
        by_id = await account.rest("GET", "/order", symbol="BTCUSDT", orderId=number)
        by_name = await account.rest("GET", "/order", symbol="BTCUSDT", origClientOrderId="mine")
        assert by_id.json == by_name.json
        assert (by_id.json["status"], by_id.json["timeInForce"]) == ("NEW", None)
        assert (await account.rest("GET", "/openOrders", symbol="BTCUSDT")).json == [by_id.json]
        ended = await account.rest("DELETE", "/order", symbol="BTCUSDT", origClientOrderId="mine")
        assert (ended.json["status"], ended.json["orderId"]) == ("CANCELED", number)
        assert (await balances(account))["USDT"] == (1_000_000, 0)
        again = await account.rest("DELETE", "/order", symbol="BTCUSDT", orderId=number)
        assert (again.status, again.json) == (400, {"code": -2011, "msg": "Unknown order sent."})


async def test_market_buy_over_a_quote_amount_pays_its_fee_in_quote(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        number = (await account.place(type="MARKET", quoteOrderQty="5000")).json["orderId"]
        row = (await account.rest("GET", "/order", symbol="BTCUSDT", orderId=number)).json
        assert row["status"] == "FILLED"
        trades = (await account.rest("GET", "/myTrades", symbol="BTCUSDT", orderId=number)).json
        spent = sum(Decimal(trade["quoteQty"]) for trade in trades)
        assert spent == Decimal(row["cummulativeQuoteQty"])
        fees = sum(Decimal(trade["commission"]) for trade in trades)
        assert {trade["commissionAsset"] for trade in trades} == {"USDT"}
        assert fees == spent * Decimal("0.0005")
        assert (await balances(account))["USDT"] == (1_000_000 - spent - fees, 0)


@pytest.mark.parametrize("params", [{"quantity": "0.1"}, {"quantity": "0.1", "side": "SELL"}])
async def test_market_order_over_a_base_amount(
    simulated: Any, autojump_clock: Any, params: dict[str, str]
) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        number = (await account.place(**{"type": "MARKET", **params})).json["orderId"]
        row = (await account.rest("GET", "/order", symbol="BTCUSDT", orderId=number)).json
        assert (row["status"], row["executedQty"]) == ("FILLED", "0.1")
        assert row["price"] != "0"
        assert all(locked == 0 for _, locked in (await balances(account)).values())


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"symbol": "NOPEUSDT"}, 10007),
        ({"symbol": ""}, 700004),
        ({"side": "HOLD"}, 700004),
        ({"type": "STOP"}, 700004),
        ({"quantity": "x"}, 700004),
        ({"quantity": "0"}, 700004),
        ({"quantity": "0.0000001"}, 400),
        ({"quantity": "0.000001"}, 30002),
        ({"quantity": "40"}, 30003),
        ({"price": "200000"}, 30010),
        ({"quantity": "15"}, 10101),
        ({"newClientOrderId": "x" * 33}, 700008),
    ],
)
async def test_impossible_orders_are_refused_with_mexcs_codes(
    simulated: Any, autojump_clock: Any, params: dict[str, str], code: int
) -> None:
    async with simulated(rate=0.0) as bench:
        bid, _ = touch(bench)
        answer = await bench.mexc().place(**{"quantity": "0.5", "price": str(bid), **params})
        assert (answer.status, answer.json["code"]) == (400, code), answer.body
        assert not bench.account(MEXC).now.orders


@pytest.mark.parametrize(("form", "code"), [("ended", None), ("refused", 30041)])
@pytest.mark.parametrize("kind", ["LIMIT_MAKER", "FILL_OR_KILL"])
async def test_impossible_orders_are_ended_or_refused_as_the_switch_says(
    simulated: Any, autojump_clock: Any, form: str, code: int | None, kind: str
) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"impossible_orders": form}}) as bench:
        account, (_, ask) = bench.mexc(), touch(bench)
        answer = await account.place(type=kind, quantity="5", price=str(ask))
        assert answer.json.get("code") == code
        if code is None:
            number = answer.json["orderId"]
            row = (await account.rest("GET", "/order", symbol="BTCUSDT", orderId=number)).json
            assert (row["status"], row["executedQty"]) == ("CANCELED", "0")


async def test_all_orders_batch_cancel_all_fee_and_test(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        item = f'{{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT_ORDER","quantity":"0.1","price":"{bid}"}}'
        bad = '{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","quantity":"x","newClientOrderId":"b"}'
        good, refused = (await account.rest("POST", "/batchOrders", batchOrders=f"[{item},{bad}]")).json
        assert good["orderId"]
        assert (refused["newClientOrderId"], refused["code"]) == ("b", 700004)
        (ended,) = (await account.rest("DELETE", "/openOrders", symbol="BTCUSDT,ETHUSDT")).json
        assert ended["orderId"] == good["orderId"]
        (row,) = (await account.rest("GET", "/allOrders", symbol="BTCUSDT")).json
        assert row["status"] == "CANCELED"
        assert (await account.rest("GET", "/tradeFee", symbol="BTCUSDT")).json["code"] == 0
        test = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "1", "price": str(bid)}
        assert (await account.rest("POST", "/order/test", **test)).json == {}
        assert (await account.rest("GET", "/order", symbol="BTCUSDT")).json["code"] == 700004
        assert (await account.rest("GET", "/order", orderId="x")).json["code"] == -2013
        assert (await account.rest("GET", "/openOrders")).json["code"] == 700004
        assert (await account.rest("PATCH", "/order")).status == 405


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("400", "duplicate newClientOrderId"),
        ("-2010", "Duplicate order sent."),
        ("33333", "param is error"),
        ("accepted", None),
    ],
)
async def test_client_id_of_an_open_order_is_refused_as_the_switch_says(
    simulated: Any, autojump_clock: Any, form: str, text: str | None
) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"repeated_client_id": form}}) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        order = {"quantity": "0.1", "price": str(bid), "newClientOrderId": "twice"}
        assert (await account.place(**order)).status == 200
        answer = await account.place(**order)
        assert answer.json.get("msg") == text
        if text is not None:
            assert (answer.status, answer.json["code"]) == (400, int(form))
        await account.rest("DELETE", "/openOrders", symbol="BTCUSDT")
        assert (await account.place(**order)).status == 200


@pytest.mark.parametrize(
    ("form", "filled", "cancelled"),
    [
        ("unknown", "Unknown order sent.", "Unknown order sent."),
        ("state", "Order filled.", "Order cancelled."),
        ("answered", "FILLED", "CANCELED"),
    ],
)
async def test_cancel_of_an_order_that_is_over_is_answered_as_the_switch_says(
    simulated: Any, autojump_clock: Any, form: str, filled: str, cancelled: str
) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"late_cancel": form}}) as bench:
        account = bench.mexc()
        orders = (
            await account.place(type="MARKET", quoteOrderQty="50"),
            await account.place(type="FILL_OR_KILL", quantity="5", price=str(touch(bench)[1])),
        )
        for answer, told in zip(orders, (filled, cancelled), strict=True):
            over = await account.rest("DELETE", "/order", symbol="BTCUSDT", orderId=answer.json["orderId"])
            if form == "answered":
                assert (over.status, over.json["status"]) == (200, told)
            else:
                assert (over.status, over.json) == (400, {"code": -2011, "msg": told})


@pytest.mark.parametrize(
    ("code", "text"),
    [(10101, "Insufficient balance"), (30004, "Insufficient position"), (30005, "Oversold")],
)
async def test_too_little_for_an_order_has_the_code_of_the_switch(
    simulated: Any, autojump_clock: Any, code: int, text: str
) -> None:
    accounts = (AccountConfig(MEXC, "poor", "poor", "s", {"USDT": "10"}),)
    async with simulated(rate=0.0, accounts=accounts, switches={MEXC: {"no_funds": code}}) as bench:
        for side, price in (("BUY", "90000"), ("SELL", "99000")):
            answer = await bench.mexc("poor", "s").place(side=side, quantity="0.1", price=price)
            assert (answer.status, answer.json) == (400, {"code": code, "msg": text})


async def test_batch_is_of_one_symbol_and_twenty_orders_and_takes_numbers(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": 1, "price": float(bid)}
        for items, code in (
            ([order, {**order, "symbol": "ETHUSDT"}], 33333),
            ([order] * 21, 33333),
            ("none", 700004),
        ):
            answer = await account.rest("POST", "/batchOrders", batchOrders=json.dumps(items))
            assert (answer.status, answer.json["code"]) == (400, code)
            await trio.sleep(1)
        (placed,) = (await account.rest("POST", "/batchOrders", batchOrders=json.dumps([order]))).json
        assert (placed["origQty"], Decimal(placed["price"])) == ("1", bid)
        entries = bench.sim.venues[MEXC].private.entries.matching("demo", "")
        assert [entry.outcome for entry in entries] == ["33333"] * 23 + ["accepted"]


async def test_cancel_all_of_more_than_five_symbols_is_refused(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        answer = await account.rest("DELETE", "/openOrders", symbol=",".join(["BTCUSDT"] * 6))
        assert (answer.status, answer.json["code"]) == (400, 33333)
        answer = await account.rest("DELETE", "/openOrders", symbol="BTCUSDT,NOPE")
        assert (answer.status, answer.json["code"]) == (400, -1121)
        assert (await account.rest("GET", "/openOrders", symbol="BTCUSDT,ETHUSDT")).json["code"] == -1121


async def test_five_hundred_open_orders_and_no_more(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"account_limit": 0}}) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.001", "price": str(bid)}
        for _ in range(25):
            answer = await account.rest("POST", "/batchOrders", batchOrders=json.dumps([order] * 20))
            assert all("orderId" in item for item in answer.json)
        answer = await account.place(quantity="0.001", price=str(bid))
        assert (answer.status, answer.json["code"]) == (400, 30029)


@pytest.mark.parametrize(
    ("where", "found"),
    [("engine", 700003), ("door", None)],
)
async def test_held_order_is_refused_when_its_window_has_passed(
    simulated: Any, autojump_clock: Any, where: str, found: int | None
) -> None:
    switches = {MEXC: {"order_hold_s": 3, "expiry_checked": where}}
    async with simulated(rate=0.0, switches=switches) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        answer = await account.place(quantity="0.1", price=str(bid), recvWindow=2_000)
        assert answer.json.get("code") == found
        assert (await account.place(quantity="0.1", price=str(bid), recvWindow=4_000)).status == 200


@pytest.mark.parametrize(("form", "status"), [("status", 503), ("withheld", None), ("cut", None)])
async def test_order_is_taken_though_its_answer_is_spoilt(
    simulated: Any, autojump_clock: Any, form: str, status: int | None
) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"order_answers": form}}) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        order = {"quantity": "0.1", "price": str(bid), "newClientOrderId": "lost"}
        if status is None:
            with pytest.raises(ConnectionLost):
                await account.place(**order)
        else:
            assert (await account.place(**order)).status == status
        found = await account.rest("GET", "/order", symbol="BTCUSDT", origClientOrderId="lost")
        assert found.json["status"] == "NEW"
        (entry,) = bench.sim.venues[MEXC].private.entries.matching("demo", "lost")
        assert (entry.doing, entry.outcome) == ("place", "accepted")


async def test_market_order_over_the_market_limit_is_refused(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        answer = await account.place(type="MARKET", quoteOrderQty="100001")
        assert (answer.status, answer.json["code"]) == (400, 30003)
        assert (await account.place(type="MARKET", quoteOrderQty="100000")).status == 200


async def test_cancel_needs_a_symbol_that_there_is(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        number = (await account.place(quantity="0.1", price=str(bid))).json["orderId"]
        assert (await account.rest("DELETE", "/order", orderId=number)).json["code"] == 700004
        nowhere = await account.rest("DELETE", "/order", symbol="NOPE", orderId=number)
        assert nowhere.json["code"] == -1121
