"""What Gate.io's rows of spot accounts say in this project's words. Pure.

Source: spot websocket page 2025-07-23 (orders, user trades, balances), REST page v4.105.4, real frames of 2024 to 2026.
"""

from decimal import Decimal

from feedtree.exchanges.gateio.account_rows import BalancePush, BalanceRow, OrderRow, TradeRow
from feedtree.exchanges.gateio.spelling import read
from feedtree.exchanges.money import EXACT, money, money_or_none
from feedtree.exchanges.private.balances import BalanceChange
from feedtree.exchanges.private.messages import Balance, Role
from feedtree.exchanges.private.orders import Order, OrderStatus, OrderType, TimeInForce
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.side import Side

CLIENT_ID_MARK = "t-"
"""What a client's own id begins with; other texts say where an order came from: ``web``, ``apiv4-ws``."""

_ACCOUNTS = ("", "spot", "unified")  # margin accounts are others
_TIMES = {
    "gtc": TimeInForce.GTC,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
    "poc": TimeInForce.POST_ONLY,
}
_ENDS = {
    "filled": OrderStatus.FILLED,
    "cancelled": OrderStatus.CANCELLED,
    "ioc": OrderStatus.CANCELLED,
    "poc": OrderStatus.REFUSED,
}
_LIVES = ("put", "update", "open")
_OVER = ("finish", "closed", "cancelled")


def is_spot(row: OrderRow) -> bool:
    """Whether an order is of the spot account; channels tell of margin accounts, too."""
    return row.account in _ACCOUNTS


def order_of(row: OrderRow) -> Order:
    """Read an order.

    Raises:
        ValueError: something in it is not what it should be.
    """
    market = row.type.startswith("market")
    side = Side(row.side)
    in_quote = market and side is Side.BUY
    amount = money_or_none(row.amount)
    filled = _filled(row, in_quote)
    return Order(
        order_id=row.id,
        client_order_id=row.text if row.text.startswith(CLIENT_ID_MARK) else None,
        symbol=read(row.currency_pair),
        side=side,
        type=OrderType.MARKET if market else OrderType.LIMIT,
        time_in_force=_TIMES.get(row.time_in_force),
        price=None if market else money_or_none(row.price),
        quantity=None if in_quote else amount,
        quote_quantity=amount if in_quote else None,
        filled=filled,
        filled_quote=money_or_none(row.filled_total),
        status=_status(row, filled),
        reason=_reason(row),
        created_ns=_ns(row.create_time_ms, row.create_time),
        updated_ns=_ns(row.update_time_ms, row.update_time),
    )


def _filled(row: OrderRow, in_quote: bool) -> Decimal:
    if row.filled_amount:
        return money(row.filled_amount)
    if not in_quote:
        return money(row.amount) - money(row.left) if row.left else Decimal(0)
    total, price = money(row.filled_total), money(row.avg_deal_price)
    return total / price if price else Decimal(0)


def _status(row: OrderRow, filled: Decimal) -> OrderStatus:
    word = row.event or row.status
    if word in _LIVES:
        return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.OPEN
    if word not in _OVER:  # an end is final: it is not guessed
        raise ValueError(f"an order's event or status is {word[:80]!r}")
    if row.finish_as in ("", "-", "open"):  # it ended, and the row does not say how
        done = row.status == "closed" or not money(row.left)
        return OrderStatus.FILLED if done else OrderStatus.CANCELLED
    return _ENDS.get(row.finish_as, OrderStatus.EXPIRED)


def _reason(row: OrderRow) -> str:
    return "" if row.finish_as in ("open", "-") or (row.event or row.status) in _LIVES else row.finish_as


def fill_of(row: TradeRow) -> RawFill:
    """Read a fill.

    Raises:
        ValueError: something in it is not what it should be.
    """
    fee, currency = _fee(row)
    venue_ns = _ns(row.create_time_ms, row.create_time)
    if venue_ns is None:
        raise ValueError("a fill without a time")
    return RawFill(
        trade_id=row.id,
        order_id=row.order_id,
        client_order_id=row.text if row.text.startswith(CLIENT_ID_MARK) else None,
        symbol=read(row.currency_pair),
        side=Side(row.side),
        price=money(row.price),
        quantity=money(row.amount),
        fee=fee,
        fee_currency=currency,
        role=Role(row.role) if row.role in ("maker", "taker") else None,
        venue_ns=venue_ns,
    )


def _fee(row: TradeRow) -> tuple[Decimal | None, str | None]:
    """Return what a fill cost; it is paid in the traded asset, in GT, or in points."""
    for text, currency in ((row.fee, row.fee_currency), (row.gt_fee, "GT"), (row.point_fee, "POINT")):
        if text and money(text):
            return money(text), currency or None
    return money_or_none(row.fee), row.fee_currency or None


def change_of(push: BalancePush) -> BalanceChange:
    """Read a push of a balance.

    Raises:
        ValueError: something in it is not what it should be.
    """
    venue_ns = _ns(push.timestamp_ms, push.timestamp)
    if venue_ns is None:
        raise ValueError("a balance without a time")
    change, locked = money_or_none(push.change), money_or_none(push.freeze_change)
    return BalanceChange(
        balance=Balance(push.currency, money(push.available), money(push.freeze)),
        reason=push.change_type,
        venue_ns=venue_ns,
        available=None if change is None or locked is None else EXACT.subtract(change, locked),
        locked=locked,
    )


def balance_of(row: BalanceRow) -> Balance:
    """Read a balance of REST.

    Raises:
        ValueError: something in it is not what it should be.
    """
    return Balance(row.currency, money(row.available), money(row.locked))


def _ns(milliseconds: str, seconds: str) -> int | None:
    if milliseconds:
        return int(money(milliseconds) * 1_000_000)
    return int(money(seconds) * 1_000_000_000) if seconds else None
