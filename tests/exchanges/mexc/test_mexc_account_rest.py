"""MEXC's signed reads: what is asked, at what pace, what the answers mean, and what they leave open."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trio

from feedtree.exchanges.errors import (
    AuthenticationFailed,
    ClockSkewed,
    IpNotAllowed,
    PermissionMissing,
    RestFailed,
    VenueThrottled,
)
from feedtree.exchanges.mexc.spelling import spell
from feedtree.exchanges.mexc.spot_account_rest import MexcSpotAccountRest
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.messages import Balance
from feedtree.exchanges.private.orders import OrderStatus
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import Symbol, SymbolMap

BODIES = json.loads((Path(__file__).parents[2] / "data/mexc/account_bodies.json").read_text())
BTC = Symbol("BTC", "USDT")
ETH = Symbol("ETH", "USDT")

Parameters = dict[str, str]


@asynccontextmanager
async def asking(venue: Any) -> AsyncIterator[MexcSpotAccountRest]:
    client = RestClient("http://venue", venue.server.network)
    clock = VenueClock(lambda: venue.now_ms() * 1_000_000, trio.current_time)
    async with venue.server.serving():
        yield MexcSpotAccountRest(client, venue.credentials, clock, SymbolMap(spell))
        await client.aclose()


def order_row(number: int, at_ms: int, **fields: Any) -> dict[str, Any]:
    return BODIES["GET /api/v3/allOrders row"] | {"orderId": f"C02__{number}", "time": at_ms} | fields


def trade_row(number: int, at_ms: int) -> dict[str, Any]:
    return BODIES["GET /api/v3/myTrades row"] | {"id": f"{number:032x}", "time": at_ms // 1000 * 1000}


# What is asked


async def test_balances_are_those_of_which_there_is_something(venue: Any, autojump_clock: Any) -> None:
    """The account as documented, and an asset of which nothing is left."""
    body = json.loads(json.dumps(BODIES["GET /api/v3/account"]))
    body["balances"].append({"asset": "MX", "free": "0", "locked": "0.00"})
    venue.says["/api/v3/account"] = lambda parameters: body
    async with asking(venue) as rest:
        assert await rest.balances() == [
            Balance("NBNTEST", Decimal(1111078), Decimal(33)),
            Balance("MAIN", Decimal(1020000), Decimal(0)),
        ]
    assert venue.asked == [("/api/v3/account", {})]


async def test_open_orders_are_asked_for_symbol_by_symbol(venue: Any, autojump_clock: Any) -> None:
    """The venue has no call for all; the symbol is the one that was asked for."""
    venue.says["/api/v3/openOrders"] = lambda parameters: [
        order_row(1, 1000, status="NEW", type="LIMIT", symbol=parameters["symbol"])
    ]
    async with asking(venue) as rest:
        orders = await rest.open_orders({ETH, BTC})
    assert [each.symbol for each in orders] == [BTC, ETH]
    assert venue.asked == [
        ("/api/v3/openOrders", {"symbol": "BTCUSDT"}),
        ("/api/v3/openOrders", {"symbol": "ETHUSDT"}),
    ]


async def test_finished_orders_have_ended(venue: Any, autojump_clock: Any) -> None:
    """What still rests is left out; the stretch begins at a whole second, and not before the week that is kept."""
    venue.says["/api/v3/allOrders"] = lambda parameters: [
        order_row(1, venue.now_ms(), status="NEW"),
        order_row(2, venue.now_ms(), status="PARTIALLY_CANCELED"),
        order_row(3, venue.now_ms()),
    ]
    async with asking(venue) as rest:
        since_ns = (venue.now_ms() - 10_500) * 1_000_000
        orders = await rest.finished_orders(BTC, since_ns)
        await rest.finished_orders(BTC, 0)
    assert [(each.order_id, each.status) for each in orders] == [
        ("C02__3", OrderStatus.FILLED),
        ("C02__2", OrderStatus.CANCELLED),
    ]
    (_, asked), (_, week) = venue.asked
    assert asked == {
        "symbol": "BTCUSDT",
        "startTime": str(venue.epoch_ms - 11_000),
        "endTime": str(venue.epoch_ms + 1000),
        "limit": "1000",
    }
    assert 0 < 7 * 86_400_000 - (int(week["endTime"]) - int(week["startTime"])) <= 2000


async def test_one_order_is_asked_for_by_either_id(venue: Any, autojump_clock: Any) -> None:
    """None where the venue says that there is none; any other refusal is no answer."""
    venue.says["/api/v3/order"] = lambda parameters: order_row(7, 1000)
    async with asking(venue) as rest:
        found = await rest.order(BTC, order_id="C02__7")
        assert found is not None
        assert (found.order_id, found.symbol) == ("C02__7", BTC)
        for code in (-2013, -2011, 22222):
            venue.refusals = [(400, {"code": code, "msg": "Order does not exist"}, {})]
            assert await rest.order(BTC, client_order_id="mine") is None
        venue.refusals = [(500, {}, {})]
        with pytest.raises(RestFailed, match="HTTP 500"):
            await rest.order(BTC, client_order_id="mine")
    assert venue.asked[0][1] == {"symbol": "BTCUSDT", "orderId": "C02__7"}
    assert venue.asked[1][1] == {"symbol": "BTCUSDT", "origClientOrderId": "mine"}


# Pages


def trades(venue: Any, rows: list[dict[str, Any]]) -> None:
    """Have the venue tell these trades as it does: the newest hundred of a stretch."""

    def told(parameters: Parameters) -> list[dict[str, Any]]:
        first, last = int(parameters["startTime"]), int(parameters["endTime"])
        inside = [row for row in rows if first <= row["time"] <= last]
        return sorted(inside, key=lambda row: -row["time"])[: int(parameters["limit"])]

    venue.says["/api/v3/myTrades"] = told


async def test_more_than_a_hundred_fills_are_all_found(venue: Any, autojump_clock: Any) -> None:
    """An outage of a minute with 450 fills, told a hundred at a time, in times rounded to seconds."""
    began = venue.now_ms()
    trades(venue, [trade_row(number, began + 130 * number) for number in range(450)])
    await trio.sleep(60)
    async with asking(venue) as rest:
        fills = await rest.fills(BTC, began * 1_000_000)
        assert not rest.left_open()
    assert len({fill.trade_id for fill in fills}) == len(fills) == 450
    assert [fill.venue_ns for fill in fills] == sorted(fill.venue_ns for fill in fills)
    assert len(venue.asked) == 6  # five hundred with their overlaps, and one to see that nothing is newer


async def test_what_a_full_second_leaves_open_is_told(venue: Any, autojump_clock: Any) -> None:
    """Of 130 fills in one second a hundred can be had; that there may be more is said, once."""
    began = venue.now_ms()
    trades(venue, [trade_row(number, began + number) for number in range(130)])
    await trio.sleep(10)
    async with asking(venue) as rest:
        assert len(await rest.fills(BTC, began * 1_000_000)) == 100
        (told,) = rest.left_open()
        assert not rest.left_open()
    assert told.startswith("/api/v3/myTrades BTC/USDT: more than 100 rows")
    assert str(began) in told


async def test_fills_without_an_id_are_told_each(venue: Any, autojump_clock: Any) -> None:
    """An id may be missing; what else differs tells them apart."""
    rows = [trade_row(0, venue.now_ms()) | {"id": None, "qty": str(number)} for number in (1, 2)]
    venue.says["/api/v3/myTrades"] = lambda parameters: rows
    async with asking(venue) as rest:
        fills = await rest.fills(BTC, (venue.now_ms() - 1000) * 1_000_000)
        assert sorted(fill.quantity for fill in fills) == [1, 2]
        with pytest.raises(ValueError, match="one symbol at a time"):
            await rest.fills(None, 0)


async def test_both_sides_of_a_self_trade_are_told(venue: Any, autojump_clock: Any) -> None:
    """They have one id."""
    row = trade_row(0, venue.now_ms())
    rows = [row | {"orderId": "C02__1", "isMaker": True}, row | {"orderId": "C02__2"}]
    venue.says["/api/v3/myTrades"] = lambda parameters: rows
    async with asking(venue) as rest:
        fills = await rest.fills(BTC, (venue.now_ms() - 1000) * 1_000_000)
    assert {fill.order_id for fill in fills} == {"C02__1", "C02__2"}


# Pace


async def test_calls_keep_to_the_budget(venue: Any, autojump_clock: Any) -> None:
    """250 of weight in 10 s: the next page of weight 10 waits for the window."""
    venue.says["/api/v3/myTrades"] = lambda parameters: []
    async with asking(venue) as rest:
        began = trio.current_time()
        for _ in range(25):
            await rest.fills(BTC, 0)
        assert trio.current_time() - began < 1.0
        await rest.fills(BTC, 0)
        assert trio.current_time() - began == pytest.approx(10.0, abs=0.5)


async def test_balances_are_asked_for_once_a_second(venue: Any, autojump_clock: Any) -> None:
    """The venue allows two."""
    venue.says["/api/v3/account"] = lambda parameters: {"balances": []}
    async with asking(venue) as rest:
        began = trio.current_time()
        for _ in range(3):
            await rest.balances()
        assert trio.current_time() - began == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(("headers", "pause"), [({"Retry-After": "30"}, 30.0), ({}, 10.0)])
async def test_a_pause_is_kept(
    venue: Any, autojump_clock: Any, headers: dict[str, str], pause: float
) -> None:
    """After 429 or 418 nothing is asked before `Retry-After`, or ten seconds where it does not say."""
    venue.says["/api/v3/account"] = lambda parameters: {"balances": []}
    async with asking(venue) as rest:
        venue.refusals = [(429, {"code": 429, "msg": "Too Many Requests"}, headers)]
        with pytest.raises(VenueThrottled) as refusal:
            await rest.balances()
        assert refusal.value.retry_after == (pause if headers else None)
        began = trio.current_time()
        await rest.balances()
        assert trio.current_time() - began == pytest.approx(pause, abs=0.1)


# The clock


async def test_a_clock_that_is_off_is_measured(venue: Any, autojump_clock: Any) -> None:
    """The venue is an hour ahead: the first call is refused, its clock asked, and the call made again."""
    venue.ahead_ms = 3_600_000
    venue.says["/api/v3/account"] = lambda parameters: {"balances": []}
    async with asking(venue) as rest:
        assert await rest.balances() == []
        assert await rest.balances() == []
        assert await rest.time_ns() == pytest.approx((venue.now_ms() + 3_600_000) * 1_000_000, abs=10**9)
    paths = [urlsplit(target).path for target in venue.server.targets]
    assert paths == ["/api/v3/account", "/api/v3/time", *["/api/v3/account"] * 2, "/api/v3/time"]


async def test_a_time_that_is_refused_again_parks_the_account(venue: Any, autojump_clock: Any) -> None:
    """The venue's clock was asked just before, and the call took no time."""
    refusal = (400, {"code": 700003, "msg": "Timestamp for this request is outside of the recvWindow."}, {})
    venue.refusals = [refusal, refusal]
    async with asking(venue) as rest:
        with pytest.raises(ClockSkewed, match="700003"):
            await rest.balances()


