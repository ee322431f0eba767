"""Prices and quantities in a venue's own steps, exactly."""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.instruments import Instrument, InstrumentStatus, is_stepped
from feedtree.exchanges.symbols import Symbol


def instrument(price_step: str = "0.01", size_step: str = "0.0001") -> Instrument:
    return Instrument(
        Symbol("BTC", "USDT"),
        "BTC_USDT",
        InstrumentStatus.TRADING,
        Decimal(price_step),
        Decimal(size_step),
        None,
        None,
    )


@pytest.mark.parametrize(
    ("value", "rounding", "price"),
    [
        (Decimal("84270.119"), ROUND_DOWN, "84270.11"),
        (Decimal("84270.111"), ROUND_UP, "84270.12"),
        ("84270.125", ROUND_HALF_EVEN, "84270.12"),
        (84270, ROUND_DOWN, "84270.00"),
        ("1e-9", ROUND_CEILING, "0.01"),
        ("1e-9", ROUND_DOWN, "0.00"),
    ],
)
def test_a_price_is_a_whole_number_of_steps(value: Any, rounding: str, price: str) -> None:
    """The result has the step's own decimals, so that its text is what a venue wants to read."""
    assert str(instrument().price(value, rounding)) == price


def test_a_quantity_has_its_own_step() -> None:
    """Base quantities are finer or coarser than prices; a step need not be a power of ten."""
    assert str(instrument().quantity("0.12345", ROUND_DOWN)) == "0.1234"
    assert str(instrument(size_step="0.25").quantity("1.6", ROUND_DOWN)) == "1.50"
    assert instrument(size_step="10").quantity(37, ROUND_DOWN) == 30


@pytest.mark.parametrize("value", [1.5, True, None, b"1", [1]])
def test_a_float_is_no_money(value: Any) -> None:
    """What has no exact decimal value is refused, not converted."""
    with pytest.raises(TypeError, match="price: a Decimal, an int or a text"):
        instrument().price(value, ROUND_DOWN)
    with pytest.raises(TypeError, match="quantity: a Decimal, an int or a text"):
        instrument().quantity(value, ROUND_DOWN)


@pytest.mark.parametrize("value", ["", "NaN", "inf", Decimal("-Infinity"), "1,5", "0x10"])
def test_what_is_no_finite_number_is_refused(value: Any) -> None:
    """A text has to be a decimal number."""
    with pytest.raises(ValueError, match="price: "):
        instrument().price(value, ROUND_DOWN)


def test_a_rounding_is_named() -> None:
    """There is no default, and no guess."""
    with pytest.raises(ValueError, match="rounding is one of ROUND_05UP, ROUND_CEILING"):
        instrument().price(1, "down")


@given(
    st.decimals(0, Decimal("1e12"), allow_nan=False, places=18), st.sampled_from(["1e-8", "0.05", "3", "100"])
)
def test_rounding_down_and_up_enclose_the_value(value: Decimal, step: str) -> None:
    """At any size, both are whole steps, and at most one step apart."""
    of = instrument(price_step=step)
    below, above = of.price(value, ROUND_DOWN), of.price(value, ROUND_UP)
    assert below <= value <= above
    assert above - below in (0, Decimal(step))
    assert is_stepped(below, Decimal(step))
    assert is_stepped(value, Decimal(step)) == (below == value)
