"""MEXC spot's public REST calls."""

from decimal import Decimal
from typing import TypeVar

from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.instruments import Instrument, InstrumentStatus, read_instruments
from feedtree.exchanges.mexc.channels import SNAPSHOT_LEVELS
from feedtree.exchanges.mexc.messages import DepthBody, ExchangeInfoBody, SymbolRow, TimeBody
from feedtree.exchanges.mexc.refusals import explain
from feedtree.exchanges.public.codec import RawBook, WireTopic
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import Symbol, SymbolMap

T = TypeVar("T")

_DEPTH = "/api/v3/depth"
_EXCHANGE_INFO = "/api/v3/exchangeInfo"
_PING = "/api/v3/ping"
_TIME = "/api/v3/time"
_ONLINE = ("1", "ENABLED")
_SIDES = {
    None: InstrumentStatus.TRADING,
    1: InstrumentStatus.TRADING,
    2: InstrumentStatus.BUY_ONLY,
    3: InstrumentStatus.SELL_ONLY,
}


class MexcSpotRest:
    """The public REST side of MEXC spot. Every call raises `RestFailed` or `VenueThrottled`.

    Args:
        rest: does the calls.
        symbols: how the venue writes symbols.
    """

    def __init__(self, rest: RestClient, symbols: SymbolMap) -> None:
        self._rest = rest
        self._symbols = symbols

    async def instruments(self) -> list[Instrument]:
        """Fetch everything that the venue lists, in its order; weight 10, some 2 MB."""
        body = await self._get(_EXCHANGE_INFO, {}, ExchangeInfoBody)
        instruments = list(read_instruments(body.symbols, SymbolRow, _instrument))
        if body.symbols and not instruments:
            raise RestFailed(_EXCHANGE_INFO, "none of its rows decodes")
        return instruments

    async def book(self, wire_topic: WireTopic) -> RawBook:
        """Fetch a whole book, 5,000 levels a side, numbered as the pushes are; weight 1."""
        params = {"symbol": self._symbols.to_wire(wire_topic.topic.symbol), "limit": str(SNAPSHOT_LEVELS)}
        body = await self._get(_DEPTH, params, DepthBody)
        venue_ns = None if body.timestamp is None else body.timestamp * 1_000_000
        return RawBook(body.lastUpdateId, venue_ns, body.bids, body.asks)

    async def ping(self) -> None:
        """Return if the REST side answers; weight 1."""
        await self._get(_PING, {}, dict)

    async def time_ns(self) -> int:
        """Fetch the venue's clock, UTC nanoseconds in steps of a millisecond; weight 1."""
        return (await self._get(_TIME, {}, TimeBody)).server_time * 1_000_000

    async def _get(self, path: str, params: dict[str, str], shape: type[T]) -> T:
        return await self._rest.fetch(path, params, shape, explain=explain)


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
