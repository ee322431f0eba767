"""Order, conflation, iteration and statistics."""

from types import SimpleNamespace

import pytest
import trio

from feedtree.actors.mailbox import Mailbox


async def test_messages_come_in_the_order_of_offering(market: SimpleNamespace) -> None:
    """All kinds share one queue."""
    box = market.mailbox(*market.oldest(market.Trade, market.Delta))
    burst = [market.Trade("btc", 1), market.Delta("btc", 2), market.Up("btc", 3), market.Trade("eth", 4)]
    assert box.offer(burst)
    assert market.drain(box) == burst


async def test_a_class_without_a_route_is_left_out(market: SimpleNamespace) -> None:
    """A consumer gets what it asked for, by exact class, and nothing else is counted."""
    box = market.mailbox(*market.oldest(market.Trade))
    box.offer([market.Delta("btc"), market.Trade("btc", 1), None, "text"])
    assert market.drain(box) == [market.Trade("btc", 1)]
    assert market.accounted(box) == 1


async def test_the_filter_leaves_out_what_it_refuses(market: SimpleNamespace) -> None:
    """A mailbox of some symbols takes in nothing of others, events included."""
    box = market.mailbox(*market.oldest(market.Trade), accept=lambda message: message.key == "btc")
    box.offer([market.Trade("eth"), market.Lost("eth"), market.Trade("btc"), market.Lost("btc")])
    assert market.drain(box) == [market.Trade("btc"), market.Lost("btc")]
    assert market.accounted(box) == 2


async def test_the_burst_that_was_offered_stays_as_it_is(market: SimpleNamespace) -> None:
    """One list is shared by all mailboxes."""
    box = market.mailbox(*market.oldest(market.Trade), capacity=2)
    burst = [market.Trade("btc", number) for number in range(5)]
    box.offer(burst)
    market.drain(box)
    assert burst == [market.Trade("btc", number) for number in range(5)]


async def test_a_conflated_key_stands_in_the_queue_once(market: SimpleNamespace) -> None:
    """The newest is delivered where the first unread one stood, and skips are told."""
    box = market.mailbox(*market.conflate(market.Delta), *market.oldest(market.Trade))
    box.offer([market.Delta("btc", 1), market.Trade("btc", 2), market.Delta("eth", 3)])
    box.offer([market.Delta("btc", 4), market.Delta("btc", 5)])
    assert box.statistics().depth == 3
    assert market.drain(box) == [
        market.Rendered(market.Delta("btc", 5), skipped=2),
        market.Trade("btc", 2),
        market.Rendered(market.Delta("eth", 3), skipped=0),
    ]
    assert box.statistics().skipped == 2


async def test_two_classes_of_one_key_share_one_place(market: SimpleNamespace) -> None:
    """A snapshot replaces a waiting delta, and the reverse: both mean the same book."""
    box = market.mailbox(*market.conflate(market.Delta, market.Snapshot))
    box.offer([market.Delta("btc", 1), market.Snapshot("btc", 2)])
    assert market.drain(box) == [market.Rendered(market.Snapshot("btc", 2), skipped=1)]
    box.offer([market.Snapshot("btc", 3), market.Delta("btc", 4)])
    assert market.drain(box) == [market.Rendered(market.Delta("btc", 4), skipped=1)]


async def test_without_a_view_the_newest_message_itself_is_delivered(market: SimpleNamespace) -> None:
    """A ticker needs no rendering."""
    box = market.mailbox(*market.conflate(market.Delta, render=None))
    box.offer([market.Delta("btc", 1), market.Delta("btc", 2)])
    assert market.drain(box) == [market.Delta("btc", 2)]


