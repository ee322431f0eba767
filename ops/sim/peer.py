"""One websocket client, as the server sees it."""

from collections.abc import Callable, Sequence
from typing import Protocol

import trio
from wsproto import WSConnection
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.wire.transport import Transport
from feedtree.ops.sim.journal import Journal

_MAX_MESSAGE = 2**20


class Session(Protocol):
    """A venue's side of one connection."""

    def on_text(self, text: str) -> None:
        """Handle a text message of the client."""
        ...

    def on_ping(self) -> bool:
        """Note a protocol ping; return whether it is answered."""
        ...

    def close(self) -> None:
        """Forget the connection: it has ended."""
        ...


class Peer:
    """A connected client: a bounded buffer towards it, and the times by which a venue judges it.

    Frames are collected and written once per batch. A client that reads too slowly, so that more than
    ``buffer`` bytes wait, is cut off.

    Args:
        number: names it in the journal.
        path: what it asked for, with the query.
        transport: the connection, its upgrade done.
        websocket: the protocol state after the handshake.
        buffer: bytes that may wait.
        now_ns: UTC.
        journal: where its traffic is noted.

    Attributes:
        opened_ns: when it connected.
        heard_ns: its last frame of any kind.
        pinged_ns: its last ping of either kind.
        fed_ns: the last data for it.
        emptied_ns: since when it has no subscription.
        server_pinged_ns: the server's own last ping.
        asked_ns: when the server's own ping went out that is not answered yet; 0: none is out.
        deaf: black-holed: neither read nor written any more.
        muted: gets answers, and no pushes any more.
    """

    def __init__(
        self,
        number: int,
        path: str,
        transport: Transport,
        websocket: WSConnection,
        *,
        buffer: int,
        now_ns: Callable[[], int],
        journal: Journal,
    ) -> None:
        self.number = number
        self.path = path
        self.deaf = False
        self.muted = False
        self.frame_per_write = False
        self.session: Session | None = None
        self._transport = transport
        self._websocket = websocket
        self._buffer = buffer
        self._now_ns = now_ns
        self._journal = journal
        self._out: list[bytes] = []
        self._parts = ""  # of a message that comes in pieces
        self._ended = False
        self._scope = trio.CancelScope()
        self._blocked = trio.Event()
        self.opened_ns = self.heard_ns = self.pinged_ns = self.fed_ns = self.emptied_ns = now_ns()
        self.server_pinged_ns = self.opened_ns
        self.asked_ns = 0

    @property
    def ended(self) -> bool:
        """Whether the connection is over."""
        return self._ended

    @property
    def host(self) -> str:
        """The client's address without the port."""
        return self._transport.peer.rpartition(":")[0]

    async def run(self, first: bytes) -> None:
        """Read until the connection ends. Closes it on every way out.

        Args:
            first: bytes that came right behind the upgrade request.
        """
        assert self.session is not None
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._drain)
                    await self._read(first)
                    nursery.cancel_scope.cancel()
        finally:
            self._ended = True
            self._transport.close()
            self.session.close()
            self._note("close", "")

    def send(self, frame: bytes) -> None:
        """Queue one frame for this client alone; it goes out with the next `flush`."""
        if not self.deaf:
            self._out.append(frame)
            self._note("sent", frame)

    def push(self, batch: Sequence[bytes]) -> None:
        """Queue frames that all subscribers of a stream get."""
        if not (self.deaf or self.muted):
            self._out.extend(batch)

    def flush(self) -> None:
        """Write what is queued; cut the client off where too much waits."""
        out = self._out
        if not out or self._ended:
            return
        self._out = []
        try:
            for chunk in out if self.frame_per_write else (b"".join(out),):
                self._transport.send_nowait(chunk)
        except (ConnectionLost, trio.ClosedResourceError):
            self.cut()
            return
        if self._transport.unsent > self._buffer:
            self._journal.counts["slow_readers_cut"] += 1
            self.cut()
        elif self._transport.unsent:
            self._blocked.set()

    def ping(self) -> None:
        """Send a protocol ping."""
        self.send(self._websocket.send(Ping(payload=b"")))

    def end(self, code: int | None) -> None:
        """End the connection in order: a close frame (1005: one without code; None: no frame), then TCP."""
        if code is not None and not self._ended:
            frame = b"\x88\x00" if code == 1005 else self._websocket.send(CloseConnection(code=code))
            self.send(frame)
        self.flush()
        self.cut()

    def deafen(self) -> None:
        """Neither read nor write any more, and keep TCP open."""
        self.deaf = True
        self._out.clear()

    def cut(self) -> None:
        """Close TCP at once."""
        self._ended = True
        self._transport.close()
        self._scope.cancel()

    def reset(self) -> None:
        """Reset the TCP connection."""
        self._ended = True
        self._transport.abort()
        self._scope.cancel()

    async def _drain(self) -> None:
        while True:
            await self._blocked.wait()
            self._blocked = trio.Event()
            try:
                await self._transport.send_all(b"")
            except (ConnectionLost, trio.ClosedResourceError):
                self.cut()

    async def _read(self, first: bytes) -> None:
        data: bytes | None = first
        while True:
            if data:
                self._feed(data)
            try:
                await self._transport.wait_readable()
                if self.deaf:
                    await trio.sleep_forever()
                data = self._transport.receive_nowait()
            except (ConnectionLost, trio.ClosedResourceError):
                return
            if data == b"":
                return

    def _feed(self, data: bytes) -> None:
        self.heard_ns = self._now_ns()
        try:
            self._websocket.receive_data(data)
            for event in self._websocket.events():
                self._handle(event)
        except (RemoteProtocolError, LocalProtocolError) as error:
            self._note("received", f"protocol error: {error}")
            self.end(1002)
            return
        self.flush()

    def _handle(self, event: Event) -> None:
        if isinstance(event, TextMessage | BytesMessage):
            self._message(event.data, finished=event.message_finished)
        elif isinstance(event, Ping):
            self._ping(event)
        elif isinstance(event, Pong):
            self.asked_ns = 0
        elif isinstance(event, CloseConnection):
            self._note("received", f"close {event.code}")
            self.send(self._websocket.send(event.response()))
            self.flush()
            self.cut()

    def _message(self, data: str | bytes | bytearray, *, finished: bool) -> None:
        text = data if isinstance(data, str) else bytes(data).decode("utf-8", "replace")
        self._parts += text
        if len(self._parts) > _MAX_MESSAGE:
            self.end(1009)  # no client of these venues has a reason to send that much
            return
        if not finished:
            return
        text, self._parts = self._parts, ""
        self._note("received", text)
        if self.session is not None:
            self.session.on_text(text)

    def _ping(self, event: Ping) -> None:
        self.pinged_ns = self.heard_ns
        if self.session is not None and self.session.on_ping():
            self.send(self._websocket.send(event.response()))

    def _note(self, what: str, data: bytes | str) -> None:
        self._journal.counts[what] += 1
        self._journal.add(self._now_ns(), str(self.number), what, data)
