"""When the connections of each stream were tried, and how long was waited for each: from the tree's own events."""

from collections.abc import Sequence

from msgspec import Struct

from feedtree.ops.app import Tree
from feedtree.supervisors import EventKind

_ROOM = 100_000  # events that it may be behind
_CONNECTIONS = ("a", "b", "session")  # the last part of a path that is one


class Start(Struct, frozen=True):
    """A try.

    Args:
        at: trio time.
        waited: seconds that its supervisor waited before it.
        stream: the path of its stream.
        why: the one before it ended.
    """

    at: float
    waited: float
    stream: str = ""
    why: str = ""


class Starts:
    """Listens to a tree, from its making on."""

    def __init__(self) -> None:
        self._found: dict[str, list[Start]] = {}
        self._waits: dict[str, tuple[float, str]] = {}  # and why
        self._total = 0

    async def run(self, tree: Tree) -> None:
        """Listen until cancelled."""
        async with tree.supervisor.events("", capacity=_ROOM) as events:
            async for event in events:
                self.see(event.kind, event.path, event.at, event.wait, event.reason)

    def see(self, kind: EventKind, path: str, at: float, wait: float | None, reason: str = "") -> None:
        """Take an event."""
        stream, _, last = path.rpartition("/")
        if last not in _CONNECTIONS:
            return
        if kind is EventKind.RESTARTING:
            self._waits[path] = (wait or 0.0, reason)
        elif kind is EventKind.STARTING:
            self._total += 1
            waited, why = self._waits.pop(path, (0.0, ""))
            self._found.setdefault(stream, []).append(Start(at, waited, stream, why))

    @property
    def total(self) -> int:
        """How many there were in all."""
        return self._total

    def forget(self, before: float) -> None:
        """Remember no tries from before that time."""
        self._found = {
            stream: [start for start in starts if start.at >= before]
            for stream, starts in self._found.items()
        }

    def of(self, path: str, begin: float, end: float) -> Sequence[Start]:
        """Return the tries of the streams at and below a path (empty: of all), within a time, in order."""
        found = [
            start
            for stream, starts in self._found.items()
            if path in ("", stream) or stream.startswith(path + "/")
            for start in starts
            if begin <= start.at <= end
        ]
        return sorted(found, key=lambda start: start.at)
