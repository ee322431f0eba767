"""Gate.io's door for orders over REST: what goes out, what comes back, and what certainly did not go out."""

import json
from decimal import Decimal
from typing import Any

import pytest
import trio

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.gateio.orders_venue import GATEIO_SPOT_ORDERS
from feedtree.exchanges.gateio.spot_orders_rest import GateioSpotOrderRest
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.order_doors import (
    AmendRequest,
    Answered,
    Brake,
    CancelAllRequest,
    CancelRequest,
    CountdownRequest,
    PlaceRequest,
    Refused,
    StatusRequest,
    Unanswered,
    Withheld,
)
from feedtree.exchanges.private.orders import OrderType, RejectReason, TimeInForce
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.wire.memory import Fault
from tests.clock import EPOCH_NS

BTC = Symbol("BTC", "USDT")
EXPIRES_NS = EPOCH_NS + 2_000_000_000
ROW = {
    "id": "7",
    "text": "t-1",
    "currency_pair": "BTC_USDT",
    "side": "buy",
    "status": "open",
    "amount": "1",
    "price": "100",
    "left": "1",
}


def place(**changes: Any) -> PlaceRequest:
    return PlaceRequest(
        **{
            "client_order_id": "t-1",
            "symbol": BTC,
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "time_in_force": TimeInForce.POST_ONLY,
            "price": Decimal("100.50"),
            "quantity": Decimal("1E-3"),
            "quote_quantity": None,
            **changes,
        }
    )


NAMED = {"symbol": BTC, "order_id": None, "client_order_id": "t-1"}


@pytest.fixture
def door(rest_server: Any) -> GateioSpotOrderRest:
    client = RestClient("http://venue/api/v4", rest_server.network)
    return GateioSpotOrderRest(
        client, Credentials("key", "secret"), VenueClock(lambda: EPOCH_NS, lambda: 0.0)
    )


def sent() -> None:
    """Nobody has to know."""


async def test_each_request_is_one_signed_call(
    rest_server: Any, answer: Any, door: Any, autojump_clock: Any
) -> None:
    """Orders and amendments carry their expiry; amounts are written out."""
    rest_server.answer = lambda target: answer(
        json.dumps([ROW] if target.endswith("/orders?currency_pair=BTC_USDT&account=spot") else ROW).encode()
    )
    requests: list[Any] = [
        place(),
        place(type=OrderType.MARKET, time_in_force=TimeInForce.GTC, price=None, quantity=None,
              quote_quantity=Decimal(50)),
        place(type=OrderType.MARKET, time_in_force=TimeInForce.FOK, price=None, side=Side.SELL),
        CancelRequest(**NAMED),
        CancelRequest(symbol=BTC, order_id="7", client_order_id="t-1"),
        AmendRequest(**NAMED, price=Decimal("1E+2"), quantity=None),
        AmendRequest(**NAMED, price=None, quantity=Decimal("0.5")),
        CancelAllRequest(symbol=BTC),
        StatusRequest(**NAMED),
        CountdownRequest(30),
    ]  # fmt: skip
    async with rest_server.serving():
        for request in requests:
            assert door.takes(request)
            assert isinstance(await door.send(request, EXPIRES_NS, sent), Answered)
    calls = [(each.method, each.target, json.loads(each.body or b"{}")) for each in rest_server.requests]
    order = {"text": "t-1", "currency_pair": "BTC_USDT", "account": "spot"}
    named = "/api/v4/spot/orders/t-1?currency_pair=BTC_USDT&account=spot"
    assert calls == [
        ("POST", "/api/v4/spot/orders", {**order, "type": "limit", "side": "buy", "amount": "0.001",
                                         "price": "100.50", "time_in_force": "poc"}),
        ("POST", "/api/v4/spot/orders", {**order, "type": "market", "side": "buy", "amount": "50",
                                         "time_in_force": "ioc"}),
        ("POST", "/api/v4/spot/orders", {**order, "type": "market", "side": "sell", "amount": "0.001",
                                         "time_in_force": "fok"}),
        ("DELETE", named, {}),
        ("DELETE", named.replace("t-1", "7"), {}),
        ("PATCH", named, {"price": "100"}),
        ("PATCH", named, {"amount": "0.5"}),
        ("DELETE", "/api/v4/spot/orders?currency_pair=BTC_USDT&account=spot", {}),
        ("GET", named, {}),
        ("POST", "/api/v4/spot/countdown_cancel_all", {"timeout": 30}),
    ]  # fmt: skip
    expiries = [each.headers.get("x-gate-exptime") for each in rest_server.requests]
    stamp = "1790000002000"
    assert expiries == [stamp, stamp, stamp, None, None, stamp, stamp, None, None, None]
    assert all(len(each.headers["sign"]) == 128 for each in rest_server.requests)
    assert "secret" not in repr(door)


