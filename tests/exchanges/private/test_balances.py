"""Balances by pushes and by REST, and what explains their movements."""

from decimal import Decimal
from typing import Any

import pytest

from feedtree.exchanges.private.balances import REST_LAG, BalanceChange, Balances, Row
from feedtree.exchanges.private.messages import Balance
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from tests.fills import raw_fill

D = Decimal


def balance(available: int | str, locked: int = 0, currency: str = "USDT") -> Balance:
    return Balance(currency, D(available), D(locked))


def push(available: int, at: int, change: int | None = None, locked: int = 0) -> BalanceChange:
    return BalanceChange(
        balance=balance(available, locked),
        reason="",
        venue_ns=at,
        available=None if change is None else D(change),
        locked=None if change is None else D(0),
    )


def bought(quantity: int, price: int, at: int, **changes: Any) -> RawFill:
    given = {"trade_id": str(at), "price": D(price), "quantity": D(quantity), "venue_ns": at}
    return raw_fill(**{**given, **changes})


@pytest.fixture
def known() -> Balances:
    """A thousand USDT, by REST."""
    balances = Balances()
    balances.apply(balance(1000), 0)
    balances.stated()
    return balances


def test_the_newest_push_holds(known: Balances) -> None:
    """By the venue's time, whatever the order of arrival."""
    assert known.push(push(900, at=20), 1.0) == (True, False)
    assert known.push(push(950, at=10), 1.0) == (False, False)
    assert known.push(push(900, at=20), 1.0) == (False, False)
    assert known.all() == {"USDT": balance(900)}


def test_a_push_that_does_not_follow_shows_one_that_was_missed(known: Balances) -> None:
    """By the change that it tells of."""
    assert known.push(push(990, at=1, change=-10), 1.0) == (True, False)
    assert known.push(push(970, at=2, change=-10), 1.0) == (True, True)
    locked = BalanceChange(balance=balance(960, 5), reason="", venue_ns=3, available=D(-10), locked=D(10))
    assert known.push(locked, 1.0) == (True, True)


def test_before_rest_has_told_nothing_is_missed() -> None:
    """The first push of an asset begins."""
    balances = Balances()
    assert balances.push(push(5, at=1, change=5), 1.0) == (True, False)
    assert balances.push(push(9, at=2, change=1), 1.0) == (True, False)


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (1, 0, 1)])
def test_pushes_of_one_millisecond_are_put_in_order(known: Balances, order: tuple[int, ...]) -> None:
    """By the changes that they tell."""
    pushes = [push(990, at=5, change=-10), push(970, at=5, change=-20)]
    for index in order:
        known.push(pushes[index], 1.0)
    assert known.all() == {"USDT": balance(970)}


def test_there_and_back_within_a_millisecond(known: Balances) -> None:
    """What follows is taken for what follows, though it would fit before, too."""
    known.push(push(990, at=5, change=-10), 1.0)
    assert known.push(push(1000, at=5, change=10), 1.0) == (True, False)
    assert known.all() == {"USDT": balance(1000)}


def test_pushes_without_changes_of_one_millisecond_hold_as_they_come(known: Balances) -> None:
    """Nothing tells which is the later."""
    known.push(push(990, at=5), 1.0)
    known.push(push(980, at=5), 1.0)
    assert known.all() == {"USDT": balance(980)}


@pytest.mark.parametrize(
    ("pushed_at", "row", "expected"),
    [
        (None, 1000, Row.EQUAL),
        (None, 900, Row.NEWER),
        (10.0 - REST_LAG - 0.1, 900, Row.NEWER),
        (10.0 - 0.5, 900, Row.UNDECIDED),
        (10.0, 900, Row.OLDER),
    ],
)
def test_a_row_counts_by_when_the_last_push_came(
    known: Balances, pushed_at: float | None, row: int, expected: Row
) -> None:
    """REST may be behind, and is not believed over a push that is nearly as new."""
    if pushed_at is not None:
        known.push(push(1000, at=1), pushed_at)
    assert known.judge(balance(row), 10.0) is expected


def test_an_asset_that_nobody_told_of_is_zero(known: Balances) -> None:
    """In a row, and by its absence from all rows."""
    assert known.judge(balance(0, currency="BTC"), 1.0) is Row.EQUAL
    assert known.judge(balance(1, currency="BTC"), 1.0) is Row.NEWER
    assert known.rows([balance(1, currency="BTC")]) == [balance(1, currency="BTC"), balance(0)]
    assert not Balances().unexplained(balance(5))


