"""The hub: every public feed of a tree, and the mailboxes that listen to them."""

from collections.abc import Callable, Iterable, Mapping

from feedtree.actors.mailbox import Mailbox
from feedtree.actors.routes import Policy
from feedtree.exchanges.gaps import Gap, PastGaps
from feedtree.exchanges.public.book import OrderBook
from feedtree.exchanges.public.channels import Channel, PublicWebsocketChannelType, Topic, parse_channel
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.messages import BookDelta, BookUpdate
from feedtree.exchanges.public.views import (
    DEFAULT_KINDS,
    DEFAULT_POLICY,
    Selection,
    View,
    event_rules,
    routes,
    snapshot_of,
    top,
)
from feedtree.exchanges.symbols import Symbol
from feedtree.supervisors import SupervisorSpec

PARENT = "public"
CAPACITY = 4096  # messages and tokens that a mailbox holds before its policies act


def symbols_of(symbols: "Iterable[Symbol | str]") -> list[Symbol]:
    """Read symbols that may be written as text.

    Raises:
        ValueError: one of them is no symbol.
        TypeError: a single text instead of a list of them.
    """
    if isinstance(symbols, str):
        raise TypeError(f"symbols is a list of symbols, not the single text {symbols!r}")
    return [Symbol.parse(symbol) if isinstance(symbol, str) else symbol for symbol in symbols]


def channels_of(channels: "Iterable[Channel | PublicWebsocketChannelType | str]") -> list[Channel]:
    """Read channels that may be written by name.

    Raises:
        ValueError: one of them is no channel.
        TypeError: a single text instead of a list of them.
    """
    if isinstance(channels, str):
        raise TypeError(f"channels is a list of channels, not the single text {channels!r}")
    return [parse_channel(channel) for channel in channels]


