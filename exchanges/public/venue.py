"""A venue is data: what the public domain needs to know of one market of one exchange."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct

from feedtree.exchanges.endpoint import Endpoint
from feedtree.exchanges.instruments import Instrument
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.codec import PublicCodec, RawBook, WireTopic
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


class PublicVenue(Struct, frozen=True):
    """The public side of a venue.

    Args:
        name: ``gateio.spot``.
        endpoint: addresses and limits, with their source.
        spell: how the venue writes a symbol.
        codec: makes the codec of one connection.
        resolve: the ways in which the venue serves a topic, preferred first; raises `ChannelNotOffered`.
        rest: makes the REST side.
    """

    name: str
    endpoint: Endpoint
    spell: Callable[[Symbol], str]
    codec: Callable[[SymbolMap], PublicCodec]
    resolve: Callable[[Topic, SymbolMap], tuple[WireTopic, ...]]
    rest: Callable[[RestClient, SymbolMap], PublicRest]
