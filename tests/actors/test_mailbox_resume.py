"""A view of deltas: after an overflow a snapshot, then only later deltas."""

from types import SimpleNamespace

import pytest

from feedtree.actors.entries import Overflow
from feedtree.actors.mailbox import Mailbox


class Books:
    """The live books that snapshots are rendered from: key -> the number of its last delta."""

    def __init__(self, market: SimpleNamespace) -> None:
        self.market = market
        self.last: dict[str, int | None] = {}

    def snapshot(self, key: str) -> object:
        last = self.last.get(key)
        return None if last is None else self.market.Snapshot(key, last)

    def mailbox(self, capacity: int) -> Mailbox:
        route = self.market.oldest(
            self.market.Delta,
            self.market.Snapshot,
            resume=self.snapshot,
            resumed_past=lambda snapshot, message: message.number <= snapshot.number,
        )
        return self.market.mailbox(*route, *self.market.oldest(self.market.Trade), capacity=capacity)

    def deltas(self, key: str, *numbers: int) -> list[object]:
        """Make deltas, and have the live book apply them before they are published."""
        self.last[key] = numbers[-1]
        return [self.market.Delta(key, number) for number in numbers]


@pytest.fixture
def books(market: SimpleNamespace) -> Books:
    return Books(market)


async def test_a_key_that_lost_deltas_gets_a_snapshot_and_later_deltas(
    market: SimpleNamespace, books: Books
) -> None:
    """The snapshot is of the moment of taking; deltas that it holds are left out."""
    box = books.mailbox(4)
    box.offer(books.deltas("btc", 1, 2, 3))
    box.offer(books.deltas("btc", 4, 5))
    assert await box.receive() == Overflow(3)
    assert await box.receive() == market.Snapshot("btc", 5)
    box.offer(books.deltas("btc", 6, 7))
    assert market.drain(box) == books.deltas("btc", 6, 7)
    assert box.statistics().dropped == {"overflow": 3, "covered": 2}
    assert market.accounted(box) == 7


async def test_keys_that_lost_nothing_go_on(market: SimpleNamespace, books: Books) -> None:
    """Neither a snapshot nor a left out delta for others, and trades pass."""
    box = books.mailbox(3)
    box.offer(books.deltas("btc", 1))
    box.offer([*books.deltas("eth", 1), market.Trade("btc", 1), *books.deltas("btc", 2)])
    assert market.drain(box) == [
        Overflow(1),
        market.Snapshot("btc", 2),
        *books.deltas("eth", 1),
        market.Trade("btc", 1),
    ]
    box.offer([*books.deltas("btc", 3), *books.deltas("btc", 4)])
    assert [message.number for message in market.drain(box)] == [3, 4]


async def test_a_snapshot_that_is_not_there_yet_is_owed(market: SimpleNamespace, books: Books) -> None:
    """Without a base no delta is worth anything; with the next delta it is asked again."""
    box = books.mailbox(2)
    box.offer(books.deltas("btc", 1, 2))
    box.offer(books.deltas("btc", 3))
    books.last["btc"] = None
    assert market.drain(box) == [Overflow(2)]
    box.offer(books.deltas("btc", 4, 5))
    books.last["btc"] = 4
    assert market.drain(box) == [market.Snapshot("btc", 4), market.Delta("btc", 5)]
    assert box.statistics().dropped == {"overflow": 3, "covered": 1}
    assert market.accounted(box) == 5


async def test_a_failing_snapshot_is_asked_for_again(market: SimpleNamespace, books: Books) -> None:
    """An exception reaches the consumer and costs no message."""
    box = books.mailbox(2)
    box.offer(books.deltas("btc", 1, 2))
    box.offer(books.deltas("btc", 3))
    books.last = {"btc": None}
    assert market.drain(box) == [Overflow(2)]
    box.offer([market.Delta("btc", 4)])
    del books.market
    books.last = {"btc": 3}
    with pytest.raises(AttributeError):
        await box.receive()
    books.market = market
    assert market.drain(box) == [market.Snapshot("btc", 3), market.Delta("btc", 4)]
    assert market.accounted(box) == 4


async def test_no_snapshot_comes_ahead_of_a_lost_event(market: SimpleNamespace, books: Books) -> None:
    """What was queued before an outage is not worth a snapshot: what follows the up-event is whole."""
    box = books.mailbox(5)
    box.offer(books.deltas("btc", 1, 2, 3))
    box.offer([*books.deltas("btc", 4), market.Lost("btc"), market.Up("btc")])
    box.offer([market.Snapshot("btc", 10)])
    assert market.drain(box) == [
        Overflow(3),
        market.Lost("btc"),
        market.Up("btc"),
        market.Snapshot("btc", 10),
    ]
    assert market.accounted(box) == 7


async def test_a_lost_event_among_the_dropped_ends_the_debt(market: SimpleNamespace, books: Books) -> None:
    """Data dropped before the outage need no snapshot, data dropped after it do."""
    box = books.mailbox(4)
    box.offer([*books.deltas("btc", 1, 2), market.Lost("btc"), market.Up("btc")])
    box.offer(books.deltas("btc", 8))
    assert market.drain(box) == [Overflow(2), market.Lost("btc"), market.Up("btc"), market.Delta("btc", 8)]
    box.offer([market.Lost("btc"), market.Up("btc"), *books.deltas("btc", 11, 12)])
    box.offer(books.deltas("btc", 13))
    assert market.drain(box) == [
        Overflow(2),
        market.Lost("btc"),
        market.Up("btc"),
        market.Snapshot("btc", 13),
    ]


async def test_a_lost_event_ends_the_leaving_out(market: SimpleNamespace, books: Books) -> None:
    """After a resync numbers may start anew."""
    box = books.mailbox(2)
    box.offer(books.deltas("btc", 100))
    box.offer(books.deltas("btc", 101))
    box.offer(books.deltas("btc", 102))
    assert market.drain(box) == [Overflow(1), market.Snapshot("btc", 102)]
    box.offer([market.Lost("btc"), market.Up("btc")])
    assert market.drain(box) == [market.Lost("btc"), market.Up("btc")]
    box.offer(books.deltas("btc", 5))
    assert market.drain(box) == [market.Delta("btc", 5)]


async def test_without_a_rule_nothing_is_left_out(market: SimpleNamespace) -> None:
    """A snapshot that never holds a message."""
    route = market.oldest(market.Delta, resume=lambda key: market.Snapshot(key, 0))
    box = market.mailbox(*route, capacity=1)
    box.offer([market.Delta("btc", 1)])
    box.offer([market.Delta("btc", 2)])
    assert market.drain(box) == [Overflow(1), market.Snapshot("btc", 0), market.Delta("btc", 2)]
