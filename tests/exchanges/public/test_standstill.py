"""A book that stands still while its own trades go on is found; one that is quiet is left alone."""

from random import Random

import pytest

from feedtree.exchanges.public.book_sync import BookSync
from feedtree.exchanges.public.channels import Book, Topic, Trades
from feedtree.exchanges.public.codec import Seed
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot, Trade
from feedtree.exchanges.public.standstill import ENOUGH, HEAL_WITHIN, LOOK_EVERY, Standstill
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

BTC = Symbol("BTC", "USDT")
BOOK, TRADES = Topic("v", BTC, Book()), Topic("v", BTC, Trades())


class Bench:
    def __init__(self, seed: Seed = Seed.SOCKET) -> None:
        self.now = 0.0
        self.sync = BookSync(seed, 10)
        self.trades: dict[Topic, Trade] = {}
        self.standstill = Standstill(self.now)
        self.live()

    def live(self) -> None:
        self.sync.whole(BookSnapshot(BOOK, None, None, 1, 10, [(1.0, 1.0)], [(2.0, 1.0)]))

    def change(self) -> None:
        following = self.sync.book.sequence + 1
        self.sync.delta(BookDelta(BOOK, None, None, 1, following, following, [], []))

    def trade(self, price: float) -> None:
        self.trades[TRADES] = Trade(TRADES, None, None, 1, "1", Side.BUY, price, 1.0)

    def look(
        self, *, change: bool = False, trade: bool = False, after: float = LOOK_EVERY, price: float = 1.0
    ) -> bool:
        """Let time pass, with a change or a trade in it, and look; return whether the book is found to stand still."""
        self.now += after
        if change:
            self.change()
        if trade:
            self.trade(price)
        return self.standstill.look([(BOOK, self.sync)], self.trades, self.now) == [BOOK]

    def busy(self, looks: int = ENOUGH + 1, every: int = 1) -> None:
        """Let the book change in every n-th look, with trades beside it."""
        for number in range(looks):
            assert not self.look(change=number % every == 0, trade=True)


def found_after(bench: Bench, looks: int = 1000, every: int = 1) -> float | None:
    """Return the seconds of trades without a change after which the book is found; None where it is not."""
    began = bench.now
    for number in range(looks):
        if bench.look(trade=number % every == 0):
            return bench.now - began
    return None


def test_a_busy_book_that_stands_still_while_trades_go_on_is_found_in_under_two_seconds() -> None:
    """Once; what follows is its healing."""
    bench = Bench()
    bench.busy()
    assert found_after(bench) == 1.5
    assert not bench.look(trade=True)


def test_a_book_without_trades_is_quiet() -> None:
    """Silence alone proves nothing; nor do trades of another symbol."""
    bench = Bench()
    bench.busy()
    other = Topic("v", Symbol("ETH", "USDT"), Trades())
    for _ in range(1000):
        bench.trades[other] = Trade(other, None, None, 1, "1", Side.BUY, 1.0, 1.0)
        assert not bench.look()
    bench.trades.clear()
    assert not bench.look()


def test_one_trade_without_a_change_proves_nothing() -> None:
    """It may have been made up for within the window of a push."""
    bench = Bench()
    bench.busy()
    assert not bench.look(trade=True)
    assert not any(bench.look() for _ in range(100))


@pytest.mark.parametrize(
    ("price", "found"), [(0.5, 1.5), (1.0, 1.5), (1.01, 5.5), (1.99, 5.5), (2.0, 1.5), (2.5, 1.5)]
)
def test_trades_between_the_best_prices_prove_less(price: float, found: float) -> None:
    """They may have taken nothing that the book shows: one that changes in two of three looks is given time."""
    bench = Bench()
    for number in range(400):
        bench.look(change=number % 3 != 0, trade=True)
    bench.look(change=True)
    began = bench.now
    while not bench.look(trade=True, price=price):
        assert bench.now < began + 60.0
    assert bench.now - began == found


def test_trades_between_the_best_prices_of_a_busy_book_are_enough() -> None:
    """It changes in every look."""
    bench = Bench()
    bench.busy(200)
    assert [bench.look(trade=True, price=1.5) for _ in range(3)] == [False, False, True]


