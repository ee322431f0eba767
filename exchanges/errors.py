"""The errors of the exchange side, each with its verdict.

Retryable
├── ConnectFailed            no connection came about; `phase` says where
│   ├── ResolveFailed        the name has no address (phase dns)
│   ├── DialFailed           refused or unreachable (phase tcp)
│   ├── ProxyRefused         the HTTP CONNECT proxy said no (phase proxy)
│   ├── TlsFailed            handshake or certificate (phase tls)
│   ├── UpgradeRefused       an HTTP answer other than 101 (phase upgrade); status and body
│   └── ConnectTimeout       a phase took longer than its deadline
├── ConnectionLost           it was up, and ended
│   ├── ClosedByPeer         a close frame, with code and reason
│   └── ProtocolViolation    the peer broke RFC 6455
│       └── FrameTooLarge    a frame or message over the cap
├── Stalled                  up, but silent past the deadline
├── SubscribeTimeout         requests stayed unanswered
├── Desynchronised           too many gaps: the stream as a whole is in doubt
├── PlannedReconnect         the venue announced that it will close the connection
├── RestFailed               a REST call failed; status, venue's code and text
├── SubscriptionRefused      the venue refused a private channel, and no key is to blame
├── LeaseInvalid             the listen key is not valid any more
└── Throttled
    └── VenueThrottled       403, 418 or 429, on an upgrade or a REST call
Fatal                        no retry can help: the account is parked until a person acts
├── AuthenticationFailed     key or secret are not the venue's
├── PermissionMissing        the key may not do what is needed
├── IpNotAllowed             the key is not for this address
└── ClockSkewed              the venue refuses our time, though its clock was asked
DecodeStorm                  a bug: too many frames that do not decode
Superseded                   a bug or a late task: publishing through an outdated generation
StreamNotLive                a wait that was not fulfilled in time; no fault of a stream
"""

from feedtree.supervisors.verdicts import Fatal, Retryable, Throttled


class ConnectFailed(Retryable):
    """No connection came about.

    Attributes:
        host: where it was going, ``host:port``.
        phase: ``dns``, ``tcp``, ``proxy``, ``tls`` or ``upgrade``.
    """

    def __init__(self, host: str, phase: str, reason: str) -> None:
        super().__init__(f"{host}: {phase}: {reason}")
        self.host = host
        self.phase = phase


class ResolveFailed(ConnectFailed):
    """The host's name has no address."""


class DialFailed(ConnectFailed):
    """The TCP connection was refused, or no route leads there."""


class ProxyRefused(ConnectFailed):
    """The HTTP CONNECT proxy refused the tunnel."""


class TlsFailed(ConnectFailed):
    """The TLS handshake failed, or the certificate is not trusted."""


class ConnectTimeout(ConnectFailed):
    """A phase of connecting took longer than its deadline."""


class UpgradeRefused(ConnectFailed):
    """The server answered the websocket upgrade with another status than 101.

    Attributes:
        status: the HTTP status.
        body: the first bytes of the body, decoded.
    """

    def __init__(self, host: str, status: int, body: str) -> None:
        super().__init__(host, "upgrade", f"HTTP {status} {body[:200]!r}")
        self.status = status
        self.body = body


LONGEST_PAUSE = 3600.0  # what a venue may ask for at most, in seconds; more is taken for this


class VenueThrottled(Throttled):
    """The venue answered 403, 418 or 429: too many requests, or an address that must pause.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, host: str, status: int, text: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{host}: HTTP {status} {text[:200]!r}", retry_after=retry_after)
        self.status = status


class ConnectionLost(Retryable):
    """The connection ended without a close frame: reset, or end of the stream."""


class ClosedByPeer(ConnectionLost):
    """The peer sent a close frame.

    Attributes:
        code: the close code, 1005 where none was sent.
        reason: its text.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed by the peer: {code} {reason!r}")
        self.code = code
        self.reason = reason


class ProtocolViolation(ConnectionLost):
    """The peer broke the websocket protocol."""


class FrameTooLarge(ProtocolViolation):
    """A frame or message is larger than the cap."""

    def __init__(self, size: int, cap: int) -> None:
        super().__init__(f"a message of {size} bytes or more is over the cap of {cap} bytes")
        self.size = size
        self.cap = cap


class Stalled(Retryable):
    """The connection is up, but nothing came, and no ping was answered, in time."""


class SubscribeTimeout(Retryable):
    """The venue left subscription requests unanswered."""


class Desynchronised(Retryable):
    """Too many gaps in too short a time: the stream as a whole is in doubt."""


class PlannedReconnect(Retryable):
    """The venue announced that it will close this connection."""


class RestFailed(Retryable):
    """A REST call failed.

    Attributes:
        status: the HTTP status, 0 where no answer came.
        code: the venue's own code or label, empty where it gave none.
        sent: whether the venue may have heard of the call; False only where it cannot.
    """

    def __init__(self, call: str, reason: str, *, status: int = 0, code: str = "", sent: bool = True) -> None:
        super().__init__(f"{call}: {reason}")
        self.status = status
        self.code = code
        self.sent = sent


class SubscriptionRefused(Retryable):
    """The venue refused a private channel for a reason that may pass."""


class LeaseInvalid(Retryable):
    """The venue does not take the listen key (any more): a new one is needed."""


class AuthenticationFailed(Fatal):
    """The venue knows no such key, or the secret is not the key's."""


class PermissionMissing(Fatal):
    """The key is good, and may not do what is needed."""


class IpNotAllowed(Fatal):
    """The key is good, and not for the address that the venue sees."""


class ClockSkewed(Fatal):
    """The venue refuses the time of a signature, which was taken from its own clock just before."""


class DecodeStorm(Exception):
    """More than 10 undecodable frames within 10 s that are over 5 % of all frames: a bug, counted."""


class StreamNotLive(Exception):
    """Not everything that was waited for was live in time, or can be; the message names what is not, and why."""
