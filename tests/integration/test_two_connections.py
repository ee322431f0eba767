"""Two connections of one shard, while one takes over or for good: nothing is missed, nothing doubled, nothing told."""

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
from feedtree.exchanges.public.records import TopicState
from feedtree.exchanges.public.views import deltas
from feedtree.ops.app import websocket_class
from feedtree.ops.chaos.proxy import Proxy, open_proxy
from feedtree.ops.chaos.rerouting import through
from feedtree.supervisors import EventKind
from tests.integration.conftest import EPOCH_NS

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


@pytest.fixture
def stage(lab, tree, venue_tls, monkeypatch) -> OpenStage:
    """Over TLS and live, with a recorder for each venue that listens from then on; checked at the end."""

    @asynccontextmanager
    async def opened(
        life_s: float = 86_400.0, switches: dict[str, Any] | None = None, spell: float = 0.0, **options: Any
    ) -> AsyncIterator[Stage]:
        context, host, ca_file = venue_tls
        venues = options.pop("venues", VENUES)
        given = {venue: {"own_windows": True, **(switches or {}).get(venue, {})} for venue in venues}
        for venue in venues:
            _shorten(monkeypatch, venue, life_s)
        async with AsyncExitStack() as stack:
            exchanges = await stack.enter_async_context(
                lab(tls=context, rate=200.0, orders=100, switches=given)
            )
            to = ("127.0.0.1", exchanges.sim.port)
            proxies = {
                venue: await stack.enter_async_context(
                    open_proxy(exchanges.network, to=to, host=host, seed=7)
                )
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

    return opened


def _shorten(monkeypatch: pytest.MonkeyPatch, venue: str, life_s: float) -> None:
    made = websocket_class(venue)
    endpoint = replace(made.VENUE.endpoint, life_s=life_s)
    monkeypatch.setattr(made, "VENUE", replace(made.VENUE, endpoint=endpoint))


# One takes over from the other


@pytest.mark.parametrize("windows", [True, False], ids=["own-windows", "shared-windows"])
async def test_a_connection_is_replaced_before_its_venue_ends_it(
    autojump_clock, stage, windows: bool
) -> None:
    """Three times: 0 missed, 0 doubled, nothing told, no restart; one connection a shard when it is over."""
    switches = {venue: {"own_windows": windows} for venue in VENUES}
    async with stage(life_s=20.0, switches=switches) as on:
        await trio.sleep(65)  # within which each life ends three times
        for venue, recorder in on.recorders.items():
            recorder.seen(500)
            assert on.events() == []
            (slot,) = on.slots(venue).values()
            assert (slot.id, slot.restarts, slot.report) == ("b", 0, "live")
        for report in on.reports():
            assert (report.state, report.generation, report.restarts, report.recoveries) == ("live", 4, 0, [])


async def test_a_topic_that_is_refused_is_not_refused_again_with_each_takeover(autojump_clock, stage) -> None:
    """The new connection asks for it, too; consumers know."""
    switches = {venue: {"refuse_topic": SPELT[venue].format("ETH", "USDT")} for venue in VENUES}
    async with stage(life_s=20.0, switches=switches) as on:
        await trio.sleep(40)
        assert on.events() == []
        for report in on.reports():
            assert (report.generation, report.restarts) == (3, 0)


@pytest.mark.parametrize("venue", VENUES)
async def test_a_connection_that_is_late_ends_no_sooner_than_it_has_told_what_the_new_one_did_not_hear(
    autojump_clock, stage, venue: str
) -> None:
    """What it brings is seconds old, since its path has become too narrow; that is older than the new connection."""
    async with stage(venues=[venue]) as on:
        (old,) = sorted(on.proxies[venue].connections, key=lambda each: -each.down.delivered)[:1]
        before = old.down.delivered
        await trio.sleep(5)
        async with on.proxies[venue].fault(
            "bandwidth", only=[old], rate=(old.down.delivered - before) / 5 * 0.5
        ):
            await trio.sleep(6)
            on.shard(venue).slots["a"].leaving.set()
            await trio.sleep(4)
            assert list(on.slots(venue)) == ["a", "b"]
        await trio.sleep(10)
        assert list(on.slots(venue)) == ["b"]
        assert on.events() == []
        on.recorders[venue].seen()


async def test_one_connection_costs_what_it_always_did(autojump_clock, stage) -> None:
    """Soon after it has taken over, nothing is joined any more."""
    async with stage(life_s=40.0) as on:
        await trio.sleep(39)
        assert [on.shard(venue).merge is None for venue in VENUES] == [False, False]
        await trio.sleep(11)
        assert [on.shard(venue).merge for venue in VENUES] == [None, None]


async def test_trades_without_ids_are_told_once(autojump_clock, stage) -> None:
    """MEXC gave none before 2026, and its quotes no id."""
    async with stage(life_s=15.0, venues=["mexc.spot"], switches={"mexc.spot": {"fields_2026": False}}) as on:
        await trio.sleep(45)
        assert on.reports()[0].generation == 4
        assert on.events() == []
        trades = [trade for each in on.recorders["mexc.spot"].trades.values() for trade in each]
        assert all(trade.id.startswith("~") for trade in trades)


async def test_an_announced_close_costs_nothing(autojump_clock, stage) -> None:
    """The venue closes five seconds after its notice; by then another connection has taken over."""
    async with stage(venues=["gateio.spot"]) as on:
        await trio.sleep(3)
        on.exchanges.inflict("gateio.spot", "notice", seconds=5.0)
        await trio.sleep(10)
        assert on.events() == []
        (report,) = on.reports()
        assert (report.state, report.generation, report.restarts, report.recoveries) == ("live", 2, 0, [])
        assert list(on.slots("gateio.spot")) == ["b"]


async def test_a_connection_goes_on_while_no_other_one_can_take_over(
    autojump_clock, stage, monkeypatch
) -> None:
    """It is tried again later, and costs nothing; the connections that failed are counted by their own slot alone."""
    monkeypatch.setattr("feedtree.exchanges.public.rollover.TAKES_OVER_WITHIN", 5.0)
    monkeypatch.setattr("feedtree.exchanges.public.rollover.AGAIN_AFTER", (10.0, 15.0))
    async with stage(life_s=200.0, venues=["gateio.spot"]) as on:
        async with on.proxies["gateio.spot"].fault("refuse"):
            await trio.sleep(200)
            assert on.slots("gateio.spot")["a"].generation == 1
            assert on.shard("gateio.spot").generation > 10
        await trio.sleep(40)
        assert on.events() == []
        assert [(slot.id, slot.report) for slot in on.slots("gateio.spot").values()] == [("b", "live")]
        assert on.reports()[0].recoveries == []


@pytest.mark.parametrize("venue", VENUES)
async def test_a_connection_that_dies_before_it_is_relieved_is_an_outage(
    autojump_clock, stage, venue: str
) -> None:
    """Told, counted and healed as ever, by whichever is in step first; one connection is left in the end."""
    switches = {
        "mexc.spot": {"rest_delay_s": 1.5, "answer_delay_s": 1.0},
        "gateio.spot": {"answer_delay_s": 1.5},
    }
    async with stage(life_s=50.0, venues=[venue]) as on:
        for name, value in switches[venue].items():
            on.exchanges.turn(venue, **{name: value})
        old = await on.second_slot(venue)
        await trio.sleep(1.0)
        async with on.proxies[venue].fault("reset", only=[old]):
            await trio.sleep(12)
        (report,) = on.reports()
        assert (report.state, len(report.recoveries), report.restarts) == ("live", 1, 1)
        assert report.recoveries[0].live_ns is not None
        told = Counter(event.split()[0] for event in on.events())
        assert told == {"StreamLost": 10, "StreamUp": 8, "BookResynced": 2}
        assert len(on.slots(venue)) == 1
        on.recorders[venue].trades.clear()  # what passed meanwhile is missing, as told


async def test_a_book_does_not_wait_long_for_a_connection_that_stalls(autojump_clock, stage) -> None:
    """The new connection is ahead of the old one, which says nothing for a second: what differs is told after 0.2 s."""
    async with stage(life_s=50.0) as on, AsyncExitStack() as stack:
        for venue in VENUES:
            old = await on.second_slot(venue)
            await stack.enter_async_context(on.proxies[venue].fault("stall", only=[old]))
            for recorder in on.recorders.values():
                recorder.pauses = recorder.websocket.feed.name == venue
            await trio.sleep(1.0)
            await stack.aclose()
            await trio.sleep(10)
            assert on.recorders[venue].longest < 0.9, (
                "seconds; a book of MEXC is joined by REST within half of one"
            )
            assert len(on.slots(venue)) == 1
        assert on.events() == []


@pytest.mark.parametrize("amid", [0.5, 1.5], ids=["before-the-second", "with-both"])
async def test_a_branch_that_ends_amid_a_takeover_ends_whole(autojump_clock, stage, amid: float) -> None:
    """Each topic is told as lost once; nothing is started any more."""
    async with stage(venues=["gateio.spot"]) as on:
        on.exchanges.turn("gateio.spot", answer_delay_s=1.0)
        on.exchanges.inflict("gateio.spot", "notice", seconds=60.0)
        await trio.sleep(amid)
        await on.running.supervisor.terminate_child("public/gateio.spot")
        await trio.sleep(80)
        assert Counter(on.events()) == Counter(
            f"StreamLost {topic}" for topic in on.running.websockets["gateio.spot"].topics()
        )
        assert on.reports()[0].state == "down"


# Two for good


FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("reset", {}),
    ("close", {}),
    ("close", {"after": 5_000}),
    ("half_close", {"direction": "down"}),
    ("half_close", {"direction": "up"}),
    ("black_hole", {"direction": "both"}),
    ("black_hole", {"direction": "down"}),
    ("stall", {"direction": "both"}),
    ("bandwidth", {"rate": 20.0}),
    ("latency", {"delay": 5.0}),
    ("corrupt", {"after": 2_000}),
    ("truncate", {"after": 2_000}),
    ("duplicate", {"after": 2_000, "length": 7}),
    ("drop", {"after": 2_000}),
]


