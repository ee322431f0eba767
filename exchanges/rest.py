"""REST calls of one venue, bounded in time and size, with typed errors.

Public calls are GETs (`RestClient.get`, `RestClient.fetch`). Signed calls (`RestClient.send`) have any method,
headers and a body, return whatever was answered, and tell whether the venue may have heard of them: an order may hang
on that. They go past httpx's client, which would log their URLs: a listen key may stand in one.

httpx is imported with the first call: an app that only streams does not pay for it.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn, TypeAlias, TypeVar
from urllib.parse import urlsplit

import trio

from feedtree.exchanges.answers import Explain, RestAnswer, decoded, refusal
from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.wire.transport import Network

if TYPE_CHECKING:
    import httpx

    from feedtree.exchanges.wire.httpx_network import NetworkTransport

T = TypeVar("T")
TIDIED_AFTER = 6.0  # seconds, a little longer than connections are kept without a call
Trace: TypeAlias = Callable[[str, object], Awaitable[None]]  # what httpcore tells of a call's steps


class _Unanswered(Exception):
    """A call came to no answer that can be used; its argument says why."""


class RestClient:
    """Calls to one venue over a `Network`; connections are kept between calls.

    Args:
        base_url: with the path that all calls share, without a trailing slash.
        network: what the bytes go through.
        ca_file: a PEM file of the authorities to trust instead of the system's.
        local_address: the local IP address to connect from.
        proxy: the URL of an HTTP CONNECT proxy.
        timeout: seconds for one call, from the look-up of the name to the last byte.
        max_body: bytes; a larger answer is a `RestFailed`.
        wall: UTC seconds, for venues that say when a pause ends instead of how long it is.
    """

    def __init__(
        self,
        base_url: str,
        network: Network,
        *,
        ca_file: str | None = None,
        local_address: str | None = None,
        proxy: str | None = None,
        timeout: float = 10.0,
        max_body: int = 32 * 2**20,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._host = urlsplit(base_url).netloc
        self._network = network
        self._ca_file = ca_file
        self._local_address = local_address
        self._proxy = proxy
        self._timeout = timeout
        self._max_body = max_body
        self._wall = wall
        self._client: httpx.AsyncClient | None = None
        self._transport: NetworkTransport | None = None
        self._opened: list[NetworkTransport] = []  # the client's own one, and that of signed calls
        self._called = trio.Event()  # a call has ended since connections were looked at

    @property
    def host(self) -> str:
        """The host of the base URL, with its port where one is named."""
        return self._host

    @property
    def base_path(self) -> str:
        """The path that all calls share, ``/api/v4``; empty where there is none."""
        return urlsplit(self._base_url).path

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Mapping[str, str] = MappingProxyType({}),
        body: bytes = b"",
        timeout: float | None = None,
        on_sent: Callable[[], None] = lambda: None,
    ) -> RestAnswer:
        """Do one call, and return what was answered, also where that is a refusal. Nothing is ever sent twice.

        Cancelled, the call's connection is dropped; ``on_sent`` has told whether the venue may have heard of it.

        Args:
            method: ``POST``, in upper case.
            path: begins with a slash, after the base URL.
            query: escaped, without ``?``; sent as it is, since a signature may cover it.
            headers: beside those of HTTP itself.
            body: sent as it is.
            timeout: seconds for the whole call, up to the client's own, which it is where None.
            on_sent: called just before the first byte of the request goes out.

        Raises:
            RestFailed: no answer in time, one that is too large, or no connection; its ``sent`` tells whether the
                venue may have heard of the call.
        """
        sent = False

        async def trace(event: str, info: object) -> None:
            nonlocal sent
            if not sent and event.endswith(".send_request_headers.started"):
                sent = True
                on_sent()

        limit = self._timeout if timeout is None else min(timeout, self._timeout)
        reason = f"no answer from {self._host} within {limit:g} s"
        cause: Exception | None = None
        try:
            with trio.move_on_after(limit):
                return await self._send(method, f"{path}?{query}" if query else path, headers, body, trace)
        except _Unanswered as error:
            reason, cause = error.args[0], error
        raise RestFailed(path, reason, sent=sent) from cause

    async def get(
        self, path: str, params: Mapping[str, str], *, explain: Explain = lambda body: ("", "")
    ) -> bytes:
        """Return the body of a 2xx answer. Cancelled, the call's connection is dropped.

        Args:
            path: begins with a slash, after the base URL.
            params: the query, unescaped.
            explain: reads the venue's own code and text from the body of a refusal; empty where it has none.

        Raises:
            VenueThrottled: 403, 418 or 429; make no further call before ``retry_after``.
            RestFailed: any other answer, none in time, one that is too large, or no connection.
        """
        with trio.move_on_after(self._timeout):
            answer = await self._call(path, params)
            if answer.success:
                return answer.body
            raise refusal(self._host, path, answer, explain(answer.body), self._wall())
        raise RestFailed(path, f"no answer from {self._host} within {self._timeout:g} s")

    async def fetch(
        self,
        path: str,
        params: Mapping[str, str],
        shape: type[T],
        *,
        explain: Explain = lambda body: ("", ""),
    ) -> T:
        """Return the body of a 2xx answer, decoded; numbers in text are read as numbers.

        Args:
            path: see `get`.
            params: see `get`.
            shape: what the body is.
            explain: see `get`.

        Raises:
            VenueThrottled: see `get`.
            RestFailed: see `get`, and where the body has another shape.
        """
        body = await self.get(path, params, explain=explain)
        return decoded(path, body, shape, strict=False)

    def doubt(self) -> None:
        """Use no connection again that has been kept until now, since another one to this venue was lost.

        It may have been lost in the same way and not have noticed: a call on it would wait for its timeout. Calls that
        are under way go on.
        """
        for transport in self._opened:
            transport.doubt()

    async def tidy(self) -> NoReturn:
        """Close kept connections some seconds after the last call, until cancelled: venues close them at their end."""
        while True:
            await self._called.wait()
            self._called = trio.Event()
            await trio.sleep(TIDIED_AFTER)
            for transport in list(self._opened):
                await transport.tidy()

    async def aclose(self) -> None:
        """Close the connections that were kept; the next call opens new ones."""
        client, self._client = self._client, None
        transport, self._transport = self._transport, None
        self._opened.clear()
        if client is not None:
            await client.aclose()
        if transport is not None:
            await transport.aclose()

    async def _call(self, path: str, params: Mapping[str, str]) -> RestAnswer:
        import httpx

        client = self._client = self._client or self._open()
        try:
            async with client.stream("GET", self._base_url + path, params=dict(params)) as response:
                return RestAnswer(response.status_code, response.headers, await self._whole(response))
        except _Unanswered as error:
            raise RestFailed(path, error.args[0]) from error.__cause__
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RestFailed(path, self._said(error)) from error
        finally:
            self._called.set()

    async def _send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, trace: Trace
    ) -> RestAnswer:
        import httpx

        transport = self._transport = self._transport or self._open_transport()
        timeout = httpx.Timeout(self._timeout).as_dict()
        try:
            request = httpx.Request(
                method,
                self._base_url + target,
                headers=dict(headers),
                content=body,
                extensions={"timeout": timeout, "trace": trace},
            )
            response = await transport.handle_async_request(request)
            try:
                return RestAnswer(response.status_code, response.headers, await self._whole(response))
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Unanswered(self._said(error)) from error
        finally:
            self._called.set()

    async def _whole(self, response: "httpx.Response") -> bytes:
        body = bytearray()
        with trio.CancelScope() as scope:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self._max_body:
                    scope.cancel()  # ends httpx's nested generators in order; leaving the loop would not
        if len(body) > self._max_body:
            raise _Unanswered(f"the body is over {self._max_body} bytes")
        return bytes(body)

    def _said(self, error: Exception) -> str:
        return f"{self._host}: {type(error).__name__} {error}".rstrip()

    def _open(self) -> "httpx.AsyncClient":
        import httpx

        return httpx.AsyncClient(transport=self._open_transport(), timeout=self._timeout, trust_env=False)

    def _open_transport(self) -> "NetworkTransport":
        from feedtree.exchanges.wire.httpx_network import NetworkTransport

        transport = NetworkTransport(
            self._network, ca_file=self._ca_file, local_address=self._local_address, proxy=self._proxy
        )
        self._opened.append(transport)
        return transport
