"""Money as the private side reads it: Decimal from the venue's own digits, and nothing else."""

from decimal import Context, Decimal, InvalidOperation

_MOST_DIGITS = 60  # more is no amount of anything
EXACT = Context(prec=4 * _MOST_DIGITS)
"""Adds and subtracts amounts without rounding: Decimal's own context keeps 28 digits, or what an app has set."""


def money(text: str) -> Decimal:
    """Read an amount; an empty text is 0, for that is how venues leave one out.

    Raises:
        ValueError: it is no finite decimal number.
    """
    if not text:
        return Decimal(0)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:80]!r} is no amount") from None
    if not value.is_finite() or len(text) > _MOST_DIGITS or abs(value.adjusted()) > _MOST_DIGITS:
        raise ValueError(f"{text[:80]!r} is no amount")
    return value


def money_or_none(text: str) -> Decimal | None:
    """Read an amount; None where the text is empty."""
    return money(text) if text else None
