"""Gate.io's private subscriptions of one connection."""

from typing import TYPE_CHECKING

import msgspec

from feedtree.ops.sim.accounts.config import READ
from feedtree.ops.sim.gateio.denied import Denied
from feedtree.ops.sim.gateio.envelope import ClientFrame, Refused
from feedtree.ops.sim.gateio.private import CHANNELS, SILENT
from feedtree.ops.sim.peer import Peer

if TYPE_CHECKING:
    from feedtree.ops.sim.gateio.private import GateioPrivate

_ALL = "!all"
_WITHOUT_PAIRS = ("spot.balances", *SILENT)


class PrivateSubscriptions:
    """Keeps what one client subscribed of accounts; each request carries a signature of its own.

    Args:
        side: the venue's private side.
        peer: the connection.
    """

    def __init__(self, side: "GateioPrivate", peer: Peer) -> None:
        self._side = side
        self._peer = peer
        self._channels: set[str] = set()

    @property
    def any(self) -> bool:
        """Whether there is any."""
        return bool(self._channels)

    @staticmethod
    def handles(channel: str) -> bool:
        """Whether a channel is a private one."""
        return channel in CHANNELS or channel in SILENT

    def change(self, request: ClientFrame) -> None:
        """Do what a subscribe or unsubscribe asks for.

        Raises:
            Refused: its key, signature, time or payload is wrong.
        """
        channel = request.channel
        try:
            account = self._side.identity.of_subscription(
                channel,
                str(request.event),
                request.time,
                request.auth,
                self._peer.host,
                self._side.now_ns(),
            )
            self._side.identity.check(account, READ)
        except Denied as denied:
            raise Refused(4, _as_json(denied)) from denied
        pairs = [] if channel in _WITHOUT_PAIRS else self._pairs(request.payload)
        if request.event == "unsubscribe":
            self._channels.discard(channel)
            self._side.lines.leave(self._peer, channel)
            return
        self._channels.add(channel)
        if channel in CHANNELS:
            self._side.lines.join(self._peer, account, channel, pairs)

    def close(self) -> None:
        """End all of them."""
        self._side.lines.leave(self._peer)

    def _pairs(self, payload: object) -> list[str]:
        """Return the pairs that a payload names; none for all."""
        if not isinstance(payload, list) or not all(isinstance(entry, str) for entry in payload):
            raise Refused(1, "invalid argument: payload must be an array of strings")
        if not payload:
            raise Refused(2, "invalid argument: empty payload")
        if payload == [_ALL]:
            return []
        for pair in payload:
            if self._side.venue.pair(pair) is None:
                raise Refused(2, f"unknown currency pair: {pair}")
        return payload


def _as_json(denied: Denied) -> str:
    return msgspec.json.encode({"label": denied.label, "message": denied.text}).decode() + "\n"
