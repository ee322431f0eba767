"""Gate.io's orders, fills and balances of spot accounts, spelled as the wire spells them.

Amounts are decimal strings and stay texts here; numbers among them are taken as texts, too. Whatever the wire has been
seen to leave out may be absent, null, or the empty string.
"""

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T")


class OrderRow(Struct):
    """An order, of a push, of REST, or of an answer to an order.

    A push has an ``event`` and no ``status``, the others the reverse. ``amount`` and ``left`` of a market buy are in
    quote.
    """

    id: str
    currency_pair: str
    side: str
    text: str = ""
    event: str = ""
    status: str = ""
    type: str = "limit"
    account: str = "spot"
    time_in_force: str = ""
    amount: str = ""
    price: str = ""
    left: str = ""
    filled_amount: str = ""  # base; since 2025-04
    filled_total: str = ""  # quote
    avg_deal_price: str = ""
    finish_as: str = ""
    create_time: str = ""  # s
    update_time: str = ""
    create_time_ms: str = ""  # may have a fraction
    update_time_ms: str = ""


class TradeRow(Struct):
    """A fill, of a push or of REST."""

    id: str
    order_id: str
    currency_pair: str
    side: str
    amount: str
    price: str
    text: str = ""
    role: str = ""
    fee: str = ""
    fee_currency: str = ""
    point_fee: str = ""
    gt_fee: str = ""
    create_time: str = ""  # s
    create_time_ms: str = ""


class BalancePush(Struct):
    """A balance after a change, of a push."""

    currency: str
    available: str
    freeze: str = ""
    change: str = ""  # of the total
    freeze_change: str = ""
    change_type: str = ""
    timestamp: str = ""  # s
    timestamp_ms: str = ""


class BalanceRow(Struct):
    """A balance, of REST."""

    currency: str
    available: str
    locked: str = ""


class OpenOrders(Struct):
    """A page of the open orders of one pair, of ``GET /spot/open_orders``; there are ``total`` on all pages."""

    currency_pair: str = ""
    total: int = 0
    orders: list[msgspec.Raw] = []


def read_row(raw: bytes | msgspec.Raw, shape: type[T]) -> T:
    """Decode a row: numbers become texts with their own digits, and what is null or a list is left out.

    Raises:
        ValueError: it is no row of this shape.
    """
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError:
        return msgspec.convert(_texts(_decode_exactly(raw)), shape)


_decode_exactly = msgspec.json.Decoder(float_hook=str).decode


def _texts(row: Any) -> dict[str, str]:
    if not isinstance(row, dict):
        raise ValueError(f"an object was expected, not {type(row).__name__}")
    return {
        name: value if isinstance(value, str) else str(value)
        for name, value in row.items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    }
