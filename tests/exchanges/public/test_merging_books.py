"""The books of two connections: each change is told once, by whoever brings it, and gaps of one of them are not."""

from math import inf

import pytest

from feedtree.exchanges.public.channels import Book
from feedtree.exchanges.public.codec import Seed
from feedtree.exchanges.public.merging import HOLD
from feedtree.exchanges.public.messages import BookSnapshot, StreamLost
from tests.exchanges.public.two_connections import Bench, both_live, delta, kinds, whole


def test_a_change_is_told_by_whoever_brings_it_first() -> None:
    """Once, and as it came where it follows."""
    bench = both_live()
    assert bench.two.take(delta(11, 12)) == [delta(11, 12)]
    assert bench.one.take(delta(11, 11)) == []
    assert bench.one.take(delta(12, 14, (1.0, 5.0))) == [delta(13, 14, (1.0, 5.0))]
    assert bench.two.take(delta(13, 14, (1.0, 5.0))) == []
    assert bench.record.book is bench.one.sync().book


def test_in_a_window_of_levels_a_change_that_straddles_is_told_as_the_difference() -> None:
    """A level that came into one window, and does not stand in the push, is told too."""
    bench = both_live(window=2)
    bench.one.take(delta(11, 11, (2.0, 1.0), (3.0, 1.0)))
    (told,) = bench.two.take(delta(11, 12, (3.0, 0.0), (2.0, 1.0), (1.0, 1.0)))
    assert told == delta(12, 12, (1.0, 1.0), (3.0, 0.0))


def test_a_book_that_is_ahead_waits_and_is_told_in_the_end() -> None:
    """At most 0.2 s; where the other connection fills in, nothing is left to tell."""
    bench = Bench(Book(), Seed.SOCKET)
    bench.one.take(whole(10))
    bench.two.take(whole(20))
    assert bench.two.take(delta(21, 21, (2.0, 1.0))) == []
    assert bench.two.slot.ahead.is_set()
    bench.now += HOLD / 2
    assert bench.two.intake.overdue(bench.now, 0) == []
    bench.now += HOLD
    assert bench.two.intake.overdue(bench.now, 0) == [delta(11, 21, (2.0, 1.0))]
    assert bench.two.intake.overdue(bench.now, 0) == []
    assert bench.one.take(delta(11, 20)) == []
    assert bench.one.take(delta(21, 22, (1.0, 0.0), (2.0, 1.0))) == [delta(22, 22, (1.0, 0.0), (2.0, 1.0))]


def test_what_waits_on_one_connection_is_told_also_when_the_other_one_looks() -> None:
    """That one has something to tell of another topic; it forgets nobody's."""
    bench = Bench(Book(), Seed.SOCKET)
    bench.one.take(whole(10))
    bench.two.take(whole(20), delta(21, 21, (2.0, 1.0)))
    bench.now += HOLD
    assert bench.one.intake.overdue(bench.now, 0) == [delta(11, 21, (2.0, 1.0))]
    assert bench.record.book is bench.two.sync().book
    assert bench.two.intake.overdue(bench.now, 0) == []


def test_each_book_waits_for_itself() -> None:
    """From its first change on; what a connection takes with it is waited for no more."""
    bench = Bench(Book(), Seed.SOCKET)
    bench.one.take(whole(10))
    merge = bench.shard.merge
    assert merge is not None
    assert merge.due == inf
    bench.two.take(whole(20), delta(21, 21))
    assert merge.due == bench.now + HOLD
    bench.now += HOLD / 2
    bench.two.take(delta(22, 22))
    assert merge.due == 1.0 + HOLD
    bench.two.end()
    assert merge.due == inf
    bench.two.begin()
    bench.two.take(whole(30), delta(31, 31))
    assert merge.due == bench.now + HOLD


