"""A feed: what outlives the connections of one public websocket object.

It owns the desired topics, the shard plan, one book per book topic, and the fan-out to mailboxes. Incarnations come
and go; each gets a publisher that is bound to its generation.
"""

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Literal

import trio

from feedtree.actors.fanout import FanOut
from feedtree.actors.publisher import Publisher
from feedtree.exchanges.errors import StreamNotLive
from feedtree.exchanges.public.book import OrderBook
from feedtree.exchanges.public.channels import Book, Channel, Topic
from feedtree.exchanges.public.coverage import Coverage
from feedtree.exchanges.public.messages import BookView, StreamFailed, StreamLost
from feedtree.exchanges.public.records import TopicRecord, TopicState, TopicStatus
from feedtree.exchanges.public.shard import Shard, StreamReport
from feedtree.exchanges.public.slots import Slot
from feedtree.exchanges.public.taps import Tap, TapFunction
from feedtree.exchanges.public.venue import PublicVenue
from feedtree.exchanges.symbols import Symbol, SymbolMap

Delivery = Literal["mailbox", "tap"]


class Feed:
    """The public side of one venue, whatever happens to its connections.

    Args:
        venue: whose feed it is.
        path: where its branch stands in the tree.
        wall_ns: UTC nanoseconds.
        rank: how much a topic is wanted; snapshots of higher ranks are fetched first.
        delivery: ``mailbox`` feeds taps and mailboxes; ``tap`` gives data to taps alone, and mailboxes get
            stream events only.
        topics_per_connection: the size of a shard; None is the endpoint's.
        redundancy: how many connections carry each shard: 1, or 2.

    Attributes:
        leaving: gets each slot whose connection is to be replaced before it ends, with its generation.
        to_relieve: the other end of it.

    Raises:
        ValueError: more topics than a connection of this venue carries.
    """

    def __init__(
        self,
        venue: PublicVenue,
        path: str,
        wall_ns: Callable[[], int],
        rank: Callable[[Topic], int] = lambda topic: 0,
        delivery: Delivery = "mailbox",
        topics_per_connection: int | None = None,
        redundancy: int = 1,
    ) -> None:
        self.venue = venue
        self.path = path
        self.symbols = SymbolMap(venue.spell)
        self.fanout = FanOut()
        self.plan_changed = trio.Event()
        self.rank = rank
        self.delivery = delivery
        self.taps: list[Tap] = []
        self.coverage = Coverage(venue.name)
        self._shard_size = venue.endpoint.shard_size(topics_per_connection)
        self.redundancy = redundancy
        self.leaving, self.to_relieve = trio.open_memory_channel[tuple[Slot, int]](inf)
        self._wall_ns = wall_ns
        self._records: dict[Topic, TopicRecord] = {}
        self._shards: dict[str, Shard] = {}
        self._shards_made = 0
        self._settled = trio.Event()

    @property
    def name(self) -> str:
        """The venue's name."""
        return self.venue.name

    # What is wanted

    def subscribe(self, symbols: Iterable[Symbol], channels: Iterable[Channel]) -> None:
        """Want these topics; those that are wanted already stay as they are.

        Raises:
            ChannelNotOffered: the venue lacks one of the channels; nothing is changed then.
        """
        chosen = list(channels)
        new: list[TopicRecord] = []
        for symbol in symbols:
            for channel in chosen:
                topic = Topic(self.name, symbol, channel)
                if topic not in self._records:
                    new.append(TopicRecord(topic, self.venue.resolve(topic, self.symbols)))
        for record in new:
            if record.topic not in self._records:
                self._records[record.topic] = record
                self._place(record)

    def unsubscribe(self, symbols: Iterable[Symbol], channels: Iterable[Channel]) -> None:
        """Want these topics no longer; consumers get a last `StreamLost`."""
        chosen = list(channels)
        burst: list[object] = []
        for symbol in symbols:
            for channel in chosen:
                record = self._records.pop(Topic(self.name, symbol, channel), None)
                if record is None:
                    continue
                shard = record.shard
                if shard is not None:
                    shard.remove(record)
                    if record.up:
                        burst.append(
                            StreamLost(record.topic, shard.generation, self._wall_ns(), "unsubscribed")
                        )
                    if not shard.records:
                        self._drop(shard)
                record.up = False
                self.coverage.given_up(record.topic, self._wall_ns())
        self.publish_now(burst)
        self.notify()

    def _place(self, record: TopicRecord) -> None:
        for shard in self._shards.values():
            if shard.fits(record.wire):
                shard.add(record)
                return
        self._shards_made += 1
        id_ = f"shard-{self._shards_made}"
        replays = self.venue.trades is not None
        shard = Shard(
            self.name, id_, self._shard_size, self.coverage, replays=replays, redundancy=self.redundancy
        )
        self._shards[shard.id] = shard
        shard.add(record)
        self.plan_changed.set()

    def part(self, shard: Shard) -> None:
        """Give a shard of their own to topics whose pushes it could not tell apart any more."""
        for record in shard.clashing():
            shard.remove(record)
            self._place(record)

    def _drop(self, shard: Shard) -> None:
        del self._shards[shard.id]
        self.plan_changed.set()

    def plan(self) -> list[Shard]:
        """Return the shards that have topics, oldest first."""
        return list(self._shards.values())

    # What is there

    def topics(self) -> Mapping[Topic, TopicStatus]:
        """Return every wanted topic and where it stands."""
        return {topic: record.status() for topic, record in self._records.items()}

    def book(self, topic: Topic) -> OrderBook | None:
        """Return the book of a topic; None where it is not wanted, or no book."""
        record = self._records.get(topic)
        return None if record is None else record.book

    def view(self, symbol: Symbol, levels: int | None = 1, channel: Book | None = None) -> BookView | None:
        """Return a look at a symbol's book, of the first book channel that is wanted unless one is named."""
        for topic, record in self._records.items():
            if topic.symbol == symbol and record.book is not None and channel in (None, topic.channel):
                return record.book.view(levels, self._wall_ns())
        return None

    def streams(self) -> list[StreamReport]:
        """Return the account of every shard."""
        return [shard.report(self.name, f"{self.path}/{shard.id}") for shard in self._shards.values()]

    async def wait_live(self, timeout: float) -> None:
        """Return when every topic that the venue does not refuse is live.

        Args:
            timeout: seconds.

        Raises:
            StreamNotLive: not within that time, or every topic is refused; names the topics and their states.
        """
        with trio.move_on_after(timeout):
            while not self._live():
                await self._settled.wait()
        records = self._records.values()
        waiting = [record for record in records if record.state is not TopicState.LIVE]
        if not self._live() or (records and len(waiting) == len(records)):
            looks = [(record.topic, record.status()) for record in waiting[:10]]
            named = "; ".join(f"{topic} {look.state} {look.reason}".rstrip() for topic, look in looks)
            raise StreamNotLive(f"{len(waiting)} of {len(records)} topics are not live: {named}")

    def _live(self) -> bool:
        return all(record.settled for record in self._records.values())

    def notify(self) -> None:
        """Wake those that wait for topics to settle."""
        self._settled.set()
        self._settled = trio.Event()

    # What incarnations tell

    def publisher(self, slot: Slot) -> Publisher:
        """Begin a new generation on a slot; its publisher serves until it ends, or the next one begins there."""
        slot.shard.begin(slot)
        return Publisher(slot.generation, lambda: slot.generation, self.fanout)

    def endpoint_back(self) -> None:
        """Note a successful TCP connect to the venue."""
        now_ns = self._wall_ns()
        for shard in self._shards.values():
            shard.endpoint_back(now_ns)

    def failed(self, shards: Iterable[Shard], reason: str) -> None:
        """Tell consumers that a branch was parked."""
        burst: list[object] = []
        for shard in shards:
            for slot in shard.slots.values():
                slot.state = "failed"
            burst += [
                StreamFailed(topic, shard.generation, self._wall_ns(), reason) for topic in shard.records
            ]
        self.publish_now(burst)

    def publish_now(self, burst: list[object]) -> None:
        """Publish without waiting for anybody: for events, which every mailbox takes."""
        if burst:
            self.fanout.publish(burst)

    # Who listens

    def tap(self, function: TapFunction, name: str = "") -> Tap:
        """Run a synchronous callable in the reader's own step, before any mailbox is fed.

        It gets each burst, must not change it, and is disabled when it fails too often. Close it to end it.
        """
        tap = Tap(function, name or getattr(function, "__qualname__", repr(function)))
        self.taps = [*(each for each in self.taps if each.enabled), tap]
        return tap

    def close(self) -> None:
        """End the feed: mailboxes that have no other feed are closed when they are empty."""
        self.coverage.end(self._wall_ns())
        self.fanout.close()
