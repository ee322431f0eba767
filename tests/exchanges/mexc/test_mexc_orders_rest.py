"""MEXC's door for orders over REST: what goes out, what comes back, and what certainly did not go out."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.mexc.orders_venue import MEXC_SPOT_ORDERS
from feedtree.exchanges.mexc.spelling import spell
from feedtree.exchanges.mexc.spot_account_rest import MexcSpotAccountRest
from feedtree.exchanges.mexc.spot_orders_rest import MexcSpotOrderRest
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
from feedtree.exchanges.private.orders import OrderStatus, OrderType, RejectReason, TimeInForce
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol, SymbolMap
from feedtree.exchanges.wire.memory import Fault
from tests.clock import EPOCH_NS

BTC = Symbol("BTC", "USDT")
EXPIRES_NS = EPOCH_NS + 2_000_000_000
PLACED = {"symbol": "BTCUSDT", "orderId": "C02__7", "orderListId": -1, "transactTime": 1_790_000_000_123}
ROW = {
    "symbol": "BTCUSDT",
    "orderId": "C02__7",
    "clientOrderId": "x-1",
    "price": "100",
    "origQty": "1",
    "executedQty": "0",
    "cummulativeQuoteQty": "0",
    "status": "NEW",
    "type": "LIMIT",
    "side": "BUY",
    "time": 1_790_000_000_123,
    "updateTime": 1_790_000_000_123,
}
NAMED = {"symbol": BTC, "order_id": None, "client_order_id": "x-1"}


def place(**changes: Any) -> PlaceRequest:
    return PlaceRequest(
        **{
            "client_order_id": "x-1",
            "symbol": BTC,
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "time_in_force": TimeInForce.GTC,
            "price": Decimal("100.50"),
            "quantity": Decimal("1E-3"),
            "quote_quantity": None,
            **changes,
        }
    )


@pytest.fixture
def door(rest_server: Any) -> MexcSpotOrderRest:
    client = RestClient("http://venue", rest_server.network)
    clock = VenueClock(lambda: EPOCH_NS, lambda: 0.0)
    credentials = Credentials("key", "secret")
    account = MexcSpotAccountRest(client, credentials, clock, SymbolMap(spell, [BTC]))
    return MexcSpotOrderRest(client, credentials, clock, account)


def sent() -> None:
    """Nobody has to know."""


def parameters(asked: Any) -> dict[str, str]:
    query = parse_qs(urlsplit(asked.target).query)
    for name in ("signature", "timestamp"):
        query.pop(name)
    return {name: value[0] for name, value in query.items()}


async def test_each_request_is_one_signed_call(
    rest_server: Any, answer: Any, door: Any, autojump_clock: Any
) -> None:
    """An order's window is what is left until its expiry; the venue's default for everything else."""
    cases: list[tuple[Any, Any, str, dict[str, str]]] = [
        (place(), PLACED, "POST /api/v3/order", {"type": "LIMIT", "quantity": "0.001", "price": "100.50"}),
        (place(time_in_force=TimeInForce.IOC), PLACED, "POST /api/v3/order",
         {"type": "IMMEDIATE_OR_CANCEL", "quantity": "0.001", "price": "100.50"}),
        (place(type=OrderType.MARKET, price=None, quantity=None, quote_quantity=Decimal(50)), PLACED,
         "POST /api/v3/order", {"type": "MARKET", "quoteOrderQty": "50"}),
        (CancelRequest(**NAMED), ROW, "DELETE /api/v3/order", {"origClientOrderId": "x-1"}),
        (CancelRequest(symbol=BTC, order_id="C02__7", client_order_id="x-1"), ROW, "DELETE /api/v3/order",
         {"orderId": "C02__7"}),
        (CancelAllRequest(symbol=BTC), [ROW], "DELETE /api/v3/openOrders", {}),
        (StatusRequest(**NAMED), ROW, "GET /api/v3/order", {"origClientOrderId": "x-1"}),
    ]  # fmt: skip
    async with rest_server.serving():
        for request, body, call, expected in cases:
            rest_server.answer = lambda target, body=body: answer(json.dumps(body).encode())
            assert door.takes(request)
            assert isinstance(await door.send(request, EXPIRES_NS, sent), Answered)
            asked = rest_server.requests[-1]
            assert f"{asked.method} {urlsplit(asked.target).path}" == call
            given = {"symbol": "BTCUSDT", "recvWindow": "5000", **expected}
            if isinstance(request, PlaceRequest):
                given |= {"side": "BUY", "newClientOrderId": "x-1", "recvWindow": "2000"}
            assert parameters(asked) == given
            assert asked.headers["x-mexc-apikey"] == "key"
    assert len(rest_server.requests) == len(cases)
    assert "secret" not in repr(door)
    assert not door.takes(AmendRequest(**NAMED, price=Decimal(1), quantity=None))
    assert not door.takes(CountdownRequest(5))


async def test_an_order_is_put_together_from_what_was_asked_for(
    rest_server: Any, answer: Any, door: Any, autojump_clock: Any
) -> None:
    """The answer tells its id only; so it is not shown as the venue's word."""
    rest_server.answer = lambda target: answer(json.dumps({"orderId": "C02__7"}).encode())
    async with rest_server.serving():
        reply = await door.send(place(type=OrderType.MARKET, price=None), EXPIRES_NS, sent)
    assert not reply.shown
    (order,) = reply.orders
    assert (order.order_id, order.client_order_id) == ("C02__7", "x-1")
    assert (order.status, order.time_in_force, order.created_ns) == (OrderStatus.OPEN, None, None)


