"""How Gate.io writes symbols: ``BTC_USDT``."""

from feedtree.exchanges.symbols import Symbol


def spell(symbol: Symbol) -> str:
    """Write a symbol as Gate.io does."""
    return f"{symbol.base}_{symbol.quote}"


def read(wire: str) -> Symbol:
    """Read what Gate.io wrote; no asset has an underscore in its name.

    Raises:
        ValueError: it is no pair.
    """
    base, mark, quote = wire.partition("_")
    if not mark or not base or not quote or "_" in quote:
        raise ValueError(f"{wire[:80]!r} is no pair")
    return Symbol(base, quote)
