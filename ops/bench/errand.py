"""What a client is told, and what clients share outside of their clocks."""

import ssl
from collections.abc import Iterable

from msgspec import Struct

from feedtree.exchanges.gateio.channels import (
    BOOK_TICKER,
    CANDLESTICKS,
    OBU,
    ORDER_BOOK_UPDATE,
    TICKERS,
    TRADES,
    resolve,
)
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_pushes import Topics
from feedtree.exchanges.public.book import OrderBook
from feedtree.exchanges.public.book_sync import BookSync, Outcome
from feedtree.exchanges.public.channels import Book, Channel, Ticker, Topic, Trades
from feedtree.exchanges.public.codec import Seed, WireTopic
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot, Trade
from feedtree.exchanges.public.messages import Ticker as TickerMessage
from feedtree.exchanges.symbols import Symbol, SymbolMap
from feedtree.ops.bench.traffic import LEVELS
from feedtree.ops.bench.truth import Books, Ladder

VENUE = "gateio.spot"
CHANNELS: tuple[Channel, ...] = (Book(), Trades(), Ticker())
MIX: tuple[type, ...] = (BookDelta, Trade, TickerMessage)  # the messages that count
_VENUE_CHANNELS = (OBU, ORDER_BOOK_UPDATE, TRADES, BOOK_TICKER, TICKERS, CANDLESTICKS)


class Errand(Struct, frozen=True):
    """One client's task.

    Args:
        url: of the blasting server.
        ca_file: whom to trust, where the url is ``wss``.
        core: to be pinned to.
        pairs: what to subscribe to, ``BTC/USDT``.
        timed: messages until the clock stops.
        total: messages with the tail.
        middle: the books after the timed ones; of a paced run, none.
        warm: messages of a paced run before its clock starts.
        arrivals: file for the times at which messages reached the consumer of a paced run.
        profile: whether to note where the time went, at the cost of the figures.
    """

    url: str
    ca_file: str | None
    core: int | None
    pairs: tuple[str, ...]
    timed: int
    total: int
    middle: Books = {}
    warm: int = 0
    arrivals: str | None = None
    profile: bool = False

    @property
    def symbols(self) -> list[Symbol]:
        """What to subscribe to."""
        return [Symbol.parse(name) for name in self.pairs]

    def tls_context(self) -> ssl.SSLContext | None:
        """Return a context for clients of other libraries, None where the url is plain."""
        return ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None

    def topics(self) -> list[WireTopic]:
        """Return every topic of the traffic as the venue serves it."""
        symbols = SymbolMap(spell)
        return [
            resolve(Topic(VENUE, symbol, channel), symbols)[0]
            for channel in CHANNELS
            for symbol in self.symbols
        ]

    def named(self) -> dict[str, Topics]:
        """Return what pushes name, by the venue's channel, for the codec's own builders."""
        named: dict[str, Topics] = {channel: {} for channel in _VENUE_CHANNELS}
        for wire in self.topics():
            named[wire.channel][wire.params[0]] = wire.topic
        return named


def new_sync() -> BookSync:
    """Return the book that clients with books keep of each symbol."""
    return BookSync(Seed.SOCKET, LEVELS, LEVELS)


def ladder(book: OrderBook) -> Ladder:
    """Return all of a book, for the comparison."""
    return Ladder(book.sequence, list(book.bids.top()), list(book.asks.top()))


def books_after(middle: Books, messages: Iterable[object]) -> Books:
    """Return the books that these changes lead to; those before the middle do nothing.

    Raises:
        ValueError: a change is missing.
    """
    syncs: dict[str, BookSync] = {}
    for name, start in middle.items():
        syncs[name] = new_sync()
        topic = Topic(VENUE, Symbol.parse(name), Book())
        syncs[name].whole(BookSnapshot(topic, None, None, 0, start.sequence, start.bids, start.asks))
    for message in messages:
        if isinstance(message, BookDelta):
            sync = syncs[str(message.symbol)]
            if sync.delta(message) is Outcome.GAP:
                raise ValueError(f"{message.symbol}: {sync.reason}")
    return {name: ladder(sync.book) for name, sync in syncs.items()}
