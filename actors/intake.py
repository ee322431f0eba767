"""The publisher's side of a mailbox: a published burst becomes entries of its queue."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from feedtree.actors.entries import Notice, Token
from feedtree.actors.outages import Outages
from feedtree.actors.routes import EventRule, Policy, Route, Table
from feedtree.actors.statistics import DropReason, Tally


class Intake:
    """Sorts messages by their routes: conflates, sets events in order, leaves out what is down or unwanted.

    Attributes:
        tokens: key -> its waiting token.
        conflated: the routes of the data that are conflated, by class.
        plain: the routes of all other data, which are queued as they are, by class.
    """

    __slots__ = ("_accept_event", "_key_of", "_outages", "_rules", "_tally", "conflated", "plain", "tokens")

    def __init__(
        self,
        routes: Iterable[Route],
        events: Iterable[EventRule],
        outages: Outages,
        tally: Tally,
        accept_event: Callable[[Any], bool] | None = None,
    ) -> None:
        table = Table(routes).by_kind
        self._rules = Table(events).by_kind
        if both := table.keys() & self._rules.keys():
            raise ValueError(f"both data and events: {', '.join(sorted(kind.__name__ for kind in both))}")
        self.conflated = {kind: route for kind, route in table.items() if route.policy is Policy.CONFLATE}
        self.plain = {kind: route for kind, route in table.items() if kind not in self.conflated}
        self._key_of = {kind: route.key for kind, route in self.conflated.items() if route.key is not None}
        self.tokens: dict[Hashable, Token] = {}
        self._outages = outages
        self._tally = tally
        self._accept_event = accept_event

    def sort(self, burst: Sequence[Any]) -> list[Any]:
        """Turn a burst into queue entries, in order, and count them as waiting; the burst stays as it is.

        This is the hot path: a burst of nothing but plain data is taken over as it is; any other in one loop, with
        one dictionary look-up for the class and one for the key of a conflated message.
        """
        tally, tokens, plain = self._tally, self.tokens, self.plain
        down, runs = self._outages.down, self._outages.runs
        if not (down or runs) and plain.keys() >= set(map(type, burst)):
            tally.depth += len(burst)
            return list(burst)
        conflating = self._key_of.get
        entries: list[Any] = []
        append = entries.append
        skipped = 0
        for message in burst:
            kind = message.__class__
            key_of = conflating(kind)
            if key_of is None:
                if kind in plain and not (down or runs):
                    append(message)
                else:
                    self._set_in_order(kind, message, append)
                continue
            key = key_of(message)
            if down and key in down:
                tally.dropped[DropReason.LOST] += 1
                continue
            try:
                token = tokens[key]
            except KeyError:
                tokens[key] = token = Token(key, message)
                append(token)
                continue
            token.message = message
            token.skipped += 1
            skipped += 1
        tally.skipped += skipped
        tally.depth += len(entries)
        return entries

    def _set_in_order(self, kind: type, message: Any, append: Callable[[Any], None]) -> None:
        """Handle an event, or a plain datum while some event is unread or some key down."""
        rule = self._rules.get(kind)
        if rule is not None:
            if self._accept_event is None or self._accept_event(message):
                self._event(rule, message, append)
            return
        route = self.plain.get(kind)
        if route is None:
            return
        if route.key is not None:
            key = route.key(message)
            if key in self._outages.down:
                self._tally.dropped[DropReason.LOST] += 1
                return
            self._outages.interrupt(key)
        append(message)

    def _event(self, rule: EventRule, event: Any, append: Callable[[Any], None]) -> None:
        notice = Notice(rule.key(event), rule, event)
        emptied = self._outages.add(notice)
        if notice.key in self._outages.down:
            self._lose(notice.key)
        if emptied:
            self._tally.skipped += emptied
            self._tally.depth -= emptied - 1
            self._tally.litter += emptied - 1
        else:
            append(notice)

    def _lose(self, key: Hashable) -> None:
        """Take the waiting conflated message of a key out of the queue."""
        token = self.tokens.pop(key, None)
        if token is not None:
            token.message = None
            self._tally.drop(DropReason.LOST)
            self._tally.litter += 1
