"""What the tests of two connections share: a tree behind proxies, and consumers that compare all they got."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
import trio
from msgspec.structs import replace

from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.messages import (
    BookDelta,
    BookSnapshot,
    BookTicker,
    Kline,
    StreamEvent,
    Ticker,
    Trade,
)
from feedtree.exchanges.public.views import deltas
from feedtree.ops.app import websocket_class
from feedtree.ops.chaos.proxy import Proxy, open_proxy
from feedtree.ops.chaos.rerouting import through
from feedtree.supervisors import EventKind

KINDS = (BookDelta, Trade, BookTicker, Ticker, Kline)
CHANNELS = ["book", "trades", "book_ticker", "ticker", "kline:1m"]
SPELT = {"gateio.spot": "{}_{}", "mexc.spot": "{}{}"}
VENUES = list(SPELT)


class Recorder:
    """A consumer of everything of one venue, from a moment on at which all of it is live.

    It keeps books from changes alone, so that a change that is missed, or told in a wrong order, shows.
    """

    def __init__(self, exchanges: Any, websocket: Any) -> None:
        self.exchanges = exchanges
        self.websocket = websocket
        self.venue = exchanges.sim.simulation.venues[websocket.feed.name]
        self.events: list[StreamEvent] = []
        self.books: dict[Topic, dict[float, float]] = {}  # topic -> price, a bid's negative -> size
        self.ids: dict[Topic, int] = {}
        self.trades: dict[Topic, list[Trade]] = {}
        self.states: dict[Topic, list[Any]] = {}
        self.faults: list[str] = []
        self.changes = 0
        self.pauses = False  # whether to note how long a book is not told of
        self.longest = 0.0  # the longest of such times, in seconds
        self._told_at: dict[Topic, float] = {}
        self._mailbox = websocket.mailbox(*KINDS, view=deltas(), capacity=10**6)

    async def follow(self) -> None:
        """Take what comes, until cancelled."""
        async for message in self._mailbox:
            self.take(message)

    def take(self, message: Any) -> None:
        """Take one message."""
        match message:
            case BookSnapshot():
                if message.topic in self.ids and message.sequence < self.ids[message.topic]:
                    self.faults.append(f"{message.topic} went back to {message.sequence}")
                self.books[message.topic] = {}
                self._set(message, message.sequence)
            case BookDelta():
                if message.first != self.ids[message.topic] + 1:
                    self.faults.append(f"{message.topic} {self.ids[message.topic]} then {message.first}")
                self.changes += 1
                self._pause(message.topic)
                self._set(message, message.last)
            case Trade():
                self.trades.setdefault(message.topic, []).append(message)
            case BookTicker() | Ticker() | Kline():
                self.states.setdefault(message.topic, []).append(message)
            case StreamEvent():
                self.events.append(message)
                self.states.pop(
                    message.topic, None
                )  # the first one after an outage may say what the last one did

    def _set(self, message: Any, sequence: int) -> None:
        book = self.books[message.topic]
        for price, size in message.bids:
            book[-price] = size
        for price, size in message.asks:
            book[price] = size
        self.ids[message.topic] = sequence

    def _pause(self, topic: Topic) -> None:
        now = trio.current_time()
        if self.pauses:
            self.longest = max(self.longest, now - self._told_at[topic])
        self._told_at[topic] = now

    def check(self) -> None:
        """Compare all that came with the truth."""
        assert self.faults == []
        for topic, sequence in self.ids.items():
            truth = self.exchanges.truth(topic.venue, topic.symbol, sequence)
            held = sorted(key for key, size in self.books[topic].items() if size)
            bids = [(-key, self.books[topic][key]) for key in held if key < 0][:50]
            asks = [(key, self.books[topic][key]) for key in held if key > 0][:50]
            assert bids == [(float(price), float(size)) for price, size in truth["bids"][:50]], topic
            assert asks == [(float(price), float(size)) for price, size in truth["asks"][:50]], topic
            assert self.websocket.feed.book(topic).sequence == sequence
        for topic, trades in self.trades.items():
            self._check_trades(topic, trades)
        for topic, states in self.states.items():
            ages = [_age(state) for state in states]
            assert ages == sorted(ages), f"{topic} went back"
            if isinstance(states[0], BookTicker):
                said = [(state.bid, state.bid_size, state.ask, state.ask_size) for state in states]
                assert all(one != next_ for one, next_ in pairwise(said)), f"{topic} was told twice"

    def _check_trades(self, topic: Topic, trades: list[Trade]) -> None:
        assert self.missing(topic) == []
        ids = Counter(trade.id for trade in trades if not trade.id.startswith("~"))
        assert [each for each, count in ids.items() if count > 1] == []

    def missing(self, topic: Topic) -> list[int]:
        """Return the times of trades that were not told, though later ones were; none came twice."""
        market = self.venue.markets[SPELT[topic.venue].format(topic.symbol.base, topic.symbol.quote)]
        told = Counter((t.venue_ns // 1_000_000, t.price, t.size) for t in self.trades[topic])
        first, last = min(told)[0], max(told)[0]
        missing = []
        for trade in market.tape.prints:
            fill = trade.fill
            price, size = float(market.price_text(fill.price)), float(market.size_text(fill.lots))
            key = (fill.at_ns // 1_000_000, price, size)
            if first < key[0] < last:
                if not told[key]:
                    missing.append(fill.at_ns)
                told[key] -= 1
        assert not any(count > 0 for key, count in told.items() if first < key[0] < last), "told twice"
        return missing

    def forget(self, base: str) -> None:
        """Compare nothing of a symbol any more."""
        for held in (self.books, self.ids, self.trades, self.states):
            for topic in [topic for topic in held if topic.symbol.base == base]:
                del held[topic]

    def seen(self, since: int = 0) -> None:
        """Make sure that there was something to miss."""
        assert self.changes > since
        assert all(len(trades) > 20 for trades in self.trades.values())
        assert len(self.ids) == len(self.trades) == 2


def _age(state: Any) -> Any:
    if isinstance(state, BookTicker):
        return state.sequence or state.sent_ns
    return (state.open_ns if isinstance(state, Kline) else 0, state.sent_ns)


@dataclass
class Stage:
    """A tree whose connections go through a proxy for each venue, and what its consumers got."""

    exchanges: Any
    proxies: dict[str, Proxy]
    running: Any
    recorders: dict[str, Recorder] = field(default_factory=dict)

    def reports(self) -> list[Any]:
        """Return the account of every stream."""
        return [report for feed in self.running.public.feeds.values() for report in feed.streams()]

    def shard(self, venue: str) -> Any:
        """Return a venue's only shard."""
        (shard,) = self.running.websockets[venue].feed.plan()
        return shard

    def slots(self, venue: str) -> dict[str, Any]:
        """Return the slots of a venue's only shard, as the tree shows them."""
        node = self.running.snapshot().find(f"public/{venue}/shard-1")
        return {child.id: child for child in node.children}

    async def second_slot(self, venue: str) -> Any:
        """Wait until a second slot has begun; return the proxy's connection of the first one."""
        old = max(self.proxies[venue].connections, key=lambda each: each.down.delivered)
        async with self.running.events(f"public/{venue}/shard-1") as events:
            async for event in events:
                if event.kind is EventKind.READY and event.path.endswith("/b"):
                    break
        return old

    def events(self) -> list[str]:
        """Return what consumers were told beside data."""
        return [
            f"{type(event).__name__} {event.topic}"
            for each in self.recorders.values()
            for event in each.events
        ]

    @asynccontextmanager
    async def fault(
        self, name: str, *, which: int, venues: list[str], **parameters: Any
    ) -> AsyncIterator[None]:
        """Strike one of the two websockets of each venue: the busiest connections are the websockets."""
        async with AsyncExitStack() as stack:
            for venue in venues:
                proxy = self.proxies[venue]
                busiest = sorted(proxy.connections, key=lambda each: -each.down.delivered)[:2]
                struck = sorted(busiest, key=lambda each: each.number)[which]
                await stack.enter_async_context(proxy.fault(name, only=[struck], **parameters))
            yield


