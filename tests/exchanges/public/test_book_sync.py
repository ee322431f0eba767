"""Joining pushes to snapshots, and noticing gaps: the venues' own recipe, in every order of events."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.public.book_sync import BUFFER, REPEATS, SECOND_LOOK_NS, BookSync, Outcome
from feedtree.exchanges.public.channels import Book, Topic
from feedtree.exchanges.public.codec import RawBook, Seed
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot, BookState
from feedtree.exchanges.symbols import Symbol
from tests.examples import examples

TOPIC = Topic("test.spot", Symbol("BTC", "USDT"), Book())
Levels = list[tuple[float, float]]


def delta(first: int, last: int, bids: Levels | None = None, asks: Levels | None = None) -> BookDelta:
    return BookDelta(TOPIC, 5, 6, 10 * last, first, last, bids or [], asks or [])


def raw(sequence: int, bids: Levels | None = None, asks: Levels | None = None) -> RawBook:
    return RawBook(sequence, 5, bids or [(1.0, 1.0)], asks or [(2.0, 1.0)])


def whole(sequence: int, bids: Levels | None = None, asks: Levels | None = None) -> BookSnapshot:
    return BookSnapshot(TOPIC, 5, 6, 10 * sequence, sequence, bids or [(1.0, 1.0)], asks or [(2.0, 1.0)])


def rest() -> BookSync:
    sync = BookSync(Seed.REST, 100)
    sync.restart()
    return sync


def test_pushes_wait_for_the_snapshot_and_those_it_holds_are_dropped() -> None:
    """Buffered pushes that end at or before the snapshot go; the one that straddles it is applied whole."""
    sync = rest()
    assert sync.delta(delta(8, 9, [(9.0, 9.0)])) is Outcome.BUFFERED
    assert sync.delta(delta(10, 12, [(1.5, 4.0)])) is Outcome.BUFFERED
    assert sync.snapshot(raw(10), 99) is Outcome.LIVE
    assert sync.book.live
    assert sync.book.sequence == 12
    assert sync.book.bids.top() == ((1.5, 4.0), (1.0, 1.0))
    assert sync.book.changed_ns == 120
    assert sync.seed is Seed.REST


def test_a_snapshot_older_than_the_first_push_is_asked_for_again() -> None:
    """REST lags the socket: a snapshot that does not reach the first buffered push joins nothing."""
    sync = rest()
    sync.delta(delta(20, 21))
    assert sync.snapshot(raw(18), 99) is Outcome.AGAIN
    assert not sync.book.live
    assert sync.snapshot(raw(19), 99) is Outcome.LIVE
    assert sync.snapshot(raw(30), 99) is Outcome.DROPPED


def test_a_snapshot_ahead_of_every_push_is_joined_and_the_next_push_must_follow_it() -> None:
    """A snapshot at or after the newest push is live; a later push may straddle it once."""
    sync = rest()
    sync.delta(delta(8, 9))
    assert sync.snapshot(raw(12), 99) is Outcome.LIVE
    assert sync.delta(delta(10, 12)) is Outcome.DROPPED
    assert sync.delta(delta(12, 14)) is Outcome.APPLIED
    assert sync.delta(delta(14, 16)) is Outcome.GAP


def test_a_snapshot_that_no_push_vouches_for_is_believed_at_a_second_look() -> None:
    """A quiet book gives no evidence but another snapshot of the same id, a second later."""
    sync = rest()
    assert sync.second_look(0) == math.inf, "nothing waits"
    assert sync.snapshot(raw(5), 0) is Outcome.AGAIN
    assert sync.snapshot(raw(6), SECOND_LOOK_NS) is Outcome.AGAIN
    assert sync.second_look(SECOND_LOOK_NS + SECOND_LOOK_NS // 4) == 0.75
    assert sync.snapshot(raw(6), 2 * SECOND_LOOK_NS - 1) is Outcome.AGAIN
    assert sync.second_look(3 * SECOND_LOOK_NS) == 0.0
    assert sync.snapshot(raw(6), 2 * SECOND_LOOK_NS) is Outcome.LIVE
    assert sync.book.changed_ns == 2 * SECOND_LOOK_NS


def test_a_push_vouches_for_the_snapshot_that_waits() -> None:
    """The first push that joins a waiting snapshot makes the book live; one that does not discards it."""
    sync = rest()
    assert sync.snapshot(raw(5), 1) is Outcome.AGAIN
    assert sync.delta(delta(6, 6, [(1.1, 1.0)])) is Outcome.LIVE
    assert sync.book.sequence == 6
    late = rest()
    assert late.snapshot(raw(5), 1) is Outcome.AGAIN
    assert late.delta(delta(9, 9)) is Outcome.BUFFERED
    assert late.snapshot(raw(5), 1) is Outcome.AGAIN
    assert late.snapshot(raw(8), 1) is Outcome.LIVE


def test_a_missing_id_is_a_gap_and_the_push_that_showed_it_is_kept() -> None:
    """After a gap only this book resyncs, and the push after the gap joins the next snapshot."""
    sync = rest()
    sync.delta(delta(1, 1))
    sync.snapshot(raw(1), 0)
    assert sync.delta(delta(2, 3)) is Outcome.APPLIED
    assert sync.delta(delta(2, 3)) is Outcome.DROPPED
    assert sync.delta(delta(6, 7, [(1.2, 1.0)])) is Outcome.GAP
    assert sync.reason == "ids 4 to 5 are missing"
    assert sync.book.state is BookState.SYNCING
    assert sync.snapshot(raw(5), 0) is Outcome.LIVE
    assert sync.book.sequence == 7


def test_a_gap_among_buffered_pushes_is_found_when_they_are_joined() -> None:
    """Pushes after the hole are kept for the snapshot that follows."""
    sync = rest()
    for push in (delta(2, 2), delta(5, 5), delta(6, 6)):
        sync.delta(push)
    assert sync.snapshot(raw(1), 0) is Outcome.GAP
    assert sync.snapshot(raw(4), 0) is Outcome.LIVE
    assert sync.book.sequence == 6


def test_pushes_without_levels_still_advance_the_id() -> None:
    """An id-only push is a change of nothing that must not look like a gap."""
    sync = rest()
    sync.delta(delta(1, 1))
    sync.snapshot(raw(1), 0)
    assert sync.delta(delta(2, 8)) is Outcome.APPLIED
    assert sync.delta(delta(9, 9)) is Outcome.APPLIED


@pytest.mark.parametrize("bad", [[(float("nan"), 1.0)], [(1.0, -5.0)]])
def test_a_bad_level_and_a_crossed_book_are_gaps(bad: Levels) -> None:
    """A crossed or half-changed book is never presented as live."""
    sync = rest()
    sync.delta(delta(1, 1))
    sync.snapshot(raw(1), 0)
    assert sync.delta(delta(2, 2, bad)) is Outcome.GAP
    assert sync.snapshot(raw(3, bad), 0) is Outcome.AGAIN
    assert sync.snapshot(raw(3, bad), SECOND_LOOK_NS) is Outcome.GAP
    assert sync.snapshot(raw(3, [(2.0, 1.0)]), 0) is Outcome.AGAIN
    assert sync.snapshot(raw(3, [(2.0, 1.0)]), SECOND_LOOK_NS) is Outcome.GAP
    assert "crossed" in sync.reason
    sync.delta(delta(4, 4))
    assert sync.snapshot(raw(4), 0) is Outcome.LIVE
    assert sync.delta(delta(5, 5, [(2.5, 1.0)])) is Outcome.GAP
    assert sync.reason == "crossed at id 5"
    assert not sync.book.live


def test_a_bad_snapshot_joined_by_a_push_is_a_gap() -> None:
    """The push that vouches for a snapshot cannot make a crossed one live."""
    sync = rest()
    sync.snapshot(raw(5, [(3.0, 1.0)]), 0)
    assert sync.delta(delta(6, 6)) is Outcome.GAP


def test_a_socket_seeded_book_starts_with_the_whole_book_and_follows_strictly() -> None:
    """Gate.io obu: full first, then U == last u + 1; a full may come again at any time and replaces the book."""
    sync = BookSync(Seed.SOCKET, 400)
    assert sync.delta(delta(3, 4)) is Outcome.DROPPED
    assert sync.whole(whole(5)) is Outcome.LIVE
    assert sync.delta(delta(6, 7, [(1.1, 2.0)])) is Outcome.APPLIED
    assert sync.whole(whole(3)) is Outcome.DROPPED
    assert sync.whole(whole(9, [(0.9, 1.0)])) is Outcome.APPLIED
    assert sync.book.bids.top() == ((0.9, 1.0),)
    assert sync.delta(delta(9, 11)) is Outcome.GAP
    assert sync.delta(delta(12, 12)) is Outcome.DROPPED
    assert sync.whole(whole(20, [(5.0, 1.0)])) is Outcome.GAP
    assert sync.whole(whole(21)) is Outcome.LIVE


def test_losing_the_connection_makes_a_live_book_stale_and_a_restart_syncs_anew() -> None:
    """Levels of a lost book stay readable, but its state says what they are worth."""
    sync = BookSync(Seed.SOCKET, 400)
    sync.lose()
    assert sync.book.state is BookState.SYNCING
    sync.whole(whole(5))
    sync.lose()
    assert sync.book.state is BookState.STALE
    assert sync.book.bids.top() == ((1.0, 1.0),)
    sync.reseed(Seed.REST, 100)
    assert sync.book.state is BookState.SYNCING
    assert (sync.book.true_depth, sync.seed) == (100, Seed.REST)


def test_the_buffer_is_bounded_and_keeps_the_newest() -> None:
    """While no snapshot comes the oldest pushes go; a snapshot must then reach the first that is held."""
    sync = rest()
    for number in range(1, BUFFER + 11):
        sync.delta(delta(number, number))
    assert sync.snapshot(raw(5), 0) is Outcome.AGAIN
    assert sync.snapshot(raw(10), 0) is Outcome.LIVE
    assert sync.book.sequence == BUFFER + 10


@dataclass
class Market:
    """A reference book that makes pushes and snapshots of itself."""

    bids: dict[float, float]
    asks: dict[float, float]
    sequence: int = 100

    def change(self, side: int, price: int, size: int) -> tuple[Levels, Levels]:
        level = (50.0 - price, float(size)) if side == 0 else (51.0 + price, float(size))
        held = self.bids if side == 0 else self.asks
        if size:
            held[level[0]] = level[1]
        else:
            held.pop(level[0], None)
        self.sequence += 1
        return ([level], []) if side == 0 else ([], [level])

    def snapshot(self) -> RawBook:
        return RawBook(self.sequence, None, list(self.bids.items()), list(self.asks.items()))


class Interleaving:
    """A market, a book that follows it, and everything that can happen between the two."""

    def __init__(self) -> None:
        self.market = Market({50.0: 1.0}, {51.0: 1.0})
        self.sync = rest()
        self.history: dict[int, tuple[dict[float, float], dict[float, float]]] = {}
        self.pushes: list[BookDelta] = []
        self.fetched: list[RawBook] = []

    def _next(self, changes: list[tuple[int, int, int]]) -> BookDelta:
        market = self.market
        first = market.sequence + 1
        bids: Levels = []
        asks: Levels = []
        for change in changes:
            more_bids, more_asks = market.change(*change)
            bids += more_bids
            asks += more_asks
        if not changes:
            market.sequence += 1
        self.history[market.sequence] = (dict(market.bids), dict(market.asks))
        return BookDelta(TOPIC, None, None, market.sequence, first, market.sequence, bids, asks)

    def push(self, changes: list[tuple[int, int, int]]) -> None:
        self.pushes.append(self._next(changes))
        self.sync.delta(self.pushes[-1])

    def skip(self, changes: list[tuple[int, int, int]]) -> None:
        self._next(changes)

    def repeat(self, back: int) -> None:
        if self.pushes:
            self.sync.delta(self.pushes[-1 - back % len(self.pushes)])

    def fetch(self, _: int) -> None:
        self.fetched.append(self.market.snapshot())

    def deliver(self, which: int) -> None:
        if self.fetched:
            self.sync.snapshot(self.fetched[which % len(self.fetched)], 0)

    def check(self) -> None:
        book = self.sync.book
        if book.live and book.sequence in self.history:
            assert (dict(book.bids.top()), dict(book.asks.top())) == self.history[book.sequence]
            assert not book.crossed

    def settle(self) -> None:
        """A fresh snapshot and the pushes after it bring the book back, whatever happened."""
        for _ in range(4):
            self.sync.snapshot(self.market.snapshot(), 0)
            self.push([(0, 0, 2)])
            self.check()
        assert self.sync.book.live
        assert self.sync.book.sequence == self.market.sequence


CHANGE = st.tuples(st.integers(0, 1), st.integers(0, 6), st.integers(0, 3))
STEP = st.one_of(
    st.tuples(st.just("push"), st.lists(CHANGE, max_size=4)),
    st.tuples(st.just("skip"), st.lists(CHANGE, min_size=1, max_size=3)),
    st.tuples(st.just("repeat"), st.integers(0, 5)),
    st.tuples(st.just("fetch"), st.just(0)),
    st.tuples(st.just("deliver"), st.integers(0, 3)),
)


@examples(400)
@given(st.lists(STEP, max_size=60))
def test_any_interleaving_ends_in_the_reference_book_or_a_reported_gap(
    steps: list[tuple[str, object]],
) -> None:
    """Snapshots late and stale, repeats, holes: a book that says live equals the venue's at that id."""
    run = Interleaving()
    for what, argument in steps:
        getattr(run, what)(argument)
        run.check()
    run.settle()


