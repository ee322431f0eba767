"""The simulated exchanges as a whole: markets on one fair price, venues, and the pulse that moves them."""

import random
from zlib import crc32

import trio

from feedtree.ops.sim.accounts.state import StateFile
from feedtree.ops.sim.clock import SimClock
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.flow import FairPrice
from feedtree.ops.sim.gateio.venue import GateioVenue
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.markets import GATEIO, MEXC, listings
from feedtree.ops.sim.mexc.venue import MexcVenue
from feedtree.ops.sim.replay.recording import Recording
from feedtree.ops.sim.replay.venue import ReplayVenue
from feedtree.ops.sim.streams import TICK_S
from feedtree.ops.sim.switchboard import SwitchBoard
from feedtree.ops.sim.venue import Venue

_LATENCY_S = {GATEIO: 0.003, MEXC: 0.006}  # from the engine's change to the gateway's push
_BASIS = {GATEIO: 0.0, MEXC: 0.00008}  # how much dearer a venue is
_BEHIND_S = 0.1  # later than that, ticks are left out


class Simulation:
    """Both venues, made of one seed.

    Must be made inside trio, whose clock it takes.

    Args:
        config: its options.

    Raises:
        BadState: the state file cannot be used.

    Attributes:
        board: the switches.
        venues: by name.
        rate: order events per second over all books; may be set at any time.
    """

    def __init__(self, config: SimConfig) -> None:
        self.config = config
        self.clock = SimClock(config.utc_ns)
        self.board = SwitchBoard(config.switches)
        self.rate = config.rate
        self._rng = random.Random(config.seed)
        self._fair = {
            listing.symbol: FairPrice(listing.start_price, random.Random(self._rng.random()))
            for listing in listings(GATEIO, config.symbols)
        }
        self._state = StateFile(config.state) if config.state else None
        self.venues: dict[str, Venue] = {name: self._venue(name) for name in config.venues}
        self._books = [market for venue in self.venues.values() for market in venue.markets.values()]
        self._weights = _cumulated(
            [1.0 / (1 + index % len(config.symbols)) ** 0.5 for index in range(len(self._books))]
        )
        self._credit = 0.0
        if self._state is not None:
            self._state.begin(
                record
                for venue in self.venues.values()
                if venue.private is not None
                for record in venue.private.records()
            )

    def close(self) -> None:
        """Write no more to the state file."""
        if self._state is not None:
            self._state.close()

    async def pulse(self) -> None:
        """Move the markets and push, for ever: the engine every 10 ms, each venue a little after it."""
        started = trio.current_time()
        tick = 0
        while True:
            await trio.sleep_until(started + tick * TICK_S)
            self._trade()
            for name, venue in self.venues.items():
                if venue.peers:
                    await trio.sleep_until(started + tick * TICK_S + _LATENCY_S[name])
                venue.tick(tick)
            behind = trio.current_time() - started - tick * TICK_S
            if behind > _BEHIND_S:
                started += behind - TICK_S
            tick += 1

    def turn(self, venue: str, name: str, value: object, seconds: float = 0.0) -> object:
        """Turn a switch, back again after ``seconds`` where they are not 0; return where it stood before.

        Raises:
            UnknownSwitch: no such venue or switch, or not such a value.
        """
        before = self.board.set(venue, name, value)
        if seconds > 0 and venue in self.venues:
            self.venues[venue].later(seconds, lambda: self._turn_back(venue, name, before))
        return before

    def _turn_back(self, venue: str, name: str, before: object) -> None:
        self.board.set(venue, name, before)

    def _trade(self) -> None:
        for fair in self._fair.values():
            fair.step(TICK_S)
        self._credit += self.rate * TICK_S * self._rng.uniform(0.5, 1.5)
        events = int(self._credit)
        self._credit -= events
        if events and self._books:
            at_ns = self.clock.now_ns()
            for market in self._rng.choices(self._books, cum_weights=self._weights, k=events):
                market.flow.act(at_ns)

    def _venue(self, name: str) -> Venue:
        rng = random.Random(self._rng.random())
        if self.config.replay:
            self.board.gateio.ack_form = "minimal"  # that of the recordings
            return ReplayVenue(Recording(self.config.replay), self.board.gateio, self.clock, rng)
        venue = (
            GateioVenue(self.board.gateio, self.clock, rng)
            if name == GATEIO
            else MexcVenue(self.board.mexc, self.clock, rng)
        )
        venue.list_markets(
            Market(
                listing,
                self._fair[listing.symbol],
                random.Random(self._rng.random()),
                first_id=self.clock.first_id() + _apart(name, listing.wire),
                trade_number=venue.next_trade,
                basis=_BASIS[name],
                orders=self.config.orders,
                now_ns=self.clock.now_ns(),
            )
            for listing in listings(name, self.config.symbols)
        )
        if venue.private is not None:
            venue.private.open(self.config.accounts_at(name), self._state)
        return venue


def _apart(venue: str, wire: str) -> int:
    """Return how far a book's ids are from those of others: a mix-up of two books must not pass unseen."""
    return crc32(f"{venue} {wire}".encode()) % 10**8


def _cumulated(weights: list[float]) -> list[float]:
    total, cumulated = 0.0, []
    for weight in weights:
        total += weight
        cumulated.append(total)
    return cumulated
