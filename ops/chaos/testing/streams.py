"""The streams of a tree while somebody expects them to be lost: since when each is, and since when it is whole again.

Times are trio's. A stream is a shard of a public feed, or an account.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence

import trio
from msgspec import Struct

from feedtree.actors.mailbox import Mailbox
from feedtree.exchanges.private.messages import Fill
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.messages import BookResynced, PublicMessage, StreamLost, StreamUp
from feedtree.exchanges.public.records import TopicState
from feedtree.exchanges.public.shard import Shard
from feedtree.exchanges.public.views import deltas
from feedtree.ops.app import Tree
from feedtree.ops.chaos.testing.spells import Place
from feedtree.ops.chaos.testing.tally import AccountTally, MarketTally, Tally
from feedtree.supervisors import Node

SETTLES_WITHIN = 5.0  # seconds for what happened to be told: accounts are compared again after 2.5 s
TRADES_WITHIN = 1.0  # the same for trades that nobody fetches any more: those of the outage never come
_ROOM = 100_000  # messages that wait while the test blocks the loop


class Outage(Struct):
    """A time in which a stream was not whole.

    Args:
        good_at: when the last good message before it came.
        lost_at: when it was noticed.
        back_at: since when the stream is whole again; None while it is not.
    """

    good_at: float
    lost_at: float
    back_at: float | None = None


class Stream(ABC):
    """One stream.

    Args:
        tree: where it lives.
        path: in the tree.
        place: what breaks it.
        tally: of what it tells.
        changed: called when anything here has changed.

    Attributes:
        outages: each loss and return, oldest first.
    """

    def __init__(
        self, tree: Tree, path: str, place: Place, tally: Tally, changed: Callable[[], None]
    ) -> None:
        self.path = path
        self.place = place
        self.tally = tally
        self.outages: list[Outage] = []
        self._tree = tree
        self._changed = changed

    @property
    @abstractmethod
    def state(self) -> str:
        """How it is now, in words."""

    @property
    @abstractmethod
    def live(self) -> bool:
        """Whether it is whole now."""

    @abstractmethod
    def heard_at(self) -> float:
        """Return when the last good message came."""

    @abstractmethod
    def settles_within(self) -> float:
        """Return how many seconds it may take until all that has happened is told."""

    @property
    def down(self) -> bool:
        """Whether it is lost, and not whole again."""
        return bool(self.outages) and self.outages[-1].back_at is None

    def note_lost(self, good_at: float, lost_at: float) -> None:
        """Note that it is lost; while it is down only the first time counts."""
        if not self.down:
            self.outages.append(Outage(min(good_at, lost_at), lost_at))
        self._changed()

    def note_back(self, at: float) -> None:
        """Note that it is whole."""
        if self.down:
            self.outages[-1].back_at = at
        self._changed()

    def trouble(self) -> Iterator[str]:
        """Yield a line for it, and one for each of its actors that has a tale to tell."""
        yield f"{self.path}: {self.state}"
        yield from tales(self._tree, self.path)

    def at(self, wall_ns: int) -> float:
        """Return the trio time of a time of the tree's wall clock."""
        return trio.current_time() - (self._tree.host.wall_ns() - wall_ns) / 1e9


def tales(tree: Tree, path: str) -> Iterator[str]:
    """Yield a line for each actor at or below a path: how it is, and what its last incarnation ended with."""
    found = tree.snapshot().find(path)
    for node in _workers(found) if found is not None else ():
        last = f"; its last error: {node.last_reason}" if node.last_reason else ""
        yield f"{node.path}: {node.state}, {node.report or 'no word'}, generation {node.generation}{last}"


def _workers(node: Node) -> Iterator[Node]:
    if not node.children:
        yield node
    for child in node.children:
        yield from _workers(child)


class AccountStream(Stream):
    """An account: lost when it is not known to equal the venue's, which includes the loss of its connection."""

    def __init__(
        self, tree: Tree, key: str, place: Place, tally: AccountTally, changed: Callable[[], None]
    ) -> None:
        super().__init__(tree, f"private/{key}", place, tally, changed)
        self._made_at = trio.current_time()
        self._store: AccountStore = tree.private.stores[key]
        self._tally = tally
        # Opened here: a fill that is told from now on is one that must be.
        self._mailbox = tree.private.mailbox(Fill, accounts=[key], capacity=_ROOM, name="chaos")

    @property
    def live(self) -> bool:
        """See `Stream.live`."""
        return self._store.consistent

    @property
    def state(self) -> str:
        """See `Stream.state`."""
        view = self._store.view
        doubts = "".join(f"; unexplained: {each}" for each in view.unexplained)
        return f"{view.state}, {'consistent' if view.consistent else 'not consistent'}{doubts}"

    def heard_at(self) -> float:
        """See `Stream.heard_at`."""
        age = self._store.view.age_s
        return self._made_at if age is None else trio.current_time() - age

    def settles_within(self) -> float:
        """See `Stream.settles_within`."""
        return SETTLES_WITHIN

    async def watch(self) -> None:
        """Note each loss and each return, for ever."""
        while True:
            await self._store.wait(lambda: not self._store.consistent)
            self.note_lost(self.heard_at(), trio.current_time())
            await self._store.wait(lambda: self._store.consistent)
            self.note_back(trio.current_time())

    async def listen(self) -> None:
        """Count the fills that are told, for ever."""
        async with self._mailbox as mailbox:
            async for message in mailbox:
                self._tally.told(message)
                self._changed()


