"""The symbols that MEXC lists, what their names mean, and in which steps they are traded.

``BTCUSDT`` alone does not say where the base ends.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec
from msgspec import Struct

from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.instruments import Instrument, InstrumentStatus, Listing, read_instruments
from feedtree.exchanges.mexc.refusals import explain
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import Symbol

_EXCHANGE_INFO = "/api/v3/exchangeInfo"
_ONLINE = ("1", "ENABLED")
_SIDES = {
    None: InstrumentStatus.TRADING,
    1: InstrumentStatus.TRADING,
    2: InstrumentStatus.BUY_ONLY,
    3: InstrumentStatus.SELL_ONLY,
}


class _Pair(Struct, rename="camel", gc=False):
    base_asset: str
    quote_asset: str


class _Listing(Struct, gc=False):
    symbols: list[msgspec.Raw]


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


async def listing(rest: RestClient) -> Listing:
    """Fetch what the venue lists, in its order; weight 10, some 2 MB.

    Symbols are told of also where they do not trade now. A row that does not decode is left out.

    Raises:
        RestFailed: the venue does not answer, or not with a listing.
        VenueThrottled: it asks for a pause.
    """
    rows = await _rows(rest)
    return Listing(tuple(_symbols(rows)), tuple(read_instruments(rows, SymbolRow, _instrument)))


async def instruments(rest: RestClient) -> list[Instrument]:
    """Fetch the same, as instruments alone; errors as `listing`."""
    rows = await _rows(rest)
    found = list(read_instruments(rows, SymbolRow, _instrument))
    if rows and not found:
        raise RestFailed(_EXCHANGE_INFO, "none of its rows decodes")
    return found


async def _rows(rest: RestClient) -> list[msgspec.Raw]:
    return (await rest.fetch(_EXCHANGE_INFO, {}, _Listing, explain=explain)).symbols


def _symbols(rows: Iterable[msgspec.Raw]) -> Iterator[Symbol]:
    for raw in rows:
        try:
            pair = msgspec.json.decode(raw, type=_Pair)
        except (ValueError, RecursionError):
            continue
        yield Symbol(pair.base_asset, pair.quote_asset)


def _instrument(row: SymbolRow) -> Instrument:
    return Instrument(
        symbol=Symbol(row.base_asset, row.quote_asset),
        wire_name=row.symbol,
        status=_status(row),
        price_step=Decimal(1).scaleb(-row.quote_precision),
        size_step=Decimal(1).scaleb(-row.base_asset_precision),
        min_size=row.base_size_precision or None,
        min_notional=row.quote_amount_precision or None,
    )


def _status(row: SymbolRow) -> InstrumentStatus:
    if str(row.status) not in _ONLINE or not row.is_spot_trading_allowed:
        return InstrumentStatus.HALTED
    return _SIDES.get(row.trade_side_type, InstrumentStatus.HALTED)
