"""The three ways of waiting for bytes: see `ReadMode`. Each read is a checkpoint and takes one chunk at most."""

from collections.abc import Callable
from math import inf
from typing import Protocol
from weakref import ReferenceType, ref

import trio
from trio.lowlevel import checkpoint, current_clock

from feedtree.exchanges.wire.connection import ReadMode
from feedtree.exchanges.wire.transport import CHUNK, Transport

_RETRY = 0.05  # seconds after which what could not be sent is tried again
_BACKLOG = CHUNK // 2  # a read of that size has probably left bytes behind


class Reader(Protocol):
    """Reads a transport."""

    @property
    def kind(self) -> str:
        """The kind of its `ReadMode`, which may differ from the one that was asked for."""
        ...

    async def read(self, deadline: float) -> bytes | None:
        """Return the next bytes, ``b""`` at the end; None if a read after the deadline found nothing."""
        ...

    def release(self) -> None:
        """Give up what the reader holds of the process."""
        ...


class Waiting:
    """Waits for the operating system, or the other task, to say that there is something.

    Args:
        transport: what to read.
        owes: tries to send what waits for sending, and says whether some of it still waits.
    """

    kind = "wait"

    def __init__(self, transport: Transport, owes: Callable[[], bool]) -> None:
        self._transport = transport
        self._owes = owes

    async def read(self, deadline: float) -> bytes | None:
        """See `Reader.read`."""
        transport = self._transport
        while True:
            until = min(deadline, trio.current_time() + _RETRY) if self._owes() else deadline
            if until == inf:
                await transport.wait_readable()
            else:
                with trio.CancelScope(deadline=until):
                    await transport.wait_readable()
            data = transport.receive_nowait()
            if data is not None or trio.current_time() >= deadline:
                return data

    def release(self) -> None:
        """See `Reader.release`."""


class Coalescing(Waiting):
    """Leaves time between reads, unless the last one was so big that more is waiting."""

    kind = "coalesce"

    def __init__(self, transport: Transport, owes: Callable[[], bool], pause: float) -> None:
        super().__init__(transport, owes)
        self._pause = pause
        self._next = -inf

    async def read(self, deadline: float) -> bytes | None:
        """See `Reader.read`."""
        if trio.current_time() < self._next:
            await trio.sleep_until(min(self._next, deadline))
        data = await super().read(deadline)
        if data is not None and len(data) < _BACKLOG:
            self._next = trio.current_time() + self._pause
        return data


class Spinning:
    """Reads again and again, other tasks in between."""

    kind = "spin"

    def __init__(self, transport: Transport, owes: Callable[[], bool]) -> None:
        self._transport = transport
        self._owes = owes
        self.released = False

    async def read(self, deadline: float) -> bytes | None:
        """See `Reader.read`."""
        receive_nowait, owes = self._transport.receive_nowait, self._owes
        while True:
            await checkpoint()
            data = receive_nowait()
            if data is not None or trio.current_time() >= deadline:
                return data
            owes()

    def release(self) -> None:
        """See `Reader.release`."""
        self.released = True


_spinner: "ReferenceType[Spinning] | None" = None


def reader_of(mode: ReadMode, transport: Transport, owes: Callable[[], bool]) -> Reader:
    """Return the reader of a mode; where spinning is not possible (see `ReadMode`), one that waits."""
    if mode.kind == "coalesce":
        return Coalescing(transport, owes, mode.coalesce_s)
    if mode.kind == "spin" and _may_spin():
        global _spinner
        reader = Spinning(transport, owes)
        _spinner = ref(reader)
        return reader
    return Waiting(transport, owes)


def _may_spin() -> bool:
    holder = _spinner() if _spinner is not None else None
    # A spinning task keeps a virtual clock from ever jumping on.
    return (holder is None or holder.released) and type(current_clock()).__name__ == "SystemClock"
