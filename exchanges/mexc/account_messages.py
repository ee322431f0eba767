"""The JSON bodies of an account's REST calls, spelled as the wire spells them.

Money stays the text that it is on the wire until it becomes `Decimal`; a JSON number with a fraction is refused. What
is marked as optional came as null or was left out in recorded rows.
"""

from typing import TypeAlias

from msgspec import Struct

Money: TypeAlias = str | int | None
Id: TypeAlias = str | int | None


class BalanceRow(Struct, gc=False):
    """A row of ``GET /api/v3/account``."""

    asset: str
    free: Money = None
    locked: Money = None


class AccountBody(Struct, gc=False):
    """The body of ``GET /api/v3/account``."""

    balances: list[BalanceRow]


class OrderRow(Struct, rename="camel", gc=False):
    """An order as ``GET /api/v3/order``, ``openOrders`` and ``allOrders`` tell it, and the answers to cancelling."""

    order_id: Id
    side: str
    type: str
    status: str
    client_order_id: str | None = None
    price: Money = None
    orig_qty: Money = None
    executed_qty: Money = None
    cummulative_quote_qty: Money = None  # the wire's own spelling
    orig_quote_order_qty: Money = None
    time: int | None = None  # ms, rounded to seconds
    update_time: int | None = None  # the same


class TradeRow(Struct, rename="camel", gc=False):
    """A row of ``GET /api/v3/myTrades``."""

    order_id: Id
    price: Money
    qty: Money
    is_buyer: bool
    time: int  # ms, rounded to seconds
    id: Id = None
    commission: Money = None
    commission_asset: str | None = None
    is_maker: bool | None = None
    client_order_id: str | None = None


class ListenKeyBody(Struct, rename="camel", gc=False):
    """The body of ``POST`` and ``PUT /api/v3/userDataStream``."""

    listen_key: str


class ListenKeysBody(Struct, rename="camel", gc=False):
    """The body of ``GET /api/v3/userDataStream``: all keys that are valid."""

    listen_key: list[str]
