"""The blasting server's side of a connection: plain sockets, TCP or TLS."""

import socket
import ssl
import threading
from collections.abc import Sequence
from typing import Protocol

CHUNK = 65_536
FRAMES = 1_000  # per send: a client that is faster than the server still finds full buffers


class Pipe(Protocol):
    """A connection; any thread may send, one at a time receives."""

    def receive(self) -> bytes:
        """Wait for bytes; none at the end of the connection."""
        ...

    def send(self, data: bytes) -> None:
        """Send, and wait until the network took it."""
        ...

    def blast(self, frames: Sequence[bytes]) -> None:
        """Send all of these as fast as the peer takes them."""
        ...

    def prepare(self, data: bytes) -> None:
        """Make ready what the next `push` gives to the network; nothing else may be sent in between."""
        ...

    def push(self) -> None:
        """Give to the network what was prepared, and wait until it took it."""
        ...

    def receive_nowait(self) -> bytes:
        """Return what came already; nothing where nothing did."""
        ...


class PlainPipe:
    """TCP; a blast goes out in large writes."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._prepared = b""
        self._turn = threading.Lock()

    def receive(self) -> bytes:
        return self._sock.recv(CHUNK)

    def send(self, data: bytes) -> None:
        with self._turn:
            self._sock.sendall(data)

    def blast(self, frames: Sequence[bytes]) -> None:
        for start in range(0, len(frames), FRAMES):
            self.send(b"".join(frames[start : start + FRAMES]))

    def prepare(self, data: bytes) -> None:
        self._prepared = data

    def push(self) -> None:
        self._sock.sendall(self._prepared)

    def receive_nowait(self) -> bytes:
        try:
            return self._sock.recv(CHUNK, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""


class TlsPipe:
    """TLS; a blast has one websocket frame in each record, as the venues' servers write them."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._sock = sock
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._prepared = b""
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._turn = threading.Lock()  # no two threads may be inside one TLS connection
        self._shake_hands()

    def receive(self) -> bytes:
        while True:
            try:
                with self._turn:
                    return self._tls.read(CHUNK)
            except ssl.SSLWantReadError:
                if not self._fill():
                    return b""
            except ssl.SSLError:
                return b""

    def send(self, data: bytes) -> None:
        with self._turn:
            self._tls.write(data)
            self._flush()

    def blast(self, frames: Sequence[bytes]) -> None:
        write = self._tls.write
        for start in range(0, len(frames), FRAMES):
            with self._turn:
                for frame in frames[start : start + FRAMES]:
                    write(frame)
                self._flush()

    def prepare(self, data: bytes) -> None:
        with self._turn:
            self._tls.write(data)
            self._prepared = self._outgoing.read()

    def push(self) -> None:
        self._sock.sendall(self._prepared)

    def receive_nowait(self) -> bytes:
        try:
            self._incoming.write(self._sock.recv(CHUNK, socket.MSG_DONTWAIT))
            with self._turn:
                return self._tls.read(CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""

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
