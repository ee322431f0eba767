"""The trio-websocket connection, for what is not hot: the library keeps the protocol, we keep it from hanging.

Traps of 0.12 that this module answers: the exit of its context waits for ever on a peer that sends CLOSE and keeps
TCP open, so its closing handshake is not used; ``ping()`` never returns once the connection died, so it runs in a
task of its own; its upgrade has no deadline and no errors of ours, so ours comes first and the library is shown a
finished one; a pong to a peer that does not read would block its reader, so writes never wait for the network.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from math import inf
from typing import cast

import trio
import trio_websocket
from trio.lowlevel import checkpoint
from wsproto import ConnectionType, WSConnection
from wsproto.connection import Connection
from wsproto.events import AcceptConnection, CloseConnection
from wsproto.utilities import LocalProtocolError

from feedtree.exchanges.errors import ClosedByPeer, ConnectionLost, FrameTooLarge, ProtocolViolation
from feedtree.exchanges.wire.frames import BURST, Payload
from feedtree.exchanges.wire.reading import Waiting
from feedtree.exchanges.wire.target import Target
from feedtree.exchanges.wire.transport import CHUNK, Network, Transport
from feedtree.exchanges.wire.upgrade import open_upgraded

_MOST_UNSENT = 2**20  # bytes that a peer may leave unread before the connection is given up
_GRACE = 0.02  # seconds in which the library's reader parses what was there when the deadline passed
_CLOSE = 0x8
_TOO_BIG = 1009


@asynccontextmanager
async def open_trio_websocket(target: Target, network: Network) -> AsyncIterator["TrioWebsocketWire"]:
    """Open a trio-websocket connection for the time of a block; an exception of the block leaves unwrapped.

    Args:
        target: where to, and the bounds.
        network: what carries it.

    Raises:
        ConnectFailed: no connection came about; its subclasses say why, its phase where.
        VenueThrottled: the upgrade was answered with 403, 418 or 429.
        Fatal: the target's ca_file cannot be used.
    """
    transport, behind = await open_upgraded(target, network)
    try:
        async with _unwrapping_nursery() as nursery:
            stream = _Stream(transport, behind)
            socket = await trio_websocket.wrap_client_stream(
                cast(trio.Nursery, _Guarded(nursery)),
                cast(trio.SocketStream, stream),
                target.authority,
                target.resource,
                message_queue_size=0,  # what is in its queue would be lost with a message over the cap
                max_message_size=target.max_frame,
                receive_buffer_size=CHUNK,
            )
            wire = TrioWebsocketWire(socket, stream, target, nursery)
            nursery.start_soon(wire.pump)
            try:
                yield wire
            finally:
                await wire.aclose()
    finally:
        transport.close()


class TrioWebsocketWire:
    """See `Wire`. Made by `open_trio_websocket`."""

    def __init__(
        self,
        socket: trio_websocket.WebSocketConnection,
        stream: "_Stream",
        target: Target,
        nursery: trio.Nursery,
    ) -> None:
        self._socket = socket
        self._stream = stream
        self._target = target
        self._nursery = nursery
        self._ping_count = 0
        self._arriving, self._arrived = trio.open_memory_channel[Payload](BURST)
        self._fault: ConnectionLost | None = None
        self._closed = False
        self.peer = target.where
        self.pongs = 0

    @property
    def last_frame_at(self) -> float:
        """See `Wire.last_frame_at`."""
        return self._stream.last_frame_at

    @property
    def bytes_in(self) -> int:
        """See `Wire.bytes_in`."""
        return self._stream.bytes_in

    @property
    def bytes_out(self) -> int:
        """See `Wire.bytes_out`."""
        return self._stream.bytes_out

    async def receive(self, deadline: float = inf) -> list[Payload]:
        """See `Wire.receive`."""
        if self._closed:
            await checkpoint()
            self._check()
        messages = await self._burst(deadline)
        if not messages and trio.current_time() >= deadline:
            messages = await self._burst(trio.current_time() + _GRACE)
        return messages

    async def send(self, data: Payload) -> None:
        """See `Wire.send`."""
        self._check()
        with trio.CancelScope(deadline=trio.current_time() + self._target.send_timeout) as scope:
            try:
                # What waits goes first, so that a cancel until then sends nothing.
                await self._stream.transport.send_all(b"")
                await self._socket.send_message(data)
                await self._stream.transport.send_all(b"")
            except trio_websocket.ConnectionClosed as error:
                self._end(error)
                self._check()
        if scope.cancelled_caught:
            raise ConnectionLost(f"{self.peer}: took nothing for {self._target.send_timeout:g} s")

    async def ping(self, payload: bytes = b"") -> None:
        """See `Wire.ping`. A payload whose pong is still out is not sent again; an empty one is numbered."""
        self._check()
        if not payload:
            self._ping_count += 1
            payload = str(self._ping_count).encode()
        self._nursery.start_soon(self._await_pong, payload)
        await checkpoint()

    def close(self) -> None:
        """See `Wire.close`."""
        self._closed = True
        self._stream.transport.close()

    async def aclose(self) -> None:
        """See `Wire.aclose`."""
        if not self._closed:
            self._closed = True
            if self._fault is None:
                self._stream.farewell()
        await self._stream.transport.aclose()

    def _check(self) -> None:
        if self._closed:
            raise trio.ClosedResourceError("this wire was closed")
        if self._fault is not None:
            raise self._fault

    async def pump(self) -> None:
        """Take the library's messages as they come, until the connection ends. Run by `open_trio_websocket`."""
        with self._arriving:
            try:
                while True:
                    await self._arriving.send(await self._socket.get_message())
            except trio_websocket.ConnectionClosed as error:
                self._end(error)

    async def _burst(self, deadline: float) -> list[Payload]:
        messages: list[Payload] = []
        with trio.CancelScope(deadline=deadline):
            try:
                messages.append(await self._arrived.receive())
                while len(messages) < BURST:
                    messages.append(self._arrived.receive_nowait())
            except (trio.WouldBlock, trio.EndOfChannel):
                if not messages:
                    self._check()
        return messages

    async def _await_pong(self, payload: bytes) -> None:
        with suppress(trio_websocket.ConnectionClosed, ValueError):
            await self._socket.ping(payload)
            self.pongs += 1

    def _end(self, error: trio_websocket.ConnectionClosed) -> None:
        if self._fault is None:
            self._fault = self._judge(error.reason)

    def _judge(self, why: trio_websocket.CloseReason | None) -> ConnectionLost:
        code, text = (why.code, why.reason or "") if why is not None else (1006, "")
        if code == _TOO_BIG and text.startswith("Exceeded maximum message size"):
            return FrameTooLarge(self._target.max_frame + 1, self._target.max_frame)
        if self._stream.close_sent:
            return ClosedByPeer(code, text)
        if self._stream.lost is not None:
            return self._stream.lost
        self._stream.farewell(code)
        return ProtocolViolation(f"{text} ({code:d})")


