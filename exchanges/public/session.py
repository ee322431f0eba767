"""One incarnation of a public connection, as straight-line code: connect, subscribe, read until something fails.

No retry loop and no reconnect flag: whatever fails is raised, and the supervisor starts the next incarnation.
"""

from collections.abc import Sequence
from time import perf_counter_ns

import trio

from feedtree.actors.context import Context
from feedtree.actors.mailbox import Mailbox
from feedtree.actors.publisher import Publisher
from feedtree.exchanges.ageing import grow_old
from feedtree.exchanges.controls import Payload
from feedtree.exchanges.endings import describe, note_connection, stopped
from feedtree.exchanges.errors import Stalled, SubscribeTimeout
from feedtree.exchanges.limits import Pacer
from feedtree.exchanges.phases import Phases
from feedtree.exchanges.public.codec import PublicCodec, WireTopic
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.intake import Burst, Intake
from feedtree.exchanges.public.line_watch import LineWatch
from feedtree.exchanges.public.merging import JointBurst
from feedtree.exchanges.public.messages import MarketData, Trade
from feedtree.exchanges.public.records import TopicState
from feedtree.exchanges.public.replays import Replays
from feedtree.exchanges.public.siblings import watch_siblings
from feedtree.exchanges.public.silence import Silence
from feedtree.exchanges.public.slots import Slot
from feedtree.exchanges.public.snapshots import Snapshots
from feedtree.exchanges.public.source import Source
from feedtree.exchanges.public.subscriptions import Subscriptions
from feedtree.exchanges.wire.connection import Wire

RECONCILE_EVERY = 0.05  # seconds: changes of the desired topics within that time go out together
SEND_ROOM = 4096  # frames queued for the writer
RELIEVED_AT = (0.8, 0.9)  # shares of a connection's life between which the other slot takes over


async def run_connection(feed: Feed, slot: Slot, source: Source, context: Context) -> None:
    """Be one incarnation of a connection of a shard: the start function of its child spec.

    Raises:
        Retryable: the connection was lost, refused, timed out or stalled.
        DecodeStorm: too much of what came does not decode.
    """
    context.started()
    publisher = feed.publisher(slot)
    session = Session(feed, slot, source, context, publisher)
    try:
        await session.run()
    except BaseException as error:
        session.ended(error)
        raise


