"""What happens in a tree, as a typed stream."""

import math
import time
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from types import TracebackType

import trio
from msgspec import Struct

from feedtree.supervisors.checks import is_whole
from feedtree.supervisors.errors import InvalidSpec
from feedtree.supervisors.judgement import Judgement
from feedtree.supervisors.reports import CrashReport


class EventKind(StrEnum):
    """What happened to a child."""

    STARTING = "starting"  # an incarnation begins
    READY = "ready"  # it said that it started
    REPORTED = "reported"  # it told how it is; `reason` is its word
    IGNORED = "ignored"  # it had nothing to run
    EXITED = "exited"  # it ended by itself, orderly
    CRASHED = "crashed"  # it ended by an exception
    RESTARTING = "restarting"  # it will be started again in `wait` seconds
    FLAPPING = "flapping"  # its attempts get a connection, and no useful data, again and again
    STOPPING = "stopping"  # its supervisor asked it to end
    GAVE_UP = "gave_up"  # a supervisor stops all its children, and will fail
    STALLED = "stalled"  # it blocked the event loop; `reason` is its stack
    STUCK = "stuck"  # it did not end within its grace; `reason` is its stack
    STOPPED = "stopped"  # it ended as asked, or will not be started
    FAILED = "failed"  # it is parked until someone restarts it by hand
    REMOVED = "removed"  # its supervisor forgot it
    AUDITED = "audited"  # somebody did something to it by hand; `reason` says who, and what


class LifecycleEvent(Struct, frozen=True):
    """One thing that happened to one child. The events of one child come in the order in which they happened.

    The last one is ``removed``; only ``audited``, which is no event of its life, may come at any time.

    Args:
        kind: what happened.
        path: to whom.
        generation: to which incarnation.
        at: trio time in seconds.
        at_ns: wall-clock time, UTC nanoseconds.
        reason: why, in one line (a stack for ``stuck`` and ``stalled``); empty where there is nothing to say.
        wait: seconds until the next start, for ``restarting``.
        judgement: how an incarnation ended, with its exceptions; None for events that are no end.
        report: what `Supervisor.crash_reports` keeps of it, for an end that makes a report.
        blocked: seconds for which it blocked the event loop, or more, for ``stalled``.
    """

    kind: EventKind
    path: str
    generation: int
    at: float
    at_ns: int
    reason: str = ""
    wait: float | None = None
    judgement: Judgement | None = None
    report: CrashReport | None = None
    blocked: float | None = None


class EventStream:
    """One listener's bounded queue of events. When it is full the oldest is dropped and counted.

    Use it as an async context manager; it listens from its making until it is closed. Iteration ends when it
    is closed, or after the last event of its tree.

    Attributes:
        missed: how many events were dropped because nobody took them in time.
    """

    def __init__(self, bus: "EventBus", path: str, capacity: int) -> None:
        self._bus = bus
        self._path = path
        self._prefix = path + "/"
        check_capacity(capacity)
        self._send, self._receive = trio.open_memory_channel[LifecycleEvent](capacity)
        self.missed = 0

    def __aiter__(self) -> AsyncIterator[LifecycleEvent]:
        return self

    async def __anext__(self) -> LifecycleEvent:
        try:
            return await self._receive.receive()
        except (trio.EndOfChannel, trio.ClosedResourceError):
            raise StopAsyncIteration from None

    async def __aenter__(self) -> "EventStream":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Listen no more; waiting iteration ends, queued events are lost."""
        self._bus.leave(self)
        self._receive.close()

    def offer(self, event: LifecycleEvent) -> None:
        """Queue an event if it belongs to this listener's branch; never blocks."""
        if self._path and event.path != self._path and not event.path.startswith(self._prefix):
            return
        try:
            self._send.send_nowait(event)
        except trio.WouldBlock:
            self._receive.receive_nowait()
            self.missed += 1
            self._send.send_nowait(event)

    def end(self) -> None:
        """Let iteration end after the events queued so far."""
        self._send.close()


def check_capacity(value: object) -> None:
    """Raise `InvalidSpec` for what no queue can hold: the newest event always has room."""
    if not (is_whole(value) and value >= 1) and value != math.inf:
        raise InvalidSpec("events(capacity)", value, "an integer, 1 or more, or math.inf")


class EventBus:
    """Hands every event of a tree to all who listen; costs next to nothing while nobody does.

    Args:
        wall_ns: the wall clock, UTC nanoseconds.
    """

    def __init__(self, wall_ns: Callable[[], int] = time.time_ns) -> None:
        self.wall_ns = wall_ns
        self._streams: list[EventStream] = []
        self._ended = False

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._streams)

    def listen(self, path: str, capacity: int) -> EventStream:
        """Begin to listen to a branch."""
        stream = EventStream(self, path, capacity)
        if self._ended:
            stream.end()
        else:
            self._streams.append(stream)
        return stream

    def leave(self, stream: EventStream) -> None:
        """Stop handing events to a listener."""
        if stream in self._streams:
            self._streams.remove(stream)

    def tell(
        self,
        kind: EventKind,
        path: str,
        generation: int,
        reason: str = "",
        *,
        wait: float | None = None,
        judgement: Judgement | None = None,
        report: CrashReport | None = None,
        blocked: float | None = None,
    ) -> None:
        """Make an event of now and hand it on."""
        if not self._streams:
            return
        event = LifecycleEvent(
            kind,
            path,
            generation,
            trio.current_time(),
            self.wall_ns(),
            reason,
            wait,
            judgement,
            report,
            blocked,
        )
        for stream in self._streams:
            stream.offer(event)

    def end(self) -> None:
        """Let every listener's iteration end: nothing more will happen."""
        self._ended = True
        for stream in self._streams:
            stream.end()
        self._streams = []
