"""Events stand in order with the data; outages collapse."""

from types import SimpleNamespace

import pytest

from feedtree.actors.routes import EventRule, Policy, Role, Route


async def test_a_lost_event_removes_the_waiting_view_of_its_key(market: SimpleNamespace) -> None:
    """A book that is in doubt is not shown as if it were live; other keys stay."""
    box = market.mailbox(*market.conflate(market.Delta))
    box.offer([market.Delta("btc", 1), market.Delta("btc", 2), market.Delta("eth", 3)])
    box.offer([market.Lost("btc")])
    assert market.drain(box) == [market.Rendered(market.Delta("eth", 3), 0), market.Lost("btc")]
    assert box.statistics().dropped == {"lost": 1}
    assert market.accounted(box) == 4


async def test_a_lost_event_removes_a_view_of_the_burst_being_read(market: SimpleNamespace) -> None:
    """Also a place in a started burst empties."""
    box = market.mailbox(*market.conflate(market.Delta))
    box.offer([market.Delta("eth", 1), market.Delta("btc", 2)])
    assert (await box.receive()).message.key == "eth"
    box.offer([market.Lost("btc")])
    assert market.drain(box) == [market.Lost("btc")]


async def test_plain_data_before_a_lost_event_are_delivered_before_it(market: SimpleNamespace) -> None:
    """Trades that happened stay true."""
    box = market.mailbox(*market.oldest(market.Trade))
    box.offer([market.Trade("btc", 1), market.Lost("btc")])
    assert market.drain(box) == [market.Trade("btc", 1), market.Lost("btc")]


@pytest.mark.parametrize("conflated", [True, False])
async def test_data_of_a_lost_key_wait_for_its_up_event(market: SimpleNamespace, conflated: bool) -> None:
    """Between lost and up nothing of that key passes, and other keys do."""
    route = (market.conflate if conflated else market.oldest)(market.Delta)
    box = market.mailbox(*route)
    box.offer([market.Lost("btc"), market.Delta("btc", 1), market.Delta("eth", 2)])
    box.offer([market.Delta("btc", 3), market.Up("btc"), market.Delta("btc", 4)])
    wrap = (lambda message: market.Rendered(message, 0)) if conflated else lambda message: message
    assert market.drain(box) == [
        market.Lost("btc"),
        wrap(market.Delta("eth", 2)),
        market.Up("btc"),
        wrap(market.Delta("btc", 4)),
    ]
    assert box.statistics().dropped == {"lost": 2}
    assert market.accounted(box) == 6


async def test_data_without_a_key_pass_any_outage(market: SimpleNamespace) -> None:
    """No event concerns a route without a key."""
    box = market.mailbox(Route(market.Trade, Policy.DROP_OLDEST))
    box.offer([market.Lost("btc"), market.Trade("btc", 1), market.Delta("btc")])
    assert market.drain(box) == [market.Lost("btc"), market.Trade("btc", 1)]


async def test_unread_outages_collapse_into_one(market: SimpleNamespace) -> None:
    """A consumer that was away reads one lost and one up with the sum, however often it broke."""
    box = market.mailbox(*market.conflate(market.Delta))
    for number in range(5):
        box.offer([market.Lost("btc", number)])
        box.offer([market.Up("btc", number), market.Delta("btc", number)])
    assert box.statistics().depth == 3
    assert market.drain(box) == [
        market.Lost("btc", 0),
        market.Up("btc", 0, (0, 1, 2, 3, 4)),
        market.Rendered(market.Delta("btc", 4), 0),
    ]
    assert market.accounted(box) == 15


async def test_outages_with_data_between_stay_apart(market: SimpleNamespace) -> None:
    """A trade between two outages is read between them."""
    box = market.mailbox(*market.oldest(market.Trade))
    pair = [market.Lost("btc"), market.Up("btc")]
    box.offer([*pair, market.Trade("btc", 1), *pair])
    assert market.drain(box) == [*pair, market.Trade("btc", 1), *pair]


async def test_data_of_another_key_do_not_keep_outages_apart(market: SimpleNamespace) -> None:
    """Order is promised within a key."""
    box = market.mailbox(*market.oldest(market.Trade))
    box.offer([market.Lost("btc", 1), market.Up("btc", 1), market.Trade("eth", 1)])
    box.offer([market.Lost("btc", 2), market.Up("btc", 2)])
    assert market.drain(box) == [
        market.Lost("btc", 1),
        market.Up("btc", 1, (1, 2)),
        market.Trade("eth", 1),
    ]


async def test_an_outage_of_which_the_loss_was_read_is_told_in_full(market: SimpleNamespace) -> None:
    """Only unread pairs collapse."""
    box = market.mailbox()
    box.offer([market.Lost("btc", 1), market.Up("btc", 1)])
    assert await box.receive() == market.Lost("btc", 1)
    box.offer([market.Lost("btc", 2), market.Up("btc", 2)])
    assert market.drain(box) == [market.Up("btc", 1), market.Lost("btc", 2), market.Up("btc", 2)]


async def test_another_event_of_the_key_keeps_outages_apart(market: SimpleNamespace) -> None:
    """The order of a key's events is never changed."""
    box = market.mailbox()
    events = [
        market.Lost("btc"),
        market.Up("btc"),
        market.Refused("btc"),
        market.Lost("btc"),
        market.Up("btc"),
    ]
    box.offer(events)
    assert market.drain(box) == events


async def test_without_a_merge_rule_outages_stay_apart(market: SimpleNamespace) -> None:
    """What cannot be summed is not collapsed."""
    rules = [EventRule(market.Lost, market.key, Role.LOST), EventRule(market.Up, market.key, Role.UP)]
    box = market.mailbox(events=rules)
    events = [market.Lost("btc", 1), market.Up("btc", 1), market.Lost("btc", 2), market.Up("btc", 2)]
    box.offer(events)
    assert market.drain(box) == events


async def test_two_kinds_of_up_event_stay_apart(market: SimpleNamespace) -> None:
    """What cannot be summed with its like is not collapsed."""
    rules = [*market.events[:2], EventRule(market.Refused, market.key, Role.UP, merge=market.Up.plus)]
    box = market.mailbox(events=rules)
    events = [market.Lost("btc", 1), market.Up("btc", 1), market.Lost("btc", 2), market.Refused("btc", 2)]
    box.offer(events)
    assert market.drain(box) == events


async def test_outages_of_a_stalled_consumer_do_not_fill_the_memory(market: SimpleNamespace) -> None:
    """Places that became empty are swept away."""
    box = market.mailbox(*market.conflate(market.Delta), *market.oldest(market.Trade), capacity=10)
    box.offer([market.Trade("eth", number) for number in range(11)])
    for number in range(1_000):
        box.offer([market.Lost("btc", number)])
        box.offer([market.Up("btc", number), market.Delta("btc", number)])
    assert len(box._backlog._offered_at) < 50
    overflow, lost, up, view = market.drain(box)
    assert (overflow.count, lost.number, len(up.numbers), view.message.number) == (11, 0, 1_000, 999)
    assert market.accounted(box) == 11 + 3_000