class ShardStream(Stream):
    """A shard of a feed: lost when any of its topics is, whole when all are live that the venue does not refuse."""

    def __init__(
        self,
        tree: Tree,
        feed: Feed,
        shard: Shard,
        place: Place,
        tally: MarketTally,
        changed: Callable[[], None],
    ) -> None:
        super().__init__(tree, f"{feed.path}/{shard.id}", place, tally, changed)
        self._shard = shard
        self._tally = tally

    @property
    def live(self) -> bool:
        """See `Stream.live`."""
        states = [record.state for record in self._shard.records.values()]
        return self._shard.settled and TopicState.LIVE in states

    @property
    def state(self) -> str:
        """See `Stream.state`."""
        waiting = [
            f"{topic} {record.state}" for topic, record in self._shard.records.items() if not record.settled
        ]
        more = f" and {len(waiting) - 5} more" if len(waiting) > 5 else ""
        return f"{self._shard.state}{'; ' if waiting else ''}{', '.join(waiting[:5])}{more}"

    def heard_at(self) -> float:
        """See `Stream.heard_at`."""
        return self.at(self._shard.last_good_ns)

    def settles_within(self) -> float:
        """See `Stream.settles_within`: a gap that is still open is being fetched."""
        held = {str(topic) for topic in self._shard.records}
        fetched = any(gap.key in held and gap.end_ns is None for gap in self._tree.gaps())
        return SETTLES_WITHIN if fetched else TRADES_WITHIN

    def holds(self, topic: Topic) -> bool:
        """Whether a topic is one of its own."""
        return topic in self._shard.records

    def take(self, message: PublicMessage) -> None:
        """Take note of a message about one of its topics."""
        self._tally.told(message)
        match message:
            case StreamLost(topic=topic, at_ns=at_ns):
                self.note_lost(self.at(self._good_ns(topic, at_ns)), self.at(at_ns))
            case StreamUp(at_ns=at_ns, outages=outages) | BookResynced(at_ns=at_ns, outages=outages):
                began = self.at(at_ns - message.outage_ns)
                if outages and self._is_news(began):  # lost and back before it was read: one event tells both
                    self.note_lost(began, self.at(at_ns))
                if self.live:
                    self.note_back(self.at(at_ns))
            case _ if self.down and self.live:
                self.note_back(trio.current_time())

    def _is_news(self, began: float) -> bool:
        """Whether an outage that began then is none of those that were noted: each topic tells of its own."""
        last = self.outages[-1] if self.outages else None
        return last is None or (last.back_at is not None and last.back_at < began)

    def _good_ns(self, topic: Topic, at_ns: int) -> int:
        """The ledger tells when the last good message came before a loss; it may be over already."""
        ledger, key = self._shard.coverage.ledger, str(topic)
        over = [gap for gap in ledger.gaps() if gap.key == key and (gap.end_ns or 0) >= at_ns]
        gap = ledger.pending(key) or next(iter(over), None)
        return at_ns if gap is None else gap.begin_ns


async def listen(mailbox: Mailbox, streams: Sequence[ShardStream], changed: Callable[[], None]) -> None:
    """Give each stream of a feed what is told of its topics, for ever."""
    async with mailbox:
        async for message in mailbox:
            if isinstance(message, PublicMessage):
                for stream in streams:
                    if stream.holds(message.topic):
                        stream.take(message)
                changed()


def open_mailbox(tree: Tree, feed: Feed) -> Mailbox:
    """Open a mailbox over all that a feed tells."""
    return tree.public.mailbox(view=deltas(), only=feed, capacity=_ROOM, name="chaos")


def paths(tree: Tree) -> Mapping[str, Feed | str]:
    """Return the path of every stream of a tree: with its feed, or the key of its account."""
    public = {f"{feed.path}/{shard.id}": feed for feed in tree.public.feeds.values() for shard in feed.plan()}
    return {**public, **{f"private/{key}": key for key in tree.private.stores}}


def chosen(tree: Tree, path: str) -> tuple[str, ...]:
    """Return the paths of the streams that a path means: its own, those below it, or the one that it is a part of.

    What stands beside an account's stream (``.../orders``) is no part of it.
    """
    every = list(paths(tree))
    found = [each for each in every if each == path or each.startswith(f"{path}/")]
    if found or tree.snapshot().find(path) is None:
        return tuple(found)
    return tuple(
        each
        for each in every
        if path.startswith(f"{each}/stream" if each.startswith("private/") else f"{each}/")
    )
