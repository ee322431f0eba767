"""Which of Gate.io's channels serve a topic."""

from feedtree.exchanges.public.channels import (
    Book,
    BookSpeed,
    BookTicker,
    Channel,
    Kline,
    KlineInterval,
    Ticker,
    Topic,
    Trades,
)
from feedtree.exchanges.public.codec import ChannelNotOffered, Seed, WireTopic
from feedtree.exchanges.symbols import SymbolMap

OBU = "spot.obu"
ORDER_BOOK_UPDATE = "spot.order_book_update"
TRADES = "spot.trades"
BOOK_TICKER = "spot.book_ticker"
TICKERS = "spot.tickers"
CANDLESTICKS = "spot.candlesticks"

# the venue's default first: (channel, levels a side)
_BOOKS: dict[BookSpeed, tuple[tuple[str, int], ...]] = {
    "100ms": ((OBU, 400), (ORDER_BOOK_UPDATE, 100)),
    "20ms": ((OBU, 50), (ORDER_BOOK_UPDATE, 20)),
}
_INTERVALS: dict[KlineInterval, str] = {
    "10s": "10s",
    "1m": "1m",
    "5m": "5m",
    "15m": "15m",
    "30m": "30m",
    "1h": "1h",
    "4h": "4h",
    "8h": "8h",
    "1d": "1d",
    "1w": "7d",
}


def resolve(topic: Topic, symbols: SymbolMap) -> tuple[WireTopic, ...]:
    """Return the ways in which Gate.io spot serves a topic, preferred first.

    A book without a depth is served by ``spot.obu``, with ``spot.order_book_update`` as fallback; with a
    depth, by the channel of that speed with the fewest levels that hold it.

    Raises:
        ChannelNotOffered: no channel of that kind, speed, depth or interval; the message says what there is.
    """
    pair = symbols.to_wire(topic.symbol)
    channel: Channel = topic.channel
    match channel:
        case Book():
            return tuple(_book(topic, pair, name, levels) for name, levels in _offered(topic, channel))
        case Trades():
            return (_plain(topic, TRADES, pair),)
        case BookTicker():
            return (_plain(topic, BOOK_TICKER, pair),)
        case Ticker():
            return (_plain(topic, TICKERS, pair),)
        case Kline(interval=interval):
            return (_candles(topic, pair, interval),)


def _offered(topic: Topic, wanted: Book) -> tuple[tuple[str, int], ...]:
    books = _BOOKS.get(wanted.speed, ())
    if wanted.depth is not None:
        depth = wanted.depth
        books = tuple(sorted((book for book in books if book[1] >= depth), key=lambda book: book[1]))
    if not books:
        offered = "; ".join(
            f"{speed} with {' or '.join(str(levels) for _, levels in books)} levels"
            for speed, books in _BOOKS.items()
        )
        raise ChannelNotOffered(f"{topic.venue} does not offer {wanted}: it has books at {offered}")
    return books


def _book(topic: Topic, pair: str, name: str, levels: int) -> WireTopic:
    if name == OBU:
        stream = f"ob.{pair}.{levels}"
        return WireTopic(topic, stream, OBU, (stream,), Seed.SOCKET, levels, levels)
    speed = topic.channel.speed if isinstance(topic.channel, Book) else ""
    return WireTopic(topic, f"{name}:{pair}", name, (pair, speed), Seed.REST, levels, levels)


def _plain(topic: Topic, name: str, pair: str) -> WireTopic:
    return WireTopic(topic, f"{name}:{pair}", name, (pair,))


def _candles(topic: Topic, pair: str, interval: KlineInterval) -> WireTopic:
    wire = _INTERVALS.get(interval)
    if wire is None:
        raise ChannelNotOffered(
            f"{topic.venue} does not offer kline:{interval}: it has {', '.join(_INTERVALS)}"
        )
    return WireTopic(topic, f"{CANDLESTICKS}:{wire}_{pair}", CANDLESTICKS, (wire, pair))
