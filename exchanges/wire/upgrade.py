"""From a target to an open websocket: dial, ask for the upgrade, judge the answer."""

import re
from collections.abc import Sequence

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, RejectConnection, RejectData, Request
from wsproto.utilities import RemoteProtocolError

from feedtree.exchanges.errors import (
    LONGEST_PAUSE,
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    UpgradeRefused,
    VenueThrottled,
)
from feedtree.exchanges.pauses import THROTTLED
from feedtree.exchanges.wire.target import Target, tls_context
from feedtree.exchanges.wire.transport import Network, Transport, receive

_BODY = 4_096  # bytes of a refusal's body that are kept
_HEAD_END = re.compile(rb"\n\r?\n")  # as h11 sees it


async def open_upgraded(target: Target, network: Network) -> tuple[Transport, bytes]:
    """Dial and upgrade, all of it within connect and upgrade timeout. Cancelled or failed, nothing stays open.

    Returns:
        The transport, and the bytes that came behind the server's answer.

    Raises:
        ConnectFailed: see `Network.dial`; `UpgradeRefused` and `ConnectTimeout` also from the upgrade.
        VenueThrottled: the server answered 403, 418 or 429.
        Fatal: the ca_file cannot be used.
    """
    end = trio.current_time() + target.timeouts.total
    host, port = target.address
    transport = await network.dial(
        host,
        port,
        tls=tls_context(target.ca_file) if target.secure else None,
        local_address=target.local_address,
        proxy=target.proxy,
        timeouts=target.timeouts,
    )
    try:
        return transport, await _upgrade(transport, target, end)
    except BaseException:
        transport.close()
        raise


async def _upgrade(transport: Transport, target: Target, end: float) -> bytes:
    answer = _Answer(target)
    start = trio.current_time()
    with trio.CancelScope(deadline=min(end, start + target.upgrade_timeout)) as scope:
        try:
            await transport.send_all(answer.request())
            while not answer.complete:
                answer.feed(await receive(transport))
        except ConnectionLost as error:
            raise ConnectFailed(target.where, "upgrade", str(error)) from error
    if answer.status != 101:
        if answer.status:
            raise answer.refusal()
        raise ConnectTimeout(target.where, "upgrade", f"no answer in {scope.deadline - start:.3g} s")
    return answer.behind


class _Answer:
    """The client's side of the upgrade."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._http = WSConnection(ConnectionType.CLIENT)
        self._seen = b""  # the end of what came, in which the head may end
        self._headers: Sequence[tuple[bytes, bytes]] = ()
        self._body = b""
        self.status = 0
        self.complete = False
        self.behind = b""

    def request(self) -> bytes:
        target = self._target
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in target.headers]
        return self._http.send(Request(host=target.authority, target=target.resource, extra_headers=headers))

    def feed(self, data: bytes) -> None:
        if not data:
            self._end()
        elif not self.status:
            # wsproto takes bytes behind a 101 for frames; they belong to who reads the connection.
            end = _HEAD_END.search(self._seen + data)
            cut = end.end() - len(self._seen) if end else len(data)
            self._seen = (self._seen + data[:cut])[-3:]
            self._advance(data[:cut])
            self._feed_behind(data[cut:])
        else:
            self._feed_behind(data)

    def refusal(self) -> Exception:
        text = self._body.decode("utf-8", "replace")
        where = self._target.where
        if self.status in THROTTLED:
            return VenueThrottled(where, self.status, text, retry_after=self._retry_after())
        return UpgradeRefused(where, self.status, text)

    def _feed_behind(self, data: bytes) -> None:
        if self.status == 101:
            self.behind = data
        elif data and not self.complete:
            self._advance(data)

    def _end(self) -> None:
        if not self.status:
            raise ConnectFailed(self._target.where, "upgrade", "the connection ended without an answer")
        self.complete = True

    def _advance(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            for event in self._http.events():
                self._take(event)
        except (RemoteProtocolError, UnicodeDecodeError) as error:
            if not self.status:
                raise ConnectFailed(self._target.where, "upgrade", str(error)) from error
            self.complete = True  # a broken body; the status says enough

    def _take(self, event: object) -> None:
        match event:
            case AcceptConnection():
                self.status, self.complete = 101, True
            case RejectConnection():
                self.status, self._headers = event.status_code, event.headers
                self.complete = not event.has_body
            case RejectData():
                self._body = (self._body + event.data)[:_BODY]
                self.complete = event.body_finished or len(self._body) == _BODY

    def _retry_after(self) -> float | None:
        for name, value in self._headers:
            if name.lower() == b"retry-after" and value.isdigit():
                return min(float(value), LONGEST_PAUSE)
        return None
