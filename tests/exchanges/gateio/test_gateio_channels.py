"""Which channel of the venue serves what was asked for."""

import pytest

from feedtree.exchanges.gateio.channels import resolve
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.public.channels import Book, BookTicker, Channel, Kline, Ticker, Topic, Trades
from feedtree.exchanges.public.codec import ChannelNotOffered, Seed
from feedtree.exchanges.symbols import Symbol, SymbolMap

BTC = Symbol("BTC", "USDT")
OBU, UPDATE = "spot.obu", "spot.order_book_update"


def topic(channel: Channel) -> Topic:
    return Topic("gateio.spot", BTC, channel)


@pytest.mark.parametrize(
    ("book", "offered"),
    [
        (Book(), [(OBU, 400), (UPDATE, 100)]),
        (Book("20ms"), [(OBU, 50), (UPDATE, 20)]),
        (Book("100ms", 1), [(UPDATE, 100), (OBU, 400)]),
        (Book("100ms", 100), [(UPDATE, 100), (OBU, 400)]),
        (Book("100ms", 101), [(OBU, 400)]),
        (Book("100ms", 400), [(OBU, 400)]),
        (Book("20ms", 20), [(UPDATE, 20), (OBU, 50)]),
        (Book("20ms", 21), [(OBU, 50)]),
    ],
)
def test_books_are_served_by_the_cheapest_channel_that_holds_them(
    book: Book, offered: list[tuple[str, int]], symbols: SymbolMap
) -> None:
    """Without a depth the venue's default; with one, the fewest levels that hold it; the rest as fallback."""
    found = resolve(topic(book), symbols)
    assert [(wire.channel, wire.levels) for wire in found] == offered


@pytest.mark.parametrize("book", [Book("10ms"), Book("100ms", 401), Book("20ms", 51)])
def test_books_that_the_venue_lacks_are_refused_with_what_there_is(book: Book, symbols: SymbolMap) -> None:
    """A speed or depth that no channel has names all that there are."""
    with pytest.raises(ChannelNotOffered, match=r"100ms with 400 or 100 levels; 20ms with 50 or 20 levels"):
        resolve(topic(book), symbols)


def test_wire_topics_say_what_to_send_and_what_will_come(symbols: SymbolMap) -> None:
    """Parameters as the venue wants them, and the seed of a book."""
    obu, update = resolve(topic(Book("20ms")), symbols)
    assert (obu.params, obu.key, obu.seed) == (("ob.BTC_USDT.50",), "ob.BTC_USDT.50", Seed.SOCKET)
    assert (update.params, update.seed) == (("BTC_USDT", "20ms"), Seed.REST)
    (candles,) = resolve(topic(Kline("1w")), symbols)
    assert (candles.channel, candles.params) == ("spot.candlesticks", ("7d", "BTC_USDT"))
    assert (candles.seed, candles.levels) == (Seed.NONE, 0)


def test_an_interval_that_the_venue_lacks_is_refused_with_those_it_has(symbols: SymbolMap) -> None:
    """There are no monthly candles."""
    with pytest.raises(ChannelNotOffered, match="10s, 1m, 5m, 15m, 30m, 1h, 4h, 8h, 1d, 1w"):
        resolve(topic(Kline("1M")), symbols)


def test_keys_are_unique_over_channels(symbols: SymbolMap) -> None:
    """Two topics share a key only where their pushes cannot be told apart."""
    channels: list[Channel] = [Trades(), BookTicker(), Ticker(), Kline("1m"), Kline("1h"), Book()]
    wires = [wire for channel in channels for wire in resolve(topic(channel), symbols)]
    assert len({wire.key for wire in wires}) == len(wires)
    slow, fast = (resolve(topic(Book(speed)), symbols)[1] for speed in ("100ms", "20ms"))
    assert slow.key == fast.key  # a push of order_book_update names only the pair


def test_symbols_are_spelled_with_an_underscore() -> None:
    """Upper case, base first."""
    assert spell(BTC) == "BTC_USDT"
