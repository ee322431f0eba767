"""How soon streams are ready, a process of its own: ``python -m feedtree.ops.bench.ready ERRAND-FILE``.

It prints one JSON line. The errand's first two symbols are used for a single subscription, all of them for the many.
"""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from timeit import timeit

import msgspec
import trio
from msgspec import Struct

from feedtree.exchanges.gateio.websocket import GateioPublicSpotWebsocket
from feedtree.exchanges.public.channels import Book, Topic, Trades
from feedtree.exchanges.public.messages import StreamUp, Trade
from feedtree.exchanges.public.source import StreamOptions
from feedtree.exchanges.wire.burst import open_burst
from feedtree.exchanges.wire.target import Target
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.app import open_tree
from feedtree.ops.bench.errand import CHANNELS, Errand
from feedtree.ops.bench.machine import pin
from feedtree.ops.bench.tree_clients import quiet
from feedtree.ops.config import Config

LOOK_UPS = 100_000
PATIENCE = 30.0  # seconds


class Ready(Struct, frozen=True):
    """What was found.

    Args:
        connection_ms: TCP, TLS and the websocket upgrade.
        subscription_ms: from asking a running tree for one more topic to the news that it flows.
        all_live_ms: from opening a tree to all books, trades and tickers of all symbols live, connections included.
        connections: that it took.
        look_up_us: the slowest of the look-ups by symbol, by the venue's spelling and of a book by its topic.
    """

    connection_ms: float
    subscription_ms: float
    all_live_ms: float
    connections: int
    look_up_us: float


async def measure(errand: Errand) -> Ready:
    """Find out."""
    connection_s = await _connection(errand)
    subscription_s = await _subscription(errand)
    began = trio.current_time()
    async with _websocket(errand) as websocket:
        await websocket.initialize(errand.symbols, CHANNELS)
        await websocket.wait_live(PATIENCE)
        all_live_s = trio.current_time() - began
        return Ready(
            connection_ms=connection_s * 1e3,
            subscription_ms=subscription_s * 1e3,
            all_live_ms=all_live_s * 1e3,
            connections=len(websocket.feed.plan()),
            look_up_us=_look_up_s(websocket, errand) * 1e6,
        )


async def _connection(errand: Errand) -> float:
    began = trio.current_time()
    async with open_burst(Target(url=errand.url, ca_file=errand.ca_file), TcpNetwork()):
        return trio.current_time() - began


async def _subscription(errand: Errand) -> float:
    first, second, *_ = errand.symbols
    async with _websocket(errand) as websocket, websocket.mailbox(Trade) as mailbox:
        await websocket.initialize([first], [Trades()])
        await websocket.wait_live(PATIENCE)
        began = trio.current_time()
        await websocket.subscribe([second], [Trades()])
        async for message in mailbox:
            if isinstance(message, StreamUp) and message.symbol == second:
                break
        return trio.current_time() - began


@asynccontextmanager
async def _websocket(errand: Errand) -> AsyncIterator[GateioPublicSpotWebsocket]:
    options = StreamOptions(ws_url=errand.url, rest_url="http://127.0.0.1:9", ca_file=errand.ca_file)
    async with open_tree(Config({}), log=quiet()) as tree:
        yield GateioPublicSpotWebsocket(tree, options)


def _look_up_s(websocket: GateioPublicSpotWebsocket, errand: Errand) -> float:
    symbol = errand.symbols[-1]
    symbols, feed = websocket.feed.symbols, websocket.feed
    wire, topic = symbols.to_wire(symbol), Topic(feed.name, symbol, Book())
    looked_up: list[Callable[[], object]] = [
        lambda: symbols.to_wire(symbol),
        lambda: symbols.from_wire(wire),
        lambda: feed.book(topic),
    ]
    return max(timeit(look_up, number=LOOK_UPS) / LOOK_UPS for look_up in looked_up)


def main(errand_file: Path) -> None:
    """Be this client."""
    errand = msgspec.json.decode(errand_file.read_bytes(), type=Errand)
    pin(errand.core)
    sys.stdout.buffer.write(msgspec.json.encode(trio.run(measure, errand)) + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
