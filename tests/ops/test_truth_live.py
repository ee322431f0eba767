"""Truth checks over a real feed: equal books pass, a tampered one is found, a dead exchange is no divergence."""

from collections.abc import Callable

import trio

from feedtree.exchanges.public.channels import Book, Topic
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops import Config, Venue, open_tree
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.server import RunningSim, serve_sim
from feedtree.ops.sim_control import open_control
from feedtree.ops.truth import PERIOD, TruthChecks

BTC = Symbol("BTC", "USDT")
TOPIC = Topic("gateio.spot", BTC, Book())


async def test_a_book_that_differs_is_counted_and_named() -> None:
    """Live books are compared at their own id; what differs is told, once the exchange is gone nothing is."""
    notices: list[str] = []
    checks = TruthChecks(notices.append)
    with trio.fail_after(30):
        async with trio.open_nursery() as exchange, trio.open_nursery() as nursery:

            async def serve(*, task_status: trio.TaskStatus[RunningSim]) -> None:
                config = SimConfig(symbols=(BTC,), rate=50.0)
                await serve_sim(config, TcpNetwork(), task_status=task_status)

            running: RunningSim = await exchange.start(serve)
            urls = running.urls
            venue = Venue([BTC], ws_url=urls["gateio.spot"]["ws"], rest_url=urls["gateio.spot"]["rest"])
            async with (
                open_tree(Config({"gateio.spot": venue})) as tree,
                open_control(urls["control"]) as control,
            ):
                await tree.websockets["gateio.spot"].wait_live(10)
                feed = tree.public.feeds["gateio.spot"]
                nursery.start_soon(checks.run, feed, control)
                await until(lambda: checks.checked >= 2)
                assert checks.diverged == 0

                book = feed.book(TOPIC)
                assert book is not None
                book.bids.apply([(price, 0.0) for price, _ in book.bids.top(40)[10:]])
                await until(lambda: checks.diverged >= 1)
                assert "gateio.spot BTC/USDT book:100ms diverged" in notices[0]
                assert "bids[" in notices[0]

                exchange.cancel_scope.cancel()
                await until(lambda: not book.live)
                made = checks.checked
                await trio.sleep(2 * PERIOD)
                assert checks.checked == made
            nursery.cancel_scope.cancel()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - counters have no event
        await trio.sleep(0.02)
