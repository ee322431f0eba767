"""REST calls of one venue: one GET, bounded in time and size, with typed errors.

httpx is imported with the first call: an app that only streams does not pay for it.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias, TypeVar
from urllib.parse import urlsplit

import msgspec
import trio

from feedtree.exchanges.errors import LONGEST_PAUSE, RestFailed, VenueThrottled
from feedtree.exchanges.wire.transport import Network

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
Explain: TypeAlias = Callable[[bytes], tuple[str, str]]  # an error's body -> the venue's code and text

_THROTTLED = (403, 418, 429)
_RESET_AT = "X-Gate-RateLimit-Reset-Timestamp"  # unix seconds; Gate.io's websocket gives milliseconds
_MILLISECONDS = 1e11  # as seconds that is the year 5138


class RestClient:
    """GETs to one venue over a `Network`; connections are kept between calls.

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
            status, headers, body = await self._call(path, params)
            if 200 <= status < 300:
                return body
            raise self._refusal(path, status, headers, body, explain)
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
        try:
            return msgspec.json.decode(body, type=shape, strict=False)
        except (ValueError, RecursionError) as error:
            raise RestFailed(path, f"the body does not decode: {error}") from error

    async def aclose(self) -> None:
        """Close the connections that were kept; the next call opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _call(self, path: str, params: Mapping[str, str]) -> "tuple[int, httpx.Headers, bytes]":
        import httpx

        client = self._client = self._client or self._open()
        body = bytearray()
        try:
            async with client.stream("GET", self._base_url + path, params=dict(params)) as response:
                with trio.CancelScope() as scope:
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        if len(body) > self._max_body:
                            scope.cancel()  # ends httpx's nested generators in order; leaving the loop would not
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RestFailed(path, f"{self._host}: {type(error).__name__} {error}".rstrip()) from error
        if len(body) > self._max_body:
            raise RestFailed(path, f"the body is over {self._max_body} bytes")
        return response.status_code, response.headers, bytes(body)

    def _open(self) -> "httpx.AsyncClient":
        import httpx

        from feedtree.exchanges.wire.httpx_network import NetworkTransport

        transport = NetworkTransport(
            self._network, ca_file=self._ca_file, local_address=self._local_address, proxy=self._proxy
        )
        return httpx.AsyncClient(transport=transport, timeout=self._timeout, trust_env=False)

    def _refusal(
        self, path: str, status: int, headers: "httpx.Headers", body: bytes, explain: Explain
    ) -> RestFailed | VenueThrottled:
        code, text = explain(body)
        words = f"{code} {text}".strip() or body[:200].decode(errors="replace")
        if status in _THROTTLED:
            return VenueThrottled(self._host, status, words, retry_after=retry_after(headers, self._wall()))
        return RestFailed(path, f"HTTP {status} {words}", status=status, code=code)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a venue asks to wait, at most an hour; None where it does not say.

    Args:
        headers: ``Retry-After`` (seconds or an HTTP date), or Gate.io's reset time; case does not matter if the
            mapping's does not.
        now: UTC seconds.
    """
    pause = _stated(headers.get("Retry-After", ""), now)
    if pause is None:
        reset = _number(headers.get(_RESET_AT, ""))
        if reset is not None:
            pause = (reset / 1000 if reset > _MILLISECONDS else reset) - now
    return None if pause is None else min(max(pause, 0.0), LONGEST_PAUSE)


def _stated(value: str, now: float) -> float | None:
    seconds = _number(value)
    if seconds is not None:
        return seconds
    from email.utils import parsedate_to_datetime  # late: 15 ms, and dates are rare

    try:
        return parsedate_to_datetime(value).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _number(value: str) -> float | None:
    return float(value) if value.isascii() and value.isdigit() else None
