"""TLS over any transport: an `ssl.SSLObject` between two memory buffers, drained by one read.

`trio.SSLStream` returns at most one TLS record per read; a server that writes one websocket frame per record
would give bursts of one. Here one read takes up to 64 KiB from the socket and returns all the records in it.
"""

import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import trio

from feedtree.exchanges.errors import ConnectionLost, TlsFailed
from feedtree.exchanges.wire.transport import OrderedSending, Transport, receive

_RECORD = 16_384  # the longest plaintext of one record (RFC 8446, 5.1)


class TlsTransport(OrderedSending):
    """A transport whose bytes are encrypted on another one, which it owns.

    The handshake goes on while it is read or, for a client, in `handshake`; until it is over nothing can be sent.
    A stream that ends without a close_notify ends like any other: who reads knows whether its message was complete.
    """

    def __init__(
        self,
        inner: Transport,
        context: ssl.SSLContext,
        *,
        server_side: bool = False,
        server_hostname: str | None = None,
    ) -> None:
        super().__init__()
        self._inner = inner
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side, server_hostname=server_hostname
        )
        self._read = _reader_of(self._tls)
        self._over: ConnectionLost | None = None  # a fault found behind bytes that were returned first
        self._ended = False
        self._held = False  # records came with the end of the handshake
        self.peer = inner.peer

    @property
    def unsent(self) -> int:
        """See `Transport.unsent`."""
        return self._inner.unsent

    async def handshake(self, where: str) -> None:
        """Shake hands as a client.

        Raises:
            TlsFailed: the certificate is not trusted, names another host, or the peer speaks no TLS.
        """
        try:
            while not self._step():
                await self._inner.send_all(self._outgoing.read())
                data = await receive(self._inner)
                if not data:
                    raise TlsFailed(where, "tls", "the connection ended within the handshake")
                self._incoming.write(data)
            await self._inner.send_all(self._outgoing.read())
            self._held = bool(self._incoming.pending)
        except ssl.CertificateError as error:
            with suppress(ConnectionLost):
                self._emit()  # the alert that tells the server why
            raise TlsFailed(where, "tls", f"certificate not trusted: {error.verify_message}") from error
        except ssl.SSLError as error:
            raise TlsFailed(where, "tls", _text(error)) from error
        except ConnectionLost as error:
            raise TlsFailed(where, "tls", str(error)) from error

    def receive_nowait(self) -> bytes | None:
        """See `Transport.receive_nowait`: the plaintext of all complete records that came."""
        if self._at_once():
            return self._behind()
        data = self._inner.receive_nowait()
        if data is None:
            return None
        if data:
            self._incoming.write(data)
        else:
            self._ended = True
        return self._decrypt()

    async def wait_readable(self) -> None:
        """See `Transport.wait_readable`."""
        if self._at_once():
            await trio.lowlevel.checkpoint()
            return
        if self._tls.version() is None:  # within the handshake
            await self._drain()  # the peer's next bytes answer ours
        await self._inner.wait_readable()

    def send_nowait(self, data: bytes) -> bool:
        """See `Transport.send_nowait`."""
        if data:
            try:
                self._tls.write(data)
            except ssl.SSLWantReadError as error:
                raise RuntimeError(
                    "a TLS server reads before it writes: the handshake is under way"
                ) from error
            except ssl.SSLError as error:
                raise ConnectionLost(f"{self.peer}: TLS: {_text(error)}") from error
        return self._emit()

    def flush_nowait(self) -> bool:
        """See `Transport.flush_nowait`."""
        return self._inner.flush_nowait()

    async def wait_writable(self) -> None:
        """See `Transport.wait_writable`."""
        await self._inner.wait_writable()

    def end_nowait(self) -> None:
        """See `OrderedSending.end_nowait`: a close_notify."""
        with suppress(ssl.SSLError, ValueError):  # the peer's own close_notify is not waited for
            self._tls.unwrap()
        self._emit()

    def close(self) -> None:
        """See `Transport.close`."""
        self._inner.close()

    def abort(self) -> None:
        """See `Transport.abort`."""
        self._inner.abort()

    async def aclose(self) -> None:
        """See `Transport.aclose`: a close_notify is sent where it goes out at once."""
        with suppress(ssl.SSLError, ValueError):  # the peer's own close_notify is not waited for
            self._tls.unwrap()
        with suppress(ConnectionLost, trio.ClosedResourceError):
            self._emit()
        await self._inner.aclose()

    def _at_once(self) -> bool:
        return self._held or self._ended or self._over is not None

    def _behind(self) -> bytes | None:
        if self._over is not None:
            raise self._over
        if self._held:
            self._held = False
            return self._decrypt()
        return b""

    def _step(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def _emit(self) -> bool:
        if self._outgoing.pending:
            return self._inner.send_nowait(self._outgoing.read())
        return self._inner.flush_nowait()

    def _decrypt(self) -> bytes | None:
        records: list[bytes] = []
        read = self._read
        try:
            if record := read():
                records.append(record)
                # Where nothing is left, one read more would find that out by an exception, which costs.
                if self._incoming.pending:
                    records.extend(iter(read, b""))
                    self._ended = True
            else:
                self._ended = True  # close_notify
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self._over = ConnectionLost(f"{self.peer}: TLS: {_text(error)}")
            self._over.__cause__ = error
        if self._outgoing.pending:
            with suppress(ConnectionLost):  # what was read counts; who reads on will meet it
                self._emit()
        if records:
            return b"".join(records) if len(records) > 1 else records[0]
        if self._over is not None:
            raise self._over
        return b"" if self._ended else None


def _reader_of(tls: ssl.SSLObject) -> Callable[[], bytes]:
    """Return what reads a record's plaintext: not the method in Python around it, which costs a tenth of a read.

    That it is found under this name is no promise of Python's.
    """
    return partial(getattr(tls, "_sslobj", tls).read, _RECORD)


def _text(error: ssl.SSLError) -> str:
    return error.reason or str(error)
