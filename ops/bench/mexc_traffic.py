"""MEXC's pushes for the benchmark, made by the simulated venue's own streams before anything is measured."""

import random
import time
from collections.abc import Iterator
from itertools import count

from msgspec import Struct

from feedtree.exchanges.mexc.channels import AGGRE_BOOK_TICKER, AGGRE_DEALS, AGGRE_DEPTH
from feedtree.exchanges.mexc.proto.spot_pb2 import PushDataV3ApiWrapper
from feedtree.ops.bench.truth import Books, Ladder
from feedtree.ops.sim import frames
from feedtree.ops.sim.flow import FairPrice
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.markets import DEFAULT_SYMBOLS, MEXC, listings
from feedtree.ops.sim.mexc.books import AggreDepthStream
from feedtree.ops.sim.mexc.streams import BookTickerStream, DealStream
from feedtree.ops.sim.switches import MexcSwitches

SPEED = "100ms"
ORDERS = 1_500  # resting in each book, as the simulated venues keep them
ACT_NS = 1_000_000  # of venue time between two things that traders do


class Traffic(Struct):
    """One connection's worth of pushes.

    Args:
        first: the books before the first push.
        pushes: each a protobuf message.
        final: the books after the last push.
        changes: how many of the pushes are changes of a book.
        levels: of such a change, on average.
    """

    first: Books
    pushes: list[bytes]
    final: Books
    changes: int
    levels: float


class _Venue:
    """Some markets and their streams.

    Args:
        seed: of all that happens.
    """

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._clock = time.time_ns()
        trades = count(self._clock)
        self.markets = [
            Market(
                listing,
                FairPrice(listing.start_price, self._rng),
                self._rng,
                first_id=self._clock // 1_000_000,
                trade_number=lambda: next(trades),
                basis=0.0,
                orders=ORDERS,
                now_ns=self._clock,
            )
            for listing in listings(MEXC, DEFAULT_SYMBOLS)
        ]

    def books(self) -> Books:
        """Return what is true now."""
        return {str(market.symbol): _ladder(market) for market in self.markets}

    def depth(self, market: Market) -> AggreDepthStream:
        """Open ``aggre.depth``."""
        event = f"{AGGRE_DEPTH}@{SPEED}"
        stream = AggreDepthStream(f"{event}@{market.wire}", event, SPEED, market, MexcSwitches(), self._rng)
        stream.start()
        return stream

    def deals(self, market: Market) -> DealStream:
        """Open ``aggre.deals``."""
        event = f"{AGGRE_DEALS}@{SPEED}"
        stream = DealStream(f"{event}@{market.wire}", event, SPEED, market, MexcSwitches())
        stream.start()
        return stream

    def book_ticker(self, market: Market) -> BookTickerStream:
        """Open ``aggre.bookTicker``, which is sent again though nothing changed."""
        topic = f"{AGGRE_BOOK_TICKER}@{SPEED}@{market.wire}"
        return BookTickerStream(topic, SPEED, market, MexcSwitches(), self._rng)

    def trade(self, market: Market, levels: int) -> int:
        """Let traders act until so many levels have changed; return when that was."""
        history = market.book.history
        before = history.last_id
        while len(history.changed(before, history.last_id)) < levels:
            self._clock += ACT_NS
            market.flow.act(self._clock)
        history.trim(self._clock)
        return self._clock


def changes(levels: int, pushes: int, seed: int) -> Traffic:
    """Return book changes of so many levels each (one more where the last order moved several)."""
    venue = _Venue(seed)
    streams = [(market, venue.depth(market)) for market in venue.markets]

    def made() -> Iterator[bytes]:
        while True:
            for market, stream in streams:
                yield from stream.due(venue.trade(market, levels))

    return _traffic(venue, made(), pushes)


def mix(levels: tuple[int, int], pushes: int, seed: int) -> Traffic:
    """Return what a connection with books, trades and best prices gets, window by window.

    Args:
        levels: the fewest and the most that a window changes.
        pushes: how many, about: the last window is whole.
        seed: of all that happens.
    """
    venue = _Venue(seed)
    rng = random.Random(seed)
    streams = [
        (market, (venue.depth(market), venue.deals(market), venue.book_ticker(market)))
        for market in venue.markets
    ]

    def made() -> Iterator[bytes]:
        while True:
            for market, kinds in streams:
                now_ns = venue.trade(market, rng.randint(*levels))
                for stream in kinds:
                    yield from stream.due(now_ns)

    return _traffic(venue, made(), pushes)


def _traffic(venue: _Venue, made: Iterator[bytes], pushes: int) -> Traffic:
    """Take pushes until there are enough and the last one is of a book, so that all books are told to the end."""
    first = venue.books()
    taken: list[bytes] = []
    for frame in made:
        taken.append(frames.payload(frame))
        if len(taken) >= pushes and AGGRE_DEPTH.encode() in taken[-1]:
            break
    books = [push for push in taken if AGGRE_DEPTH.encode() in push]
    return Traffic(first, taken, venue.books(), len(books), sum(map(_levels, books)) / len(books))


def _levels(push: bytes) -> int:
    body = PushDataV3ApiWrapper.FromString(push).publicAggreDepths
    return len(body.bids) + len(body.asks)


def _ladder(market: Market) -> Ladder:
    truth = market.book
    price, size = market.price_text, market.size_text

    def side(*, bids: bool) -> list[tuple[float, float]]:
        return [
            (float(price(abs(key))), float(size(truth.quantities[key])))
            for key in reversed(truth.ranked(bids=bids))
        ]

    return Ladder(truth.last_id, side(bids=True), side(bids=False))
