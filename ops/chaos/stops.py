"""Points at which a direction stands still until a test lets it go: behind a byte, before or behind a text."""

from collections.abc import Iterator
from typing import Any, Generic, Literal, TypeVar

import trio

from feedtree.ops.chaos.fault import Way
from feedtree.ops.chaos.sight import Seen

Where = TypeVar("Where")  # the connection that stands still


class Breakpoint(Generic[Where]):
    """One point. It stops the first direction that gets there, once.

    Args:
        way: the direction that is to stop.
        byte: behind so many bytes, counted for each connection from the time that the point was set.
        text: or at the n-th text, counted over all connections.
        nth: which one.
        stand: ``before``: the text does not pass whole; ``behind``: it has passed, and nothing more.
    """

    def __init__(
        self,
        way: Way,
        *,
        byte: int | None = None,
        text: bytes | None = None,
        nth: int = 1,
        stand: Literal["before", "behind"] = "before",
    ) -> None:
        if (byte is None) == (text is None) or text == b"":
            raise ValueError("a breakpoint is behind a byte or at a text that is not empty: give one of them")
        if nth < 1 or (byte or 0) < 0:
            raise ValueError("texts are counted from 1, bytes from 0")
        self.way = way
        self.byte = byte
        self.text = text
        self.stand = stand
        self._to_come = nth
        self._where: Where | None = None
        self._arrived = trio.Event()
        self._released = trio.Event()

    @property
    def passed(self) -> bool:
        """Whether the point has been found on some connection, or was given up."""
        return self._to_come <= 0 or self._released.is_set()

    def met(self) -> bool:
        """Count an occurrence; return whether it is the one."""
        self._to_come -= 1
        return self._to_come == 0

    def missed(self) -> None:
        """Take an occurrence back: what led to it was lost on its way. A later one can be the one."""
        self._to_come += 1

    async def reached(self) -> Where:
        """Wait until a direction stands at the point.

        Returns:
            Its connection: `reset` it, `close` it, begin a fault, then `release` it or leave the block.
        """
        await self._arrived.wait()
        assert self._where is not None
        return self._where

    def release(self) -> None:
        """Let it go on; a point that nobody has reached stops nobody any more."""
        self._released.set()

    async def hold(self, where: Where) -> None:
        """Stand at the point until it is released."""
        self._where = where
        self._arrived.set()
        await self._released.wait()


class Watch:
    """Looks for one breakpoint in one direction."""

    def __init__(self, point: "Breakpoint[Any]") -> None:
        self.point = point
        self._seen = 0
        self._tail = b""  # the end of the plain bytes so far: a text may begin in it

    def look(self, data: bytes, seen: Seen) -> Iterator[tuple[int, "Breakpoint[Any]"]]:
        """Yield where in these bytes the direction is to stop, at most once."""
        point = self.point
        if point.byte is not None:
            places = [point.byte - self._seen]
            self._seen += len(data)
        else:
            places = [start if point.stand == "before" else end for start, end in self._texts(data, seen)]
        for place in places:  # it is followed also where the point has passed: that may be taken back
            if not point.passed and 0 <= place <= len(data) and point.met():
                yield place, point
                return

    def _texts(self, data: bytes, seen: Seen) -> Iterator[tuple[int, int]]:
        text = self.point.text or b""
        plain = self._tail + data[: seen.plain]
        ahead, end = len(self._tail), 0
        while (at := plain.find(text, end)) >= 0:
            end = at + len(text)
            yield max(at - ahead, 0), end - ahead
        self._tail = plain[max(end, len(plain) - len(text) + 1) :]
        for frame in seen.frames:
            if text in frame.text:
                yield frame.start, frame.end
