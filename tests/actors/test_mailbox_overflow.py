"""What a full mailbox does, policy by policy."""

from types import SimpleNamespace

import pytest
import trio

from feedtree.actors.entries import Overflow
from feedtree.actors.mailbox import Mailbox, MailboxOverflow


def trades(market: SimpleNamespace, *numbers: int, key: str = "btc") -> list[object]:
    return [market.Trade(key, number) for number in numbers]


async def test_the_oldest_unstarted_burst_goes_as_a_whole(market: SimpleNamespace) -> None:
    """What is lost is a contiguous piece, and its size is told before the next message."""
    box = market.mailbox(*market.oldest(market.Trade), capacity=5)
    box.offer(trades(market, 1, 2, 3))
    box.offer(trades(market, 4, 5))
    box.offer(trades(market, 6))
    assert market.drain(box) == [Overflow(3), *trades(market, 4, 5, 6)]
    assert box.statistics().dropped == {"overflow": 3}
    assert box.statistics().high_water == 5
    assert market.accounted(box) == 6


async def test_several_overflows_are_told_as_one(market: SimpleNamespace) -> None:
    """A consumer that comes back reads one count."""
    box = market.mailbox(*market.oldest(market.Trade), capacity=2)
    for number in range(10):
        box.offer(trades(market, number))
    assert market.drain(box) == [Overflow(8), *trades(market, 8, 9)]
    box.offer(trades(market, 10))
    assert market.drain(box) == trades(market, 10)


async def test_a_burst_that_is_being_read_is_not_dropped(market: SimpleNamespace) -> None:
    """The gap stands where it is: behind the started burst."""
    box = market.mailbox(*market.oldest(market.Trade), capacity=4)
    box.offer(trades(market, 1, 2))
    assert [await box.receive()] == trades(market, 1)
    box.offer(trades(market, 3))
    box.offer(trades(market, 4, 5, 6))
    assert market.drain(box) == [*trades(market, 2), Overflow(1), *trades(market, 4, 5, 6)]


async def test_a_burst_over_the_capacity_loses_its_oldest(market: SimpleNamespace) -> None:
    """Capacity holds for a single burst too."""
    box = market.mailbox(*market.oldest(market.Trade), capacity=3)
    box.offer(trades(market, 1))
    box.offer(trades(market, 2, 3, 4, 5, 6))
    assert box.statistics().depth == 3
    assert market.drain(box) == [Overflow(3), *trades(market, 4, 5, 6)]


@pytest.mark.parametrize("places", [3, 2])
async def test_a_waiting_consumer_gets_the_gap_before_the_rest(market: SimpleNamespace, places: int) -> None:
    """Also a burst that meets an idle consumer is cut to the capacity, in order."""
    box = market.mailbox(*market.oldest(market.Trade), *market.conflate(market.Delta), capacity=places)
    got: list[object] = []

    async def consume() -> None:
        got.extend(await box.take())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(consume)
        await trio.testing.wait_all_tasks_blocked()
        deltas = [market.Delta(key, 0) for key in ("btc", "eth")]
        box.offer([*deltas, *trades(market, 1, 2, 3)])
    views = [market.Rendered(delta, 0) for delta in deltas]
    kept = trades(market, 3) if places == 3 else []
    assert got == [Overflow(3 - len(kept)), *views, *kept]


async def test_events_and_views_survive_at_the_front(market: SimpleNamespace) -> None:
    """No policy drops an event, and a view is never older than its last message."""
    box = market.mailbox(*market.oldest(market.Trade), *market.conflate(market.Delta), capacity=4)
    box.offer([*trades(market, 1), market.Lost("eth"), market.Delta("btc", 2), *trades(market, 3)])
    box.offer([*trades(market, 4), market.Delta("btc", 5)])
    assert market.drain(box) == [
        Overflow(2),
        market.Lost("eth"),
        market.Rendered(market.Delta("btc", 5), 1),
        *trades(market, 4),
    ]


