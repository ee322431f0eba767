from types import SimpleNamespace

import pytest
import trio

from feedtree.actors.fanout import FanOut
from feedtree.actors.publisher import Publisher, Superseded


async def test_the_current_generation_publishes(market: SimpleNamespace) -> None:
    """The bursts of the living incarnation reach the consumers."""
    fanout = FanOut()
    box = market.mailbox(*market.oldest(market.Trade))
    fanout.attach(box)
    assert Publisher(1, lambda: 1, fanout).publish([market.Trade("btc", 1)]) is None
    assert market.drain(box) == [market.Trade("btc", 1)]


async def test_an_outdated_generation_is_refused(market: SimpleNamespace) -> None:
    """A late task of a dead incarnation reaches nobody."""
    fanout = FanOut()
    box = market.mailbox(*market.oldest(market.Trade))
    fanout.attach(box)
    publisher = Publisher(1, lambda: 2, fanout)
    with pytest.raises(Superseded, match="generation 1 was superseded by 2"):
        publisher.publish([market.Trade("btc", 1)])
    assert market.drain(box) == []


async def test_a_publisher_waits_for_the_full_mailboxes(
    market: SimpleNamespace, autojump_clock: object
) -> None:
    """It goes on when the consumers have made room."""
    fanout = FanOut()
    box = market.mailbox(*market.block(market.Trade), capacity=1)
    fanout.attach(box)
    publisher = Publisher(1, lambda: 1, fanout)
    full = publisher.publish([market.Trade("btc", 1)])
    assert full == [box]
    async with trio.open_nursery() as nursery:
        nursery.cancel_scope.deadline = trio.current_time() + 1
        nursery.start_soon(publisher.wait_space, full)
        await trio.testing.wait_all_tasks_blocked()
        assert nursery.child_tasks
        assert await box.receive() == market.Trade("btc", 1)
    assert not nursery.cancel_scope.cancelled_caught


async def test_a_generation_that_ends_while_it_waits_is_refused(market: SimpleNamespace) -> None:
    """Waiting does not keep an incarnation's right alive."""
    fanout = FanOut()
    box = market.mailbox(*market.block(market.Trade), capacity=1)
    fanout.attach(box)
    current = [1]
    publisher = Publisher(1, lambda: current[0], fanout)
    full = publisher.publish([market.Trade("btc", 1)])
    assert full is not None
    current[0] = 2
    box.close()
    with pytest.raises(Superseded):
        await publisher.wait_space(full)
