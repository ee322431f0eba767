"""Values that a test gives, with errors that say what is allowed."""

import math
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from feedtree.ops.chaos.spelling import WrongFault
from feedtree.ops.config_rules import shown
from feedtree.supervisors.checks import is_number, is_whole

Item = TypeVar("Item")


def whole(value: object, what: str, least: int | None = 0) -> int:
    """Return a whole number; ``least`` None allows any.

    Raises:
        WrongFault: it is none, or too small.
    """
    if is_whole(value) and (least is None or value >= least):
        return value
    raise wrong(what, value, "a whole number" if least is None else f"a whole number, {least} or more")


def number(value: object, what: str) -> float:
    """Return a finite number that is not negative.

    Raises:
        WrongFault: it is none.
    """
    if is_number(value) and 0 <= value < math.inf:
        return float(value)
    raise wrong(what, value, "a number, 0 or more")


def amount(value: object, what: str) -> str:
    """Return an amount of an asset as a decimal that is written out.

    Raises:
        WrongFault: it is none.
    """
    if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
        try:
            made = Decimal(str(value))
        except InvalidOperation:
            made = Decimal("nan")
        if made.is_finite() and made >= 0:
            return f"{made:f}"
    raise wrong(what, value, 'a number, 0 or more, or its text, "12.5"')


def several(values: Iterable[Item], what: str, example: str) -> tuple[Item, ...]:
    """Return the items of a list that is no text, which would be a list of its letters.

    Raises:
        WrongFault: it is a text, or no list.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise wrong(what, values, f"a list like {example}")
    return tuple(values)


def wrong(what: str, value: object, allowed: str) -> WrongFault:
    """Return the error."""
    return WrongFault(f"{what} = {shown(value)} is not allowed; allowed: {allowed}")
