"""Channels as values and as names."""

import pytest

from feedtree.exchanges.public.channels import (
    Book,
    BookTicker,
    Channel,
    Kline,
    PublicWebsocketChannelType,
    Ticker,
    Trades,
    parse_channel,
)


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("book", Book()),
        ("book:20ms", Book("20ms")),
        ("book:100ms:50", Book("100ms", 50)),
        ("trades", Trades()),
        ("book_ticker", BookTicker()),
        ("book_ticker:10ms", BookTicker("10ms")),
        ("ticker", Ticker()),
        ("kline", Kline()),
        ("kline:4h", Kline("4h")),
        (PublicWebsocketChannelType.KLINE, Kline("1m")),
        (Kline("1d"), Kline("1d")),
    ],
)
def test_a_name_means_a_channel(name: str | Channel, channel: Channel) -> None:
    """Plain names mean the defaults; options follow after colons."""
    assert parse_channel(name) == channel


@pytest.mark.parametrize(
    "channel", [Book("20ms", 7), Book(), Trades(), BookTicker("10ms"), Ticker(), Kline("5m")]
)
def test_a_channel_writes_the_name_that_it_reads(channel: Channel) -> None:
    """`str` and `parse_channel` are each other's inverse."""
    assert parse_channel(str(channel)) == channel


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("boook", "allowed are book, trades, book_ticker, ticker, kline"),
        ("kline:7m", "7m"),
        ("book:30ms", "30ms"),
        ("book:100ms:deep", "depth"),
        ("trades:fast", "too many options"),
    ],
)
def test_a_wrong_name_is_refused_with_what_is_allowed(name: str, hint: str) -> None:
    """A mistyped channel is named, with what there is."""
    with pytest.raises(ValueError, match=hint):
        parse_channel(name)
