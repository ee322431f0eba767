"""The proxies of a campaign, one for each line: in this process, or in one of their own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from typing import Protocol

import trio
from msgspec import Struct

from feedtree.exchanges.wire.transport import Network
from feedtree.ops.beside import beside
from feedtree.ops.chaos.connection import Connection
from feedtree.ops.chaos.fault import Scope
from feedtree.ops.chaos.kinds import PROXY_FAULTS
from feedtree.ops.chaos.proxy import Proxy, open_proxy
from feedtree.ops.chaos.spelling import make_fault

_LOOKS, _BETWEEN = 10, 0.05  # seconds: which of some connections is a stream's


class FaultOrder(Struct, frozen=True):
    """A fault that is to work.

    Args:
        line: the number of the proxy.
        fault: its name.
        parameters: its own.
        on: the connections that it meets; None is the fault's usual.
        count: how many of the new ones it meets; 0 is all.
        one: it meets one of those that are open and no other: the one that brings something most often.
    """

    line: int
    fault: str
    parameters: dict[str, object]
    on: Scope | None = None
    count: int = 0
    one: bool = False


class Fleet(Protocol):
    """What a campaign asks of its proxies."""

    @property
    def ports(self) -> Sequence[int]:
        """Where each listens."""
        ...

    async def begin(self, order: FaultOrder) -> int:
        """Let a fault work; return what `end` takes."""
        ...

    async def end(self, handle: int) -> None:
        """Let it work no more; returns when a door that it kept shut is open."""
        ...


class LocalFleet:
    """Proxies in this process.

    Args:
        proxies: one for each line.
        nursery: runs what holds a fault.
    """

    def __init__(self, proxies: Sequence[Proxy], nursery: trio.Nursery) -> None:
        self._proxies = proxies
        self._nursery = nursery
        self._handles = count(1)
        self._held: dict[int, tuple[trio.Event, trio.Event]] = {}  # to be let go, and gone

    @property
    def ports(self) -> Sequence[int]:
        """See `Fleet.ports`."""
        return [proxy.address[1] for proxy in self._proxies]

    async def begin(self, order: FaultOrder) -> int:
        """See `Fleet.begin`.

        Raises:
            WrongFault: there is no such fault, parameter or value.
        """
        made = make_fault(PROXY_FAULTS, order.fault, order.parameters)
        proxy, handle = self._proxies[order.line], next(self._handles)
        only = None
        if order.one:
            only = await _busiest(proxy)
        self._held[handle] = release, ended = trio.Event(), trio.Event()

        async def hold(*, task_status: trio.TaskStatus[None]) -> None:
            try:
                async with proxy.fault(made, on=order.on, count=order.count, only=only):
                    task_status.started()
                    await release.wait()
            finally:
                ended.set()

        await self._nursery.start(hold)
        return handle

    async def end(self, handle: int) -> None:
        """See `Fleet.end`."""
        release, ended = self._held.pop(handle)
        release.set()
        await ended.wait()


async def _busiest(proxy: Proxy) -> list[Connection]:
    """Return the open connection on which something comes most often: a stream's. REST brings more at a time."""
    often = dict.fromkeys(proxy.connections, 0)
    for _ in range(_LOOKS):
        before = {each: each.down.delivered for each in often}
        await trio.sleep(_BETWEEN)
        for each in often:
            often[each] += each.down.delivered > before[each]
    still = [each for each in often if each in proxy.connections]
    return sorted(still, key=lambda each: often[each])[-1:]


@asynccontextmanager
async def open_fleet(
    network: Network, hosts: Sequence[str], to: tuple[str, int], seed: int
) -> AsyncIterator[LocalFleet]:
    """Open a proxy for each host name, for the time of a block.

    Args:
        network: TCP, or memory.
        hosts: where each listens.
        to: the server of all.
        seed: of all chance; no two proxies have the same.
    """
    async with AsyncExitStack() as stack:
        proxies = [
            await stack.enter_async_context(open_proxy(network, to=to, host=host, seed=seed * 1_000 + number))
            for number, host in enumerate(hosts)
        ]
        nursery = await stack.enter_async_context(beside())
        yield LocalFleet(proxies, nursery)
