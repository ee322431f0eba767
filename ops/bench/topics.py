"""What a feed keeps of each symbol, a process of its own: ``python -m feedtree.ops.bench.topics``.

Everything of a connection but its socket: feed, shard, codec, subscriptions, intake. Every symbol has a book, trades
and a ticker; its book holds `LEVELS` levels a side from the snapshot on, while `REPLACEMENTS` of them are replaced at
random. The result is one JSON line on stdout.
"""

import gc
import random
import sys
import time
import tracemalloc
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from feedtree.exchanges.controls import Payload
from feedtree.exchanges.gateio.venue import GATEIO_SPOT
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.intake import Intake
from feedtree.exchanges.public.shard import Shard
from feedtree.exchanges.public.subscriptions import Subscriptions
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.bench.errand import CHANNELS
from feedtree.ops.bench.machine import rss_kib
from feedtree.ops.bench.traffic import LEVELS as DEPTH
from feedtree.ops.bench.traffic import body, ticker_push, trade_push
from feedtree.ops.sim.gateio.envelope import obu_push

LEVELS = 100  # a side
REPLACEMENTS = 2_000  # of each book
AT_ONCE = 10  # of them in one push
WARM_UP = 20  # symbols before the count: everything was called once, and allocators have what they need
SYMBOLS = 100
_RANGE = 5_000  # ticks a side in which levels lie

Wire = list[list[str]]  # (price, size), as the venue writes them


class Sample(Struct, frozen=True):
    """What one symbol adds, in KiB.

    Args:
        rss: to the process, by the system's account; None where it gives none.
        heap: to what the interpreter has allocated.
        levels: that a book holds a side, on the average at the end.
    """

    rss: float | None
    heap: float
    levels: float


class Ladder:
    """A book of a constant number of levels, and its pushes.

    Args:
        name: ``BTC_USDT``.
        rng: what decides.
    """

    def __init__(self, name: str, rng: random.Random) -> None:
        self._stream = f"ob.{name}.{DEPTH}"
        self._rng = rng
        self._sequence = rng.randrange(10**9, 10**11)
        self._bids = rng.sample(range(_RANGE), LEVELS)
        self._asks = rng.sample(range(_RANGE + 1, 2 * _RANGE), LEVELS)

    def snapshot(self) -> bytes:
        """Return the whole book."""
        bids, asks = ([self._level(tick) for tick in ticks] for ticks in (self._bids, self._asks))
        return self._push({"full": True, "u": self._sequence, "b": bids, "a": asks})

    def replaced(self, count: int) -> bytes:
        """Replace so many levels by others."""
        first = self._sequence + 1
        self._sequence += count
        changes: tuple[Wire, Wire] = ([], [])
        for _ in range(count):
            side = self._rng.randrange(2)
            changes[side].extend(self._replace((self._bids, self._asks)[side], side * (_RANGE + 1)))
        return self._push({"U": first, "u": self._sequence, "b": changes[0], "a": changes[1]})

    def _replace(self, ticks: list[int], lowest: int) -> Wire:
        place = self._rng.randrange(len(ticks))
        gone = ticks[place]
        while (tick := lowest + self._rng.randrange(_RANGE)) in ticks:
            pass
        ticks[place] = tick
        return [[self._price(gone), "0"], self._level(tick)]

    def _level(self, tick: int) -> list[str]:
        return [self._price(tick), f"{self._rng.lognormvariate(0.0, 2.0) + 0.001:.3f}"]

    def _price(self, tick: int) -> str:
        return f"{100 + tick / 100:.2f}"

    def _push(self, result: dict[str, object]) -> bytes:
        now_ns = time.time_ns()
        return obu_push({"t": now_ns // 1_000_000, "s": self._stream, **result}, now_ns)


class Rig:
    """A connection without its socket."""

    def __init__(self) -> None:
        self._feed = Feed(
            GATEIO_SPOT, "bench", time.time_ns, topics_per_connection=GATEIO_SPOT.endpoint.most_topics
        )
        self._codec = GATEIO_SPOT.codec(self._feed.symbols)
        self._subscriptions = Subscriptions()
        self._intake: Intake | None = None
        self._rng = random.Random(1)

    def add(self, names: Sequence[str]) -> None:
        """Subscribe to these pairs, and let each live through its replacements."""
        self._ask([Symbol.parse(name.replace("_", "/")) for name in names])
        for name in names:
            for frame in _life(Ladder(name, self._rng), name, self._rng):
                self._take(body(frame).decode())

    def levels(self) -> float:
        """Return how many levels a side the books hold, on the average; all are live.

        Raises:
            RuntimeError: a book is not live.
        """
        books = [record.book for record in self._shard.records.values() if record.book is not None]
        if not all(book.live for book in books):
            raise RuntimeError("a book is not live")
        return sum(len(book.bids) + len(book.asks) for book in books) / len(books) / 2

    @property
    def _shard(self) -> Shard:
        (shard,) = self._feed.plan()
        return shard

    def _ask(self, symbols: list[Symbol]) -> None:
        self._feed.subscribe(symbols, CHANNELS)
        shard = self._shard
        if self._intake is None:
            self._intake = Intake(shard.slots["a"], self._subscriptions)
        _, wires = self._subscriptions.difference(record.wire for record in shard.records.values())
        self._intake.asked(wires)
        self._subscriptions.asked(wires)
        for request in self._codec.subscribe(wires, time.time()):
            asked = msgspec.json.decode(request.frame)
            reply = {**asked, "result": {"status": "success"}}
            self._subscriptions.sent(request.topics, 0.0)
            self._take(msgspec.json.encode(reply).decode())

    def _take(self, payload: Payload) -> None:
        assert self._intake is not None
        self._intake.take(self._codec.decode([payload], time.time_ns()), 1, 0.0, time.time_ns())


def _life(book: Ladder, name: str, rng: random.Random) -> Iterator[bytes]:
    yield book.snapshot()
    now_ns = time.time_ns()
    yield trade_push(name, 1, ("100.01", "0.5"), "buy", now_ns)
    yield ticker_push(name, "100.00", "100.01", rng, now_ns)
    for _ in range(REPLACEMENTS // AT_ONCE):
        yield book.replaced(AT_ONCE)


def measure(symbols: int = SYMBOLS) -> Sample:
    """Count what symbols add, by the system's account first, then by the interpreter's."""
    rig = Rig()
    rig.add([f"WARM{number}_USDT" for number in range(WARM_UP)])
    before = _settled()
    rig.add([f"COIN{number}_USDT" for number in range(symbols)])
    after = _settled()
    levels = rig.levels()
    tracemalloc.start()
    held = tracemalloc.get_traced_memory()[0]
    rig.add([f"TRACED{number}_USDT" for number in range(WARM_UP)])
    gc.collect()
    heap = tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    rss = None if before is None or after is None else (after - before) / symbols
    return Sample(rss, heap / WARM_UP / 1024, levels)


def _settled() -> float | None:
    gc.collect()
    return rss_kib()


def main() -> None:
    """Be this program."""
    sys.stdout.buffer.write(msgspec.json.encode(measure()) + b"\n")


if __name__ == "__main__":
    main()
