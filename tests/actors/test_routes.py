from types import SimpleNamespace

import pytest

from feedtree.actors.mailbox import Mailbox
from feedtree.actors.routes import EventRule, Policy, Role, Route


def test_conflating_needs_a_key(market: SimpleNamespace) -> None:
    """Without a key there is nothing to keep one message of."""
    with pytest.raises(ValueError, match="Delta: conflating and resuming need a key"):
        Route(market.Delta, Policy.CONFLATE)


def test_conflated_data_cannot_be_resumed(market: SimpleNamespace) -> None:
    """A view of deltas and conflation exclude each other."""
    with pytest.raises(ValueError, match="only drop_oldest leaves gaps"):
        Route(market.Delta, Policy.CONFLATE, market.key, resume=lambda key: key)


def test_resuming_needs_a_key(market: SimpleNamespace) -> None:
    """A snapshot is of a key."""
    with pytest.raises(ValueError, match="need a key"):
        Route(market.Delta, Policy.DROP_OLDEST, resume=lambda key: key)


def test_only_conflated_data_are_rendered(market: SimpleNamespace) -> None:
    """A view on a policy that never renders would never be shown."""
    with pytest.raises(ValueError, match="only conflated messages are rendered"):
        Route(market.Delta, Policy.BLOCK, market.key, render=lambda message, skipped: message)


def test_only_up_events_are_merged(market: SimpleNamespace) -> None:
    """The pair's up-event carries the sum."""
    with pytest.raises(ValueError, match="only up-events are merged"):
        EventRule(market.Lost, market.key, Role.LOST, merge=lambda first, second: first)


def test_two_routes_for_one_class_are_refused(market: SimpleNamespace) -> None:
    """A class has one policy."""
    with pytest.raises(ValueError, match="two routes or rules for Trade"):
        Mailbox([*market.oldest(market.Trade), *market.block(market.Trade)])


def test_a_class_is_data_or_event(market: SimpleNamespace) -> None:
    """A class that is both could be dropped and not dropped."""
    with pytest.raises(ValueError, match="both data and events: Trade"):
        Mailbox(market.oldest(market.Trade), [EventRule(market.Trade, market.key)])
