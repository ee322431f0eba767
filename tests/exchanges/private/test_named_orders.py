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
    for number, name in enumerate(["t-1", "t-2", None, "t-1", "t-5"]):
        order = order_of(str(number), name)
        store.apply_order(msgspec.structs.replace(order, status=OrderStatus.CANCELLED))
    assert store.named("t-2") is None
    first = store.named("t-1")
    assert first is not None
    assert first.order_id == "3"
