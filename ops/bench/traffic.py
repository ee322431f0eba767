"""What the server sends: a seeded mix in Gate.io's frames, and its truth.

`Traffic` is made before anything is measured. It has a timed part and a tail. A client that keeps books has them from
the first snapshot to the end. A client that only decodes is given the books as they stood at the end of the timed
part, applies the tail outside of its clock, and so shows on every run that what it decodes is right.

A `Flow` makes the same mix while it is sent, for as long as one likes.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, islice

import msgspec
from msgspec import Struct

from feedtree.exchanges.gateio.channels import OBU, ORDER_BOOK_UPDATE
from feedtree.ops.bench.market import Market
from feedtree.ops.bench.pairs import PAIRS, Pair
from feedtree.ops.bench.truth import Books, Ladder
from feedtree.ops.sim.gateio.envelope import obu_push, push

DELTAS, TRADES, TICKERS = 70, 25, 5  # per cent
LEVELS = 400  # of the obu channel
TAIL = 0.1  # of the timed part
MICROSECONDS = 100  # of venue time between two messages


Frame = Callable[[Market, random.Random, int], bytes]  # (market, rng, now in ns) -> a message


class Traffic(Struct):
    """One connection's worth.

    Args:
        timed: messages of the part that is timed, the first of ``frames``.
        snapshots: the first book of each pair: a websocket frame on ``spot.obu``, else a REST body.
        frames: the mix, in order.
        middle: the books after the timed part.
        final: the books after all of it.
        book_channel: on which changes of books come.
    """

    timed: int
    snapshots: dict[str, bytes]
    frames: list[bytes]
    middle: Books
    final: Books
    book_channel: str = OBU

    @property
    def mean_size(self) -> float:
        """Bytes of a frame without its header."""
        return sum(map(len, self.frames)) / len(self.frames) - 4

    def books(self) -> Books:
        """Return the truth when everything was sent."""
        return self.final


class Flow:
    """A mix that is made while it is sent.

    Args:
        seed: decides everything but the clock.
        pairs: the symbols.
        count: messages.

    Attributes:
        snapshots: the first book of each pair, a websocket frame as all the others.
        frames: the mix, in order; to be walked through once.
    """

    def __init__(self, seed: int, pairs: Sequence[Pair], count: int) -> None:
        rng = random.Random(seed)
        self._markets = [Market(pair, rng) for pair in pairs]
        self.snapshots = {market.pair.name: _snapshot(market, time.time_ns()) for market in self._markets}
        self.frames = islice(_mix(self._markets, rng, time.time_ns, _delta), count)

    def books(self) -> Books:
        """Return the books as they stand after what was made so far."""
        return _books(self._markets)


def make_traffic(timed: int, seed: int, pairs: Sequence[Pair] = PAIRS, book_channel: str = OBU) -> Traffic:
    """Return a mix of so many timed messages, the same for the same seed (but for the clock).

    Args:
        timed: messages of the timed part.
        seed: decides everything else.
        pairs: the symbols.
        book_channel: ``spot.obu``, or ``spot.order_book_update``, whose books begin with a REST snapshot.
    """
    rng = random.Random(seed)
    markets = [Market(pair, rng) for pair in pairs]
    clock = time.time_ns()
    snapshot, delta = (_snapshot, _delta) if book_channel == OBU else (_rest_body, _update)
    snapshots = {market.pair.name: snapshot(market, clock) for market in markets}
    ticks = iter(range(clock, clock + 10**18, MICROSECONDS * 1_000))
    mix = _mix(markets, rng, lambda: next(ticks), delta)
    frames = list(islice(mix, timed))
    middle = _books(markets)
    frames += islice(mix, int(timed * TAIL))
    return Traffic(timed, snapshots, frames, middle, _books(markets), book_channel)


def _mix(
    markets: list[Market], rng: random.Random, clock: Callable[[], int], delta: Frame
) -> Iterator[bytes]:
    shares_to = list(accumulate(market.pair.weight for market in markets))
    kinds, shares = (delta, _trade, _ticker), (DELTAS, TRADES, TICKERS)
    while True:
        (market,) = rng.choices(markets, cum_weights=shares_to)
        (kind,) = rng.choices(kinds, shares)
        yield kind(market, rng, clock())


def _snapshot(market: Market, now_ns: int) -> bytes:
    bids, asks = market.ladders()
    name = f"ob.{market.pair.name}.{LEVELS}"
    result = {"t": now_ns // 1_000_000, "full": True, "s": name, "u": market.sequence, "b": bids, "a": asks}
    return obu_push(result, now_ns)


def _rest_body(market: Market, now_ns: int) -> bytes:
    bids, asks = market.ladders()
    ms = now_ns // 1_000_000
    body = {"id": market.sequence, "current": ms, "update": ms, "asks": asks, "bids": bids}
    return msgspec.json.encode(body)


def _update(market: Market, rng: random.Random, now_ns: int) -> bytes:
    first, bids, asks = market.change()
    ms, last = now_ns // 1_000_000, market.sequence
    result = {
        "t": ms,
        "e": "depthUpdate",
        "E": ms // 1_000,
        "s": market.pair.name,
        "U": first,
        "u": last,
        "b": bids,
        "a": asks,
    }
    return push(ORDER_BOOK_UPDATE, result, now_ns)


def _delta(market: Market, rng: random.Random, now_ns: int) -> bytes:
    first, bids, asks = market.change()
    result: dict[str, object] = {
        "t": now_ns // 1_000_000,
        "s": f"ob.{market.pair.name}.{LEVELS}",
        "U": first,
        "u": market.sequence,
    }
    if bids:
        result["b"] = bids
    if asks:
        result["a"] = asks
    return obu_push(result, now_ns)


def _trade(market: Market, rng: random.Random, now_ns: int) -> bytes:
    market.trades += 1
    buys = rng.random() < 0.5
    level = (market.ask if buys else market.bid, market.size())
    return trade_push(market.pair.name, market.trades, level, "buy" if buys else "sell", now_ns)


def _ticker(market: Market, rng: random.Random, now_ns: int) -> bytes:
    return ticker_push(market.pair.name, market.bid, market.ask, rng, now_ns)


def _books(markets: list[Market]) -> Books:
    return {market.pair.symbol: _ladder(market) for market in markets}


def _ladder(market: Market) -> Ladder:
    bids, asks = market.ladders()
    return Ladder(
        market.sequence,
        [(float(price), float(size)) for price, size in bids],
        [(float(price), float(size)) for price, size in asks],
    )


def trade_push(name: str, number: int, level: tuple[str, str], side: str, now_ns: int) -> bytes:
    """Return the frame of a trade at this price and size."""
    us = now_ns // 1_000
    result = {
        "id": number,
        "id_market": number // 3,
        "create_time": us // 1_000_000,
        "create_time_ms": f"{us // 1_000}.{us % 1_000:03d}",
        "side": side,
        "currency_pair": name,
        "amount": level[1],
        "price": level[0],
        "range": f"{number}-{number}",
    }
    return push("spot.trades", result, now_ns)


def ticker_push(name: str, bid: str, ask: str, rng: random.Random, now_ns: int) -> bytes:
    """Return the frame of a ticker."""
    result = {
        "currency_pair": name,
        "last": bid,
        "lowest_ask": ask,
        "highest_bid": bid,
        "change_percentage": f"{rng.uniform(-9, 9):.2f}",
        "base_volume": f"{rng.uniform(1e3, 1e7):.6f}",
        "quote_volume": f"{rng.uniform(1e5, 1e9):.6f}",
        "high_24h": ask,
        "low_24h": bid,
    }
    return push("spot.tickers", result, now_ns)


def body(frame: bytes) -> bytes:
    """Return a frame without its websocket header."""
    return frame[frame.index(b"{") :]
