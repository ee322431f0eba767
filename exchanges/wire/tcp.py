"""The network of the operating system: non-blocking sockets, read and written without a stream object between."""

import errno
import os
import socket
import ssl
import struct
from contextlib import suppress

import trio
from trio.lowlevel import checkpoint, notify_closing, wait_readable, wait_writable

from feedtree.exchanges.errors import ConnectionLost, DialFailed
from feedtree.exchanges.wire.dialling import Attempt, layered
from feedtree.exchanges.wire.resolver import Address, Resolver, shared_resolver
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

_STAGGER = 0.25  # seconds until the next address is tried beside a slow one (RFC 8305, section 5)
_BACKLOG = 1_024
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, for no time: close sends a reset
_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class TcpTransport(Unsent):
    """A connected TCP socket, which it owns."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        sock.setblocking(False)
        with suppress(OSError):  # some systems refuse it where the connection is over already
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._fd = sock.fileno()
        self._recv = sock.recv
        self._closed = False
        self.peer = _peer(sock)

    def receive_nowait(self) -> bytes | None:
        """See `Transport.receive_nowait`."""
        try:
            return self._recv(CHUNK)
        except BlockingIOError:
            return None
        except OSError as error:
            raise self._lost(error) from error

    async def wait_readable(self) -> None:
        """See `Transport.wait_readable`."""
        if self._closed:
            raise trio.ClosedResourceError("this transport was closed")
        await wait_readable(self._fd)

    def write_nowait(self, data: bytes | bytearray) -> int:
        """See `Unsent.write_nowait`."""
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._lost(error) from error

    async def wait_writable(self) -> None:
        """See `Transport.wait_writable`."""
        if self._closed:
            raise trio.ClosedResourceError("this transport was closed")
        await wait_writable(self._fd)

    def end_nowait(self) -> None:
        """See `OrderedSending.end_nowait`."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise self._lost(error) from error

    def close(self) -> None:
        """See `Transport.close`."""
        if not self._closed:
            self._closed = True
            notify_closing(self._fd)
            self._sock.close()

    def abort(self) -> None:
        """See `Transport.abort`."""
        if not self._closed:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.close()

    async def aclose(self) -> None:
        """See `Transport.aclose`."""
        self.close()
        await checkpoint()

    def _lost(self, error: OSError) -> Exception:
        if self._closed:
            return trio.ClosedResourceError("this transport was closed")
        return ConnectionLost(f"{self.peer}: {error.strerror}")


class TcpListener:
    """A listening socket."""

    def __init__(self, sock: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._sock = sock
        self._fd = sock.fileno()
        self._tls = tls
        self._closed = False
        host, port, *_ = sock.getsockname()
        self._address = host, port

    @property
    def address(self) -> tuple[str, int]:
        """See `Listener.address`."""
        return self._address

    async def accept(self) -> Transport:
        """See `Listener.accept`."""
        while True:
            if self._closed:
                raise trio.ClosedResourceError("this listener was closed")
            await wait_readable(self._fd)
            plain = await self._take()
            if plain is not None:
                return TlsTransport(plain, self._tls, server_side=True) if self._tls else plain

    def close(self) -> None:
        """See `Listener.close`."""
        if not self._closed:
            self._closed = True
            notify_closing(self._fd)
            self._sock.close()

    async def aclose(self) -> None:
        """See `Listener.aclose`."""
        self.close()
        await checkpoint()

    async def _take(self) -> TcpTransport | None:
        try:
            sock, _ = self._sock.accept()
            return TcpTransport(sock)
        except OSError as error:
            if error.errno in _OUT_OF_RESOURCES:
                await trio.sleep(0.1)  # the connection stays in the backlog until a descriptor is free
            return None  # it went away before it was accepted


class TcpNetwork:
    """Real connections.

    Args:
        resolver: who looks names up; the process's one where None.
    """

    def __init__(self, resolver: Resolver | None = None) -> None:
        self._resolver = resolver or shared_resolver()

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
            with attempt.phase("dns", timeouts.dns):
                addresses = await self._resolver.resolve(to_host)
            with attempt.phase("tcp", timeouts.tcp):
                return await _connect(f"{to_host}:{to_port}", addresses, to_port, local_address)

        attempt = Attempt(host, port, timeouts, on_phase)
        return await layered(open_plain, attempt, tls=tls, server_hostname=server_hostname, proxy=proxy)

    async def listen(self, host: str, port: int, *, tls: ssl.SSLContext | None = None) -> Listener:
        """See `Network.listen`."""
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, where = found[0]
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(where)
            sock.listen(_BACKLOG)
        except OSError:
            sock.close()
            raise
        return TcpListener(sock, tls)


async def _connect(
    where: str, addresses: tuple[Address, ...], port: int, local_address: str | None
) -> TcpTransport:
    """Try the addresses, a new one every `_STAGGER` or when one failed; the first that answers wins."""
    won: list[socket.socket] = []
    errors: list[OSError] = []
    try:
        async with trio.open_nursery() as nursery:

            async def attempt(address: Address, failed: trio.Event) -> None:
                try:
                    won.append(await _connect_one(address, port, local_address))
                    nursery.cancel_scope.cancel()
                except OSError as error:
                    errors.append(error)
                    failed.set()

            for address in addresses:
                failed = trio.Event()
                nursery.start_soon(attempt, address, failed)
                with trio.move_on_after(_STAGGER):
                    await failed.wait()
    except BaseException:
        _close_all(won)
        raise
    if not won:
        reasons = ", ".join(dict.fromkeys(error.strerror or str(error) for error in errors))
        raise DialFailed(where, "tcp", reasons) from errors[-1]
    _close_all(won[1:])  # that answered in the same moment
    return TcpTransport(won[0])


def _close_all(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


async def _connect_one(address: Address, port: int, local_address: str | None) -> socket.socket:
    family, host = address
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if local_address is not None:
            sock.bind((local_address, 0))
        code = sock.connect_ex((host, port))
        if code in (errno.EINPROGRESS, errno.EWOULDBLOCK):
            await wait_writable(sock.fileno())
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        else:
            await checkpoint()
        if code:
            raise OSError(code, os.strerror(code))
        if sock.getsockname() == sock.getpeername():
            # A client that dials a free local port may be given that very port, and so connect to itself.
            sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, _RESET
            )  # else it would hold the port for a while
            raise OSError(errno.ECONNREFUSED, "connected to itself")
    except BaseException:
        sock.close()
        raise
    return sock


def _peer(sock: socket.socket) -> str:
    try:
        host, port, *_ = sock.getpeername()
    except OSError:
        return "unknown"  # gone between accept and here
    return f"{host}:{port}"
