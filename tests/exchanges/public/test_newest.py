"""Of tickers and candles that two connections bring the latest wins."""

from feedtree.exchanges.public import channels
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.messages import BookTicker, Kline, Ticker
from feedtree.exchanges.public.newest import Newest
from feedtree.exchanges.symbols import Symbol

BTC = Symbol("BTC", "USDT")


def quote(sequence: int | None, bid: float = 1.0, sent_ns: int | None = None) -> BookTicker:
    return BookTicker(Topic("v", BTC, channels.BookTicker()), None, sent_ns, 1, bid, 1.0, 2.0, 1.0, sequence)


def day(sent_ns: int, last: float, venue_ns: int | None = None) -> Ticker:
    topic = Topic("v", BTC, channels.Ticker())
    return Ticker(topic, venue_ns, sent_ns, 1, last, None, None, None, None, None, None, None)


def candle(open_ns: int, sent_ns: int, close: float) -> Kline:
    topic = Topic("v", BTC, channels.Kline())
    return Kline(topic, None, sent_ns, 1, "1m", open_ns, 1.0, 2.0, 0.5, close, None, None, None)


def test_quotes_go_by_the_venues_id() -> None:
    """What was told, or is older, is not told by the other connection."""
    newest = Newest()
    assert newest.news(quote(5), 1)
    assert not newest.news(quote(5), 2)
    assert not newest.news(quote(4, 3.0), 2)
    assert newest.news(quote(6, 3.0), 2)
    assert not newest.news(quote(6, 3.0), 1)
    assert newest.news(quote(7), 1)


def test_the_ids_of_a_connection_that_has_ended_are_compared_with_no_others() -> None:
    """They may be its own: the other one, whose ids are lower, would not be heard any more."""
    newest = Newest()
    assert newest.news(quote(500, 1.0, 10), 1)
    assert not newest.news(quote(3, 2.0, 20), 2)
    newest.ended(2)
    assert not newest.news(quote(4, 2.0, 30), 2)
    newest.ended(1)
    assert not newest.news(quote(5, 3.0, 10), 2)
    assert newest.news(quote(6, 4.0, 40), 2)


def test_quotes_without_an_id_go_by_time_and_by_what_they_say() -> None:
    """The same quote, stamped later by the other gateway, is the same quote."""
    newest = Newest()
    assert newest.news(quote(None, 1.0, 10), 1)
    assert not newest.news(quote(None, 1.0, 11), 2)
    assert newest.news(quote(None, 2.0, 12), 2)
    assert not newest.news(quote(None, 1.0, 11), 1)


def test_what_was_told_before_there_were_two_is_no_news() -> None:
    """A connection begins with the quote as it stands."""
    newest = Newest((1.0, 1.0, 2.0, 1.0))
    assert not newest.news(quote(5), 2)
    assert newest.news(quote(6, 3.0), 2)


def test_one_connection_alone_is_told_as_it_comes() -> None:
    """Whatever its times are: that is how one connection is told anyway."""
    newest = Newest()
    assert all(newest.news(state, 1) for state in (day(10, 1.0), day(10, 1.0), day(9, 2.0)))


def test_statistics_go_by_the_engines_time_or_else_the_gateways() -> None:
    """Where the venue gives its own time, that of sending does not count."""
    newest = Newest()
    assert newest.news(day(10, 1.0), 1)
    assert not newest.news(day(9, 2.0), 2)
    assert newest.news(day(11, 2.0), 2)
    assert not newest.news(day(50, 3.0, venue_ns=11), 1)
    assert newest.news(day(50, 3.0, venue_ns=12), 1)


def test_candles_go_by_their_window_first() -> None:
    """The last word on a candle that is over does not come after the next one."""
    newest = Newest()
    assert newest.news(candle(60, 70, 1.0), 1)
    assert newest.news(candle(120, 121, 1.0), 2)
    assert not newest.news(candle(60, 122, 1.5), 1)
    assert newest.news(candle(120, 123, 1.5), 1)


def test_a_time_that_is_not_stated_is_the_oldest() -> None:
    """Such a state is told where its own connection brings it."""
    newest = Newest()
    assert newest.news(quote(None, 1.0, None), 1)
    assert not newest.news(quote(None, 2.0, None), 2)