def test_what_was_filled_in_or_lost_meanwhile_waits_no_more() -> None:
    """A gap of the one that was ahead ends its waiting, too."""
    bench = Bench(Book(), Seed.SOCKET)
    bench.one.take(whole(10))
    bench.two.take(whole(20), delta(21, 21))
    bench.one.take(delta(11, 21))
    bench.now += HOLD
    assert bench.two.intake.overdue(bench.now, 0) == []
    bench.two.take(delta(23, 23))
    bench.two.take(whole(30), delta(31, 31), delta(33, 33))
    bench.now += HOLD
    assert bench.two.intake.overdue(bench.now, 0) == []
    shard = bench.shard
    shard.merge = None
    assert bench.two.intake.overdue(bench.now, 0) == []


def test_a_gap_is_told_to_nobody_while_the_other_connection_is_in_step() -> None:
    """Also where that one is behind: what was told stays shown, and is live, until it has caught up."""
    bench = both_live()
    bench.one.take(delta(11, 12, (1.0, 5.0)))
    shown = bench.record.book
    assert bench.one.take(delta(20, 20)) == []
    assert bench.record.book is shown
    assert shown is not None
    assert (shown.live, shown.sequence, bench.shard.gaps) == (True, 12, 1)
    assert bench.two.take(delta(11, 11)) == []
    assert bench.two.take(delta(12, 13, (1.0, 5.0))) == [delta(13, 13, (1.0, 5.0))]
    assert bench.record.book is bench.two.sync().book
    assert bench.one.take(whole(13, (1.0, 5.0))) == []
    assert bench.one.take(delta(14, 14)) == [delta(14, 14)]


def test_where_the_other_connection_is_ahead_the_difference_is_told_at_once() -> None:
    """It had its whole book later than the one that has ended."""
    bench = Bench(Book(), Seed.SOCKET)
    bench.one.take(whole(10))
    bench.two.take(whole(20, (2.0, 3.0)))
    assert bench.one.end() == [delta(11, 20, (2.0, 3.0), (1.0, 0.0))]
    assert bench.shard.slots["a"].state == "down"


@pytest.mark.parametrize("level", [(-1.0, 1.0), (9.5, 1.0)], ids=["bad", "crossed"])
def test_a_book_that_is_spoilt_is_replaced_whole(level: tuple[float, float]) -> None:
    """More was changed in it than was told: the other one's book is told, no sooner than it has caught up."""
    bench = both_live()
    bench.one.take(delta(11, 12))
    assert bench.one.take(delta(13, 13, (3.0, 1.0), level)) == []
    assert bench.record.book is not None
    assert not bench.record.book.live
    assert bench.two.take(delta(11, 11)) == []
    (told,) = bench.two.take(delta(12, 13, (4.0, 1.0)))
    assert isinstance(told, BookSnapshot)
    assert (told.sequence, told.bids) == (13, [(4.0, 1.0), (1.0, 1.0)])
    assert bench.two.take(delta(14, 14)) == [delta(14, 14)]


def test_whole_books_are_told_where_they_are_newer() -> None:
    """Each push is one (MEXC limit depth), or one comes amid changes."""
    bench = Bench(Book(), Seed.WHOLE)
    bench.one.take(whole(10))
    assert bench.two.take(whole(10)) == []
    assert bench.two.take(whole(11)) == [whole(11)]
    assert bench.one.take(whole(11)) == []
    assert bench.one.take(whole(13)) == [whole(13)]
    assert bench.two.take(whole(12)) == []
    assert bench.one.take(whole(14, (10.0, 1.0))) == [], "crossed: the other one goes on"
    assert bench.two.take(whole(13)) == []
    assert bench.two.take(whole(14)) == [whole(14)]


def test_where_both_are_out_of_step_it_is_told() -> None:
    """Once; and what is shown is stale."""
    bench = both_live()
    bench.one.take(delta(11, 12))
    bench.one.take(delta(20, 20))
    (lost,) = bench.two.take(delta(30, 30))
    assert isinstance(lost, StreamLost)
    assert bench.record.book is not None
    assert not bench.record.book.live
    assert kinds(bench.two.take(whole(31), delta(32, 32))) == ["BookResynced", "BookSnapshot", "BookDelta"]
    assert bench.one.take(whole(32)) == []
