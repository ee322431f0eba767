"""The gap ledger is complete: what the venue had was told, or lies in an interval that the ledger names.

The truth is the simulated exchange's own: every trade and every id of a book, with its time. What it had is told as a
live message, as a recovered one, or within a gap; and no gap holds a live message.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import trio

from feedtree.exchanges.gaps import Gap
from feedtree.exchanges.public.channels import Book, Topic, Trades
from feedtree.exchanges.public.intake import Intake
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot, MarketData, Trade
from feedtree.exchanges.public.views import deltas
from feedtree.ops import Config
from feedtree.ops.chaos.proxy import Proxy, open_proxy
from tests.clock import wall_ns
from tests.integration.led import STABLE, led, live

pytestmark = pytest.mark.campaign
PUSHED_NS = 130_000_000  # the longest that a push of these channels lags the engine
TRUE_BEGIN_NS = 200_000_000  # a stream of this pace had its last message no earlier before a fault
TRADE_IDS: dict[str, Callable[[int], str]] = {
    "gateio.spot": str,
    "mexc.spot": lambda number: f"{number}X0_{number + 1}X0",
}


@dataclass
class Stage:
    """A tree whose connections go through a proxy, and all that a consumer was told."""

    exchanges: Any
    proxy: Proxy
    running: Any
    told: dict[Topic, list[Any]] = field(default_factory=dict)
    began_ns: int = 0

    async def listen(self) -> None:
        async with self.running.public.mailbox(
            Trade, BookDelta, BookSnapshot, view=deltas(), capacity=1_000_000
        ) as mailbox:
            async for message in mailbox:
                if isinstance(message, MarketData):
                    self.told.setdefault(message.topic, []).append(message)

    async def live(self, seconds: float) -> None:
        await live(self.running, seconds)

    def gaps(self, key: object = None) -> list[Gap]:
        return [gap for gap in self.running.gaps() if key is None or gap.key == str(key)]

    def closings(self) -> set[tuple[str, str, str]]:
        """Return what gaps there were: venue, channel, how they closed."""
        return {(gap.venue, gap.key.split()[2].partition(":")[0], gap.closed) for gap in self.gaps()}

    def check(self, fault_ns: int) -> int:
        """Check all of it; return how many ids were looked at."""
        checked = 0
        for gap in self.gaps():
            assert gap.cause
            assert gap.end_ns is not None
            assert gap.begin_ns >= fault_ns - TRUE_BEGIN_NS
        for topic, told in self.told.items():
            gaps = self.gaps(topic)
            for gap in gaps:
                # A snapshot that waits for a second look is older than the moment at which the book is live.
                live = [message for message in told if not isinstance(message, BookSnapshot)]
                within = [message for message in live if gap.begin_ns < message.received_ns < gap.end_ns]
                assert within == [], "a gap holds no live message"
            market = self.exchanges.sim.simulation.venues[topic.venue].market_of(topic.symbol)
            if isinstance(topic.channel, Trades):
                checked += self._trades(topic, told, gaps, market)
            elif isinstance(topic.channel, Book):
                checked += self._ids(told, gaps, market)
        return checked

    def _trades(self, topic: Topic, told: list[Trade], gaps: list[Gap], market: Any) -> int:
        name = TRADE_IDS[topic.venue]
        ids = [trade.id for trade in told]
        assert len(set(ids)) == len(ids), "no trade comes twice"
        for recovered in (False, True):
            numbers = [int(trade.id.partition("X")[0]) for trade in told if trade.recovered is recovered]
            assert numbers == sorted(numbers), "in order of id"
        until_ns = wall_ns() - PUSHED_NS
        seen = 0
        for trade in market.tape.prints:
            at_ns = trade.fill.at_ns
            if self.began_ns <= at_ns <= until_ns:
                seen += 1
                if name(trade.number) not in set(ids):
                    assert any(_holds(gap, at_ns) and gap.closed == "lost" for gap in gaps)
        return seen

    def _ids(self, told: list[BookDelta | BookSnapshot], gaps: list[Gap], market: Any) -> int:
        last = 0
        for message in told:
            snapshot = isinstance(message, BookSnapshot)
            first = message.sequence + 1 if snapshot else message.first
            for missing in range(last + 1, first) if last else ():
                at_ns = market.book.history.at_ns(missing)
                assert at_ns, "the exchange still knows it"
                assert any(_holds(gap, at_ns) and gap.closed == "snapshot" for gap in gaps)
            last = message.sequence if snapshot else message.last
        return last - (told[0].sequence if isinstance(told[0], BookSnapshot) else told[0].first)


def _holds(gap: Gap, made_ns: int) -> bool:
    return gap.begin_ns - PUSHED_NS <= made_ns <= gap.end_ns


OpenStage = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
def stage(lab, tree) -> OpenStage:
    @asynccontextmanager
    async def opened(**options: Any) -> AsyncIterator[Stage]:
        async with (
            lab(rate=200.0, orders=100) as exchanges,
            open_proxy(exchanges.network, to=("127.0.0.1", exchanges.sim.port), seed=7) as proxy,
        ):
            config = exchanges.config(**options)
            async with (
                tree(exchanges, led(config, proxy)) as running,
                trio.open_nursery() as nursery,
            ):
                built = Stage(exchanges, proxy, running)
                nursery.start_soon(built.listen)
                await built.live(5)
                built.began_ns = wall_ns() + PUSHED_NS
                await trio.sleep(STABLE)
                assert running.gaps() == []
                yield built
                nursery.cancel_scope.cancel()

    return opened


ALL_CHANNELS = {
    ("gateio.spot", "book", "snapshot"),
    ("gateio.spot", "book_ticker", "snapshot"),
    ("gateio.spot", "trades", "replayed"),
    ("mexc.spot", "book", "snapshot"),
    ("mexc.spot", "book_ticker", "snapshot"),
    ("mexc.spot", "trades", "lost"),
}

FAULTS = [
    ("reset", {}),
    ("close", {}),
    ("black_hole", {"direction": "both"}),
    ("stall", {"direction": "down"}),
    ("half_close", {"direction": "down"}),
]


@pytest.mark.parametrize(("name", "parameters"), FAULTS, ids=[name for name, _ in FAULTS])
async def test_what_a_lost_connection_missed_is_told_or_in_the_ledger(
    autojump_clock, stage, name: str, parameters: dict[str, Any]
) -> None:
    """A gap for each topic, from its last good datum on; the trades of Gate.io are fetched and told in order."""
    async with stage() as on:
        fault_ns = wall_ns()
        async with on.proxy.fault(name, on="open", **parameters):
            await trio.sleep(10)
        assert on.closings() == ALL_CHANNELS
        assert len(on.gaps()) == 12, "one for each topic"
        assert on.check(fault_ns) > 1000
        recovered = [trade for told in on.told.values() for trade in told if getattr(trade, "recovered", 0)]
        assert bool(recovered) is (name in ("black_hole", "stall")), (
            "the others are over before anything is traded"
        )


@pytest.mark.parametrize("away", [5.0, 30.0])
async def test_what_passed_while_the_server_was_away_is_told_or_in_the_ledger(
    autojump_clock, stage, away: float
) -> None:
    """However long: many attempts are one gap."""
    async with stage() as on:
        fault_ns = wall_ns()
        async with on.proxy.fault("away"):
            await trio.sleep(away)
        await on.live(3)
        await trio.sleep(5)
        assert on.closings() == ALL_CHANNELS
        assert len(on.gaps()) == 12
        assert all(away < gap.seconds < away + 3 for gap in on.gaps())
        assert on.check(fault_ns) > 1000


async def test_a_gap_of_one_book_is_its_own(autojump_clock, stage) -> None:
    """A swallowed push: only that book has a gap, with the ids that are missing as its cause."""
    async with stage() as on:
        fault_ns = wall_ns()
        for venue, symbol in (("gateio.spot", "BTC_USDT"), ("mexc.spot", "ETHUSDT")):
            on.exchanges.inflict(venue, "gap", symbol=symbol)
        await trio.sleep(5)
        assert [gap.key for gap in on.gaps()] == [
            "gateio.spot BTC/USDT book:100ms",
            "mexc.spot ETH/USDT book:100ms",
        ]
        assert all(gap.cause.startswith("gap: ids ") and gap.closed == "snapshot" for gap in on.gaps())
        assert on.check(fault_ns) > 1000


async def test_frames_that_do_not_decode_are_gaps_of_their_connection(autojump_clock, stage) -> None:
    """They may have told of any topic; nothing is restarted for them."""
    async with stage() as on:
        for venue in on.running.websockets:
            on.exchanges.inflict(venue, "garbage", count=2)
        await trio.sleep(2)
        assert [(gap.key, gap.closed) for gap in on.gaps()] == [
            ("gateio.spot shard-1", "lost"),
            ("gateio.spot shard-1", "lost"),
            ("mexc.spot shard-1", "lost"),
            ("mexc.spot shard-1", "lost"),
        ]
        assert all(gap.seconds < 0.2 for gap in on.gaps())


async def test_an_end_that_was_announced_is_no_gap(autojump_clock, stage) -> None:
    """Gate.io tells of an upgrade: another connection takes over before this one ends, and everything is told."""
    async with stage(venues=("gateio.spot",)) as on:
        fault_ns = wall_ns()
        on.exchanges.inflict("gateio.spot", "notice", seconds=5.0)
        await trio.sleep(10)
        assert on.gaps() == []
        assert on.check(fault_ns) > 500


async def test_trades_are_lost_where_rest_fails(autojump_clock, stage) -> None:
    """Nothing is claimed that was not done: the gap closes as lost, and ends where live data went on."""
    async with stage(venues=("gateio.spot",)) as on:
        fault_ns = wall_ns()
        on.exchanges.turn("gateio.spot", rest_status=503)
        async with on.proxy.fault("black_hole", on="open"):
            await trio.sleep(30)
        lost = [gap for gap in on.gaps() if gap.key.endswith("trades")]
        assert [gap.closed for gap in lost] == ["lost", "lost"]
        assert all(gap.seconds < 3 for gap in lost)
        assert on.check(fault_ns) > 500


async def test_trades_that_rest_tells_late_are_waited_for(autojump_clock, stage) -> None:
    """REST is a second and a half behind: what it does not tell yet is asked for again."""
    async with stage(venues=("gateio.spot",)) as on:
        fault_ns = wall_ns()
        on.exchanges.turn("gateio.spot", trades_lag_s=1.5)
        async with on.proxy.fault("black_hole", on="open"):
            await trio.sleep(10)
        assert [gap.closed for gap in on.gaps() if gap.key.endswith("trades")] == ["replayed"] * 2
        assert on.check(fault_ns) > 500


@pytest.mark.parametrize("quiet", [0.5, 20.0])
async def test_what_was_fetched_in_a_quiet_market_is_not_fetched_again(
    autojump_clock, stage, quiet: float
) -> None:
    """No live trade follows the replay before the connection is lost once more: what it told was told."""
    async with stage(venues=("gateio.spot",)) as on:
        async with on.proxy.fault("away"):
            await trio.sleep(4)
            on.exchanges.sim.simulation.rate = 0.0
        await on.live(3)
        await trio.sleep(quiet)
        recovered = sum(
            trade.recovered for told in on.told.values() for trade in told if hasattr(trade, "recovered")
        )
        assert recovered > 10
        async with on.proxy.fault("away"):
            await trio.sleep(1)
        await on.live(3)
        on.exchanges.sim.simulation.rate = 200.0
        await trio.sleep(10)
        told = [trade.id for messages in on.told.values() for trade in messages if isinstance(trade, Trade)]
        assert len(set(told)) == len(told), "no trade comes twice"


async def test_a_stream_that_is_down_at_the_end_has_lost_what_passed(autojump_clock, lab, tree) -> None:
    """A gap is open while it lasts; the end closes it, and that the tree was stopped is no gap of its own."""
    async with lab() as exchanges:
        async with tree(exchanges, exchanges.config("BTC/USDT")) as running:
            for websocket in running.websockets.values():
                await websocket.wait_live(5)
            exchanges.turn("gateio.spot", upgrade_status=503)
            exchanges.inflict("gateio.spot", "reset")
            await trio.sleep(5)
            assert {(gap.venue, gap.closed, gap.end_ns) for gap in running.gaps()} == {
                ("gateio.spot", "", None)
            }
            stopped_ns = wall_ns()
        assert len(running.gaps()) == 3
        for gap in running.gaps():
            assert (gap.venue, gap.closed) == ("gateio.spot", "lost")
            assert stopped_ns <= gap.end_ns < stopped_ns + 1_000_000_000


@pytest.mark.parametrize("how", ["cancelled", "closed"])
async def test_the_end_of_what_is_live_is_no_gap(autojump_clock, lab, tree, how: str) -> None:
    """Whether the tree's task is cancelled, or each of its websockets is closed."""
    async with lab() as exchanges:
        accounts = {"mexc.spot": {"main": exchanges.account_config("mexc.spot")}}
        config = Config(venues=exchanges.config().venues, accounts=accounts)
        with trio.CancelScope() as scope:
            async with tree(exchanges, config) as running:
                account = running.accounts["mexc.spot/main"]
                for websocket in running.websockets.values():
                    await websocket.wait_live(5)
                async with account.when_consistent():
                    await trio.sleep(10)
                if how == "cancelled":
                    scope.cancel()
                    await trio.sleep_forever()
                for each in (account, *running.websockets.values()):
                    await each.aclose()
        assert running.gaps() == []


