"""MEXC spot's public REST calls."""

from typing import TypeVar

from feedtree.exchanges.instruments import Instrument
from feedtree.exchanges.mexc.channels import SNAPSHOT_LEVELS
from feedtree.exchanges.mexc.listing import instruments
from feedtree.exchanges.mexc.messages import DepthBody, TimeBody
from feedtree.exchanges.mexc.refusals import explain
from feedtree.exchanges.public.codec import RawBook, WireTopic
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import SymbolMap

T = TypeVar("T")

_DEPTH = "/api/v3/depth"
_PING = "/api/v3/ping"
_TIME = "/api/v3/time"


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
        return await instruments(self._rest)

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
