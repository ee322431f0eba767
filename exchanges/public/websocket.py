"""The public websocket classes: they hold almost no code, and are composed of a venue, a feed and a branch."""

from abc import ABC
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, ClassVar, Protocol

import trio

from feedtree.actors.mailbox import Mailbox
from feedtree.exchanges.host import Host
from feedtree.exchanges.instruments import Instrument
from feedtree.exchanges.parking import watch_parked
from feedtree.exchanges.public.branch import Branch
from feedtree.exchanges.public.channels import Channel, PublicWebsocketChannelType, Topic
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.handlers import PublicWebsocketHandlers
from feedtree.exchanges.public.hub import PARENT, PublicHub, channels_of, symbols_of
from feedtree.exchanges.public.messages import BookView
from feedtree.exchanges.public.records import TopicStatus
from feedtree.exchanges.public.rollover import Rollover
from feedtree.exchanges.public.source import Source, StreamOptions
from feedtree.exchanges.public.taps import Tap, TapFunction
from feedtree.exchanges.public.venue import PublicVenue
from feedtree.exchanges.public.views import View
from feedtree.exchanges.symbols import Symbol
from feedtree.supervisors import AdminRefused

Symbols = Iterable[Symbol | str]
Channels = Iterable[Channel | PublicWebsocketChannelType | str]


class Hosted(Protocol):
    """A running tree, as far as a public websocket needs it."""

    @property
    def host(self) -> Host:
        """What the tree lends."""
        ...

    @property
    def public(self) -> PublicHub:
        """The tree's public feeds."""
        ...


