"""HTTP CONNECT: a tunnel through a proxy, since venues' limits are per IP address."""

from base64 import b64encode
from urllib.parse import unquote, urlsplit

import h11
from msgspec import Struct

from feedtree.exchanges.errors import ConnectionLost, ProxyRefused
from feedtree.exchanges.wire.transport import Transport, receive


class Proxy(Struct, frozen=True):
    """Where the proxy is, and the credentials it wants."""

    host: str
    port: int
    authorization: str | None = None

    @classmethod
    def parse(cls, url: str) -> "Proxy":
        """Read ``http://[user:password@]host:port``.

        Raises:
            ValueError: it is none. The message does not repeat it: it may hold a password.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.port is None:
            raise ValueError("a proxy is written http://[user:password@]host:port")
        if parts.username is None:
            return cls(parts.hostname, parts.port)
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return cls(parts.hostname, parts.port, "Basic " + b64encode(secret.encode()).decode())

    def __repr__(self) -> str:
        return f"Proxy({self.host}:{self.port})"


async def tunnel(transport: Transport, proxy: Proxy, host: str, port: int) -> None:
    """Ask the proxy for a tunnel; after it the transport's bytes are the target's.

    Raises:
        ProxyRefused: any answer but 2xx, or none.
    """
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    headers = [("Host", target)]
    if proxy.authorization:
        headers.append(("Proxy-Authorization", proxy.authorization))
    http = h11.Connection(h11.CLIENT)
    try:
        await transport.send_all(http.send(h11.Request(method="CONNECT", target=target, headers=headers)))
        http.send(h11.EndOfMessage())
        answer = await _answer(transport, http)
    except (h11.RemoteProtocolError, ConnectionLost) as error:
        raise ProxyRefused(target, "proxy", f"{proxy.host}:{proxy.port}: {error}") from error
    if not 200 <= answer.status_code < 300:
        reason = answer.reason.decode("latin-1")
        raise ProxyRefused(target, "proxy", f"{proxy.host}:{proxy.port}: HTTP {answer.status_code} {reason}")
    if http.trailing_data[0]:
        raise ProxyRefused(target, "proxy", f"{proxy.host}:{proxy.port}: bytes before the first of ours")


async def _answer(transport: Transport, http: h11.Connection) -> h11.Response:
    while True:
        event = http.next_event()
        if isinstance(event, h11.Response):
            return event
        if event is h11.NEED_DATA:
            http.receive_data(await receive(transport))  # h11 refuses an end here
