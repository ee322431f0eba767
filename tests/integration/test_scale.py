"""A thousand symbols on one connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from feedtree.exchanges.public.records import TopicState
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.ops import Config, Tree, Venue, open_tree
from feedtree.ops.bench.pairs import pairs_of
from feedtree.ops.bench.reconnects import serve, silent
from feedtree.ops.bench.traffic import make_traffic

pytestmark = pytest.mark.campaign
SYMBOLS = 1_000
HOST, PORT = "127.0.0.1", 9000


@asynccontextmanager
async def one_connection(
    *channels: str, topics: int, symbols: int = SYMBOLS, pace: float = 0.0
) -> AsyncIterator[Tree]:
    """A tree that has all its topics on one connection; the venue takes ``pace`` seconds for each frame."""
    network = MemoryNetwork()
    listener = await network.listen(HOST, PORT)
    traffic = make_traffic(0, 1, pairs_of(symbols))
    venue = Venue(
        list(traffic.final),
        channels=channels,
        ws_url=f"ws://{HOST}:{PORT}/",
        rest_url=f"http://{HOST}:{PORT}",
        topics_per_connection=topics,
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, listener, traffic, pace)
        async with open_tree(Config({"gateio.spot": venue}), network=network, log=silent()) as tree:
            yield tree
        nursery.cancel_scope.cancel()


async def test_a_thousand_books_are_live_on_one_connection_in_two_seconds(autojump_clock) -> None:
    """All by obu, on the one shard that there is."""
    async with one_connection("book", topics=SYMBOLS) as tree:
        feed = tree.websockets["gateio.spot"].feed
        await feed.wait_live(2.0)
        assert {status.via for status in feed.topics().values()} == {"spot.obu"}
        assert {status.shard for status in feed.topics().values()} == {"shard-1"}
        assert all(feed.book(topic).live for topic in feed.topics())


async def test_three_thousand_topics_on_one_connection_keep_within_the_pace_of_requests(
    autojump_clock,
) -> None:
    """Sixty frames at fifty a second take a second and a little."""
    async with one_connection("book", "trades", "ticker", topics=3 * SYMBOLS) as tree:
        feed = tree.websockets["gateio.spot"].feed
        await feed.wait_live(3.0)
        states = [status.state for status in feed.topics().values()]
        assert states == [TopicState.LIVE] * 3 * SYMBOLS
        assert len(feed.plan()) == 1


async def test_books_that_take_long_to_come_are_waited_for_while_they_come(autojump_clock) -> None:
    """Ten seconds of books on a slow line: nobody behind them is overdue, none is asked for in another way."""
    async with one_connection("book", topics=200, symbols=200, pace=0.05) as tree:
        feed = tree.websockets["gateio.spot"].feed
        await feed.wait_live(11.0)
        assert trio.current_time() > 10.0
        assert {status.via for status in feed.topics().values()} == {"spot.obu"}
        assert feed.streams()[0].generation == 1


async def test_a_quiet_market_after_the_first_books_is_no_stall(autojump_clock) -> None:
    """How fast the books came that were asked for says nothing of how often the market moves."""
    async with one_connection("book", topics=60, symbols=60, pace=0.025) as tree:
        feed = tree.websockets["gateio.spot"].feed
        await feed.wait_live(3.0)
        await trio.sleep(60)
        (report,) = feed.streams()
        assert (report.generation, report.recoveries) == (1, [])
