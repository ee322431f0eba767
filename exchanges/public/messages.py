"""The typed messages of the public side.

Every message names its `Topic`. Times are UTC nanoseconds: ``venue_ns`` is the matching engine's time and
``sent_ns`` the gateway's, each None where the venue does not say; ``received_ns`` is ours, taken once per
burst. Prices and sizes are floats: equal decimal strings give equal floats.
"""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from feedtree.exchanges.public.channels import Channel, Topic
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

Levels: TypeAlias = list[tuple[float, float]]  # (price, size); a size of 0 deletes the level


class PublicMessage(Struct, frozen=True, gc=False, tag=True):
    """What every public message and stream event has."""

    topic: Topic

    @property
    def venue(self) -> str:
        """The market that it comes from, ``gateio.spot``."""
        return self.topic.venue

    @property
    def symbol(self) -> Symbol:
        """The symbol that it speaks of."""
        return self.topic.symbol

    @property
    def channel(self) -> Channel:
        """The channel that it came on."""
        return self.topic.channel


class MarketData(PublicMessage, frozen=True, gc=False):
    """A datum of the market, with the three clocks."""

    venue_ns: int | None
    sent_ns: int | None
    received_ns: int


class BookDelta(MarketData, frozen=True, gc=False):
    """One change of a book: absolute new sizes, covering the ids ``first`` to ``last`` inclusive."""

    first: int
    last: int
    bids: Levels
    asks: Levels


class BookSnapshot(MarketData, frozen=True, gc=False):
    """A whole book (to the channel's depth) as it stood at ``sequence``."""

    sequence: int
    bids: Levels
    asks: Levels


class BookState(StrEnum):
    """Whether a book may be traded on."""

    SYNCING = "syncing"
    LIVE = "live"
    STALE = "stale"


class BookView(Struct, frozen=True, gc=False):
    """An immutable look at a book.

    Args:
        state: only a LIVE book equals the venue's.
        sequence: the venue's id of the last change in it.
        bids: (price, size) best first, to the depth of the view.
        asks: (price, size) best first, to the depth of the view.
        true_depth: the number of levels a side to which the venue keeps us informed.
        changed_ns: when its last change was received; 0 before the first.
        rendered_ns: when this view was taken.
    """

    state: BookState
    sequence: int
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]
    true_depth: int
    changed_ns: int
    rendered_ns: int

    @property
    def live(self) -> bool:
        """True while the book equals the venue's."""
        return self.state is BookState.LIVE

    @property
    def age(self) -> float:
        """Seconds between the last change and the taking of this view."""
        return (self.rendered_ns - self.changed_ns) / 1e9

    @property
    def best_bid(self) -> float | None:
        """The highest bid's price; None where there is no bid."""
        return self.bids[0][0] if self.bids else None

    @property
    def best_ask(self) -> float | None:
        """The lowest ask's price; None where there is no ask."""
        return self.asks[0][0] if self.asks else None

    def volume_to(self, side: Side, price: float) -> float:
        """Return what a taker finds up to a price, inclusive, in base units, within the levels of this view.

        Args:
            side: the taker's: BUY takes asks, SELL takes bids.
            price: the worst price that is accepted.
        """
        if side is Side.BUY:
            return sum(size for at, size in self.asks if at <= price)
        return sum(size for at, size in self.bids if at >= price)

    @property
    def best_bid_size(self) -> float | None:
        """The size at the highest bid; None where there is no bid."""
        return self.bids[0][1] if self.bids else None

    @property
    def best_ask_size(self) -> float | None:
        """The size at the lowest ask; None where there is no ask."""
        return self.asks[0][1] if self.asks else None


class BookUpdate(MarketData, frozen=True, gc=False):
    """The newest state of a book, rendered when the consumer takes it.

    Args:
        sequence: the venue's id of the last change in ``book``.
        skipped: how many changes were conflated into this one since the last that was taken.
        book: the view that the consumer asked for.
    """

    sequence: int
    skipped: int
    book: BookView


class Trade(MarketData, frozen=True, gc=False):
    """One public trade; ``side`` is the taker's.

    One that was missed and fetched afterwards is ``recovered``: it comes amid later ones, in order with other
    recovered ones, and never twice.

    Args:
        id: the venue's own, unique within the symbol; where the venue gave none, one made up, that begins with ``~``.
    """

    id: str
    side: Side
    price: float
    size: float
    recovered: bool = False


class BookTicker(MarketData, frozen=True, gc=False):
    """Best bid and ask; a side without orders is None, None."""

    bid: float | None
    bid_size: float | None
    ask: float | None
    ask_size: float | None
    sequence: int | None


class Ticker(MarketData, frozen=True, gc=False):
    """Statistics over 24 h; ``change`` is a ratio (0.0123 is +1.23 %)."""

    last: float
    bid: float | None
    ask: float | None
    high: float | None
    low: float | None
    base_volume: float | None
    quote_volume: float | None
    change: float | None


class Kline(MarketData, frozen=True, gc=False):
    """One candle as it stands; ``closed`` is None where the venue does not say."""

    interval: str
    open_ns: int
    open: float
    high: float
    low: float
    close: float
    base_volume: float | None
    quote_volume: float | None
    closed: bool | None


class StreamEvent(PublicMessage, frozen=True, gc=False):
    """What happened to a stream; stands in order with its data. ``at_ns`` is our clock."""

    generation: int
    at_ns: int


class StreamLost(StreamEvent, frozen=True, gc=False):
    """The stream is down or in doubt: nothing of this topic is true until it is up or resynced."""

    cause: str


class StreamUp(StreamEvent, frozen=True, gc=False):
    """A channel without snapshot flows (again).

    What passed while it was down does not come before it: trades may follow as recovered ones, where the venue can be
    asked for them.

    Args:
        outage_ns: time without the stream; summed where several unread outages were collapsed.
        outages: how many outages this event closes; 0 for the first start.
    """

    outage_ns: int
    outages: int


class BookResynced(StreamEvent, frozen=True, gc=False):
    """The book equals the venue's (again) at ``sequence``; fields as in `StreamUp`."""

    outage_ns: int
    outages: int
    sequence: int


class SubscriptionRejected(StreamEvent, frozen=True, gc=False):
    """The venue refuses this topic, in its own words."""

    reason: str


class StreamFailed(StreamEvent, frozen=True, gc=False):
    """The stream's branch was parked: it stays down until somebody restarts it."""

    reason: str


class DecodeFailed(Struct, frozen=True, gc=False, tag=True):
    """A frame of a venue did not decode; it was counted and kept, and killed nothing.

    Args:
        venue: whose frame it was.
        shard: the connection that it came on.
        size: its length in bytes or characters.
        error: what the decoder said.
    """

    venue: str
    shard: str
    generation: int
    at_ns: int
    size: int
    error: str
