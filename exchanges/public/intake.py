"""From decoded items to the burst that consumers get: books are updated, control items acted on. Synchronous.

One intake belongs to one incarnation of a connection. It decides and tells; sending, fetching and raising are the
session's, which looks at `resubscribe`, `snapshots`, `resend` and `fault` after each burst.
"""

from collections.abc import Callable, Iterable

from feedtree.exchanges.bad_frames import BadFrames
from feedtree.exchanges.controls import UPGRADE, Answer, Notice, Payload, Pong, Undecodable, Unknown
from feedtree.exchanges.errors import DecodeStorm, Desynchronised, PlannedReconnect
from feedtree.exchanges.public.book_sync import BookSync, Outcome
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.codec import (
    Confirmed,
    Decoded,
    RawBook,
    Refused,
    Removed,
    Resend,
    Seed,
    WireTopic,
)
from feedtree.exchanges.public.messages import (
    BookDelta,
    BookResynced,
    BookSnapshot,
    BookTicker,
    DecodeFailed,
    Kline,
    StreamLost,
    StreamUp,
    SubscriptionRejected,
    Ticker,
    Trade,
)
from feedtree.exchanges.public.missed_trades import MissedTrades
from feedtree.exchanges.public.shard import Shard, TopicRecord, TopicState
from feedtree.exchanges.public.subscriptions import Subscriptions
from feedtree.exchanges.public.views import snapshot_of

GAP_WINDOW = 60.0  # seconds
GAPS_OF_ONE = 3  # gaps of one symbol within the window that put the whole stream in doubt
GAPPED_SHARE = 0.2  # share of a shard's books with a gap within the window; counts from GAPS_OF_ONE books on

Burst = list[object]


