"""What MEXC tells of orders and trades over REST: which rows, in which shapes."""

from decimal import Decimal
from typing import Any

import pytest
import trio

from feedtree.ops.sim.accounts.config import AccountConfig

MEXC = "mexc.spot"


def touch(bench: Any) -> tuple[Decimal, Decimal]:
    market = bench.market(MEXC)
    return Decimal(market.price_text(market.book.best_bid)), Decimal(market.price_text(market.book.best_ask))


async def test_trades_are_a_hundred_at_most_newest_first_and_of_their_span(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        await account.place(quantity="0.5", price=str(bid))
        assert bench.sim.venues[MEXC].private.engine.eat("BTCUSDT", 120) == 120
        rows = (await account.rest("GET", "/myTrades", symbol="BTCUSDT", limit=500)).json
        assert len(rows) == 100
        ids = [row["id"] for row in rows]
        assert ids == sorted(ids, reverse=True)
        assert all(row["time"] % 1_000 == 0 for row in rows)
        assert all(row["isMaker"] and not row["isSelfTrade"] for row in rows)
        none = await account.rest("GET", "/myTrades", symbol="BTCUSDT", endTime=account.now_ms() - 60_000)
        assert none.json == []
        long = await account.rest("GET", "/myTrades", symbol="BTCUSDT", startTime=1)
        assert long.json["code"] == 33333


@pytest.mark.parametrize(("form", "shape"), [("bare", str.isdecimal), ("hex", lambda name: len(name) == 32)])
async def test_rest_can_tell_trade_ids_in_another_form(
    simulated: Any, autojump_clock: Any, form: str, shape: Any
) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"rest_trade_ids": form}}) as bench:
        account = bench.mexc()
        await account.place(type="MARKET", quoteOrderQty="50")
        rows = (await account.rest("GET", "/myTrades", symbol="BTCUSDT")).json
        assert rows
        assert all(shape(row["id"]) for row in rows)


@pytest.mark.parametrize(
    ("form", "named", "unnamed", "unset"),
    [("unset", "me", None, None), ("all", None, None, None), ("none", "me", "", "")],
)
async def test_rows_tell_what_is_not_set_as_the_switch_says(
    simulated: Any,
    autojump_clock: Any,
    form: str,
    named: str | None,
    unnamed: str | None,
    unset: str | None,
) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"rest_nulls": form}}) as bench:
        account = bench.mexc()
        await account.place(type="MARKET", quoteOrderQty="50")
        await account.place(type="MARKET", quoteOrderQty="50", newClientOrderId="me")
        for path in ("/allOrders", "/myTrades"):
            rows = (await account.rest("GET", path, symbol="BTCUSDT")).json
            assert (rows[0]["clientOrderId"], rows[-1]["clientOrderId"]) == (named, unnamed)
        (row, _) = (await account.rest("GET", "/allOrders", symbol="BTCUSDT")).json
        assert row["timeInForce"] == unset
        assert row["stopPrice"] == row["icebergQty"] == (None if form != "none" else "0")


async def test_full_page_is_of_the_end_that_the_switch_names(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        numbers = [(await account.place(quantity="0.1", price=str(bid))).json["orderId"] for _ in range(3)]
        for end, expected in (("newest", numbers[:0:-1]), ("oldest", numbers[1::-1])):
            bench.board.set(MEXC, "rest_full_page", end)
            rows = (await account.rest("GET", "/allOrders", symbol="BTCUSDT", limit=2)).json
            assert [row["orderId"] for row in rows] == expected


@pytest.mark.parametrize(("form", "found"), [("exact", 1), ("as_told", 0)])
async def test_spans_are_compared_with_exact_times_or_those_of_the_rows(
    simulated: Any, autojump_clock: Any, form: str, found: int
) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"rest_spans": form}}) as bench:
        account = bench.mexc()
        await trio.sleep(1.5 - bench.sim.clock.now_ns() / 1e9 % 1)
        await account.place(type="MARKET", quoteOrderQty="50")
        half = account.now_ms() // 1_000 * 1_000 + 400
        for path in ("/allOrders", "/myTrades"):
            rows = (await account.rest("GET", path, symbol="BTCUSDT", startTime=half)).json
            assert len(rows) == found


