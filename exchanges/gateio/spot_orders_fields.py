"""Gate.io's spot orders as its two doors have them alike: fields of requests, rows of answers, limits. Pure.

Source: spot websocket page 2025-07-23 (section "spot trading API"), REST page v4.105.4; replies of 2024 and 2025.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from feedtree.exchanges.gateio.account_reading import order_of
from feedtree.exchanges.gateio.account_rows import OrderRow, read_row
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_orders_errors import judge
from feedtree.exchanges.pauses import retry_after
from feedtree.exchanges.private.order_doors import (
    AmendRequest,
    Answered,
    Brake,
    CancelAllRequest,
    CancelRequest,
    CountdownRequest,
    PlaceRequest,
    Refused,
    Reply,
    Request,
    StatusRequest,
    Unanswered,
)
from feedtree.exchanges.private.orders import Order, OrderType, TimeInForce

REMAIN = "X-Gate-RateLimit-Requests-Remain"
RESET = "X-Gate-RateLimit-Reset-Timestamp"

_ACCOUNT = "spot"
_TIMES = {
    TimeInForce.GTC: "gtc",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
    TimeInForce.POST_ONLY: "poc",
}
_TOO_MANY = 429
_UNSTATED_PAUSE = 1.0  # the longest window of the limits on orders


class _Success(Struct):
    """A row of several cancels; a row of one order has no such field."""

    succeeded: bool = True
    id: str = ""
    label: str = ""
    message: str = ""


def place_fields(request: PlaceRequest) -> dict[str, str]:
    """Return the fields of an order; the amount of a market buy is in quote."""
    fields = {
        "text": request.client_order_id,
        "currency_pair": spell(request.symbol),
        "type": str(request.type),
        "account": _ACCOUNT,
        "side": str(request.side),
        "amount": f"{request.quantity or request.quote_quantity:f}",
        "time_in_force": _TIMES[request.time_in_force],
    }
    if request.price is not None:
        fields["price"] = f"{request.price:f}"
    if request.type is OrderType.MARKET and request.time_in_force is TimeInForce.GTC:
        fields["time_in_force"] = "ioc"
    return fields


def amend_fields(request: AmendRequest) -> dict[str, str]:
    """Return the fields that are to change."""
    changes = (("price", request.price), ("amount", request.quantity))
    return {name: f"{value:f}" for name, value in changes if value is not None}


def name_of(request: CancelRequest | AmendRequest | StatusRequest) -> str:
    """Return what an order is named by: the venue's id where it is known."""
    return request.order_id or request.client_order_id or ""


def answered(request: Request, result: bytes | msgspec.Raw, brake: Brake | None) -> Reply:
    """Read the answer to a request that was done; one that does not read proves nothing."""
    if isinstance(request, CountdownRequest):
        return Answered(brake=brake)
    try:
        if isinstance(request, CancelAllRequest):
            return _several(msgspec.json.decode(result, type=list[msgspec.Raw]), brake)
        return Answered(orders=(_order(result),), brake=brake)
    except (ValueError, ArithmeticError, RecursionError) as error:
        return Unanswered(sent=True, why=f"the answer does not read: {error}", brake=brake)


def _several(rows: list[msgspec.Raw], brake: Brake | None) -> Reply:
    orders: list[Order] = []
    undone: list[str] = []
    for row in rows:
        verdict = msgspec.json.decode(row, type=_Success, strict=False)
        if verdict.succeeded:
            orders.append(_order(row))
        else:
            undone.append(f"order {verdict.id}: {verdict.label} {verdict.message}".rstrip())
    return Answered(orders=tuple(orders), undone=tuple(undone), brake=brake)


def _order(row: bytes | msgspec.Raw) -> Order:
    return order_of(read_row(row, OrderRow))


def denied(status: int, label: str, text: str, brake: Brake | None) -> Reply:
    """Return what a refusal means; one that does not prove that nothing was done is no answer."""
    verdict = judge(status, label, text)
    if verdict is None:
        return Unanswered(sent=True, why=f"status {status} {label} {text}".rstrip(), brake=brake)
    return Refused(reason=verdict.reason, code=verdict.label, text=verdict.text, brake=brake)


def brake_of(status: int, headers: Mapping[str, str], now: float) -> Brake | None:
    """Return whether requests of this kind have to pause: the limit is used up.

    Args:
        status: of HTTP, or the websocket's like.
        headers: the venue's, `REMAIN` and `RESET` among them where it is about a limit.
        now: UTC seconds by the venue's clock.
    """
    if status != _TOO_MANY and headers.get(REMAIN) != "0":
        return None
    pause = retry_after(headers, now)
    if pause is None:
        pause = _UNSTATED_PAUSE
    return Brake(pause) if pause else None
