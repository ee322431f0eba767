"""The client that is a whole tree: supervised connection, books, typed messages, and a mailbox or a tap."""

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog
import trio

from feedtree.actors.mailbox import Mailbox
from feedtree.actors.routes import Policy
from feedtree.exchanges.gateio.venue import GATEIO_SPOT
from feedtree.exchanges.gateio.websocket import GateioPublicSpotWebsocket
from feedtree.exchanges.public.channels import Book, Topic
from feedtree.exchanges.public.feed import Delivery
from feedtree.exchanges.public.source import StreamOptions
from feedtree.exchanges.public.views import deltas
from feedtree.exchanges.wire.connection import WAIT, ReadMode
from feedtree.ops.app import open_tree
from feedtree.ops.bench.arrivals import Arrivals
from feedtree.ops.bench.errand import CHANNELS, MIX, Errand, ladder
from feedtree.ops.bench.measure import Sample, Stopwatch
from feedtree.ops.bench.truth import Books
from feedtree.ops.config import Config

COALESCE_S = 0.001


class OneConnection(GateioPublicSpotWebsocket):
    """Gate.io spot with room for every topic on one connection: what is compared is one connection."""

    VENUE = msgspec.structs.replace(
        GATEIO_SPOT, endpoint=msgspec.structs.replace(GATEIO_SPOT.endpoint, topics_per_connection=1_000)
    )


async def whole(errand: Errand) -> Sample:
    """Run a tree as an app does, and take every message out of a mailbox that loses none."""
    watch = Stopwatch(errand)
    timed, total = errand.timed, errand.total
    async with _websocket(errand, WAIT, "mailbox") as websocket, roomy_mailbox(websocket, total) as mailbox:
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
        return watch.sample(timed - 1, received, books_of(websocket, errand))


async def to_mailbox(errand: Errand, read: ReadMode) -> Sample:
    """Take paced messages out of a mailbox."""
    arrivals = Arrivals(errand)
    note = arrivals.note
    async with (
        _websocket(errand, read, "mailbox") as websocket,
        roomy_mailbox(websocket, errand.total) as mailbox,
    ):
        async for message in mailbox:
            if isinstance(message, MIX) and note():
                break
        return arrivals.sample(books_of(websocket, errand))


async def to_tap(errand: Errand, read: ReadMode) -> Sample:
    """Take paced messages in the reader's own step."""
    arrivals = Arrivals(errand)
    note = arrivals.note
    done = trio.Event()

    def tap(burst: list[Any]) -> None:
        for message in burst:
            if isinstance(message, MIX) and note():
                done.set()

    async with _websocket(errand, read, "tap") as websocket:
        websocket.tap(tap)
        await done.wait()
        return arrivals.sample(books_of(websocket, errand))


def coalescing() -> ReadMode:
    """Return the mode that leaves a millisecond between reads."""
    return ReadMode("coalesce", COALESCE_S)


@asynccontextmanager
async def _websocket(errand: Errand, read: ReadMode, delivery: Delivery) -> AsyncIterator[OneConnection]:
    async with open_tree(Config({}), log=quiet()) as tree:
        websocket = OneConnection(tree, stream_options(errand, read, delivery))
        await websocket.initialize(errand.symbols, CHANNELS)
        yield websocket


def stream_options(errand: Errand, read: ReadMode, delivery: Delivery) -> StreamOptions:
    """Return what makes a websocket object one of the blasting server's clients."""
    return StreamOptions(
        ws_url=errand.url,
        rest_url="http://127.0.0.1:9",  # never asked: obu brings its books along
        ca_file=errand.ca_file,
        read=read,
        delivery=delivery,
    )


def roomy_mailbox(websocket: OneConnection, room: int) -> Mailbox:
    """Open a mailbox that loses none of so many messages."""
    policies = dict.fromkeys(MIX, Policy.DROP_OLDEST)  # and too much room to drop any
    return websocket.mailbox(*MIX, view=deltas(), policies=policies, capacity=room)


def books_of(websocket: OneConnection, errand: Errand) -> Books:
    """Return every live book of an errand."""
    found: Books = {}
    for symbol in errand.symbols:
        book = websocket.feed.book(Topic(websocket.VENUE.name, symbol, Book()))
        if book is not None and book.live:
            found[str(symbol)] = ladder(book)
    return found


def quiet() -> structlog.typing.FilteringBoundLogger:
    """Return a log that tells warnings on stderr: stdout is the result's."""
    log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    return log