class _Stream(trio.abc.Stream):
    """Our transport as the library wants it; the upgrade, which is over, is acted again for it."""

    def __init__(self, transport: Transport, behind: bytes) -> None:
        self.transport = transport
        self.last_frame_at = trio.current_time()
        self.bytes_in = len(behind)
        self.bytes_out = 0
        self.close_sent = False
        self.lost: ConnectionLost | None = None
        self._pending = behind
        self._upgraded = False
        self._reader = Waiting(transport, self._owes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await checkpoint()
        if not self._upgraded:
            self._upgraded = True
            self._pending = _accepted(bytes(data)) + self._pending
            return
        self.close_sent = self.close_sent or data[0] & 0x0F == _CLOSE
        self.bytes_out += len(data)
        try:
            self.transport.send_nowait(bytes(data))
        except ConnectionLost as error:
            raise self._broken(error) from error
        if self.transport.unsent > _MOST_UNSENT:
            raise self._broken(ConnectionLost(f"{self.transport.peer}: leaves what is sent unread"))

    async def wait_send_all_might_not_block(self) -> None:
        await checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if self._pending:
            await checkpoint()
            data, self._pending = self._pending, b""
            return data
        try:
            data = await self._reader.read(inf) or b""
        except ConnectionLost as error:
            raise self._broken(error) from error
        if not data:
            self.lost = ConnectionLost(f"{self.transport.peer}: the stream ended without a close frame")
        self.last_frame_at = trio.current_time()
        self.bytes_in += len(data)
        return data

    async def aclose(self) -> None:
        await self.transport.aclose()

    def farewell(self, code: int = 1000) -> None:
        """Send a close frame where the library has not, as far as it goes out at once."""
        if not self.close_sent:
            self.close_sent = True
            with suppress(ConnectionLost, trio.ClosedResourceError):
                self.transport.send_nowait(Connection(ConnectionType.CLIENT).send(CloseConnection(code=code)))

    def _broken(self, error: ConnectionLost) -> trio.BrokenResourceError:
        self.lost = self.lost or error
        return trio.BrokenResourceError(str(error))

    def _owes(self) -> bool:
        with suppress(ConnectionLost):  # the reader will meet it
            return bool(self.transport.unsent) and not self.transport.flush_nowait()
        return True


class _Guarded:
    """Starts the library's reader so that its own slips (an answer after its close frame) only end it."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery

    def start_soon(self, task: Callable[[], Awaitable[None]]) -> None:
        self._nursery.start_soon(self._run, task)

    async def _run(self, task: Callable[[], Awaitable[None]]) -> None:
        with suppress(LocalProtocolError):
            await task()


@asynccontextmanager
async def _unwrapping_nursery() -> AsyncIterator[trio.Nursery]:
    """A nursery that is cancelled at the end of its block, and whose block's exceptions never get into a group."""
    manager = trio.open_nursery()
    nursery = await manager.__aenter__()
    try:
        yield nursery
    finally:
        nursery.cancel_scope.cancel()
        await manager.__aexit__(None, None, None)


def _accepted(request: bytes) -> bytes:
    server = WSConnection(ConnectionType.SERVER)
    server.receive_data(request)
    return server.send(AcceptConnection())