async def test_a_cancelled_order_is_over(
    rest_server: Any, answer: Any, door: Any, autojump_clock: Any
) -> None:
    """Also where the answer shows it as it was before; one that was filled is filled."""
    cases = {
        "NEW": OrderStatus.CANCELLED,
        "PARTIALLY_CANCELED": OrderStatus.CANCELLED,
        "FILLED": OrderStatus.FILLED,
    }
    async with rest_server.serving():
        for shown, status in cases.items():
            body = json.dumps({**ROW, "status": shown}).encode()
            rest_server.answer = lambda target, body=body: answer(body)
            reply = await door.send(CancelRequest(**NAMED), EXPIRES_NS, sent)
            assert reply.orders[0].status is status


@pytest.mark.parametrize(
    ("look", "status"),
    [
        ({**ROW, "type": "LIMIT_MAKER"}, OrderStatus.OPEN),
        ({**ROW, "type": "LIMIT_MAKER", "status": "CANCELED"}, OrderStatus.REFUSED),
        ({**ROW, "type": "LIMIT_MAKER", "status": "CANCELED", "updateTime": None}, OrderStatus.REFUSED),
        (
            {**ROW, "type": "LIMIT_MAKER", "status": "CANCELED", "updateTime": 1_790_000_000_900},
            OrderStatus.CANCELLED,
        ),
        (
            {**ROW, "type": "LIMIT_MAKER", "status": "PARTIALLY_CANCELED", "executedQty": "0.5"},
            OrderStatus.CANCELLED,
        ),
    ],
)
async def test_a_post_only_order_is_looked_at(
    look: Any, status: OrderStatus, rest_server: Any, answer: Any, door: Any, autojump_clock: Any
) -> None:
    """Whether it was ended at once: the answer to it does not tell."""
    rest_server.answer = lambda target: answer(
        json.dumps(PLACED if "newClientOrderId" in target else look).encode()
    )
    async with rest_server.serving():
        reply = await door.send(place(time_in_force=TimeInForce.POST_ONLY), EXPIRES_NS, sent)
    assert reply.orders[0].status is status
    assert reply.shown


@pytest.mark.parametrize(
    ("body", "status", "delay"),
    [
        (b'{"code":-2013,"msg":"Order does not exist."}', 400, 0.0),
        (b'{"code":700002,"msg":"Signature for this request is not valid."}', 400, 0.0),
        (b"", 503, 0.0),
        (b"", 429, 0.0),
        (b"{}", 200, 5.0),
    ],
)
async def test_a_post_only_order_that_cannot_be_looked_at_is_there(
    body: bytes, status: int, delay: float, rest_server: Any, answer: Any, door: Any, autojump_clock: Any
) -> None:
    """That much is certain, and in time."""
    rest_server.answer = lambda target: (
        answer(json.dumps(PLACED).encode())
        if "newClientOrderId" in target
        else answer(body, status, delay=delay)
    )
    async with rest_server.serving():
        reply = await door.send(place(time_in_force=TimeInForce.POST_ONLY), EXPIRES_NS, sent)
    assert isinstance(reply, Answered)
    assert not reply.shown


@pytest.mark.parametrize(
    ("status", "headers", "brake"),
    [
        (429, {"Retry-After": "7"}, Brake(7.0, everything=True)),
        (429, {}, Brake(10.0, everything=True)),
        (418, {}, Brake(120.0, everything=True)),
        (403, {}, Brake(60.0, everything=True)),
    ],
)
async def test_a_limit_pauses_the_whole_account(
    status: int,
    headers: dict[str, str],
    brake: Brake,
    rest_server: Any,
    answer: Any,
    door: Any,
    autojump_clock: Any,
) -> None:
    """For as long as the venue says, or else for a time that it documents."""
    rest_server.answer = lambda target: answer(b'{"code":429,"msg":"Too Many Requests"}', status, headers)
    async with rest_server.serving():
        reply = await door.send(place(), EXPIRES_NS, sent)
    assert isinstance(reply, Refused)
    assert (reply.reason, reply.brake) == (RejectReason.RATE_LIMITED, brake)


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"not json"), (200, b"[]"), (500, b'{"code":500}'), (400, b"<html>")]
)
async def test_what_proves_nothing(
    status: int, body: bytes, rest_server: Any, answer: Any, door: Any, autojump_clock: Any
) -> None:
    """The order may be there."""
    rest_server.answer = lambda target: answer(body, status)
    async with rest_server.serving():
        reply = await door.send(place(), EXPIRES_NS, sent)
    assert isinstance(reply, Unanswered)
    assert reply.sent


async def test_what_did_not_go_out_is_known_not_to_have(
    rest_server: Any, answer: Any, door: Any, autojump_clock: Any
) -> None:
    """No connection, or a word in the last moment."""
    rest_server.network.fault("venue", 80, Fault.REFUSE)
    reply = await door.send(place(), EXPIRES_NS, sent)
    assert isinstance(reply, Unanswered)
    assert not reply.sent
    rest_server.network.fault("venue", 80, None)

    def withhold() -> None:
        raise Withheld

    async with rest_server.serving():
        with pytest.raises(Withheld):
            await door.send(place(), EXPIRES_NS, withhold)
    assert rest_server.requests == []


def test_the_venues_form_of_client_ids() -> None:
    """Up to 32 characters."""
    assert MEXC_SPOT_ORDERS.ids.fits("x" * 32)
    assert not MEXC_SPOT_ORDERS.ids.fits("x" * 33)
