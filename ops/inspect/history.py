"""What has happened in a tree since it runs: its last lifecycle events, and its crashes, each kind of them once."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TypeVar

from feedtree.ops.inspect.paths import is_below
from feedtree.ops.inspect.protocol import Crash, Happening
from feedtree.ops.redaction import redacted
from feedtree.ops.repeats import Repeats
from feedtree.supervisors import LifecycleEvent
from feedtree.supervisors.reports import CrashReport

Item = TypeVar("Item")

EVENTS_KEPT = 1_000
CRASHES_KEPT = 200  # kinds of them


class History:
    """Remembers the events that it is told of. It outlives the inspect server, and is not shared between threads.

    Attributes:
        happened: how many events there were.
    """

    def __init__(self) -> None:
        self.happened = 0
        self._repeats = Repeats()
        self._events: deque[Happening] = deque(maxlen=EVENTS_KEPT)
        self._crashes: OrderedDict[tuple[str, str, str], _Repeats] = OrderedDict()
        self._listeners: set[Callable[[Happening], None]] = set()

    def take(self, event: LifecycleEvent) -> None:
        """Take note of an event, and hand it to whoever listens; one that only repeats is passed over."""
        if self._repeats.has(event):
            return
        self.happened += 1
        told = Happening(
            number=self.happened,
            at_ns=event.at_ns,
            kind=str(event.kind),
            path=event.path,
            generation=event.generation,
            reason=redacted(event.reason),
            wait=event.wait,
            verdict="" if event.judgement is None else str(event.judgement.verdict),
        )
        self._events.append(told)
        if event.report is not None:
            self._crashed(event.report)
        for listener in list(self._listeners):
            listener(told)

    def events(self, path: str, last: int) -> list[Happening]:
        """Return the last events at and below a path, oldest first."""
        return _last([event for event in self._events if is_below(event.path, path)], last)

    def crashes(self, path: str, last: int) -> list[Crash]:
        """Return the kinds of crash at and below a path that came last, the oldest of them first."""
        kinds = [kind.crash() for key, kind in self._crashes.items() if is_below(key[0], path)]
        return _last(kinds, last)

    def listen(self, listener: Callable[[Happening], None]) -> None:
        """Have each event handed on from now on; the listener must not wait, nor raise."""
        self._listeners.add(listener)

    def leave(self, listener: Callable[[Happening], None]) -> None:
        """End that."""
        self._listeners.discard(listener)

    def _crashed(self, report: CrashReport) -> None:
        key = (report.path, str(report.verdict), report.reason)
        kind = self._crashes.pop(key, None) or _Repeats(report)
        kind.again(report)
        self._crashes[key] = kind
        if len(self._crashes) > CRASHES_KEPT:
            self._crashes.popitem(last=False)


class _Repeats:
    """A kind of crash: the same child, the same verdict, the same reason."""

    __slots__ = ("_count", "_first_ns", "_last")

    def __init__(self, report: CrashReport) -> None:
        self._first_ns = report.at_ns
        self._count = 0
        self._last = report

    def again(self, report: CrashReport) -> None:
        self._count += 1
        self._last = report

    def crash(self) -> Crash:
        last = self._last
        return Crash(
            path=last.path,
            verdict=str(last.verdict),
            reason=redacted(last.reason),
            course=str(last.course),
            count=self._count,
            first_ns=self._first_ns,
            last_ns=last.at_ns,
            generation=last.generation,
            text=redacted(last.text()),
        )


def _last(items: list[Item], count: int) -> list[Item]:
    return items[-count:] if count > 0 else []
