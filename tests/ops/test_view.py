"""The live view: what stands on a screen of 80 columns, and what gives way when there is little room."""

import re

import msgspec
import pytest

from feedtree.ops.view import AccountRow, QuoteRow, RecoveryCells, Screen, StreamRow, draw, price

KEYS = [
    ("1", "reset"),
    ("2", "black hole"),
    ("3", "kill the exchange"),
    ("tab", "gateio.spot"),
    ("q", "quit"),
]


def screen(symbols: int = 3, events: int = 30, diverged: int = 0) -> Screen:
    quotes = []
    for number in range(symbols):
        symbol, bid = f"S{number:03}/USDT", 64_123.4 + number
        quotes.append(QuoteRow(symbol, "gateio.spot", "live", bid, bid * 1.0001))
        quotes.append(QuoteRow(symbol, "mexc.spot", "connecting", bid, bid * 1.0001, 0.34))
    streams = [
        StreamRow("public/gateio.spot/shard-1", "live", 3, 812.4, RecoveryCells(0.31, 0.52, 1_234)),
        StreamRow("public/mexc.spot/shard-1", "down", 0, 0.0, RecoveryCells(1.75, None, None)),
    ]
    told = [f"12:00:{number:02} event {number}" for number in range(events)]
    return Screen("simulated", 72.0, 12_345.0, 0, quotes, streams, (123_456, diverged), told, KEYS)


def text(lines: list[str]) -> list[str]:
    return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in lines]


def test_everything_stands_on_80_columns_and_24_lines() -> None:
    """Prices, spreads, rates, states, recoveries, events and keys are all there, none cut."""
    lines = text(draw(screen(), 80, 24))
    assert len(lines) == 24
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)
    assert lines[0] == "feedtree simulated  1:12  12,345 messages/s  0 gaps  123,456 checked  0 diverged"
    assert " ".join(lines[2].split()) == "symbol venue bid ask spread bp between bp state"
    assert " ".join(lines[3].split()) == "S000/USDT gateio.spot 64,123.40 64,129.812 1.00 live"
    assert " ".join(lines[4].split()) == "mexc.spot 64,123.40 64,129.812 1.00 +0.34 connecting"
    head = next(index for index, line in enumerate(lines) if line.startswith("stream "))
    assert " ".join(lines[head].split()) == "stream messages/s restarts detected recovered missed state"
    assert " ".join(lines[head + 1].split()) == "gateio.spot/shard-1 812 3 0.31 s 0.52 s 1,234 live"
    assert " ".join(lines[head + 2].split()) == "mexc.spot/shard-1 0 0 1.75 s down"
    assert "12:00:29 event 29" in lines
    assert " ".join(lines[-1].split()) == "1 reset 2 black hole 3 kill the exchange tab gateio.spot q quit"


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 10), (40, 8), (20, 3), (200, 60), (1, 1)])
@pytest.mark.parametrize("symbols", [0, 1, 50])
def test_a_screen_never_leaves_its_bounds(width: int, height: int, symbols: int) -> None:
    """Many symbols on a small terminal scroll nothing away."""
    lines = text(draw(screen(symbols), width, height))
    assert len(lines) == height
    assert max(map(len, lines)) <= width


def test_what_does_not_fit_is_counted() -> None:
    """Rows that are left out are told as a number; the newest events stay."""
    lines = text(draw(screen(symbols=50), 80, 24))
    shown = sum("64,1" in line for line in lines)
    assert any(line == f"and {100 - shown} more" for line in lines)
    assert any("shard-1" in line for line in lines)
    assert "12:00:29 event 29" in lines


def test_accounts_stand_between_streams_and_events() -> None:
    """Open orders, fills, reconciliations and balances; one that may be wrong says so instead of live."""
    accounts = [
        AccountRow("private/gateio.spot/main", "live", True, "USDT 99,012.3", 2, 1_234, 3, 4),
        AccountRow("private/mexc.spot/main", "live", False, "USDT 100,000", 0, 0, 0, 1),
        AccountRow("private/mexc.spot/other", "down", False, "", 0, 0, 0, 0),
    ]
    lines = text(draw(msgspec.structs.replace(screen(), accounts=accounts), 80, 30))
    assert len(lines) == 30
    assert max(map(len, lines)) <= 80
    head = next(index for index, line in enumerate(lines) if line.startswith("account "))
    assert " ".join(lines[head].split()) == "account open fills recovered reconciled state balances"
    assert " ".join(lines[head + 1].split()) == "gateio.spot/main 2 1,234 3 4 live USDT 99,012.3"
    assert "inconsistent USDT" in lines[head + 2]
    assert lines[head + 3].endswith("down")
    assert "12:00:29 event 29" in lines[head + 4 :]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 10), (40, 8), (20, 3)])
def test_accounts_leave_the_bounds_of_a_screen_alone(width: int, height: int) -> None:
    """More accounts than lines scroll nothing away."""
    many = [AccountRow(f"private/gateio.spot/{n}", "live", True, "USDT " * 30, 0, 0, 0, 0) for n in range(20)]
    lines = text(draw(msgspec.structs.replace(screen(), accounts=many), width, height))
    assert len(lines) == height
    assert max(map(len, lines)) <= width


def test_states_have_colours() -> None:
    """Live is green; down and divergence are red."""
    drawn = "\n".join(draw(screen(diverged=2), 80, 24))
    assert "\x1b[32mlive" in drawn
    assert "\x1b[1;31mdown" in drawn
    assert "\x1b[1;31m2 diverged" in drawn


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (64_123.4, "64,123.40"),
        (64_123.456, "64,123.456"),
        (0.00001234, "0.00001234"),
        (1.5, "1.50"),
        (123_456_789.123, "123,456,789.12"),
        (0.0, "0.00"),
    ],
)
def test_prices_keep_eight_digits(value: float | None, shown: str) -> None:
    """A price is shown to its step, without padding beyond cents."""
    assert price(value) == shown
