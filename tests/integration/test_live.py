"""Both venues live, and what a consumer gets."""

from collections import Counter

import pytest
import trio

from feedtree.exchanges import (
    BookDelta,
    BookResynced,
    BookSnapshot,
    BookTicker,
    BookUpdate,
    Kline,
    PublicWebsocketHandlers,
    StreamNotLive,
    StreamUp,
    SubscriptionRejected,
    Symbol,
    Ticker,
    Trade,
    deltas,
    depth,
)
from feedtree.exchanges.gateio.websocket import GateioPublicSpotWebsocket
from feedtree.exchanges.mexc.websocket import MexcPublicSpotWebsocket
from feedtree.exchanges.public.source import StreamOptions

ALL = ["book", "trades", "book_ticker", "ticker", "kline:1m"]


async def test_every_channel_of_both_venues_flows_and_books_equal_the_venues(
    autojump_clock, lab, tree
) -> None:
    """Each kind of message arrives, and books equal the truth at their own id."""
    async with lab() as exchanges, tree(exchanges, exchanges.config(channels=ALL)) as running:
        for websocket in running.websockets.values():
            await websocket.wait_live(5)
        seen: Counter[tuple[str, type]] = Counter()
        async with running.public.mailbox(view=depth(5)) as mailbox:
            with trio.move_on_after(8):
                async for message in mailbox:
                    seen[message.venue, type(message)] += 1
                    if isinstance(message, BookUpdate):
                        assert message.book.live
                        assert len(message.book.bids) <= 5
                        assert message.book.best_bid < message.book.best_ask
        for venue in ("gateio.spot", "mexc.spot"):
            for kind in (BookUpdate, Trade, BookTicker, Ticker, Kline):
                assert seen[venue, kind] > 0, (venue, kind)
            assert exchanges.check_books(running.public.feeds[venue]) == 2
        reports = [report for feed in running.public.feeds.values() for report in feed.streams()]
        assert [(report.path, report.state, report.gaps) for report in reports] == [
            ("public/gateio.spot/shard-1", "live", 0),
            ("public/mexc.spot/shard-1", "live", 0),
        ]


async def test_a_consumer_of_changes_can_rebuild_the_book(autojump_clock, lab, tree) -> None:
    """deltas(): the whole book first, then every change, each following the one before."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", channels=["book"])) as running,
    ):
        for venue, websocket in running.websockets.items():
            await websocket.wait_live(5)
            books: dict[str, dict[float, float]] = {}
            last = 0
            async with websocket.mailbox(view=deltas()) as mailbox:
                with trio.move_on_after(3):
                    async for message in mailbox:
                        if isinstance(message, BookSnapshot):
                            assert not books, "one snapshot is enough while nothing is lost"
                            books = {"bids": dict(message.bids), "asks": dict(message.asks)}
                            last = message.sequence
                        elif isinstance(message, BookDelta):
                            assert message.first == last + 1
                            last = message.last
                            for side, levels in (("bids", message.bids), ("asks", message.asks)):
                                for price, size in levels:
                                    books[side][price] = size
                                    if not size:
                                        del books[side][price]
            truth = exchanges.truth(venue, Symbol("BTC", "USDT"), last)
            best = [(float(price), float(size)) for price, size in truth["bids"][:50]]
            assert sorted(books["bids"].items(), reverse=True)[:50] == best


async def test_a_mailbox_that_comes_late_gets_the_present_book_at_once(autojump_clock, lab, tree) -> None:
    """No consumer waits for the next change of a quiet book."""
    async with lab(rate=0.0) as exchanges, tree(exchanges, exchanges.config("BTC/USDT")) as running:
        for websocket in running.websockets.values():
            await websocket.wait_live(5)
        async with running.public.mailbox(BookUpdate) as mailbox:
            with trio.fail_after(0.001):
                first = await mailbox.receive()
        assert isinstance(first, BookUpdate)


async def test_an_unknown_symbol_is_rejected_alone(autojump_clock, lab, tree) -> None:
    """The venue's own words reach the consumer and the status; its siblings are live."""
    async with lab() as exchanges, tree(exchanges, exchanges.config("BTC/USDT", "NOPE/USDT")) as running:
        async with running.public.mailbox() as mailbox:
            rejected: dict[str, list[str]] = {"gateio.spot": [], "mexc.spot": []}
            with trio.move_on_after(6):
                async for message in mailbox:
                    if isinstance(message, SubscriptionRejected):
                        assert message.symbol == Symbol("NOPE", "USDT")
                        rejected[message.venue].append(message.reason)
        assert len(rejected["gateio.spot"]) == 3
        assert all("unknown currency pair" in reason for reason in rejected["gateio.spot"])
        assert len(rejected["mexc.spot"]) == 3
        assert all("Blocked" in reason for reason in rejected["mexc.spot"])
        for venue, websocket in running.websockets.items():
            await websocket.wait_live(1)
            assert exchanges.check_books(websocket.feed) == 1
            states = {
                str(topic.channel): status.state
                for topic, status in websocket.topics().items()
                if topic.symbol.base == "NOPE"
            }
            assert set(states.values()) == {"rejected"}, (venue, states)


async def test_when_everything_is_refused_waiting_says_so(autojump_clock, lab, tree) -> None:
    """wait_live names the topics and the venue's reason."""
    async with lab() as exchanges, tree(exchanges, exchanges.config("NOPE/USDT")) as running:
        with pytest.raises(StreamNotLive, match=r"NOPE/USDT.*unknown currency pair"):
            await running.websockets["gateio.spot"].wait_live(10)
        (report,) = running.public.feeds["gateio.spot"].streams()
        assert report.state == "rejected"


