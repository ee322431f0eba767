"""Topics in each other's way, late answers, changes of mind: what is shown is right, and nothing gets stuck."""

import pytest
import trio

from feedtree.exchanges import BookDelta, BookResynced, BookSnapshot, StreamNotLive, StreamUp, Topic, Trade
from feedtree.exchanges.public.records import TopicState
from feedtree.exchanges.wire.memory import Fault

DATA = (BookDelta, BookSnapshot, Trade)


async def test_a_topic_that_falls_back_onto_anothers_pushes_gets_a_connection_of_its_own(
    autojump_clock, lab, tree
) -> None:
    """Two topics of one key on one connection would leave a book standing still, shown as live."""
    async with lab(switches={"gateio.spot": {"obu_snapshot": "silent"}}) as exchanges:
        config = exchanges.config("BTC/USDT", venues=("gateio.spot",), channels=["book", "book:100ms:100"])
        async with tree(exchanges, config) as running:
            websocket = running.websockets["gateio.spot"]
            await websocket.wait_live(10)
            before = {topic: websocket.feed.book(topic).sequence for topic in websocket.topics()}
            await trio.sleep(2)
            statuses = websocket.topics().values()
            assert {status.via for status in statuses} == {"spot.order_book_update"}
            assert {status.shard for status in statuses} == {"shard-1", "shard-2"}
            for topic, sequence in before.items():
                book = websocket.feed.book(topic)
                assert book.live
                assert book.sequence > sequence
            assert len(running.snapshot().find("public/gateio.spot").children) == 2


@pytest.mark.parametrize("delay", [3.0, 5.0])
@pytest.mark.parametrize("venue", ["gateio.spot", "mexc.spot"])
async def test_slow_answers_disturb_no_topic_that_is_live(
    autojump_clock, lab, tree, venue: str, delay: float
) -> None:
    """Asked twice and answered twice, or given up and answered late: no gap, no restart, no live topic refused."""
    async with lab() as exchanges, tree(exchanges, exchanges.config("BTC/USDT", venues=(venue,))) as running:
        websocket = running.websockets[venue]
        await websocket.wait_live(5)
        exchanges.turn(venue, answer_delay_s=delay)
        await websocket.subscribe(["ETH/USDT", "SOL/USDT"], ["book", "trades", "book_ticker", "ticker"])
        await trio.sleep(20)
        (report,) = websocket.feed.streams()
        assert (report.generation, report.gaps, report.state) == (1, 0, "live")
        expected = TopicState.LIVE if delay < 4 else TopicState.REJECTED
        for topic, status in websocket.topics().items():
            assert status.state is (TopicState.LIVE if topic.symbol.base == "BTC" else expected), topic
        assert exchanges.check_books(websocket.feed) == (3 if delay < 4 else 1)


@pytest.mark.parametrize("venue", ["gateio.spot", "mexc.spot"])
async def test_nothing_of_a_topic_comes_after_it_was_given_up(autojump_clock, lab, tree, venue: str) -> None:
    """The venue goes on sending until it hears of it; consumers, told of the loss, get none of that."""
    async with (
        lab(rate=3000.0) as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", "ETH/USDT", venues=(venue,))) as running,
    ):
        websocket = running.websockets[venue]
        await websocket.wait_live(5)
        (shard,) = websocket.feed.plan()
        topics = [topic for topic in websocket.topics() if topic.symbol.base == "ETH"]
        down: set[Topic] = set()
        late: list[object] = []

        def watch(burst: list[object]) -> None:
            for message in burst:
                if isinstance(message, StreamUp | BookResynced):
                    down.discard(message.topic)
                elif isinstance(message, DATA) and message.topic in down:
                    late.append(message)

        websocket.tap(watch)
        for _ in range(20):
            shard.slots["a"].changed.set()
            await trio.sleep(0.002)  # the next look at what is wanted is 50 ms away
            await websocket.unsubscribe(["ETH/USDT"], ["book", "trades", "book_ticker"])
            down.update(topics)
            await trio.sleep(0.03)
            await websocket.subscribe(["ETH/USDT"], ["book", "trades", "book_ticker"])
            await websocket.wait_live(5)
        assert late == []
        assert not down


async def test_an_outage_lasts_until_the_fallback_is_live(autojump_clock, lab, tree) -> None:
    """A book that is asked for in another way is not live yet, and its outage not over."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        websocket = running.websockets["gateio.spot"]
        await websocket.wait_live(5)
        exchanges.turn("gateio.spot", obu_snapshot="silent", rest_delay_s=5.0)
        exchanges.inflict("gateio.spot", "reset")
        await trio.sleep(5)
        (report,) = websocket.feed.streams()
        assert report.state == "syncing"
        assert report.recoveries[0].live_ns is None
        await websocket.unsubscribe(["BTC/USDT"], ["book"])
        await trio.sleep(0.2)
        (report,) = websocket.feed.streams()
        assert report.state == "live"
        assert report.recoveries[0].live_ns is not None


async def test_a_stream_that_is_down_is_not_live_to_those_that_wait(autojump_clock, lab, tree) -> None:
    """Between the loss and the next attempt its topics are pending."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        websocket = running.websockets["gateio.spot"]
        await websocket.wait_live(5)
        await running.supervisor.terminate_child("public/gateio.spot/shard-1/a")
        assert {status.state for status in websocket.topics().values()} == {TopicState.PENDING}
        with pytest.raises(StreamNotLive, match="pending"):
            await websocket.wait_live(1)


async def test_taps_hear_of_losses_and_of_snapshots_by_rest(autojump_clock, lab, tree) -> None:
    """All that a mailbox would get: a consumer of changes can rebuild the book behind a tap."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("mexc.spot",), channels=["book"])) as running,
    ):
        websocket = running.websockets["mexc.spot"]
        kinds: list[str] = []
        websocket.tap(lambda burst: kinds.extend(type(message).__name__ for message in burst))
        await websocket.wait_live(5)
        exchanges.network.fault("127.0.0.1", 9000, Fault.REFUSE)
        exchanges.inflict("mexc.spot", "reset")
        await trio.sleep(1)
        exchanges.network.fault("127.0.0.1", 9000, None)
        await websocket.wait_live(5)
        told = [kind for kind in kinds if kind != "BookDelta"]
        assert told == ["BookResynced", "BookSnapshot", "StreamLost", "BookResynced", "BookSnapshot"]
