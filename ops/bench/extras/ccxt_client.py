"""ccxt.pro's gate: books, trades and tickers, watched as its manual shows. Runs in ``.venv-extras``."""

import asyncio
from typing import Any

import uvloop

from feedtree.ops.bench.extras.task import Counter, Task, perform
from feedtree.ops.bench.measure import Sample
from feedtree.ops.bench.truth import Books, Ladder
from feedtree.ops.peers.ccxt_venues import gate

LEVELS = 400


def run(task: Task) -> Sample:
    """Watch everything until all messages came."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_watch(task))


async def _watch(task: Task) -> Sample:
    exchange, counter, done = _gate(task), Counter(task), asyncio.Event()
    handle = exchange.handle_message

    def counted(client: Any, message: Any) -> None:
        handle(client, message)
        result = message.get("result")
        if message.get("event") == "update" and not result.get("full") and counter.count():
            done.set()

    exchange.handle_message = counted
    try:
        await exchange.load_markets()
        pairs = list(task.pairs)
        watching = [asyncio.create_task(_for_ever(exchange.watch_order_book, pair, LEVELS)) for pair in pairs]
        watching.append(asyncio.create_task(_for_ever(exchange.watch_trades_for_symbols, pairs)))
        watching.append(asyncio.create_task(_for_ever(exchange.watch_tickers, pairs)))
        await done.wait()
        for each in watching:
            each.cancel()
        return counter.sample(_books(exchange, pairs))
    finally:
        await exchange.close()


async def _for_ever(watch: Any, *arguments: Any) -> None:
    while True:
        await watch(*arguments)


def _gate(task: Task) -> Any:
    exchange = gate({"gateio.spot": {"ws": task.ws_url, "rest": f"{task.rest_url}/api/v4"}})
    exchange.ssl_context = task.context
    exchange.cafile = task.ca_file
    return exchange


def _books(exchange: Any, pairs: list[str]) -> Books:
    return {pair: _ladder(exchange.orderbooks[pair]) for pair in pairs}


def _ladder(book: Any) -> Ladder:
    bids, asks = ([(level[0], level[1]) for level in book[side]] for side in ("bids", "asks"))
    return Ladder(book["nonce"], bids, asks)


if __name__ == "__main__":
    perform(run)
