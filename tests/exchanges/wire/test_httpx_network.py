"""REST over any network, with httpx's own errors and our causes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import h11
import httpx
import pytest
import trio

from feedtree.exchanges.errors import ConnectionLost, ConnectTimeout, DialFailed, ProxyRefused, TlsFailed
from feedtree.exchanges.wire.httpx_network import NetworkTransport
from feedtree.exchanges.wire.memory import Fault, MemoryNetwork
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import Transport, receive

Answer = Callable[[Transport], Awaitable[None]]


class Bench:
    def __init__(self, network: Any, certificates: Any) -> None:
        self.network = network
        self.certificates = certificates
        self.connections = 0
        self.paths: list[bytes] = []

    @asynccontextmanager
    async def client(self, answer: Answer | None = None, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
        tls = self.certificates and self.certificates.server
        listener = await self.network.listen("127.0.0.1", 0, tls=tls)
        host, port = listener.address
        self.address = host, port
        options.setdefault("ca_file", self.certificates and self.certificates.ca_file)

        async def serve(transport: Transport) -> None:
            self.connections += 1
            try:
                with suppress(ConnectionLost):
                    await (answer or self.respond)(transport)
            finally:
                transport.close()

        async def accept(nursery: trio.Nursery) -> None:
            while True:
                nursery.start_soon(serve, await listener.accept())

        base = f"{'https' if tls else 'http'}://{host}:{port}"
        try:
            with trio.fail_after(20):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(accept, nursery)
                    transport = NetworkTransport(self.network, **options)
                    async with httpx.AsyncClient(transport=transport, base_url=base, timeout=1.0) as client:
                        yield client
                    nursery.cancel_scope.cancel()
        finally:
            listener.close()

    async def respond(self, transport: Transport) -> None:
        """Answer requests with their own body, as HTTP/1.1 does."""
        http = h11.Connection(h11.SERVER)
        body = b""
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await receive(transport))
            elif isinstance(event, h11.Request):
                self.paths.append(event.target)
                body = b""
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                head = h11.Response(status_code=200, headers=[("Content-Length", str(len(body) or 2))])
                await transport.send_all(
                    http.send(head) + http.send(h11.Data(body or b"ok")) + http.send(h11.EndOfMessage())
                )
                http.start_next_cycle()
            else:
                return


@pytest.fixture(params=["tcp", "tls", "memory", "tls-memory"])
def bench(request: pytest.FixtureRequest, certificates: Any) -> Bench:
    network = MemoryNetwork() if "memory" in request.param else TcpNetwork()
    return Bench(network, certificates if "tls" in request.param else None)


async def test_requests_share_a_connection(bench: Bench) -> None:
    """Requests arrive with path and body, one after the other on the same connection."""
    async with bench.client() as client:
        response = await client.get("/api/v4/spot/order_book?limit=5")
        assert (response.status_code, response.text) == (200, "ok")
        big = b"x" * 300_000
        assert (await client.post("/big", content=big)).content == big
        assert bench.paths == [b"/api/v4/spot/order_book?limit=5", b"/big"]
        assert bench.connections == 1


async def test_connection_that_the_server_closed_is_not_used_again(bench: Bench) -> None:
    """An idle connection that ended, or was reset, is replaced."""
    go_on, gone = trio.Event(), trio.Event()

    async def answer_once(transport: Transport) -> None:
        await receive(transport)
        await transport.send_all(b"HTTP/1.1 200 Ok\r\nContent-Length: 2\r\n\r\nok")
        await go_on.wait()
        if bench.connections == 2:
            transport.abort()
        else:
            await transport.aclose()
        gone.set()

    async with bench.client(answer_once) as client:
        for _ in range(4):
            go_on, gone = trio.Event(), trio.Event()
            assert (await client.get("/")).text == "ok"
            go_on.set()
            await gone.wait()
        assert bench.connections == 4


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", httpx.RemoteProtocolError),
        (b"nonsense\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 Ok\r\nContent-Length: 99\r\n\r\ncut", httpx.RemoteProtocolError),
    ],
)
async def test_broken_answers(bench: Bench, answer: bytes, error: type[Exception]) -> None:
    """An answer that is none, or is cut, is the remote's protocol error."""

    async def serve(transport: Transport) -> None:
        await receive(transport)
        await transport.send_all(answer)
        await transport.aclose()

    async with bench.client(serve) as client:
        with pytest.raises(error):
            await client.get("/")


async def test_reset_and_silence(bench: Bench) -> None:
    """A reset is a read error; a server that stays mute costs the read timeout."""

    async def reset(transport: Transport) -> None:
        await receive(transport)
        if bench.connections == 1:
            transport.abort()
        await trio.sleep_forever()

    async with bench.client(reset) as client:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await client.get("/")
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/", timeout=0.05)


