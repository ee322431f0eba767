"""The corners of one incarnation: slow consumers, mute venues, signs of life, late incarnations."""

import pytest
import trio

from feedtree.actors.publisher import Superseded
from feedtree.actors.routes import Policy
from feedtree.exchanges import (
    BasePublicWebsocket,
    BookDelta,
    BookResynced,
    BookUpdate,
    PublicSpotWebsocket,
    StreamLost,
    StreamUp,
    Trade,
)
from feedtree.supervisors import TreeFailed


async def test_a_consumer_that_blocks_holds_the_socket_and_not_the_clock(autojump_clock, lab, tree) -> None:
    """Backpressure is opt-in: while the publisher waits the venue is not judged, and nothing is lost."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        websocket = running.websockets["gateio.spot"]
        await websocket.wait_live(5)
        async with websocket.mailbox(Trade, policies={Trade: Policy.BLOCK}, capacity=5) as mailbox:
            await trio.sleep(20)
            assert mailbox.statistics().depth >= 5
            assert websocket.feed.streams()[0].recoveries == []
            seen = 0
            with trio.move_on_after(5):
                async for _ in mailbox:
                    seen += 1
            assert seen > 20
            assert mailbox.statistics().dropped == {}
        await trio.sleep(1)
        assert websocket.feed.streams()[0].recoveries == []


async def test_a_venue_that_answers_no_subscription_is_left(autojump_clock, lab, tree) -> None:
    """Requests that stay unanswered on a connection that answers nothing are a failure of the connection."""
    async with lab(switches={"mexc.spot": {"answer_delay_s": 60.0}}) as exchanges:
        async with tree(exchanges, exchanges.config("BTC/USDT", venues=("mexc.spot",))) as running:
            await trio.sleep(4)
            node = running.snapshot().find("public/mexc.spot/shard-1/a")
            assert "SubscribeTimeout" in node.last_reason
            exchanges.turn("mexc.spot", answer_delay_s=0.0)
            await running.websockets["mexc.spot"].wait_live(6)


@pytest.mark.parametrize("form", ["control", "json"])
async def test_the_venues_own_pings_are_answered(autojump_clock, lab, tree, form: str) -> None:
    """A venue that pings and wants its pong gets it, whichever form its ping has."""
    switches = {"mexc.spot": {"server_ping_s": 5.0, "ping_patience_s": 3.0, "server_ping_form": form}}
    async with lab(switches=switches) as exchanges:
        async with tree(exchanges, exchanges.config("BTC/USDT", venues=("mexc.spot",))) as running:
            websocket = running.websockets["mexc.spot"]
            await websocket.wait_live(5)
            await trio.sleep(60)
            assert websocket.feed.streams()[0].generation == 1


@pytest.mark.parametrize("rule", ["pings_only", "no_pings"])
async def test_keepalive_holds_a_connection_open_under_either_rule(
    autojump_clock, lab, tree, rule: str
) -> None:
    """Some venues count only pings, some anything but: a busy stream with pings survives both."""
    switches = {venue: {"idle_rule": rule} for venue in ("gateio.spot", "mexc.spot")}
    async with lab(switches=switches) as exchanges, tree(exchanges, exchanges.config("BTC/USDT")) as running:
        for websocket in running.websockets.values():
            await websocket.wait_live(5)
        await trio.sleep(150)
        generations = [
            report.generation for feed in running.public.feeds.values() for report in feed.streams()
        ]
        assert generations == [1, 1]


async def test_an_outdated_incarnation_cannot_publish(autojump_clock, lab, tree) -> None:
    """Publishing through the publisher of an earlier generation is refused."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        feed = running.public.feeds["gateio.spot"]
        await running.websockets["gateio.spot"].wait_live(5)
        slot = feed.plan()[0].slots["a"]
        late = feed.publisher(slot)
        last = feed.publisher(slot)
        with pytest.raises(Superseded, match="superseded by 3"):
            late.publish([])
        slot.end()
        with pytest.raises(Superseded, match="generation 3 has ended"):
            last.publish([])


