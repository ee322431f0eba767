"""What the simulated venues list: start prices and each venue's steps."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from feedtree.exchanges.symbols import Symbol

GATEIO = "gateio.spot"
MEXC = "mexc.spot"

DEFAULT_SYMBOLS = tuple(
    Symbol.parse(name) for name in ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "DOGE/USDT")
)

# start price in quote, price decimals at Gate.io and at MEXC, quantity decimals at both
_KNOWN: dict[str, tuple[float, int, int, int]] = {
    "BTC/USDT": (96_000.0, 1, 2, 6),
    "ETH/USDT": (3_400.0, 2, 2, 5),
    "SOL/USDT": (185.0, 3, 3, 4),
    "XRP/USDT": (1.9, 5, 5, 2),
    "DOGE/USDT": (0.31, 6, 6, 1),
    "BNB/USDT": (690.0, 2, 2, 4),
    "ADA/USDT": (0.72, 6, 6, 2),
    "LTC/USDT": (104.0, 3, 3, 4),
    "LINK/USDT": (17.4, 4, 4, 3),
    "ETH/BTC": (0.0354, 7, 7, 4),
}
_MEAN_NOTIONAL = 2_000.0  # of one order, in quote; scaled for quotes that are not dollars


@dataclass(frozen=True, slots=True)
class Listing:
    """One symbol at one venue.

    Args:
        symbol: as this project writes it.
        wire: as the venue writes it.
        price_decimals: of one tick.
        size_decimals: of one lot.
        start_price: where the fair price starts, in quote.
        mean_lots: of a random order.
    """

    symbol: Symbol
    wire: str
    price_decimals: int
    size_decimals: int
    start_price: float
    mean_lots: float


def spell(venue: str, symbol: Symbol) -> str:
    """Return how a venue writes a symbol."""
    return f"{symbol.base}_{symbol.quote}" if venue == GATEIO else f"{symbol.base}{symbol.quote}"


def listings(venue: str, symbols: Sequence[Symbol]) -> list[Listing]:
    """Return a venue's listings; a symbol that is not well known gets steps derived from its name."""
    return [_listing(venue, symbol) for symbol in symbols]


def _listing(venue: str, symbol: Symbol) -> Listing:
    price, gate_decimals, mexc_decimals, size_decimals = _KNOWN.get(str(symbol)) or _invented(symbol)
    return Listing(
        symbol=symbol,
        wire=spell(venue, symbol),
        price_decimals=gate_decimals if venue == GATEIO else mexc_decimals,
        size_decimals=size_decimals,
        start_price=price,
        mean_lots=max(3.0, _mean_notional(symbol) / price * 10**size_decimals),
    )


def _invented(symbol: Symbol) -> tuple[float, int, int, int]:
    rng = random.Random(str(symbol))
    magnitude = rng.randrange(-3, 4)
    price = round(rng.uniform(1.0, 9.9), 3) * 10.0**magnitude
    decimals = max(1, 5 - magnitude)  # some 100,000 ticks to the price
    return price, decimals, decimals, max(0, 2 + magnitude)


def _mean_notional(symbol: Symbol) -> float:
    return _MEAN_NOTIONAL / {"BTC": 96_000.0, "ETH": 3_400.0}.get(symbol.quote, 1.0)
