"""What stands in a mailbox's queue beside plain messages.

A burst in the queue is a list of plain messages and of these. Each is a place that can still change, or
become empty, while it waits.
"""

from collections.abc import Hashable
from typing import Any

from msgspec import Struct

from feedtree.actors.routes import EventRule, Route


class Token:
    """The place of a conflated key; the newest message waits in it."""

    __slots__ = ("key", "message", "skipped")

    def __init__(self, key: Hashable, message: Any) -> None:
        self.key = key
        self.message = message  # None: its stream was lost, or it was taken
        self.skipped = 0


class Notice:
    """The place of an event."""

    __slots__ = ("event", "key", "rule")

    def __init__(self, key: Hashable, rule: EventRule, event: Any) -> None:
        self.key = key
        self.rule = rule
        self.event = event  # None: it was collapsed into an earlier one, or taken


class Gap:
    """The place where data were dropped."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        self.count = count


class Resume:
    """The place where a key that lost data gets its snapshot."""

    __slots__ = ("key", "route")

    def __init__(self, key: Hashable, route: Route) -> None:
        self.key = key
        self.route = route


ENTRIES = frozenset({Token, Notice, Gap, Resume})


class Overflow(Struct, frozen=True, gc=False):
    """Delivered before the next message where ``drop_oldest`` dropped ``count`` messages."""

    count: int


class Lot:
    """One burst in the queue: its entries, and when they were offered (trio time)."""

    __slots__ = ("at", "entries")

    def __init__(self, entries: list[Any], at: float) -> None:
        self.entries = entries
        self.at = at


def content(entry: Any) -> Any:
    """Return the message or event that an entry stands for, None where there is none (any more)."""
    match entry:
        case Token():
            return entry.message
        case Notice():
            return entry.event
        case Gap() | Resume():
            return None
        case _:
            return entry


def live(entries: list[Any]) -> list[Any]:
    """Return the entries that still stand for a message or event."""
    return [entry for entry in entries if content(entry) is not None]
