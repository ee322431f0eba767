"""MEXC's fills in this project's words: one form, whether a push or REST told it. Pure.

Trade ids have two forms, ``505979017439002624X1`` in pushes and 32 hex digits by REST; both stay as they are, and what
REST tells again is known by order, price, quantity, role and time, which it rounds to seconds.

Sources: the spot documentation of 2025-08-08; rows recorded by ccxt, and MEXC's own samples.
"""

from decimal import Decimal

from feedtree.exchanges.mexc.account_messages import TradeRow
from feedtree.exchanges.mexc.proto.spot_pb2 import PrivateDealsV3Api
from feedtree.exchanges.mexc.wire_values import MS, SIDES, amount, meaning
from feedtree.exchanges.private.messages import Role
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol


def fill_from_row(row: TradeRow, symbol: Symbol) -> RawFill:
    """Translate a fill as REST tells it.

    Raises:
        ValueError: it lacks its order, price or quantity.
    """
    role = None if row.is_maker is None else _role(maker=row.is_maker)
    return _fill(
        trade_id=str(row.id or ""),
        order_id=str(row.order_id or ""),
        client_order_id=row.client_order_id,
        symbol=symbol,
        side=Side.BUY if row.is_buyer else Side.SELL,
        price=amount(row.price),
        quantity=amount(row.qty),
        fee=amount(row.commission),
        fee_currency=row.commission_asset,
        role=role,
        time_ms=row.time,
    )


def fill_from_push(body: PrivateDealsV3Api, symbol: Symbol) -> RawFill:
    """Translate a fill as a push tells it; an absent ``isMaker`` is False, as proto3 has it.

    Raises:
        UnknownValue: a side that is not documented.
        ValueError: it lacks its order, price, quantity or time.
    """
    return _fill(
        trade_id=body.tradeId,
        order_id=body.orderId,
        client_order_id=body.clientOrderId,
        symbol=symbol,
        side=meaning(SIDES, body.tradeType, "tradeType"),
        price=amount(body.price),
        quantity=amount(body.quantity),
        fee=amount(body.feeAmount),
        fee_currency=body.feeCurrency,
        role=_role(maker=body.isMaker),
        time_ms=body.time,
    )


def _fill(
    *,
    trade_id: str,
    order_id: str,
    client_order_id: str | None,
    symbol: Symbol,
    side: Side,
    price: Decimal | None,
    quantity: Decimal | None,
    fee: Decimal | None,
    fee_currency: str | None,
    role: Role | None,
    time_ms: int,
) -> RawFill:
    if not (order_id and price and quantity and time_ms) or price < 0 or quantity < 0:
        raise ValueError(
            f"a fill of {quantity} at {price}, order {order_id!r}, time {time_ms}: something is missing"
        )
    return RawFill(
        trade_id=trade_id,
        order_id=order_id,
        client_order_id=client_order_id or None,
        symbol=symbol,
        side=side,
        price=price,
        quantity=quantity,
        fee=fee,
        fee_currency=fee_currency or None,
        role=role,
        venue_ns=time_ms * MS,
    )


def _role(*, maker: bool) -> Role:
    return Role.MAKER if maker else Role.TAKER
