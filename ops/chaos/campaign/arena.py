"""The arena: a whole tree on its ground, each of its streams on a line of its own, and who listens to them."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from random import Random
from typing import Any

import trio

from feedtree.actors.entries import Overflow
from feedtree.exchanges.access import Reach
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.public.channels import Book, Trades
from feedtree.exchanges.public.messages import BookView, Trade
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.app import Tree, open_tree, options_of, private_websocket_class, websocket_class
from feedtree.ops.beside import beside
from feedtree.ops.chaos.campaign.allowance import longest
from feedtree.ops.chaos.campaign.exchanges import Exchanges
from feedtree.ops.chaos.campaign.ground import CERTIFICATE, Ground, Prepared
from feedtree.ops.chaos.campaign.lines import Line, Scale, host_of, lines_of
from feedtree.ops.chaos.campaign.tracks import PrivateTrack, PublicTrack, Track
from feedtree.ops.chaos.rerouting import led, through
from feedtree.ops.config import Config, Venue, Watch
from feedtree.ops.paper import PaperTrader
from feedtree.supervisors import ChildSpec

CHANNELS = (Book(), Trades())
LIVE_WITHIN = 60.0  # seconds
_ROOM = 100_000  # messages that the consumer of trades may be behind
_TRADER_STOP = 0.2
_LATENCIES = 4_096


class Arena:
    """All that a campaign works with.

    Args:
        tree: the tree.
        ground: what it stands on.
        exchanges: tells the truth.
        scale: how large it is.

    Attributes:
        lines: all of them, by number.
        tracks: what is heard of each line, by number.
        traders: one for each account.
        overflowed: messages that the consumer of trades was too slow for.
        latencies: of the newest trades, from the venue's sending to the consumer, in seconds.
        longest: seconds that the venues' budgets take to bring all lines back.
    """

    def __init__(self, tree: Tree, ground: Ground, exchanges: Exchanges, scale: Scale) -> None:
        self.tree = tree
        self.ground = ground
        self.exchanges = exchanges
        self.scale = scale
        self.lines = lines_of(scale)
        self.longest = longest(scale)
        self.tracks: dict[int, Track] = {}
        self.traders: list[PaperTrader] = []
        self.overflowed = 0
        self.latencies: deque[float] = deque(maxlen=_LATENCIES)
        self._public: dict[tuple[str, Symbol], PublicTrack] = {}

    def public(self) -> list[PublicTrack]:
        """Return what is heard of market data."""
        return [track for track in self.tracks.values() if isinstance(track, PublicTrack)]

    def private(self) -> list[PrivateTrack]:
        """Return what is heard of accounts."""
        return [track for track in self.tracks.values() if isinstance(track, PrivateTrack)]

    def proxy(self, line: Line) -> int:
        """Return the number of the proxy that a line's connections go through now."""
        track = self.tracks.get(line.number)
        if line.second and isinstance(track, PublicTrack):
            host, _, _ = track.websocket.feed.plan()[0].address.partition(":")
            return line.second if host == host_of(line.second) else line.number
        return line.number

    @property
    def kept(self) -> int:
        """How many messages were taken down, all of them kept."""
        trades = sum(len(ids) for track in self.public() for ids in track.trades.values())
        return trades + sum(len(track.messages) for track in self.private())

    def at(self, venue: str) -> list[Track]:
        """Return all lines of a venue."""
        return [track for track in self.tracks.values() if track.line.venue == venue]

    async def open_lines(self, lines: Sequence[Line], nursery: trio.Nursery, rng: Random) -> None:
        """Open lines."""
        for line in lines:
            if line.side == "public":
                await self._open_public(line)
        for line in lines:
            if line.side == "private":
                await self._open_private(line, nursery, Random(rng.random()))

    async def consume(self) -> None:
        """Take all trades, as an app would, until cancelled."""
        async with self.tree.public.mailbox(Trade, capacity=_ROOM) as mailbox:
            async for burst in mailbox.bursts():
                last = burst[-1]
                if type(last) is Trade and last.sent_ns is not None:
                    self.latencies.append((self.ground.wall_ns() - last.sent_ns) / 1e9)
                for message in burst:
                    if type(message) is Trade:
                        track = self._public[message.topic.venue, message.topic.symbol]
                        track.trades[message.topic.symbol].append(message.id)
                    elif isinstance(message, Overflow):
                        self.overflowed += message.count

    async def live(self) -> None:
        """Wait until every line is live, and every account consistent: before that none has anything to lose.

        Raises:
            trio.TooSlowError: not in `LIVE_WITHIN` seconds and those that the venues' budgets take.
        """
        with trio.fail_after(LIVE_WITHIN + self.longest):
            for track in self.tracks.values():
                outages = track.outages
                await outages.wait(lambda outages=outages: outages.live)  # type: ignore[misc]
                if isinstance(track, PrivateTrack):
                    async with track.websocket.when_consistent():
                        pass

    async def _open_public(self, line: Line) -> None:
        venue = Venue(
            line.symbols,
            channels=CHANNELS,
            redundancy=1 + line.twofold,
            alternate_ws_url=self._second(line),
            **self._reach(line),
        )
        reached = through(venue, self.address(line.number))
        websocket = websocket_class(line.venue)(self.tree, options_of(reached))
        websocket.feed.subscribe(line.symbols, CHANNELS)
        track = PublicTrack(line, websocket, self.ground.wall_ns)
        self.tracks[line.number] = track
        for symbol in line.symbols:
            self._public[line.venue, symbol] = track
        await websocket.initialize(line.symbols, CHANNELS)

    async def _open_private(self, line: Line, nursery: trio.Nursery, rng: Random) -> None:
        reached = through(Venue(line.symbols, **self._reach(line)), self.address(line.number))
        account = private_websocket_class(line.venue)(
            self.tree,
            Credentials(f"{line.name}-key", f"{line.name}-secret"),
            name=line.name,
            options=Reach(ws_url=reached.ws_url, rest_url=reached.rest_url, ca_file=CERTIFICATE),
            symbols=line.symbols,
        )
        trader = PaperTrader(
            account.orders, account.account.store, partial(self._quote, line.venue), line.symbols, rng
        )
        account.beside.append(ChildSpec(id="trader", start=trader.run, shutdown=_TRADER_STOP))
        self.traders.append(trader)
        await account.initialize()
        track = PrivateTrack(line, account, self.ground.wall_ns)
        self.tracks[line.number] = track
        nursery.start_soon(track.run)

    def _quote(self, venue: str, symbol: Symbol) -> BookView | None:
        return self._public[venue, symbol].websocket.book(symbol)

    def _reach(self, line: Line) -> dict[str, Any]:
        at = self.ground.venues[line.venue]
        return {"ws_url": at.ws, "rest_url": at.rest, "ca_file": CERTIFICATE}

    def _second(self, line: Line) -> str | None:
        """Return the websocket's second address, where a line has one."""
        return led(self.ground.venues[line.venue].ws, self.address(line.second)) if line.second else None

    def address(self, proxy: int) -> tuple[str, int]:
        """Return where the tree dials a proxy."""
        return host_of(proxy), self.ground.fleet.ports[proxy]


@asynccontextmanager
async def open_arena(
    scale: Scale, seed: int, ground: Prepared, log: Any, *, only: Sequence[Line] | None = None
) -> AsyncIterator[Arena]:
    """Run a tree of that scale beside a block, its lines opened, and not yet live.

    Args:
        scale: how large.
        seed: of the market, the traders and the tree.
        ground: `over_sockets` or `in_memory`.
        log: a structlog logger for the tree.
        only: the lines that are opened; None is all.
    """
    async with ground(scale, lines_of(scale), seed) as stands:
        exchanges = Exchanges(stands.control, stands.plain, CERTIFICATE)
        try:
            async with open_tree(
                Config({}, watch=Watch(stall_after=0)),
                network=stands.network,
                wall_ns=stands.wall_ns,
                rng=Random(seed),
                log=log,
            ) as tree:
                arena = Arena(tree, stands, exchanges, scale)
                async with beside() as nursery:
                    nursery.start_soon(arena.consume)
                    await arena.open_lines(arena.lines if only is None else only, nursery, Random(seed))
                    yield arena
        finally:
            await exchanges.aclose()
