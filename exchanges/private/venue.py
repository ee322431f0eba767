"""What the private domain has to know of a venue: a few functions and constants, no class to inherit from."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.endpoint import Endpoint
from feedtree.exchanges.instruments import Listing
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.codec import PrivateCodec
from feedtree.exchanges.private.lease import LeaseCalls
from feedtree.exchanges.private.reconcile import History
from feedtree.exchanges.private.rest import AccountRest
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import Symbol, SymbolMap


class PrivateVenue(Struct, frozen=True):
    """The private side of a venue.

    Args:
        name: ``gateio.spot``.
        endpoint: addresses and limits, with their source.
        spell: how the venue writes a symbol.
        codec: makes the codec of one connection.
        rest: makes the signed reads of one account.
        history: how it tells of the past.
        listing: fetches what it lists.
        readable: whether a symbol can be read from its spelling alone; otherwise the listing has to be known first.
        lease: makes the calls about listen keys; None where subscriptions are signed instead.
    """

    name: str
    endpoint: Endpoint
    spell: Callable[[Symbol], str]
    codec: Callable[[Credentials, SymbolMap], PrivateCodec]
    rest: Callable[[RestClient, Credentials, VenueClock, SymbolMap], AccountRest]
    history: History
    listing: Callable[[RestClient], Awaitable[Listing]]
    readable: bool
    lease: Callable[[RestClient, Credentials, VenueClock], LeaseCalls] | None = None
