"""One topic on two connections of one shard, and what they bring, step by step."""

from feedtree.exchanges.public.book_sync import BookSync
from feedtree.exchanges.public.channels import Book, Channel, Topic, Trades
from feedtree.exchanges.public.codec import Decoded, Seed, WireTopic
from feedtree.exchanges.public.intake import Intake
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot, Trade
from feedtree.exchanges.public.records import TopicRecord
from feedtree.exchanges.public.shard import Shard
from feedtree.exchanges.public.slots import Slot
from feedtree.exchanges.public.subscriptions import Subscriptions
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

BTC = Symbol("BTC", "USDT")
BOOK = Topic("v", BTC, Book())
TRADES = Topic("v", BTC, Trades())


class Line:
    """One connection of the bench's shard."""

    def __init__(self, bench: "Bench", slot: Slot) -> None:
        self.bench = bench
        self.slot = slot
        self.begin()

    def begin(self) -> None:
        """Begin an incarnation, and ask for everything."""
        self.slot.shard.begin(self.slot)
        self.subscriptions = Subscriptions()
        self.intake = Intake(self.slot, self.subscriptions)
        self.wires = [strand.record.wire for strand in self.slot.strands.values()]
        self.intake.asked(self.wires)
        self.subscriptions.asked(self.wires)

    def take(self, *items: Decoded) -> list[object]:
        """Hear a burst."""
        return self.intake.take(list(items), len(items), self.bench.now, int(self.bench.now * 1e9))

    def end(self) -> list[object]:
        """End the incarnation."""
        return self.intake.lost("reset", self.bench.now, int(self.bench.now * 1e9))

    def sync(self) -> BookSync:
        """Return its book."""
        sync = self.slot.strands[BOOK].sync
        assert sync is not None
        return sync


class Bench:
    """One topic on two connections."""

    def __init__(self, channel: Channel, *seeds: Seed, window: int = 0) -> None:
        self.now = 1.0
        self.topic = Topic("v", BTC, channel)
        self.shard = Shard("v", "shard-1", 10, redundancy=2)
        self.record = TopicRecord(
            self.topic,
            tuple(WireTopic(self.topic, s.value, s.value, (), s, 10, window) for s in seeds or (Seed.NONE,)),
        )
        self.shard.add(self.record)
        self.one, self.two = (Line(self, slot) for slot in self.shard.slots.values())


def delta(first: int, last: int, *bids: tuple[float, float]) -> BookDelta:
    return BookDelta(BOOK, None, None, 1, first, last, list(bids), [])


def whole(sequence: int, *bids: tuple[float, float]) -> BookSnapshot:
    return BookSnapshot(BOOK, None, None, 1, sequence, list(bids) or [(1.0, 1.0)], [(9.0, 1.0)])


def trade(id_: str) -> Trade:
    return Trade(TRADES, 1, None, 1, id_, Side.BUY, 1.0, 1.0)


def kinds(burst: list[object]) -> list[str]:
    return [type(message).__name__ for message in burst]


def both_live(window: int = 0) -> Bench:
    bench = Bench(Book(), Seed.SOCKET, window=window)
    assert kinds(bench.one.take(whole(10))) == ["BookResynced", "BookSnapshot"]
    assert bench.two.take(whole(10)) == []
    return bench
