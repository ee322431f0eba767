"""One client's connection to MEXC: its topics, limits and answers."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from feedtree.ops.sim.mexc.envelope import (
    ClientFrame,
    accepted_text,
    mixed_text,
    refused_text,
    reply,
)
from feedtree.ops.sim.mexc.private_topics import PrivateTopics
from feedtree.ops.sim.mexc.topics import maker, symbol_of
from feedtree.ops.sim.peer import Peer
from feedtree.ops.sim.venue import NS

if TYPE_CHECKING:
    from feedtree.ops.sim.mexc.venue import MexcVenue


class MexcSession:
    """Answers one client, and keeps its topics.

    Args:
        venue: whose markets and streams.
        peer: the connection.
    """

    def __init__(self, venue: "MexcVenue", peer: Peer) -> None:
        self._venue = venue
        self._peer = peer
        self._topics: set[str] = set()
        self._messages: deque[int] = deque()
        self._decode = msgspec.json.Decoder(ClientFrame).decode
        self._private = PrivateTopics(venue.private, peer)

    @property
    def subscribed(self) -> bool:
        """Whether it has any valid subscription."""
        return bool(self._topics)

    def on_text(self, text: str) -> None:
        """See `Session`."""
        if self._too_fast():
            self._venue.journal.counts["too_fast"] += 1
            self._peer.cut()
            return
        try:
            request = self._decode(text)
        except (msgspec.MsgspecError, RecursionError):
            return
        method = request.method.upper()  # ccxt writes "ping"
        if method == "PING":
            self._app_ping(request)
        elif method == "PONG":
            self._peer.asked_ns = 0
        elif method in ("SUBSCRIPTION", "UNSUBSCRIPTION"):
            self._venue.later(self._venue.switches.answer_delay_s, lambda: self._change(request))

    def on_ping(self) -> bool:
        """See `Session`."""
        return self._venue.answers_pong("protocol")

    def close(self) -> None:
        """See `Session`."""
        for topic in self._topics:
            self._venue.streams.leave((topic, symbol_of(topic)), self._peer)
        self._topics.clear()
        self._private.close()

    def _too_fast(self) -> bool:
        limit, now_ns = self._venue.switches.message_limit, self._peer.heard_ns
        while self._messages and self._messages[0] <= now_ns - NS:
            self._messages.popleft()
        self._messages.append(now_ns)
        return bool(limit) and len(self._messages) > limit

    def _app_ping(self, request: ClientFrame) -> None:
        self._peer.pinged_ns = self._peer.heard_ns
        if self._venue.answers_pong("app"):
            self._peer.send(reply(request.id, "PONG"))

    def _change(self, request: ClientFrame) -> None:
        if self._peer.ended:
            return
        if request.method.upper() == "SUBSCRIPTION":
            self._subscribe(request)
        else:
            self._unsubscribe(request)
        self._peer.flush()

    def _subscribe(self, request: ClientFrame) -> None:
        taken: list[str] = []
        refused: list[str] = []
        for topic in request.params or []:
            (taken if self._take(topic) else refused).append(topic)
        switches = self._venue.switches
        if not refused:
            self._peer.send(reply(request.id, accepted_text(taken)))
        elif not taken or switches.refusal_mixed == "refused_only":
            self._peer.send(reply(request.id, refused_text(refused), switches.refusal_code))
        else:
            self._peer.send(reply(request.id, mixed_text(taken, refused), switches.refusal_code))

    def _take(self, topic: str) -> bool:
        """Subscribe a topic; return whether MEXC says that it did."""
        switches, join = self._venue.switches, self._joining(topic)
        if join is None:
            return False
        if topic in self._topics:
            return True
        if len(self._topics) >= switches.topic_limit:
            return switches.surplus == "silent"
        self._topics.add(topic)
        join()
        return True

    def _joining(self, topic: str) -> Callable[[], object] | None:
        """Return what joins a topic; None where there is nothing to join."""
        if self._private.handles(topic):
            return (lambda: self._private.take(topic)) if self._private.known else None
        make, symbol = maker(topic, self._venue), symbol_of(topic)
        if make is None:
            return None
        if symbol and symbol == self._venue.switches.silent_topic:
            return lambda: None
        return lambda: self._venue.streams.join((topic, symbol), self._peer, make)

    def _unsubscribe(self, request: ClientFrame) -> None:
        for topic in request.params or []:
            self._venue.streams.leave((topic, symbol_of(topic)), self._peer)
            self._private.drop(topic)
            self._topics.discard(topic)
        if not self._topics:
            self._peer.emptied_ns = self._peer.heard_ns
        form = self._venue.switches.unsubscribe_reply
        if form != "silence":
            echo = accepted_text(request.params or [])
            self._peer.send(reply(request.id, echo if form == "echo" else "no subscription"))