@pytest.mark.parametrize("which", [0, 1], ids=["first", "second"])
@pytest.mark.parametrize(
    ("name", "parameters"), FAULTS, ids=["-".join([name, *map(str, told.values())]) for name, told in FAULTS]
)
async def test_the_loss_of_one_of_two_costs_nothing(
    autojump_clock, stage, name: str, parameters: dict[str, Any], which: int
) -> None:
    """0 missed, 0 doubled, no pause, nothing told; the lost one comes back."""
    async with stage(redundancy=2, spell=5.0) as on:
        for recorder in on.recorders.values():
            recorder.pauses = True
        async with on.fault(name, which=which, venues=VENUES, **parameters):
            await trio.sleep(6)
        assert on.events() == []
        for venue, recorder in on.recorders.items():
            recorder.seen()
            assert recorder.longest < 0.35, "seconds between changes of a book that is pushed every 0.1 s"
            slots = on.slots(venue)
            assert [slot.report for slot in slots.values()] == ["live", "live"]
            assert sorted(slot.restarts for slot in slots.values()) == [0, 1]
        for report in on.reports():
            assert (report.state, report.restarts, report.recoveries) == ("live", 1, [])


async def test_two_connections_of_a_shard_count_twice(autojump_clock, stage) -> None:
    """Against the venue's budget of sockets; the tree shows both, and the stream is one."""
    async with stage(redundancy=2, venues=["gateio.spot"]) as on:
        await trio.sleep(2)
        budget = on.running.host.connection_budget(on.running.websockets["gateio.spot"].VENUE.endpoint)
        assert budget.in_use(trio.current_time()) == 2
        assert len(on.reports()) == 1
        assert [slot.report for slot in on.slots("gateio.spot").values()] == ["live", "live"]


