"""Channels are values: what a consumer wants of a symbol, in no venue's words.

``Book()``, ``Trades()``, ``Kline("1m")`` are channels; so are their plain names ``"book"``, ``"trades"``,
``"kline:1m"`` and the members of `PublicWebsocketChannelType`, which mean the defaults.
"""

from enum import StrEnum
from typing import Literal

import msgspec
from msgspec import Struct

from feedtree.exchanges.symbols import Symbol

BookSpeed = Literal["10ms", "20ms", "100ms"]
KlineInterval = Literal["10s", "1m", "5m", "15m", "30m", "1h", "4h", "8h", "1d", "1w", "1M"]


class Book(Struct, frozen=True, cache_hash=True, gc=False, tag=True):
    """An order book kept in step with the venue.

    Args:
        speed: how often the venue pushes changes. Gate.io has 20ms and 100ms, MEXC 10ms and 100ms.
        depth: the least number of levels a side that is wanted; None is the venue's default.
    """

    speed: BookSpeed = "100ms"
    depth: int | None = None

    def __str__(self) -> str:
        depth = "" if self.depth is None else f":{self.depth}"
        return f"book:{self.speed}{depth}"


class Trades(Struct, frozen=True, cache_hash=True, gc=False, tag=True):
    """Every public trade."""

    def __str__(self) -> str:
        return "trades"


class BookTicker(Struct, frozen=True, cache_hash=True, gc=False, tag="BookTickerChannel"):
    """Best bid and ask whenever one of them changes.

    Args:
        speed: 10ms or 100ms where the venue offers a choice (MEXC); ignored elsewhere.
    """

    speed: BookSpeed = "100ms"

    def __str__(self) -> str:
        return "book_ticker" if self.speed == "100ms" else f"book_ticker:{self.speed}"


class Ticker(Struct, frozen=True, cache_hash=True, gc=False, tag="TickerChannel"):
    """The 24 h statistics of a symbol, every second (Gate.io) or every three (MEXC)."""

    def __str__(self) -> str:
        return "ticker"


class Kline(Struct, frozen=True, cache_hash=True, gc=False, tag="KlineChannel"):
    """Candles of one interval, pushed as they form.

    Args:
        interval: ``1m``, ``1h``, ``1d`` and so on; not every venue has every interval.
    """

    interval: KlineInterval = "1m"

    def __str__(self) -> str:
        return f"kline:{self.interval}"


Channel = Book | Trades | BookTicker | Ticker | Kline


class PublicWebsocketChannelType(StrEnum):
    """The plain names of the channels with their defaults."""

    BOOK = "book"
    TRADES = "trades"
    BOOK_TICKER = "book_ticker"
    TICKER = "ticker"
    KLINE = "kline"


_KINDS: dict[str, tuple[type[Channel], tuple[str, ...]]] = {
    "book": (Book, ("speed", "depth")),
    "trades": (Trades, ()),
    "book_ticker": (BookTicker, ("speed",)),
    "ticker": (Ticker, ()),
    "kline": (Kline, ("interval",)),
}


def parse_channel(value: "Channel | PublicWebsocketChannelType | str") -> Channel:
    """Turn a plain name into a channel; a channel is returned as it is.

    The form is ``name[:option[:option]]``: ``"book"``, ``"book:20ms"``, ``"book:100ms:50"``,
    ``"book_ticker:10ms"``, ``"kline:1m"``.

    Raises:
        ValueError: the name or an option is unknown; the message lists what is allowed.
    """
    if not isinstance(value, str):
        return value
    name, *options = value.split(":")
    if name not in _KINDS:
        raise ValueError(f"unknown channel {value!r}: allowed are {', '.join(_KINDS)}")
    kind, fields = _KINDS[name]
    if len(options) > len(fields):
        raise ValueError(f"channel {value!r} has too many options: {name} takes {len(fields)}")
    try:
        return msgspec.convert(
            {"type": kind.__struct_config__.tag, **dict(zip(fields, options, strict=False))},
            kind,
            strict=False,
        )
    except msgspec.ValidationError as error:
        raise ValueError(f"channel {value!r}: {error}") from error


class Topic(Struct, frozen=True, cache_hash=True, gc=False):
    """One (venue, symbol, channel): what a message belongs to, what a subscription asks for.

    Hashing is cached, so a topic is a cheap key on the hot path.
    """

    venue: str
    symbol: Symbol
    channel: Channel

    def __str__(self) -> str:
        return f"{self.venue} {self.symbol} {self.channel}"
