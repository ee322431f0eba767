"""From decoded items to the burst that consumers get: books are updated, control items acted on. Synchronous.

One intake belongs to one incarnation of a connection. It decides and tells; sending, fetching and raising are the
session's, which looks at `resubscribe`, `snapshots`, `resend` and `fault` after each burst. Where two connections carry
the shard, each has an intake, and what they tell goes through the shard's `Merge`.
"""

from collections.abc import Callable, Iterable

from feedtree.exchanges.bad_frames import BadFrames
from feedtree.exchanges.controls import UPGRADE, Answer, Notice, Payload, Pong, Undecodable, Unknown
from feedtree.exchanges.errors import DecodeStorm
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
from feedtree.exchanges.public.doubt import note_gap
from feedtree.exchanges.public.falling import end, fall
from feedtree.exchanges.public.kind_counts import KindCounts
from feedtree.exchanges.public.merging import JointBurst
from feedtree.exchanges.public.messages import (
    BookDelta,
    BookResynced,
    BookSnapshot,
    BookTicker,
    DecodeFailed,
    Kline,
    StreamUp,
    SubscriptionRejected,
    Ticker,
    Trade,
)
from feedtree.exchanges.public.missed_trades import MissedTrades
from feedtree.exchanges.public.records import Strand, TopicState
from feedtree.exchanges.public.slots import Slot
from feedtree.exchanges.public.subscriptions import Subscriptions
from feedtree.exchanges.public.unsettled import Unsettled
from feedtree.exchanges.public.views import snapshot_of

Burst = list[object]


