"""The phases of dialling, the same over every network: open, CONNECT through a proxy, TLS handshake."""

import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import trio

from feedtree.exchanges.errors import ConnectTimeout
from feedtree.exchanges.wire.proxy import Proxy, tunnel
from feedtree.exchanges.wire.tls import TlsTransport
from feedtree.exchanges.wire.transport import OnPhase, Timeouts, Transport


class Attempt:
    """One attempt to connect: where it goes, and until when it may take."""

    def __init__(self, host: str, port: int, timeouts: Timeouts, on_phase: OnPhase) -> None:
        self.host = host
        self.port = port
        self.timeouts = timeouts
        self._on_phase = on_phase
        self._end = trio.current_time() + timeouts.total

    @property
    def where(self) -> str:
        """``host:port``."""
        return f"{self.host}:{self.port}"

    @contextmanager
    def phase(self, name: str, seconds: float) -> Iterator[None]:
        """Bound what is inside by the phase's own limit and by the whole attempt's, and tell how long it took.

        Raises:
            ConnectTimeout: the limit was reached.
        """
        start = trio.current_time()
        with trio.CancelScope(deadline=min(self._end, start + seconds)) as scope:
            yield
        if scope.cancelled_caught:
            raise ConnectTimeout(self.where, name, f"no answer in {scope.deadline - start:.3g} s")
        self._on_phase(name, trio.current_time() - start)


OpenPlain = Callable[[Attempt, str, int], Awaitable[Transport]]


async def layered(
    open_plain: OpenPlain,
    attempt: Attempt,
    *,
    tls: ssl.SSLContext | None,
    server_hostname: str | None,
    proxy: str | None,
) -> Transport:
    """Open a connection and what is to stand on it; on any failure nothing stays open."""
    via = Proxy.parse(proxy) if proxy else None
    first = (via.host, via.port) if via else (attempt.host, attempt.port)
    transport = await open_plain(attempt, *first)
    try:
        if via:
            with attempt.phase("proxy", attempt.timeouts.proxy):
                await tunnel(transport, via, attempt.host, attempt.port)
        if tls is None:
            return transport
        secured = TlsTransport(transport, tls, server_hostname=server_hostname or attempt.host)
        with attempt.phase("tls", attempt.timeouts.tls):
            await secured.handshake(attempt.where)
    except BaseException:
        transport.close()
        raise
    return secured
