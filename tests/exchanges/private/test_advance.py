"""The knowledge of an order grows by what is filled, and its end is final."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.private.advance import advance
from feedtree.exchanges.private.orders import Order, OrderStatus, OrderType, TimeInForce
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

OPEN, PART, FILLED = OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED
CANCELLED, EXPIRED = OrderStatus.CANCELLED, OrderStatus.EXPIRED


def order(status: OrderStatus = OPEN, filled: int = 0, **changes: Any) -> Order:
    given: dict[str, Any] = {
        "order_id": "1",
        "client_order_id": "t-1",
        "symbol": Symbol("BTC", "USDT"),
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "price": Decimal(10),
        "quantity": Decimal(3),
        "quote_quantity": None,
        "filled": Decimal(filled),
        "filled_quote": Decimal(filled * 10),
        "status": status,
        "created_ns": 1,
        "updated_ns": 1,
    }
    return Order(**{**given, **changes})


def test_the_first_sight_is_what_is_known() -> None:
    """Nothing was known before."""
    seen = order()
    assert advance(None, seen) is seen


@pytest.mark.parametrize(
    ("known", "seen", "status", "filled"),
    [
        (order(OPEN), order(PART, 1), PART, 1),
        (order(PART, 2), order(PART, 1), PART, 2),  # late
        (order(PART, 1), order(OPEN, 0), PART, 1),  # late
        (order(PART, 1), order(CANCELLED, 1), CANCELLED, 1),
        (order(PART, 2), order(CANCELLED, 1), CANCELLED, 2),  # the end is told by who is behind
        (order(CANCELLED, 1), order(PART, 1), CANCELLED, 1),
        (order(CANCELLED, 1), order(PART, 2), CANCELLED, 2),  # a fill that the end did not know of
        (order(CANCELLED, 1), order(FILLED, 3), FILLED, 3),
        (order(FILLED, 3), order(CANCELLED, 1), FILLED, 3),
        (order(CANCELLED, 1), order(EXPIRED, 1), CANCELLED, 1),
    ],
)
def test_filled_grows_and_ends_absorb(known: Order, seen: Order, status: OrderStatus, filled: int) -> None:
    """Whatever comes late takes nothing back."""
    merged = advance(known, seen)
    assert (merged.status, merged.filled) == (status, filled)


def test_no_news_is_the_same_object() -> None:
    """A repetition, a late state and another time of the same state are no news."""
    known = order(PART, 1, updated_ns=5)
    for seen in (known, order(PART, 1, updated_ns=9), order(OPEN, 0), order(PART, 1, created_ns=0)):
        assert advance(known, seen) is known


def test_an_amendment_holds_by_the_venues_time() -> None:
    """With the same amount filled the later state holds; without times the one that came later."""
    known = order(quantity=Decimal(3), updated_ns=5)
    amended = order(quantity=Decimal(2), updated_ns=6)
    assert advance(known, amended).quantity == 2
    assert advance(amended, known) is amended
    untimed = order(quantity=Decimal(1), updated_ns=None)
    assert advance(known, untimed).quantity == 1


def test_what_one_source_leaves_out_is_kept() -> None:
    """Some answers show little."""
    known = order()
    seen = order(
        CANCELLED, client_order_id=None, time_in_force=None, price=None, filled_quote=None, created_ns=None
    )
    merged = advance(known, seen)
    assert (merged.client_order_id, merged.time_in_force, merged.price) == ("t-1", TimeInForce.GTC, 10)
    assert (merged.filled_quote, merged.created_ns) == (0, 1)
    assert advance(seen, known).client_order_id == "t-1"


@given(st.permutations(range(5)), st.lists(st.integers(0, 4), max_size=4))
def test_any_order_of_a_history_ends_in_its_last_state(order_of: list[int], again: list[int]) -> None:
    """Pushes may come in any order and twice."""
    history = [
        order(OPEN, updated_ns=1),
        order(PART, 1, updated_ns=2),
        order(PART, 1, quantity=Decimal(4), updated_ns=3),
        order(PART, 3, quantity=Decimal(4), updated_ns=4),
        order(CANCELLED, 3, quantity=Decimal(4), updated_ns=5),
    ]
    known = None
    for index in [*order_of, *again]:
        known = advance(known, history[index])
    assert known is not None
    assert msgspec.structs.replace(known, reason="") == history[-1]
