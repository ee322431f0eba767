"""Trades that two connections bring are told once, whether the venue gives them ids or not."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.public.channels import Topic, Trades
from feedtree.exchanges.public.messages import Trade
from feedtree.exchanges.public.told_trades import MOST, REMEMBERED, ToldTrades
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from tests.examples import examples

TOPIC = Topic("v", Symbol("BTC", "USDT"), Trades())


def trade(id_: str, venue_ns: int | None = 5, price: float = 1.0) -> Trade:
    return Trade(TOPIC, venue_ns, None, 1, id_, Side.BUY, price, 1.0)


def test_a_trade_with_an_id_is_told_once() -> None:
    """Whoever brings it first, and however often."""
    told = ToldTrades()
    news = [
        told.news(trade("7"), slot, generation, 0.0) for slot, generation in [("a", 1), ("b", 2), ("b", 3)]
    ]
    assert news == [True, False, False]
    assert told.news(trade("8"), "b", 3, 0.0)


def test_trades_that_cannot_be_told_apart_are_told_as_often_as_one_connection_brought_them() -> None:
    """Three equal ones in pushes that begin and end elsewhere; their made-up ids differ by that."""
    told = ToldTrades()
    first = [told.news(trade(f"~{n}"), "a", 1, 0.0) for n in range(2)]
    second = [told.news(trade(f"~{n}"), "b", 2, 0.0) for n in (0, 0, 1)]
    assert (first, second) == ([True, True], [False, False, True])
    assert not told.news(trade("~0"), "a", 1, 0.0), "the third, late on the other connection"
    assert told.news(trade("~0", price=2.0), "a", 1, 0.0)


def test_a_connection_that_begins_anew_tells_nothing_again() -> None:
    """Its first push may reach back to what was told by the one before."""
    told = ToldTrades()
    for generation, slot in ((1, "a"), (2, "b")):
        told.news(trade("~0"), slot, generation, 0.0)
    assert not told.news(trade("~0"), "b", 3, 0.1)


def test_what_is_too_old_to_be_remembered_is_not_told_again() -> None:
    """A connection that is far behind brings what was told long ago; what is newer than all that is told."""
    told = ToldTrades()
    assert told.news(trade("1", 100), "a", 1, 0.0)
    assert told.news(trade("2", 200), "a", 1, REMEMBERED)
    assert not told.news(trade("0", 99), "b", 2, REMEMBERED)
    assert not told.news(trade("1", 100), "b", 2, REMEMBERED)
    assert told.news(trade("3", 99), "a", 1, REMEMBERED), "its own connection brings each once"
    assert told.news(trade("4", 150), "b", 2, REMEMBERED), "the other one has missed it"
    assert not told.news(trade("2", 200), "b", 2, REMEMBERED)


def test_no_more_than_so_many_are_remembered() -> None:
    """The oldest are forgotten, and not told again."""
    told = ToldTrades()
    assert all(told.news(trade(str(number), number), "a", 1, 0.0) for number in range(1, MOST + 3))
    assert not any(told.news(trade(str(number), number), "b", 2, 0.0) for number in range(1, MOST + 3))


def test_a_trade_without_a_time_is_judged_by_its_id_alone() -> None:
    """Nothing is older than what has no time."""
    told = ToldTrades()
    assert told.news(trade("1", None), "a", 1, 0.0)
    assert not told.news(trade("1", None), "b", 2, 0.0)


@pytest.mark.parametrize("made_up", [True, False])
@examples(100, deadline=None)
@given(number=st.integers(0, 2**32))
def test_all_are_told_where_one_connection_brings_all(made_up: bool, number: int) -> None:
    """Two connections, one with losses, interleaved anyhow: what is told is what happened."""
    rng = Random(number)
    happened = [trade(str(n), 1000 + n // 5, float(rng.randint(1, 2))) for n in range(60)]
    brought = {"a": list(happened), "b": [each for each in happened if rng.random() < 0.8]}
    told = ToldTrades()
    got = []
    while any(brought.values()):
        slot = rng.choice([name for name, left in brought.items() if left])
        each = brought[slot].pop(0)
        if made_up:
            each = trade(f"~{rng.random()}", each.venue_ns, each.price)
        if told.news(each, slot, ord(slot), 0.0):
            got.append(each)
    if made_up:
        assert Counter((each.venue_ns, each.price) for each in got) == Counter(
            (each.venue_ns, each.price) for each in happened
        )
    else:
        assert sorted(int(each.id) for each in got) == list(range(60))
