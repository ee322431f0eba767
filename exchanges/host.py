"""What a running tree lends to the streams in it: network, clocks, chance, and the venues' budgets."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import trio

from feedtree.exchanges.endpoint import Endpoint
from feedtree.exchanges.limits import ConnectionBudget, WeightBudget
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.wire.transport import Network
from feedtree.supervisors import Supervisor

CLOSE_WITHIN = 0.1


class Host:
    """One per tree.

    Args:
        supervisor: the tree's root.
        network: where connections are made: TCP, or memory for tests.
        nursery: runs what tends the tree and is no actor; it lives as long as the tree.
        wall_ns: UTC nanoseconds.
        rng: jitter comes from here.
        log: a bound structlog logger.
        park: whether a branch that fails too often is parked; otherwise the tree fails with it.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        network: Network,
        nursery: trio.Nursery,
        *,
        wall_ns: Callable[[], int],
        rng: Random,
        log: Any,
        park: bool = True,
    ) -> None:
        self.supervisor = supervisor
        self.network = network
        self.wall_ns = wall_ns
        self.rng = rng
        self.log = log
        self.park = park
        self._nursery = nursery
        self._clients: dict[RestClient, trio.CancelScope] = {}  # with what ends its tidying
        self._connections: dict[str, ConnectionBudget] = {}
        self._rest: dict[str, WeightBudget] = {}

    def start_soon(self, function: Callable[..., Awaitable[object]], *args: object) -> None:
        """Run something beside the tree until the tree ends; an exception of it is a defect and ends the tree."""
        self._nursery.start_soon(function, *args)

    def rest_client(
        self, base_url: str, *, ca_file: str | None, local_address: str | None, proxy: str | None
    ) -> RestClient:
        """Make a REST client over this network, which is closed with the tree; arguments as `RestClient`."""
        client = RestClient(
            base_url,
            self.network,
            ca_file=ca_file,
            local_address=local_address,
            proxy=proxy,
            wall=lambda: self.wall_ns() / 1e9,
        )
        scope = self._clients[client] = trio.CancelScope()
        self.start_soon(_tidy, client, scope)
        return client

    async def close_client(self, client: RestClient) -> None:
        """Close a REST client before the tree's end; takes at most `CLOSE_WITHIN` seconds."""
        scope = self._clients.pop(client, None)
        if scope is not None:
            scope.cancel()
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_WITHIN):
            await client.aclose()

    async def aclose(self) -> None:
        """Close what was made for the tree's streams; takes at most `CLOSE_WITHIN` seconds."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_WITHIN):
            for client in self._clients:
                await client.aclose()

    def connection_budget(self, endpoint: Endpoint) -> ConnectionBudget:
        """Return the venue's budget of attempts and sockets: one for the process's tree, private and public."""
        budget = self._connections.get(endpoint.name)
        if budget is None:
            budget = self._connections[endpoint.name] = ConnectionBudget(
                endpoint.connections, endpoint.connection_attempts_per_s, idle=endpoint.idle_s
            )
        return budget

    def rest_budget(self, endpoint: Endpoint) -> WeightBudget:
        """Return the venue's budget of REST weight."""
        budget = self._rest.get(endpoint.name)
        if budget is None:
            budget = self._rest[endpoint.name] = WeightBudget(endpoint.rest_weight, endpoint.rest_period)
        return budget


async def _tidy(client: RestClient, scope: trio.CancelScope) -> None:
    with scope:
        await client.tidy()
