"""How MEXC writes symbols."""

from feedtree.exchanges.symbols import Symbol


def spell(symbol: Symbol) -> str:
    """Write a symbol as MEXC does: ``BTCUSDT``, upper case (lower case is refused)."""
    return f"{symbol.base}{symbol.quote}"