async def test_a_stop_that_is_not_the_end_is_a_gap(autojump_clock, lab, tree, monkeypatch) -> None:
    """A bug of one connection parks the venue: the other connections are stopped with it, and miss what passes."""
    broken, take = False, Intake.take

    def take_or_raise(intake: Intake, *burst: Any) -> Any:
        if broken and intake._shard.id == "shard-1":
            raise ZeroDivisionError("a bug")
        return take(intake, *burst)

    monkeypatch.setattr(Intake, "take", take_or_raise)
    async with lab() as exchanges:
        config = exchanges.config(venues=("gateio.spot",), topics_per_connection=3)
        async with tree(exchanges, config) as running:
            await running.websockets["gateio.spot"].wait_live(5)
            broken = True
            await running.failed("public/gateio.spot")
            parked_ns = wall_ns()
            await trio.sleep(60)
        last = {gap.key: gap for gap in running.gaps()}
        assert len(last) == 6
        assert all(gap.end_ns - parked_ns >= 60e9 and gap.closed == "lost" for gap in last.values())
        assert {gap.cause for key, gap in last.items() if "ETH" in key} == {"stopped"}


async def test_what_is_given_up_while_it_is_down_is_lost(autojump_clock, lab, tree) -> None:
    """The gap of a topic ends when nobody wants the topic any more; giving up a live one is no gap."""
    async with lab() as exchanges, tree(exchanges, exchanges.config("BTC/USDT", "ETH/USDT")) as running:
        gate = running.websockets["gateio.spot"]
        await gate.wait_live(5)
        await gate.unsubscribe(["ETH/USDT"], ["book:100ms"])
        assert running.gaps() == []
        exchanges.turn("gateio.spot", upgrade_status=503)
        exchanges.inflict("gateio.spot", "reset")
        await trio.sleep(2)
        now_ns = wall_ns()
        await gate.unsubscribe(["BTC/USDT"], ["book"])
        (given_up,) = [gap for gap in running.gaps() if gap.key == "gateio.spot BTC/USDT book:100ms"]
        assert (given_up.closed, given_up.end_ns) == ("lost", now_ns)
        assert {gap.closed for gap in running.gaps() if gap.key != given_up.key} == {""}