async def test_outages_join_when_the_data_between_them_are_dropped(market: SimpleNamespace) -> None:
    """Events cannot pile up behind a consumer that does not read."""
    box = market.mailbox(*market.oldest(market.Trade), capacity=6)
    for number in range(100):
        box.offer([market.Lost("btc", number), market.Up("btc", number), *trades(market, number)])
    overflow, lost, up, *others = market.drain(box)
    assert (overflow, lost) == (Overflow(99), market.Lost("btc", 0))
    assert up.numbers[:3] == (0, 1, 2)
    told = [*up.numbers, *(other.number for other in others if isinstance(other, market.Up))]
    assert told == list(range(100))
    assert box.statistics().high_water <= 9
    assert market.accounted(box) == 300


async def test_an_outage_behind_joined_ones_collapses_as_well(market: SimpleNamespace) -> None:
    """After a join at the front the next unread pair finds the one before it."""
    box = market.mailbox(*market.oldest(market.Trade), capacity=6)
    box.offer([market.Lost("btc", 1), market.Up("btc", 1), *trades(market, 1)])
    box.offer([market.Lost("btc", 2), market.Up("btc", 2)])
    box.offer(trades(market, 1, 2, key="eth"))
    box.offer(trades(market, 3, key="eth"))
    box.offer([market.Lost("btc", 3), market.Up("btc", 3)])
    assert market.drain(box) == [
        Overflow(1),
        market.Lost("btc", 1),
        market.Up("btc", 1, (1, 2, 3)),
        *trades(market, 1, 2, 3, key="eth"),
    ]


async def test_a_conflating_mailbox_holds_one_place_a_key_beyond_its_capacity(
    market: SimpleNamespace,
) -> None:
    """The newest of every key is kept, whatever the capacity."""
    box = market.mailbox(*market.conflate(market.Delta), capacity=2)
    for number in range(10):
        box.offer([market.Delta(key, number) for key in ("btc", "eth", "xrp")])
    views = [market.Rendered(market.Delta(key, 9), 9) for key in ("btc", "eth", "xrp")]
    assert market.drain(box) == views
    assert box.statistics().high_water == 3


async def test_a_full_block_mailbox_makes_the_publisher_wait(
    market: SimpleNamespace, autojump_clock: object
) -> None:
    """Backpressure: nothing is dropped, and no more than one burst is over the capacity."""
    box = market.mailbox(*market.block(market.Trade), capacity=2)
    sent = 0

    async def publish() -> None:
        nonlocal sent
        for number in range(0, 100, 3):
            if not box.offer(trades(market, number, number + 1, number + 2)):
                await box.wait_space()
            sent += 1
        box.end()

    got = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(publish)
        await trio.sleep(1)
        assert sent == 0
        with trio.fail_after(10):
            async for message in box:
                got.append(message)
                await trio.sleep(0.01)
    assert got == trades(market, *range(102))
    assert box.statistics().high_water <= 4


async def test_a_publisher_that_waits_is_let_go_when_the_consumer_closes(
    market: SimpleNamespace, autojump_clock: object
) -> None:
    """Nobody waits for a consumer that left."""
    box = market.mailbox(*market.block(market.Trade), capacity=1)
    assert not box.offer(trades(market, 1))
    with trio.fail_after(1):
        await wait_until_closed(box)
    assert box.offer(trades(market, 2))


async def wait_until_closed(box: Mailbox) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(box.wait_space)
        await trio.testing.wait_all_tasks_blocked()
        box.close()


async def test_a_publisher_is_let_go_when_what_waited_came_to_nothing(
    market: SimpleNamespace, autojump_clock: object
) -> None:
    """Views of nothing free their room although the consumer gets no message."""
    nothing = market.conflate(market.Delta, render=lambda message, skipped: None)
    box = market.mailbox(*market.block(market.Trade), *nothing, capacity=1)
    assert not box.offer([market.Delta("btc", 1)])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(box.receive)
        with trio.fail_after(1):
            await box.wait_space()
        assert not box.offer(trades(market, 1))


