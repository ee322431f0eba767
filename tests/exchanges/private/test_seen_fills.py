"""Which fills are new, whatever words they are told in."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from feedtree.exchanges.private import fills
from feedtree.exchanges.private.fills import OVERLAP_NS, BadCursor, SeenFills
from feedtree.exchanges.private.messages import Role
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.side import Side
from tests.fills import raw_fill

S = 1_000_000_000
T0 = 1_790_000_000 * S


def fill(trade_id: str = "1", at: float = 0.0, **changes: Any) -> RawFill:
    given = {"order_id": "7", "price": Decimal("10.50"), "role": Role.MAKER, "venue_ns": T0 + int(at * S)}
    return raw_fill(**{"trade_id": trade_id, **given, **changes})


def test_an_id_comes_once() -> None:
    """Whatever else a repetition says."""
    seen = SeenFills()
    assert seen.add(fill("1"))
    assert not seen.add(fill("1"))
    assert not seen.add(fill("1", at=3.0, price=Decimal(11)))
    assert seen.add(fill("2"))  # alike in all but its id, and therefore another one


def test_both_sides_of_a_self_trade_are_fills() -> None:
    """They have one trade id; each is of its own order."""
    seen = SeenFills()
    assert seen.add(fill("1", order_id="7"))
    assert seen.add(fill("1", order_id="8", side=Side.SELL))


@pytest.mark.parametrize(
    "foreign", ["0123456789abcdef0123456789abcdef", "505979017439002624", "AB-7"], ids=["hex", "bare", "odd"]
)
def test_ids_of_two_kinds_are_matched_one_to_one(foreign: str) -> None:
    """Order, price, quantity and role agree, times up to a rounding: each row stands for one push."""
    seen = SeenFills()
    assert seen.add(fill("505979017439002624X1", at=0.7))
    assert not seen.add(fill(foreign, at=0.0, price=Decimal("10.5")))
    assert not seen.add(fill(foreign, at=0.0))
    assert seen.add(
        fill(foreign + "f" if foreign == "AB-7" else foreign[::-1], at=0.0)
    )  # a second, missed one
    assert not seen.add(fill("9X1", at=0.9))  # whose push comes late


@pytest.mark.parametrize(
    "change",
    [
        {"role": Role.TAKER},
        {"price": Decimal(11)},
        {"quantity": Decimal(2)},
        {"order_id": "8"},
        {"venue_ns": T0 + 3 * S},
    ],
    ids=["role", "price", "quantity", "order", "time"],
)
def test_what_differs_is_another_fill(change: dict[str, Any]) -> None:
    """Any of these tells two fills with ids of two kinds apart."""
    seen = SeenFills()
    seen.add(fill("1X1"))
    assert seen.add(fill("1", **change))


def test_an_unknown_role_fits_both() -> None:
    """A source that does not tell it does not contradict one that does."""
    seen = SeenFills()
    seen.add(fill("1X1", role=None))
    assert not seen.add(fill("1"))


def test_without_ids_everything_tells() -> None:
    """The same order, price, quantity, role and time is the same fill."""
    seen = SeenFills()
    assert seen.add(fill(""))
    assert not seen.add(fill(""))
    assert seen.add(fill("", at=0.5))


def test_what_is_older_than_the_start_is_left_out() -> None:
    """By whole seconds, since REST may round down to them; a resume knows better and stays."""
    seen = SeenFills()
    seen.start(T0 + S // 2)
    assert seen.floor_ns == T0
    assert not seen.add(fill("1", at=-0.1))
    assert seen.add(fill("2", at=0.0))
    seen.start(T0 + 5 * S)
    assert seen.floor_ns == T0


def test_a_cursor_carries_over_what_was_told() -> None:
    """What was told is not told again, in whichever words; what was not is, though it is older."""
    first = SeenFills()
    assert first.cursor() == ""
    for each in (fill("1X1", at=0.0), fill("2X1", at=5.0), fill("4X1", at=8.5)):
        first.add(each)
        first.told(each)
    first.add(fill("3X1", at=8.0))  # held back: its order is not known
    second = SeenFills(first.cursor())
    assert not second.add(fill("2X1", at=5.0))
    assert not second.add(fill("2", at=5.0))
    assert not second.add(
        fill("0123456789abcdef0123456789abcdef", at=8.0 + 0.4, order_id="7")
    )  # 4X1, rounded
    assert second.add(fill("3X1", at=8.0))
    assert second.add(fill("5X1", at=9.0))


def test_a_cursor_stays_short() -> None:
    """It names what is as new as the overlap; what is older than that is known to have been told."""
    first = SeenFills()
    first.trust()
    for number in range(100):
        each = fill(f"{number}X1", at=float(number))
        first.add(each)
        first.told(each)
        first.trust()
    cursor = first.cursor()
    assert cursor.count(",") <= OVERLAP_NS // S + 4
    second = SeenFills(cursor)
    assert not any(second.add(fill(f"{number}X1", at=float(number))) for number in range(100))
    assert second.add(fill("100X1", at=100.0))


@pytest.mark.parametrize("text", ["x", "2,5", "1", "1,x", "1,5,y", "1,5,a/b/c/d", "1,5,1/b/c"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """With the text, cut."""
    with pytest.raises(BadCursor, match="is no cursor"):
        SeenFills(text)


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may run for months."""
    monkeypatch.setattr(fills, "KEPT", 3)
    seen = SeenFills()
    for number in range(5):
        assert seen.add(fill(str(number), at=float(number), quantity=Decimal(number % 2 + 1)))
    assert not seen.add(fill("4", at=4.0))
    assert seen.add(fill("0", at=0.0))


