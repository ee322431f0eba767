"""Moves the bytes of one direction from one transport to the other, through its lane."""

from contextlib import suppress
from typing import Protocol

import trio
from trio.lowlevel import ParkingLot

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.wire.transport import Transport
from feedtree.ops.chaos.effects import Ending, Gate
from feedtree.ops.chaos.fault import Struck, Way
from feedtree.ops.chaos.lane import Lane, Passing


class Owner(Struck, Protocol):
    """The connection that a direction belongs to."""

    def sender_over(self, way: Way) -> None:
        """Take note that who sends in a direction has ended or reset the connection."""
        ...

    def direction_over(self) -> None:
        """Take note that a direction has ended and been emptied."""
        ...

    def receiver_lost(self, way: Way) -> None:
        """Take note that who receives in a direction has reset the connection."""
        ...


class Pump:
    """One direction: a task that reads and one that writes.

    While nothing is in the way, the reader writes what it read itself, and the other task sleeps.

    Args:
        lane: what is on its way.
        source: is read.
        sink: is written.
        owner: their connection.
    """

    def __init__(self, lane: Lane, source: Transport, sink: Transport, owner: Owner) -> None:
        self.lane = lane
        self._source = source
        self._sink = sink
        self._owner = owner
        self._waiting = ParkingLot()
        self._writing = False
        self._writable: trio.CancelScope | None = None  # around the wait for a receiver that does not read

    def wake(self) -> None:
        """Look at the lane anew: something about it has changed."""
        self._waiting.unpark_all()
        if self._writable is not None and self.lane.gate is not Gate.OPEN:
            self._writable.cancel()

    async def read(self) -> None:
        """Read until the sender ends; wait while too much is on its way."""
        lane, source = self.lane, self._source
        with suppress(trio.ClosedResourceError):
            while True:
                while lane.full:
                    await self._waiting.park()
                await source.wait_readable()
                if lane.full:
                    continue
                try:
                    data = source.receive_nowait()
                except ConnectionLost:
                    self._end(Ending.LOST)
                    return
                if data == b"":
                    self._end(Ending.END)
                    return
                if data:
                    await self._take(data)

    async def write(self) -> None:
        """Write what may go out, when it may, until the sender has ended and all of it is out."""
        lane = self.lane
        with suppress(trio.ClosedResourceError):
            while True:
                if self._writing:  # the reader is
                    await self._waiting.park()
                    continue
                now = trio.current_time()
                item = lane.take(now)
                if item is not None:
                    self._writing = True
                    await self._pass(item)
                    self._writing = False
                    self.wake()  # there may be room for the reader
                elif lane.source_over:
                    self._owner.direction_over()
                    return
                else:
                    with trio.CancelScope(deadline=lane.wake_at(now)):
                        await self._waiting.park()

    def cut(self) -> None:
        """End the direction in order; what still comes is swallowed."""
        self.lane.cut(trio.current_time())
        self.wake()

    def _end(self, ending: Ending) -> None:
        self._owner.sender_over(self.lane.way)
        self.lane.end(ending, trio.current_time())
        self.wake()

    async def _take(self, data: bytes) -> None:
        lane = self.lane
        if lane.clear and not self._writing:
            lane.counts.received += len(data)
            if not self._send(data):
                self._writing = True
                await self._drain()
                self._writing = False
                self.wake()
        else:
            lane.put(data, trio.current_time())
            self.wake()

    async def _pass(self, item: Passing) -> None:
        match item:
            case bytes():
                if not self._send(item):
                    await self._drain()
            case Ending.END:
                await self._end_sink()
                self.lane.source_over = True
            case Ending.HALF_CLOSE:
                await self._end_sink()
            case Ending.LOST:
                self._owner.strike(Ending.RESET, self.lane.way)
            case Ending():
                self._owner.strike(item, self.lane.way)
            case _:
                await item.hold(self._owner)

    def _send(self, data: bytes) -> bool:
        self.lane.counts.delivered += len(data)
        try:
            return self._sink.send_nowait(data)
        except ConnectionLost:
            self._lost()
            return True

    async def _drain(self) -> None:
        sink, lane = self._sink, self.lane
        try:
            while sink.unsent:
                gate = lane.gate
                if gate is Gate.SWALLOWING:
                    lane.abandon(sink.unsent)
                    return
                if gate is Gate.HELD:
                    await self._waiting.park()
                else:
                    with trio.CancelScope() as self._writable:
                        await sink.wait_writable()
                    self._writable = None
                    if lane.gate is Gate.OPEN:
                        sink.flush_nowait()
        except ConnectionLost:
            self._lost()

    async def _end_sink(self) -> None:
        self.lane.shut = True
        try:
            await self._sink.send_eof()
        except ConnectionLost:
            self._lost()

    def _lost(self) -> None:
        self.lane.shut = True
        self._owner.receiver_lost(self.lane.way)