async def test_both_sides_of_a_trade_with_oneself_have_ids_of_their_own(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        await account.place(quantity="0.5", price=str(bid + Decimal("0.01")))
        await account.place(quantity="0.2", price=str(bid + Decimal("0.01")), side="SELL")
        taker, maker = (await account.rest("GET", "/myTrades", symbol="BTCUSDT")).json
        assert (taker["isMaker"], maker["isMaker"]) == (False, True)
        assert taker["isSelfTrade"]
        assert maker["isSelfTrade"]
        assert taker["id"] != maker["id"]
        assert (taker["commission"] != "0", maker["commission"]) == (True, "0")


async def test_order_that_nobody_can_know_is_not_found(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        number = (await account.place(quantity="0.1", price=str(bid))).json["orderId"]
        for params in ({"origClientOrderId": "no"}, {"orderId": number, "symbol": "ETHUSDT"}):
            asked = {"symbol": "BTCUSDT", **params}
            assert (await account.rest("GET", "/order", **asked)).json["code"] == -2013
            assert (await account.rest("DELETE", "/order", **asked)).json["code"] == -2011


async def test_reads_fail_while_the_switch_says_so(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"private_rest_status": 502}}) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        assert (await account.rest("GET", "/account")).status == 502
        assert (await account.place(quantity="0.1", price=str(bid))).status == 200


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("/myTrades", {"limit": "x"}, 700004),
        ("/myTrades", {"endTime": "-1"}, 700004),
        ("/myTrades", {"startTime": "1"}, 33333),
        ("/allOrders", {"startTime": "1"}, 33333),
        ("/allOrders", {"symbol": "NOPE"}, -1121),
        ("/tradeFee", {"symbol": ""}, 700004),
    ],
)
async def test_wrong_parameters_of_reads_have_their_codes(
    simulated: Any, autojump_clock: Any, path: str, params: dict[str, str], code: int
) -> None:
    async with simulated(rate=0.0) as bench:
        answer = await bench.mexc().rest("GET", path, **{"symbol": "BTCUSDT", **params})
        assert (answer.status, answer.json["code"]) == (400, code)


async def test_account_tells_what_there_is_and_what_its_key_may_do(
    simulated: Any, autojump_clock: Any
) -> None:
    accounts = (AccountConfig(MEXC, "r", "r", "s", {"USDT": "10.5", "BTC": "0"}, permissions=("read",)),)
    async with simulated(rate=0.0, accounts=accounts) as bench:
        body = (await bench.mexc("r", "s").rest("GET", "/account")).json
        assert body["balances"] == [{"asset": "USDT", "free": "10.5", "locked": "0"}]
        assert (body["canTrade"], body["accountType"], body["updateTime"]) == (False, "SPOT", None)
        assert body["permissions"] == ["SPOT_ACCOUNT_READ", "SPOT_DEAL_READ"]


@pytest.mark.parametrize(("path", "days"), [("/allOrders", 7), ("/myTrades", 30)])
async def test_span_that_is_too_long_is_refused_or_cut(
    simulated: Any, autojump_clock: Any, path: str, days: int
) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        await account.place(type="MARKET", quoteOrderQty="50")
        now_ms = account.now_ms()
        span = {"symbol": "BTCUSDT", "startTime": now_ms - days * 86_400_000, "endTime": now_ms}
        assert (await account.rest("GET", path, **span)).json
        span["startTime"] -= 1
        assert (await account.rest("GET", path, **span)).json["code"] == 33333
        bench.board.set(MEXC, "rest_long_spans", "cut")
        assert (await account.rest("GET", path, **span)).json
