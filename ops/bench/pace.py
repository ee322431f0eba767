"""Sends messages one by one at an even pace, and notes when each one left."""

import time
from array import array
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from feedtree.ops.bench.pipes import Pipe
from feedtree.ops.bench.truth import Books

LATE = 0.001  # seconds behind its time from which on a message counts as late
_PATIENCE = 5.0  # seconds for the server to write its report, after the client has all messages


class Sent(Struct, frozen=True):
    """What the server did, told after a run.

    Args:
        times: when each message was given to the operating system, ns of the machine's monotonic clock; 8 bytes each.
        late: how many of them left more than `LATE` after their time.
        books: the truth at the end.
    """

    times: bytes
    late: int
    books: Books

    @property
    def times_ns(self) -> "array[int]":
        """The times by message."""
        return unpacked(self.times)


def unpacked(times: bytes) -> "array[int]":
    """Read times that were written as 8 bytes each."""
    found = array("q")
    found.frombytes(times)
    return found


def pace(
    pipe: Pipe, frames: Iterable[bytes], per_s: int, attend: Callable[[bytes], object]
) -> tuple["array[int]", int]:
    """Send all frames, each a system call of its own.

    A frame is encrypted before its time comes and noted when it is given to the system, so that what a client is
    found to take is not the server's. Between two frames the client's own are answered. A server that was held up sends
    what is due at once. A client that has the last frame may be gone before that is noted.

    Args:
        pipe: to the client.
        frames: what to send.
        per_s: messages per second.
        attend: gets what the client sent meanwhile.

    Returns:
        When each was sent, and how many were late.
    """
    now = time.monotonic_ns
    times = array("q")
    note = times.append
    step, most_late, late = 1_000_000_000 // per_s, int(LATE * 1e9), 0
    due = now() + step
    for frame in frames:
        pipe.prepare(frame)
        while (at := now()) < due:
            pass
        note(at)
        pipe.push()
        late += at - due > most_late
        due += step
        if data := _said(pipe):
            attend(data)
    return times, late


def _said(pipe: Pipe) -> bytes:
    try:
        return pipe.receive_nowait()
    except ConnectionError:  # it left, which the next frame shows where there is one
        return b""


def write_report(file: Path, sent: Sent) -> None:
    """Leave a report where `read_report` finds it, whole or not at all."""
    part = file.with_suffix(".part")
    part.write_bytes(msgspec.msgpack.encode(sent))
    part.rename(file)


def read_report(file: Path) -> Sent:
    """Return the report and remove it; waits until it is there.

    Raises:
        FileNotFoundError: it is not written in time.
    """
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with suppress(FileNotFoundError):
            sent = msgspec.msgpack.decode(file.read_bytes(), type=Sent)
            file.unlink()
            return sent
        time.sleep(0.01)
    raise FileNotFoundError(f"the server has not written {file.name}")
