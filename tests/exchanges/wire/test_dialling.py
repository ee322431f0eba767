"""Each phase of dialling fails in its own way, and leaves nothing open."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import (
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    DialFailed,
    ProxyRefused,
    ResolveFailed,
    TlsFailed,
)
from feedtree.exchanges.wire.memory import Fault, MemoryNetwork
from feedtree.exchanges.wire.target import tls_context
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import Listener, Network, Timeouts, Transport, receive

Serve = Callable[[Transport], Awaitable[None]]


@pytest.fixture(params=["tcp", "memory"])
def network(request: pytest.FixtureRequest) -> Network:
    return MemoryNetwork() if request.param == "memory" else TcpNetwork()


@asynccontextmanager
async def serving(
    network: Network, serve: Serve, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, int]]:
    """Serve every connection in a task of its own; yields the address."""
    listener: Listener = await network.listen("127.0.0.1", 0, tls=tls)

    async def handle(transport: Transport) -> None:
        try:
            await serve(transport)
        finally:
            transport.close()

    async def accept(nursery: trio.Nursery) -> None:
        while True:
            nursery.start_soon(handle, await listener.accept())

    try:
        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(accept, nursery)
                yield listener.address
                nursery.cancel_scope.cancel()
    finally:
        listener.close()


async def mute(transport: Transport) -> None:
    await trio.sleep_forever()


async def echo(transport: Transport) -> None:
    while data := await receive(transport):
        await transport.send_all(data)


async def failure(network: Network, address: tuple[str, int], **options: Any) -> ConnectFailed:
    with pytest.raises(ConnectFailed) as caught:
        await network.dial(*address, **options)
    return caught.value


async def test_each_phase_tells_how_long_it_took(network: Network, certificates: Any) -> None:
    """In order; a name that is an address needs no look-up over memory."""
    took: list[tuple[str, float]] = []
    async with serving(network, until_lost, certificates.server) as address:
        transport = await network.dial(
            *address,
            tls=tls_context(certificates.ca_file),
            server_hostname="venue.test",
            on_phase=lambda phase, seconds: took.append((phase, seconds)),
        )
        transport.close()
    phases = [phase for phase, _ in took]
    assert phases == (["dns", "tcp", "tls"] if isinstance(network, TcpNetwork) else ["tcp", "tls"])
    assert all(seconds >= 0.0 for _, seconds in took)


async def test_refused(network: Network) -> None:
    """Where nobody listens, the TCP phase says so."""
    listener = await network.listen("127.0.0.1", 0)
    await listener.aclose()
    error = await failure(network, listener.address)
    assert isinstance(error, DialFailed)
    assert error.phase == "tcp"
    assert "refused" in str(error)


async def test_untrusted_certificate(network: Network, certificates: Any) -> None:
    """A certificate of an unknown authority is refused, and the reason told."""
    async with serving(network, until_lost, certificates.server) as address:
        error = await failure(network, address, tls=tls_context(None))
        assert isinstance(error, TlsFailed)
        assert error.phase == "tls"
        assert "not trusted" in str(error)


async def test_certificate_of_another_host(network: Network, certificates: Any) -> None:
    """A certificate that names another host is refused; one that names the host asked for is not."""
    trust = tls_context(certificates.ca_file)
    async with serving(network, until_lost, certificates.server) as address:
        error = await failure(network, address, tls=trust, server_hostname="elsewhere.test")
        assert isinstance(error, TlsFailed)
        assert "elsewhere.test" in str(error)
        transport = await network.dial(*address, tls=trust, server_hostname="venue.test")
        transport.close()


async def until_lost(transport: Transport) -> None:
    with suppress(ConnectionLost):
        while await receive(transport):
            pass


async def test_server_that_speaks_no_tls(network: Network, certificates: Any) -> None:
    """Plain bytes, or an end, instead of a handshake."""
    trust = tls_context(certificates.ca_file)

    async def plain(transport: Transport) -> None:
        await transport.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await trio.sleep_forever()

    async def end(transport: Transport) -> None:
        await receive(transport)
        await transport.aclose()

    async def reset(transport: Transport) -> None:
        await receive(transport)
        transport.abort()

    for serve in (plain, end, reset):
        async with serving(network, serve) as address:
            error = await failure(network, address, tls=trust)
            assert isinstance(error, TlsFailed)


async def test_mute_tls_server(network: Network, certificates: Any) -> None:
    """A server that accepts TCP and stays mute costs the TLS deadline."""
    async with serving(network, mute) as address:
        error = await failure(
            network, address, tls=tls_context(certificates.ca_file), timeouts=Timeouts(tls=0.05)
        )
        assert isinstance(error, ConnectTimeout)
        assert error.phase == "tls"


async def test_faults_of_memory(autojump_clock: Any) -> None:
    """An address can refuse, hang or have no name, and be well again."""
    network = MemoryNetwork()
    await network.listen("venue.test", 443)
    for fault, kind, phase in (
        (Fault.REFUSE, DialFailed, "tcp"),
        (Fault.NO_NAME, ResolveFailed, "dns"),
        (Fault.HANG, ConnectTimeout, "tcp"),
    ):
        network.fault("venue.test", 443, fault)
        error = await failure(network, ("venue.test", 443))
        assert isinstance(error, kind)
        assert error.phase == phase
    assert trio.current_time() == pytest.approx(1.0)
    network.fault("venue.test", 443, None)
    transport = await network.dial("venue.test", 443, local_address="10.0.0.7")
    assert network.dialled[-1] == ("venue.test", 443, "10.0.0.7")
    transport.close()


async def test_whole_attempt_has_a_limit_of_its_own(autojump_clock: Any, certificates: Any) -> None:
    """Phases that are slow, but not too slow, add up to a timeout of the phase that was under way."""
    network = MemoryNetwork()
    proxy = await network.listen("proxy.test", 3128)

    async def slow_proxy() -> None:
        transport = await proxy.accept()
        await trio.sleep(0.75)
        await transport.send_all(b"HTTP/1.1 200 Ok\r\n\r\n")
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow_proxy)
        error = await failure(
            network,
            ("venue.test", 443),
            proxy="http://proxy.test:3128",
            tls=tls_context(certificates.ca_file),
            timeouts=Timeouts(total=1.0),
        )
        nursery.cancel_scope.cancel()
    assert isinstance(error, ConnectTimeout)
    assert error.phase == "tls"
    assert trio.current_time() == pytest.approx(1.0)


class ConnectProxy:
    """An HTTP CONNECT proxy that notes what it is asked."""

    def __init__(self, network: Network, answer: bytes = b"HTTP/1.1 200 Connected\r\n\r\n") -> None:
        self._network = network
        self._answer = answer
        self.request = b""

    async def __call__(self, transport: Transport) -> None:
        while b"\r\n\r\n" not in self.request:
            data = await receive(transport)
            if not data:
                return
            self.request += data
        if self._answer:
            await transport.send_all(self._answer)
        if not self._answer.startswith(b"HTTP/1.1 200"):
            return
        host, _, port = self.request.split()[1].decode().rpartition(":")
        try:
            target = await self._network.dial(host.strip("[]"), int(port))
        except DialFailed:
            return
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_pump, transport, target, nursery.cancel_scope)
                nursery.start_soon(_pump, target, transport, nursery.cancel_scope)
        finally:
            target.close()


async def _pump(source: Transport, sink: Transport, scope: trio.CancelScope) -> None:
    with suppress(ConnectionLost):
        while data := await receive(source):
            await sink.send_all(data)
    scope.cancel()


async def test_tunnel_through_a_proxy(network: Network, certificates: Any) -> None:
    """TLS goes to the target, through the proxy, with the credentials that it wants."""
    proxy = ConnectProxy(network)
    async with serving(network, proxy) as (proxy_host, proxy_port):
        async with serving(network, echo, certificates.server) as (host, port):
            transport = await network.dial(
                host,
                port,
                tls=tls_context(certificates.ca_file),
                proxy=f"http://me:secret@{proxy_host}:{proxy_port}",
            )
            await transport.send_all(b"ping")
            assert await receive(transport) == b"ping"
            await transport.aclose()
    assert proxy.request.startswith(f"CONNECT {host}:{port} HTTP/1.1\r\n".encode())
    assert f"\r\nhost: {host}:{port}\r\n".encode() in proxy.request.lower()
    assert b"Basic bWU6c2VjcmV0" in proxy.request


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "HTTP 407 Proxy"),
        (b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", "HTTP 502"),
        (b"SOCKS?\r\n\r\n", "illegal"),
        (b"HTTP/1.1 200 Ok\r\n\r\nearly", "before the first of ours"),
        (b"", "ConnectionClosed"),
    ],
)
async def test_proxy_that_refuses(network: Network, answer: bytes, reason: str) -> None:
    """Any other answer than 2xx is the proxy's refusal, told with its status."""
    async with serving(network, ConnectProxy(network, answer)) as (host, port):
        error = await failure(network, ("127.0.0.1", 9), proxy=f"http://{host}:{port}")
        assert isinstance(error, ProxyRefused)
        assert error.phase == "proxy"
        assert reason in str(error)


async def test_target_is_written_with_brackets_where_it_is_ipv6(network: Network) -> None:
    """An IPv6 address in a CONNECT request stands in brackets."""
    proxy = ConnectProxy(network, b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
    async with serving(network, proxy) as (host, port):
        await failure(network, ("::1", 9), proxy=f"http://{host}:{port}")
    assert proxy.request.startswith(b"CONNECT [::1]:9 ")
