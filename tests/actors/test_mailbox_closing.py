"""How a mailbox ends: by its consumer, by its publishers."""

from types import SimpleNamespace

import pytest
import trio

from feedtree.actors.mailbox import Mailbox


async def test_closing_discards_what_waits(market: SimpleNamespace) -> None:
    """After the consumer left nothing is given out or taken in, and all is accounted for."""
    box = market.mailbox(*market.oldest(market.Trade), *market.conflate(market.Delta))
    async with box:
        box.offer([market.Trade("btc", 1), market.Delta("btc", 2)])
        await box.receive()
    box.offer([market.Trade("btc", 3)])
    figures = box.statistics()
    assert (figures.delivered, figures.dropped, figures.depth, figures.closed) == (1, {"closed": 1}, 0, True)
    assert [message async for message in box] == []
    assert [burst async for burst in box.bursts()] == []
    with pytest.raises(trio.ClosedResourceError):
        await box.receive()
    with pytest.raises(trio.ClosedResourceError):
        box.take_nowait()
    assert repr(box) == "<Mailbox  closed 0/10000>"


async def test_closing_twice_does_nothing(market: SimpleNamespace) -> None:
    """A consumer may close inside its own context."""
    async with market.mailbox() as box:
        await box.aclose()
        box.close()


async def test_closing_counts_even_when_it_is_cancelled(market: SimpleNamespace) -> None:
    """An aclose in a cancelled scope closes."""
    box = market.mailbox()
    with trio.CancelScope() as scope:
        scope.cancel()
        await box.aclose()
    assert box.statistics().closed


@pytest.mark.parametrize("handed", [True, False])
async def test_closing_ends_a_wait(market: SimpleNamespace, handed: bool) -> None:
    """A task that iterates while another closes comes to its end, also with a burst on its way to it."""
    box = market.mailbox(*market.oldest(market.Trade))
    got: list[object] = []

    async def consume(box: Mailbox) -> None:
        got.extend([message async for message in box])
        got.append("end")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(consume, box)
        await trio.testing.wait_all_tasks_blocked()
        if handed:
            box.offer([market.Trade("btc", 1)])
        box.close()
    assert got == ["end"]
    assert market.accounted(box) == handed


async def test_closing_between_two_bursts_ends_the_iteration(market: SimpleNamespace) -> None:
    """A close that comes during the checkpoint before a burst counts."""
    for _ in range(20):  # trio runs the two tasks in random order
        box = market.mailbox(*market.oldest(market.Trade))
        box.offer([market.Trade("btc", 1)])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(box.aclose)
            got = [message async for message in box]
        assert len(got) == box.statistics().delivered
        assert market.accounted(box) == 1


async def test_what_waits_is_read_after_the_last_publisher_ended(market: SimpleNamespace) -> None:
    """The end of a feed loses nothing."""
    box = market.mailbox(*market.oldest(market.Trade))
    box.offer([market.Trade("btc", 1)])
    box.end()
    box.offer([market.Trade("btc", 2)])
    assert box.statistics().closed
    assert [message async for message in box] == [market.Trade("btc", 1)]
    with pytest.raises(trio.EndOfChannel):
        box.take_nowait()
    assert market.accounted(box) == 1


async def test_the_end_wakes_a_waiting_consumer(market: SimpleNamespace) -> None:
    """An idle consumer learns that nothing more will come."""
    box = market.mailbox(*market.oldest(market.Trade))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_end_later, box)
        assert [burst async for burst in box.bursts()] == []


async def _end_later(box: Mailbox) -> None:
    await trio.testing.wait_all_tasks_blocked()
    box.end()
