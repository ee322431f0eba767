"""Symbols as this project writes them; a venue's own spelling never leaves its adapter."""

from collections.abc import Callable, Iterable

from msgspec import Struct


class Symbol(Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """A spot pair, written ``BTC/USDT``.

    Args:
        base: the asset that is bought or sold, upper case.
        quote: the asset that it is priced in, upper case.
    """

    base: str
    quote: str

    def __str__(self) -> str:
        return f"{self.base}/{self.quote}"

    @classmethod
    def parse(cls, text: str) -> "Symbol":
        """Read ``BASE/QUOTE``.

        Raises:
            ValueError: the text is not two non-empty names joined by one slash.
        """
        base, slash, quote = text.strip().upper().partition("/")
        if not slash or not base or not quote or "/" in quote:
            raise ValueError(f"{text!r} is not a symbol: write BASE/QUOTE, for example BTC/USDT")
        return cls(base, quote)


class SymbolMap:
    """Both directions between symbols and one venue's spelling, each a dict look-up once seen.

    Args:
        spell: how the venue writes a symbol (``BTC_USDT``, ``BTCUSDT``).
    """

    __slots__ = ("_by_symbol", "_by_wire", "_spell")

    def __init__(self, spell: Callable[[Symbol], str], known: Iterable[Symbol] = ()) -> None:
        self._spell = spell
        self._by_symbol: dict[Symbol, str] = {}
        self._by_wire: dict[str, Symbol] = {}
        for symbol in known:
            self.to_wire(symbol)

    def to_wire(self, symbol: Symbol) -> str:
        """Return the venue's spelling; remembers the pair for the way back."""
        wire = self._by_symbol.get(symbol)
        if wire is None:
            wire = self._by_symbol[symbol] = self._spell(symbol)
            self._by_wire[wire] = symbol
        return wire

    def with_base(self, base: str) -> list[Symbol]:
        """Return the symbols that were given or mapped before and have this base."""
        return [symbol for symbol in self._by_symbol if symbol.base == base]

    def from_wire(self, wire: str) -> Symbol:
        """Return the symbol that the venue spells so.

        Raises:
            KeyError: no such symbol was given or mapped before (``BTCUSDT`` alone does not say
                where the base ends).
        """
        return self._by_wire[wire]
