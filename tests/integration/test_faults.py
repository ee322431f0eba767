"""Faults of the venue and of the network: found in time, healed in time, told in order."""

from collections.abc import Callable
from random import Random

import pytest
import trio

from feedtree.exchanges import (
    BookDelta,
    BookResynced,
    BookSnapshot,
    BookUpdate,
    StreamFailed,
    StreamLost,
    StreamUp,
    Topic,
    Trade,
    deltas,
)
from feedtree.exchanges.errors import DecodeStorm
from feedtree.exchanges.gateio.venue import GATEIO_SPOT
from feedtree.exchanges.mexc.websocket import MexcPublicSpotWebsocket
from feedtree.exchanges.wire.memory import Fault
from feedtree.ops.app import websocket_class
from feedtree.supervisors import ChildState, EventKind, TreeFailed

DATA = (BookUpdate, BookDelta, BookSnapshot, Trade)


class Order:
    """Holds a consumer's view to the promise: nothing of a topic between its loss and its return."""

    def __init__(self) -> None:
        self.down: dict[Topic, float] = {}
        self.lost: list[StreamLost] = []
        self.outages: list[float] = []
        self.count = 0

    def hear(self, message: object) -> None:
        if isinstance(message, StreamLost):
            self.lost.append(message)
            self.down[message.topic] = trio.current_time()
        elif isinstance(message, StreamUp | BookResynced):
            began = self.down.pop(message.topic, None)
            if began is not None:
                self.outages.append(trio.current_time() - began)
        elif isinstance(message, DATA):
            self.count += 1
            assert message.topic not in self.down, message


async def listen(mailbox, order: Order, seconds: float) -> None:
    with trio.move_on_after(seconds):
        async for message in mailbox:
            order.hear(message)


async def fail_in(opened) -> None:
    async with opened as running:
        await running.websockets["gateio.spot"].wait_live(5)
        raise LookupError("mine")


async def forever(opened) -> None:
    async with opened:
        await trio.sleep_forever()


def generations(running) -> list[int]:
    return [report.generation for feed in running.public.feeds.values() for report in feed.streams()]


@pytest.mark.parametrize("kind", ["reset", "close", "blackhole"])
@pytest.mark.parametrize("venue", ["gateio.spot", "mexc.spot"])
async def test_a_broken_connection_is_found_and_healed_in_time(
    autojump_clock, lab, tree, venue: str, kind: str
) -> None:
    """Detection in under 2 s, recovery in under 3; every stream is told lost, then up; books equal the truth."""
    async with lab() as exchanges, tree(exchanges, exchanges.config()) as running:
        for websocket in running.websockets.values():
            await websocket.wait_live(5)
        async with running.public.mailbox(BookUpdate, Trade) as mailbox, trio.open_nursery() as nursery:
            order = Order()
            await trio.sleep(2)
            nursery.start_soon(listen, mailbox, order, 6)
            await trio.sleep(0.5)
            exchanges.inflict(venue, kind, seconds=30.0)
        feed = running.public.feeds[venue]
        (report,) = feed.streams()
        (recovery,) = report.recoveries
        assert recovery.detected_ms < 2000
        assert recovery.attempts >= 1
        assert recovery.live_ns is not None
        assert (recovery.live_ns - recovery.lost_ns) / 1e9 < 3
        assert recovery.after_return_ms is not None
        assert {message.venue for message in order.lost} == {venue}
        assert len(order.lost) == len(order.outages) == 4, "two books, two trades"
        assert not order.down
        assert generations(running) == [2 if name == venue else 1 for name in running.public.feeds]
        assert sum(exchanges.check_books(each) for each in running.public.feeds.values()) == 4


