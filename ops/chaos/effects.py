"""What a fault does to the bytes of one direction of one connection: pure, its times and chance are arguments.

An effect changes what passes (`change`), delays it, paces it, or closes the gate before it. A direction asks all
effects that are on it, in the order in which they began.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from random import Random
from typing import TypeAlias

from msgspec import Struct


class Gate(StrEnum):
    """Whether bytes get out of a direction; the later of two wins."""

    OPEN = "open"
    HELD = "held"  # what is on its way waits, and nothing more is read
    SWALLOWING = "swallowing"  # what comes is read and gone, its end included


class Ending(StrEnum):
    """What may stand between the bytes of a direction and ends it."""

    END = "end"  # the sender ended its direction
    LOST = "lost"  # the sender's connection was reset
    HALF_CLOSE = "half_close"  # a fault ends this direction
    CLOSE = "close"  # a fault ends both directions in order
    RESET = "reset"  # a fault resets the connection


Piece: TypeAlias = bytes | Ending
Report: TypeAlias = Callable[[int], None]  # is given how many bytes a fault had seen where it did something


class Pace(Struct, frozen=True):
    """How fast bytes get out.

    Args:
        slice: bytes that go out in one write.
        rate: bytes per second.
    """

    slice: int
    rate: float


class Effect:
    """Nothing: what an effect is where it says nothing else."""

    gate = Gate.OPEN

    def change(self, data: bytes) -> Iterable[Piece]:
        """Return what becomes of bytes that came in one read; called in order, never with none."""
        return (data,)

    def delay(self) -> float:
        """Return the seconds by which what comes now is late."""
        return 0.0

    def pace(self) -> Pace | None:
        """Return how fast bytes may get out now; None is as fast as they come."""
        return None

    def sent(self, count: int) -> None:
        """Take note that bytes got out."""


class Hold(Effect):
    """Keeps everything waiting."""

    gate = Gate.HELD


class Swallow(Effect):
    """Lets nothing through."""

    gate = Gate.SWALLOWING


class Delay(Effect):
    """Makes what passes late; the order is kept by the direction.

    Args:
        seconds: at least.
        jitter: seconds, up to which chance adds.
        rng: chance.
    """

    def __init__(self, seconds: float, jitter: float, rng: Random) -> None:
        self._seconds = seconds
        self._jitter = jitter
        self._rng = rng

    def delay(self) -> float:
        """See `Effect.delay`."""
        return self._seconds + self._jitter * self._rng.random()


class Slow(Effect):
    """Holds bytes to a pace, the first ones or all.

    Args:
        pace: the pace.
        first: so many bytes; None is all.
    """

    def __init__(self, pace: Pace, first: int | None = None) -> None:
        self._pace = pace
        self._left = first

    def pace(self) -> Pace | None:
        """See `Effect.pace`."""
        return self._pace if self._left is None or self._left > 0 else None

    def sent(self, count: int) -> None:
        """See `Effect.sent`."""
        if self._left is not None:
            self._left -= count


class Cut(Effect):
    """Puts an ending behind a number of bytes, once.

    Args:
        after: that number, 1 or more.
        ending: what is put there.
        report: told when that is.
    """

    def __init__(self, after: int, ending: Ending, report: Report) -> None:
        self._after = self._left = after
        self._ending = ending
        self._report = report

    def change(self, data: bytes) -> Iterator[Piece]:
        """See `Effect.change`."""
        if not 0 < self._left <= len(data):
            self._left -= len(data)
            yield data
            return
        yield data[: self._left]
        self._report(self._after)
        yield self._ending
        if rest := data[self._left :]:
            yield rest
        self._left = 0


class Places:
    """Where in a stream something happens: at one run of bytes, or at one after the other.

    Args:
        at: bytes before the first run.
        length: bytes of a run.
        every: bytes between two runs on average, each gap drawn from 1 to twice that less 1; 0: one run only.
        rng: chance.
        report: told where each run begins.
    """

    def __init__(self, at: int, length: int, every: int, rng: Random, report: Report) -> None:
        self._length = length
        self._every = every
        self._rng = rng
        self._report = report
        self._offset = 0
        self._inside = False
        self._left: int | None = at  # bytes to the next change of in and out; None: there is none

    def split(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """Yield the parts of ``data`` in order, each with whether it is inside a run; none is empty."""
        while data:
            while self._left == 0:
                self._turn()
            part = data if self._left is None else data[: self._left]
            data = data[len(part) :]
            self._offset += len(part)
            if self._left is not None:
                self._left -= len(part)
            yield part, self._inside

    @property
    def complete(self) -> bool:
        """Whether the part that was yielded ends a run."""
        return self._inside and self._left == 0

    def skip(self, count: int) -> None:
        """End the run here; ``count`` bytes more are not split."""
        self._offset += count
        self._left = 0

    def _turn(self) -> None:
        self._inside = not self._inside
        if self._inside:
            self._report(self._offset)
            self._left = self._length
        elif self._every:
            self._left = self._rng.randint(1, 2 * self._every - 1)
        else:
            self._left = None


class Drop(Effect):
    """Leaves the runs out."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def change(self, data: bytes) -> Iterator[Piece]:
        """See `Effect.change`."""
        return (part for part, inside in self._places.split(data) if not inside)


class Duplicate(Effect):
    """Sends each run twice: behind its last byte it comes once more."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._run = b""

    def change(self, data: bytes) -> Iterator[Piece]:
        """See `Effect.change`."""
        for part, inside in self._places.split(data):
            yield part
            if inside:
                self._run += part
                if self._places.complete:
                    yield self._run
                    self._run = b""


class Corrupt(Effect):
    """Changes every byte of the runs into another one."""

    def __init__(self, places: Places, rng: Random) -> None:
        self._places = places
        self._rng = rng

    def change(self, data: bytes) -> Iterator[Piece]:
        """See `Effect.change`."""
        for part, inside in self._places.split(data):
            yield bytes(byte ^ self._rng.randint(1, 255) for byte in part) if inside else part


class Truncate(Effect):
    """Cuts a read short: from the place on, what came with it is left out, and what comes later is not."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def change(self, data: bytes) -> Iterator[Piece]:
        """See `Effect.change`."""
        passed = 0
        for part, inside in self._places.split(data):
            if inside:
                self._places.skip(len(data) - passed - len(part))
                return
            passed += len(part)
            yield part
