"""What moves bytes: `Transport`, the `Network` that opens it, and the `Listener` that accepts it.

Three forms stand behind these protocols: TCP, TLS over either of the others, and memory. What is above (the
websocket, REST, the simulated exchanges) cannot tell them apart, so all of it runs under the virtual clock.
"""

import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol, TypeAlias

import trio
from msgspec import Struct

CHUNK = 65_536  # the most socket bytes that one read takes: what may be worked on between two checkpoints

OnPhase: TypeAlias = Callable[[str, float], None]  # of (phase, seconds)


def unmeasured(phase: str, seconds: float) -> None:
    """Do nothing with how long a phase took."""


class Timeouts(Struct, frozen=True):
    """How long the phases of dialling may take, in seconds; the end of each is a `ConnectTimeout`.

    Args:
        dns: the look-up, where no earlier answer is known.
        tcp: the connection itself, over all addresses of the name.
        proxy: the HTTP CONNECT exchange.
        tls: the handshake.
        total: the hard limit around all of them.
    """

    dns: float = 1.0
    tcp: float = 1.0
    proxy: float = 1.0
    tls: float = 1.0
    total: float = 2.0


DEFAULT_TIMEOUTS = Timeouts()


class Transport(Protocol):
    """A connected byte stream, read without waiting.

    One task reads. Any number may send: each `send_all` goes out whole, in turn. After `close` every method raises
    `trio.ClosedResourceError`, also in tasks that were waiting. A fault of the other side raises `ConnectionLost`.
    """

    @property
    def peer(self) -> str:
        """The other side, ``host:port``, for messages."""
        ...

    @property
    def unsent(self) -> int:
        """Bytes accepted for sending that the network has not taken yet."""
        ...

    def receive_nowait(self) -> bytes | None:
        """Read once what is there, at most `CHUNK` bytes of socket data.

        Returns:
            The bytes; None where a read would block; ``b""`` at the end of the stream.
        """
        ...

    async def wait_readable(self) -> None:
        """Wait until `receive_nowait` may have something; it can still return None. Always a checkpoint."""
        ...

    def send_nowait(self, data: bytes) -> bool:
        """Accept all of ``data`` and write what goes out at once.

        Returns:
            Whether nothing is left unsent. What is left goes out, first, with the next send, flush or drain.
        """
        ...

    def flush_nowait(self) -> bool:
        """Write what is unsent as far as it goes; return whether nothing is left."""
        ...

    async def wait_writable(self) -> None:
        """Wait until `flush_nowait` may get further. Always a checkpoint; one task at a time."""
        ...

    async def send_all(self, data: bytes) -> None:
        """Send ``data`` after all that was accepted before it, and wait until the network took it.

        Cancelled while earlier bytes wait, nothing of ``data`` is sent; cancelled later, the rest of it stays
        accepted and goes out with the next send, so that a frame is never cut.
        """
        ...

    async def send_eof(self) -> None:
        """Send what waits, then the end of the stream. Nothing can be sent after it; what comes is still read.

        Over TLS the other side can only close, too: Python's ssl does not write behind a close_notify. Cancelled
        before the end went out, it can be called again.
        """
        ...

    def close(self) -> None:
        """Close at once; unsent bytes are lost. May be called again."""
        ...

    def abort(self) -> None:
        """Close at once with a reset, which the other side sees as an error."""
        ...

    async def aclose(self) -> None:
        """Say goodbye where that takes no waiting (TLS), and close. Always a checkpoint; closes when cancelled."""
        ...


class Listener(Protocol):
    """Accepts connections of one address."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens on."""
        ...

    async def accept(self) -> Transport:
        """Wait for the next connection. A TLS handshake goes on while it is read, so that it delays no other.

        Raises:
            trio.ClosedResourceError: the listener was closed.
        """
        ...

    def close(self) -> None:
        """Stop listening at once; accepted connections stay."""
        ...

    async def aclose(self) -> None:
        """Stop listening; accepted connections stay. Always a checkpoint."""
        ...


class Network(Protocol):
    """Opens connections and listeners."""

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
        """Connect, through a proxy and TLS where they are given. Cancelled or failed, nothing stays open.

        Args:
            host: a name or an IP address.
            port: the port.
            tls: the context of the handshake; None for plain bytes.
            server_hostname: the name that the certificate must carry; the host where None.
            local_address: the IP address to connect from.
            proxy: ``http://[user:password@]host:port`` of an HTTP CONNECT proxy.
            timeouts: of the phases.
            on_phase: called with the name of each phase and the seconds that it took.

        Raises:
            ResolveFailed: the name has no address.
            DialFailed: refused or unreachable.
            ProxyRefused: the proxy said no.
            TlsFailed: handshake or certificate.
            ConnectTimeout: a phase took too long.
        """
        ...

    async def listen(self, host: str, port: int, *, tls: ssl.SSLContext | None = None) -> Listener:
        """Listen on an address; port 0 takes a free one.

        Raises:
            OSError: the address is taken or not ours.
        """
        ...


class OrderedSending(ABC):
    """The sending half that all transports share: one buffer, so one order, whoever sends."""

    def __init__(self) -> None:
        self._turn = trio.Lock()

    @abstractmethod
    def send_nowait(self, data: bytes) -> bool:
        """See `Transport.send_nowait`."""

    @abstractmethod
    def flush_nowait(self) -> bool:
        """See `Transport.flush_nowait`."""

    @abstractmethod
    async def wait_writable(self) -> None:
        """See `Transport.wait_writable`."""

    async def send_all(self, data: bytes) -> None:
        """See `Transport.send_all`."""
        async with self._turn:
            await self._drain()
            self.send_nowait(data)
            await self._drain()

    async def send_eof(self) -> None:
        """See `Transport.send_eof`."""
        async with self._turn:
            await self._drain()
            self.end_nowait()

    @abstractmethod
    def end_nowait(self) -> None:
        """Send the end of the stream, once nothing is unsent any more."""

    async def _drain(self) -> None:
        while not self.flush_nowait():
            await self.wait_writable()


class Unsent(OrderedSending):
    """Sending through a primitive that may take only a part of what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self._unsent = bytearray()

    @property
    def unsent(self) -> int:
        """See `Transport.unsent`."""
        return len(self._unsent)

    @abstractmethod
    def write_nowait(self, data: bytes | bytearray) -> int:
        """Write a part of ``data``; return how many bytes went out, 0 where it would block."""

    def send_nowait(self, data: bytes) -> bool:
        """See `Transport.send_nowait`."""
        taken = 0 if self._unsent else self.write_nowait(data)
        if taken == len(data):
            return not self._unsent
        self._unsent += data[taken:]
        return self.flush_nowait()

    def flush_nowait(self) -> bool:
        """See `Transport.flush_nowait`."""
        while self._unsent:
            taken = self.write_nowait(self._unsent)
            if not taken:
                return False
            del self._unsent[:taken]
        return True


async def receive(transport: Transport) -> bytes:
    """Wait for bytes and return them, ``b""`` at the end of the stream. For readers that are not hot."""
    while True:
        await transport.wait_readable()
        data = transport.receive_nowait()
        if data is not None:
            return data
