"""The two sides of a trade."""

from enum import StrEnum


class Side(StrEnum):
    """The side of an order, or of a trade's taker."""

    BUY = "buy"
    SELL = "sell"
