"""The simulated MEXC spot venue."""

import math
import random
from collections.abc import Sequence

from feedtree.ops.http import Request, Response, json_response
from feedtree.ops.sim import frames
from feedtree.ops.sim.accounts.entries import Entry
from feedtree.ops.sim.budget import WindowBudget
from feedtree.ops.sim.clock import SimClock
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.markets import MEXC
from feedtree.ops.sim.mexc.account_rest import AccountRest
from feedtree.ops.sim.mexc.arrivals import of_request
from feedtree.ops.sim.mexc.private import MexcPrivate
from feedtree.ops.sim.mexc.rest import PREFIX, MexcRest
from feedtree.ops.sim.mexc.session import MexcSession
from feedtree.ops.sim.mexc.streams import trade_id
from feedtree.ops.sim.peer import Peer
from feedtree.ops.sim.switches import MexcSwitches
from feedtree.ops.sim.tape import Print
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
        self.private: MexcPrivate = MexcPrivate(self)
        self._rest = MexcRest(self)
        self._account_rest = AccountRest(self.private)
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

    def arrived(self, request: Request) -> list[Entry]:
        """See `Venue`."""
        return of_request(self.private, request, request.path.removeprefix(PREFIX))

    async def rest(self, request: Request, entries: Sequence[Entry]) -> Response | None:
        """See `Venue`."""
        path = request.path.removeprefix(PREFIX)
        if self._account_rest.serves(path):
            return await self._account_rest.answer(request, path, entries)
        weight = self._rest.weight(request)
        now_s = self.clock.now_ns() / NS
        left, ends_s = self._budget.spend(request.host, "", weight, self.switches.rest_limit, now_s)
        if left >= 0:
            return self._rest.answer(request)
        return self.throttled(429, (("Retry-After", str(math.ceil(ends_s - now_s))),))

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

    def trade_id(self, trade: Print) -> str:
        """See `Venue`."""
        return trade_id(trade)

    def ping(self, peer: Peer) -> None:
        """See `Venue`."""
        if self.switches.server_ping_form == "json":
            peer.send(frames.text(b'{"method":"PING"}'))
        else:
            peer.ping()
