"""What a venue's public protocol is: pure translation, no socket, no clock.

A codec is made anew for every connection. It turns wanted topics into request frames, and received payloads
into messages and control items. It never sleeps, connects or retries.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Protocol, TypeAlias

from msgspec import Struct

from feedtree.exchanges.controls import Answer, Notice, Payload, Pong, Undecodable, Unknown
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.messages import (
    BookDelta,
    BookSnapshot,
    BookTicker,
    Kline,
    Levels,
    Ticker,
    Trade,
)

MADE_UP = "~"
"""What the id of a trade begins with that the venue gave none: it need not be the same on another connection."""


class Seed(Enum):
    """Where a topic's first state comes from."""

    NONE = "none"  # not a book
    SOCKET = "socket"  # the venue pushes a whole book first (Gate.io obu)
    REST = "rest"  # a REST snapshot joins the pushes
    WHOLE = "whole"  # every push is the whole book (MEXC limit depth)


class WireTopic(Struct, frozen=True, cache_hash=True, gc=False):
    """One way in which a venue can serve a topic.

    Args:
        topic: what the consumer asked for.
        key: what the venue's pushes name; unique on a connection (two topics of one key never share one).
        channel: the venue's channel name (``spot.obu``, ``spot@public.aggre.depth.v3.api.pb``).
        params: the venue's own subscription parameters.
        seed: where a book's first state comes from.
        levels: to how many levels a side the book is true; 0 for other channels.
        window: the pushes tell of the best so many levels a side only; 0: of the whole book.
    """

    topic: Topic
    key: str
    channel: str
    params: tuple[str, ...]
    seed: Seed = Seed.NONE
    levels: int = 0
    window: int = 0


class Request(Struct, frozen=True):
    """A frame to send, and the topics that its answer decides on."""

    frame: Payload
    topics: tuple[WireTopic, ...]


class Confirmed(Struct, frozen=True):
    """The venue accepted these subscriptions."""

    topics: tuple[WireTopic, ...]


class Refused(Struct, frozen=True):
    """The venue refused these subscriptions, in its own words."""

    topics: tuple[WireTopic, ...]
    reason: str


class Resend(Struct, frozen=True):
    """A frame was refused as a whole: ask again, one request frame or more for each group."""

    groups: tuple[tuple[WireTopic, ...], ...]


class Removed(Struct, frozen=True):
    """The venue took these subscriptions away, as asked."""

    topics: tuple[WireTopic, ...]


Control: TypeAlias = Confirmed | Refused | Resend | Removed | Pong | Answer | Notice | Unknown | Undecodable
Datum: TypeAlias = BookDelta | BookSnapshot | Trade | BookTicker | Ticker | Kline
Decoded: TypeAlias = Datum | Control


class ChannelNotOffered(ValueError):
    """The venue has no channel of that kind, speed or depth; the message says what it has."""


class PublicCodec(Protocol):
    """One connection's protocol."""

    def subscribe(self, topics: Sequence[WireTopic], now: float) -> list[Request]:
        """Return the frames that ask for these topics, and expect their answers and pushes from now on.

        Args:
            topics: in the order in which they are wanted.
            now: UTC seconds, for venues that want a time in each request.
        """
        ...

    def unsubscribe(self, topics: Sequence[WireTopic], now: float) -> list[Request]:
        """Return the frames that end these topics; their late pushes count as `Unknown`, not as errors."""
        ...

    def ping(self, now: float) -> Payload:
        """Return the venue's own application ping."""
        ...

    def decode(self, payloads: Sequence[Payload], received_ns: int) -> list[Decoded]:
        """Translate one burst, in order. Never raises for what a peer sent: see `Undecodable`.

        A price or size that is not a number (``"NaN"``, ``"inf"``) may pass: the book checks each level.
        """
        ...


class RawBook(Struct, frozen=True, gc=False):
    """A book as a venue's REST interface gave it."""

    sequence: int
    venue_ns: int | None
    bids: Levels
    asks: Levels