async def test_a_gap_on_one_connection_is_resynced_there_and_told_to_nobody(autojump_clock, stage) -> None:
    """The other one has the push: no StreamLost; the gap is counted, and its connection stays."""
    async with stage(redundancy=2, spell=2.0) as on:
        for venue in VENUES:
            streams = on.exchanges.sim.simulation.venues[venue].streams
            first, *_ = streams.matching("")
            first.swallow = 3
        await trio.sleep(5)
        assert on.events() == []
        for report in on.reports():
            assert (report.gaps, report.state, report.restarts, report.recoveries) == (1, "live", 0, [])
        for venue in VENUES:
            for slot in on.shard(venue).slots.values():
                assert {strand.state for strand in slot.strands.values()} == {TopicState.LIVE}


async def test_the_loss_of_both_is_one_outage(autojump_clock, stage) -> None:
    """Told once for each topic, by whichever ends last; up once, by whichever is back first."""
    async with stage(redundancy=2, spell=2.0) as on:
        for venue in VENUES:
            on.exchanges.inflict(venue, "reset")
        await trio.sleep(8)
        told = Counter(on.events())
        assert set(told.values()) == {1}
        assert Counter(event.split()[0] for event in told) == {
            "StreamLost": 20,
            "StreamUp": 16,
            "BookResynced": 4,
        }
        for report in on.reports():
            assert (report.state, len(report.recoveries), report.restarts) == ("live", 1, 2)
            assert report.recoveries[0].live_ns is not None
        on.recorders[
            "mexc.spot"
        ].trades.clear()  # what passed meanwhile is missing, as told; Gate.io's is fetched