@pytest.mark.parametrize("away", [0.5, 3.0, 20.0, 60.0])
async def test_streams_are_live_within_3_s_of_the_exchange_being_back(
    autojump_clock, lab, tree, away: float
) -> None:
    """The exchange dies and comes back on the same port; recovery counts from its return."""
    async with lab() as exchanges, tree(exchanges, exchanges.config()) as running:
        for websocket in running.websockets.values():
            await websocket.wait_live(5)
        await trio.sleep(15)
        await exchanges.kill()
        await trio.sleep(away)
        for feed in running.public.feeds.values():
            assert [report.state for report in feed.streams()] in (["connecting"], ["down"])
        await exchanges.start()
        back = trio.current_time()
        for websocket in running.websockets.values():
            await websocket.wait_live(3)
        assert trio.current_time() - back < 3
        for feed in running.public.feeds.values():
            (recovery,) = feed.streams()[0].recoveries
            assert recovery.after_return_ms < 3000
            assert recovery.attempts >= 1
        await trio.sleep(1)
        assert sum(exchanges.check_books(feed) for feed in running.public.feeds.values()) == 4


async def test_a_gap_resyncs_its_symbol_alone(autojump_clock, lab, tree) -> None:
    """A swallowed push costs one book a moment; the connection and the other book go on."""
    async with lab() as exchanges, tree(exchanges, exchanges.config(channels=["book"])) as running:
        for venue, websocket in running.websockets.items():
            await websocket.wait_live(5)
            async with websocket.mailbox(view=deltas()) as mailbox:
                order = Order()
                exchanges.inflict(
                    venue, "gap", symbol={"gateio.spot": "BTC_USDT", "mexc.spot": "BTCUSDT"}[venue]
                )
                await listen(mailbox, order, 3)
            assert [str(message.symbol) for message in order.lost] == ["BTC/USDT"]
            assert order.lost[0].cause.startswith("gap: ids ")
            assert len(order.outages) == 1
            (report,) = websocket.feed.streams()
            assert (report.gaps, report.generation, report.recoveries) == (1, 1, [])
            assert exchanges.check_books(websocket.feed) == 2


async def test_repeated_pushes_change_nothing(autojump_clock, lab, tree) -> None:
    """Every push twice: no gap, and the same books."""
    switches = {venue: {"repeat_every": 2} for venue in ("gateio.spot", "mexc.spot")}
    async with lab(switches=switches) as exchanges, tree(exchanges, exchanges.config()) as running:
        for websocket in running.websockets.values():
            await websocket.wait_live(5)
        await trio.sleep(3)
        assert sum(exchanges.check_books(feed) for feed in running.public.feeds.values()) == 4
        assert [report.gaps for feed in running.public.feeds.values() for report in feed.streams()] == [0, 0]


async def test_gaps_again_and_again_end_in_a_new_connection(autojump_clock, lab, tree) -> None:
    """Three gaps of a symbol within a minute put the stream in doubt; that is no bug and costs no budget."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("mexc.spot",))) as running,
    ):
        websocket = running.websockets["mexc.spot"]
        await websocket.wait_live(5)
        for _ in range(3):
            exchanges.inflict("mexc.spot", "gap", symbol="BTCUSDT")
            await trio.sleep(3)
        (report,) = websocket.feed.streams()
        assert report.generation == 2
        assert "3 gaps" in report.recoveries[0].cause
        assert running.snapshot().find("public/mexc.spot/shard-1/a").restarts_in_window == 0


REFUSALS: list[tuple[str, Callable, str]] = [
    ("refused", lambda exchanges: exchanges.network.fault("127.0.0.1", 9000, Fault.REFUSE), "DialFailed"),
    ("no name", lambda exchanges: exchanges.network.fault("127.0.0.1", 9000, Fault.NO_NAME), "ResolveFailed"),
    ("mute", lambda exchanges: exchanges.network.fault("127.0.0.1", 9000, Fault.HANG), "ConnectTimeout"),
    ("404", lambda exchanges: exchanges.turn("gateio.spot", upgrade_status=404), "UpgradeRefused"),
    ("503", lambda exchanges: exchanges.turn("gateio.spot", upgrade_status=503), "UpgradeRefused"),
]


@pytest.mark.parametrize(("name", "break_it", "error"), REFUSALS, ids=[name for name, _, _ in REFUSALS])
async def test_each_way_of_not_connecting_has_its_own_error_in_the_tree(
    autojump_clock, lab, tree, name: str, break_it: Callable, error: str
) -> None:
    """Typed, visible in the tree, retried with backoff, not counted, and healed when the cause is gone."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        websocket = running.websockets["gateio.spot"]
        await websocket.wait_live(5)
        break_it(exchanges)
        exchanges.inflict("gateio.spot", "reset")
        await trio.sleep(8)
        node = running.snapshot().find("public/gateio.spot/shard-1/a")
        assert error in node.last_reason
        assert node.restarts_in_window == 0
        assert 4 <= node.restarts <= 20, "retried with backoff, not in a storm"
        exchanges.network.fault("127.0.0.1", 9000, None)
        exchanges.turn("gateio.spot", upgrade_status=0)
        await websocket.wait_live(5)