def windowed(levels: int = 4) -> BookSync:
    """A book of the best four levels a side, as Gate.io's order_book_update gives it."""
    sync = BookSync(Seed.REST, levels, levels)
    sync.restart()
    return sync


LADDER = ([(40.0 - at, 1.0) for at in range(4)], [(41.0 + at, 1.0) for at in range(4)])


def test_a_straddled_window_is_trusted_only_as_deep_as_its_snapshot_showed() -> None:
    """A level that was outside the snapshot, and is inside again untouched, is told by nobody."""
    sync = windowed()
    sync.delta(delta(9, 12, [(39.5, 1.0)]))
    assert sync.snapshot(RawBook(10, None, *LADDER), 0) is Outcome.LIVE
    assert sync.book.true_depth == 4
    assert sync.delta(delta(13, 13, [(40.0, 0.0)])) is Outcome.APPLIED
    assert sync.book.true_depth == 3, "the fourth bid, if there is one, was never shown"
    assert sync.delta(delta(14, 14, [(39.5, 0.0)])) is Outcome.APPLIED
    assert sync.delta(delta(15, 15, [(39.0, 0.0)])) is Outcome.GAP
    assert sync.reason == "the market moved beyond what the snapshot showed"
    sync.delta(delta(16, 16))
    assert sync.snapshot(RawBook(15, None, *LADDER), 0) is Outcome.LIVE
    assert sync.delta(delta(17, 17, [(40.0, 0.0), (39.0, 0.0), (38.0, 0.0)])) is Outcome.APPLIED
    assert sync.book.true_depth == 4, "a snapshot that ends where a push ends is as good as the pushes"