async def test_waiting_for_space_that_is_there_returns(market: SimpleNamespace) -> None:
    """A publisher that asks too late is not held."""
    await market.mailbox(*market.block(market.Trade)).wait_space()


async def test_block_data_survive_the_dropping_of_others(market: SimpleNamespace) -> None:
    """Each class keeps its own policy in a mixed mailbox, and the order holds."""
    box = market.mailbox(*market.block(market.Trade), *market.oldest(market.Delta), capacity=4)
    box.offer([market.Lost("btc", 1), market.Up("btc", 1), market.Delta("btc", 1), *trades(market, 1)])
    assert not box.offer([market.Lost("btc", 2), market.Up("btc", 2), *trades(market, 2)])
    assert market.drain(box) == [
        Overflow(1),
        market.Lost("btc", 1),
        market.Up("btc", 1),
        *trades(market, 1),
        market.Lost("btc", 2),
        market.Up("btc", 2),
        *trades(market, 2),
    ]


async def test_a_full_fail_mailbox_raises_once_and_is_closed(market: SimpleNamespace) -> None:
    """The consumer learns from where to where it lost, and must start anew."""
    box = market.mailbox(*market.fail(market.Trade), capacity=3)
    box.offer(trades(market, 1, 2, 3))
    assert await box.receive() == market.Trade("btc", 1)
    assert box.offer(trades(market, 4, 5))
    assert box.statistics().closed
    box.offer(trades(market, 6))
    with pytest.raises(MailboxOverflow) as raised:
        await anext(box)
    assert (raised.value.first_lost, raised.value.last_lost) == (
        market.Trade("btc", 2),
        market.Trade("btc", 5),
    )
    assert [message async for message in box] == []
    with pytest.raises(trio.ClosedResourceError):
        box.take_nowait()
    assert box.statistics().dropped == {"overflow": 4}
    assert market.accounted(box) == 5


async def test_a_fail_mailbox_names_what_was_discarded_from_end_to_end(market: SimpleNamespace) -> None:
    """Views and events count among the discarded."""
    box = market.mailbox(*market.fail(market.Trade), *market.conflate(market.Delta), capacity=3)
    box.offer([market.Delta("btc", 1), *trades(market, 2)])
    box.offer([*trades(market, 3), market.Lost("eth", 4)])
    with pytest.raises(MailboxOverflow) as raised:
        box.take_nowait()
    assert raised.value.first_lost == market.Delta("btc", 1)
    assert raised.value.last_lost == market.Lost("eth", 4)
    box.offer([market.Delta("btc", 1)])


async def test_dropping_may_save_a_fail_mailbox(market: SimpleNamespace) -> None:
    """In a mixed mailbox what may go goes first."""
    box = market.mailbox(*market.fail(market.Trade), *market.oldest(market.Delta), capacity=2)
    box.offer([market.Delta("btc", 1), *trades(market, 2)])
    box.offer(trades(market, 3))
    assert market.drain(box) == [Overflow(1), *trades(market, 2, 3)]
    box.offer([market.Delta("btc", 4), *trades(market, 5, 6, 7)])
    with pytest.raises(MailboxOverflow) as raised:
        box.take_nowait()
    assert raised.value.first_lost == market.Trade("btc", 5)


@pytest.mark.parametrize("handed", [True, False])
async def test_overflow_reaches_a_consumer_that_waits(market: SimpleNamespace, handed: bool) -> None:
    """Whether it was about to wake or not, it gets the overflow and not an end."""
    box = market.mailbox(*market.fail(market.Trade), capacity=2)
    caught: list[MailboxOverflow] = []

    async def consume(box: Mailbox) -> None:
        with pytest.raises(MailboxOverflow) as raised:
            await box.receive()
        caught.append(raised.value)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(consume, box)
        await trio.testing.wait_all_tasks_blocked()
        if handed:
            box.offer(trades(market, 1))
        box.offer(trades(market, 2, 3, 4))
    assert caught[0].first_lost == market.Trade("btc", 1 if handed else 2)
    assert caught[0].last_lost == market.Trade("btc", 4)
    assert market.accounted(box) == 3 + handed
