from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.ops.sim import decimals
from feedtree.ops.sim.decimals import DecimalText

steps = st.integers(min_value=-(10**18), max_value=10**18)
places = st.integers(min_value=0, max_value=12)


@given(steps, places)
def test_text_is_the_exact_number_in_its_shortest_form(number: int, decimals_: int) -> None:
    """Prices and quantities are exact, without exponent or trailing zeros."""
    text = decimals.text(number, decimals_)
    assert Decimal(text) == Decimal(number).scaleb(-decimals_)
    assert "E" not in text
    assert "." not in text or text[-1] not in "0."


@given(steps, places)
def test_fixed_keeps_every_decimal(number: int, decimals_: int) -> None:
    """limit.depth pads to fixed decimals."""
    text = decimals.fixed(number, decimals_)
    assert Decimal(text) == Decimal(number).scaleb(-decimals_)
    assert len(text.partition(".")[2]) == decimals_


@given(st.integers(min_value=0, max_value=10**18), places)
def test_parse_reads_what_text_writes(number: int, decimals_: int) -> None:
    """Steps survive the way over text."""
    assert decimals.parse(decimals.text(number, decimals_), decimals_) == number


def test_parse_refuses_more_decimals_than_there_are_steps() -> None:
    """Nothing is rounded silently."""
    with pytest.raises(ValueError, match="more than 2 decimals"):
        decimals.parse("1.005", 2)


def test_the_memory_of_texts_is_bounded() -> None:
    """A long run does not remember every number it ever wrote."""
    text = DecimalText(1, remembered=3)
    assert [text(number) for number in range(10)] == [decimals.text(number, 1) for number in range(10)]
    assert text(9) == "0.9"