async def test_what_neither_connection_heard_is_told_as_an_outage(autojump_clock, stage) -> None:
    """One is deaf and does not know it when the other one is made anew: trades of that moment are missing."""
    async with stage(redundancy=2, spell=5.0) as on:
        for venue in VENUES:
            on.exchanges.turn(venue, answer_delay_s=0.4)
        async with on.fault("black_hole", which=0, venues=VENUES), on.fault("reset", which=1, venues=VENUES):
            await trio.sleep(6)
        kinds = Counter(event.split()[0] for event in on.events())
        assert kinds == {"StreamLost": 16, "StreamUp": 16}, (
            "books go on: they differ by a change that can be told"
        )
        assert not any("book:" in event for event in on.events())
        for report in on.reports():
            (recovery,) = report.recoveries
            assert recovery.live_ns - recovery.lost_ns < 2.5e9
            assert report.state == "live"
        gaps = {gap.key: gap for gap in on.running.gaps()}
        assert len(gaps) == 16
        found = 0
        for recorder in on.recorders.values():
            for topic in recorder.trades:
                gap, missing = gaps[str(topic)], recorder.missing(topic)
                found += len(missing)
                assert all(gap.begin_ns - 0.2e9 <= at_ns <= gap.end_ns for at_ns in missing)
                assert gap.seconds < 1
            recorder.trades.clear()
        assert found > 0


