"""MEXC's JSON bodies, spelled as the wire spells them; its binary frames are in ``proto/``.

Numbers arrive as decimal strings and are made floats or ints by msgspec (``strict=False``).
"""

from decimal import Decimal
from typing import TypeAlias

from msgspec import Raw, Struct

Levels: TypeAlias = list[tuple[float, float]]  # price, size


class DepthBody(Struct, gc=False):
    """The body of ``GET /api/v3/depth``; the time is sent but not documented."""

    lastUpdateId: int  # noqa: N815 - the wire's own name
    bids: Levels
    asks: Levels
    timestamp: int | None = None  # ms


class SymbolRow(Struct, rename="camel", gc=False):
    """A row of ``GET /api/v3/exchangeInfo``."""

    symbol: str
    base_asset: str
    quote_asset: str
    base_asset_precision: int  # decimals of a quantity
    quote_precision: int  # decimals of a price
    status: str | int = "1"  # 1 online, 2 paused, 3 offline; ENABLED in older documents
    is_spot_trading_allowed: bool = True
    base_size_precision: Decimal | None = None  # least quantity; 0 where there is none
    quote_amount_precision: Decimal | None = None  # least notional
    trade_side_type: int | None = None  # 1 all, 2 buy only, 3 sell only, 4 closed; a number or a string


class ExchangeInfoBody(Struct, gc=False):
    """The body of ``GET /api/v3/exchangeInfo``; its rows one by one, so that an odd one costs only itself."""

    symbols: list[Raw]


class TimeBody(Struct, rename="camel", gc=False):
    """The body of ``GET /api/v3/time``."""

    server_time: int  # ms