async def test_a_view_is_rendered_when_it_is_taken(market: SimpleNamespace) -> None:
    """Also inside a burst that is being read, a message shows the book of that moment."""
    box = market.mailbox(*market.conflate(market.Delta))
    box.offer([market.Delta("btc", 1), market.Delta("eth", 2)])
    assert (await box.receive()).message.number == 1
    box.offer([market.Delta("eth", 3)])
    assert await box.receive() == market.Rendered(market.Delta("eth", 3), skipped=1)
    assert box.statistics().depth == 0


async def test_a_view_of_nothing_is_not_delivered(market: SimpleNamespace) -> None:
    """Where rendering gives None the consumer waits on; the message counts as dropped."""
    box = market.mailbox(*market.conflate(market.Delta, render=lambda message, skipped: None))
    box.offer([market.Delta("btc", 1)])
    assert market.drain(box) == []
    assert box.statistics().dropped == {"empty": 1}
    assert market.accounted(box) == 1


async def test_a_view_that_raises_leaves_a_mailbox_in_order(market: SimpleNamespace) -> None:
    """The consumer gets the exception, and the next message after it."""

    def render(message: object, skipped: int) -> object:
        if message == market.Delta("btc", 1):
            raise ZeroDivisionError
        return message

    box = market.mailbox(*market.conflate(market.Delta, render=render))
    box.offer([market.Delta("btc", 1), market.Delta("eth", 2)])
    with pytest.raises(ZeroDivisionError):
        await box.receive()
    assert await box.receive() == market.Delta("eth", 2)
    assert market.accounted(box) == 2


async def test_iteration_has_one_checkpoint_a_burst(market: SimpleNamespace) -> None:
    """Messages of one burst come without giving way; between bursts others run."""
    box = market.mailbox(*market.oldest(market.Trade))
    for number in range(50):
        box.offer([market.Trade("btc", number)] * 100)
    box.end()
    rounds = 0

    async def other() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        messages = [message async for message in box]
        nursery.cancel_scope.cancel()
    assert len(messages) == 5_000
    assert 48 <= rounds <= 53


async def test_bursts_gives_what_was_published_together(market: SimpleNamespace) -> None:
    """The fast way of reading keeps the bursts apart, under any policy."""
    box = market.mailbox(*market.oldest(market.Trade), *market.conflate(market.Delta))
    box.offer([market.Trade("btc", 1), market.Delta("btc", 2)])
    box.offer([market.Delta("btc", 3)])
    box.offer([market.Trade("btc", 4), market.Trade("btc", 5)])
    box.end()
    assert [burst async for burst in box.bursts()] == [
        [market.Trade("btc", 1), market.Rendered(market.Delta("btc", 3), 1)],
        [market.Trade("btc", 4), market.Trade("btc", 5)],
    ]


async def test_bursts_goes_on_where_message_iteration_stopped(market: SimpleNamespace) -> None:
    """Both ways of reading share one place in the queue."""
    box = market.mailbox(*market.oldest(market.Trade))
    box.offer([market.Trade("btc", number) for number in range(3)])
    async for message in box:
        assert message.number == 0
        break
    assert await box.take() == [market.Trade("btc", 1), market.Trade("btc", 2)]


async def test_a_waiting_consumer_is_woken_by_an_offer(
    market: SimpleNamespace, autojump_clock: object
) -> None:
    """A consumer need not poll."""
    box = market.mailbox(*market.oldest(market.Trade))

    async def publish() -> None:
        await trio.sleep(1)
        box.offer([])
        box.offer([market.Delta("btc")])
        box.offer([market.Trade("btc", 1)])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(publish)
        assert await box.receive() == market.Trade("btc", 1)
        assert trio.current_time() >= 1


async def test_take_nowait_never_waits(market: SimpleNamespace) -> None:
    """An empty mailbox says so."""
    box = market.mailbox(*market.oldest(market.Trade))
    with pytest.raises(trio.WouldBlock):
        box.take_nowait()


