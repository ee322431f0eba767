"""Amounts of any asset as whole numbers of one size: atoms of 10 ** -18."""

from feedtree.ops.sim import decimals
from feedtree.ops.sim.market import Market

DECIMALS = 18  # ticks times lots times a fee in millionths is whole at every listing


def atoms(number: str) -> int:
    """Read a decimal.

    Raises:
        ValueError: not a decimal, or one with more decimals than there are.
    """
    return decimals.parse(number, DECIMALS)


def money(amount: int) -> str:
    """Write an amount without trailing zeros."""
    return decimals.text(amount, DECIMALS)


def of_lots(market: Market, lots: int) -> int:
    """Return a quantity of a market's base asset."""
    scale: int = 10 ** (DECIMALS - market.listing.size_decimals)
    return lots * scale


def of_turnover(market: Market, turnover: int) -> int:
    """Return an amount of a market's quote asset that is counted in ticks times lots."""
    scale: int = 10 ** (DECIMALS - market.listing.size_decimals - market.listing.price_decimals)
    return turnover * scale
