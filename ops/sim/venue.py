"""What both simulated venues share: markets, streams, clients, REST behind its limits, and the clock's tick."""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from itertools import count

from feedtree.exchanges.symbols import Symbol
from feedtree.ops.http import Request, Response
from feedtree.ops.sim.accounts.entries import Entry
from feedtree.ops.sim.accounts.side import PrivateSide
from feedtree.ops.sim.clock import SimClock
from feedtree.ops.sim.journal import Journal
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.peer import Peer, Session
from feedtree.ops.sim.streams import Streams
from feedtree.ops.sim.switches import VenueSwitches
from feedtree.ops.sim.tape import Print

NS = 1_000_000_000


class Venue(ABC):
    """One simulated venue.

    Args:
        name: as feedtree writes it.
        switches: of this venue.
        clock: of the simulation.
        rng: for what is neither price nor order: connection ids and the like.

    Attributes:
        markets: by the venue's spelling; filled by `list_markets`.
        peers: the websocket clients, in order of arrival.
        private: its accounts; None where it has no private side.
        refusing_until_ns: until then new connections of this venue are reset.
    """

    def __init__(self, name: str, switches: VenueSwitches, clock: SimClock, rng: random.Random) -> None:
        self.name = name
        self.clock = clock
        self.rng = rng
        self.journal = Journal()
        self.streams = Streams(switches, self.journal)
        self.markets: dict[str, Market] = {}
        self.peers: dict[Peer, None] = {}
        self.private: PrivateSide | None = None
        self.refusing_until_ns = 0
        self._switches = switches
        self._trades = count(clock.first_id())
        self._later: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()

    @property
    @abstractmethod
    def ws_path(self) -> str:
        """The path of its websocket, without the query."""

    @property
    @abstractmethod
    def rest_prefix(self) -> str:
        """What the paths of its REST calls start with."""

    @property
    def symbols(self) -> dict[str, str]:
        """What it lists: symbol as this project writes it -> the venue's spelling."""
        return {str(market.symbol): market.wire for market in self.markets.values()}

    @abstractmethod
    def session(self, peer: Peer) -> Session:
        """Return the venue's side of a new connection."""

    def arrived(self, request: Request) -> Sequence[Entry]:
        """Take down a REST call that is order entry, before anything is done about it."""
        return ()

    @abstractmethod
    async def rest(self, request: Request, entries: Sequence[Entry]) -> Response | None:
        """Answer a REST call; None ends the connection in place of an answer.

        Args:
            request: the call.
            entries: what `arrived` took down of it.
        """

    @abstractmethod
    def throttled(self, status: int, headers: tuple[tuple[str, str], ...]) -> Response:
        """Return the error answer that the switch ``rest_status`` asks for."""

    @abstractmethod
    def idle_limit_s(self, peer: Peer) -> tuple[int, float]:
        """Return since when (ns) and for how long a client may go on being idle."""

    @abstractmethod
    def trade_id(self, trade: Print) -> str:
        """Return the id by which it tells a public trade."""

    @abstractmethod
    def ping(self, peer: Peer) -> None:
        """Send the server's own ping."""

    def list_markets(self, markets: Iterable[Market]) -> None:
        """Open markets for trading."""
        for market in markets:
            self.markets[market.wire] = market

    def next_trade(self) -> int:
        """Return the venue's next trade id."""
        return next(self._trades)

    def trades_above(self, number: int) -> None:
        """Have all later trade ids above one."""
        self._trades = count(max(next(self._trades), number + 1))

    def market_of(self, symbol: Symbol) -> Market | None:
        """Return the market of a symbol."""
        return next((market for market in self.markets.values() if market.symbol == symbol), None)

    def truth(self, symbol: Symbol, number: int | None) -> dict[str, object] | None:
        """Return the book of a symbol at an id, None where there is none (any more)."""
        market = self.market_of(symbol)
        return market.truth(number) if market else None

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something later, at once where ``seconds`` is 0."""
        if seconds <= 0:
            action()
        else:
            due = self.clock.now_ns() + int(seconds * NS)
            heappush(self._later, (due, next(self._order), action))

    def tick(self, number: int) -> None:
        """Push what is due, and write one batch to every client."""
        now_ns = self.clock.now_ns()
        while self._later and self._later[0][0] <= now_ns:
            heappop(self._later)[2]()
        self.streams.push(number, now_ns)
        if self.private is not None:
            self.private.push()
        frame_per_write = self._switches.frame_per_write
        for peer in list(self.peers):
            peer.frame_per_write = frame_per_write
            peer.flush()
        if number % 10 == 0:
            self._sweep(now_ns)

    def farewell(self) -> None:
        """Close all connections in order: the exchange ends."""
        for peer in list(self.peers):
            peer.end(1001)

    def answers_pong(self, kind: str) -> bool:
        """Whether a ping of this kind (``app`` or ``protocol``) is answered."""
        return self._switches.withhold_pongs not in (kind, "all")

    def active_ns(self, peer: Peer) -> int:
        """Return when a client last did what keeps its connection open."""
        rule = self._switches.idle_rule
        if rule == "pings_only":
            return max(peer.opened_ns, peer.pinged_ns)
        if rule == "no_pings":
            return max(peer.opened_ns, peer.fed_ns)
        return max(peer.heard_ns, peer.fed_ns)

    def _sweep(self, now_ns: int) -> None:
        for market in self.markets.values():
            market.book.history.trim(now_ns)
        for peer in list(self.peers):
            if not peer.deaf and not peer.ended:
                self._judge(peer, now_ns)

    def _judge(self, peer: Peer, now_ns: int) -> None:
        since_ns, limit_s = self.idle_limit_s(peer)
        if limit_s and now_ns - since_ns >= limit_s * NS:
            self._expire(peer, "closed_idle")
        elif self._switches.life_s and now_ns - peer.opened_ns >= self._switches.life_s * NS:
            self._expire(peer, "closed_old")
        elif self._switches.server_ping_s:
            self._ping_when_due(peer, now_ns)

    def _ping_when_due(self, peer: Peer, now_ns: int) -> None:
        patience_s = self._switches.ping_patience_s
        if peer.asked_ns and patience_s and now_ns - peer.asked_ns >= patience_s * NS:
            self._expire(peer, "closed_mute")
        elif now_ns - peer.server_pinged_ns >= self._switches.server_ping_s * NS:
            peer.server_pinged_ns = now_ns
            peer.asked_ns = peer.asked_ns or now_ns
            self.ping(peer)
            peer.flush()

    def _expire(self, peer: Peer, why: str) -> None:
        self.journal.counts[why] += 1
        form = self._switches.idle_close
        peer.end(None if form == "tcp" else int(form))
