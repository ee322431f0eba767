"""Stream events in words."""

from feedtree.exchanges.public.channels import Book, BookTicker, Topic, Trades
from feedtree.exchanges.public.messages import (
    BookResynced,
    DecodeFailed,
    StreamEvent,
    StreamFailed,
    StreamLost,
    StreamUp,
    SubscriptionRejected,
)
from feedtree.exchanges.public.records import TopicState, TopicStatus
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.stream_lines import LINES_AT_ONCE, event_lines, live_lines


def topic(base: str = "BTC", channel: Book | Trades | None = None) -> Topic:
    return Topic("gateio.spot", Symbol(base, "USDT"), channel or Book())


def test_one_loss_of_many_topics_is_one_line() -> None:
    """A reset that costs five topics is told once, with some of them named."""
    lost = [StreamLost(topic(base), 1, 0, "reset by peer") for base in ("A", "B", "C", "D", "E")]
    assert event_lines(lost) == [
        "gateio.spot lost: reset by peer (A/USDT book:100ms, B/USDT book:100ms, C/USDT book:100ms and 2 more)"
    ]


def test_each_kind_of_event_has_its_words() -> None:
    """Up, resynced, rejected, failed and undecodable are told apart, in order."""
    events: list[StreamEvent | DecodeFailed] = [
        StreamUp(topic(channel=Trades()), 1, 0, 0, 0),
        BookResynced(topic(), 1, 0, 0, 0, 7),
        StreamUp(topic(channel=Trades()), 2, 0, 1_250_000_000, 1),
        BookResynced(topic(), 2, 0, 1_250_000_000, 1, 9),
        SubscriptionRejected(topic("NO"), 1, 0, "unknown currency pair"),
        StreamFailed(topic(), 3, 0, "5 bugs in 60 s"),
    ]
    assert event_lines(events) == [
        "gateio.spot up (BTC/USDT trades)",
        "gateio.spot book live (BTC/USDT book:100ms)",
        "gateio.spot up after 1.2 s (BTC/USDT trades)",
        "gateio.spot book live after 1.2 s (BTC/USDT book:100ms)",
        "gateio.spot rejected: unknown currency pair (NO/USDT book:100ms)",
        "gateio.spot failed until restarted by hand: 5 bugs in 60 s (BTC/USDT book:100ms)",
    ]


def test_a_storm_of_different_events_is_bounded() -> None:
    """Many lines of one moment end in a number."""
    lines = event_lines(StreamLost(topic(), 1, 0, f"cause {number}") for number in range(100))
    assert len(lines) == LINES_AT_ONCE + 1
    assert lines[-1] == f"and {100 - LINES_AT_ONCE} stream events more"


def test_data_are_passed_over() -> None:
    """Only events make lines."""
    assert event_lines([object()]) == []


def test_what_is_live_before_anybody_listens_is_told() -> None:
    """The first venue may be up before the run follows it; what is not live yet will tell by itself."""
    symbol = Symbol("BTC", "USDT")
    statuses = {
        Topic("gateio.spot", symbol, channel): TopicStatus(state, "", "shard-1", "", 0)
        for channel, state in (
            (Book(), TopicState.LIVE),
            (Trades(), TopicState.LIVE),
            (BookTicker(), TopicState.SYNCING),
        )
    }
    assert live_lines("gateio.spot", statuses) == [
        "gateio.spot book live (BTC/USDT book:100ms)",
        "gateio.spot up (BTC/USDT trades)",
    ]
