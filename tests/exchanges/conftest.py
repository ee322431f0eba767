"""What the tests of the exchange side share."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

import h11
import pytest
import trio
from msgspec import Struct

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.transport import Transport

pytest.register_assert_rewrite("tests.exchanges.public.two_connections")


class Answer(Struct):
    """What a REST server says to one request; headers are added, a delay comes first."""

    body: bytes = b"{}"
    status: int = 200
    headers: Mapping[str, str] = {}
    delay: float = 0.0


class Asked(Struct):
    """A request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class RestServer:
    """An HTTP server in memory at ``http://venue:80`` that answers as told, and remembers what was asked."""

    def __init__(self) -> None:
        self.network = MemoryNetwork()
        self.answer: Callable[[str], Answer] = lambda target: Answer()
        self.targets: list[str] = []
        self.requests: list[Asked] = []
        self.connections = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve while the body runs."""
        async with trio.open_nursery() as nursery:
            listener = await self.network.listen("venue", 80)

            async def accept() -> None:
                while True:
                    transport = await listener.accept()
                    self.connections += 1
                    nursery.start_soon(self._converse, transport)

            nursery.start_soon(accept)
            yield
            nursery.cancel_scope.cancel()

    async def _converse(self, transport: Transport) -> None:
        with suppress(ConnectionLost, trio.ClosedResourceError):
            await self._talk(transport)

    async def _talk(self, transport: Transport) -> None:
        http = h11.Connection(h11.SERVER)
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                await transport.wait_readable()
                data = transport.receive_nowait()
                if data is not None:
                    http.receive_data(data)
            elif isinstance(event, h11.Request):
                self.targets.append(event.target.decode())
                headers = {name.decode(): value.decode() for name, value in event.headers}
                self.requests.append(Asked(event.method.decode(), self.targets[-1], headers, b""))
                await self._respond(transport, http)
            elif isinstance(event, h11.ConnectionClosed):
                return

    async def _respond(self, transport: Transport, http: h11.Connection) -> None:
        while not isinstance(event := http.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                await transport.wait_readable()
                http.receive_data(transport.receive_nowait() or b"")
            elif isinstance(event, h11.Data):
                self.requests[-1].body += bytes(event.data)
        answer = self.answer(self.targets[-1])
        await trio.sleep(answer.delay)
        headers = [("Content-Length", str(len(answer.body))), *answer.headers.items()]
        out = http.send(h11.Response(status_code=answer.status, headers=headers)) or b""
        out += (http.send(h11.Data(answer.body)) or b"") + (http.send(h11.EndOfMessage()) or b"")
        await transport.send_all(out)
        http.start_next_cycle()


@pytest.fixture
def rest_server() -> RestServer:
    """A server that nobody serves yet."""
    return RestServer()


@pytest.fixture
def answer() -> type[Answer]:
    """The form of the server's answers."""
    return Answer
