"""MEXC's spot orders: parameters of requests, and what answers say. Pure.

Source: spot documentation 2025-08-08. The answer to an order tells its id, and neither status nor fills; the answer to
a cancel may show the order as it was before.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec
from msgspec import Struct

from feedtree.exchanges.mexc.account_messages import OrderRow
from feedtree.exchanges.mexc.order_forms import order_from_row
from feedtree.exchanges.mexc.spelling import spell
from feedtree.exchanges.pauses import retry_after
from feedtree.exchanges.private.order_doors import (
    Answered,
    Brake,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    StatusRequest,
)
from feedtree.exchanges.private.orders import Order, OrderStatus, OrderType, TimeInForce

_MS = 1_000_000
_NOTHING = Decimal(0)
_TYPES = {
    TimeInForce.GTC: "LIMIT",
    TimeInForce.IOC: "IMMEDIATE_OR_CANCEL",
    TimeInForce.FOK: "FILL_OR_KILL",
    TimeInForce.POST_ONLY: "LIMIT_MAKER",
}
_UNSTATED_PAUSES = {429: 10.0, 418: 120.0, 403: 60.0}  # the limits' window, the shortest ban, a guess


class _Placed(Struct):
    """The answer to an order."""

    orderId: str  # noqa: N815 - the wire's own names
    transactTime: int | None = None  # noqa: N815 - ms


def place_parameters(request: PlaceRequest) -> dict[str, str]:
    """Return the parameters of an order."""
    market = request.type is OrderType.MARKET
    parameters = {
        "symbol": spell(request.symbol),
        "side": request.side.upper(),
        "type": "MARKET" if market else _TYPES[request.time_in_force],
        "newClientOrderId": request.client_order_id,
    }
    amounts = (
        ("quantity", request.quantity),
        ("quoteOrderQty", request.quote_quantity),
        ("price", request.price),
    )
    return {**parameters, **{name: f"{value:f}" for name, value in amounts if value is not None}}


def name_parameters(request: CancelRequest | StatusRequest) -> dict[str, str]:
    """Return the parameters that name an order: by the venue's id where it is known."""
    if request.order_id is not None:
        return {"symbol": spell(request.symbol), "orderId": request.order_id}
    return {"symbol": spell(request.symbol), "origClientOrderId": request.client_order_id or ""}


def placed(request: PlaceRequest, body: bytes) -> Order:
    """Return an order as its placing tells it: there, and nothing more is known.

    Raises:
        ValueError: the body is no answer to an order.
    """
    answer = msgspec.json.decode(body, type=_Placed, strict=False)
    at_ns = None if answer.transactTime is None else answer.transactTime * _MS
    return Order(
        order_id=answer.orderId,
        client_order_id=request.client_order_id,
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        time_in_force=None if request.type is OrderType.MARKET else request.time_in_force,
        price=request.price,
        quantity=request.quantity,
        quote_quantity=request.quote_quantity,
        filled=_NOTHING,
        filled_quote=_NOTHING,
        status=OrderStatus.OPEN,
        created_ns=at_ns,
        updated_ns=at_ns,
    )


def as_it_stands(request: PlaceRequest, order: Order) -> Order:
    """Return an order that was just placed as it was seen after that: a post-only that ended at once was refused."""
    ended = order.status is OrderStatus.CANCELLED and not order.filled
    at_once = order.updated_ns is None or order.updated_ns == order.created_ns
    if request.time_in_force is TimeInForce.POST_ONLY and ended and at_once:
        return msgspec.structs.replace(order, status=OrderStatus.REFUSED)
    return order


def cancelled(request: CancelRequest | CancelAllRequest, body: bytes) -> Answered:
    """Read the answer to cancels.

    Raises:
        ValueError: the body is none, or a row does not read.
    """
    if isinstance(request, CancelRequest):
        rows = [msgspec.json.decode(body, type=OrderRow, strict=False)]
    else:
        rows = msgspec.json.decode(body, type=list[OrderRow], strict=False)
    return Answered(orders=tuple(_over(order_from_row(row, request.symbol)) for row in rows))


def _over(order: Order) -> Order:
    if order.status.terminal:
        return order
    return msgspec.structs.replace(order, status=OrderStatus.CANCELLED, reason="CANCELED")


def brake_of(status: int, headers: Mapping[str, str], now: float) -> Brake | None:
    """Return whether the account's requests have to pause.

    Args:
        status: of HTTP.
        headers: ``Retry-After`` among them, where the venue says for how long.
        now: UTC seconds by the venue's clock.
    """
    unstated = _UNSTATED_PAUSES.get(status)
    if unstated is None:
        return None
    pause = retry_after(headers, now)
    return Brake(unstated if pause is None else pause, everything=True)
