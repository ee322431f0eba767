"""Single values of an account's pushes and rows: amounts, and numbers or words that stand for something. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

from feedtree.exchanges.mexc.account_messages import Money
from feedtree.exchanges.money import money
from feedtree.exchanges.side import Side

K = TypeVar("K", int, str)
T = TypeVar("T")

MS = 1_000_000  # nanoseconds
ZERO = Decimal(0)
SIDES: Mapping[int, Side] = {1: Side.BUY, 2: Side.SELL}  # tradeType


class UnknownValue(ValueError):
    """A value is legal on the wire, and has no meaning here."""


def amount(value: Money) -> Decimal | None:
    """Read an amount; None where the venue gave none.

    Raises:
        ValueError: it is no finite decimal number.
    """
    return None if value is None or value == "" else money(str(value))


def meaning(names: Mapping[K, T], value: K, field: str) -> T:
    """Return what a number or a word stands for.

    Raises:
        UnknownValue: it is not documented.
    """
    if value not in names:
        raise UnknownValue(f"{field} {str(value)[:40]!r}")
    return names[value]