async def test_a_connection_that_answers_pings_alone_is_trusted_with_nothing(
    autojump_clock, stage, monkeypatch
) -> None:
    """The other one is made anew meanwhile: what passed before that is told as an outage, and is in the ledger."""
    monkeypatch.setattr("feedtree.exchanges.public.silence.LEAST", 4.0)  # as of streams that are less busy
    async with stage(redundancy=2, spell=5.0) as on:
        for venue in VENUES:
            on.exchanges.turn(venue, answer_delay_s=0.45)
            mute, made_anew = on.exchanges.sim.simulation.venues[venue].streams.listeners("")
            mute.muted = True
            made_anew.reset()
        await trio.sleep(12)
        assert Counter(event.split()[0] for event in on.events()) == {"StreamLost": 16, "StreamUp": 16}
        gaps = {gap.key: gap for gap in on.running.gaps()}
        missing = 0
        for recorder in on.recorders.values():
            for topic in recorder.trades:
                gap, times = gaps[str(topic)], recorder.missing(topic)
                missing += len(times)
                assert all(gap.begin_ns - 0.2e9 <= at_ns <= gap.end_ns for at_ns in times)
            recorder.trades.clear()
        assert missing > 0


async def test_a_gap_begins_where_the_connection_that_had_the_topic_heard_last(autojump_clock, stage) -> None:
    """Not where the other one, which is made anew and has no book yet, heard of other topics."""
    async with stage(redundancy=2, spell=5.0, venues=["mexc.spot"]) as on:
        on.exchanges.turn("mexc.spot", rest_delay_s=1.8)
        deaf_at = trio.current_time()
        async with (
            on.fault("black_hole", which=0, venues=["mexc.spot"]),
            on.fault("reset", which=1, venues=["mexc.spot"]),
        ):
            await trio.sleep(8)
        deaf_ns = EPOCH_NS + int(deaf_at * 1e9)
        gaps = [gap for gap in on.running.gaps() if "book:" in gap.key]
        assert len(gaps) == 2
        assert all(deaf_ns - 0.2e9 <= gap.begin_ns <= deaf_ns for gap in gaps)
        (recovery,) = on.reports()[0].recoveries
        assert deaf_ns - 0.2e9 <= recovery.lost_ns <= deaf_ns
        on.recorders["mexc.spot"].trades.clear()  # what passed meanwhile is missing, as told


async def test_what_a_connection_leaves_untold_goes_to_taps_where_data_do(autojump_clock, stage) -> None:
    """It stalls while the other one is made anew and has a newer book; at its end the difference is told."""
    async with stage(redundancy=2, delivery="tap", venues=["mexc.spot"]) as on:
        heard: list[Any] = []
        on.running.websockets["mexc.spot"].tap(heard.extend)
        await trio.sleep(2)
        proxy = on.proxies["mexc.spot"]
        stalls, made_anew = sorted(
            sorted(proxy.connections, key=lambda each: -each.down.delivered)[:2], key=lambda each: each.number
        )
        async with (
            proxy.fault("stall", only=[stalls], direction="both"),
            proxy.fault("reset", only=[made_anew]),
        ):
            merge = on.shard("mexc.spot").merge
            with trio.fail_after(5):
                while not merge.held:  # noqa: ASYNC110 - that a book waits is told by no event
                    await trio.sleep(0.01)
            before = len(heard)
            async with proxy.fault("reset", only=[stalls]):
                await trio.sleep(0.01)
            changes = [message for message in heard if isinstance(message, BookDelta)]
            for topic in {change.topic for change in changes}:
                own = [change for change in changes if change.topic == topic]
                assert all(one.last + 1 == next_.first for one, next_ in pairwise(own))
            assert any(isinstance(message, BookDelta) for message in heard[before:])
        recorder = on.recorders["mexc.spot"]
        assert (recorder.changes, recorder.books, recorder.trades) == (0, {}, {})


async def test_topics_come_and_go_on_both_connections(autojump_clock, stage) -> None:
    """Each is driven towards what is wanted, and the venue serves just that."""
    async with stage(redundancy=2, spell=1.0) as on:
        for venue, websocket in on.running.websockets.items():
            await websocket.subscribe(["SOL/USDT"], ["book", "trades"])
            await websocket.wait_live(5)
            await trio.sleep(2)
            for slot in on.shard(venue).slots.values():
                assert len(slot.strands) == 12
                assert {strand.state for strand in slot.strands.values()} == {TopicState.LIVE}
            await websocket.unsubscribe(["SOL/USDT"], ["book", "trades"])
            on.recorders[venue].forget("SOL")
            await trio.sleep(1)
            assert len(on.exchanges.sim.simulation.venues[venue].streams) == 2 * 10
            assert on.reports()[0].state == "live"