def test_fills_explain_movements(known: Balances) -> None:
    """The newest of any number: pushes have told of the older ones; fees count."""
    known.fill(bought(1, 100, at=1))
    known.fill(bought(1, 50, at=3, fee=D(1), fee_currency="USDT"))
    assert known.unexplained(balance(1000)) == 0
    assert known.unexplained(balance(949)) == 0
    assert known.unexplained(balance(849)) == 0
    assert known.unexplained(balance(900)) == -100  # the older one alone
    known.fill(bought(1, 30, at=2, side=Side.SELL))  # became known late
    assert known.unexplained(balance(979)) == 0  # the newest two by time
    assert known.unexplained(balance(1030)) == 0  # the newest one as they came
    assert known.unexplained(balance(5)) == -995


ETH = Symbol("ETH", "USDT")
S = 10**9


def test_within_a_second_fills_of_two_symbols_are_in_no_order(known: Balances) -> None:
    """REST rounds their times, and tells them symbol by symbol; those of one symbol are in order all the same."""
    known.fill(bought(1, 7, at=S - 1))
    known.fill(bought(1, 10, at=S))
    known.fill(bought(1, 20, at=S + 5))
    known.fill(bought(1, 400, at=S, symbol=ETH))
    known.fill(bought(1, 1, at=2 * S))
    assert known.unexplained(balance(1000 - 1 - 20)) == 0  # of BTC the newer one, of ETH none
    assert known.unexplained(balance(1000 - 1 - 400)) == 0
    assert known.unexplained(balance(1000 - 1 - 430)) == 0
    assert known.unexplained(balance(1000 - 1 - 430 - 7)) == 0
    assert known.unexplained(balance(1000 - 1 - 10)) == -11  # of BTC the older one alone
    assert known.unexplained(balance(1000 - 20)) == -20  # without the newest of all


def test_a_second_with_too_many_fills_is_taken_as_a_whole(known: Balances) -> None:
    """What could be tried grows with the product of the numbers of fills of each symbol."""
    for _ in range(70):
        known.fill(bought(1, 1, at=S))
        known.fill(bought(1, 2, at=S, symbol=ETH))
    known.fill(bought(1, 1000, at=2 * S))
    assert known.unexplained(balance(1000 - 1000 - 210)) == 0
    assert known.unexplained(balance(1000 - 1000 - 70)) == -1070
    assert known.unexplained(balance(1000 - 1000)) == 0


def test_fees_in_a_third_asset_move_that_one(known: Balances) -> None:
    """GT, for example."""
    known.apply(balance(10, currency="GT"), 0)
    known.fill(bought(1, 100, at=1, fee=D(2), fee_currency="GT"))
    assert known.unexplained(balance(8, currency="GT")) == 0
    known.fill(bought(1, 100, at=1, fee=D(2), fee_currency=None))
    assert known.unexplained(balance(8, currency="GT")) == 0


def test_what_rest_has_told_of_explains_no_more(known: Balances) -> None:
    """Only fills that are newer than the row may still be missing in it."""
    known.fill(bought(1, 100, at=1))
    known.apply(balance(900), as_of_ns=2)
    assert known.unexplained(balance(800)) == -100
    known.fill(bought(1, 100, at=3))
    known.confirm("USDT", as_of_ns=3)
    assert known.unexplained(balance(800)) == 0
    known.confirm("XRP", as_of_ns=3)


def test_older_pushes_say_nothing_after_a_row(known: Balances) -> None:
    """They may come very late."""
    known.apply(balance(900), as_of_ns=10)
    assert known.push(push(1000, at=9), 1.0) == (False, False)
    assert known.all() == {"USDT": balance(900)}


def test_a_question_stays_until_fills_answer_it(known: Balances) -> None:
    """Or somebody acknowledges it."""
    known.ask_why("USDT", D(-150), 7)
    known.fill(bought(1, 100, at=1))
    assert known.questions["USDT"].moved == -50
    known.ask_why("USDT", D(-10), 5)
    assert (known.questions["USDT"].moved, known.questions["USDT"].since_ns) == (-60, 5)
    known.fill(bought(1, 60, at=2))
    assert not known.questions
    known.ask_why("USDT", D(5), 7)
    known.acknowledge()
    assert not known.questions


def test_a_row_that_lacks_known_fills_is_behind(known: Balances) -> None:
    """For as long as REST may be: then it is that total that moved, and nothing explains it."""
    second = 1_000_000_000
    for at in (5, 5):
        known.fill(bought(1, 10, at * second))
    spent, before = balance(980), balance(1000)
    assert not known.behind(spent, 0), "what fills took is no step back"
    known.apply(spent, 4 * second)
    assert known.behind(before, 4 * second)
    assert known.behind(balance(990), 4 * second), "one of them alone may be missing"
    assert not known.behind(balance(995), 4 * second)
    assert not known.behind(spent, 4 * second)
    assert known.behind(before, 5 * second), "times may be whole seconds"
    assert not known.behind(before, 6 * second)
    assert not known.behind(balance(1, currency="XYZ"), 4 * second)
