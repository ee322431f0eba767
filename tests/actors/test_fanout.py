from types import SimpleNamespace

import pytest
import trio

from feedtree.actors.fanout import FanOut


async def test_every_mailbox_gets_every_burst(market: SimpleNamespace) -> None:
    """One publisher, any number of consumers, each with its own policy."""
    fanout = FanOut()
    trades, views = (
        market.mailbox(*market.oldest(market.Trade)),
        market.mailbox(*market.conflate(market.Delta)),
    )
    fanout.attach(trades)
    fanout.attach(views)
    assert fanout.mailboxes == (trades, views)
    assert fanout.publish([market.Trade("btc", 1), market.Delta("btc", 2)]) is None
    assert market.drain(trades) == [market.Trade("btc", 1)]
    assert market.drain(views) == [market.Rendered(market.Delta("btc", 2), 0)]


async def test_a_slow_consumer_hurts_itself_only(market: SimpleNamespace) -> None:
    """An overflow in one mailbox costs the others nothing."""
    fanout = FanOut()
    slow = market.mailbox(*market.oldest(market.Trade), capacity=1)
    good = market.mailbox(*market.oldest(market.Trade))
    fanout.attach(slow)
    fanout.attach(good)
    for number in range(5):
        fanout.publish([market.Trade("btc", number)])
    assert len(market.drain(good)) == 5
    assert slow.statistics().dropped == {"overflow": 4}


async def test_publishing_names_the_mailboxes_that_are_full(market: SimpleNamespace) -> None:
    """Only consumers that asked for backpressure make the publisher wait."""
    fanout = FanOut()
    boxes = [market.mailbox(*market.block(market.Trade), capacity=capacity) for capacity in (1, 9, 1)]
    boxes.append(market.mailbox(*market.oldest(market.Trade), capacity=1))
    for box in boxes:
        fanout.attach(box)
    assert fanout.publish([market.Trade("btc", 1)]) == [boxes[0], boxes[2]]


async def test_attaching_twice_changes_nothing(market: SimpleNamespace) -> None:
    """No message comes twice."""
    fanout = FanOut()
    box = market.mailbox(*market.oldest(market.Trade))
    fanout.attach(box)
    fanout.attach(box)
    fanout.publish([market.Trade("btc", 1)])
    assert len(market.drain(box)) == 1


async def test_a_closed_mailbox_detaches_itself(market: SimpleNamespace) -> None:
    """A consumer that left costs the publisher nothing."""
    fanout = FanOut()
    async with market.mailbox() as box:
        fanout.attach(box)
    assert fanout.mailboxes == ()


async def test_detaching_leaves_the_mailbox_open(market: SimpleNamespace) -> None:
    """A mailbox that is let go can still be read, and attached again."""
    fanout = FanOut()
    box = market.mailbox(*market.oldest(market.Trade))
    fanout.attach(box)
    fanout.detach(box)
    fanout.detach(box)
    fanout.publish([market.Trade("btc", 1)])
    assert not box.statistics().closed
    fanout.attach(box)
    fanout.publish([market.Trade("btc", 2)])
    assert market.drain(box) == [market.Trade("btc", 2)]


async def test_a_mailbox_ends_with_the_last_of_its_fan_outs(market: SimpleNamespace) -> None:
    """A mailbox over two venues outlives one of them."""
    one, other = FanOut(), FanOut()
    box = market.mailbox(*market.oldest(market.Trade))
    one.attach(box)
    other.attach(box)
    one.close()
    one.close()
    other.publish([market.Trade("btc", 1)])
    other.close()
    assert [message async for message in box] == [market.Trade("btc", 1)]


async def test_attaching_what_is_closed_is_refused(market: SimpleNamespace) -> None:
    """Neither a fan-out nor a mailbox comes back."""
    fanout = FanOut()
    box = market.mailbox(name="quotes")
    box.close()
    with pytest.raises(trio.ClosedResourceError, match="quotes"):
        fanout.attach(box)
    assert fanout.mailboxes == ()
    fanout.close()
    with pytest.raises(trio.ClosedResourceError):
        fanout.attach(market.mailbox())
