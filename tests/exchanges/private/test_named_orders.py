"""An account's orders are found by the client's own ids, too."""

from typing import Any

import msgspec

from feedtree.exchanges.private import executions
from feedtree.exchanges.private.orders import OrderStatus
from feedtree.exchanges.private.store import AccountStore


async def test_an_order_is_found_by_its_clients_id(
    store: AccountStore, order_of: Any, autojump_clock: Any
) -> None:
    """Open or ended, as it stands."""
    assert store.named("t-1") is None
    order = order_of("1", "t-1")
    store.apply_order(order)
    assert store.named("t-1") == order
    ended = msgspec.structs.replace(order, status=OrderStatus.CANCELLED)
    store.apply_order(ended)
    assert store.named("t-1") == ended


async def test_orders_that_ended_long_ago_are_forgotten(
    store: AccountStore, order_of: Any, autojump_clock: Any, monkeypatch: Any
) -> None:
    """Only so many are kept; a name that a later order has belongs to that one."""
    monkeypatch.setattr(executions, "FINISHED_KEPT", 2)
    monkeypatch.setattr(executions, "FINISHED_MOST", 2)
    for number, name in enumerate(["t-1", "t-2", None, "t-1", "t-5"]):
        order = order_of(str(number), name)
        store.apply_order(msgspec.structs.replace(order, status=OrderStatus.CANCELLED))
    assert store.named("t-2") is None
    first = store.named("t-1")
    assert first is not None
    assert first.order_id == "3"


def ended(order: Any, at_ns: int | None) -> Any:
    return msgspec.structs.replace(order, status=OrderStatus.CANCELLED, updated_ns=at_ns)


async def test_orders_are_known_for_as_long_as_the_venue_may_tell_of_them(
    store: AccountStore, order_of: Any, autojump_clock: Any, monkeypatch: Any
) -> None:
    """Older ones are forgotten but for the newest; one of those that is told again is no news."""
    monkeypatch.setattr(executions, "FINISHED_KEPT", 2)
    for number in range(5):
        store.apply_order(ended(order_of(str(number), f"t-{number}"), 1_000 + number))
    assert store.executions.finished == 5
    store.executions.seen.settled_ns = 1_002
    store.executions.settle(0)
    assert [store.named(f"t-{number}") is None for number in range(5)] == [True, True, False, False, False]
    told = store.counts.orders
    store.apply_order(ended(order_of("1", "t-1"), 1_001))
    assert (store.counts.orders, store.named("t-1")) == (told, None)
    store.apply_order(ended(order_of("7", "t-7"), None))
    assert store.counts.orders == told + 1, "when it ended is not known"
