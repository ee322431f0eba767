"""The consumer's side of a mailbox: the entries of the burst that is being read become messages."""

from collections.abc import Hashable
from typing import Any

from feedtree.actors.entries import ENTRIES, Gap, Notice, Overflow, Resume, Token
from feedtree.actors.intake import Intake
from feedtree.actors.outages import Outages
from feedtree.actors.routes import Role, Route
from feedtree.actors.statistics import DropReason, Tally


class Outlet:
    """Opens entries one by one, at the moment at which the consumer takes them.

    After an overflow, data of a key that lost some are held back until its snapshot was given (the key is
    *owed* one), and those that the snapshot holds already are left out (the key is *based* on it). A lost-event
    ends both: what follows its up-event is whole in itself.

    Attributes:
        current: the entries of the started burst that are not read yet, the next one last.
        plain: the same list where all of them are messages that may pass as they are, else an empty one.
    """

    __slots__ = ("_based", "_intake", "_outages", "_owed", "_tally", "current", "plain")

    def __init__(self, intake: Intake, outages: Outages, tally: Tally) -> None:
        self.current: list[Any] = []
        self.plain: list[Any] = []
        self._intake = intake
        self._outages = outages
        self._tally = tally
        self._owed: dict[Hashable, Route] = {}
        self._based: dict[Hashable, Any] = {}  # key -> the snapshot that was given

    def begin(self, entries: list[Any]) -> None:
        """Start on a burst; the list is now the outlet's own."""
        entries.reverse()
        self.current = entries
        free = not (self._owed or self._based) and ENTRIES.isdisjoint(map(type, entries))
        self.plain = entries if free else []

    def next(self) -> Any:
        """Return the next message of the started burst, None where nothing of it is left."""
        current, tally = self.current, self._tally
        while current:
            entry = current.pop()
            kind = entry.__class__
            if kind in ENTRIES:
                message = self._render(entry) if kind is Token else self._open(entry)
                if message is not None:
                    return message
            elif not (self._owed or self._based):
                tally.depth -= 1
                tally.delivered += 1
                return entry
            else:
                message = self._admit(entry)
                if message is not None:
                    return message
        return None

    def rest(self) -> list[Any]:
        """Return all that is left of the started burst."""
        current = self.current
        if self.plain:
            self.current = self.plain = []
            self._tally.depth -= len(current)
            self._tally.delivered += len(current)
            current.reverse()
            return current
        messages: list[Any] = []
        append = messages.append
        take = self.next
        while (message := take()) is not None:
            append(message)
        return messages

    def _open(self, entry: Notice | Resume | Gap) -> Any:
        match entry:
            case Notice():
                return None if entry.event is None else self._tell(entry)
            case Resume():
                return self._resume(entry.key, entry.route)
            case _:
                return Overflow(entry.count)

    def _render(self, token: Token) -> Any:
        message = token.message
        if message is None:
            return None
        del self._intake.tokens[token.key]
        token.message = None
        self._tally.deliver()
        render = self._intake.conflated[message.__class__].render
        if render is None:
            return message
        rendered = render(message, token.skipped)
        if rendered is None:
            self._tally.delivered -= 1
            self._tally.dropped[DropReason.EMPTY] += 1
        return rendered

    def _tell(self, notice: Notice) -> Any:
        event = notice.event
        self._outages.taken(notice)
        if notice.rule.role is Role.LOST:
            self._owed.pop(notice.key, None)
            self._based.pop(notice.key, None)
        self._tally.deliver()
        return event

    def _resume(self, key: Hashable, route: Route) -> Any:
        """Give a key its snapshot, or owe it where there is none now or its stream is about to be lost."""
        self._based.pop(key, None)
        self._owed[key] = route
        if route.resume is None or self._outages.barred(key):
            return None
        snapshot = route.resume(key)
        if snapshot is not None:
            del self._owed[key]
            self._based[key] = snapshot
        return snapshot

    def _admit(self, message: Any) -> Any:
        """Let a plain datum pass, unless its key waits for a snapshot or has one that holds it."""
        route = self._intake.plain[message.__class__]
        if route.resume is None or route.key is None:
            self._tally.deliver()
            return message
        key = route.key(message)
        if key in self._owed:
            self.current.append(message)
            snapshot = self._resume(key, route)
            if snapshot is None:
                self.current.pop()
                self._tally.drop(DropReason.OVERFLOW)
            return snapshot
        if key in self._based:
            if route.resumed_past is not None and route.resumed_past(self._based[key], message):
                self._tally.drop(DropReason.COVERED)
                return None
            del self._based[key]
        self._tally.deliver()
        return message
