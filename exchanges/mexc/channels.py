"""Which of MEXC's channels serve a topic.

A push names its whole topic, with speed, symbol and level, so that text is a topic's key.
"""

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

AGGRE_DEPTH = "spot@public.aggre.depth.v3.api.pb"
LIMIT_DEPTH = "spot@public.limit.depth.v3.api.pb"
AGGRE_DEALS = "spot@public.aggre.deals.v3.api.pb"
AGGRE_BOOK_TICKER = "spot@public.aggre.bookTicker.v3.api.pb"
MINI_TICKER = "spot@public.miniTicker.v3.api.pb"
KLINE = "spot@public.kline.v3.api.pb"

SNAPSHOT_LEVELS = 5000
"""What REST gives at most; ``aggre.depth`` tells every change, also beyond it."""

_SPEEDS: tuple[BookSpeed, ...] = ("100ms", "10ms")
_LIMITS = (5, 10, 20)
_LIMIT_SPEED: BookSpeed = "100ms"  # none is documented; counted as the slower one
_TRADES_SPEED: BookSpeed = "100ms"
_TICKER_ZONE = "24H"  # a rolling day; the other zones count from their midnight
_INTERVALS: dict[KlineInterval, str] = {
    "1m": "Min1",
    "5m": "Min5",
    "15m": "Min15",
    "30m": "Min30",
    "1h": "Min60",
    "4h": "Hour4",
    "8h": "Hour8",
    "1d": "Day1",
    "1w": "Week1",
    "1M": "Month1",
}


def resolve(topic: Topic, symbols: SymbolMap) -> tuple[WireTopic, ...]:
    """Return the ways in which MEXC spot serves a topic, preferred first.

    A book without a depth is served by ``aggre.depth``; with a depth, by the channel of that speed with the
    fewest levels that hold it: ``limit.depth`` of 5, 10 or 20 levels, then ``aggre.depth``.

    Raises:
        ChannelNotOffered: no channel of that kind, speed, depth or interval; the message says what there is.
    """
    wire = symbols.to_wire(topic.symbol)
    channel: Channel = topic.channel
    match channel:
        case Book():
            return _books(topic, channel, wire)
        case Trades():
            return (_plain(topic, AGGRE_DEALS, f"{AGGRE_DEALS}@{_TRADES_SPEED}@{wire}"),)
        case BookTicker(speed=speed):
            if speed not in _SPEEDS:
                raise ChannelNotOffered(
                    f"{topic.venue} does not offer {channel}: it has book tickers at {' and '.join(_SPEEDS)}"
                )
            return (_plain(topic, AGGRE_BOOK_TICKER, f"{AGGRE_BOOK_TICKER}@{speed}@{wire}"),)
        case Ticker():
            return (_plain(topic, MINI_TICKER, f"{MINI_TICKER}@{wire}@{_TICKER_ZONE}"),)
        case Kline(interval=interval):
            if interval not in _INTERVALS:
                raise ChannelNotOffered(
                    f"{topic.venue} does not offer {channel}: it has {', '.join(_INTERVALS)}"
                )
            return (_plain(topic, KLINE, f"{KLINE}@{wire}@{_INTERVALS[interval]}"),)


def _books(topic: Topic, wanted: Book, wire: str) -> tuple[WireTopic, ...]:
    least = SNAPSHOT_LEVELS if wanted.depth is None else wanted.depth
    if wanted.speed not in _SPEEDS or not 0 < least <= SNAPSHOT_LEVELS:
        raise ChannelNotOffered(
            f"{topic.venue} does not offer {wanted}: it has books at {' and '.join(_SPEEDS)} "
            f"with 1 to {SNAPSHOT_LEVELS} levels"
        )
    changes = f"{AGGRE_DEPTH}@{wanted.speed}@{wire}"
    return (
        *(_whole(topic, wire, n) for n in _LIMITS if n >= least and wanted.speed == _LIMIT_SPEED),
        WireTopic(topic, changes, AGGRE_DEPTH, (changes,), Seed.REST, SNAPSHOT_LEVELS),
    )


def _whole(topic: Topic, wire: str, levels: int) -> WireTopic:
    key = f"{LIMIT_DEPTH}@{wire}@{levels}"
    return WireTopic(topic, key, LIMIT_DEPTH, (key,), Seed.WHOLE, levels, levels)


def _plain(topic: Topic, name: str, key: str) -> WireTopic:
    return WireTopic(topic, key, name, (key,))
