"""Which keys are down, and which unread lost/up pairs collapse into one."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from feedtree.actors.entries import ENTRIES, Notice
from feedtree.actors.routes import Role

_PAIRS = [Role.LOST, Role.UP, Role.LOST, Role.UP]


class Outages:
    """The unread events of a mailbox, by key.

    A *run* is the unread events of a key behind which no plain datum of it is queued. Conflated data end no run:
    a lost-event removes them.

    Attributes:
        down: the keys whose last lost-event has had no up-event yet.
        runs: key -> its run, in order; may hold notices that were emptied since.
    """

    __slots__ = ("_unread", "down", "runs")

    def __init__(self) -> None:
        self.down: set[Hashable] = set()
        self.runs: dict[Hashable, list[Notice]] = {}
        self._unread: Counter[Hashable] = Counter()  # key -> unread lost-events

    def add(self, notice: Notice) -> int:
        """Take in a new event.

        Returns:
            How many notices it emptied by a collapse; the new one is then among them.
        """
        key = notice.key
        run = [earlier for earlier in self.runs.get(key, ()) if earlier.event is not None]
        run.append(notice)
        self.runs[key] = run
        if notice.rule.role is Role.LOST:
            self.down.add(key)
            self._unread[key] += 1
        elif notice.rule.role is Role.UP:
            self.down.discard(key)
        return self._collapse(run)

    def interrupt(self, key: Hashable) -> None:
        """End the run of a key: a plain datum of it is queued."""
        self.runs.pop(key, None)

    def taken(self, notice: Notice) -> None:
        """Forget an event that the consumer took."""
        notice.event = None
        if notice.rule.role is Role.LOST:
            self._read_lost(notice.key)
        run = self.runs.get(notice.key)
        if run is not None and all(other.event is None for other in run):
            del self.runs[notice.key]

    def barred(self, key: Hashable) -> bool:
        """Tell whether the key is down, or has an unread lost-event."""
        return key in self.down or key in self._unread

    def join(self, entries: Iterable[Any], key_of: Callable[[Any], Hashable]) -> int:
        """Collapse pairs that became neighbours because the data between them were dropped.

        Args:
            entries: the oldest part of the queue, in order.
            key_of: the key of a plain message.

        Returns:
            How many notices were emptied.
        """
        emptied = 0
        runs: dict[Hashable, list[Notice]] = {}
        latest: dict[Hashable, Notice] = {}
        for entry in entries:
            if entry.__class__ is Notice:
                if entry.event is not None:
                    run = runs.setdefault(entry.key, [])
                    run.append(entry)
                    latest[entry.key] = entry
                    emptied += self._collapse(run)
            elif entry.__class__ not in ENTRIES:
                runs.pop(key_of(entry), None)
        for key, run in runs.items():
            if key in self.runs and self.runs[key][-1] is latest[key]:
                self.runs[key] = run
        return emptied

    def _collapse(self, run: list[Notice]) -> int:
        if [notice.rule.role for notice in run[-4:]] != _PAIRS:
            return 0
        _, up, lost, last_up = run[-4:]
        merge = up.rule.merge
        if merge is None or up.rule is not last_up.rule:
            return 0
        up.event = merge(up.event, last_up.event)
        lost.event = last_up.event = None
        del run[-2:]
        self._read_lost(lost.key)
        return 2

    def _read_lost(self, key: Hashable) -> None:
        self._unread[key] -= 1
        if not self._unread[key]:
            del self._unread[key]
