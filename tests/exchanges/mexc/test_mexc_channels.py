"""Which of MEXC's channels serve a topic."""

import pytest

from feedtree.exchanges.mexc.channels import resolve
from feedtree.exchanges.mexc.spelling import spell
from feedtree.exchanges.public.channels import (
    Book,
    BookTicker,
    Channel,
    Kline,
    Ticker,
    Topic,
    Trades,
    parse_channel,
)
from feedtree.exchanges.public.codec import ChannelNotOffered, Seed, WireTopic
from feedtree.exchanges.symbols import Symbol, SymbolMap


def candidates(channel: Channel) -> tuple[WireTopic, ...]:
    return resolve(Topic("mexc.spot", Symbol("BTC", "USDT"), channel), SymbolMap(spell))


@pytest.mark.parametrize(
    ("channel", "topic"),
    [
        (Book(), "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"),
        (Book("10ms"), "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"),
        (Trades(), "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT"),
        (BookTicker(), "spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT"),
        (BookTicker("10ms"), "spot@public.aggre.bookTicker.v3.api.pb@10ms@BTCUSDT"),
        (Ticker(), "spot@public.miniTicker.v3.api.pb@BTCUSDT@24H"),
        (Kline("1m"), "spot@public.kline.v3.api.pb@BTCUSDT@Min1"),
        (Kline("1h"), "spot@public.kline.v3.api.pb@BTCUSDT@Min60"),
        (Kline("1M"), "spot@public.kline.v3.api.pb@BTCUSDT@Month1"),
    ],
)
def test_a_channel_is_one_topic_which_is_its_own_key(channel: Channel, topic: str) -> None:
    """Without a depth there is one way; pushes name the whole topic."""
    (only,) = candidates(channel)
    assert (only.key, only.params) == (topic, (topic,))
    assert topic.startswith(only.channel)


def test_the_default_book_is_all_changes_on_a_rest_snapshot() -> None:
    """`aggre.depth` tells every change, but a snapshot holds 5,000 levels only."""
    (only,) = candidates(Book())
    assert (only.seed, only.levels) == (Seed.REST, 5000)


@pytest.mark.parametrize(
    ("depth", "levels"),
    [(1, [5, 10, 20, 5000]), (5, [5, 10, 20, 5000]), (6, [10, 20, 5000]), (21, [5000]), (5000, [5000])],
)
def test_a_depth_is_served_by_the_fewest_levels_that_hold_it(depth: int, levels: list[int]) -> None:
    """Cheapest first, the others that hold it after it."""
    found = candidates(Book(depth=depth))
    assert [topic.levels for topic in found] == levels
    assert [topic.seed for topic in found] == [Seed.WHOLE] * (len(levels) - 1) + [Seed.REST]


def test_a_limited_book_is_named_with_its_level_last() -> None:
    """`limit.depth` has the level after the symbol."""
    assert candidates(Book(depth=20))[0].key == "spot@public.limit.depth.v3.api.pb@BTCUSDT@20"


def test_a_fast_book_is_never_served_by_a_slow_channel() -> None:
    """`limit.depth` counts as 100ms."""
    assert [topic.levels for topic in candidates(Book("10ms", depth=5))] == [5000]


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("book:20ms", "100ms and 10ms"),
        ("book:100ms:5001", "1 to 5000 levels"),
        ("book:100ms:0", "1 to 5000 levels"),
        ("book_ticker:20ms", "100ms and 10ms"),
        ("kline:10s", "1m, 5m, 15m, 30m, 1h, 4h, 8h, 1d, 1w, 1M"),
    ],
)
def test_what_is_not_offered_is_refused_with_what_there_is(text: str, has: str) -> None:
    """The message helps the person who configured it."""
    with pytest.raises(ChannelNotOffered, match=has) as refusal:
        candidates(parse_channel(text))
    assert text in str(refusal.value)
