"""Symbols and their spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.symbols import Symbol, SymbolMap

NAMES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=8)


@given(NAMES, NAMES)
def test_a_symbol_is_written_as_it_is_read(base: str, quote: str) -> None:
    """`BTC/USDT` is the one spelling; small letters are read too."""
    symbol = Symbol.parse(f" {base.lower()}/{quote} ")
    assert symbol == Symbol(base, quote)
    assert str(symbol) == f"{base}/{quote}"


@pytest.mark.parametrize("text", ["BTCUSDT", "BTC/", "/USDT", "A/B/C", ""])
def test_what_is_no_symbol_is_refused_with_an_example(text: str) -> None:
    """The error says how a symbol is written."""
    with pytest.raises(ValueError, match="BASE/QUOTE"):
        Symbol.parse(text)


def test_a_map_knows_the_way_back_once_it_went_there() -> None:
    """A venue's spelling alone does not say where the base ends; what was asked for is remembered."""
    symbols = SymbolMap(lambda symbol: symbol.base + symbol.quote, [Symbol("ETH", "BTC")])
    assert symbols.to_wire(Symbol("BTC", "USDT")) == "BTCUSDT"
    assert symbols.from_wire("BTCUSDT") == Symbol("BTC", "USDT")
    assert symbols.from_wire("ETHBTC") == Symbol("ETH", "BTC")
    with pytest.raises(KeyError):
        symbols.from_wire("DOGEUSDT")
