"""Writing to a terminal or pipe that may stand still, without standing still: bounded, in a thread."""

import errno
import os
from collections import deque
from contextlib import suppress
from select import select
from threading import Lock, get_ident

import trio

CAPACITY = 1000  # pieces that wait; the oldest are dropped, and the number of those is told
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class OutputClosed(Exception):
    """Whoever read the output went away."""


class Output:
    """A file descriptor that is written to in the background. What a full disk does not take is dropped.

    It belongs to the thread that makes it. What another thread says (that the event loop stands still) is written
    in that thread, at once: nothing is written in the background then.

    Args:
        fd: where to write.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waiting: deque[str] = deque(maxlen=CAPACITY)
        self._dropped = 0
        self._writing = False
        self._home = get_ident()
        self._order = Lock()
        self._wake = trio.Event()

    def line(self, text: str) -> None:
        """Queue one line; never blocks. A full queue loses its oldest piece, and says so later."""
        self.piece(f"{text}\n")

    def piece(self, text: str) -> None:
        """Queue a text as it is, for escape sequences and whole screens."""
        if get_ident() != self._home:
            self._write_from_outside(text)
            return
        if len(self._waiting) == CAPACITY:
            self._dropped += 1
        self._waiting.append(text)
        self._wake.set()

    def urgent(self, text: str) -> None:
        """Write a text now, before what is queued, which is dropped; for the moment before the process stops.

        A terminal that stands still does not get it.
        """
        self._waiting.clear()
        with suppress(OSError):
            if select([], [self._fd], [], 0)[1]:
                os.write(self._fd, text.encode())

    async def run(self) -> None:
        """Write what is queued until cancelled.

        Raises:
            OutputClosed: the reader of a pipe went away.
        """
        while True:
            await self._wake.wait()
            self._wake = trio.Event()
            await self._write_waiting()

    @property
    def idle(self) -> bool:
        """True when nothing waits to be written."""
        return not self._waiting and not self._writing

    async def drain(self, timeout: float) -> None:
        """Write what is still queued, for the end; gives up after `timeout` seconds, or where nobody reads."""
        with trio.move_on_after(timeout), suppress(OutputClosed):
            while self._waiting:
                await self._write_waiting()

    async def _write_waiting(self) -> None:
        self._writing = True
        try:
            await trio.to_thread.run_sync(self._write, self._taken(), abandon_on_cancel=True)
        finally:
            self._writing = False

    def _taken(self) -> bytes:
        told = f"({self._dropped} lines dropped: the output is not read)\n" if self._dropped else ""
        text = told + "".join(self._waiting)
        self._waiting.clear()
        self._dropped = 0
        return text.encode(errors="replace")

    def _write_from_outside(self, text: str) -> None:
        with suppress(OutputClosed):  # the background notices as well, and says so
            self._write(text.encode(errors="replace"))

    def _write(self, data: bytes) -> None:
        try:
            with self._order:  # a write that was abandoned must end before the next begins
                while data:
                    data = data[os.write(self._fd, data) :]
        except OSError as error:  # EPIPE of a pipe, EIO of a terminal that was closed
            if error.errno not in _NO_SPACE:  # a full disk must not end the streams
                raise OutputClosed(str(error)) from error
