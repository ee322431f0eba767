"""What is compared for MEXC, from bytes on, in one process: parsing, reading, our codec, and all of our way.

``python -m feedtree.ops.bench.mexc_paths ROUNDS`` prints one JSON line; with ``profile CASE`` it prints where the
time of the whole way goes.
"""

import cProfile
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import CodeType

import msgspec
import trio
from msgspec import Struct

from feedtree.actors.mailbox import Mailbox
from feedtree.actors.publisher import Publisher
from feedtree.actors.routes import Policy
from feedtree.exchanges.mexc.proto.spot_pb2 import PushDataV3ApiWrapper
from feedtree.exchanges.mexc.spot_public import MexcSpotCodec
from feedtree.exchanges.mexc.venue import MEXC_SPOT
from feedtree.exchanges.public.channels import Book, BookTicker, Topic, Trades
from feedtree.exchanges.public.codec import RawBook
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.hub import PublicHub
from feedtree.exchanges.public.intake import Intake
from feedtree.exchanges.public.messages import BookDelta, Trade
from feedtree.exchanges.public.messages import BookTicker as BestPrices
from feedtree.exchanges.public.subscriptions import Subscriptions
from feedtree.exchanges.public.views import deltas
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.bench.errand import ladder
from feedtree.ops.bench.mexc_traffic import Traffic, changes, mix
from feedtree.ops.bench.truth import Books, differences

PUSHES = 2_000  # of one lap
BURST = 64  # pushes of one read: that many wait when a connection is behind
SEED = 1
CHANNELS = (Book(), Trades(), BookTicker())
KINDS: tuple[type, ...] = (BookDelta, Trade, BestPrices)
TOP_OF_PROFILE = 12

Fields = tuple[object, ...]
Lap = Callable[[], Awaitable[float]]  # runs over all pushes once, and returns CPU seconds

CASES: dict[str, Callable[[], Traffic]] = {
    "14 levels": lambda: changes(14, PUSHES, SEED),
    "39 levels": lambda: changes(39, PUSHES, SEED),
    "mix": lambda: mix((4, 40), PUSHES, SEED),
}


class Found(Struct, frozen=True):
    """One case.

    Args:
        pushes: of one lap.
        size: bytes of a push, on average.
        levels: of a book change, on average.
        us: path -> µs for one push, by round.
        faults: what was wrong with the messages and books of the whole way.
    """

    pushes: int
    size: float
    levels: float
    us: dict[str, list[float]]
    faults: list[str]


def read_depth(push: PushDataV3ApiWrapper) -> Fields:
    """Read every field of a change that carries data."""
    body = push.publicAggreDepths
    return (
        push.symbol,
        push.sendTime,
        body.eventType,
        body.fromVersion,
        body.toVersion,
        body.lastOrderCreateTime,
        [(level.price, level.quantity) for level in body.bids],
        [(level.price, level.quantity) for level in body.asks],
    )


def read_deals(push: PushDataV3ApiWrapper) -> Fields:
    """Read every field of trades that carries data."""
    body = push.publicAggreDeals
    return (
        push.symbol,
        push.sendTime,
        body.eventType,
        [(deal.price, deal.quantity, deal.tradeType, deal.time, deal.tradeId) for deal in body.deals],
    )


def read_book_ticker(push: PushDataV3ApiWrapper) -> Fields:
    """Read every field of best prices that carries data."""
    body = push.publicAggreBookTicker
    return (
        push.symbol,
        push.sendTime,
        body.bidPrice,
        body.bidQuantity,
        body.askPrice,
        body.askQuantity,
        body.version,
        body.lastOrderCreateTime,
    )


_READERS: dict[type, Callable[[PushDataV3ApiWrapper], Fields]] = {
    Book: read_depth,
    Trades: read_deals,
    BookTicker: read_book_ticker,
}


class Way:
    """The whole way of one connection, as a session goes it: codec, intake with books, publisher, mailbox.

    Args:
        traffic: what comes; the books are joined to it as REST snapshots are.
    """

    def __init__(self, traffic: Traffic) -> None:
        self._feed = Feed(MEXC_SPOT, "public/mexc.spot", time.time_ns)
        self._feed.subscribe([Symbol.parse(name) for name in traffic.first], CHANNELS)
        (self.shard,) = self._feed.plan()
        self._hub = PublicHub(time.time_ns)
        self._hub.add(MEXC_SPOT.name, self._feed)
        self.codec = MexcSpotCodec(self._feed.symbols)
        self.publisher: Publisher = self._feed.publisher(self.shard.slots["a"])
        subscriptions = Subscriptions()
        self.intake = Intake(self.shard.slots["a"], subscriptions)
        wires = [record.wire for record in self.shard.records.values()]
        self.intake.asked(wires)
        subscriptions.asked(wires)
        subscriptions.sent(wires, 0.0)
        self.codec.subscribe(wires, 0.0)
        policies = dict.fromkeys(KINDS, Policy.DROP_OLDEST)  # and room for all of it
        self.mailbox: Mailbox = self._hub.mailbox(
            *KINDS, view=deltas(), policies=policies, capacity=10 * len(traffic.pushes)
        )

    def seat(self, traffic: Traffic) -> None:
        """Join the first books; two equal looks, a second apart, are believed."""
        for second in range(2):
            for name, book in traffic.first.items():
                raw = RawBook(book.sequence, None, book.bids, book.asks)
                topic = Topic(MEXC_SPOT.name, Symbol.parse(name), Book())
                burst, _ = self.intake.join(topic, raw, float(second), second * 1_000_000_000)
                self.publisher.publish(burst)

    def events(self) -> int:
        """Return how many channels without a book came up, each of which is told."""
        return sum(record.up and record.book is None for record in self.shard.records.values())

    def books(self) -> Books:
        """Return every live book."""
        found: Books = {}
        for topic in self._feed.topics():
            book = self._feed.book(topic)
            if book is not None and book.live:
                found[str(topic.symbol)] = ladder(book)
        return found