class PublicHub:
    """All public feeds of a tree.

    Args:
        wall_ns: UTC nanoseconds.
    """

    def __init__(self, wall_ns: Callable[[], int]) -> None:
        self._wall_ns = wall_ns
        self._feeds: dict[str, Feed] = {}
        self._branches: dict[str, Callable[[], SupervisorSpec]] = {}
        self._ids: set[str] = set()
        self._listeners: dict[Mailbox, Selection] = {}
        self._past = PastGaps()

    @property
    def feeds(self) -> Mapping[str, Feed]:
        """The feeds by path without the branch's name: ``gateio.spot``."""
        return self._feeds

    def claim(self, name: str) -> str:
        """Return an id of that name that no other feed has or will have, until it is removed."""
        number = 1
        found = name
        while found in self._ids:
            number += 1
            found = f"{name}-{number}"
        self._ids.add(found)
        return found

    def add(
        self,
        id: str,  # noqa: A002 - OTP's word for a child's name
        feed: Feed,
        branch: Callable[[], SupervisorSpec] | None = None,
    ) -> None:
        """Take a feed in; open mailboxes that want its venue hear it from now on.

        Args:
            id: of its branch.
            feed: what outlives its connections.
            branch: makes the spec of its branch; None where nothing runs for it.
        """
        self._feeds[id] = feed
        if branch is not None:
            self._branches[id] = branch
        self._ids.add(id)
        for mailbox, selection in self._open().items():
            self._attach(feed, mailbox, selection)

    def remove(self, id: str) -> None:  # noqa: A002
        """Close a feed and forget it."""
        feed = self._feeds.pop(id, None)
        self._branches.pop(id, None)
        self._ids.discard(id)
        if feed is not None:
            feed.close()
            self._past.take(feed.coverage.ledger)

    def branches(self) -> list[SupervisorSpec]:
        """Return the specs of all branches that are open: what a new start of their supervisor brings back."""
        return [branch() for branch in self._branches.values()]

    def gaps(self) -> list[Gap]:
        """Return the gaps of every topic, in no order; also of feeds that are closed."""
        return self._past.gaps(feed.coverage.ledger for feed in self._feeds.values())

    @property
    def gaps_dropped(self) -> int:
        """How many gaps were forgotten for newer ones."""
        return self._past.dropped(feed.coverage.ledger for feed in self._feeds.values())

    def book(self, topic: Topic) -> OrderBook | None:
        """Return the live book behind a topic, whichever feed has it."""
        for feed in self._feeds.values():
            book = feed.book(topic)
            if book is not None:
                return book
        return None

    def mailbox(
        self,
        *kinds: type,
        symbols: "Iterable[Symbol | str] | None" = None,
        channels: "Iterable[Channel | PublicWebsocketChannelType | str] | None" = None,
        venues: Iterable[str] | None = None,
        view: View | None = None,
        policies: Mapping[type, Policy] | None = None,
        capacity: int = CAPACITY,
        name: str = "",
        only: Feed | None = None,
    ) -> Mailbox:
        """Open a mailbox over all feeds, also those that are added later.

        Stream events of the selected topics always come, in order with the data. The mailbox outlives every
        reconnect; close it (``async with`` does) when it is not read any more.

        Args:
            kinds: message classes, for example ``BookUpdate, Trade``; none means all but single changes.
            symbols: only these; None is all.
            channels: only these; None is all.
            venues: only these; None is all.
            view: how books are shown: `top` (the default) and `depth` give `BookUpdate`, `deltas` gives
                `BookSnapshot` and every `BookDelta`.
            policies: what happens when the mailbox is full, by message class.
            capacity: queued messages and tokens.
            name: shown in statistics.
            only: listen to this feed alone.

        Raises:
            ValueError: an unknown class, channel or symbol, or a view or policy that does not fit the class.
        """
        view = view or top()
        changes = BookUpdate if view.levels is not None else BookDelta
        wanted = kinds or tuple(changes if kind is BookUpdate else kind for kind in DEFAULT_KINDS)
        selected = routes(wanted, view, {**DEFAULT_POLICY, **(policies or {})}, self.book, self._wall_ns)
        selection = Selection(
            wanted,
            None if symbols is None else symbols_of(symbols),
            None if channels is None else channels_of(channels),
            venues,
        )
        mailbox = Mailbox(
            selected,
            event_rules(),
            capacity=capacity,
            accept=selection if selection.narrow else None,
            accept_event=selection,
            name=name,
        )
        if only is None:
            self._open()[mailbox] = selection
        for feed in self._feeds.values() if only is None else (only,):
            self._attach(feed, mailbox, selection)
        return mailbox

    def _attach(self, feed: Feed, mailbox: Mailbox, selection: Selection) -> None:
        if not selection.wants_venue(feed.name):
            return
        feed.fanout.attach(mailbox)
        if feed.delivery == "tap":
            return
        held = [(topic, feed.book(topic)) for topic in feed.topics() if selection.wants(topic)]
        first: list[object] = [
            snapshot_of(topic, book) for topic, book in held if book is not None and book.live
        ]
        if first:
            mailbox.offer(first)

    def mailboxes(self) -> list[Mailbox]:
        """Return the open mailboxes, whether they listen to all feeds or to one."""
        attached = (mailbox for feed in self._feeds.values() for mailbox in feed.fanout.mailboxes)
        return list(dict.fromkeys((*self._open(), *attached)))

    def rank(self, topic: Topic) -> int:
        """Return how many open mailboxes want this topic."""
        return sum(selection.wants(topic) for selection in self._open().values())

    def _open(self) -> dict[Mailbox, Selection]:
        self._listeners = {
            mailbox: selection
            for mailbox, selection in self._listeners.items()
            if not mailbox.statistics().closed
        }
        return self._listeners

    def stopping(self) -> None:
        """Note that every feed is about to be stopped for good."""
        for feed in self._feeds.values():
            feed.coverage.stopping()

    def close(self) -> None:
        """Close every feed, and end the mailboxes that waited for one."""
        for id_ in list(self._feeds):
            self.remove(id_)
        for mailbox in self._open():
            mailbox.end()
