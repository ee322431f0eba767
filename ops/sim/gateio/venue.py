"""The simulated Gate.io spot venue."""

import random
from collections.abc import Sequence

from feedtree.ops.http import Request, Response
from feedtree.ops.sim.accounts.entries import Entry
from feedtree.ops.sim.budget import WindowBudget
from feedtree.ops.sim.clock import SimClock
from feedtree.ops.sim.gateio.account_rates import Rate
from feedtree.ops.sim.gateio.account_rest import AccountRest
from feedtree.ops.sim.gateio.arrivals import of_request
from feedtree.ops.sim.gateio.envelope import push
from feedtree.ops.sim.gateio.private import GateioPrivate
from feedtree.ops.sim.gateio.rest import PREFIX, GateioRest, error
from feedtree.ops.sim.gateio.session import GateioSession
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.markets import GATEIO
from feedtree.ops.sim.peer import Peer
from feedtree.ops.sim.switches import GateioSwitches
from feedtree.ops.sim.tape import Print
from feedtree.ops.sim.venue import NS, Venue

_NOTICE = "The connection will soon be closed for a service upgrade. Please reconnect."


class GateioVenue(Venue):
    """Gate.io spot: its paths, limits and sessions.

    Args:
        switches: of this venue.
        clock: of the simulation.
        rng: of connection ids.
    """

    def __init__(self, switches: GateioSwitches, clock: SimClock, rng: random.Random) -> None:
        super().__init__(GATEIO, switches, clock, rng)
        self.switches = switches
        self.private: GateioPrivate = GateioPrivate(self)
        self._rest = GateioRest(self)
        self._account_rest = AccountRest(self.private)
        self._budget = WindowBudget(10)

    @property
    def ws_path(self) -> str:
        """See `Venue`."""
        return "/ws/v4/"

    @property
    def rest_prefix(self) -> str:
        """See `Venue`."""
        return PREFIX

    def pair(self, name: str) -> Market | None:
        """Return the market of a pair, None where it is unknown or refused by a switch."""
        return None if name == self.switches.refuse_topic else self.markets.get(name)

    def session(self, peer: Peer) -> GateioSession:
        """See `Venue`."""
        return GateioSession(self, peer)

    def arrived(self, request: Request) -> list[Entry]:
        """See `Venue`."""
        return of_request(self.private, request, request.path.removeprefix(PREFIX))

    async def rest(self, request: Request, entries: Sequence[Entry]) -> Response | None:
        """See `Venue`."""
        path = request.path.removeprefix(PREFIX)
        in_time: tuple[str, str] = ("X-In-Time", str(self.private.now_ns() // 1_000))
        if self._rest.serves(path):
            answer: Response | None = self._public(request)
        else:
            answer = await self._account_rest.answer(request, path, entries)
        return answer and Response(answer.status, answer.body, (*answer.headers, in_time))

    def _public(self, request: Request) -> Response:
        now_ns, limit = self.clock.now_ns(), self.switches.rest_limit
        left, resets_s = self._budget.spend(request.host, request.path, 1, limit, now_ns / NS)
        rate = Rate(left, limit, int(resets_s))
        if left < 0:
            return self.throttled(429, rate.headers())
        answer = self._rest.answer(request)
        return Response(answer.status, answer.body, (*answer.headers, *rate.headers()))

    def throttled(self, status: int, headers: tuple[tuple[str, str], ...]) -> Response:
        """See `Venue`."""
        labels = {429: "TOO_MANY_REQUESTS", 403: "FORBIDDEN", 418: "FORBIDDEN"}
        texts = {429: "Request Rate limit Exceeded (211)"}
        return error(status, labels.get(status, "SERVER_ERROR"), texts.get(status, "simulated"), headers)

    def idle_limit_s(self, peer: Peer) -> tuple[int, float]:
        """See `Venue`: 30 s without a subscription, 60 s with one that stays silent."""
        session = peer.session
        subscribed = isinstance(session, GateioSession) and session.subscribed
        limit = self.switches.idle_silent_s if subscribed else self.switches.idle_empty_s
        return self.active_ns(peer), limit

    def trade_id(self, trade: Print) -> str:
        """See `Venue`."""
        return str(trade.number)

    def ping(self, peer: Peer) -> None:
        """See `Venue`."""
        peer.ping()

    def notice(self) -> bytes:
        """Return the frame that announces an upgrade."""
        result = {"type": "upgrade", "msg": _NOTICE}
        return push(self.switches.system_channel, result, self.clock.now_ns())
