"""How a consumer looks at books, and the mailbox routes that follow from it."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from operator import attrgetter
from typing import Any

from msgspec import Struct

from feedtree.actors.routes import EventRule, Policy, Role, Route
from feedtree.exchanges.public.book import OrderBook
from feedtree.exchanges.public.channels import Book, Channel, Topic, Trades
from feedtree.exchanges.public.channels import BookTicker as BookTickerChannel
from feedtree.exchanges.public.channels import Kline as KlineChannel
from feedtree.exchanges.public.channels import Ticker as TickerChannel
from feedtree.exchanges.public.messages import (
    BookDelta,
    BookResynced,
    BookSnapshot,
    BookTicker,
    BookUpdate,
    DecodeFailed,
    Kline,
    StreamFailed,
    StreamLost,
    StreamUp,
    SubscriptionRejected,
    Ticker,
    Trade,
)
from feedtree.exchanges.symbols import Symbol

Books = Callable[[Topic], OrderBook | None]
Clock = Callable[[], int]


class View(Struct, frozen=True):
    """How books are shown: to so many levels a side, or as every single change (None)."""

    levels: int | None


def top() -> View:
    """Show the best bid and ask, newest state only."""
    return View(1)


def depth(levels: int) -> View:
    """Show so many levels a side, newest state only, rendered when the consumer takes it.

    Raises:
        ValueError: fewer than one level.
    """
    if levels < 1:
        raise ValueError(f"depth({levels}): a view needs at least one level")
    return View(levels)


def deltas() -> View:
    """Show every change: a `BookSnapshot` first, then each `BookDelta` in order."""
    return View(None)


CHANNEL_OF: dict[type, type[Channel]] = {
    BookUpdate: Book,
    BookDelta: Book,
    BookSnapshot: Book,
    Trade: Trades,
    BookTicker: BookTickerChannel,
    Ticker: TickerChannel,
    Kline: KlineChannel,
}
DEFAULT_KINDS: tuple[type, ...] = (BookUpdate, Trade, BookTicker, Ticker, Kline)
DEFAULT_POLICY: dict[type, Policy] = {
    BookUpdate: Policy.CONFLATE,
    BookDelta: Policy.DROP_OLDEST,
    Trade: Policy.DROP_OLDEST,
    BookTicker: Policy.CONFLATE,
    Ticker: Policy.CONFLATE,
    Kline: Policy.CONFLATE,
}

_topic = attrgetter("topic")


class Selection:
    """Which topics a mailbox wants; None wants all.

    Call it with a message to learn whether it is wanted; the answer is remembered by topic.
    """

    def __init__(
        self,
        kinds: Iterable[type],
        symbols: Iterable[Symbol] | None,
        channels: Iterable[Channel] | None,
        venues: Iterable[str] | None,
    ) -> None:
        self._classes = frozenset(CHANNEL_OF[kind] for kind in kinds)
        self._symbols = None if symbols is None else frozenset(symbols)
        self._channels = None if channels is None else frozenset(channels)
        self._venues = None if venues is None else frozenset(venues)
        self._known: dict[Topic, bool] = {}

    @property
    def narrow(self) -> bool:
        """Whether some data of a wanted class are not wanted; otherwise only events need to be judged."""
        return not (self._symbols is None and self._channels is None and self._venues is None)

    def wants(self, topic: Topic) -> bool:
        """Return whether messages of this topic are wanted."""
        known = self._known.get(topic)
        if known is None:
            known = self._known[topic] = (
                topic.channel.__class__ in self._classes
                and (self._symbols is None or topic.symbol in self._symbols)
                and (self._channels is None or topic.channel in self._channels)
                and self.wants_venue(topic.venue)
            )
        return known

    def wants_venue(self, venue: str) -> bool:
        """Return whether anything of this venue is wanted."""
        return self._venues is None or venue in self._venues

    def __call__(self, message: Any) -> bool:
        """Return whether this message is wanted."""
        if message.__class__ is DecodeFailed:
            return self.wants_venue(message.venue)
        topic = message.topic
        known = self._known.get(topic)
        return self.wants(topic) if known is None else known


def routes(
    kinds: Iterable[type], view: View, policies: Mapping[type, Policy], books: Books, wall_ns: Clock
) -> list[Route]:
    """Return the routes of a mailbox.

    Args:
        kinds: message classes that are wanted.
        view: how books are shown.
        policies: by message class; the defaults stand for those that are missing.
        books: finds the live book of a topic.
        wall_ns: UTC nanoseconds, for a view's age.

    Raises:
        ValueError: a class that no mailbox carries, or a view that does not go with the class.
    """
    found: list[Route] = []
    for kind in dict.fromkeys(kinds):
        if kind not in CHANNEL_OF:
            allowed = ", ".join(sorted(known.__name__ for known in CHANNEL_OF))
            raise ValueError(
                f"{kind.__name__} is no kind of message that a mailbox selects: allowed are {allowed}"
            )
        policy = policies.get(kind, DEFAULT_POLICY.get(kind, Policy.DROP_OLDEST))
        if kind is BookUpdate:
            found += _rendered(view, policy, books, wall_ns)
        elif kind is BookDelta:
            found += _changes(policy, books)
        elif kind is not BookSnapshot:
            found.append(Route(kind, policy, key=_topic))
    return found


def _rendered(view: View, policy: Policy, books: Books, wall_ns: Clock) -> list[Route]:
    if view.levels is None:
        raise ValueError(
            "deltas() shows BookDelta and BookSnapshot messages: ask for BookDelta, not BookUpdate"
        )
    levels = view.levels

    def render(message: Any, skipped: int) -> BookUpdate | None:
        book = books(message.topic)
        if book is None or not book.live:
            return None
        return BookUpdate(
            message.topic,
            book.venue_ns,
            book.sent_ns,
            book.changed_ns,
            book.sequence,
            skipped,
            book.view(levels, wall_ns()),
        )

    if policy is not Policy.CONFLATE:
        raise ValueError(f"BookUpdate shows the newest state: its policy is conflate, not {policy}")
    return [Route(kind, policy, key=_topic, render=render) for kind in (BookDelta, BookSnapshot)]


def _changes(policy: Policy, books: Books) -> list[Route]:
    if policy is Policy.CONFLATE:
        raise ValueError("BookDelta cannot be conflated: each change is needed; ask for BookUpdate instead")
    if policy is not Policy.DROP_OLDEST:  # no other policy leaves gaps to resume from
        return [Route(kind, policy, key=_topic) for kind in (BookDelta, BookSnapshot)]

    def resume(topic: Hashable) -> BookSnapshot | None:
        assert isinstance(topic, Topic)
        book = books(topic)
        if book is None or not book.live:
            return None
        return snapshot_of(topic, book)

    def past(resumed: Any, message: Any) -> bool:
        last: int = message.last if message.__class__ is BookDelta else message.sequence
        return bool(last <= resumed.sequence)

    return [
        Route(kind, policy, key=_topic, resume=resume, resumed_past=past)
        for kind in (BookDelta, BookSnapshot)
    ]


def snapshot_of(topic: Topic, book: OrderBook) -> BookSnapshot:
    """Return a book as the message that starts a consumer of changes."""
    return BookSnapshot(
        topic,
        book.venue_ns,
        book.sent_ns,
        book.changed_ns,
        book.sequence,
        list(book.bids.top()),
        list(book.asks.top()),
    )


def _summed(first: Any, second: Any) -> Any:
    """Two outages that were never read become one of their summed length."""
    values = {name: getattr(second, name) for name in second.__struct_fields__}
    values["outage_ns"] = first.outage_ns + second.outage_ns
    values["outages"] = first.outages + second.outages
    return type(second)(**values)


def event_rules() -> list[EventRule]:
    """Return how stream events stand in a mailbox."""
    return [
        EventRule(StreamLost, _topic, Role.LOST),
        EventRule(StreamUp, _topic, Role.UP, merge=_summed),
        EventRule(BookResynced, _topic, Role.UP, merge=_summed),
        EventRule(SubscriptionRejected, _topic, Role.OTHER),
        EventRule(StreamFailed, _topic, Role.OTHER),
        EventRule(DecodeFailed, attrgetter("venue"), Role.OTHER),
    ]
