"""One incarnation of an account's stream, as straight-line code: connect, measure the clock, subscribe, compare, live.

The reader runs all the time. No retry loop and no reconnect flag: whatever fails is raised, and the supervisor starts
the next incarnation. A comparison that fails is no fault of the connection: it is made again, on the same one.
"""

from collections.abc import Sequence

import trio

from feedtree.actors.context import Context
from feedtree.exchanges.ageing import grow_old
from feedtree.exchanges.bad_frames import BadFrames
from feedtree.exchanges.controls import UPGRADE, Answer, Notice, Payload, Pong, Undecodable, Unknown
from feedtree.exchanges.endings import describe, note_connection, stopped
from feedtree.exchanges.errors import LeaseInvalid, Stalled, SubscribeTimeout
from feedtree.exchanges.limits import Pacer
from feedtree.exchanges.phases import Phases
from feedtree.exchanges.private.account import Account
from feedtree.exchanges.private.agreement import agree
from feedtree.exchanges.private.balances import BalanceChange
from feedtree.exchanges.private.codec import Confirmed, Decoded, Refused, UnknownSymbol
from feedtree.exchanges.private.lease import Lease
from feedtree.exchanges.private.orders import Order
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.wire.connection import Wire
from feedtree.exchanges.wire.listening import listen
from feedtree.exchanges.wire.liveness import Liveness

ANSWER_WITHIN = 2.0  # seconds from the subscriptions to their answers
SEND_ROOM = 64  # frames queued for the writer
RELIEVED_AT = (0.8, 0.9)  # shares of a connection's life between which the other slot takes over


async def run_session(account: Account, slot: str, lease: Lease | None, context: Context) -> None:
    """Be one incarnation of an account's stream: the start function of its child spec.

    Raises:
        Retryable: the connection was lost, refused, timed out or stalled; REST did not answer for the clock.
        Fatal: the venue refuses the account, for a reason that stays.
        DecodeStorm: too much of what came does not decode.
    """
    context.started()
    generation = account.slots.began(slot)
    try:
        await Session(account, slot, generation, lease, context).run()
    except BaseException as error:
        account.access.lost()
        note_connection(error, context)
        context.report("down")
        account.store.vitals.restarts += not stopped(error)
        account.store.lost(generation, describe(error))
        raise


class Session:
    """The parts of one incarnation and what they share."""

    def __init__(
        self, account: Account, slot: str, generation: int, lease: Lease | None, context: Context
    ) -> None:
        self._account = account
        self._store = account.store
        self._slot = slot
        self._generation = generation
        self._lease = lease
        self._context = context
        self._codec = account.codec()
        self._store.channels = len(self._codec.channels)
        self._pacer = Pacer(account.venue.endpoint.client_messages_per_s)
        self._outbox, self._to_send = trio.open_memory_channel[Payload](SEND_ROOM)
        self._unconfirmed = set(self._codec.channels)
        self._confirmed = trio.Event()
        self._bad_frames = BadFrames()
        self._unknown_symbol = trio.Event()
        self._phases = Phases(account.store.meters)
        self._wire: Wire
        self._liveness: Liveness

    # Life

    async def run(self) -> None:
        """Connect and live until something fails."""
        self._context.report("connecting")
        query = "" if self._lease is None else await self._authorised(self._lease)
        access, took = self._account.access, self._phases.took
        async with access.connection(
            lambda: None, self._context.mark_connected, on_phase=took, query=query
        ) as self._wire:
            self._store.address = access.where
            self._liveness = access.liveness(trio.current_time())
            with self._store.vitals.carried(self._wire, self._account.host.wall_ns()):
                await self._live()

    async def _live(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen, self._wire, self._liveness, self._read, self._ping, self._store.heard)
            nursery.start_soon(self._write)
            nursery.start_soon(self._relieve)
            nursery.start_soon(self._learn)
            await self._account.prepare()
            self._store.start(self._account.clock.least_ns())
            await self._subscribe()
            self._store.syncing(self._generation)
            self._context.report("syncing")
            await agree(self._account, self._generation, self._context)

    async def _authorised(self, lease: Lease) -> str:
        began = trio.current_time()
        query = await lease.query()
        self._phases.took("auth", trio.current_time() - began)
        return query

    async def _subscribe(self) -> None:
        began = trio.current_time()
        for frame in self._codec.subscribe(self._account.clock.now_ns() / 1e9):
            self._post(frame)
        with trio.move_on_after(ANSWER_WITHIN):
            await self._confirmed.wait()
            self._phases.took("subscribe", trio.current_time() - began)
            return
        raise SubscribeTimeout(f"no answer about {', '.join(sorted(self._unconfirmed))}")

    async def _relieve(self) -> None:
        """Have the other slot take over before the venue ends this connection."""
        share = self._account.host.rng.uniform(*RELIEVED_AT)
        await grow_old(self._account.venue.endpoint.life_s * share)
        self._account.slots.relieve(self._slot)

    async def _learn(self) -> None:
        """Fetch the venue's symbols anew when a push names one that is not known."""
        while True:
            await self._unknown_symbol.wait()
            self._unknown_symbol = trio.Event()
            await self._account.learn()
            self._store.want_comparison()

    # Reading

    def _read(self, payloads: Sequence[Payload]) -> None:
        self._store.streams.check(self._generation)
        self._bad_frames.frames += len(payloads)
        for item in self._codec.decode(payloads, self._account.host.wall_ns()):
            self._take(item)

    def _take(self, item: Decoded) -> None:
        match item:
            case Order():
                self._store.apply_order(item)
            case RawFill():
                self._store.apply_fill(item)
            case BalanceChange():
                self._store.apply_balance(item)
            case _:
                self._control(item)

    def _control(self, item: Decoded) -> None:
        match item:
            case Confirmed(channels=channels):
                self._unconfirmed.difference_update(channels)
                if not self._unconfirmed:
                    self._confirmed.set()
            case Refused(error=error):
                self._refuse(error)
            case Pong():
                self._store.vitals.pinged(self._liveness.answered(trio.current_time()))
            case Answer(frame=frame):
                self._post(frame)
            case Notice(kind=kind):
                if kind == UPGRADE:
                    self._account.slots.relieve(self._slot)
            case _:
                self._doubt(item)

    def _refuse(self, error: Exception) -> None:
        if self._lease is not None and isinstance(error, LeaseInvalid):
            self._lease.refused()
        raise error

    def _doubt(self, item: Decoded) -> None:
        """Note what could not be read: it may have been a fill."""
        if isinstance(item, UnknownSymbol):
            if self._account.unknown(item.wire):
                self._unknown_symbol.set()
        elif isinstance(item, Undecodable):
            self._store.errors["undecodable"] += 1
            self._bad_frames.take(item, trio.current_time(), self._context.log)
        elif isinstance(item, Unknown):
            self._store.errors["unknown"] += 1
            self._context.log.info("unknown", what=item.what)
            return
        self._store.doubted(f"a push that cannot be read: {type(item).__name__}")
        self._store.want_comparison()

    # Sending

    def _ping(self) -> None:
        self._post(self._codec.ping(self._account.clock.now_ns() / 1e9))

    def _post(self, frame: Payload) -> None:
        try:
            self._outbox.send_nowait(frame)
        except trio.WouldBlock:
            raise Stalled(f"{SEND_ROOM} frames wait to be sent: the venue takes none") from None

    async def _write(self) -> None:
        async for frame in self._to_send:
            await trio.sleep(self._pacer.take(trio.current_time()))
            await self._wire.send(frame)
