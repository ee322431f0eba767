"""How one venue is reached: its endpoint with what the user set for it, and the budgets of the whole process."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio
from msgspec import Struct

from feedtree.exchanges.addresses import Addresses
from feedtree.exchanges.endings import still_counted, throttle
from feedtree.exchanges.endpoint import Endpoint
from feedtree.exchanges.errors import ConnectFailed
from feedtree.exchanges.host import Host
from feedtree.exchanges.limits import ConnectionBudget
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.wire.burst import connect
from feedtree.exchanges.wire.connection import WAIT, ReadMode, Wire
from feedtree.exchanges.wire.liveness import Liveness
from feedtree.exchanges.wire.target import Target
from feedtree.exchanges.wire.transport import Network, OnPhase, Transport, unmeasured

CLOSE_WITHIN = 0.1  # seconds for the close frame of an orderly stop


class Reach(Struct, frozen=True, kw_only=True):
    """What a user may set for the connections to one venue.

    Args:
        ws_url: another websocket address than the venue's own.
        alternate_ws_url: a websocket address to go to when the first stays away.
        rest_url: another REST address than the venue's own.
        ca_file: a PEM file of certificate authorities to trust instead of the system's.
        local_address: the local IP address to connect from.
        proxy: the URL of an HTTP CONNECT proxy.
    """

    ws_url: str | None = None
    alternate_ws_url: str | None = None
    rest_url: str | None = None
    ca_file: str | None = None
    local_address: str | None = None
    proxy: str | None = None


class _Dialling:
    """A network that tells when a connection came about, and how long its phases took.

    Attributes:
        at: the trio time at which it did.
    """

    def __init__(self, network: Network, on_dialled: Callable[[], None], on_phase: OnPhase) -> None:
        self._network = network
        self._on_dialled = on_dialled
        self._on_phase = on_phase
        self.at = 0.0

    async def dial(self, *args: Any, **options: Any) -> Transport:
        transport = await self._network.dial(*args, on_phase=self._on_phase, **options)
        self.at = trio.current_time()
        self._on_dialled()
        return transport

    async def listen(self, *args: Any, **options: Any) -> Any:
        return await self._network.listen(*args, **options)


class Access:
    """One venue as one feed or one account reaches it.

    Attributes:
        client: does the REST calls.
        connections: the venue's budget of attempts and sockets.
        where: ``host:port`` of the last connection; empty before the first.
        wall_ns: UTC nanoseconds.
    """

    def __init__(self, endpoint: Endpoint, host: Host, options: Reach, *, read: ReadMode = WAIT) -> None:
        self._endpoint = endpoint
        self._host = host
        self._options = options
        self._read = read
        alternate = options.alternate_ws_url
        urls = [options.ws_url or endpoint.ws_url, *([alternate] if alternate else [])]
        for url in urls:
            self._target(url, "")  # an address that is malformed is told here, not with the first connection
        self._addresses = Addresses(*urls)
        self.where = ""
        self.wall_ns = host.wall_ns
        self.client: RestClient = host.rest_client(
            options.rest_url or endpoint.rest_url,
            ca_file=options.ca_file,
            local_address=options.local_address,
            proxy=options.proxy,
        )
        self.connections: ConnectionBudget = host.connection_budget(endpoint)

    def liveness(self, now: float) -> Liveness:
        """Return the timers of a connection that begins now."""
        return Liveness(now, self._host.rng)

    @asynccontextmanager
    async def connection(
        self,
        on_attempt: Callable[[], None],
        on_dialled: Callable[[], None],
        *,
        on_phase: OnPhase = unmeasured,
        query: str = "",
    ) -> AsyncIterator[Wire]:
        """Open a websocket for the time of a block, once the venue's budget has room; closes it in order.

        Args:
            on_attempt: called when the attempt is admitted.
            on_dialled: called as soon as the TCP (and TLS) connection is there.
            on_phase: called with each phase of connecting and the seconds that it took.
            query: added to the address, escaped, without ``?``; it may hold a key and is shown nowhere.

        Raises:
            ConnectFailed: no connection came about.
            VenueThrottled: the venue asks for a pause.
        """
        await self._admitted()
        url = self._addresses.current
        target = self._target(url, query)
        try:
            on_attempt()
            network = _Dialling(self._host.network, on_dialled, on_phase)
            wire = await connect(target, network, read=self._read)
            self._addresses.reached(url)
            self.where = target.where
            on_phase("upgrade", trio.current_time() - network.at)
            try:
                yield wire
            finally:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_WITHIN):
                    await wire.aclose()
                wire.close()
        except BaseException as error:
            self._account_for(error)
            if isinstance(error, ConnectFailed) and self._addresses.failed(url):
                now = self._target(self._addresses.current, "").where
                self._host.log.warning("other_address", venue=self._endpoint.name, away=target.where, now=now)
            raise
        self.connections.closed()

    def lost(self) -> None:
        """Take note that a connection to the venue was lost: kept ones of REST calls may be, too."""
        self.client.doubt()

    async def aclose(self) -> None:
        """Close the connections of REST calls."""
        await self._host.close_client(self.client)

    async def _admitted(self) -> None:
        """Wait until the venue's budget has room for an attempt, and count it."""
        while wait := self.connections.wait(trio.current_time()):  # noqa: ASYNC110 - a budget has no event
            await trio.sleep(wait)
        self.connections.opened(trio.current_time())

    def _account_for(self, error: BaseException) -> None:
        now = trio.current_time()
        refusal = throttle(error)
        if refusal is not None:
            self.connections.throttled(now, refusal.retry_after)
        if still_counted(error):
            self.connections.forgotten(now)
        else:
            self.connections.closed()

    def _target(self, url: str, query: str) -> Target:
        return Target(
            url=f"{url}?{query}" if query else url,
            ca_file=self._options.ca_file,
            local_address=self._options.local_address,
            proxy=self._options.proxy,
            max_frame=self._endpoint.max_frame,
        )
