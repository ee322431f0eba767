"""The symbols that MEXC lists: what its names mean, since ``BTCUSDT`` alone does not say where the base ends."""

import msgspec
from msgspec import Struct

from feedtree.exchanges.mexc.refusals import explain
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import Symbol, SymbolMap

_EXCHANGE_INFO = "/api/v3/exchangeInfo"


class _Pair(Struct, rename="camel", gc=False):
    base_asset: str
    quote_asset: str


class _Listing(Struct, gc=False):
    symbols: list[msgspec.Raw]


async def learn(rest: RestClient, symbols: SymbolMap) -> None:
    """Make every listed symbol known, also those that do not trade now; weight 10, some 2 MB.

    A row that does not decode is left out.

    Raises:
        RestFailed: the venue does not answer, or not with a listing.
        VenueThrottled: it asks for a pause.
    """
    listing = await rest.fetch(_EXCHANGE_INFO, {}, _Listing, explain=explain)
    for raw in listing.symbols:
        try:
            pair = msgspec.json.decode(raw, type=_Pair)
        except (ValueError, RecursionError):
            continue
        symbols.to_wire(Symbol(pair.base_asset, pair.quote_asset))