class Intake:
    """What one incarnation makes of what it hears.

    Attributes:
        snapshots: topics that want a REST snapshot, in the order in which they asked.
        resubscribe: topics to end and ask for again (their whole book comes on the socket).
        resend: groups of topics to ask for again, each group in a frame of its own.
        answers: frames to send, since the venue asked for a sign of life.
        pongs: the venue's answers to our pings.
        fault: what to raise once the burst is published.
        bad_frames: those that did not decode.
        missed: the trades that are to be fetched, of topics that are up again.
        on_settled: called with True when the last open topic is settled, with False when one opens again.
    """

    def __init__(
        self,
        shard: Shard,
        generation: int,
        subscriptions: Subscriptions,
        on_settled: Callable[[bool], None] = lambda settled: None,
    ) -> None:
        self._shard = shard
        self._generation = generation
        self._subscriptions = subscriptions
        self._on_settled = on_settled
        self._up: set[Topic] = set()
        self.missed = MissedTrades(shard, self._up)
        self._syncs: dict[Topic, BookSync] = {}
        self._unsettled: set[Topic] = set()
        self._tickers: dict[Topic, tuple[float | None, float | None, float | None, float | None]] = {}
        self._now = 0.0
        self._now_ns = 0
        self._handlers: dict[type, Callable[..., None]] = {
            BookSnapshot: self._whole,
            Ticker: self._plain,
            Kline: self._plain,
            Confirmed: self._confirmed,
            Refused: self._refused,
            Resend: self._resend,
            Removed: self._nothing,
            Pong: self._pong,
            Answer: self._answer,
            Notice: self._notice,
            Unknown: self._unknown,
            Undecodable: self._undecodable,
        }
        self.snapshots: dict[Topic, None] = {}
        self.resubscribe: list[WireTopic] = []
        self.resend: list[tuple[WireTopic, ...]] = []
        self.answers: list[Payload] = []
        self.pongs = 0
        self.fault: Exception | None = None
        self.bad_frames = BadFrames()
        shard.removed = self._drop

    def asked(self, topics: Iterable[WireTopic]) -> None:
        """Prepare for the pushes of topics that are about to be asked for."""
        for wire in topics:
            record = self._shard.records.get(wire.topic)
            if record is None:
                continue
            record.state = TopicState.SUBSCRIBING
            self._open(wire.topic)
            if record.sync is not None:
                record.sync.restart()
                self._syncs[wire.topic] = record.sync

    def forget(self, topics: Iterable[WireTopic]) -> None:
        """Expect no more of topics whose end is asked for; one that is still wanted stays open."""
        for wire in topics:
            self._drop(wire.topic)

    def settle_removed(self) -> None:
        """Wait no more for topics that are not wanted any more."""
        for topic in self._unsettled - self._shard.records.keys():
            self._settle(topic)

    def _drop(self, topic: Topic) -> None:
        self._up.discard(topic)
        self._syncs.pop(topic, None)
        self._tickers.pop(topic, None)
        self.snapshots.pop(topic, None)
        self.missed.give_up(topic)

    def take(self, decoded: list[Decoded], frames: int, now: float, now_ns: int) -> Burst:
        """Judge one burst.

        Args:
            decoded: what the codec made of it, in order.
            frames: how many frames it had.
            now: trio time.
            now_ns: UTC nanoseconds.

        Returns:
            What consumers get, in order. Books stand at the end of the burst.
        """
        self._now = now
        self._now_ns = now_ns
        self.bad_frames.frames += frames
        out: Burst = []
        append = out.append
        syncs = self._syncs
        up = self._up
        applied = Outcome.APPLIED
        last_trades = self._shard.last_trades
        for item in decoded:
            kind = item.__class__
            if kind is BookDelta:
                sync = syncs.get(item.topic)  # type: ignore[union-attr]
                if sync is None:
                    self._shard.unknown += 1
                    continue
                outcome = sync.delta(item)  # type: ignore[arg-type]
                if outcome is applied:
                    append(item)
                else:
                    self._judge(item.topic, sync, outcome, out)  # type: ignore[union-attr]
            elif kind is Trade:
                topic = item.topic  # type: ignore[union-attr]
                if topic in up or self._early(item, out):  # type: ignore[arg-type]
                    last_trades[topic] = item  # type: ignore[assignment]
                    append(item)
            elif kind is BookTicker:
                self._ticker(item, out)  # type: ignore[arg-type]
            else:
                self._handlers[kind](item, out)
        return out

    def join(self, topic: Topic, raw: RawBook, now: float, now_ns: int) -> tuple[Burst, bool]:
        """Join a REST snapshot to the pushes of its topic.

        Returns:
            What consumers get, and whether another snapshot is wanted.
        """
        self._now = now
        self._now_ns = now_ns
        out: Burst = []
        sync = self._syncs.get(topic)
        if sync is None or sync.seed is not Seed.REST:
            return out, False
        outcome = sync.snapshot(raw, now_ns)
        self._judge(topic, sync, outcome, out)
        return out, outcome is Outcome.AGAIN or outcome is Outcome.GAP

    def refuse(self, wire: WireTopic, reason: str, now_ns: int) -> Burst:
        """Treat a topic as refused by the venue, which did not say so itself."""
        self._now_ns = now_ns
        out: Burst = []
        self._refused(Refused((wire,), reason), out)
        return out

    def lost(self, cause: str, now_ns: int) -> Burst:
        """Return what consumers must hear when this incarnation ends."""
        out: Burst = []
        self.missed.end()
        last_good_ns = self._shard.last_good_ns
        self._shard.forsake()
        for record in self._shard.records.values():
            if record.up:
                record.up = False
                record.lost_ns = max(last_good_ns, record.up_ns)
                self._shard.coverage.lost(record.topic, record.lost_ns, cause)
                out.append(StreamLost(record.topic, self._generation, now_ns, cause))
            if record.state is not TopicState.REJECTED:
                record.state = TopicState.PENDING
            if record.sync is not None:
                record.sync.lose()
        return out

    # Books

    def books(self) -> Iterable[tuple[Topic, BookSync]]:
        """Return the books that are asked for."""
        return self._syncs.items()

    def stands_still(self, topic: Topic, now: float, now_ns: int) -> Burst:
        """Treat a book as lost that is not pushed any more, and have it asked for anew."""
        self._now = now
        self._now_ns = now_ns
        out: Burst = []
        sync = self._syncs[topic]
        sync.restart()
        self._gap(topic, sync, out, f"the book stands still while trades of {topic.symbol} go on")
        self.snapshots.pop(topic, None)
        wire = self._shard.records[topic].wire
        if wire not in self.resubscribe:
            self.resubscribe.append(wire)
        return out

    def _whole(self, push: BookSnapshot, out: Burst) -> None:
        sync = self._syncs.get(push.topic)
        if sync is None:
            self._shard.unknown += 1
            return
        outcome = sync.whole(push)
        self._subscriptions.seeded(push.topic, self._now)
        if outcome is Outcome.APPLIED:
            out.append(push)
        elif outcome is Outcome.LIVE:
            self._book_live(push.topic, sync, out, push)
        else:
            self._judge(push.topic, sync, outcome, out)

    def _judge(self, topic: Topic, sync: BookSync, outcome: Outcome, out: Burst) -> None:
        if outcome is Outcome.LIVE:
            self._book_live(topic, sync, out, None)
        elif outcome is Outcome.GAP:
            self._gap(topic, sync, out, f"gap: {sync.reason}")
        elif outcome is Outcome.BUFFERED and self._subscriptions.awaits(topic):
            self._confirmed(Confirmed((self._shard.records[topic].wire,)), out)

    def _book_live(self, topic: Topic, sync: BookSync, out: Burst, push: BookSnapshot | None) -> None:
        record = self._shard.records.get(topic)
        if record is None:
            return
        self.snapshots.pop(topic, None)
        self._subscriptions.confirmed(record.wire, self._now, seeded=True)
        book = sync.book
        outage_ns = self._rise(record)
        out.append(
            BookResynced(topic, self._generation, self._now_ns, outage_ns, int(outage_ns > 0), book.sequence)
        )
        out.append(snapshot_of(topic, book) if push is None else push)

    def _gap(self, topic: Topic, sync: BookSync, out: Burst, cause: str) -> None:
        record = self._shard.records.get(topic)
        if record is None:
            return
        if record.up:
            record.up = False
            record.lost_ns = self._now_ns
            self._up.discard(topic)
            self._shard.gaps += 1
            self._shard.coverage.lost(topic, min(sync.book.changed_ns, self._now_ns), cause)
            out.append(StreamLost(topic, self._generation, self._now_ns, cause))
        record.state = TopicState.SYNCING
        self._open(topic)
        record.gap_times = (*record.gap_times, self._now)[-GAPS_OF_ONE:]
        self._doubt(record)
        if sync.seed is Seed.REST:
            self.snapshots[topic] = None
        elif sync.seed is Seed.SOCKET:
            self.resubscribe.append(record.wire)

    def _doubt(self, record: TopicRecord) -> None:
        since = self._now - GAP_WINDOW
        times = record.gap_times
        if len(times) >= GAPS_OF_ONE and times[0] >= since:
            self.fault = Desynchronised(f"{record.topic}: {len(times)} gaps within {GAP_WINDOW:.0f} s")
            return
        books = [book for book in self._shard.books() if book.gap_times and book.gap_times[-1] >= since]
        total = len(self._syncs)
        if len(books) >= GAPS_OF_ONE and len(books) > GAPPED_SHARE * total:
            self.fault = Desynchronised(f"gaps in {len(books)} of {total} books within {GAP_WINDOW:.0f} s")

    # Other channels

    def _plain(self, item: Ticker | Kline, out: Burst) -> None:
        if item.topic in self._up or self._first(item.topic, out):
            out.append(item)

    def _ticker(self, item: BookTicker, out: Burst) -> None:
        topic = item.topic
        best = (item.bid, item.bid_size, item.ask, item.ask_size)
        if topic not in self._up:
            if not self._first(topic, out):
                return
        elif self._tickers.get(topic) == best:
            self._shard.unchanged += 1
            return
        self._tickers[topic] = best
        out.append(item)

    def _first(self, topic: Topic, out: Burst) -> bool:
        """A first datum stands for the answer that has not come yet; False where none is awaited."""
        record = self._shard.records.get(topic)
        if record is not None:
            self._confirmed(Confirmed((record.wire,)), out)
        up = topic in self._up or topic in self.missed
        self._shard.unknown += not up
        return up

    def _early(self, item: Trade, out: Burst) -> bool:
        """Judge a trade of a topic that is not up, or whose missed trades are being fetched."""
        known = item.topic in self.missed or self._first(item.topic, out)
        return known and self.missed.judge(item, self._now)

    def _rise(self, record: TopicRecord) -> int:
        outage_ns = 0 if record.lost_ns is None else max(self._now_ns - record.lost_ns, 1)
        record.lost_ns = None
        record.up = True
        record.up_ns = self._now_ns
        record.state = TopicState.LIVE
        record.reason = ""
        self._up.add(record.topic)
        self.missed.begin(record.topic, self._now, self._now_ns)
        self._settle(record.topic)
        return outage_ns

    # Control items

    def _confirmed(self, item: Confirmed, out: Burst) -> None:
        for wire in item.topics:
            record = self._shard.records.get(wire.topic)
            if record is None or record.wire != wire:
                continue
            live = record.sync is not None and record.sync.book.live
            if not self._subscriptions.confirmed(wire, self._now, seeded=live) or record.up:
                continue
            if record.sync is None:
                outage_ns = self._rise(record)
                out.append(
                    StreamUp(record.topic, self._generation, self._now_ns, outage_ns, int(outage_ns > 0))
                )
                continue
            record.state = TopicState.SYNCING
            if wire.seed is Seed.REST:
                self.snapshots[wire.topic] = None

    def _refused(self, item: Refused, out: Burst) -> None:
        self._subscriptions.answered = True
        for wire in item.topics:
            record = self._shard.records.get(wire.topic)
            held = self._subscriptions.holds(wire)
            if held and record is not None and record.up:
                continue  # it was asked for twice, and the first answer was yes
            self._subscriptions.dropped((wire,))
            if not held or record is None or record.wire != wire:
                continue
            self._drop(wire.topic)
            if record.fall_back():
                record.state = TopicState.PENDING
                self._shard.changed.set()
                continue
            record.state = TopicState.REJECTED
            record.reason = item.reason
            record.up = False
            self._settle(wire.topic)
            out.append(SubscriptionRejected(record.topic, self._generation, self._now_ns, item.reason))

    def _resend(self, item: Resend, out: Burst) -> None:
        for group in item.groups:
            owed = tuple(wire for wire in group if self._subscriptions.owed(wire))
            if owed:
                self.resend.append(owed)

    def _nothing(self, item: Removed, out: Burst) -> None:
        pass

    def _pong(self, item: Pong, out: Burst) -> None:
        self.pongs += 1

    def _answer(self, item: Answer, out: Burst) -> None:
        self.answers.append(item.frame)

    def _notice(self, item: Notice, out: Burst) -> None:
        if item.kind == UPGRADE:
            self.fault = PlannedReconnect(f"the venue announced: {item.text}")
        else:
            self._shard.unknown += 1

    def _unknown(self, item: Unknown, out: Burst) -> None:
        self._shard.unknown += 1

    def _undecodable(self, item: Undecodable, out: Burst) -> None:
        shard = self._shard
        shard.undecodable += 1
        shard.coverage.unread(shard.id, shard.last_good_ns, self._now_ns)
        if self.bad_frames.note(item, self._now):
            size = len(item.payload)
            out.append(DecodeFailed(shard.venue, shard.id, self._generation, self._now_ns, size, item.error))
        if storm := self.bad_frames.storm():
            self.fault = DecodeStorm(storm)

    # Settling

    def _open(self, topic: Topic) -> None:
        if not self._unsettled:
            self._on_settled(False)
        self._unsettled.add(topic)

    def _settle(self, topic: Topic) -> None:
        if topic in self._unsettled:
            self._unsettled.remove(topic)
            if not self._unsettled:
                self._on_settled(True)