@pytest.mark.filterwarnings(
    "ignore:Async generator 'httpx:ResourceWarning"
)  # httpx leaves it to the garbage collector
async def test_server_that_does_not_read(bench: Bench) -> None:
    """A body that nobody takes costs the write timeout, or ends in the reset."""

    async def deaf(transport: Transport) -> None:
        await receive(transport)
        if bench.connections > 1:
            transport.abort()
        await trio.sleep_forever()

    async with bench.client(deaf) as client:
        with pytest.raises(httpx.WriteTimeout):
            await client.post("/", content=b"x" * 30_000_000, timeout=0.2)
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await client.post("/", content=b"x" * 30_000_000, timeout=5)


async def test_endless_timeouts(bench: Bench) -> None:
    """Httpx's None is no limit."""
    async with bench.client() as client:
        assert (await client.get("/", timeout=None)).text == "ok"


async def test_nobody_listens(bench: Bench) -> None:
    """A refused connection is a connect error whose cause is ours."""
    async with bench.client() as client:
        with pytest.raises(httpx.ConnectError) as caught:
            await client.get("http://127.0.0.1:1/")
        assert isinstance(caught.value.__cause__, DialFailed)


async def test_unknown_scheme(bench: Bench) -> None:
    """Other schemes are refused as httpx does."""
    async with bench.client() as client:
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.get("ftp://127.0.0.1/")


async def test_tls_faults(certificates: Any) -> None:
    """An untrusted certificate and a mute TLS server are connect errors."""
    bench = Bench(MemoryNetwork(), certificates)
    async with bench.client(ca_file=None) as client:
        with pytest.raises(httpx.ConnectError) as caught:
            await client.get("/")
        assert isinstance(caught.value.__cause__, TlsFailed)
    bench = Bench(MemoryNetwork(), None)

    async def mute(transport: Transport) -> None:
        await trio.sleep_forever()

    async with bench.client(mute) as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.get(f"https://{bench.address[0]}:{bench.address[1]}/", timeout=0.05)


async def test_slow_dial(autojump_clock: Any) -> None:
    """A server that never answers TCP costs the connect timeout, of httpx or of the dialling."""
    bench = Bench(MemoryNetwork(), None)
    async with bench.client() as client:
        bench.network.fault(*bench.address, Fault.HANG)
        start = trio.current_time()
        with pytest.raises(httpx.ConnectTimeout):
            await client.get("/", timeout=0.5)
        assert trio.current_time() - start == pytest.approx(0.5)
        with pytest.raises(httpx.ConnectTimeout) as caught:
            await client.get("/", timeout=5)
        assert isinstance(caught.value.__cause__, ConnectTimeout)
        assert trio.current_time() - start == pytest.approx(1.5)


async def test_proxy_and_local_address(autojump_clock: Any) -> None:
    """REST takes the same way out as the websockets."""
    bench = Bench(MemoryNetwork(), None)

    async def refuse(transport: Transport) -> None:
        assert (await receive(transport)).startswith(b"CONNECT venue.test:80")
        await transport.send_all(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")

    listener = await bench.network.listen("proxy.test", 3128)

    async def proxy() -> None:
        await refuse(await listener.accept())

    async with bench.client(proxy="http://proxy.test:3128", local_address="10.0.0.7") as client:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(proxy)
            with pytest.raises(httpx.ConnectError) as caught:
                await client.get("http://venue.test/")
        assert isinstance(caught.value.__cause__, ProxyRefused)
        assert bench.network.dialled[-1] == ("proxy.test", 3128, "10.0.0.7")
    listener.close()


class Cutting:
    """A network on which whoever has dialled is cancelled in that moment, while ``scope`` is set."""

    def __init__(self, network: Any) -> None:
        self.scope: trio.CancelScope | None = None
        self._network = network

    async def dial(self, *args: Any, **options: Any) -> Transport:
        transport: Transport = await self._network.dial(*args, **options)
        if self.scope is not None:
            self.scope.cancel()
        return transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)


async def test_requests_that_are_cancelled_as_they_are_connected_leave_room_for_others(bench: Bench) -> None:
    """The pool has their connections for ever, as new ones that nobody uses (see httpcore #1093)."""
    cutting = bench.network = Cutting(bench.network)
    async with bench.client(max_connections=2) as client:
        transport = client._transport
        assert isinstance(transport, NetworkTransport)
        for _ in range(5):
            async with trio.open_nursery() as nursery:
                cutting.scope = nursery.cancel_scope
                for _ in range(2):
                    nursery.start_soon(client.get, "/cut")
            assert cutting.scope.cancelled_caught
        cutting.scope = None
        assert (await client.get("/after")).status_code == 200
        assert len(transport._pool.connections) == 1, "those that were left behind are closed"


async def test_more_requests_than_there_is_room_for_wait_for_each_other(bench: Bench) -> None:
    """Each is answered, on as few connections; one that waits for too long says so."""
    async with bench.client(max_connections=2) as client:
        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(client.get, "/a")
        assert bench.connections == 2
        async with client.stream("GET", "/one"), client.stream("GET", "/two"):
            with pytest.raises(httpx.PoolTimeout):
                await client.get("/late", timeout=httpx.Timeout(5.0, pool=0.05))
        assert (await client.get("/after")).status_code == 200