async def test_several_cancels_are_told_apart(
    rest_server: Any, answer: Any, door: Any, autojump_clock: Any
) -> None:
    """Those that failed are told in words."""
    rows = [
        {**ROW, "status": "cancelled", "finish_as": "cancelled", "succeeded": True},
        {"id": "8", "currency_pair": "BTC_USDT", "succeeded": False, "label": "ORDER_CLOSED",
         "message": "Order closed"},
        {"id": "9", "succeeded": False},
    ]  # fmt: skip
    rest_server.answer = lambda target: answer(json.dumps(rows).encode())
    async with rest_server.serving():
        reply = await door.send(CancelAllRequest(symbol=BTC), EXPIRES_NS, sent)
    assert [order.order_id for order in reply.orders] == ["7"]
    assert reply.undone == ("order 8: ORDER_CLOSED Order closed", "order 9:")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (201, b"not json", Unanswered),
        (201, b"[]", Unanswered),
        (500, b'{"label":"INTERNAL","message":"x"}', Unanswered),
        (400, b"<html>a proxy's</html>", Unanswered),
        (400, b'{"label":"INVALID_PRECISION","detail":"price"}', Refused),
    ],
)
async def test_what_an_answer_proves(
    status: int, body: bytes, kind: type, rest_server: Any, answer: Any, door: Any, autojump_clock: Any
) -> None:
    """A refusal is one only in the venue's own words."""
    rest_server.answer = lambda target: answer(body, status)
    async with rest_server.serving():
        reply = await door.send(place(), EXPIRES_NS, sent)
    assert isinstance(reply, kind)


async def test_limits_are_read_from_headers(
    rest_server: Any, answer: Any, door: Any, autojump_clock: Any
) -> None:
    """The pause goes on until the window ends, by the venue's clock."""
    headers = {
        "X-Gate-RateLimit-Requests-Remain": "0",
        "X-Gate-RateLimit-Limit": "10",
        "X-Gate-RateLimit-Reset-Timestamp": str(EPOCH_NS // 10**9 + 1),
    }
    rest_server.answer = lambda target: answer(json.dumps(ROW).encode(), 201, headers)
    async with rest_server.serving():
        assert (await door.send(place(), EXPIRES_NS, sent)).brake == Brake(1.0)
        rest_server.answer = lambda target: answer(b'{"label":"TOO_MANY_REQUESTS"}', 429)
        reply = await door.send(place(), EXPIRES_NS, sent)
    assert isinstance(reply, Refused)
    assert (reply.reason, reply.brake) == (RejectReason.RATE_LIMITED, Brake(1.0))


async def test_what_did_not_go_out_is_known_not_to_have(
    rest_server: Any, answer: Any, door: Any, autojump_clock: Any
) -> None:
    """No connection, or a word in the last moment; the connection stays good for the next one."""
    rest_server.network.fault("venue", 80, Fault.REFUSE)
    reply = await door.send(place(), EXPIRES_NS, sent)
    assert isinstance(reply, Unanswered)
    assert not reply.sent
    rest_server.network.fault("venue", 80, None)
    rest_server.answer = lambda target: answer(json.dumps(ROW).encode(), 201)

    def withhold() -> None:
        raise Withheld

    async with rest_server.serving():
        with pytest.raises(Withheld):
            await door.send(place(), EXPIRES_NS, withhold)
        assert rest_server.requests == []
        assert isinstance(await door.send(place(), EXPIRES_NS, sent), Answered)


async def test_what_went_out_without_an_answer(
    rest_server: Any, answer: Any, door: Any, autojump_clock: Any
) -> None:
    """The connection breaks after the first byte: the venue may have heard of it."""
    rest_server.answer = lambda target: answer(delay=5.0)
    async with rest_server.serving(), trio.open_nursery() as nursery:

        async def reset() -> None:
            await trio.sleep(1)
            (connection,) = rest_server.network.connections("venue", 80)
            connection.reset()

        nursery.start_soon(reset)
        reply = await door.send(place(), EXPIRES_NS, sent)
    assert isinstance(reply, Unanswered)
    assert reply.sent


def test_the_venues_form_of_client_ids() -> None:
    """``t-`` and up to 28 characters."""
    assert GATEIO_SPOT_ORDERS.ids.fits("t-" + "x" * 28)
    assert not GATEIO_SPOT_ORDERS.ids.fits("x" * 30)