async def test_the_gaps_of_a_closed_websocket_are_kept(autojump_clock, lab, tree) -> None:
    """They happened; a tree that outlives its websockets tells of them."""
    async with lab() as exchanges, tree(exchanges, exchanges.config("BTC/USDT")) as running:
        gate = running.websockets["gateio.spot"]
        await gate.wait_live(5)
        exchanges.inflict("gateio.spot", "gap", symbol="BTC_USDT")
        await trio.sleep(3)
        gaps = running.gaps()
        assert [gap.key for gap in gaps] == ["gateio.spot BTC/USDT book:100ms"]
        await gate.aclose()
        assert running.gaps() == gaps
        assert running.gaps_dropped == 0


@pytest.mark.parametrize("venue", ["gateio.spot", "mexc.spot"])
async def test_the_gap_of_an_account_ends_when_it_is_consistent(
    autojump_clock, lab, tree, venue: str
) -> None:
    """From the last that was heard of the venue until a comparison explained everything."""
    async with lab() as exchanges:
        config = Config({}, accounts={venue: {"main": exchanges.account_config(venue)}})
        async with tree(exchanges, config) as running:
            account = running.accounts[f"{venue}/main"]
            async with account.when_consistent():
                await trio.sleep(30)
            assert running.gaps() == []
            exchanges.turn(venue, upgrade_status=503)
            fault_ns = wall_ns()
            exchanges.inflict(venue, "reset")
            await trio.sleep(5)
            (gap,) = running.gaps()
            assert (gap.key, gap.venue, gap.closed) == (f"private/{venue}/main", venue, "")
            assert gap.cause.startswith("ConnectionLost")
            assert fault_ns - 1_000_000_000 <= gap.begin_ns <= fault_ns, (
                "its pings are answered every second or so"
            )
            exchanges.turn(venue, upgrade_status=0)
            async with account.when_consistent():
                back_ns = wall_ns()
            await trio.sleep(70)
            (gap,) = running.gaps()
            assert (gap.closed, gap.end_ns) == ("snapshot", back_ns)
        assert running.gaps() == [gap], "that it was stopped is none"


async def test_what_stays_unexplained_of_an_account_is_lost(autojump_clock, lab, tree, mexc_trader) -> None:
    """MEXC tells a hundred fills of a millisecond: the gap is open until that is acknowledged, and then lost."""
    async with lab(rate=50.0, orders=600) as exchanges:
        config = Config({}, accounts={"mexc.spot": {"main": exchanges.account_config("mexc.spot")}})
        async with tree(exchanges, config) as running:
            account = running.accounts["mexc.spot/main"]
            async with account.when_consistent():
                exchanges.turn("mexc.spot", upgrade_status=503)
            exchanges.inflict("mexc.spot", "reset")
            await trio.sleep(0.5)
            orders = mexc_trader(exchanges)
            await orders.place("sell", orders.touch("sell", -0.04), "20")
            exchanges.turn("mexc.spot", upgrade_status=0)
            await account.wait_live(30.0)
            await trio.sleep(30.0)
            assert [gap.closed for gap in running.gaps()] == [""]
            account.acknowledge()
            async with account.when_consistent():
                assert [gap.closed for gap in running.gaps()] == ["lost"]
