"""HTTP/1.1 on a transport, parsed by h11."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import h11
import msgspec

from feedtree.exchanges.wire.transport import Transport, receive

_MAX_BODY = 2**20


@dataclass(frozen=True, slots=True)
class Request:
    """A request with its body.

    Args:
        method: upper case.
        target: path and query as sent.
        path: without the query.
        query: the last value of each name.
        headers: as h11 gives them, names lower case.
        body: its bytes.
        peer: who asks, ``host:port``.
    """

    method: str
    target: str
    path: str
    query: Mapping[str, str]
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    peer: str

    @property
    def upgrades(self) -> bool:
        """Whether it asks for a websocket."""
        return any(name == b"upgrade" and value.lower() == b"websocket" for name, value in self.headers)

    @property
    def host(self) -> str:
        """The caller's address without the port."""
        return self.peer.rpartition(":")[0]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer.

    Args:
        status: the HTTP status.
        body: its bytes.
        headers: beyond those of framing and type.
        content_type: of the body.
    """

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = field(default=())
    content_type: str = "application/json; charset=utf-8"


def json_response(content: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return an answer whose body is JSON."""
    return Response(status, msgspec.json.encode(content), headers)


class HttpConnection:
    """The HTTP side of a connection, until it ends or becomes a websocket.

    Args:
        transport: read and written, never closed here.
    """

    __slots__ = ("_bodiless", "_http", "_transport")

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._http = h11.Connection(h11.SERVER)
        self._bodiless = False  # what was asked for is answered without its body

    @property
    def trailing(self) -> bytes:
        """Bytes that came behind the last request."""
        return self._http.trailing_data[0]

    async def next_request(self) -> Request | None:
        """Wait for a request; None where the client is done, or speaks no HTTP.

        Raises:
            ConnectionLost: the connection broke.
        """
        try:
            event = await self._next_event()
            if not isinstance(event, h11.Request):
                return None
            self._bodiless = event.method == b"HEAD"
            body = b"" if _upgrades(event) else await self._body()
            return _request(event, body, self._transport.peer)
        except (h11.RemoteProtocolError, ValueError):  # ValueError: a target that is no URL
            return None

    async def answer(self, response: Response) -> bool:
        """Send an answer; return whether the connection can carry another request."""
        headers = [
            ("content-type", response.content_type),
            ("content-length", str(len(response.body))),
            *response.headers,
        ]
        phrase = HTTPStatus(response.status).phrase.encode()
        head = h11.Response(status_code=response.status, headers=headers, reason=phrase)
        parts = (head, h11.Data(data=b"" if self._bodiless else response.body), h11.EndOfMessage())
        await self._transport.send_all(b"".join(self._http.send(part) or b"" for part in parts))
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    async def _next_event(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await receive(self._transport))
        return event

    async def _body(self) -> bytes:
        body = b""
        while isinstance(event := await self._next_event(), h11.Data):
            body += event.data
            if len(body) > _MAX_BODY:
                raise h11.RemoteProtocolError("the body is too large")
        return body


def _upgrades(request: h11.Request) -> bool:
    return any(name == b"upgrade" for name, _ in request.headers)


def _request(event: h11.Request, body: bytes, peer: str) -> Request:
    target = event.target.decode("ascii", "replace")
    parts = urlsplit(target)
    return Request(
        method=event.method.decode("ascii", "replace"),
        target=target,
        path=parts.path,
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=tuple(event.headers),
        body=body,
        peer=peer,
    )
