"""A venue is data: what the public domain needs to know of one market of one exchange."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct

from feedtree.exchanges.endpoint import Endpoint
from feedtree.exchanges.instruments import Instrument
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.codec import PublicCodec, RawBook, WireTopic
from feedtree.exchanges.public.messages import Trade
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import Symbol, SymbolMap


class PublicRest(Protocol):
    """The public REST calls that the domain needs of a venue."""

    def instruments(self) -> Awaitable[list[Instrument]]:
        """Fetch everything that the venue lists."""
        ...

    def book(self, wire_topic: WireTopic) -> Awaitable[RawBook]:
        """Fetch a snapshot that the pushes of this topic can be joined to."""
        ...


class TradeRest(Protocol):
    """A venue's past trades, which are asked for by the ids that its pushes have.

    Attributes:
        page_size: the most trades of one answer; fewer are the oldest that there are.
    """

    page_size: int

    def trades(self, topic: Topic, before: int | None, received_ns: int) -> Awaitable[list[Trade]]:
        """Fetch the newest trades of a topic, newest first.

        Args:
            topic: whose.
            before: only those with ids below this one; None is all.
            received_ns: what they are stamped with.

        Raises:
            RestFailed: the call failed.
            VenueThrottled: the venue asks for a pause.
        """
        ...


class PublicVenue(Struct, frozen=True):
    """The public side of a venue.

    Args:
        name: ``gateio.spot``.
        endpoint: addresses and limits, with their source.
        spell: how the venue writes a symbol.
        codec: makes the codec of one connection.
        resolve: the ways in which the venue serves a topic, preferred first; raises `ChannelNotOffered`.
        rest: makes the REST side.
        trades: makes what missed trades are asked of; None where the venue cannot be asked by id.
    """

    name: str
    endpoint: Endpoint
    spell: Callable[[Symbol], str]
    codec: Callable[[SymbolMap], PublicCodec]
    resolve: Callable[[Topic, SymbolMap], tuple[WireTopic, ...]]
    rest: Callable[[RestClient, SymbolMap], PublicRest]
    trades: Callable[[RestClient, SymbolMap], TradeRest] | None = None