class Session:
    """The parts of one incarnation and what they share."""

    def __init__(
        self, feed: Feed, slot: Slot, source: Source, context: Context, publisher: Publisher
    ) -> None:
        now = trio.current_time()
        self._feed = feed
        self._slot = slot
        self._shard = slot.shard
        self._source = source
        self._context = context
        self._publisher = publisher
        self._codec: PublicCodec = feed.venue.codec(feed.symbols)
        self._subscriptions = Subscriptions()
        self._intake = Intake(slot, self._subscriptions, self._on_settled)
        self._pacer = Pacer(feed.venue.endpoint.client_messages_per_s)
        self._silence = Silence(now, slot.alarms.patience(now))
        self._outbox, self._to_send = trio.open_memory_channel[tuple[Payload, tuple[WireTopic, ...]]](
            SEND_ROOM
        )
        self._snapshots = Snapshots(feed, slot, source, self._intake, self._publish)
        self._replays = (
            None
            if source.trades is None
            else Replays(
                source.trades,
                self._intake.missed,
                source.rest_budget,
                self._snapshots.idle,
                source.wall_ns,
                self._publish_fetched,
                context.log,
            )
        )
        self._pongs = 0
        self._buffered = 0
        self._heard_at = now
        self._latency = slot.shard.meters.histogram("latency_ns")
        self._processing = slot.shard.meters.histogram("processing_ns")
        self._watch: LineWatch
        self._wire: Wire
        self._phases = Phases(slot.shard.meters)

    # Life

    async def run(self) -> None:
        """Connect and live until something fails."""
        self._state("connecting")
        async with self._source.connection(
            self._shard.attempt, self._on_dialled, on_phase=self._phases.took
        ) as self._wire:
            with self._shard.vitals.carried(self._wire, self._source.wall_ns()):
                await self._live()

    async def _live(self) -> None:
        now = trio.current_time()
        self._watch = LineWatch(self._source.liveness(now), self._silence, self._alarm)
        self._slot.heard_at = self._last_heard
        self._silence.moved(now)
        self._phases.opened(now)
        self._shard.address = self._source.where
        self._state("syncing")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write)
            nursery.start_soon(self._subscribe)
            nursery.start_soon(self._snapshots.run)
            nursery.start_soon(watch_siblings, self._slot, self._intake, self._publish, self._source.wall_ns)
            if self._replays is not None:
                nursery.start_soon(self._replays.run)
            nursery.start_soon(self._leave)
            nursery.start_soon(self._go_ahead)
            await self._read()

    def ended(self, error: BaseException) -> None:
        """Tell consumers and the account that this incarnation is over."""
        now_ns = self._source.wall_ns()
        self._source.lost()
        note_connection(error, self._context)
        now = trio.current_time()
        self._shard.vitals.restarts += not stopped(error)
        burst = self._intake.lost(describe(error), now, now_ns)
        self._context.report("down", topics=len(self._slot.strands))
        self._tap(burst, now)
        self._feed.publish_now(self._for_mailboxes(burst))
        self._feed.notify()

    def _on_dialled(self) -> None:
        self._context.mark_connected()
        self._feed.endpoint_back()

    def _on_settled(self, settled: bool) -> None:
        strands = self._slot.strands.values()
        if settled and strands:
            self._shard.recovered(self._source.wall_ns())
            self._measure_settling()
            self._judge_alarm()
            refused = all(strand.state is TopicState.REJECTED for strand in strands)
            self._state("rejected" if refused else "live")
            self._feed.notify()
        elif not settled:
            self._state("syncing")

    def _measure_settling(self) -> None:
        now = trio.current_time()
        answered_at = self._subscriptions.answered_at
        books = any(strand.sync is not None for strand in self._slot.strands.values())
        self._phases.settled(now, now if answered_at is None else answered_at, books=books)

    def _judge_alarm(self) -> None:
        """Ask the books who was silent, where the last connection was ended for that."""
        alarms, now = self._slot.alarms, trio.current_time()
        if alarms.open and alarms.judged(now):
            self._silence.patience = alarms.patience(now)
            self._context.log.info("silence_was_the_markets", waits_times=self._silence.patience)

    def _state(self, state: str) -> None:
        if state == self._context.state:
            return
        self._slot.state = state
        took = {"took": str(self._phases)} if state == "live" else {}
        self._context.report(state, topics=len(self._slot.strands), **took)

    def _last_heard(self) -> float:
        return self._wire.last_frame_at

    async def _leave(self) -> None:
        """Ask to be replaced before the venue ends this connection, by its age or by what it announces."""
        await grow_old(self._source.life_s * self._source.rng.uniform(*RELIEVED_AT), self._slot.leaving)
        self._feed.leaving.send_nowait((self._slot, self._slot.generation))

    async def _go_ahead(self) -> None:
        """Tell what waits for the shard's other connection, once it has waited long enough."""
        while True:
            await self._slot.ahead.wait()
            self._slot.ahead = trio.Event()
            while (merge := self._shard.merge) is not None and merge.held:
                await trio.sleep_until(merge.due)
                await self._publish(self._intake.overdue(trio.current_time(), self._source.wall_ns()))

    # Reading

    async def _read(self) -> None:
        awaited = trio.current_time()  # since when, or until when, the reader waited last
        while True:
            deadline = self._watch.deadline()
            payloads = await self._wire.receive(deadline)
            now = trio.current_time()
            if full := self._take(payloads, now):
                await self._give_way(full)
                now = awaited = trio.current_time()
            if now < deadline:
                awaited = await self._follow_stream()
                continue
            if self._watch.check(now, max(deadline, awaited), empty=not payloads):
                self._post(self._codec.ping(self._source.wall_ns() / 1e9), ())
            awaited = now

    async def _follow_stream(self) -> float:
        """Read on, until the deadline that is near now has come: a scope and a timer for each read cost too much.

        Meanwhile deadlines move away, for data come; one that comes nearer is followed.

        Returns:
            Until when it was to wait: who wakes up later was asleep. Or when consumers had room again.
        """
        receive, take, next_deadline = self._wire.receive, self._take, self._watch.deadline
        full = None
        with trio.CancelScope(deadline=max(next_deadline(), trio.current_time())) as scope:
            while True:
                payloads = await receive()
                full = take(payloads, now := trio.current_time())
                if full:
                    break
                if (deadline := next_deadline()) < scope.deadline:
                    scope.deadline = max(deadline, now)
        if not full:
            return scope.deadline
        await self._give_way(full)
        return trio.current_time()

    def _take(self, payloads: list[Payload], now: float) -> list[Mailbox] | None:
        """Take what came, hand it on, and return the mailboxes that are full now."""
        heard_at = self._wire.last_frame_at
        if heard_at != self._heard_at:
            self._heard_at = heard_at
            self._watch.heard(heard_at)
        if not payloads:
            return None
        began_ns = perf_counter_ns()
        now_ns = self._source.wall_ns()
        burst = self._intake.take(self._codec.decode(payloads, now_ns), len(payloads), now, now_ns)
        full = None
        if burst:
            full = self._hand_on(burst, now)  # first of all: somebody waits for it
            self._processing.record(perf_counter_ns() - began_ns)
        if isinstance(burst, JointBurst):
            useful = burst.heard > 0  # what is no news is as good a sign of life
        else:
            useful = bool(burst) and (
                isinstance(burst[-1], MarketData) or any(isinstance(each, MarketData) for each in burst)
            )
        if useful:
            self._useful(burst, now, now_ns)
        if self._intake.buffered != self._buffered:
            self._buffered = self._intake.buffered
            self._note_data(now)  # nobody is told of them yet, and they are data
        self._follow(now)
        return full

    def _useful(self, burst: Burst, now: float, now_ns: int) -> None:
        """Note that data came; events alone prove nothing."""
        shard = self._shard
        shard.messages += len(burst)
        shard.bursts += 1
        self._slot.last_good_ns = now_ns
        self._note_data(now)
        if self._context.useful_since is None:
            self._context.mark_useful()
            self._source.connections.recovered()
        sent_ns = getattr(burst[-1], "sent_ns", None) if burst else None
        if sent_ns is not None:
            self._latency.record(now_ns - sent_ns)

    def _note_data(self, now: float) -> None:
        if self._subscriptions.open:
            # Books and first data that we asked for tell nothing of the stream's pace.
            self._silence.moved(now)
        else:
            self._silence.heard(now)

    def _follow(self, now: float) -> None:
        """Do what the burst asked for beside its data."""
        intake = self._intake
        while self._pongs < intake.pongs:
            self._pongs += 1
            self._shard.vitals.pinged(self._watch.answered(now))
        for frame in intake.answers:
            self._post(frame, ())
        intake.answers.clear()
        if intake.fault is not None:
            raise intake.fault
        if intake.resubscribe or intake.resend:
            self._slot.changed.set()
        self._snapshots.look()
        if self._replays is not None:
            self._replays.look()

    def _alarm(self) -> None:
        """Note where the books stand: they tell afterwards who was silent."""
        books = self._intake.books()
        self._slot.alarms.raised((topic, sync.book.sequence) for topic, sync in books if sync.book.live)

    def _tap(self, burst: Burst, now: float) -> None:
        if not self._feed.taps or not burst:
            return
        for tap in self._feed.taps:
            tap.step(burst, now, self._report_tap)
        self._feed.taps = [tap for tap in self._feed.taps if tap.enabled]

    def _report_tap(self, event: str, detail: str) -> None:
        self._context.log.warning(event, detail=detail)

    async def _publish(self, burst: Burst) -> None:
        """Publish what other tasks than the reader have; it reads on while they wait for room."""
        if full := self._hand_on(burst, trio.current_time()):
            await self._publisher.wait_space(full)

    async def _publish_fetched(self, trades: Sequence[Trade]) -> None:
        await self._publish(self._intake.fetched(trades, trio.current_time(), self._source.wall_ns()))

    def _hand_on(self, burst: Burst, now: float) -> list[Mailbox] | None:
        self._tap(burst, now)
        return self._publisher.publish(self._for_mailboxes(burst))

    def _for_mailboxes(self, burst: Burst) -> Burst:
        if self._feed.delivery == "tap":
            return [message for message in burst if not isinstance(message, MarketData)]
        return burst

    async def _give_way(self, full: list[Mailbox]) -> None:
        """Wait, as the reader, for consumers who let their publisher wait."""
        self._watch.paused(trio.current_time())
        await self._publisher.wait_space(full)
        self._watch.resumed(trio.current_time())

    # Sending

    def _post(self, frame: Payload, topics: tuple[WireTopic, ...]) -> None:
        try:
            self._outbox.send_nowait((frame, topics))
        except trio.WouldBlock:
            raise Stalled(f"{SEND_ROOM} frames wait to be sent: the venue takes none") from None

    async def _write(self) -> None:
        async for frame, topics in self._to_send:
            await trio.sleep(self._pacer.take(trio.current_time()))
            await self._wire.send(frame)
            self._subscriptions.sent(topics, trio.current_time())
            if topics:
                self._slot.changed.set()

    # Subscribing

    async def _subscribe(self) -> None:
        slot = self._slot
        while True:
            slot.changed = trio.Event()
            await self._reconcile()
            await trio.sleep(RECONCILE_EVERY)
            with trio.move_on_at(self._subscriptions.deadline()):
                await slot.changed.wait()

    async def _reconcile(self) -> None:
        now = trio.current_time()
        intake = self._intake
        again, given_up = self._subscriptions.unanswered(now)
        if (again or given_up) and not self._subscriptions.answered:
            raise SubscribeTimeout(f"{len(again) + len(given_up)} requests stayed unanswered")
        unseeded = self._subscriptions.unseeded(now)
        for wire in given_up:
            await self._refuse(wire, "the venue does not answer")
        for wire in unseeded:
            await self._refuse(wire, f"{wire.channel}: no snapshot in time")
        resubscribe, intake.resubscribe = intake.resubscribe, []
        resend, intake.resend = intake.resend, []
        again_whole = [wire for wire in resubscribe if self._subscriptions.holds(wire)]
        self._end([*given_up, *unseeded, *again_whole, *self._wanted_anew()])
        self._ask(again)
        for group in resend:
            self._ask(group)
        self._feed.part(self._shard)
        drop, add = self._subscriptions.difference(
            strand.record.wire
            for strand in self._slot.strands.values()
            if strand.state is not TopicState.REJECTED
        )
        self._end(drop)
        self._ask(add)
        intake.settle_removed()

    def _wanted_anew(self) -> list[WireTopic]:
        """Return topics that were unwanted and wanted again before the venue heard of it."""
        return [
            strand.record.wire
            for strand in self._slot.strands.values()
            if strand.state is TopicState.PENDING and self._subscriptions.holds(strand.record.wire)
        ]

    async def _refuse(self, wire: WireTopic, reason: str) -> None:
        await self._publish(self._intake.refuse(wire, reason, self._source.wall_ns()))
        self._feed.notify()

    def _ask(self, topics: "list[WireTopic] | tuple[WireTopic, ...]") -> None:
        if not topics:
            return
        self._intake.asked(topics)
        self._subscriptions.asked(topics)
        for request in self._codec.subscribe(topics, self._source.wall_ns() / 1e9):
            self._post(request.frame, request.topics)

    def _end(self, topics: list[WireTopic]) -> None:
        if not topics:
            return
        self._intake.forget(topics)
        self._subscriptions.dropped(topics)
        for request in self._codec.unsubscribe(topics, self._source.wall_ns() / 1e9):
            self._post(request.frame, ())