@pytest.mark.parametrize("status", [403, 418, 429])
async def test_a_venue_that_throttles_gets_its_pause(autojump_clock, lab, tree, status: int) -> None:
    """No immediate retry: a stated pause is kept, an unstated one is 60 s, for the whole venue."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("mexc.spot",))) as running,
    ):
        websocket = running.websockets["mexc.spot"]
        await websocket.wait_live(5)
        exchanges.turn("mexc.spot", upgrade_status=status, retry_after_s=7.0)
        exchanges.inflict("mexc.spot", "reset")
        await trio.sleep(6.5)
        node = running.snapshot().find("public/mexc.spot/shard-1/a")
        assert "VenueThrottled" in node.last_reason
        assert node.restarts == 1, "the one attempt that was throttled"
        exchanges.turn("mexc.spot", upgrade_status=0)
        await websocket.wait_live(4)
        exchanges.turn("mexc.spot", upgrade_status=status, retry_after_s=0.0)
        exchanges.inflict("mexc.spot", "reset")
        await trio.sleep(1)
        exchanges.turn("mexc.spot", upgrade_status=0)
        await trio.sleep(57)
        assert websocket.feed.streams()[0].state in ("down", "connecting")
        await websocket.wait_live(6)


async def test_rest_that_fails_leaves_the_book_syncing_and_its_siblings_alone(
    autojump_clock, lab, tree
) -> None:
    """A failed snapshot concerns that topic: the reason is shown, and it is tried again."""
    async with lab(switches={"mexc.spot": {"rest_status": 503}}) as exchanges:
        async with tree(exchanges, exchanges.config("BTC/USDT", venues=("mexc.spot",))) as running:
            websocket = running.websockets["mexc.spot"]
            await trio.sleep(5)
            states = {str(topic.channel): status for topic, status in websocket.topics().items()}
            assert states["book:100ms"].state == "syncing"
            assert "503" in states["book:100ms"].reason
            assert states["trades"].state == "live"
            exchanges.turn("mexc.spot", rest_status=429, retry_after_s=3.0)
            await trio.sleep(2)
            exchanges.turn("mexc.spot", rest_status=0)
            await websocket.wait_live(6)
            assert websocket.feed.streams()[0].generation == 1


async def test_pings_without_answers_on_a_quiet_stream_are_a_stall(autojump_clock, lab, tree) -> None:
    """A quiet connection whose pings stay unanswered is found in under 2 s of asking, again and again."""
    switches = {"gateio.spot": {"withhold_pongs": "all"}}
    async with lab(rate=0.0, switches=switches) as exchanges:
        async with tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running:
            await trio.sleep(4)
            node = running.snapshot().find("public/gateio.spot/shard-1/a")
            assert "Stalled" in node.last_reason


async def test_a_quiet_market_costs_no_restart(autojump_clock, lab, tree) -> None:
    """All symbols quiet for two minutes: pings are answered, nothing is restarted."""
    async with lab(rate=0.0) as exchanges, tree(exchanges, exchanges.config()) as running:
        for websocket in running.websockets.values():
            await websocket.wait_live(5)
        await trio.sleep(120)
        assert generations(running) == [1, 1]


async def test_a_book_without_pushes_is_live_as_soon_as_a_second_look_can_confirm_it(
    autojump_clock, lab, tree
) -> None:
    """MEXC tells no whole book: REST is asked again a second after its first answer, not later."""
    async with lab(rate=0.0) as exchanges:
        await trio.sleep(1.0)
        began = trio.current_time()
        config = exchanges.config(venues=("mexc.spot",), channels=["book"])
        async with tree(exchanges, config) as running:
            await running.websockets["mexc.spot"].wait_live(5)
            assert 1.0 <= trio.current_time() - began < 1.1
            # Two snapshots of each book: one that could not confirm anything is not asked for.
            calls = exchanges.sim.simulation.venues["mexc.spot"].journal.counts["rest"]
            assert calls == 2 * len(running.websockets["mexc.spot"].topics())


async def test_a_snapshot_that_waits_to_be_confirmed_and_turns_out_old_is_replaced_at_once(
    autojump_clock, lab, tree
) -> None:
    """REST is behind by half a second, and pushes come in between: nobody waits for the second look."""
    async with lab(rate=20.0, switches={"mexc.spot": {"snapshot_lag_s": 0.5}}) as exchanges:
        await trio.sleep(1.0)
        config = exchanges.config(venues=("mexc.spot",), channels=["book"])
        async with tree(exchanges, config) as running:
            began = trio.current_time()
            await running.websockets["mexc.spot"].wait_live(5)
            assert trio.current_time() - began < 2.5


async def test_pings_answered_but_no_data_are_found(autojump_clock, lab, tree) -> None:
    """A busy stream that falls silent is in doubt in under 2 s although its pings are answered."""
    async with lab(rate=500.0) as exchanges, tree(exchanges, exchanges.config()) as running:
        for websocket in running.websockets.values():
            await websocket.wait_live(5)
        await trio.sleep(10)
        exchanges.sim.simulation.rate = 0.0
        exchanges.turn("mexc.spot", resend_unchanged=False)
        await trio.sleep(2.2)
        for feed in running.public.feeds.values():
            (report,) = feed.streams()
            assert "no data" in report.recoveries[0].cause


async def test_a_venue_that_announces_its_close_is_left_at_no_cost(autojump_clock, lab, tree) -> None:
    """After an upgrade notice another connection takes over before the venue closes the first one."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        websocket = running.websockets["gateio.spot"]
        await websocket.wait_live(5)
        exchanges.inflict("gateio.spot", "notice", seconds=5.0)
        await trio.sleep(10)
        (report,) = websocket.feed.streams()
        assert (report.state, report.generation, report.restarts, report.recoveries) == ("live", 2, 0, [])
        (slot,) = running.snapshot().find("public/gateio.spot/shard-1").children
        assert (slot.id, slot.restarts) == ("b", 0)


