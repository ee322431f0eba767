"""The two clients that are ours: decoding only, and the whole pipeline."""

import logging
import sys
import time

import structlog

from feedtree.actors.routes import Policy
from feedtree.exchanges.gateio.channels import spell
from feedtree.exchanges.gateio.spot_public import GateioSpotCodec
from feedtree.exchanges.public.channels import Book, Topic
from feedtree.exchanges.public.codec import Decoded
from feedtree.exchanges.public.messages import BookDelta, Ticker, Trade
from feedtree.exchanges.public.views import deltas
from feedtree.exchanges.symbols import SymbolMap
from feedtree.exchanges.wire.burst import open_burst
from feedtree.exchanges.wire.target import Target
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.app import Tree, open_tree
from feedtree.ops.bench.errand import CHANNELS, VENUE, Errand, books_after, ladder
from feedtree.ops.bench.measure import Sample, Stopwatch
from feedtree.ops.bench.truth import Books
from feedtree.ops.config import Config, Venue

MIX: tuple[type, ...] = (BookDelta, Trade, Ticker)


async def decode_only(errand: Errand) -> Sample:
    """Read bursts and make typed messages of them; nobody gets them."""
    codec = GateioSpotCodec(SymbolMap(spell))
    watch = Stopwatch(errand.core)
    now_ns, decode, timed = time.time_ns, codec.decode, errand.timed
    async with open_burst(Target(url=errand.url, ca_file=errand.ca_file), TcpNetwork()) as wire:
        receive = wire.receive
        for request in codec.subscribe(errand.topics(), time.time()):
            await wire.send(request.frame)
        burst: list[Decoded] = []
        while not (received := sum(isinstance(message, MIX) for message in burst)):
            burst = decode(await receive(), now_ns())
        first = received
        watch.start()
        while received < timed:
            burst = decode(await receive(), now_ns())
            received += len(burst)
        watch.stop()
        messages = received - first
        tail = list(burst)  # some of it is behind the timed part
        while received < errand.total:
            burst = decode(await receive(), now_ns())
            received += len(burst)
            tail += burst
    return watch.sample(messages, received, books_after(errand.middle, tail))


async def whole(errand: Errand) -> Sample:
    """Run a tree as an app does, and take every message out of a mailbox that loses none."""
    watch = Stopwatch(errand.core)
    timed, total = errand.timed, errand.total
    policies = dict.fromkeys(MIX, Policy.DROP_OLDEST)  # and too much room to drop any
    async with (
        open_tree(_config(errand), log=_quiet()) as tree,
        tree.public.mailbox(*MIX, view=deltas(), policies=policies, capacity=total) as mailbox,
    ):
        async for message in mailbox:
            if isinstance(message, MIX):
                break
        received = 1
        watch.start()
        async for _ in mailbox:
            received += 1
            if received == timed:
                break
        watch.stop()
        async for _ in mailbox:
            received += 1
            if received == total:
                break
        return watch.sample(timed - 1, received, _books(tree, errand))


def _config(errand: Errand) -> Config:
    venue = Venue(
        errand.symbols,
        channels=CHANNELS,
        ws_url=errand.url,
        rest_url=errand.url.replace("ws", "http", 1),  # never asked: obu brings its books along
        ca_file=errand.ca_file,
    )
    return Config({VENUE: venue})


def _books(tree: Tree, errand: Errand) -> Books:
    found: Books = {}
    for symbol in errand.symbols:
        book = tree.public.book(Topic(VENUE, symbol, Book()))
        if book is not None and book.live:
            found[str(symbol)] = ladder(book)
    return found


def _quiet() -> structlog.typing.FilteringBoundLogger:
    """Warnings to stderr: stdout is the result's."""
    log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    return log
