"""Where a feed's connections and snapshots come from: a venue's endpoint with what the user set for it."""

from collections.abc import Callable
from typing import Any

import trio
from msgspec import Struct

from feedtree.exchanges.endpoint import Endpoint
from feedtree.exchanges.host import Host
from feedtree.exchanges.limits import ConnectionBudget, WeightBudget
from feedtree.exchanges.public.feed import Delivery
from feedtree.exchanges.public.venue import PublicRest, PublicVenue
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import SymbolMap
from feedtree.exchanges.wire.burst import connect
from feedtree.exchanges.wire.connection import WAIT, ReadMode, Wire
from feedtree.exchanges.wire.liveness import Liveness
from feedtree.exchanges.wire.target import Target
from feedtree.exchanges.wire.transport import Network, Transport


class StreamOptions(Struct, frozen=True, kw_only=True):
    """What a user may set for the streams of one venue.

    Args:
        ws_url: another websocket address than the venue's own.
        rest_url: another REST address than the venue's own.
        ca_file: a PEM file of certificate authorities to trust instead of the system's.
        local_address: the local IP address to connect from.
        proxy: the URL of an HTTP CONNECT proxy.
        read: how sockets are read.
        delivery: who gets data, see `Feed`.
        topics_per_connection: another size of shards than the venue's endpoint names.
    """

    ws_url: str | None = None
    rest_url: str | None = None
    ca_file: str | None = None
    local_address: str | None = None
    proxy: str | None = None
    read: ReadMode = WAIT
    delivery: Delivery = "mailbox"
    topics_per_connection: int | None = None


class _Dialling:
    """A network that tells when a connection came about."""

    def __init__(self, network: Network, on_dialled: Callable[[], None]) -> None:
        self._network = network
        self._on_dialled = on_dialled

    async def dial(self, *args: Any, **options: Any) -> Transport:
        transport = await self._network.dial(*args, **options)
        self._on_dialled()
        return transport

    async def listen(self, *args: Any, **options: Any) -> Any:
        return await self._network.listen(*args, **options)


class Source:
    """One venue as one feed reaches it."""

    def __init__(self, venue: PublicVenue, host: Host, options: StreamOptions, symbols: SymbolMap) -> None:
        endpoint = venue.endpoint
        self._host = host
        self._options = options
        self._target = Target(
            url=options.ws_url or endpoint.ws_url,
            ca_file=options.ca_file,
            local_address=options.local_address,
            proxy=options.proxy,
            max_frame=endpoint.max_frame,
        )
        self.wall_ns = host.wall_ns
        self._client = _rest_client(endpoint, host, options)
        self.rest: PublicRest = venue.rest(self._client, symbols)
        self.connections: ConnectionBudget = host.connection_budget(endpoint)
        self.rest_budget: WeightBudget = host.rest_budget(endpoint)

    async def admitted(self) -> None:
        """Wait until the venue's budget has room for an attempt, and count it."""
        while wait := self.connections.wait(trio.current_time()):  # noqa: ASYNC110 - a budget has no event
            await trio.sleep(wait)
        self.connections.opened(trio.current_time())

    async def connect(self, on_dialled: Callable[[], None]) -> Wire:
        """Open a websocket; tells as soon as the TCP (and TLS) connection is there.

        Raises:
            ConnectFailed: no connection came about.
            VenueThrottled: the venue asks for a pause.
        """
        return await connect(self._target, _Dialling(self._host.network, on_dialled), read=self._options.read)

    async def aclose(self) -> None:
        """Close the connections of REST calls."""
        await self._host.close_client(self._client)

    def liveness(self, now: float) -> Liveness:
        """Return the timers of a connection that begins now."""
        return Liveness(now, self._host.rng)


def _rest_client(endpoint: Endpoint, host: Host, options: StreamOptions) -> RestClient:
    return host.rest_client(
        options.rest_url or endpoint.rest_url,
        ca_file=options.ca_file,
        local_address=options.local_address,
        proxy=options.proxy,
    )
