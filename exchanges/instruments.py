"""What can be traded, and in which steps."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from feedtree.exchanges.symbols import Symbol


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
