"""What can be traded, and in which steps."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import (
    ROUND_05UP,
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    InvalidOperation,
)
from enum import StrEnum
from typing import TypeVar

import msgspec
from msgspec import Struct

from feedtree.exchanges.symbols import Symbol

Row = TypeVar("Row")

_ROUNDINGS = (
    ROUND_05UP,
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
)
_EXACT = Context(prec=100)  # no price and no quantity has so many digits: nothing is rounded but on purpose


class InstrumentStatus(StrEnum):
    """Whether orders are taken."""

    TRADING = "trading"
    BUY_ONLY = "buy_only"
    SELL_ONLY = "sell_only"
    HALTED = "halted"


class Instrument(Struct, frozen=True):
    """One tradable pair of a venue.

    Args:
        symbol: as this project writes it.
        wire_name: as the venue writes it.
        status: whether it trades now.
        price_step: the least difference of two prices.
        size_step: the least difference of two base quantities.
        min_size: the least base quantity of an order; None where the venue states none.
        min_notional: the least quote amount of an order; None where the venue states none.
    """

    symbol: Symbol
    wire_name: str
    status: InstrumentStatus
    price_step: Decimal
    size_step: Decimal
    min_size: Decimal | None
    min_notional: Decimal | None

    def price(self, value: Decimal | int | str, rounding: str) -> Decimal:
        """Return a price as this instrument takes it: a whole number of price steps.

        Args:
            value: in quote; a text is a decimal number.
            rounding: one of `decimal`'s, ``ROUND_DOWN``: it has no default, since it costs one side money.

        Returns:
            The price, with as many decimals as the step has.

        Raises:
            TypeError: a float, or anything else that is no exact number.
            ValueError: no finite number, or no such rounding.
        """
        return _stepped("price", value, self.price_step, rounding)

    def quantity(self, value: Decimal | int | str, rounding: str) -> Decimal:
        """Return a base quantity as this instrument takes it; arguments, result and errors as `price`."""
        return _stepped("quantity", value, self.size_step, rounding)


class Listing(Struct, frozen=True):
    """What a venue lists.

    Args:
        symbols: all of it, also what does not trade now, or of which nothing else could be read.
        instruments: that which could be read.
    """

    symbols: Sequence[Symbol]
    instruments: Sequence[Instrument]


def _stepped(what: str, value: object, step: Decimal, rounding: str) -> Decimal:
    if rounding not in _ROUNDINGS:
        raise ValueError(f"{what}: rounding is one of {', '.join(_ROUNDINGS)}, got {rounding!r}")
    steps = _EXACT.divide(_exact(what, value), step).to_integral_value(rounding)
    return _EXACT.quantize(_EXACT.multiply(steps, step), step)


def _exact(what: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError(f"{what}: a Decimal, an int or a text, not {type(value).__name__} {value!r}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{what}: {value!r} is no decimal number") from None
    if not number.is_finite():
        raise ValueError(f"{what}: {value!r} is no finite number")
    return number


def is_stepped(value: Decimal, step: Decimal) -> bool:
    """Return whether a value is a whole number of steps."""
    return not _EXACT.remainder(value, step)


def read_instruments(
    rows: Iterable[msgspec.Raw], shape: type[Row], translate: Callable[[Row], Instrument]
) -> Iterator[Instrument]:
    """Translate a venue's rows; one that does not decode is left out, and costs the other two thousand nothing.

    Args:
        rows: each still JSON.
        shape: what a row is.
        translate: makes an instrument of a row; may raise ValueError.

    Yields:
        Instruments in the venue's order.
    """
    for raw in rows:
        try:
            yield translate(msgspec.json.decode(raw, type=shape, strict=False))
        except (ValueError, RecursionError, InvalidOperation):
            continue
