"""One direction of one connection: what is on its way, and what stands in its way. Pure: times are arguments."""

from collections import deque
from collections.abc import Iterable
from math import inf
from typing import Any, TypeAlias

from msgspec import Struct

from feedtree.ops.chaos.effects import Effect, Ending, Gate, Pace, Piece
from feedtree.ops.chaos.fault import Way
from feedtree.ops.chaos.sight import Seen, Sight
from feedtree.ops.chaos.stops import Breakpoint, Watch

WINDOW = 4 * 2**20  # bytes on their way from which on nothing more is read
_BEHIND = 0.05  # seconds of a pace that may be caught up with after a late wake-up

Passing: TypeAlias = Piece | Breakpoint[Any]


class Counts(Struct):
    """What has happened in a direction, in bytes.

    Args:
        received: read from the sender.
        delivered: written to the receiver.
        swallowed: read, and never to be written.
    """

    received: int = 0
    delivered: int = 0
    swallowed: int = 0


class Lane:
    """What waits in a direction, in order, each with the time from which it may go.

    Args:
        way: which direction.
        sight: follows websocket frames; None takes the bytes as they are.

    Attributes:
        effects: what is done to it, in the order in which it began.
        watches: texts and byte counts that are waited for.
        shut: its end has been passed on, or nobody is there to take more: what still comes is swallowed.
        holed: a fault swallowed something of it that the receiver still waits for: what came behind must not pass.
        source_over: the sender has ended it.
        lost: by a reset: it waits for nothing any more.
        queued: bytes that wait.
    """

    def __init__(self, way: Way, sight: Sight | None) -> None:
        self.way = way
        self.effects: list[Effect] = []
        self.watches: list[Watch] = []
        self.counts = Counts()
        self.shut = False
        self.holed = False
        self.source_over = False
        self.lost = False
        self.queued = 0
        self._sight = sight
        self._queue: deque[tuple[float, Passing]] = deque()
        self._last_due = -inf
        self._begun: float | None = None  # when the slice that is next began to be sent
        self._flowing = -inf  # when the last paced slice was due, while more waited behind it

    def remains(self) -> "Lane":
        """Return what is left of it when its connection is over: its counters. What waits is swallowed."""
        self._swallow(holing=False)
        lane = Lane(self.way, None)
        lane.counts = self.counts
        return lane

    @property
    def gate(self) -> Gate:
        """Whether anything gets out."""
        gates = [effect.gate for effect in self.effects]
        if self.shut or self.holed or Gate.SWALLOWING in gates:
            return Gate.SWALLOWING
        return Gate.HELD if Gate.HELD in gates else Gate.OPEN

    @property
    def barred(self) -> bool:
        """Whether a fault that is at work lets nothing out."""
        return any(effect.gate is not Gate.OPEN for effect in self.effects)

    @property
    def clear(self) -> bool:
        """Whether what comes may be written as it is, at once."""
        return not (self.effects or self._queue or self.watches or self.shut or self.holed or self._sight)

    @property
    def full(self) -> bool:
        """Whether nothing more is to be read now."""
        return self.queued >= WINDOW or self.gate is Gate.HELD

    def put(self, data: bytes, now: float) -> None:
        """Take what was read, never nothing."""
        self.counts.received += len(data)
        due = self._due(now)
        before: list[bytes] = []
        for item in self._watched(data):
            for piece in self._changed(item):
                if isinstance(piece, bytes):
                    before.append(piece)
                    continue
                self._append(due, b"".join(before))
                before.clear()
                self._queue.append((due, piece))
        self._append(due, b"".join(before))

    def end(self, ending: Ending, now: float) -> None:
        """Take the sender's end, which stands behind all that it sent."""
        self._queue.append((self._due(now), ending))

    def take(self, now: float) -> Passing | None:
        """Return what may go out now; None where nothing may before `wake_at`, or before something changes."""
        gate = self.gate
        if gate is Gate.SWALLOWING:
            self._swallow()
        if gate is not Gate.OPEN:
            self._begun, self._flowing = None, -inf
            return None
        if self.wake_at(now) > now:
            return None
        due, item = self._queue.popleft()
        if not isinstance(item, bytes):
            return item
        pace = self._pace()
        if pace is None:
            self.queued -= len(item)
        else:
            item = self._slice(due, item, pace)
        for effect in self.effects:
            effect.sent(len(item))
        return item

    def wake_at(self, now: float) -> float:
        """Return when the next thing may go out, as it looks now; infinity where nothing may."""
        if not self._queue or self.gate is Gate.HELD:
            return inf
        due, item = self._queue[0]
        pace = self._pace()
        if pace is None or not isinstance(item, bytes):
            self._begun = None
            return due
        if self._begun is None:
            self._begun = max(due, now) if self._flowing == -inf else max(due, self._flowing, now - _BEHIND)
        return self._begun + min(pace.slice, len(item)) / pace.rate

    def _slice(self, due: float, item: bytes, pace: Pace) -> bytes:
        part, rest = item[: pace.slice], item[pace.slice :]
        if rest:
            self._queue.appendleft((due, rest))
        assert self._begun is not None  # `wake_at` has said when
        self._flowing = self._begun + len(part) / pace.rate if self._queue else -inf
        self._begun = None
        self.queued -= len(part)
        return part

    def _pace(self) -> Pace | None:
        paces = [pace for effect in self.effects if (pace := effect.pace())]
        if not paces:
            self._flowing = -inf
            return None
        return Pace(min(pace.slice for pace in paces), min(pace.rate for pace in paces))

    def abandon(self, count: int) -> None:
        """Take note that bytes stay where they are, which were given to a receiver that has not taken them."""
        self.counts.delivered -= count
        self.counts.swallowed += count
        self.holed = True

    def cut(self, now: float) -> None:
        """End the direction here: what waits is swallowed, and so will be what comes."""
        self._swallow(holing=False)
        self._queue.append((now, Ending.HALF_CLOSE))

    def _due(self, now: float) -> float:
        self._last_due = max(self._last_due, now + sum(effect.delay() for effect in self.effects))
        return self._last_due

    def _append(self, due: float, data: bytes) -> None:
        if data:
            self._queue.append((due, data))
            self.queued += len(data)

    def _watched(self, data: bytes) -> Iterable[bytes | Breakpoint[Any]]:
        seen = self._sight.look(data) if self._sight else Seen(len(data))
        found = [hit for watch in self.watches for hit in watch.look(data, seen)]
        at = 0
        for place, point in sorted(found, key=lambda hit: hit[0]):
            if place > at:
                yield data[at:place]
                at = place
            yield point
        if at < len(data):
            yield data[at:]

    def _changed(self, item: bytes | Breakpoint[Any]) -> list[Passing]:
        items: list[Passing] = [item]
        for effect in self.effects:
            before = _size(items)
            items = [
                out for each in items for out in (effect.change(each) if isinstance(each, bytes) else (each,))
            ]
            self.counts.swallowed += max(before - _size(items), 0)
        return items

    def _swallow(self, *, holing: bool = True) -> None:
        for _, item in self._queue:
            if isinstance(item, bytes):
                self.counts.swallowed += len(item)
            if item is Ending.END or item is Ending.LOST:
                self.source_over = True
                self.lost = self.lost or item is Ending.LOST
            if isinstance(item, Breakpoint):
                item.missed()
            else:
                self.holed = self.holed or (holing and not self.shut)
        self._queue.clear()
        self.queued = 0


def _size(items: Iterable[Passing]) -> int:
    return sum(len(item) for item in items if isinstance(item, bytes))
