"""What can be traded, and in which steps."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

import msgspec
from msgspec import Struct

from feedtree.exchanges.symbols import Symbol

Row = TypeVar("Row")


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
