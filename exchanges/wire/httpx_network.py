"""REST over the same networks as the websockets: an httpx transport. Import it late: it brings httpx along."""

import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

import httpcore
import httpx
import trio

from feedtree.exchanges.errors import ConnectFailed, ConnectionLost, ConnectTimeout, TlsFailed
from feedtree.exchanges.wire.target import tls_context
from feedtree.exchanges.wire.tls import TlsTransport
from feedtree.exchanges.wire.transport import DEFAULT_TIMEOUTS, Network, Timeouts, Transport

KEPT_FOR = 5.0  # seconds without a request after which a connection is used no more

_TO_HTTPX: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
}


class NetworkTransport(httpx.AsyncBaseTransport):
    """Carries the requests of an `httpx.AsyncClient` over a `Network`; connections are kept and used again.

    Faults are httpx's own; the cause of an `httpx.ConnectError` or `httpx.ConnectTimeout` is the typed
    `ConnectFailed`.

    Args:
        network: what carries it.
        ca_file: PEM file of the only authorities to trust; the system's where None.
        local_address: the IP address to connect from.
        proxy: ``http://[user:password@]host:port`` of an HTTP CONNECT proxy.
        timeouts: of dialling; httpx's own bound the rest.
        max_connections: open at a time; further requests wait.

    Raises:
        Fatal: the ca_file cannot be used.
    """

    def __init__(
        self,
        network: Network,
        *,
        ca_file: str | None = None,
        local_address: str | None = None,
        proxy: str | None = None,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        max_connections: int = 10,
    ) -> None:
        self._backend = _Backend(network, proxy, timeouts)
        self._room = trio.Semaphore(max_connections, max_value=max_connections)
        # Requests wait for room here, and never within the pool: one that is cancelled there, just when a connection is
        # made for it, leaves it behind for ever (httpcore #1093), and where all are left behind nothing is answered.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls_context(ca_file),
            max_connections=None,
            max_keepalive_connections=max_connections,
            keepalive_expiry=None,  # a stream tells by trio's clock how long it has been idle
            local_address=local_address,
            network_backend=self._backend,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; return its response, whose body is still to be read."""
        url = request.url
        forwarded = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=_Content(await request.aread()),
            extensions=request.extensions,
        )
        with _as_httpx():
            with _limit(request.extensions.get("timeout", {}).get("pool"), httpcore.PoolTimeout):
                await self._room.acquire()
            try:
                if self._alone:
                    await self._clear()
                response = await self._pool.handle_async_request(forwarded)
            except BaseException:
                self._room.release()
                raise
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response, self._room.release),
            extensions=response.extensions,
        )

    @property
    def _alone(self) -> bool:
        """Whether the request that has room is the only one."""
        return self._room.value == (self._room.max_value or 0) - 1

    async def _clear(self) -> None:
        """Forget connections that no request has, and none can use: cancelling in another moment leaves such, too."""
        if not all(each.is_idle() or each.is_closed() for each in self._pool.connections):
            await self._pool.aclose()

    def doubt(self) -> None:
        """Use no connection again that has been kept until now: the way that it took may be broken."""
        self._backend.trust.since = trio.current_time()

    async def tidy(self) -> None:
        """Close the kept connections that will not be used again: the pool does so with its next request alone.

        Where no other is left the pool forgets them, too: each holds some 40 KiB of TLS also when it is closed.
        """
        over = [each for each in self._pool.connections if each.is_idle() and each.has_expired()]
        for connection in over:
            await connection.aclose()
        if all(each.is_closed() for each in self._pool.connections):
            await self._pool.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        with _as_httpx():
            await self._pool.aclose()


class _Content:
    """A request's body. Not an async generator, which a failed write would leave to the garbage collector."""

    def __init__(self, body: bytes) -> None:
        self._parts = [body] if body else []

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._parts:
            raise StopAsyncIteration
        return self._parts.pop()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response, done: Callable[[], None]) -> None:
        self._response = response
        self._done: Callable[[], None] | None = done

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._response.aiter_stream():
                yield part

    async def aclose(self) -> None:
        try:
            await self._response.aclose()
        finally:
            done, self._done = self._done, None
            if done is not None:
                done()


class _Trust:
    """Since when connections are trusted that were used after it (trio time)."""

    def __init__(self) -> None:
        self.since = -inf


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, network: Network, proxy: str | None, timeouts: Timeouts) -> None:
        self._network = network
        self._proxy = proxy
        self._timeouts = timeouts
        self.trust = _Trust()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            with _limit(timeout, httpcore.ConnectTimeout):
                transport = await self._network.dial(
                    host, port, local_address=local_address, proxy=self._proxy, timeouts=self._timeouts
                )
        except ConnectTimeout as error:
            raise httpcore.ConnectTimeout(error) from error
        except ConnectFailed as error:
            raise httpcore.ConnectError(error) from error
        return _Stream(transport, f"{host}:{port}", self.trust)


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, transport: Transport, where: str, trust: _Trust) -> None:
        self._transport = transport
        self._where = where
        self._trust = trust
        self._heard_at = trio.current_time()
        self._surplus = b""
        self._ended = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            with _limit(timeout, httpcore.ReadTimeout):
                await self._fill()
        except (ConnectionLost, trio.ClosedResourceError) as error:
            raise httpcore.ReadError(str(error)) from error
        data, self._surplus = self._surplus[:max_bytes], self._surplus[max_bytes:]
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            with _limit(timeout, httpcore.WriteTimeout):
                await self._transport.send_all(buffer)
        except (ConnectionLost, trio.ClosedResourceError) as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        secured = TlsTransport(self._transport, ssl_context, server_hostname=server_hostname)
        try:
            with _limit(timeout, httpcore.ConnectTimeout):
                await secured.handshake(self._where)
        except TlsFailed as error:
            self._transport.close()
            raise httpcore.ConnectError(error) from error
        except BaseException:
            self._transport.close()
            raise
        return _Stream(secured, self._where, self._trust)

    def get_extra_info(self, info: str) -> Any:
        """Answer what the pool asks of an idle connection: whether it is readable, which means over.

        One that is in doubt, or was not used for long, is called readable, so that the pool lets it go.
        """
        if info != "is_readable":
            return None
        if self._heard_at <= self._trust.since or trio.current_time() - self._heard_at > KEPT_FOR:
            return True
        try:
            data = self._transport.receive_nowait()
        except (ConnectionLost, trio.ClosedResourceError):
            return True
        if data is not None:
            self._take(data)
        return data is not None

    async def _fill(self) -> None:
        while not (self._surplus or self._ended):
            await self._transport.wait_readable()
            data = self._transport.receive_nowait()
            if data is not None:
                self._take(data)

    def _take(self, data: bytes) -> None:
        self._surplus += data
        self._ended = not data
        self._heard_at = trio.current_time()


@contextmanager
def _limit(seconds: float | None, error: type[Exception]) -> Iterator[None]:
    if seconds is None:
        yield
        return
    with trio.CancelScope(deadline=trio.current_time() + seconds) as scope:
        yield
    if scope.cancelled_caught:
        raise error(f"no answer in {seconds:g} s")


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except tuple(_TO_HTTPX) as error:
        # The pool raises connect errors again "from None"; what we gave them as argument is still there.
        cause = next((arg for arg in error.args if isinstance(arg, Exception)), error)
        raise _TO_HTTPX[type(error)](str(error)) from cause