async def test_an_obu_without_a_snapshot_falls_back_to_the_channel_with_rest(
    autojump_clock, lab, tree
) -> None:
    """2 s without the whole book count as a refusal; the next channel serves the symbol."""
    async with lab(switches={"gateio.spot": {"obu_snapshot": "silent"}}) as exchanges:
        async with tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running:
            websocket = running.websockets["gateio.spot"]
            await websocket.wait_live(10)
            via = {status.via for topic, status in websocket.topics().items() if status.levels}
            assert via == {"spot.order_book_update"}
            await trio.sleep(1)
            assert exchanges.check_books(websocket.feed) == 1


async def test_a_snapshot_before_its_ack_is_taken(autojump_clock, lab, tree) -> None:
    """Gate.io may push before it answers."""
    async with lab(switches={"gateio.spot": {"obu_snapshot": "before_ack"}}) as exchanges:
        async with tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running:
            await running.websockets["gateio.spot"].wait_live(2)


@pytest.mark.parametrize("lag", [0.0, 1.0, 29.0])
async def test_books_join_rest_snapshots_however_old(autojump_clock, lab, tree, lag: float) -> None:
    """A snapshot that lags is fetched again until it reaches the pushes; nothing wrong is shown as live."""
    switches = {venue: {"snapshot_lag_s": lag} for venue in ("gateio.spot", "mexc.spot")}
    async with lab(switches=switches) as exchanges:
        async with tree(exchanges, exchanges.config("BTC/USDT", channels=["book:100ms:100"])) as running:
            for websocket in running.websockets.values():
                await websocket.wait_live(lag + 5)
            for _ in range(5):
                await trio.sleep(0.5)
                assert sum(exchanges.check_books(feed) for feed in running.public.feeds.values()) == 2


async def test_topics_beyond_a_connections_limit_open_another(autojump_clock, lab, tree) -> None:
    """MEXC carries 30 topics a connection; a new topic fills a free slot before it opens a shard."""
    symbols = [f"C{number}/USDT" for number in range(20)]
    listed = tuple(Symbol.parse(symbol) for symbol in symbols)
    async with lab(symbols=listed, rate=50.0, orders=60) as exchanges:
        config = exchanges.config(*symbols, venues=("mexc.spot",), channels=["book", "trades"])
        async with tree(exchanges, config) as running:
            websocket = running.websockets["mexc.spot"]
            await websocket.wait_live(10)
            sizes = [len(shard.records) for shard in websocket.feed.plan()]
            assert sizes == [30, 10]
            await websocket.unsubscribe(symbols[:1], ["trades"])
            await websocket.subscribe(symbols[:2], ["book_ticker"])
            await websocket.wait_live(10)
            assert [len(shard.records) for shard in websocket.feed.plan()] == [30, 11]
            await websocket.unsubscribe(symbols, ["book", "trades", "book_ticker"])
            await trio.sleep(1)
            assert running.snapshot().find("public/mexc.spot").children == ()


async def test_a_websocket_alone_serves_handlers(autojump_clock, lab, tree) -> None:
    """The classes work without a config; each handler gets its kind; `stream` hears the rest."""
    async with lab() as exchanges, tree(exchanges, exchanges.config("BTC/USDT", venues=())) as running:
        urls = exchanges.sim.urls
        for kind in (GateioPublicSpotWebsocket, MexcPublicSpotWebsocket):
            place = urls[kind.VENUE.name]
            websocket = kind(running, StreamOptions(ws_url=place["ws"], rest_url=place["rest"]))
            await websocket.initialize(["BTC/USDT"], ["book", "trades"])
            seen: Counter[str] = Counter()

            async def count(message: object, seen: Counter[str] = seen) -> None:
                seen[type(message).__name__] += 1

            with trio.move_on_after(4):
                await websocket.serve(PublicWebsocketHandlers(book=count, trade=count, stream=count))
            assert seen["BookUpdate"] > 5
            assert seen["Trade"] > 0
            assert seen["BookResynced"] == 1
            assert seen["StreamUp"] == 1
            instruments = await websocket.instruments()
            assert Symbol("BTC", "USDT") in {instrument.symbol for instrument in instruments}
            await websocket.aclose()
            assert running.snapshot().find(websocket.path) is None


async def test_an_exception_of_a_handler_ends_serving_and_no_stream(autojump_clock, lab, tree) -> None:
    """The caller gets the exception; the stream keeps its generation."""
    async with lab() as exchanges, tree(exchanges, exchanges.config("BTC/USDT")) as running:
        websocket = running.websockets["gateio.spot"]

        async def broken(message: object) -> None:
            raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            await websocket.serve(PublicWebsocketHandlers(trade=broken))
        await websocket.wait_live(5)
        assert [report.generation for report in websocket.feed.streams()] == [1]


async def test_a_tap_gets_bursts_before_any_mailbox(autojump_clock, lab, tree) -> None:
    """Taps belong to the feed and outlive incarnations; one that always fails is disabled."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        websocket = running.websockets["gateio.spot"]
        got: list[object] = []
        tap = websocket.tap(got.extend)

        def broken(burst: list[object]) -> None:
            raise ValueError("tap")

        bad = websocket.tap(broken)
        await websocket.wait_live(5)
        exchanges.inflict("gateio.spot", "reset")
        await trio.sleep(2)
        kinds = {type(message) for message in got}
        assert {BookResynced, StreamUp, BookDelta, Trade} <= kinds
        assert not bad.enabled
        assert tap.enabled
        tap.close()
        count = len(got)
        await trio.sleep(1)
        assert len(got) == count
