"""MEXC's text frames: requests, and the replies that decide on them.

A reply is matched by the id that it echoes; where it echoes none, to the oldest request that asked for a topic which
it names.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from feedtree.exchanges.controls import Unknown
from feedtree.exchanges.mexc.replies import (
    INVALID_LISTEN_KEY,
    Reply,
    Verdict,
    read_text,
    read_verdict,
)
from feedtree.exchanges.public.codec import Confirmed, Control, Refused, Removed, Request, WireTopic

_TOPIC_MARK = "@"
_encode = msgspec.json.Encoder().encode


class _Open(Struct):
    """A request with topics that no reply has decided on yet."""

    leaving: bool
    topics: dict[str, WireTopic]  # key -> topic


class Requests:
    """The requests of one connection that wait for their replies."""

    __slots__ = ("_next_id", "_open")

    def __init__(self) -> None:
        self._next_id = 1  # 0 is what the venue answers to a request without one
        self._open: dict[int, _Open] = {}  # in the order of asking

    def subscribe(self, topics: tuple[WireTopic, ...]) -> Request:
        """Return one frame that asks for all of these topics."""
        return self._ask("SUBSCRIPTION", topics, leaving=False)

    def unsubscribe(self, topics: tuple[WireTopic, ...]) -> Request:
        """Return one frame that ends all of these topics."""
        return self._ask("UNSUBSCRIPTION", topics, leaving=True)

    def asks_for(self, key: str) -> bool:
        """Return True while a subscription of this topic waits for its reply."""
        return any(key in asked.topics and not asked.leaving for asked in self._open.values())

    def _ask(self, method: str, topics: tuple[WireTopic, ...], *, leaving: bool) -> Request:
        params = [param for topic in topics for param in topic.params]
        frame = _encode({"method": method, "params": params, "id": self._next_id}).decode()
        self._open[self._next_id] = _Open(leaving, {topic.key: topic for topic in topics})
        self._next_id += 1
        return Request(frame, topics)

    def read(self, text: str) -> Sequence[Control]:
        """Translate a text frame. A topic that a reply does not name goes on waiting."""
        if text == INVALID_LISTEN_KEY:
            return [Unknown(text)]
        return read_text(text, self._settle)

    def _settle(self, reply: Reply) -> list[Control]:
        verdict = read_verdict(reply.msg or "")
        request_id = self._claim(reply, verdict)
        asked = self._open.get(request_id)
        if asked is None:
            return []
        if asked.leaving:
            del self._open[request_id]
            return [] if reply.code else [Removed(tuple(asked.topics.values()))]
        decided = _decide(asked.topics, reply.code or 0, verdict)
        if not asked.topics:
            del self._open[request_id]
        return decided

    def _claim(self, reply: Reply, verdict: Verdict) -> int:
        """Return the id of the request that a reply belongs to, 0 where none does."""
        if reply.id in self._open:
            return reply.id or 0
        named = {*verdict.accepted, *verdict.refused}
        for request_id, asked in self._open.items():
            if not named.isdisjoint(asked.topics):
                return request_id
        return self._guess(reply, verdict)

    def _guess(self, reply: Reply, verdict: Verdict) -> int:
        """Return the one request that a text without topics can mean, 0 where there are none or several.

        That is a refusal as a whole, or an odd answer to an unsubscription (``no subscription``).
        """
        if not reply.msg or _TOPIC_MARK in reply.msg:
            return 0
        refusal = bool(reply.code) or verdict.refuses_all
        suited = [request_id for request_id, asked in self._open.items() if asked.leaving != refusal]
        return suited[0] if len(suited) == 1 else 0


def _decide(waiting: dict[str, WireTopic], code: int, verdict: Verdict) -> list[Control]:
    """Take the topics that a reply decides on out of those that wait."""
    if code or verdict.refuses_all:
        refused = tuple(waiting.values())
        waiting.clear()
        reason = f"{verdict.reason} (code {code})" if code else verdict.reason
        return [Refused(refused, reason)]
    decided: list[Control] = []
    if accepted := _take(waiting, verdict.accepted):
        decided.append(Confirmed(accepted))
    if refused := _take(waiting, verdict.refused):
        decided.append(Refused(refused, verdict.reason))
    return decided


def _take(waiting: dict[str, WireTopic], keys: tuple[str, ...]) -> tuple[WireTopic, ...]:
    return tuple(waiting.pop(key) for key in keys if key in waiting)
