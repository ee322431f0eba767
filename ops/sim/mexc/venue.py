"""The simulated MEXC spot venue."""

import random

from feedtree.ops.sim import frames
from feedtree.ops.sim.budget import WindowBudget
from feedtree.ops.sim.clock import SimClock
from feedtree.ops.sim.http import Request, Response, json_response
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.markets import MEXC
from feedtree.ops.sim.mexc.rest import PREFIX, MexcRest
from feedtree.ops.sim.mexc.session import MexcSession
from feedtree.ops.sim.peer import Peer
from feedtree.ops.sim.switches import MexcSwitches
from feedtree.ops.sim.venue import NS, Venue


class MexcVenue(Venue):
    """MEXC spot: its paths, limits and sessions.

    Args:
        switches: of this venue.
        clock: of the simulation.
        rng: of what is neither price nor order.
    """

    def __init__(self, switches: MexcSwitches, clock: SimClock, rng: random.Random) -> None:
        super().__init__(MEXC, switches, clock, rng)
        self.switches = switches
        self._rest = MexcRest(self)
        self._budget = WindowBudget(10)

    @property
    def ws_path(self) -> str:
        """See `Venue`."""
        return "/ws"

    @property
    def rest_prefix(self) -> str:
        """See `Venue`."""
        return PREFIX

    def market(self, name: str) -> Market | None:
        """Return a market, None where it is unknown or refused by a switch."""
        return None if name == self.switches.refuse_topic else self.markets.get(name)

    def session(self, peer: Peer) -> MexcSession:
        """See `Venue`."""
        return MexcSession(self, peer)

    def rest(self, request: Request) -> Response:
        """See `Venue`."""
        weight = self._rest.weight(request)
        now_s = self.clock.now_ns() / NS
        left, _ = self._budget.spend(request.host, "", weight, self.switches.rest_limit, now_s)
        return self.throttled(429, ()) if left < 0 else self._rest.answer(request)

    def throttled(self, status: int, headers: tuple[tuple[str, str], ...]) -> Response:
        """See `Venue`."""
        texts = {429: "Too Many Requests", 403: "Access Denied", 503: "service not available"}
        return json_response({"code": status, "msg": texts.get(status, "simulated")}, status, headers)

    def idle_limit_s(self, peer: Peer) -> tuple[int, float]:
        """See `Venue`: 30 s without a valid subscription whatever is sent, 60 s with one that stays silent."""
        session = peer.session
        if isinstance(session, MexcSession) and session.subscribed:
            return self.active_ns(peer), self.switches.idle_silent_s
        return peer.emptied_ns, self.switches.idle_empty_s

    def ping(self, peer: Peer) -> None:
        """See `Venue`."""
        if self.switches.server_ping_form == "json":
            peer.send(frames.text(b'{"method":"PING"}'))
        else:
            peer.ping()