async def test_a_codec_that_always_raises_parks_its_venue_and_no_other(
    autojump_clock, lab, tree, monkeypatch
) -> None:
    """A bug on one venue: parked as failed, consumers told, the other venue keeps its generation; restart by hand."""
    broken = True
    codec = MexcPublicSpotWebsocket.VENUE.codec

    def breaking(symbols):
        made = codec(symbols)
        decode = made.decode

        def decode_or_raise(payloads, received_ns):
            if broken:
                raise ZeroDivisionError("a bug in the codec")
            return decode(payloads, received_ns)

        return type(
            "Codec",
            (),
            {
                "subscribe": made.subscribe,
                "unsubscribe": made.unsubscribe,
                "ping": made.ping,
                "decode": staticmethod(decode_or_raise),
            },
        )()

    class Broken(MexcPublicSpotWebsocket):
        VENUE = type(MexcPublicSpotWebsocket.VENUE)(
            **{
                name: getattr(MexcPublicSpotWebsocket.VENUE, name)
                for name in MexcPublicSpotWebsocket.VENUE.__struct_fields__
                if name != "codec"
            },
            codec=breaking,
        )

    monkeypatch.setattr(
        "feedtree.ops.app.websocket_class",
        lambda venue: Broken if venue == "mexc.spot" else websocket_class(venue),
    )
    async with lab() as exchanges, tree(exchanges, exchanges.config()) as running:
        gate = running.websockets["gateio.spot"]
        await gate.wait_live(5)
        async with running.public.mailbox(BookUpdate) as mailbox, gate.mailbox(view=deltas()) as changes:
            with trio.fail_after(600):
                await running.failed("public/mexc.spot")
            node = running.snapshot().find("public/mexc.spot")
            assert node.state is ChildState.FAILED
            failed = []
            with trio.move_on_after(1):
                async for message in mailbox:
                    if isinstance(message, StreamFailed):
                        failed.append(message)
            assert {message.venue for message in failed} == {"mexc.spot"}
            assert "ZeroDivisionError" in failed[0].reason
            assert generations(running) == [1, running.public.feeds["mexc.spot"].streams()[0].generation]
            assert changes.statistics().dropped == {}
        broken = False
        await running.restart("public/mexc.spot")
        await running.websockets["mexc.spot"].wait_live(5)


