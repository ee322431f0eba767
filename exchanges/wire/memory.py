"""A network inside one process: the same transports without a socket, for the virtual clock and for tests.

Each direction is a bounded buffer, so a peer that does not read makes its sender wait. Faults are switched on by
address: an address that refuses, hangs or has no name; connections that are reset or frozen.
"""

import ssl
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from itertools import count
from math import inf

import trio
from trio.lowlevel import ParkingLot, checkpoint

from feedtree.exchanges.errors import ConnectionLost, DialFailed, ResolveFailed
from feedtree.exchanges.wire.dialling import Attempt, layered
from feedtree.exchanges.wire.tls import TlsTransport
from feedtree.exchanges.wire.transport import (
    CHUNK,
    DEFAULT_TIMEOUTS,
    Listener,
    OnPhase,
    Timeouts,
    Transport,
    Unsent,
    unmeasured,
)


class Fault(StrEnum):
    """What happens to new connections of an address."""

    REFUSE = "refuse"  # a reset at once
    HANG = "hang"  # no answer at all
    NO_NAME = "no_name"  # the look-up fails


class _Pipe:
    """One direction of a connection."""

    __slots__ = ("broken", "capacity", "data", "ended", "frozen", "readers", "writers")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.data = bytearray()
        self.ended = False  # no more bytes will be written
        self.broken = False  # reset: what has arrived can still be read, as on Linux
        self.frozen = False  # written bytes stay invisible
        self.readers = ParkingLot()
        self.writers = ParkingLot()

    def readable(self) -> bool:
        return self.broken or (not self.frozen and (bool(self.data) or self.ended))

    def writable(self) -> bool:
        return self.broken or len(self.data) < self.capacity

    def wake(self) -> None:
        self.readers.unpark_all()
        self.writers.unpark_all()

    def end(self, *, reset: bool) -> None:
        self.ended = True
        if reset:
            self.broken = True
            if self.frozen:
                self.data.clear()  # it has not arrived
        self.wake()


class MemoryTransport(Unsent):
    """One end of a connection in memory."""

    def __init__(self, incoming: _Pipe, outgoing: _Pipe, peer: str) -> None:
        super().__init__()
        self._incoming = incoming
        self._outgoing = outgoing
        self._closed = False
        self.peer = peer

    def receive_nowait(self) -> bytes | None:
        """See `Transport.receive_nowait`."""
        self._check()
        pipe = self._incoming
        if not pipe.readable():
            return None
        if pipe.broken and not pipe.data:
            raise ConnectionLost(f"{self.peer}: reset by the peer")
        data = bytes(pipe.data[:CHUNK])
        del pipe.data[:CHUNK]
        pipe.writers.unpark_all()
        return data

    async def wait_readable(self) -> None:
        """See `Transport.wait_readable`."""
        await self._wait(self._incoming.readable, self._incoming.readers)

    def write_nowait(self, data: bytes | bytearray) -> int:
        """See `Unsent.write_nowait`."""
        self._check()
        pipe = self._outgoing
        if pipe.broken or self._incoming.broken:
            raise ConnectionLost(f"{self.peer}: reset by the peer")
        room = pipe.capacity - len(pipe.data)
        part = data[:room] if room > 0 else b""
        if part:
            pipe.data += part
            pipe.readers.unpark_all()
        return len(part)

    async def wait_writable(self) -> None:
        """See `Transport.wait_writable`."""
        await self._wait(self._outgoing.writable, self._outgoing.writers)

    def end_nowait(self) -> None:
        """See `OrderedSending.end_nowait`."""
        self._check()
        if self._outgoing.broken:
            raise ConnectionLost(f"{self.peer}: reset by the peer")
        self._outgoing.end(reset=False)

    def close(self) -> None:
        """See `Transport.close`."""
        self._shut(reset=False)

    def abort(self) -> None:
        """See `Transport.abort`."""
        self._shut(reset=True)

    async def aclose(self) -> None:
        """See `Transport.aclose`."""
        self.close()
        await checkpoint()

    def _check(self) -> None:
        if self._closed:
            raise trio.ClosedResourceError("this transport was closed")

    async def _wait(self, ready: Callable[[], bool], lot: ParkingLot) -> None:
        self._check()
        await checkpoint()
        while not (self._closed or ready()):
            await lot.park()
        self._check()

    def _shut(self, *, reset: bool) -> None:
        if self._closed:
            return
        self._closed = True
        self._outgoing.end(reset=reset)
        # What the other side still writes has no reader: TCP answers it with a reset.
        self._incoming.end(reset=True)


