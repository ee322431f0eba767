"""What holds for every transport, plain or TLS, on sockets or in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import trio
from trio.testing import assert_checkpoints, wait_all_tasks_blocked

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.target import tls_context
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import CHUNK, Network, Transport, receive


class Medium:
    def __init__(self, network: Network, certificates: Any) -> None:
        self.network = network
        self._certificates = certificates

    @property
    def secure(self) -> bool:
        return bool(self._certificates)

    @asynccontextmanager
    async def pair(self) -> AsyncIterator[tuple[Transport, Transport]]:
        """A client and a server, connected."""
        server_tls = self._certificates and self._certificates.server
        client_tls = self._certificates and tls_context(self._certificates.ca_file)
        accepted: list[Transport] = []

        async def accept() -> None:
            accepted.append(await listener.accept())
            if server_tls:
                assert await receive(accepted[0]) == b"shaken"

        with trio.fail_after(20):
            listener = await self.network.listen("127.0.0.1", 0, tls=server_tls)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(accept)
                client = await self.network.dial(*listener.address, tls=client_tls)
                if server_tls:
                    await client.send_all(b"shaken")
            await wait_all_tasks_blocked()
            assert client.receive_nowait() is None  # session tickets
            try:
                yield client, accepted[0]
            finally:
                client.close()
                accepted[0].close()
                listener.close()


@pytest.fixture(params=["tcp", "tls", "memory", "tls-memory"])
def medium(request: pytest.FixtureRequest, certificates: Any) -> Medium:
    network = MemoryNetwork(capacity=32_768) if "memory" in request.param else TcpNetwork()
    return Medium(network, certificates if "tls" in request.param else None)


async def read_exactly(transport: Transport, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        part = await receive(transport)
        assert part
        data += part
    return bytes(data)


async def test_read_returns_what_is_there_and_no_more(medium: Medium) -> None:
    """A read never waits: None where nothing is there; all that came, TLS records included, where something is."""
    async with medium.pair() as (client, server):
        assert client.receive_nowait() is None
        for _ in range(5):
            server.send_nowait(b"x" * 100)
        with assert_checkpoints():
            await client.wait_readable()
        await wait_all_tasks_blocked()
        assert client.receive_nowait() == b"x" * 500
        assert client.receive_nowait() is None


async def test_read_takes_one_chunk_at_most(medium: Medium) -> None:
    """However much is there, a read takes 64 KiB from the network."""
    async with medium.pair() as (client, server), trio.open_nursery() as nursery:
        nursery.start_soon(server.send_all, b"x" * 1_000_000)
        got = 0
        while got < 1_000_000:
            part = await receive(client)
            assert 0 < len(part) <= CHUNK + 16_384  # the rest of a TLS record
            got += len(part)


async def test_end_of_stream(medium: Medium) -> None:
    """What was sent before the end comes first; then b"" again and again."""
    async with medium.pair() as (client, server):
        await server.send_all(b"bye")
        await server.aclose()
        await client.wait_readable()
        await wait_all_tasks_blocked()
        assert await receive(client) == b"bye"
        for _ in range(3):
            with assert_checkpoints():
                await client.wait_readable()
            assert client.receive_nowait() == b""


async def test_one_direction_may_end_before_the_other(medium: Medium) -> None:
    """A half-close: what was sent before comes first, then the end; but for TLS the other direction goes on."""
    async with medium.pair() as (client, server):
        async with trio.open_nursery() as nursery:

            async def say_all() -> None:
                with trio.move_on_after(0.01):
                    await client.send_all(b"q" * 12_000_000)
                with assert_checkpoints():
                    await client.send_eof()

            nursery.start_soon(say_all)
            await read_exactly(server, 12_000_000)
            assert await receive(server) == b""
        for part in () if medium.secure else (b"a", b"b" * 100_000):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(server.send_all, part)
                assert await read_exactly(client, len(part)) == part
        await server.send_eof()
        if not medium.secure:
            assert await receive(client) == b""


async def test_the_end_cannot_be_sent_on_what_is_over(medium: Medium) -> None:
    """A reset is an error here as well."""
    async with medium.pair() as (client, server):
        server.abort()
        with pytest.raises(ConnectionLost):
            await receive(client)
        with suppress(ConnectionLost):
            await client.send_all(b"x")  # a socket may take it once more
        with pytest.raises(ConnectionLost):
            await client.send_eof()


async def test_abort_is_a_loss_for_the_other_side(medium: Medium) -> None:
    """A reset is an error to read and to write."""
    async with medium.pair() as (client, server):
        server.abort()
        with pytest.raises(ConnectionLost):
            await receive(client)
        with suppress(ConnectionLost):
            await client.send_all(b"x")  # a socket may take it once more
        with pytest.raises(ConnectionLost):
            await client.send_all(b"x")


async def test_what_came_before_a_reset_can_still_be_read(medium: Medium) -> None:
    """As on Linux: the error comes behind the bytes that have arrived."""
    async with medium.pair() as (client, server):
        await server.send_all(b"last words")
        await client.wait_readable()
        server.abort()
        assert await receive(client) == b"last words"
        with pytest.raises(ConnectionLost):
            await receive(client)


async def test_unsent_bytes_keep_their_order(medium: Medium) -> None:
    """What does not fit waits, is flushed as room comes, and never overtakes."""
    async with medium.pair() as (client, server):
        sent = b""
        number = 0
        # A system moves bytes on by itself: a buffer that is full has room again a moment later.
        while client.send_nowait(part := f"{number:08}".encode() * 1_000) or client.flush_nowait():
            sent += part
            number += 1
        sent += part
        assert client.unsent > 0
        # There is room again, and what waits still goes first.
        got = await read_exactly(server, (len(sent) - client.unsent) // 2)
        client.send_nowait(b"last")
        sent += b"last"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.send_all, b"")
            got += await read_exactly(server, len(sent) - len(got))
        assert got == sent
        assert client.unsent == 0
        assert client.flush_nowait()


async def test_each_send_goes_out_whole(medium: Medium) -> None:
    """Many tasks may send; their bytes do not mix."""
    async with medium.pair() as (client, server), trio.open_nursery() as nursery:
        for n in range(5):
            nursery.start_soon(client.send_all, str(n).encode() * 40_000)
        data = await read_exactly(server, 200_000)
        blocks = [data[at : at + 40_000] for at in range(0, 200_000, 40_000)]
        assert sorted(blocks) == [str(n).encode() * 40_000 for n in range(5)]


async def test_cancelled_send_stays_accepted(medium: Medium) -> None:
    """A send cancelled half way leaves its rest to the next one; one that had to wait sends nothing."""
    async with medium.pair() as (client, server):
        with trio.move_on_after(0.01):
            await client.send_all(b"a" * 12_000_000)
        assert client.unsent > 0
        with trio.move_on_after(0.01) as scope:
            await client.send_all(b"b")
        assert scope.cancelled_caught
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.send_all, b"c")
            data = await read_exactly(server, 12_000_001)
            assert data[-2:] == b"ac"


async def test_closed_transport_refuses(medium: Medium) -> None:
    """After close every method says so, also one that was waiting; closing again is fine."""
    async with medium.pair() as (client, _):
        client.send_nowait(b"x" * 12_000_000)
        async with trio.open_nursery() as nursery:

            async def refused(method: Any, *args: Any) -> None:
                with pytest.raises(trio.ClosedResourceError):
                    await method(*args)

            nursery.start_soon(refused, client.wait_readable)
            nursery.start_soon(refused, client.wait_writable)
            await wait_all_tasks_blocked()
            client.close()
        await refused(client.wait_readable)
        await refused(client.wait_writable)
        await refused(client.send_all, b"x")
        await refused(client.send_eof)
        with pytest.raises(trio.ClosedResourceError):
            client.receive_nowait()
        client.close()
        client.abort()
        with assert_checkpoints():
            await client.aclose()


async def test_tls_server_reads_before_it_writes(certificates: Any) -> None:
    """A server that sends before the handshake is over is told that this is its own mistake."""
    network = MemoryNetwork()
    listener = await network.listen("venue.test", 443, tls=certificates.server)
    await network.dial("venue.test", 443)
    server = await listener.accept()
    with pytest.raises(RuntimeError, match="handshake"):
        server.send_nowait(b"early")


async def test_transport_names_its_peer(medium: Medium) -> None:
    """Messages can say whom they are about."""
    async with medium.pair() as (client, server):
        assert client.peer.startswith("127.0.0.1:")
        assert ":" in server.peer


async def test_closed_listener(medium: Medium) -> None:
    """Closing a listener wakes who accepts, and frees the address."""
    listener = await medium.network.listen("127.0.0.1", 0)
    host, port = listener.address
    async with trio.open_nursery() as nursery:

        async def accept() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await listener.accept()

        nursery.start_soon(accept)
        await wait_all_tasks_blocked()
        listener.close()
    with assert_checkpoints():
        await listener.aclose()
    with pytest.raises(trio.ClosedResourceError):
        await listener.accept()
    again = await medium.network.listen(host, port)
    with pytest.raises(OSError, match=r"taken|in use"):
        await medium.network.listen(host, port)
    await again.aclose()


async def test_connection_that_nobody_accepted(medium: Medium) -> None:
    """A listener that closes resets who waits in its queue."""
    listener = await medium.network.listen("127.0.0.1", 0)
    client = await medium.network.dial(*listener.address)
    listener.close()
    with trio.fail_after(10), pytest.raises(ConnectionLost):
        await receive(client)
    client.close()
