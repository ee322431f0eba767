"""Two connections chop the same changes into different pushes: what is told of a book is true, and never goes back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.public.book import OrderBook
from feedtree.exchanges.public.channels import Book, Topic
from feedtree.exchanges.public.codec import RawBook, Seed, WireTopic
from feedtree.exchanges.public.intake import Intake
from feedtree.exchanges.public.merging import HOLD
from feedtree.exchanges.public.messages import BookDelta, BookResynced, BookSnapshot, StreamLost
from feedtree.exchanges.public.records import TopicRecord
from feedtree.exchanges.public.shard import Shard
from feedtree.exchanges.public.slots import Slot
from feedtree.exchanges.public.subscriptions import Subscriptions
from feedtree.exchanges.symbols import Symbol
from tests.examples import examples

TOPIC = Topic("v", Symbol("BTC", "USDT"), Book())
Side = dict[float, float]
Change = tuple[float, float]  # price, size; prices up to 9 are bids

changes = st.lists(
    st.tuples(st.integers(1, 18).map(float), st.integers(0, 2).map(float)), min_size=20, max_size=60
)
cuts = st.lists(st.integers(1, 5), min_size=4, max_size=12)


class Truth:
    """The venue's book after each id."""

    def __init__(self, told: list[Change], window: int) -> None:
        self.window = window
        self.told = told
        self.sides: list[tuple[Side, Side]] = [({9.0: 1.0}, {10.0: 1.0})]
        for price, size in told:
            bids, asks = (dict(side) for side in self.sides[-1])
            side = bids if price < 10.0 else asks
            side[price] = size
            self.sides.append(({p: s for p, s in bids.items() if s}, {p: s for p, s in asks.items() if s}))

    def best(self, sequence: int) -> tuple[list[Change], list[Change]]:
        """Return the levels that the venue tells of, best first."""
        bids, asks = self.sides[sequence]
        most = self.window or None
        return sorted(bids.items(), reverse=True)[:most], sorted(asks.items())[:most]

    def change(self, first: int, last: int) -> BookDelta:
        """Return one push: each level that was touched, or came into the window or left it, as it is at the end."""
        before, after = self.best(first - 1), self.best(last)
        touched = [
            self._side({price for price, _ in self.told[first - 1 : last]}, before[n], after[n], n)
            for n in (0, 1)
        ]
        return BookDelta(TOPIC, None, None, 1, first, last, *touched)

    def _side(
        self, touched: set[float], before: list[Change], after: list[Change], asks: int
    ) -> list[Change]:
        held, now = dict(before), dict(after)
        prices = {price for price in touched if (price >= 10.0) == bool(asks)} | (held.keys() ^ now.keys())
        return [(price, now.get(price, 0.0)) for price in sorted(prices)]


@dataclass
class Source:
    """One connection: its pushes, and what is lost of them."""

    slot: Slot
    intake: Intake
    pushes: Iterator[tuple[int, int]]
    losses: set[int]
    at: int = 0
    number: int = 0
    over: bool = field(default=False)