async def test_a_cancelled_wait_loses_nothing(market: SimpleNamespace, autojump_clock: object) -> None:
    """A timeout around a receive costs no message, whether it hits before, in or after the wait."""
    box = market.mailbox(*market.oldest(market.Trade))
    with trio.move_on_after(1):
        await box.receive()
    box.offer([market.Trade("btc", 1), market.Trade("btc", 2)])
    box.offer([market.Trade("btc", 3)])
    with trio.CancelScope() as scope:
        scope.cancel()
        await box.receive()
    assert scope.cancelled_caught
    assert await box.receive() == market.Trade("btc", 1)
    with trio.CancelScope() as scope:
        scope.cancel()
        assert await box.receive() == market.Trade("btc", 2)
        await box.take()
    assert scope.cancelled_caught
    assert await box.take() == [market.Trade("btc", 3)]
    assert market.accounted(box) == box.statistics().delivered == 3


async def test_a_cancel_between_offer_and_wake_up_loses_nothing(market: SimpleNamespace) -> None:
    """A burst handed to a consumer that is cancelled in the same step is delivered or stays."""
    for cancel_first in (False, True):
        box = market.mailbox(*market.oldest(market.Trade))
        got: list[object] = []

        async def consume(box: Mailbox, got: list[object], scope: trio.CancelScope) -> None:
            with scope:
                got.append(await box.receive())

        async with trio.open_nursery() as nursery:
            scope = trio.CancelScope()
            nursery.start_soon(consume, box, got, scope)
            await trio.testing.wait_all_tasks_blocked()
            if cancel_first:
                scope.cancel()
            box.offer([market.Trade("btc", 1)])
            box.offer([market.Trade("btc", 2)])
            if not cancel_first:
                scope.cancel()
        assert [*got, *market.drain(box)] == [market.Trade("btc", 1), market.Trade("btc", 2)]


async def test_a_second_waiting_task_is_refused(market: SimpleNamespace) -> None:
    """One task reads at a time: two would each see half of the order."""
    box = market.mailbox(*market.oldest(market.Trade))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(box.receive)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.BusyResourceError):
            await box.receive()
        with pytest.raises(trio.BusyResourceError):
            await box.take()
        with pytest.raises(trio.BusyResourceError):
            box.take_nowait()
        box.offer([market.Trade("btc", 1)])
        with pytest.raises(trio.BusyResourceError):
            box.take_nowait()


async def test_statistics_tell_depth_high_water_and_age(
    market: SimpleNamespace, autojump_clock: object
) -> None:
    """A slow consumer is visible before it loses anything."""
    box = market.mailbox(*market.oldest(market.Trade), capacity=8)
    assert box.statistics().oldest_age is None
    box.offer([market.Trade("btc", 1), market.Trade("btc", 2)])
    await trio.sleep(2)
    box.offer([market.Trade("btc", 3)])
    await trio.sleep(1)
    figures = box.statistics()
    assert (figures.depth, figures.high_water, figures.capacity) == (3, 3, 8)
    assert figures.oldest_age == pytest.approx(3)
    await box.receive()
    assert box.statistics().oldest_age == pytest.approx(3)
    await box.receive()
    assert box.statistics().oldest_age == pytest.approx(1)
    assert (box.statistics().delivered, box.statistics().closed) == (2, False)
    assert repr(box) == "<Mailbox  open 1/8>"


async def test_the_age_of_a_burst_handed_over_counts(market: SimpleNamespace) -> None:
    """Between an offer and the consumer's next step, the messages wait as well."""
    box = market.mailbox(*market.oldest(market.Trade))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(box.receive)
        await trio.testing.wait_all_tasks_blocked()
        box.offer([market.Trade("btc", 1)])
        figures = box.statistics()
        assert figures.depth == 1
        assert figures.oldest_age is not None
    assert box.statistics().oldest_age is None


def test_a_mailbox_without_room_is_refused(market: SimpleNamespace) -> None:
    """A capacity below one message is a mistake."""
    with pytest.raises(ValueError, match="at least one"):
        Mailbox([], capacity=0)