def test_a_slow_book_beside_trades_with_oneself_is_left_alone() -> None:
    """An hour of them, one in two looks, while the book changes in three of five: it is asked for anew once at most."""
    chance, bench = Random(3), Bench()
    looks = (
        bench.look(change=chance.random() < 0.6, trade=chance.random() < 0.5, price=1.5) for _ in range(7_200)
    )
    assert sum(looks) <= 1


def test_a_book_of_one_side_has_no_prices_between() -> None:
    """Any trade takes from it."""
    bench = Bench()
    for number in range(400):
        bench.look(change=number % 3 != 0, trade=True)
    bench.sync.whole(BookSnapshot(BOOK, None, None, 1, 1_000, [], [(2.0, 1.0)]))
    bench.look(trade=True)
    assert found_after(bench) == 1.5


def test_a_book_that_changes_seldom_is_given_ten_times_its_interval() -> None:
    """Every fourth look is every two seconds: twenty of them."""
    bench = Bench()
    bench.busy(400, every=4)
    found = found_after(bench)
    assert found is not None
    assert 15.0 < found < 30.0


def test_a_book_that_hardly_ever_changes_is_not_judged() -> None:
    """Somebody trades with himself, within the window of each push."""
    bench = Bench()
    bench.busy(400, every=100)
    assert found_after(bench) is None


def test_nothing_is_known_of_a_book_that_was_not_looked_at_long_enough() -> None:
    """The first ten seconds of a connection."""
    bench = Bench()
    bench.busy(5)
    found = found_after(bench)
    assert found is not None
    assert found > (ENOUGH - 6) * LOOK_EVERY


def test_a_look_that_we_held_up_ourselves_proves_nothing() -> None:
    """The app blocked the loop: what came meanwhile is read after the look."""
    bench = Bench()
    bench.busy()
    assert not bench.look(trade=True)
    assert not bench.look(trade=True)
    assert not bench.look(trade=True, after=3.0)
    assert not bench.look(trade=True)


@pytest.mark.parametrize("hears", [False, True])
def test_a_book_that_does_not_come_back_is_hopeless(hears: bool) -> None:
    """Though it was asked for anew, and its trades go on; unless pushes come, and only their snapshot is missing."""
    bench = Bench(Seed.REST)
    bench.sync = BookSync(Seed.SOCKET, 10)
    bench.live()
    bench.busy()
    assert found_after(bench) == 1.5
    bench.sync.reseed(Seed.REST, 10)
    if hears:
        bench.change()
    assert bench.sync.hears is hears
    for _ in range(int(HEAL_WITHIN / LOOK_EVERY) - 1):
        assert not bench.look(trade=True)
        assert bench.standstill.hopeless is None
    assert not bench.look()
    assert bench.standstill.hopeless is None, "no trade, no proof"
    assert not bench.look(trade=True)
    assert bench.standstill.hopeless == (None if hears else BOOK)


@pytest.mark.parametrize("alone", [True, False], ids=["the book", "its trades, too"])
def test_nothing_is_expected_of_a_book_that_was_given_up(alone: bool) -> None:
    """Wanted again much later it begins anew: it is not overdue since it was asked for anew back then."""
    bench = Bench()
    bench.busy()
    assert found_after(bench) == 1.5
    trades = bench.trades if alone else {}
    for _ in range(20):
        bench.now += LOOK_EVERY
        assert bench.standstill.look([], trades, bench.now) == []
    bench.sync = BookSync(Seed.REST, 10)
    bench.look(trade=True)
    bench.look(trade=True)
    assert bench.standstill.hopeless is None


def test_a_book_that_came_back_is_watched_as_before() -> None:
    """Its pace is still known."""
    bench = Bench()
    bench.busy()
    assert found_after(bench) == 1.5
    bench.sync.restart()
    bench.look(trade=True)
    bench.live()
    bench.busy(3)
    assert found_after(bench) == 1.5
    assert bench.standstill.hopeless is None