async def test_two_connections_are_replaced_one_after_the_other(autojump_clock, stage) -> None:
    """A notice concerns both: while one is made anew the other one carries the shard."""
    async with stage(redundancy=2, spell=2.0, venues=["gateio.spot"]) as on:
        on.exchanges.inflict("gateio.spot", "notice", seconds=10.0)
        await trio.sleep(15)
        assert on.events() == []
        (report,) = on.reports()
        assert (report.state, report.generation, report.restarts, report.recoveries) == ("live", 4, 0, [])
        assert [slot.restarts for slot in on.slots("gateio.spot").values()] == [0, 0]


async def test_a_topic_that_only_one_connection_is_refused_stays_live(autojump_clock, stage) -> None:
    """Nobody is told; when the other one ends it is missed, asked for again, and then refused to all."""
    async with stage(redundancy=2, spell=2.0) as on:
        for venue in VENUES:
            on.exchanges.turn(venue, refuse_topic=SPELT[venue].format("ETH", "USDT"))
        async with on.fault("reset", which=0, venues=VENUES):
            await trio.sleep(5)
        assert on.events() == []
        for websocket in on.running.websockets.values():
            assert {status.state for status in websocket.topics().values()} == {TopicState.LIVE}
        async with on.fault("reset", which=0, venues=VENUES):  # by now the one that was second
            await trio.sleep(5)
        told = Counter(event.split()[0] for event in on.events())
        assert told == {"StreamLost": 10, "SubscriptionRejected": 10}
        assert {event.split()[2] for event in on.events()} == {"ETH/USDT"}
        for recorder in on.recorders.values():
            recorder.forget("ETH")


async def test_a_topic_that_both_are_refused_is_not_refused_again_when_one_is_lost(
    autojump_clock, stage
) -> None:
    """Also where it has a second way, and is asked for again in its first; when both are lost it is told once more."""
    switches = {venue: {"refuse_topic": SPELT[venue].format("ETH", "USDT")} for venue in VENUES}
    async with stage(redundancy=2, spell=2.0, switches=switches) as on:
        async with on.fault("reset", which=0, venues=VENUES):
            await trio.sleep(5)
        assert on.events() == []
        for venue in VENUES:
            on.exchanges.inflict(venue, "reset")
        await trio.sleep(8)
        told = Counter(event for event in on.events() if "ETH" in event)
        assert set(told.values()) == {1}
        assert {event.split()[0] for event in told} == {"SubscriptionRejected"}
        on.recorders["mexc.spot"].trades.clear()  # what passed while both were away


async def test_one_of_two_goes_on_while_the_other_one_is_away(autojump_clock, stage, monkeypatch) -> None:
    """To be replaced it needs another one beside it; it is replaced when that one is back."""
    monkeypatch.setattr("feedtree.exchanges.public.rollover.TAKES_OVER_WITHIN", 2.0)
    monkeypatch.setattr("feedtree.exchanges.public.rollover.AGAIN_AFTER", (3.0, 3.0))
    async with stage(redundancy=2, spell=2.0, venues=["gateio.spot"]) as on:
        slots = on.shard("gateio.spot").slots.values()
        async with on.proxies["gateio.spot"].fault("refuse"):
            async with on.fault("reset", which=1, venues=["gateio.spot"]):
                await trio.sleep(0.01)
                (left,) = (slot for slot in slots if slot.state == "live")
                before = left.generation
                left.leaving.set()
                await trio.sleep(4)
            assert left.generation == before
        await trio.sleep(10)
        assert left.generation > before
        assert on.events() == []
        assert [slot.report for slot in on.slots("gateio.spot").values()] == ["live", "live"]