class MemoryConnection:
    """Both ends of a connection, for tests that break it between them."""

    def __init__(self, capacity: int, client: str, server: str) -> None:
        self._pipes = _Pipe(capacity), _Pipe(capacity)
        self.client = MemoryTransport(self._pipes[0], self._pipes[1], server)
        self.server = MemoryTransport(self._pipes[1], self._pipes[0], client)

    @property
    def over(self) -> bool:
        """Whether both directions have ended."""
        return all(pipe.ended for pipe in self._pipes)

    def reset(self) -> None:
        """Break it: both sides see a reset."""
        for pipe in self._pipes:
            pipe.end(reset=True)

    def freeze(self, frozen: bool = True) -> None:
        """Let written bytes stay on the way (a black hole), or let them arrive again."""
        for pipe in self._pipes:
            pipe.frozen = frozen
            pipe.wake()


class MemoryListener:
    """Accepts the connections of one address of a `MemoryNetwork`."""

    def __init__(
        self,
        address: tuple[str, int],
        tls: ssl.SSLContext | None,
        registry: "dict[tuple[str, int], MemoryListener]",
    ) -> None:
        self._address = address
        self._tls = tls
        self._registry = registry
        self._closed = False
        self._waiting: deque[MemoryTransport] = deque()
        self._acceptors = ParkingLot()

    @property
    def address(self) -> tuple[str, int]:
        """See `Listener.address`."""
        return self._address

    def take(self, transport: MemoryTransport) -> None:
        """Queue a connection for `accept`."""
        self._waiting.append(transport)
        self._acceptors.unpark()

    async def accept(self) -> Transport:
        """See `Listener.accept`."""
        await checkpoint()
        while not (self._waiting or self._closed):
            await self._acceptors.park()
        if self._closed:
            raise trio.ClosedResourceError("this listener was closed")
        plain = self._waiting.popleft()
        return TlsTransport(plain, self._tls, server_side=True) if self._tls else plain

    def close(self) -> None:
        """See `Listener.close`."""
        if not self._closed:
            self._closed = True
            del self._registry[self._address]
            for transport in self._waiting:
                transport.abort()
            self._acceptors.unpark_all()

    async def aclose(self) -> None:
        """See `Listener.aclose`."""
        self.close()
        await checkpoint()


class MemoryNetwork:
    """Connects what listens in the same process.

    Args:
        capacity: bytes that each direction of a connection holds.
    """

    def __init__(self, *, capacity: int = 4 * CHUNK) -> None:
        self._capacity = capacity
        self._listeners: dict[tuple[str, int], MemoryListener] = {}
        self._faults: dict[tuple[str, int], Fault] = {}
        self._connections: dict[tuple[str, int], list[MemoryConnection]] = {}
        self._ports = count(49_152)
        self.dialled: list[tuple[str, int, str | None]] = []  # host, port, local address of each attempt

    async def dial(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
        local_address: str | None = None,
        proxy: str | None = None,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        on_phase: OnPhase = unmeasured,
    ) -> Transport:
        """See `Network.dial`."""

        async def open_plain(attempt: Attempt, to_host: str, to_port: int) -> Transport:
            with attempt.phase("tcp", timeouts.tcp):
                return await self._open(to_host, to_port, local_address)

        attempt = Attempt(host, port, timeouts, on_phase)
        return await layered(open_plain, attempt, tls=tls, server_hostname=server_hostname, proxy=proxy)

    async def listen(self, host: str, port: int, *, tls: ssl.SSLContext | None = None) -> Listener:
        """See `Network.listen`."""
        await checkpoint()
        address = host, port or next(self._ports)
        if address in self._listeners:
            raise OSError(f"address {host}:{port} is taken")
        listener = MemoryListener(address, tls, self._listeners)
        self._listeners[address] = listener
        return listener

    def fault(self, host: str, port: int, fault: Fault | None) -> None:
        """Break new connections to an address, or (None) let them be made again."""
        self._faults.pop((host, port), None)
        if fault is not None:
            self._faults[host, port] = fault

    def connections(self, host: str, port: int) -> list[MemoryConnection]:
        """Return the open connections to an address, oldest first; tests `reset` or `freeze` them."""
        alive = [c for c in self._connections.get((host, port), ()) if not c.over]
        self._connections[host, port] = alive
        return list(alive)

    async def _open(self, host: str, port: int, local_address: str | None) -> Transport:
        self.dialled.append((host, port, local_address))
        await checkpoint()
        match self._faults.get((host, port)):
            case Fault.NO_NAME:
                raise ResolveFailed(f"{host}:{port}", "dns", "no such name")
            case Fault.HANG:
                await trio.sleep(inf)
            case Fault.REFUSE:
                raise DialFailed(f"{host}:{port}", "tcp", "refused")
        listener = self._listeners.get((host, port))
        if listener is None:
            raise DialFailed(f"{host}:{port}", "tcp", "refused: nothing listens there")
        client = f"{local_address or 'memory'}:{next(self._ports)}"
        connection = MemoryConnection(self._capacity, client, f"{host}:{port}")
        self._connections[host, port] = [*self.connections(host, port), connection]
        listener.take(connection.server)
        return connection.client
