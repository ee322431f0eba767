"""Books: what a side holds, and what it refuses."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.public.book import BadLevel, BookSide, OrderBook
from feedtree.exchanges.public.channels import Book, Topic
from feedtree.exchanges.public.messages import BookDelta, BookState
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

PRICES = st.integers(1, 40).map(float)
SIZES = st.integers(0, 5).map(float)
LEVELS = st.lists(st.tuples(PRICES, SIZES), max_size=30)


@given(st.lists(LEVELS, max_size=8), st.sampled_from([1.0, -1.0]))
def test_a_side_equals_a_plain_dict_sorted_best_first(
    changes: list[list[tuple[float, float]]], sign: float
) -> None:
    """Any sequence of absolute changes leaves the levels that a dict would hold, best first."""
    side = BookSide(sign)
    plain: dict[float, float] = {}
    for levels in changes:
        side.apply(levels)
        for price, size in levels:
            if size:
                plain[price] = size
            else:
                plain.pop(price, None)
    expected = tuple(sorted(plain.items(), reverse=sign > 0))
    assert side.top() == expected
    assert side.top(3) == expected[:3]
    assert len(side) == len(plain)


@given(LEVELS, PRICES, st.sampled_from([1.0, -1.0]))
def test_volume_to_a_price_sums_the_levels_at_least_as_good(
    levels: list[tuple[float, float]], price: float, sign: float
) -> None:
    """`volume_to` is inclusive and counts every level from the best to the price."""
    side = BookSide(sign)
    side.load(levels)
    expected = sum(size for held, size in side.top() if sign * held >= sign * price)
    assert side.volume_to(price) == pytest.approx(expected)


@pytest.mark.parametrize(
    "level",
    [
        (0.0, 1.0),
        (-1.0, 1.0),
        (math.nan, 1.0),
        (math.inf, 1.0),
        (1.0, -1.0),
        (1.0, math.nan),
        (1.0, math.inf),
    ],
)
def test_a_level_that_is_no_level_is_refused_on_load_and_on_apply(level: tuple[float, float]) -> None:
    """Msgspec lets "NaN", "inf" and "-5" through, so each level is checked when it is applied."""
    side = BookSide(1.0)
    side.load([(1.0, 1.0)])
    with pytest.raises(BadLevel, match="price"):
        side.load([level])
    assert side.top() == ((1.0, 1.0),)
    with pytest.raises(BadLevel):
        side.apply([level])


def test_levels_outside_the_window_are_dropped() -> None:
    """The venue tells of the best levels only: one that fell out would stand there for ever."""
    for sign, prices in ((1.0, (5.0, 4.0, 3.0)), (-1.0, (1.0, 2.0, 3.0))):
        side = BookSide(sign, window=2)
        best, second, third = prices
        side.load([(second, 1.0), (third, 1.0)])
        side.apply([(best, 1.0)])
        assert side.top() == ((best, 1.0), (second, 1.0))
        side.apply([(best, 0.0)])
        assert side.top() == ((second, 1.0),)


def test_a_snapshot_leaves_levels_of_size_zero_out() -> None:
    """A level of size 0 in a whole book is no level."""
    side = BookSide(-1.0)
    side.load([(2.0, 0.0), (1.0, 3.0)])
    assert side.top() == ((1.0, 3.0),)


def change(sequence: int, bids: list[tuple[float, float]], asks: list[tuple[float, float]]) -> BookDelta:
    return BookDelta(Topic("v", Symbol("A", "B"), Book()), 1, 2, 3, sequence, sequence, bids, asks)


def test_a_crossed_book_is_seen() -> None:
    """A best bid at or over the best ask is wrong; a one-sided or empty book is not crossed."""
    book = OrderBook(10)
    assert not book.crossed
    book.load(1, [(1.0, 1.0)], [])
    assert not book.crossed
    book.apply(change(2, [], [(2.0, 1.0)]))
    assert not book.crossed
    book.apply(change(3, [(2.0, 1.0)], []))
    assert book.crossed
    book.apply(change(4, [(2.0, 0.0)], [(1.0, 1.0)]))
    assert book.crossed


def test_a_view_is_immutable_and_says_what_it_is() -> None:
    """A view keeps its levels whatever the book does later; it carries state, sequence, age and depth."""
    book = OrderBook(400)
    book.load(7, [(1.0, 1.0), (0.5, 2.0)], [(2.0, 3.0)])
    book.state = BookState.LIVE
    book.changed_ns = 1_000_000_000
    view = book.view(1, 3_500_000_000)
    book.apply(change(8, [(1.0, 0.0)], [(2.0, 0.0)]))
    assert (view.bids, view.asks) == (((1.0, 1.0),), ((2.0, 3.0),))
    assert (view.best_bid, view.best_bid_size, view.best_ask, view.best_ask_size) == (1.0, 1.0, 2.0, 3.0)
    assert view.live
    assert view.age == 2.5
    assert (view.sequence, view.true_depth) == (7, 400)
    empty = OrderBook(1).view(None, 0)
    assert (empty.best_bid, empty.best_bid_size, empty.best_ask, empty.best_ask_size) == (None,) * 4
    assert not empty.live


def test_volume_to_a_price_looks_at_the_takers_opposite_side() -> None:
    """A buyer takes asks, a seller bids."""
    book = OrderBook(10)
    book.load(1, [(3.0, 1.0), (2.0, 4.0)], [(4.0, 2.0), (5.0, 8.0)])
    assert book.volume_to(Side.BUY, 4.5) == 2.0
    assert book.volume_to(Side.SELL, 2.0) == 5.0
    view = book.view(None, 0)
    assert view.volume_to(Side.BUY, 4.5) == 2.0
    assert view.volume_to(Side.SELL, 2.0) == 5.0
    assert not book.live