async def test_a_slow_way_is_no_wrong_clock(venue: Any, autojump_clock: Any) -> None:
    """A call that took three of its five seconds may have arrived too late: that passes."""
    body = {"code": 700003, "msg": "Timestamp for this request is outside of the recvWindow."}
    venue.server.answer = lambda target: venue.reply(
        *(
            (b'{"serverTime":1790000000000}', 200)
            if "time" in target[:12]
            else (json.dumps(body).encode(), 400)
        ),
        delay=3.0 if "account" in target else 0.0,
    )
    async with asking(venue) as rest:
        with pytest.raises(RestFailed) as failed:
            await rest.balances()
    assert failed.value.code == "700003"


# Refusals


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (700002, AuthenticationFailed),
        (10072, AuthenticationFailed),
        (700006, IpNotAllowed),
        (700007, PermissionMissing),
    ],
)
async def test_what_is_wrong_with_the_key_is_said(
    venue: Any, autojump_clock: Any, code: int, kind: type[Exception]
) -> None:
    """With the venue's code, and neither key nor secret."""
    venue.refusals = [(400, {"code": code, "msg": "no"}, {})]
    async with asking(venue) as rest:
        with pytest.raises(kind, match=f"GET /api/v3/account: {code} no") as refusal:
            await rest.balances()
        shown = f"{refusal.value!r} {rest!r}"
    assert "the-key" not in shown
    assert "the-secret" not in shown


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v3/account", {"balances": [{"asset": "MX", "free": "NaN", "locked": "0"}]}),
        ("/api/v3/account", []),
        ("/api/v3/account", {"balances": [{"asset": "MX", "free": 0.1, "locked": "0"}]}),
    ],
)
async def test_an_odd_answer_fails_the_call(venue: Any, autojump_clock: Any, path: str, body: Any) -> None:
    """A row that does not read is not left out: what it tells of would be missed."""
    venue.says[path] = lambda parameters: body
    async with asking(venue) as rest:
        with pytest.raises(RestFailed, match="does not"):
            await rest.balances()


async def test_an_odd_order_fails_the_call(venue: Any, autojump_clock: Any) -> None:
    """With the value that has no meaning."""
    venue.says["/api/v3/openOrders"] = lambda parameters: [order_row(1, 1000, status="SLEEPING")]
    async with asking(venue) as rest:
        with pytest.raises(RestFailed, match="SLEEPING"):
            await rest.open_orders([BTC])
