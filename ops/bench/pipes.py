"""The blasting server's side of a connection: plain sockets, TCP or TLS."""

import socket
import ssl
from collections.abc import Sequence
from typing import Protocol

CHUNK = 65_536
FRAMES = 1_000  # per send: a client that is faster than the server still finds full buffers


class Pipe(Protocol):
    """A connection, read and written by one thread each at a time."""

    def receive(self) -> bytes:
        """Wait for bytes; none at the end of the connection."""
        ...

    def send(self, data: bytes) -> None:
        """Send, and wait until the network took it."""
        ...

    def blast(self, frames: Sequence[bytes]) -> None:
        """Send all of these as fast as the peer takes them."""
        ...


class PlainPipe:
    """TCP; a blast goes out in large writes."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def receive(self) -> bytes:
        return self._sock.recv(CHUNK)

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def blast(self, frames: Sequence[bytes]) -> None:
        for start in range(0, len(frames), FRAMES):
            self._sock.sendall(b"".join(frames[start : start + FRAMES]))


class TlsPipe:
    """TLS; a blast has one websocket frame in each record, as the venues' servers write them."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._sock = sock
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._shake_hands()

    def receive(self) -> bytes:
        while True:
            try:
                return self._tls.read(CHUNK)
            except ssl.SSLWantReadError:
                if not self._fill():
                    return b""
            except ssl.SSLError:
                return b""

    def send(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def blast(self, frames: Sequence[bytes]) -> None:
        write = self._tls.write
        for start in range(0, len(frames), FRAMES):
            for frame in frames[start : start + FRAMES]:
                write(frame)
            self._flush()

    def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                if not self._fill():
                    raise ConnectionError("the client left within the handshake") from None
            else:
                self._flush()
                return

    def _fill(self) -> bool:
        data = self._sock.recv(CHUNK)
        self._incoming.write(data)
        return bool(data)

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            self._sock.sendall(data)
