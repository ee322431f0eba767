"""A client and a server with the proxy between them, in memory or over sockets."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import Network, Transport
from feedtree.ops.chaos.proxy import Proxy, open_proxy


class End:
    """One end of a connection, and what it has heard."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.heard = b""
        self.times: list[tuple[float, int]] = []  # when, and how many bytes had come by then
        self.over: str | None = None  # "end", or "reset"

    async def send(self, data: bytes) -> None:
        await self.transport.send_all(data)

    async def pull(self) -> None:
        """Read once."""
        try:
            await self.transport.wait_readable()
            data = self.transport.receive_nowait()
        except ConnectionLost:
            self.over = "reset"
            return
        if data == b"":
            self.over = "end"
        elif data:
            self.heard += data
            self.times.append((trio.current_time(), len(self.heard)))

    async def listen(self) -> "End":
        """Read until it is over."""
        while not self.over:
            await self.pull()
        return self

    async def hear(self, count: int) -> bytes:
        """Read until so many bytes have been heard in all."""
        while len(self.heard) < count and not self.over:
            await self.pull()
        return self.heard

    async def within(self, seconds: float) -> bytes:
        """Read for some time; return what has been heard in all."""
        with trio.move_on_after(seconds):
            await self.listen()
        return self.heard


class Line:
    """A proxy with a server behind it."""

    def __init__(self, network: Network, proxy: Proxy, accepted: Any) -> None:
        self.network = network
        self.proxy = proxy
        self._accepted = accepted
        self._opened: list[Transport] = []

    async def dial(self) -> End:
        """Connect a client alone."""
        client = End(await self.network.dial(*self.proxy.address))
        self._opened.append(client.transport)
        return client

    async def pair(self) -> tuple[End, End]:
        """Connect, and return the client's end and the server's."""
        client = await self.dial()
        server = End(await self._accepted.receive())
        self._opened.append(server.transport)
        await wait_all_tasks_blocked()  # the proxy has connected as well
        return client, server

    def close(self) -> None:
        for transport in self._opened:
            transport.close()


OpenLine = Callable[..., AbstractAsyncContextManager[Line]]


@asynccontextmanager
async def open_line(network: Network | None = None, **options: Any) -> AsyncIterator[Line]:
    network = network or MemoryNetwork()
    listener = await network.listen("127.0.0.1", 0)
    send, accepted = trio.open_memory_channel[Transport](100)

    async def accept() -> None:
        while True:
            await send.send(await listener.accept())

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(accept)
            async with open_proxy(network, to=listener.address, **options) as proxy:
                line = Line(network, proxy, accepted)
                try:
                    yield line
                finally:
                    line.close()
            nursery.cancel_scope.cancel()
    finally:
        listener.close()


@pytest.fixture(name="line", scope="session")
def line_opener() -> OpenLine:
    return open_line


class Medium:
    """Memory under a virtual clock, or sockets in real time; a scenario runs on either."""

    def __init__(self, name: str) -> None:
        self.network: Callable[[], Network] = MemoryNetwork if name == "memory" else TcpNetwork
        self._virtual = name == "memory"
        self.slack = 1e-6 if self._virtual else 0.4  # seconds by which things may be late
        self.moment = 0.1 if self._virtual else 0.25  # in which what comes has come

    def run(self, scenario: Callable[[Line], Any], **options: Any) -> None:
        """Run a scenario on a line, opened with these options."""

        async def bounded() -> None:
            with trio.fail_after(300 if self._virtual else 15):
                async with open_line(self.network(), **options) as line:
                    await scenario(line)

        trio.run(bounded, clock=MockClock(autojump_threshold=0) if self._virtual else None)

    def took(self, began: float, seconds: float) -> bool:
        """Whether it is so many seconds later now."""
        return -1e-6 <= trio.current_time() - began - seconds <= self.slack


@pytest.fixture(params=["memory", "tcp"])
def medium(request: pytest.FixtureRequest) -> Medium:
    return Medium(request.param)


@pytest.fixture(name="end_of", scope="session")
def end_of_transport() -> Callable[[Transport], End]:
    return End