def test_a_change_that_straddles_later_puts_the_edge_in_doubt_too() -> None:
    """The first push after a snapshot ahead of the buffer may straddle it."""
    sync = windowed()
    sync.delta(delta(8, 9))
    assert sync.snapshot(RawBook(12, None, *LADDER), 0) is Outcome.LIVE
    assert sync.delta(delta(12, 14, [(40.0, 0.0)])) is Outcome.APPLIED
    assert sync.book.true_depth == 3


def test_a_thin_book_has_no_edge_to_doubt() -> None:
    """A snapshot with fewer levels than the window shows all there is."""
    sync = windowed()
    sync.delta(delta(9, 12))
    assert sync.snapshot(RawBook(10, None, LADDER[0][:2], LADDER[1][:3]), 0) is Outcome.LIVE
    assert sync.delta(delta(13, 13, [(40.0, 0.0)])) is Outcome.APPLIED
    assert sync.book.true_depth == 4


def test_a_book_that_hears_only_what_it_holds_is_resynced() -> None:
    """A venue whose ids went back would leave the book standing still, and live."""
    sync = rest()
    sync.delta(delta(100, 100))
    sync.snapshot(raw(100), 0)
    for number in range(REPEATS):
        assert sync.delta(delta(number, number)) is Outcome.DROPPED
    assert sync.delta(delta(99, 99)) is Outcome.GAP
    assert sync.reason == "ids went back from 100 to 99"
    assert sync.snapshot(raw(99), 0) is Outcome.LIVE
    for _ in range(3):
        for _ in range(REPEATS):
            sync.delta(delta(90, 90))
        sync.delta(delta(sync.book.sequence + 1, sync.book.sequence + 1))
    assert sync.book.live, "repeats between changes are repeats"