async def test_a_venue_that_takes_no_frames_is_stalled(autojump_clock, lab, tree) -> None:
    """A peer that reads nothing ends the connection, not the process."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("mexc.spot",))) as running,
    ):
        websocket = running.websockets["mexc.spot"]
        await websocket.wait_live(5)
        exchanges.inflict("mexc.spot", "blackhole", seconds=60.0)
        await trio.sleep(4)
        (report,) = websocket.feed.streams()
        assert "Stalled" in report.recoveries[0].cause
        await websocket.wait_live(5)


async def test_initializing_needs_symbols_and_happens_once(autojump_clock, lab, tree) -> None:
    """Mistakes are named: no symbols, no channels, twice."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        websocket = running.websockets["gateio.spot"]
        with pytest.raises(RuntimeError, match="subscribe"):
            await websocket.initialize(["BTC/USDT"], ["book"])
        second = type(websocket)(running)
        assert second.path == "public/gateio.spot-2"
        with pytest.raises(ValueError, match="at least one symbol"):
            await second.initialize([], ["book"])
        with pytest.raises(ValueError, match="BASE/QUOTE"):
            await second.initialize(["BTCUSDT"], ["book"])
        await second.aclose()
        await websocket.wait_live(5)
        assert websocket.book("BTC/USDT").live
        assert websocket.book("ETH/USDT") is None


async def test_only_a_venues_class_can_be_made(autojump_clock, lab, tree) -> None:
    """The base classes are abstract, and the error says what to use."""
    async with lab() as exchanges, tree(exchanges, exchanges.config(venues=())) as running:
        for kind in (BasePublicWebsocket, PublicSpotWebsocket):
            with pytest.raises(TypeError, match="GateioPublicSpotWebsocket"):
                kind(running)


async def test_tap_delivery_leaves_data_to_taps(autojump_clock, lab, tree) -> None:
    """Mailboxes get events only; taps get everything."""
    async with lab() as exchanges, tree(exchanges, exchanges.config("BTC/USDT", delivery="tap")) as running:
        websocket = running.websockets["gateio.spot"]
        got: list[object] = []
        websocket.tap(got.extend)
        async with websocket.mailbox() as mailbox:
            await trio.sleep(3)
            heard = set()
            exchanges.inflict("gateio.spot", "reset")
            with trio.move_on_after(1):
                async for message in mailbox:
                    heard.add(type(message))
        assert heard == {StreamLost, BookResynced, StreamUp}
        assert {Trade, BookDelta} <= {type(message) for message in got}


async def test_two_objects_of_one_venue_live_side_by_side(autojump_clock, lab, tree) -> None:
    """Each has its own branch and mailboxes; the tree's mailbox hears both."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        first = running.websockets["gateio.spot"]
        second = type(first)(running, first._source._options)
        await second.initialize(["ETH/USDT"], ["book"])
        for websocket in (first, second):
            await websocket.wait_live(5)
        async with running.public.mailbox(BookUpdate) as mailbox:
            seen = set()
            with trio.move_on_after(2):
                async for message in mailbox:
                    seen.add(str(message.symbol))
        assert seen == {"BTC/USDT", "ETH/USDT"}
        exchanges.inflict("gateio.spot", "reset")
        await second.aclose()
        await first.wait_live(5)
        assert [node.id for node in running.snapshot().find("public").children] == ["gateio.spot"]


async def test_a_defect_beside_the_tree_is_the_trees_failure(autojump_clock, lab, tree) -> None:
    """What tends the tree and fails cancels the body and raises TreeFailed, with the cause."""
    async with lab() as exchanges:
        with pytest.raises(TreeFailed, match="ZeroDivisionError") as caught:
            await with_defect(tree(exchanges, exchanges.config()))
        assert isinstance(caught.value.__cause__, ExceptionGroup)


async def with_defect(opened) -> None:
    async with opened as running:
        running.host.start_soon(divide, 0)
        await trio.sleep_forever()


async def divide(number: int) -> None:
    1 / number


async def test_a_closed_websocket_takes_no_more_topics(autojump_clock, lab, tree) -> None:
    """Asking for more after the end is a mistake that is named."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        websocket = running.websockets["gateio.spot"]
        await websocket.aclose()
        with pytest.raises(trio.ClosedResourceError, match="closed"):
            await websocket.subscribe(["ETH/USDT"], ["book"])
