"""What only real sockets do."""

import errno
import resource
import socket
from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import DialFailed, ResolveFailed
from feedtree.exchanges.wire.resolver import Address, Resolver
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import receive


def network_of(*addresses: Address) -> TcpNetwork:
    def lookup(host: str) -> tuple[Address, ...]:
        if host != "venue.test":
            raise OSError("no such name")
        return addresses

    return TcpNetwork(Resolver(lookup))


@pytest.fixture(autouse=True)
def deadline() -> Any:
    """Sockets get ten seconds."""


async def test_next_address_is_tried_where_one_refuses() -> None:
    """A name with several addresses is reached by the first that answers."""
    network = network_of(*((socket.AF_INET, f"127.0.0.{n}") for n in (9, 8, 1)))
    with trio.fail_after(10):
        listener = await network.listen("127.0.0.1", 0)
        client = await network.dial("venue.test", listener.address[1])
        assert client.peer == f"127.0.0.1:{listener.address[1]}"
        client.close()
        await listener.aclose()


async def test_slow_address_is_overtaken() -> None:
    """An address that neither answers nor refuses is not waited for: the next is tried beside it."""
    full = socket.create_server(("127.0.0.3", 0), backlog=0)
    port = full.getsockname()[1]
    fillers = [socket.socket() for _ in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.3", port))
    network = network_of((socket.AF_INET, "127.0.0.3"), (socket.AF_INET, "127.0.0.1"))
    with trio.fail_after(10):
        listener = await network.listen("127.0.0.1", port)
        client = await network.dial("venue.test", port)
        assert client.peer == f"127.0.0.1:{port}"
        client.close()
        await listener.aclose()
    for sock in (full, *fillers):
        sock.close()


async def test_unknown_name() -> None:
    """A name without an address fails in the phase dns."""
    with trio.fail_after(10), pytest.raises(ResolveFailed):
        await network_of().dial("other.test", 80)


async def test_local_address() -> None:
    """Connections come from the address that was asked for, and fail where it is not ours."""
    network = network_of((socket.AF_INET, "127.0.0.1"))
    with trio.fail_after(10):
        listener = await network.listen("127.0.0.1", 0)
        client = await network.dial("venue.test", listener.address[1], local_address="127.0.0.5")
        server = await listener.accept()
        assert server.peer.startswith("127.0.0.5:")
        with pytest.raises(DialFailed, match="assign"):
            await network.dial("venue.test", listener.address[1], local_address="192.0.2.1")
        for thing in (client, server, listener):
            thing.close()


async def test_connection_to_itself_counts_as_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dial to a free local port can meet its own socket; that is no server, and must not keep the port."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    taken.close()
    plain_bind = socket.socket.bind

    class SamePort(socket.socket):
        def connect_ex(self, address: Any) -> int:
            plain_bind(self, ("127.0.0.1", port))  # the port that the system may pick by chance
            return super().connect_ex(address)

    monkeypatch.setattr(socket, "socket", SamePort)
    with trio.fail_after(10), pytest.raises(DialFailed, match="itself"):
        await network_of((socket.AF_INET, "127.0.0.1")).dial("venue.test", port)
    monkeypatch.undo()
    listener = await TcpNetwork().listen("127.0.0.1", port)
    await listener.aclose()


async def test_cancelled_dial_leaves_no_socket() -> None:
    """Warnings are errors, so a socket left open fails this test."""
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = [socket.socket() for _ in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(full.getsockname())
    with trio.move_on_after(0.02) as scope:
        await TcpNetwork().dial(*full.getsockname())
    assert scope.cancelled_caught
    for sock in (full, *fillers):
        sock.close()


async def test_listener_without_descriptors_waits_for_one() -> None:
    """Out of file descriptors, a listener keeps its queue and goes on once some are free."""
    network = TcpNetwork()
    listener = await network.listen("127.0.0.1", 0)
    client = await network.dial(*listener.address)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    spare = socket.socket()
    lowest = spare.fileno()
    spare.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        with trio.move_on_after(0.05):
            await listener.accept()
            pytest.fail("there was a descriptor")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with trio.fail_after(10):
        server = await listener.accept()
        await server.send_all(b"hello")
        assert await receive(client) == b"hello"
    for thing in (client, server, listener):
        thing.close()


async def test_connection_that_went_before_it_was_accepted() -> None:
    """A reset in the queue costs its own connection, and the listener nothing."""
    network = TcpNetwork()
    with trio.fail_after(10):
        listener = await network.listen("127.0.0.1", 0)
        gone = await network.dial(*listener.address)
        gone.abort()
        client = await network.dial(*listener.address)
        first = await listener.accept()
        second = await listener.accept()
        assert first.peer == "unknown" or first.peer != second.peer
        for thing in (client, first, second, listener):
            thing.close()


async def test_unreachable_address_says_why() -> None:
    """The reason of the operating system is told."""
    network = network_of((socket.AF_INET, "255.255.255.255"))
    with trio.fail_after(10), pytest.raises(DialFailed) as caught:
        await network.dial("venue.test", 80)
    cause = caught.value.__cause__
    assert isinstance(cause, OSError)
    assert cause.errno in (errno.EACCES, errno.ENETUNREACH, errno.EPERM, errno.EHOSTUNREACH)
