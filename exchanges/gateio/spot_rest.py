"""Gate.io spot's public REST calls."""

from typing import TypeVar

from feedtree.exchanges.gateio.listing import instruments
from feedtree.exchanges.gateio.messages import BookBody
from feedtree.exchanges.gateio.refusals import explain
from feedtree.exchanges.gateio.venue_time import TIME, TimeBody
from feedtree.exchanges.instruments import Instrument
from feedtree.exchanges.public.codec import RawBook, WireTopic
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import SymbolMap

T = TypeVar("T")

_ORDER_BOOK = "/spot/order_book"


class GateioSpotRest:
    """The public REST side of Gate.io spot. Every call raises `RestFailed` or `VenueThrottled`.

    Args:
        rest: does the calls.
        symbols: how the venue writes symbols.
    """

    def __init__(self, rest: RestClient, symbols: SymbolMap) -> None:
        self._rest = rest
        self._symbols = symbols

    async def instruments(self) -> list[Instrument]:
        """Fetch everything that the venue lists, in its order."""
        return await instruments(self._rest)

    async def book(self, wire_topic: WireTopic) -> RawBook:
        """Fetch a book of as many levels as the topic's pushes keep true, numbered as the pushes are."""
        params = {
            "currency_pair": self._symbols.to_wire(wire_topic.topic.symbol),
            "limit": str(wire_topic.levels),
            "with_id": "true",
        }
        body = await self._get(_ORDER_BOOK, params, BookBody)
        venue_ns = None if body.update is None else body.update * 1_000_000
        return RawBook(body.id, venue_ns, body.bids, body.asks)

    async def ping(self) -> None:
        """Return if the REST side answers."""
        await self.time_ns()

    async def time_ns(self) -> int:
        """Fetch the venue's clock, UTC nanoseconds in steps of a millisecond."""
        return (await self._get(TIME, {}, TimeBody)).server_time * 1_000_000

    async def _get(self, path: str, params: dict[str, str], shape: type[T]) -> T:
        return await self._rest.fetch(path, params, shape, explain=explain)