class Bench:
    """Two connections of one book, and a consumer of its changes."""

    def __init__(self, truth: Truth, seed: Seed, rng: Random, losses: set[int]) -> None:
        self.truth = truth
        self.shard = Shard("v", "shard-1", 10, redundancy=2)
        self.record = TopicRecord(TOPIC, (WireTopic(TOPIC, "k", "c", (), seed, 50, truth.window),))
        self.shard.add(self.record)
        self.now = 0.0
        self.told: OrderBook | None = None
        self.lost = 0
        self.sources = []
        for slot, lost in zip(self.shard.slots.values(), (set(), losses), strict=True):
            self.shard.begin(slot)
            subscriptions = Subscriptions()
            intake = Intake(slot, subscriptions)
            intake.asked([self.record.wire])
            subscriptions.asked([self.record.wire])
            self.sources.append(Source(slot, intake, _windows(rng, len(truth.told)), lost))

    def seed(self, source: Source, at: int) -> None:
        """Give a connection a whole book."""
        bids, asks = self.truth.best(at)
        if self.record.wire.seed is Seed.REST:
            self.take(
                source.intake.join(TOPIC, RawBook(at, None, bids, asks), self.now, 2 * 10**9 * (at + 1))[0]
            )
        else:
            whole = BookSnapshot(TOPIC, None, None, 1, at, bids, asks)
            self.take(source.intake.take([whole], 1, self.now, 0))

    def push(self, source: Source) -> None:
        """Let a connection hear its next push, or lose it."""
        window = next(source.pushes, None)
        if window is None:
            source.over = True
            return
        source.at = window[1]
        source.number += 1
        if source.number in source.losses:
            return
        self.now += 0.01
        gaps = self.shard.gaps
        self.take(source.intake.take([self.truth.change(*window)], 1, self.now, 0))
        if self.shard.gaps > gaps or not source.slot.strands[TOPIC].up:
            self.seed(source, source.at)

    def wait(self) -> None:
        """Let the time pass after which nothing waits for the other connection any more."""
        self.now += 2 * HOLD
        for source in self.sources:
            self.take(source.intake.overdue(self.now, 0))

    def take(self, burst: list[object]) -> None:
        """Be the consumer."""
        for message in burst:
            match message:
                case StreamLost():
                    self.lost += 1
                case BookResynced():
                    self.told = None
                case BookSnapshot():
                    assert self.told is None or message.sequence > self.told.sequence
                    self.told = OrderBook(50)
                    self.told.load(message.sequence, message.bids, message.asks)
                case BookDelta():
                    assert self.told is not None
                    assert self.told.sequence + 1 == message.first <= message.last
                    self.told.apply(message)
        self.check()

    def check(self) -> None:
        """Compare what was told, and what is shown, with the truth at that id."""
        shown = self.record.book
        if not self.record.up or shown is None or self.told is None:
            return
        assert shown.live
        assert shown.sequence == self.told.sequence
        truth = self.truth.best(shown.sequence)
        depth = min(shown.true_depth, max(map(len, truth)))
        for side, held, told in zip(
            truth, (shown.bids, shown.asks), (self.told.bids, self.told.asks), strict=True
        ):
            assert list(held.top(depth)) == side[:depth]
            assert list(told.top(depth)) == side[:depth]


def _windows(rng: Random, last: int) -> Iterator[tuple[int, int]]:
    first = 1
    while first <= last:
        end = min(first + rng.randint(0, 4), last)
        yield first, end
        first = end + 1


@pytest.mark.parametrize("window", [0, 3])
@pytest.mark.parametrize("seed", [Seed.SOCKET, Seed.REST])
@examples(150, deadline=None)
@given(number=st.integers(0, 2**32), lossy=st.booleans(), started=st.integers(0, 10))
def test_what_is_told_is_the_truth_and_never_goes_back(
    window: int, seed: Seed, number: int, lossy: bool, started: int
) -> None:
    """In any order of arrival, with losses on one side: each id once, no StreamLost, the end is reached."""
    rng = Random(
        number
    )  # plain chance: connections that overtake each other all the time are no simple example
    told = [(float(rng.randint(1, 18)), float(rng.randint(0, 2))) for _ in range(rng.randint(4, 80))]
    losses = {each for each in range(1, 40) if lossy and rng.random() < 0.2}
    bench = Bench(Truth(told, window), seed, rng, losses)
    one, other = bench.sources
    while not one.slot.strands[TOPIC].up:
        bench.push(one)
    for _ in range(started):
        bench.push(one)
    while not (one.over and other.over):
        behind, ahead = sorted(bench.sources, key=lambda source: source.at)
        bench.push(behind if rng.random() < 0.6 else ahead)
        if rng.random() < 0.1:
            bench.wait()
    assert bench.lost == 0
    assert bench.told is not None
    assert bench.told.sequence == len(told)