class BasePublicWebsocket(ABC):
    """Public market data of one venue, over as many supervised connections as its topics need.

    Args:
        tree: the running tree that it lives in.
        options: other addresses, certificates, proxy, reading and delivery mode, size of shards.

    Raises:
        TypeError: the class is abstract: it names no venue.
        ValueError: the options ask for more topics a connection than the venue carries.
    """

    VENUE: ClassVar[PublicVenue]

    def __init__(self, tree: Hosted, options: StreamOptions | None = None) -> None:
        if not hasattr(self, "VENUE"):
            raise TypeError(
                f"{type(self).__name__} is abstract: use a venue's class, GateioPublicSpotWebsocket"
            )
        self._tree = tree
        self._host = tree.host
        self._id = tree.public.claim(self.VENUE.name)
        self.path = f"{PARENT}/{self._id}"
        options = options or StreamOptions()
        self.feed = Feed(
            self.VENUE,
            self.path,
            tree.host.wall_ns,
            tree.public.rank,
            options.delivery,
            options.topics_per_connection,
            options.redundancy,
        )
        self._source = Source(self.VENUE, tree.host, options, self.feed.symbols)
        self._branch = Branch(self._id, self.feed, self._source, park=tree.host.park)
        self._scope = trio.CancelScope()
        self._started = False
        self._closed = False

    async def initialize(self, symbols: Symbols, channels: Channels) -> None:
        """Begin: returns when things are wired and trying, not when they are connected.

        Args:
            symbols: at least one.
            channels: what is wanted of each symbol, at least one.

        Raises:
            ValueError: no symbol, no channel, or one that does not read.
            ChannelNotOffered: the venue lacks a channel; the message says what it has.
            RuntimeError: it was initialized before.
        """
        if self._started:
            raise RuntimeError(f"{self.path} is initialized already: use subscribe")
        wanted, kinds = symbols_of(symbols), channels_of(channels)
        if not wanted or not kinds:
            raise ValueError(f"{self.path}: name at least one symbol and one channel")
        self.feed.subscribe(wanted, kinds)
        self._started = True
        self._tree.public.add(self._id, self.feed, self._branch.venue)
        await self._host.supervisor.start_child(PARENT, self._branch.venue())
        self._host.start_soon(self._attend)

    async def subscribe(self, symbols: Symbols, channels: Channels) -> None:
        """Want more topics; the live connections, or new ones, drive the venue towards it.

        Raises:
            ValueError: a symbol or channel that does not read.
            ChannelNotOffered: the venue lacks a channel; nothing is changed then.
            trio.ClosedResourceError: it was closed.
        """
        if self._closed:
            raise trio.ClosedResourceError(f"{self.path} is closed")
        self.feed.subscribe(symbols_of(symbols), channels_of(channels))
        await trio.lowlevel.checkpoint()

    async def unsubscribe(self, symbols: Symbols, channels: Channels) -> None:
        """Want these topics no longer; topics that were not wanted are passed over.

        Raises:
            ValueError: a symbol or channel that does not read.
        """
        self.feed.unsubscribe(symbols_of(symbols), channels_of(channels))
        await trio.lowlevel.checkpoint()

    async def wait_live(self, timeout: float) -> None:
        """Return when every topic that the venue does not refuse is live; see `Feed.wait_live`."""
        await self.feed.wait_live(timeout)

    async def serve(self, handlers: PublicWebsocketHandlers, *, view: View | None = None) -> None:
        """Run handlers as one consumer task with a mailbox of its own, until cancelled or the feed ends."""
        async with self.mailbox(*handlers.kinds, view=view) as mailbox:
            await handlers.consume(mailbox)

    def mailbox(self, *kinds: type, **options: Any) -> Mailbox:
        """Open a mailbox over this websocket's topics alone; arguments as `PublicHub.mailbox`."""
        return self._tree.public.mailbox(*kinds, only=self.feed, **options)

    def tap(self, function: TapFunction, name: str = "") -> Tap:
        """Run a synchronous callable in the reader's own step; see `Feed.tap`."""
        return self.feed.tap(function, name)

    def topics(self) -> Mapping[Topic, TopicStatus]:
        """Return every wanted topic and where it stands."""
        return self.feed.topics()

    def book(self, symbol: Symbol | str, levels: int | None = 1) -> BookView | None:
        """Return a look at a symbol's book; None where no book of it is wanted."""
        return self.feed.view(symbols_of([symbol])[0], levels)

    async def instruments(self) -> list[Instrument]:
        """Fetch what the venue lists: precision, minimum sizes, status.

        Raises:
            RestFailed: the call failed.
            VenueThrottled: the venue asks for a pause.
        """
        return await self._source.rest.instruments()

    async def aclose(self) -> None:
        """Stop the branch and end the feed. A second call does nothing."""
        self._scope.cancel()
        self.feed.coverage.stopping()
        try:
            if self._started:
                with suppress(AdminRefused):  # the branch is gone already, or going with the tree
                    await self._host.supervisor.remove(self.path)
        finally:
            if not self._closed:
                self._closed = True
                self._tree.public.remove(self._id)
                await self._source.aclose()

    async def _attend(self) -> None:
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._tend)
                nursery.start_soon(Rollover(self.feed, self._branch, self._host).run)
                nursery.start_soon(watch_parked, self._host.supervisor, self.path, self._parked)

    async def _tend(self) -> None:
        """Keep the branch's shards as planned."""
        while True:
            self.feed.plan_changed = trio.Event()
            await self._follow_plan()
            await self.feed.plan_changed.wait()

    async def _follow_plan(self) -> None:
        supervisor = self._host.supervisor
        planned = {shard.id: shard for shard in self.feed.plan()}
        try:
            running = {child.id for child in supervisor.node(self.path).children}
            for gone in running - planned.keys():
                await supervisor.remove(f"{self.path}/{gone}")
            for new in planned.keys() - running:
                await supervisor.start_child(self.path, self._branch.shard(planned[new]))
        except AdminRefused as error:
            # The branch is parked, restarting or stopping: its next start derives its shards from the plan.
            self._host.log.info("plan_waits", path=self.path, reason=str(error))

    def _parked(self, below: str, reason: str) -> None:
        """Tell consumers that a part of the branch is parked."""
        shards = [shard for shard in self.feed.plan() if below in ("", shard.id)]
        self.feed.failed(shards, reason)


class PublicSpotWebsocket(BasePublicWebsocket):
    """Public market data of a spot venue."""
