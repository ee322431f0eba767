"""Spans and moments as an operator reads and writes them."""

import time

import pytest

from feedtree.ops.operate.spans import brief, moment, since_ns

NOW_NS = 1_790_000_000_123_000_000


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.0, "0.0s"),
        (59.9, "59.9s"),
        (59.96, "1m00s"),
        (3_599.9, "1h00m"),
        (3_725, "1h02m"),
        (86_399, "23h59m"),
        (86_400, "1d00h"),
        (90_061, "1d01h"),
        (100 * 86_400, "100d00h"),
    ],
)
def test_spans_are_told_in_two_units(seconds: float | None, words: str) -> None:
    """A long time is rounded to what matters."""
    assert brief(seconds) == words


def test_a_moment_of_another_day_has_its_date() -> None:
    """Today's has none."""
    assert moment(NOW_NS).startswith("2026-09-")
    assert moment(NOW_NS).endswith(".123")
    assert len(moment(time.time_ns())) == len("12:34:56.789")


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("1.5h", 5400), ("1d", 86_400)])
def test_a_span_before_now_is_read(text: str, seconds: float) -> None:
    """As a number and a unit."""
    assert since_ns(text, NOW_NS) == NOW_NS - int(seconds * 1e9)


def test_a_time_is_read_as_local() -> None:
    """With an offset, as what it says."""
    assert since_ns("2026-11-28T12:00+00:00", NOW_NS) == 1_795_867_200 * 10**9
    local = time.mktime((2026, 11, 28, 12, 0, 0, 0, 0, -1))
    assert since_ns("2026-11-28T12:00", NOW_NS) == int(local * 1e9)


@pytest.mark.parametrize("text", ["", "soon", "15", "m", "-3m", "1w", "2026-13-01", "²s", "9" * 400 + "d"])
def test_what_is_no_time_is_named(text: str) -> None:
    """With what would be one."""
    with pytest.raises(ValueError, match=r"is no time: write 15m"):
        since_ns(text, NOW_NS)
