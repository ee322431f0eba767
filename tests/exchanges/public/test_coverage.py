"""How the gaps of topics close: by what the topic tells."""

import pytest

from feedtree.exchanges.gaps import Gap
from feedtree.exchanges.public.channels import Book, BookTicker, Channel, Kline, Ticker, Topic, Trades
from feedtree.exchanges.public.coverage import Coverage
from feedtree.exchanges.symbols import Symbol

NS = 1_000_000_000
HOUR = 3_600 * NS


def topic_of(channel: Channel) -> Topic:
    return Topic("v", Symbol("BTC", "USDT"), channel)


def closed(channel: Channel, begin_ns: int, end_ns: int) -> str:
    coverage = Coverage("v")
    coverage.lost(topic_of(channel), begin_ns, "reset")
    assert coverage.up(topic_of(channel), end_ns) is None
    (gap,) = coverage.gaps()
    assert (gap.key, gap.begin_ns, gap.end_ns) == (str(topic_of(channel)), begin_ns, end_ns)
    return gap.closed


@pytest.mark.parametrize("channel", [Book(), BookTicker(), Ticker()])
def test_what_is_whole_in_each_message_is_made_up_for_by_the_newest(channel: Channel) -> None:
    """The state after the gap is known, whatever it was meanwhile."""
    assert closed(channel, 1 * NS, 9 * NS) == "snapshot"


def test_trades_are_lost_where_nothing_fetches_them() -> None:
    """Each counts, and none comes again."""
    assert closed(Trades(), 1 * NS, 9 * NS) == "lost"


@pytest.mark.parametrize(
    ("interval", "begin_s", "end_s", "how"),
    [
        ("1m", 64, 100, "snapshot"),
        ("1m", 64, 120, "lost"),
        ("1m", 61, 70, "lost"),  # the candle that ended at 60 may be told as closed at 62 or so
        ("10s", 14, 19, "snapshot"),
        ("10s", 14, 21, "lost"),
        ("30m", 1810, 3590, "snapshot"),
        ("4h", 3610, 7190, "snapshot"),
        ("4h", 3610, 7210, "lost"),  # venues begin long candles at hours of their own choice
        ("7d", 3610, 7210, "lost"),
    ],
)
def test_a_candle_is_lost_where_one_may_have_ended_meanwhile(
    interval: str, begin_s: int, end_s: int, how: str
) -> None:
    """A forming candle is whole in each push; of one that ended within the gap the end may be told to nobody."""
    begin_ns, end_ns = 1_000 * 24 * HOUR + begin_s * NS, 1_000 * 24 * HOUR + end_s * NS
    assert closed(Kline(interval), begin_ns, end_ns) == how  # type: ignore[arg-type]


def test_a_frame_that_does_not_decode_is_a_gap_of_its_connection() -> None:
    """Nobody knows whose it was."""
    coverage = Coverage("v")
    coverage.unread("shard-1", 10, 20)
    coverage.unread("shard-2", 0, 30)
    cause = "a frame that does not decode"
    assert coverage.gaps() == [
        Gap("v shard-1", "v", cause, 10, 20, "lost"),
        Gap("v shard-2", "v", cause, 30, 30, "lost"),
    ]


def test_the_first_start_closes_nothing() -> None:
    """What never was up has no gap."""
    coverage = Coverage("v")
    assert coverage.up(topic_of(Trades()), 5, replay=True) is None
    coverage.given_up(topic_of(Trades()), 6)
    assert coverage.gaps() == []


@pytest.mark.parametrize(("whole", "how"), [(True, "replayed"), (False, "lost")])
def test_a_gap_whose_trades_are_fetched_ends_where_live_data_went_on(whole: bool, how: str) -> None:
    """It stays open until it is known what came of fetching; that takes nothing away from the live data."""
    coverage = Coverage("v")
    topic = topic_of(Trades())
    coverage.lost(topic, 10, "reset")
    gap = coverage.up(topic, 20, replay=True)
    assert gap == Gap(str(topic), "v", "reset", 10)
    coverage.filled(topic, 20, whole=whole)
    coverage.filled(topic, 30, whole=not whole)
    assert coverage.gaps() == [Gap(str(topic), "v", "reset", 10, 20, how)]  # type: ignore[arg-type]


def test_the_end_of_a_feed_is_no_gap_and_ends_those_that_are_open() -> None:
    """A stream that was stopped for good misses nothing that anybody waits for."""
    coverage = Coverage("v")
    coverage.lost(topic_of(Book()), 10, "reset")
    coverage.lost(topic_of(BookTicker()), 15, "stopped")
    coverage.stopping()
    coverage.lost(topic_of(Trades()), 20, "stopped")
    coverage.end(30)
    assert coverage.gaps() == [
        Gap(str(topic_of(Book())), "v", "reset", 10, 30, "lost"),
        Gap(str(topic_of(BookTicker())), "v", "stopped", 15, 30, "lost"),
    ]
