"""Where a websocket connection goes, and within what bounds."""

import re
import ssl
from functools import cache
from urllib.parse import urlsplit

from msgspec import Struct

from feedtree.exchanges.wire.proxy import Proxy
from feedtree.exchanges.wire.transport import Timeouts
from feedtree.supervisors.verdicts import Fatal

DEFAULT_MAX_FRAME = 4 * 2**20
_PORTS = {"ws": 80, "wss": 443}
_VISIBLE = re.compile(r"[!-~]+")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_FIELD = re.compile(r"|[!-~\x80-\xff]([\t -~\x80-\xff]*[!-~\x80-\xff])?")  # RFC 9110, 5.5
_OWN_HEADERS = frozenset(
    (
        "host",
        "upgrade",
        "connection",
        "sec-websocket-key",
        "sec-websocket-version",
        "sec-websocket-extensions",
    )
)
_SMALLEST_CAP = 125  # a control frame always fits (RFC 6455, 5.5)


class Target(Struct, frozen=True):
    """A websocket endpoint as a venue's configuration names it.

    Args:
        url: ``ws://`` or ``wss://``.
        headers: added to the upgrade request.
        ca_file: PEM file of the only authorities to trust; the system's where None. Never switches checks off.
        local_address: the IP address to connect from.
        proxy: ``http://[user:password@]host:port`` of an HTTP CONNECT proxy.
        max_frame: bytes of the largest message; a larger one ends the connection with `FrameTooLarge`.
        connect_timeout: seconds for each of look-up, TCP, proxy and TLS.
        upgrade_timeout: seconds for the websocket upgrade. Both together bound the whole attempt.
        send_timeout: seconds after which a frame that the peer does not take ends the connection.

    Raises:
        ValueError: the url, a header or the proxy is malformed, or the cap is under 125 bytes.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    ca_file: str | None = None
    local_address: str | None = None
    proxy: str | None = None
    max_frame: int = DEFAULT_MAX_FRAME
    connect_timeout: float = 1.0
    upgrade_timeout: float = 1.0
    send_timeout: float = 5.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        odd = parts.fragment or parts.username is not None or not _VISIBLE.fullmatch(self.url)
        if odd or parts.scheme not in _PORTS or not parts.hostname or parts.port == 0:
            # The url may hold a key, and stays out of messages as it does out of the repr.
            raise ValueError("a websocket url is written ws(s)://host[:port][/path][?query]")
        for name, value in self.headers:
            own = name.lower() in _OWN_HEADERS or name.lower().startswith("sec-websocket-")
            if own or not (_TOKEN.fullmatch(name) and _FIELD.fullmatch(value)):
                raise ValueError(f"header {name!r} is malformed, or one that the upgrade sets itself")
        if self.max_frame < _SMALLEST_CAP:
            raise ValueError(f"max_frame is at least {_SMALLEST_CAP} bytes, got {self.max_frame}")
        if self.proxy is not None:
            Proxy.parse(self.proxy)

    def __repr__(self) -> str:
        return f"Target({self.where})"

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.url.startswith("wss:")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return str(parts.hostname), parts.port or _PORTS[parts.scheme]

    @property
    def where(self) -> str:
        """``host:port``, for messages."""
        host, port = self.address
        return f"{host}:{port}"

    @property
    def authority(self) -> str:
        """The Host header: without the port where it is the scheme's own."""
        return urlsplit(self.url).netloc.removesuffix(f":{_PORTS[urlsplit(self.url).scheme]}")

    @property
    def resource(self) -> str:
        """Path and query."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    @property
    def timeouts(self) -> Timeouts:
        """The limits of the dialling phases."""
        limit = self.connect_timeout
        return Timeouts(dns=limit, tcp=limit, proxy=limit, tls=limit, total=limit + self.upgrade_timeout)


@cache
def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Return the context that verifies servers: by the system's authorities, or only by those of a file.

    Raises:
        Fatal: the file cannot be read or holds no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # an unreadable PEM is an ssl.SSLError, which is an OSError
        raise Fatal(
            f"ca_file {ca_file}: {error.strerror or error}", remedy="name a readable PEM file of certificates"
        ) from error
    context.options |= ssl.OP_NO_RENEGOTIATION  # else a write might have to wait for a read
    return context