OpenStage = Callable[..., AbstractAsyncContextManager[Stage]]


@asynccontextmanager
async def open_stage(
    lab: Any,
    tree: Any,
    venue_tls: Any,
    monkeypatch: pytest.MonkeyPatch,
    *,
    life_s: float = 86_400.0,
    switches: dict[str, Any] | None = None,
    spell: float = 0.0,
    **options: Any,
) -> AsyncIterator[Stage]:
    """Over TLS and live, with a recorder for each venue that listens from then on; checked at the end.

    Args:
        lab: the fixture, as the next ones.
        tree: see there.
        venue_tls: see there.
        monkeypatch: see there.
        life_s: after which the venues are known to end a connection.
        switches: of the simulated venues.
        spell: seconds to wait after all is live.
        options: of the config; `venues` names them.
    """
    context, host, ca_file = venue_tls
    venues = options.pop("venues", VENUES)
    given = {venue: {"own_windows": True, **(switches or {}).get(venue, {})} for venue in venues}
    for venue in venues:
        _shorten(monkeypatch, venue, life_s)
    async with AsyncExitStack() as stack:
        exchanges = await stack.enter_async_context(lab(tls=context, rate=200.0, orders=100, switches=given))
        to = ("127.0.0.1", exchanges.sim.port)
        proxies = {
            venue: await stack.enter_async_context(open_proxy(exchanges.network, to=to, host=host, seed=7))
            for venue in venues
        }
        options = {"channels": CHANNELS, "ca_file": ca_file, **options}
        config = exchanges.config(venues=tuple(venues), **options)
        led = {name: through(venue, proxies[name].address) for name, venue in config.venues.items()}
        running = await stack.enter_async_context(tree(exchanges, type(config)(venues=led)))
        nursery = await stack.enter_async_context(trio.open_nursery())
        on = Stage(exchanges, proxies, running)
        for name, websocket in running.websockets.items():
            await websocket.wait_live(5)
            on.recorders[name] = Recorder(exchanges, websocket)
            nursery.start_soon(on.recorders[name].follow)
        await trio.sleep(spell)
        yield on
        await trio.sleep(0.05)
        if not on.events():
            assert running.gaps() == []
        for recorder in on.recorders.values():
            recorder.check()
        nursery.cancel_scope.cancel()


def _shorten(monkeypatch: pytest.MonkeyPatch, venue: str, life_s: float) -> None:
    made = websocket_class(venue)
    endpoint = replace(made.VENUE.endpoint, life_s=life_s)
    monkeypatch.setattr(made, "VENUE", replace(made.VENUE, endpoint=endpoint))
