"""What TLS adds: a handshake that goes on while reading, records, and faults behind good ones."""

import ssl
from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import ConnectionLost, TlsFailed
from feedtree.exchanges.wire.memory import MemoryConnection
from feedtree.exchanges.wire.tls import TlsTransport
from feedtree.exchanges.wire.transport import receive


class Pair:
    """A client and a server over a connection in memory whose ends a test can reach."""

    def __init__(
        self, certificates: Any, *, capacity: int = 65_536, version: ssl.TLSVersion | None = None
    ) -> None:
        trust = ssl.create_default_context(cafile=certificates.ca_file)
        context = certificates.context("venue.test")
        if version is not None:
            trust.maximum_version = context.maximum_version = version
        self.wire = MemoryConnection(capacity, "client", "server")
        self.client = TlsTransport(self.wire.client, trust, server_hostname="venue.test")
        self.server = TlsTransport(self.wire.server, context, server_side=True)

    async def shake(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.client.handshake, "venue.test:443")
            nursery.start_soon(self.server_shake)

    async def server_shake(self) -> None:
        for _ in range(2):  # hello, finished
            await self.server.wait_readable()
            assert self.server.receive_nowait() is None


@pytest.mark.parametrize("capacity", [16, 1_000, 65_536])
async def test_handshake_fits_through_any_buffer(
    certificates: Any, capacity: int, autojump_clock: Any
) -> None:
    """A handshake whose messages are larger than the network's buffers goes on piece by piece."""
    pair = Pair(certificates, capacity=capacity)

    async def serve() -> None:
        assert await receive(pair.server) == b"hello"
        await pair.server.send_all(b"welcome" * 1_000)

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            await pair.client.handshake("venue.test:443")
            await pair.client.send_all(b"hello")
            got = b""
            while len(got) < 7_000:
                got += await receive(pair.client)


async def test_data_that_came_with_the_handshake(certificates: Any, autojump_clock: Any) -> None:
    """What a server says in the packet that ends the handshake is read without waiting for more."""
    pair = Pair(certificates, version=ssl.TLSVersion.TLSv1_2)

    async def serve() -> None:
        await pair.server_shake()
        pair.server.send_nowait(b"at once")

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            await pair.client.handshake("venue.test:443")
        assert await receive(pair.client) == b"at once"
        assert pair.client.receive_nowait() is None


async def test_broken_record_behind_good_ones(certificates: Any, autojump_clock: Any) -> None:
    """Good records of a read come first; the broken one behind them is a loss, then and ever after."""
    pair = Pair(certificates)
    await pair.shake()
    pair.server.send_nowait(b"good")
    pair.wire.server.send_nowait(b"\x17\x03\x03\x00\x14" + b"garbage" * 3)
    assert await receive(pair.client) == b"good"
    with trio.fail_after(10):
        for _ in range(2):
            await pair.client.wait_readable()
            with pytest.raises(ConnectionLost, match="TLS"):
                pair.client.receive_nowait()
    with pytest.raises(ConnectionLost, match="TLS"):
        pair.client.send_nowait(b"x")


async def test_broken_record_alone(certificates: Any, autojump_clock: Any) -> None:
    """A record that nobody encrypted is a loss."""
    pair = Pair(certificates)
    await pair.shake()
    pair.wire.server.send_nowait(b"\x17\x03\x03\x00\x14" + b"garbage" * 3)
    with pytest.raises(ConnectionLost, match="TLS"):
        await receive(pair.client)


async def test_close_notify_ends_the_stream_while_tcp_stays_open(
    certificates: Any, autojump_clock: Any
) -> None:
    """An end that TLS tells is an end, whatever TCP does; sending still ends in no hang."""
    pair = Pair(certificates)
    await pair.shake()
    pair.server.send_nowait(b"bye")
    pair.wire.server.aclose = trio.lowlevel.checkpoint  # type: ignore[method-assign]
    await pair.server.aclose()
    assert await receive(pair.client) == b"bye"
    with trio.fail_after(10):
        assert await receive(pair.client) == b""
        assert await receive(pair.client) == b""
        await pair.client.aclose()


async def test_client_whose_alert_finds_nobody(certificates: Any, autojump_clock: Any) -> None:
    """A server that is gone before it can be told that its certificate is not trusted changes nothing."""
    pair = Pair(certificates)
    distrusting = TlsTransport(pair.wire.client, ssl.create_default_context(), server_hostname="venue.test")

    async def serve() -> None:
        await pair.server.wait_readable()
        pair.server.receive_nowait()
        pair.server.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        with pytest.raises(TlsFailed, match="not trusted"):
            await distrusting.handshake("venue.test:443")