class Intake:
    """What one incarnation makes of what it hears.

    Args:
        slot: where it runs.
        subscriptions: what it has asked for.
        on_settled: called with True when the last open topic is settled, with False when one opens again.

    Attributes:
        snapshots: topics that want a REST snapshot, in the order in which they asked.
        resubscribe: topics to end and ask for again (their whole book comes on the socket).
        resend: groups of topics to ask for again, each group in a frame of its own.
        answers: frames to send, since the venue asked for a sign of life.
        pongs: the venue's answers to our pings.
        buffered: pushes of books that wait for their snapshots.
        fault: what to raise once the burst is published.
        bad_frames: those that did not decode.
        missed: the trades that are to be fetched, of topics that are up again.
    """

    def __init__(
        self,
        slot: Slot,
        subscriptions: Subscriptions,
        on_settled: Callable[[bool], None] = lambda settled: None,
    ) -> None:
        self._slot = slot
        self._shard = slot.shard
        self._strands = slot.strands
        self._generation = slot.generation
        self._subscriptions = subscriptions
        self._up: set[Topic] = set()
        self.missed = MissedTrades(slot.shard, self._up)
        self._syncs: dict[Topic, BookSync] = {}
        self._unsettled = Unsettled(on_settled)
        self._quotes = slot.quotes
        self._alarms = slot.alarms
        self._now = 0.0
        self._now_ns = 0
        self._told = slot.shard.told
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
        self.buffered = 0
        self.fault: Exception | None = None
        self.bad_frames = BadFrames()
        slot.removed = self._drop

    def asked(self, topics: Iterable[WireTopic]) -> None:
        """Prepare for the pushes of topics that are about to be asked for."""
        for wire in topics:
            strand = self._strands.get(wire.topic)
            if strand is None:
                continue
            strand.state = TopicState.SUBSCRIBING
            self._unsettled.open(wire.topic)
            if strand.sync is not None:
                strand.sync.restart()
                self._syncs[wire.topic] = strand.sync

    def forget(self, topics: Iterable[WireTopic]) -> None:
        """Expect no more of topics whose end is asked for; one that is still wanted stays open."""
        for wire in topics:
            self._drop(wire.topic)

    def settle_removed(self) -> None:
        """Wait no more for topics that are not wanted any more."""
        self._unsettled.keep(self._strands)

    def _drop(self, topic: Topic) -> None:
        self._up.discard(topic)
        self._syncs.pop(topic, None)
        self._quotes.pop(topic, None)
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
        out = self._burst(now, now_ns)
        self.bad_frames.frames += frames
        append = out.append
        syncs = self._syncs
        up = self._up
        applied = Outcome.APPLIED
        others = 0  # items that were no change of a book in step: no such change costs a count
        last_trades = self._slot.last_trades
        for item in decoded:
            kind = item.__class__
            if kind is BookDelta:
                sync = syncs.get(item.topic)  # type: ignore[union-attr]
                if sync is None:
                    self._shard.unknown += 1
                    others += 1
                    continue
                outcome = sync.delta(item)  # type: ignore[arg-type]
                if outcome is applied:
                    append(item)
                else:
                    others += 1
                    if self._alarms.open:
                        self._alarms.heard(item.topic, item.first)  # type: ignore[union-attr]
                    self._judge(item.topic, sync, outcome, out)  # type: ignore[union-attr]
            elif kind is Trade:
                others += 1
                topic = item.topic  # type: ignore[union-attr]
                if topic in up or self._early(item, out):  # type: ignore[arg-type]
                    last_trades[topic] = item  # type: ignore[assignment]
                    self._told.trades += 1
                    append(item)
            elif kind is BookTicker:
                others += 1
                self._ticker(item, out)  # type: ignore[arg-type]
            else:
                others += 1
                self._handlers[kind](item, out)
        self._told.books += len(decoded) - others
        return out if out.__class__ is list else self._counted(out)

    def _burst(self, now: float, now_ns: int) -> Burst:
        """Begin what consumers get, at a time."""
        self._now = now
        self._now_ns = now_ns
        shard = self._shard
        self._told = shard.told
        if shard.merge is None:
            return []
        out = shard.joint_burst(self._slot, now)
        if isinstance(out, JointBurst):
            self._told = (
                KindCounts()
            )  # what is appended may be no news: it is counted when it is known what stays
        return out

    def _counted(self, out: Burst) -> Burst:
        if isinstance(out, JointBurst):
            self._shard.told.add(out)
        return out

    def fetched(self, trades: Iterable[Trade], now: float, now_ns: int) -> Burst:
        """Return what consumers get of trades that were fetched since they were missed."""
        out = self._burst(now, now_ns)
        for trade in trades:
            self._told.trades += 1
            out.append(trade)
        return self._counted(out)

    def overdue(self, now: float, now_ns: int) -> Burst:
        """Return what has waited long enough for the other connection."""
        out = self._burst(now, now_ns)
        if isinstance(out, JointBurst):
            out.overdue()
        return self._counted(out)

    def join(self, topic: Topic, raw: RawBook, now: float, now_ns: int) -> tuple[Burst, bool]:
        """Join a REST snapshot to the pushes of its topic.

        Returns:
            What consumers get, and whether another snapshot is wanted.
        """
        out = self._burst(now, now_ns)
        sync = self._syncs.get(topic)
        if sync is None or sync.seed is not Seed.REST:
            return out, False
        outcome = sync.snapshot(raw, now_ns)
        self._judge(topic, sync, outcome, out)
        return self._counted(out), outcome is Outcome.AGAIN or outcome is Outcome.GAP

    def refuse(self, wire: WireTopic, reason: str, now_ns: int) -> Burst:
        """Treat a topic as refused by the venue, which did not say so itself."""
        out = self._burst(self._now, now_ns)
        self._refused(Refused((wire,), reason), out)
        return out

    def lost(self, cause: str, now: float, now_ns: int) -> Burst:
        """End, and return what consumers must hear of it: nothing where the other connection goes on without a hole."""
        out = self._burst(now, now_ns)
        self.missed.end()
        end(self._slot, cause, now_ns, out)
        return self._counted(out)

    # Books

    def books(self) -> Iterable[tuple[Topic, BookSync]]:
        """Return the books that are asked for."""
        return self._syncs.items()

    def stands_still(self, topic: Topic, now: float, now_ns: int) -> Burst:
        """Treat a book as lost that is not pushed any more, and have it asked for anew, unless it was given up."""
        out = self._burst(now, now_ns)
        sync = self._syncs.get(topic)
        if sync is None:
            return out
        sync.restart()
        self._gap(topic, sync, out, f"the book stands still while trades of {topic.symbol} go on")
        self.snapshots.pop(topic, None)
        wire = self._strands[topic].record.wire
        if wire not in self.resubscribe:
            self.resubscribe.append(wire)
        return self._counted(out)

    def _whole(self, push: BookSnapshot, out: Burst) -> None:
        sync = self._syncs.get(push.topic)
        if sync is None:
            self._shard.unknown += 1
            return
        outcome = sync.whole(push)
        self._subscriptions.seeded(push.topic, self._now)
        if outcome is Outcome.APPLIED:
            self._told.books += 1
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
        elif outcome is Outcome.BUFFERED:
            self.buffered += 1
            if self._subscriptions.awaits(topic):
                self._confirmed(Confirmed((self._strands[topic].record.wire,)), out)

    def _book_live(self, topic: Topic, sync: BookSync, out: Burst, push: BookSnapshot | None) -> None:
        strand = self._strands.get(topic)
        if strand is None:
            return
        self.snapshots.pop(topic, None)
        self._subscriptions.confirmed(strand.record.wire, self._now, seeded=True)
        book = sync.book
        if self._alarms.open:
            self._alarms.heard(topic, book.sequence + 1)
        outage_ns = self._rise(strand)
        if outage_ns is not None:
            out.append(
                BookResynced(
                    topic, self._generation, self._now_ns, outage_ns, int(outage_ns > 0), book.sequence
                )
            )
            self._told.books += 1
            out.append(snapshot_of(topic, book) if push is None else push)
        elif sync.seed is Seed.WHOLE and push is not None:
            self._told.books += 1
            out.append(push)

    def _gap(self, topic: Topic, sync: BookSync, out: Burst, cause: str) -> None:
        strand = self._strands.get(topic)
        if strand is None:
            return
        if strand.up:
            self._shard.gaps += 1
            self._up.discard(topic)
            now_ns, shown = self._now_ns, strand.record.book
            begin_ns = now_ns if shown is None else min(shown.changed_ns, now_ns)
            fall(strand, cause, now_ns, out, lost_ns=now_ns, begin_ns=begin_ns)
        strand.state = TopicState.SYNCING
        self._unsettled.open(topic)
        self.fault = note_gap(strand, len(self._syncs), self._now) or self.fault
        if sync.seed is Seed.REST:
            self.snapshots[topic] = None
        elif sync.seed is Seed.SOCKET:
            self.resubscribe.append(strand.record.wire)

    # Other channels

    def _plain(self, item: Ticker | Kline, out: Burst) -> None:
        if item.topic not in self._up and not self._first(item.topic, out):
            return
        if item.__class__ is Kline:
            self._told.klines += 1
        else:
            self._told.tickers += 1
        out.append(item)

    def _ticker(self, item: BookTicker, out: Burst) -> None:
        topic = item.topic
        best = (item.bid, item.bid_size, item.ask, item.ask_size)
        if topic not in self._up:
            if not self._first(topic, out):
                return
        elif self._quotes.get(topic) == best:
            self._shard.unchanged += 1
            return
        self._quotes[topic] = best
        self._told.quotes += 1
        out.append(item)

    def _first(self, topic: Topic, out: Burst) -> bool:
        """A first datum stands for the answer that has not come yet; False where none is awaited."""
        strand = self._strands.get(topic)
        if strand is not None:
            self._confirmed(Confirmed((strand.record.wire,)), out)
        up = topic in self._up or topic in self.missed
        self._shard.unknown += not up
        return up

    def _early(self, item: Trade, out: Burst) -> bool:
        """Judge a trade of a topic that is not up, or whose missed trades are being fetched."""
        known = item.topic in self.missed or self._first(item.topic, out)
        return known and self.missed.judge(item, self._now)

    # Up and down

    def _rise(self, strand: Strand) -> int | None:
        """Note that a topic is up here; return how long it was down, None where it is up anyway."""
        record = strand.record
        strand.up = True
        strand.up_at = self._now
        strand.up_ns = self._now_ns
        strand.first_ns = 0
        strand.state = TopicState.LIVE
        strand.reason = ""
        self._up.add(record.topic)
        outage_ns = record.rise(strand, self._now_ns)
        if outage_ns is not None:
            self.missed.begin(record.topic, self._now, self._now_ns)
        self._unsettled.settle(record.topic)
        return outage_ns

    # Control items

    def _confirmed(self, item: Confirmed, out: Burst) -> None:
        for wire in item.topics:
            strand = self._strands.get(wire.topic)
            if strand is None or strand.record.wire != wire:
                continue
            live = strand.sync is not None and strand.sync.book.live
            if not self._subscriptions.confirmed(wire, self._now, seeded=live) or strand.up:
                continue
            if strand.sync is None:
                outage_ns = self._rise(strand)
                if outage_ns is not None:
                    out.append(
                        StreamUp(wire.topic, self._generation, self._now_ns, outage_ns, int(outage_ns > 0))
                    )
                continue
            strand.state = TopicState.SYNCING
            if wire.seed is Seed.REST:
                self.snapshots[wire.topic] = None

    def _refused(self, item: Refused, out: Burst) -> None:
        self._subscriptions.answered = True
        for wire in item.topics:
            strand = self._strands.get(wire.topic)
            held = self._subscriptions.holds(wire)
            if held and strand is not None and strand.up:
                continue  # it was asked for twice, and the first answer was yes
            self._subscriptions.dropped((wire,))
            if not held or strand is None or strand.record.wire != wire:
                continue
            self._drop(wire.topic)
            served = strand.other is not None
            if not served and strand.record.fall_back():
                continue
            strand.state = TopicState.REJECTED
            strand.reason = item.reason
            self._shard.refused += 1
            self._unsettled.settle(wire.topic)
            if not served and not strand.record.refused:
                strand.record.refused = True
                out.append(SubscriptionRejected(wire.topic, self._generation, self._now_ns, item.reason))

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
            self._slot.leaving.set()
        else:
            self._shard.unknown += 1

    def _unknown(self, item: Unknown, out: Burst) -> None:
        self._shard.unknown += 1

    def _undecodable(self, item: Undecodable, out: Burst) -> None:
        shard = self._shard
        shard.undecodable += 1
        other = shard.partner(self._slot)
        if other is None or other.state != "live":
            shard.coverage.unread(shard.id, shard.last_good_ns, self._now_ns)
        if self.bad_frames.note(item, self._now):
            size = len(item.payload)
            out.append(DecodeFailed(shard.venue, shard.id, self._generation, self._now_ns, size, item.error))
        if storm := self.bad_frames.storm():
            self.fault = DecodeStorm(storm)
