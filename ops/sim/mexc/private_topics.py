"""The listen key of one connection to MEXC: what it leads to, and what its end means."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from feedtree.ops.sim.mexc.account_shapes import TOPICS
from feedtree.ops.sim.mexc.private import INVALID
from feedtree.ops.sim.peer import Peer

if TYPE_CHECKING:
    from feedtree.ops.sim.mexc.private import MexcPrivate


class PrivateTopics:
    """Keeps what one client subscribed of the account that its listen key leads to.

    Args:
        side: the venue's private side.
        peer: the connection.
    """

    def __init__(self, side: "MexcPrivate", peer: Peer) -> None:
        self._side = side
        self._peer = peer
        self._enter()

    @staticmethod
    def handles(topic: str) -> bool:
        """Whether a topic is a private one."""
        return topic in TOPICS

    @property
    def known(self) -> bool:
        """Whether its listen key leads to an account, now that it is asked."""
        return self._peer in self._side.sockets

    def take(self, topic: str) -> None:
        """Subscribe a topic of the account."""
        self._side.lines.join(self._peer, self._side.sockets[self._peer].account, topic)

    def drop(self, topic: str) -> None:
        """Unsubscribe a topic."""
        self._side.lines.leave(self._peer, topic)

    def close(self) -> None:
        """Forget the connection."""
        self._side.lines.leave(self._peer)
        self._side.sockets.pop(self._peer, None)

    def _enter(self) -> None:
        """Use the key that the address names, which leads to so many connections and no more."""
        names = parse_qs(urlsplit(self._peer.path).query, keep_blank_values=True).get("listenKey")
        if names is None:
            return
        key = self._side.keys.valid(names[0], self._side.now_ns())
        others = sum(other.text == names[0] for other in self._side.sockets.values())
        if key is None or others >= self._side.switches.listen_key_sockets:
            self._peer.send(INVALID)
        else:
            self._side.sockets[self._peer] = key
