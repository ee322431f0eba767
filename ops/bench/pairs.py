"""The symbols of the benchmark, and how popular each is."""

from msgspec import Struct

MAJORS = 10
MOST = 1_000  # symbols
_TAIL_WEIGHT = 20.0  # of the eleventh symbol times its rank: 1.8, a little below the tenth


class Pair(Struct, frozen=True):
    """A symbol and what its numbers look like.

    Args:
        name: ``BTC_USDT``.
        price: where the market stands.
        decimals: of a price.
        lot_decimals: of a size.
        weight: its share of the traffic, relative to the others.
    """

    name: str
    price: float
    decimals: int
    lot_decimals: int
    weight: float

    @property
    def symbol(self) -> str:
        """As this project writes it: ``BTC/USDT``."""
        return self.name.replace("_", "/")


PAIRS = (
    Pair("BTC_USDT", 67_250.1, 1, 6, 30),
    Pair("ETH_USDT", 3_521.47, 2, 4, 20),
    Pair("SOL_USDT", 171.62, 2, 3, 13),
    Pair("XRP_USDT", 0.5231, 4, 2, 9),
    Pair("DOGE_USDT", 0.15872, 5, 1, 8),
    Pair("PEPE_USDT", 0.0000124351, 10, 0, 6),
    Pair("GT_USDT", 8.912, 3, 3, 5),
    Pair("LTC_USDT", 82.35, 2, 3, 4),
    Pair("LINK_USDT", 17.124, 3, 3, 3),
    Pair("TON_USDT", 6.9142, 4, 2, 2),
)


def pairs_of(symbols: int) -> tuple[Pair, ...]:
    """Return the first symbols by popularity: ten that everybody knows, then a tail whose shares fall with the rank.

    Raises:
        ValueError: fewer than one, or more than there are.
    """
    if not 1 <= symbols <= MOST:
        raise ValueError(f"1 to {MOST} symbols, not {symbols}")
    tail = (
        Pair(f"ALT{rank}_USDT", 0.2 + 0.137 * rank, 4, 2, _TAIL_WEIGHT / rank)
        for rank in range(MAJORS + 1, symbols + 1)
    )
    return (*PAIRS[:symbols], *tail)
