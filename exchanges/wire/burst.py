"""The burst connection: one non-blocking read, all its frames at once, straight from the transport."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from math import inf

import trio
from trio.lowlevel import checkpoint
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.wire.connection import WAIT, ReadMode
from feedtree.exchanges.wire.frames import FrameSplitter, Payload
from feedtree.exchanges.wire.reading import Reader, reader_of
from feedtree.exchanges.wire.target import Target
from feedtree.exchanges.wire.transport import Network, Transport
from feedtree.exchanges.wire.upgrade import open_upgraded


async def connect(target: Target, network: Network, *, read: ReadMode = WAIT) -> "BurstWire":
    """Open a burst connection; cancelled or failed, nothing stays open. The caller closes it.

    Args:
        target: where to, and the bounds.
        network: what carries it.
        read: how it waits for bytes.

    Raises:
        ConnectFailed: no connection came about; its subclasses say why, its phase where.
        VenueThrottled: the upgrade was answered with 403, 418 or 429.
        Fatal: the target's ca_file cannot be used.
    """
    transport, behind = await open_upgraded(target, network)
    return BurstWire(transport, target, read, behind)


@asynccontextmanager
async def open_burst(
    target: Target, network: Network, *, read: ReadMode = WAIT
) -> AsyncIterator["BurstWire"]:
    """Open a burst connection for the time of a block: see `connect`."""
    wire = await connect(target, network, read=read)
    try:
        yield wire
    finally:
        await wire.aclose()


class BurstWire:
    """See `Wire`. Made by `connect`."""

    def __init__(self, transport: Transport, target: Target, read: ReadMode, behind: bytes) -> None:
        self._transport = transport
        self._target = target
        self._splitter = FrameSplitter(target.max_frame)
        self._outgoing = Connection(ConnectionType.CLIENT)
        self._behind = behind  # came with the server's answer
        self._late_pong: bytes | None = None  # the newest ping that could not be answered yet
        self._fault: ConnectionLost | None = None
        self._closed = False
        self._reader: Reader = reader_of(read, transport, self._owes)
        self.peer = target.where
        self.last_frame_at = trio.current_time()
        self.bytes_in = 0
        self.bytes_out = 0

    @property
    def pongs(self) -> int:
        """See `Wire.pongs`."""
        return self._splitter.pongs

    @property
    def reading(self) -> str:
        """How it reads: the kind of the mode asked for, or ``wait`` where spinning was not possible."""
        return self._reader.kind

    async def receive(self, deadline: float = inf) -> list[Payload]:
        """See `Wire.receive`."""
        data: bytes | None
        if self._splitter.more or self._behind:
            await checkpoint()
            data, self._behind = self._behind, b""
            return self._split(data)
        if self._fault is not None:
            await checkpoint()
            raise self._fault
        try:
            data = await self._reader.read(deadline)
        except ConnectionLost as error:
            self._fault = error
            raise
        if data is None:
            return []
        if not data:
            self._fault = ConnectionLost(f"{self.peer}: the stream ended without a close frame")
            raise self._fault
        self.last_frame_at = trio.current_time()
        return self._split(data)

    async def send(self, data: Payload) -> None:
        """See `Wire.send`."""
        self._check()
        event = TextMessage(data) if isinstance(data, str) else BytesMessage(data)
        frame = self._outgoing.send(event)
        self.bytes_out += len(frame)
        with trio.CancelScope(deadline=trio.current_time() + self._target.send_timeout) as scope:
            await self._transport.send_all(frame)
        if scope.cancelled_caught:
            raise ConnectionLost(f"{self.peer}: took nothing for {self._target.send_timeout:g} s")

    async def ping(self, payload: bytes = b"") -> None:
        """See `Wire.ping`."""
        self._check()
        self._put(Ping(payload))
        await checkpoint()

    def close(self) -> None:
        """See `Wire.close`."""
        self._closed = True
        self._reader.release()
        self._transport.close()

    async def aclose(self) -> None:
        """See `Wire.aclose`."""
        if not self._closed:
            self._closed = True
            self._reader.release()
            if self._fault is None:
                self._farewell(1000)
        await self._transport.aclose()

    def _check(self) -> None:
        if self._closed:
            raise trio.ClosedResourceError("this wire was closed")
        if self._fault is not None:
            raise self._fault

    def _split(self, data: bytes) -> list[Payload]:
        self.bytes_in += len(data)
        splitter = self._splitter
        messages = splitter.feed(data)
        if splitter.pings:
            self._answer_pings()
        if splitter.fault is not None:
            self._fault = splitter.fault
            self._farewell(splitter.close_code)
        return messages

    def _answer_pings(self) -> None:
        pings = self._splitter.pings
        if self._owes():
            self._late_pong = pings[-1]  # the newest answers for all (RFC 6455, 5.5.3)
        else:
            with suppress(ConnectionLost):
                for payload in pings:
                    self._put(Pong(payload))
        pings.clear()

    def _owes(self) -> bool:
        transport = self._transport
        if self._late_pong is None and not transport.unsent:
            return False
        with suppress(ConnectionLost):  # the reader will meet it
            if transport.flush_nowait() and self._late_pong is not None:
                payload, self._late_pong = self._late_pong, None
                self._put(Pong(payload))
        return transport.unsent > 0

    def _farewell(self, code: int) -> None:
        with suppress(ConnectionLost, trio.ClosedResourceError):
            self._put(CloseConnection(code=code))

    def _put(self, event: Event) -> None:
        frame = self._outgoing.send(event)
        self.bytes_out += len(frame)
        self._transport.send_nowait(frame)