def test_only_the_newest_fills_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was forgotten takes no memory; who tells it again after that many others is believed."""
    monkeypatch.setattr("feedtree.exchanges.private.fills.KEPT", 3)
    seen = SeenFills()
    for number in range(6):
        each = msgspec.structs.replace(fill(f"{number}X1", at=float(number)), price=Decimal(number + 1))
        assert seen.add(each)
        seen.told(each)
        seen.trust()
    assert not seen.add(msgspec.structs.replace(fill("5X1", at=5.0), price=Decimal(6)))


def told(seen: SeenFills, *numbers: int) -> list[bool]:
    """Tell fills, each a second behind the one of the number before; return which of them were new."""
    news = []
    for number in numbers:
        each = fill(f"{number}X1", at=float(number))
        news.append(seen.add(each))
        if news[-1]:
            seen.told(each)
    return news


def test_what_will_not_be_told_again_is_forgotten_and_no_news() -> None:
    """A minute is left to rows that are late; what another process is to know is in cursors all the same."""
    seen = SeenFills()
    told(seen, *range(200))
    seen.settle(T0 + 150 * S)
    assert len(seen) == 110
    assert told(seen, 0, 89, 90, 199, 200) == [False, False, False, False, True]
    assert not any(told(SeenFills(seen.cursor()), *range(201)))


def test_nothing_is_forgotten_that_is_as_new_as_the_newest_fill() -> None:
    """By the fills' own times, should the clock that the venue is asked by be another one."""
    seen = SeenFills()
    told(seen, *range(100))
    seen.settle(T0 + 10_000 * S)
    assert len(seen) == 61
    assert told(seen, 100) == [True]


def test_a_fill_that_waits_for_its_order_is_not_forgotten() -> None:
    """It was not told yet."""
    seen = SeenFills()
    seen.add(fill("0X1"))
    told(seen, *range(100, 300))
    seen.settle(T0 + 300 * S)
    assert len(seen) == 201
    seen.told(fill("0X1"))
    seen.settle(T0 + 300 * S)
    assert len(seen) == 61


def test_alike_fills_are_forgotten_one_by_one() -> None:
    """Those that are left are still known by what they are."""
    seen = SeenFills()
    told(seen, 0, 100, 200)
    seen.settle(T0 + 120 * S)
    assert not seen.add(fill("100", at=100.0))
    assert seen.add(fill("101", at=100.0))
