from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.ops.sim.orderbook import Fill, Order, OrderBook, sides

Action = tuple[str, int, int, bool]
actions = st.lists(
    st.tuples(
        st.sampled_from(["place", "take", "cancel"]),
        st.integers(min_value=90, max_value=110).flatmap(lambda price: st.sampled_from([price, -price])),
        st.integers(min_value=1, max_value=9),
        st.booleans(),
    ),
    max_size=60,
)


def run(book: OrderBook, todo: list[Action], after: Callable[[], None] = lambda: None) -> dict[str, int]:
    """Carry out actions; return lots placed, dropped and cancelled."""
    sums = {"placed": 0, "dropped": 0, "cancelled": 0}
    for at_ns, (what, key, lots, _) in enumerate(todo):
        if what == "cancel":
            if book.live:
                order = book.live[lots % len(book.live)]
                sums["cancelled"] += order.lots
                book.cancel(order, at_ns)
        else:
            sums["placed"] += lots
            order = book.place(key, lots, at_ns, rest=what == "place")
            sums["dropped"] += order.lots if what == "take" else 0
        after()
    return sums


@given(actions)
def test_no_book_is_ever_crossed_at_any_id(todo: list[Action]) -> None:
    """Never crossed, also between the changes of one order."""
    book = OrderBook(100, lambda _: None)
    run(book, todo)
    for number in range(100, book.last_id + 1):
        past = book.at(number)
        assert past is not None
        bids, asks = sides(past)
        assert not bids or not asks or bids[0] < -asks[0]


@given(actions)
def test_lots_are_conserved(todo: list[Action]) -> None:
    """What was placed rests, was traded (both sides of it), was dropped or was cancelled."""
    fills: list[Fill] = []
    book = OrderBook(0, fills.append)
    sums = run(book, todo)
    traded = sum(fill.lots for fill in fills)
    resting = sum(order.lots for order in book.live)
    assert resting == sum(book.quantities.values())
    assert sums["placed"] == resting + 2 * traded + sums["dropped"] + sums["cancelled"]


@given(actions, st.integers(min_value=0), st.integers(min_value=0))
def test_changes_between_two_ids_turn_one_book_into_the_other(todo: list[Action], one: int, two: int) -> None:
    """Deltas rebuild the book: absolute quantities, 0 deletes, over any window of ids."""
    book = OrderBook(50, lambda _: None)
    run(book, todo)
    span = book.last_id - 50 + 1
    first, last = sorted((50 + one % span, 50 + two % span))
    earlier, later = book.at(first), book.at(last)
    assert earlier is not None
    for key, lots in book.history.changed(first, last).items():
        earlier[key] = lots
    assert {key: lots for key, lots in earlier.items() if lots} == later


@given(actions)
def test_every_change_of_a_level_is_one_id(todo: list[Action]) -> None:
    """Ids are consecutive and each changes exactly one level."""
    book = OrderBook(7, lambda _: None)
    run(book, todo)
    for number in range(8, book.last_id + 1):
        before, after = book.at(number - 1), book.at(number)
        assert before is not None
        assert after is not None
        assert len(before.items() ^ after.items()) in (1, 2)
        assert len({key for key, _ in before.items() ^ after.items()}) == 1


@given(actions)
def test_the_sorted_sides_are_the_book(todo: list[Action]) -> None:
    """Best prices and ranks come from lists that are kept in step."""
    book = OrderBook(0, lambda _: None)

    def check() -> None:
        bids, asks = sides(book.quantities)
        assert book.bids(1000) == bids
        assert book.asks(1000) == asks
        assert book.best_bid == (bids[0] if bids else None)
        assert book.best_ask == (-asks[0] if asks else None)
        assert book.ranked(bids=True)[::-1] == bids

    run(book, todo, check)


def test_better_prices_are_met_first_and_among_equals_the_older() -> None:
    """Price-time priority."""
    fills: list[Fill] = []
    book = OrderBook(0, fills.append)
    late_best = book.place(-101, 5, 0)
    worse = book.place(-102, 5, 0)
    second = book.place(-101, 5, 0)
    book.place(102, 12, 9)
    assert [(fill.maker, fill.price, fill.lots) for fill in fills] == [
        (late_best.number, 101, 5),
        (second.number, 101, 5),
        (worse.number, 102, 2),
    ]
    assert all(fill.taker_buys and fill.at_ns == 9 for fill in fills)
    assert book.quantities == {-102: 3}


def test_what_is_left_of_a_limit_order_rests_at_its_price() -> None:
    """A limit order that is not filled whole joins its own side."""
    book = OrderBook(0, lambda _: None)
    book.place(-100, 3, 0)
    order = book.place(100, 5, 0)
    assert book.quantities == {100: 2}
    assert (order.lots, order.buys, order.price) == (2, True, 100)


def test_cancelling_twice_changes_nothing() -> None:
    """An order that is not live any more is left alone."""
    book = OrderBook(0, lambda _: None)
    order = book.place(100, 5, 0)
    book.cancel(order, 1)
    last = book.last_id
    book.cancel(order, 2)
    assert book.last_id == last
    assert not book.quantities


@pytest.mark.parametrize("number", [-1, 8])
def test_an_unknown_id_has_no_book(number: int) -> None:
    """Ids before the first and after the last are not made up."""
    book = OrderBook(0, lambda _: None)
    book.place(100, 5, 0)
    assert book.at(number) is None


def test_orders_tell_their_side() -> None:
    """A signed price is enough."""
    assert not Order(1, -100, 1).buys