async def test_a_storm_of_undecodable_frames_is_counted_as_a_bug(autojump_clock, lab, tree) -> None:
    """Garbage frames: a few are told and passed over, a storm restarts the connection and counts."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        await running.websockets["gateio.spot"].wait_live(5)
        async with running.supervisor.events("public") as events:
            exchanges.inflict("gateio.spot", "garbage", count=1)
            await trio.sleep(1)
            assert generations(running) == [1]
            exchanges.inflict("gateio.spot", "garbage", count=500)
            with trio.fail_after(30):
                async for event in events:
                    if event.kind is EventKind.CRASHED:
                        break
            assert DecodeStorm.__name__ in event.reason
        await running.websockets["gateio.spot"].wait_live(5)
        assert running.snapshot().find("public/gateio.spot/shard-1/a").restarts_in_window >= 0


async def test_a_thousand_toggles_end_in_the_desired_set(autojump_clock, lab, tree) -> None:
    """1,000 random changes of mind in 10 s: the venue serves just what is wanted, within its message limit."""
    rng = Random(7)
    symbols = ["BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT"]
    channels = ["book", "trades", "book_ticker"]
    async with lab(rate=100.0) as exchanges, tree(exchanges, exchanges.config("BTC/USDT")) as running:
        wanted: dict[str, set[tuple[str, str]]] = {}
        for venue, websocket in running.websockets.items():
            wanted[venue] = {("BTC/USDT", channel) for channel in channels}
            await websocket.wait_live(5)
        for _ in range(1000):
            venue = rng.choice(list(wanted))
            pair = (rng.choice(symbols), rng.choice(channels))
            if rng.random() < 0.5:
                await running.websockets[venue].subscribe([pair[0]], [pair[1]])
                wanted[venue].add(pair)
            else:
                await running.websockets[venue].unsubscribe([pair[0]], [pair[1]])
                wanted[venue].discard(pair)
            await trio.sleep(0.01)
        for venue, websocket in running.websockets.items():
            await websocket.subscribe(["BTC/USDT"], ["book"])
            wanted[venue].add(("BTC/USDT", "book"))
            await websocket.wait_live(10)
            await trio.sleep(1)
            now = {
                (str(topic.symbol), str(topic.channel).removesuffix(":100ms")) for topic in websocket.topics()
            }
            assert now == wanted[venue]
            assert len(exchanges.sim.simulation.venues[venue].streams) == len(wanted[venue])
            assert exchanges.check_books(websocket.feed) >= 1
        assert all(
            report.recoveries == [] for feed in running.public.feeds.values() for report in feed.streams()
        )


async def test_an_exception_of_the_body_leaves_as_it_is(autojump_clock, lab, tree) -> None:
    """Neither wrapped in a group nor lost, and the tree is stopped in order."""
    async with lab() as exchanges:
        with pytest.raises(LookupError, match="mine"):
            await fail_in(tree(exchanges, exchanges.config()))
        assert exchanges.network.connections("127.0.0.1", 9000) == []


async def test_a_tree_may_be_asked_to_fail_with_its_venue(autojump_clock, lab, tree, monkeypatch) -> None:
    """on_failure="raise": OTP's way, the body is cancelled and TreeFailed raised."""
    monkeypatch.setattr(type(GATEIO_SPOT.codec(None)), "decode", lambda self, payloads, ns: 1 / 0)
    async with lab() as exchanges:
        opened = tree(exchanges, exchanges.config(venues=("gateio.spot",)), on_failure="raise")
        with pytest.raises(TreeFailed, match="gateio"):
            await forever(opened)
