"""What is left of dropped bursts: it stands at the front of a mailbox's queue, behind a note of the gap."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from feedtree.actors.entries import Gap, Notice, Resume, live
from feedtree.actors.outages import Outages
from feedtree.actors.routes import Policy, Role, Route
from feedtree.actors.statistics import DropReason, Tally


class Front:
    """The survivors of dropped bursts, in order: events, tokens, and data that ``drop_oldest`` does not rule.

    Args:
        at: when the oldest of the bursts was offered.
    """

    __slots__ = ("_count", "_outages", "_owing", "_plain", "_survivors", "_tally", "at")

    def __init__(self, plain: Mapping[type, Route], outages: Outages, tally: Tally, at: float) -> None:
        self.at = at
        self._plain = plain
        self._outages = outages
        self._tally = tally
        self._count = 0
        self._survivors: list[Any] = []
        self._owing: dict[Hashable, Route] = {}  # key that lost data since it was last up -> its route

    def absorb(self, entries: Iterable[Any]) -> None:
        """Drop what may be dropped of the next burst, and keep the rest behind what is here already."""
        dropped = 0
        events = False
        for entry in entries:
            route = self._plain.get(entry.__class__)
            if route is not None and route.policy is Policy.DROP_OLDEST:
                dropped += 1
                if route.resume is not None and route.key is not None:
                    self._owing[route.key(entry)] = route
                continue
            self._survivors.append(entry)
            if entry.__class__ is Notice:
                events = True
                if entry.rule.role is Role.LOST:
                    self._owing.pop(entry.key, None)
        self._count += dropped
        self._tally.drop(DropReason.OVERFLOW, dropped)
        if events:
            self._join()

    def entries(self) -> list[Any]:
        """Return the queue entries that stand for all of this: the gap, the survivors, the snapshots to give."""
        gap = [Gap(self._count)] if self._count else []
        return [*gap, *self._survivors, *(Resume(key, route) for key, route in self._owing.items())]

    def sweep(self) -> None:
        """Let go of entries that became empty."""
        self._survivors = live(self._survivors)

    def _join(self) -> None:
        emptied = self._outages.join(self._survivors, self._key_of)
        self._tally.skipped += emptied
        self._tally.depth -= emptied
        self.sweep()

    def _key_of(self, message: Any) -> Hashable:
        key = self._plain[message.__class__].key
        return None if key is None else key(message)
