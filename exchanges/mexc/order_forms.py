"""MEXC's orders in this project's words: one form, whether a push or REST told it. Pure.

Order ids have one form in both. A market order's ``price`` is a protective one, some 5 % from the market, and none of
the order's; what it was to spend stands in ``amount`` where it is over a quote amount, which is "0" otherwise. What is
left (``remainAmount``) may be more than 0 for an order that is filled: amounts never tell whether an order has ended.

Sources: the spot documentation of 2025-08-08; orders recorded by ccxt, and MEXC's own samples.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from feedtree.exchanges.mexc.account_messages import OrderRow
from feedtree.exchanges.mexc.proto.spot_pb2 import PrivateOrdersV3Api
from feedtree.exchanges.mexc.wire_values import MS, SIDES, ZERO, amount, meaning
from feedtree.exchanges.private.orders import Order, OrderStatus, OrderType, TimeInForce
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

_SIDES: Mapping[str, Side] = {"BUY": Side.BUY, "SELL": Side.SELL}
_STATUS_NUMBERS: Mapping[int, str] = {
    1: "NEW",
    2: "FILLED",
    3: "PARTIALLY_FILLED",
    4: "CANCELED",
    5: "PARTIALLY_CANCELED",
}
_TYPE_NUMBERS: Mapping[int, str] = {
    1: "LIMIT",
    2: "LIMIT_MAKER",
    3: "IMMEDIATE_OR_CANCEL",
    4: "FILL_OR_KILL",
    5: "MARKET",
}

STATUSES: Mapping[str, OrderStatus] = MappingProxyType(
    {
        "NEW": OrderStatus.OPEN,
        "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
        "FILLED": OrderStatus.FILLED,
        "CANCELED": OrderStatus.CANCELLED,
        "PARTIALLY_CANCELED": OrderStatus.CANCELLED,
        "REJECTED": OrderStatus.REFUSED,  # this one and the next are in no document, but in clients
        "EXPIRED": OrderStatus.EXPIRED,
    }
)
"""The status of an order, by the word that REST has for it."""

TYPES: Mapping[str, tuple[OrderType, TimeInForce | None]] = MappingProxyType(
    {
        "LIMIT": (OrderType.LIMIT, TimeInForce.GTC),
        "LIMIT_MAKER": (OrderType.LIMIT, TimeInForce.POST_ONLY),
        "IMMEDIATE_OR_CANCEL": (OrderType.LIMIT, TimeInForce.IOC),
        "FILL_OR_KILL": (OrderType.LIMIT, TimeInForce.FOK),
        "MARKET": (OrderType.MARKET, None),
    }
)
"""How an order is priced, by the word that REST has for it."""


def order_from_row(row: OrderRow, symbol: Symbol) -> Order:
    """Translate an order as REST tells it.

    Args:
        row: decoded.
        symbol: what was asked for; a row's own spelling does not say where the base ends.

    Raises:
        UnknownValue: a type, side or status that is not documented.
        ValueError: an amount is none, or it has no id.
    """
    return _order(
        order_id=str(row.order_id or ""),
        client_order_id=row.client_order_id,
        symbol=symbol,
        side=meaning(_SIDES, row.side, "side"),
        type_word=row.type,
        status_word=row.status,
        price=amount(row.price),
        quantity=amount(row.orig_qty),
        in_quote=amount(row.orig_quote_order_qty),
        filled=amount(row.executed_qty),
        filled_quote=amount(row.cummulative_quote_qty),
        created_ms=row.time,
        updated_ms=row.update_time,
    )


def order_from_push(body: PrivateOrdersV3Api, symbol: Symbol, sent_ms: int) -> Order:
    """Translate an order as a push tells it.

    Args:
        body: of the push.
        symbol: of the push.
        sent_ms: when it was sent; a push has no time of the change.

    Raises:
        UnknownValue: a type, side or status that is not documented.
        ValueError: an amount is none.
    """
    return _order(
        order_id=body.id,
        client_order_id=body.clientId,
        symbol=symbol,
        side=meaning(SIDES, body.tradeType, "tradeType"),
        type_word=meaning(_TYPE_NUMBERS, body.orderType, "orderType"),
        status_word=meaning(_STATUS_NUMBERS, body.status, "status"),
        price=amount(body.price),
        quantity=amount(body.quantity),
        in_quote=amount(body.amount),
        filled=amount(body.cumulativeQuantity),
        filled_quote=amount(body.cumulativeAmount),
        created_ms=body.createTime,
        updated_ms=sent_ms,
    )


def _order(
    *,
    order_id: str,
    client_order_id: str | None,
    symbol: Symbol,
    side: Side,
    type_word: str,
    status_word: str,
    price: Decimal | None,
    quantity: Decimal | None,
    in_quote: Decimal | None,
    filled: Decimal | None,
    filled_quote: Decimal | None,
    created_ms: int | None,
    updated_ms: int | None,
) -> Order:
    if not order_id:
        raise ValueError("an order without an id")
    order_type, time_in_force = meaning(TYPES, type_word, "type")
    status = meaning(STATUSES, status_word, "status")
    if time_in_force is TimeInForce.FOK and status is OrderStatus.CANCELLED:
        status = OrderStatus.EXPIRED  # it never rests, so that only the venue can have ended it
    market = order_type is OrderType.MARKET
    return Order(
        order_id=order_id,
        client_order_id=client_order_id or None,
        symbol=symbol,
        side=side,
        type=order_type,
        time_in_force=time_in_force,
        price=None if market else price,
        quantity=quantity or None,
        quote_quantity=(in_quote or None) if market and not quantity else None,
        filled=filled or ZERO,
        filled_quote=filled_quote or ZERO,
        status=status,
        reason=status_word if status.terminal else "",
        created_ns=(created_ms or 0) * MS or None,
        updated_ns=(updated_ms or 0) * MS or None,
    )