class Case:
    """One kind of traffic and the ways to go over it.

    Args:
        traffic: what comes.
    """

    def __init__(self, traffic: Traffic) -> None:
        self.traffic = traffic
        self.faults: list[str] = []
        self._bursts = [traffic.pushes[at : at + BURST] for at in range(0, len(traffic.pushes), BURST)]
        codec = Way(traffic).codec
        self._decoded = len(codec.decode(traffic.pushes, 0))
        self.laps: dict[str, Lap] = {
            "parse": lambda: self._over(_parse_all),
            "floor": lambda: self._over(_reader(traffic)),
            "codec": lambda: self._over(lambda burst: codec.decode(burst, time.time_ns())),
            "whole": self.whole,
        }

    async def _over(self, read: Callable[[Sequence[bytes]], object]) -> float:
        begin = time.process_time()
        for burst in self._bursts:
            read(burst)
        return time.process_time() - begin

    async def whole(self, profiler: cProfile.Profile | None = None) -> float:
        """Go all the way, and compare what came and the books with the truth, outside of the clock."""
        way = Way(self.traffic)
        way.seat(self.traffic)
        mailbox = way.mailbox
        decode, take, publish = way.codec.decode, way.intake.take, way.publisher.publish
        while mailbox.statistics().depth:
            await mailbox.take()
        came = 0
        if profiler is not None:
            profiler.enable()
        begin = time.process_time()
        for burst in self._bursts:
            now_ns = time.time_ns()
            publish(take(decode(burst, now_ns), len(burst), trio.current_time(), now_ns))
            came += len(await mailbox.take())
        spent = time.process_time() - begin
        if profiler is not None:
            profiler.disable()
        due = self._decoded - way.shard.unchanged + way.events()  # best prices told again are dropped
        if came != due:
            self.faults.append(f"{came} of {due} messages came")
        self.faults += differences(self.traffic.final, way.books())
        return spent


def _parse_all(burst: Sequence[bytes]) -> object:
    parse = PushDataV3ApiWrapper.FromString
    return [parse(push) for push in burst]


def _reader(traffic: Traffic) -> Callable[[Sequence[bytes]], object]:
    """Return what parses a burst and reads every field; it knows by the channel what there is to read."""
    readers = {
        MEXC_SPOT.resolve(topic, symbols)[0].key: _READERS[type(channel)]
        for symbols in (Feed(MEXC_SPOT, "", time.time_ns).symbols,)
        for channel in CHANNELS
        for topic in (Topic(MEXC_SPOT.name, Symbol.parse(name), channel) for name in traffic.first)
    }
    parse = PushDataV3ApiWrapper.FromString

    def read(burst: Sequence[bytes]) -> object:
        return [readers[(push := parse(payload)).channel](push) for payload in burst]

    return read


async def measure(rounds: int) -> dict[str, Found]:
    """Go over each case in every way once a round, every other round backwards."""
    found: dict[str, Found] = {}
    for name, make in CASES.items():
        traffic = make()
        case = Case(traffic)
        us: dict[str, list[float]] = {path: [] for path in case.laps}
        laps = list(case.laps.items())
        for _, lap in laps:
            await lap()  # warm
        for _ in range(rounds):
            for path, lap in laps:
                us[path].append(await lap() / len(traffic.pushes) * 1e6)
            laps.reverse()
        size = sum(map(len, traffic.pushes)) / len(traffic.pushes)
        found[name] = Found(len(traffic.pushes), size, traffic.levels, us, case.faults)
    return found


async def profile(name: str) -> str:
    """Return where the time of a case's whole way goes; the profiler itself makes each call dearer."""
    case = Case(CASES[name]())
    profiler = cProfile.Profile(time.process_time)
    await case.whole(profiler)
    entries = sorted(profiler.getstats(), key=lambda entry: entry.inlinetime, reverse=True)
    pushes = len(case.traffic.pushes)
    return "\n".join(
        f"{entry.inlinetime / pushes * 1e6:6.2f} µs a push  {_name(entry.code)}"
        for entry in entries[:TOP_OF_PROFILE]
    )


def _name(code: CodeType | str) -> str:
    return code if isinstance(code, str) else f"{Path(code.co_filename).name}: {code.co_qualname}"


def main(*arguments: str) -> None:
    """Be this program."""
    if arguments[0] == "profile":
        print(trio.run(profile, arguments[1]))
    else:
        sys.stdout.buffer.write(msgspec.json.encode(trio.run(measure, int(arguments[0]))) + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
