"""Gate.io spot's orders over a websocket of their own: a door, and the actor that holds its connection.

An incarnation is straight-line code: connect, log in, pass requests on until something fails. Every request that is
under way ends with the connection; none is passed on to the next one.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

import trio

from feedtree.actors.context import Context
from feedtree.exchanges.access import Access
from feedtree.exchanges.ageing import grow_old
from feedtree.exchanges.bad_frames import BadFrames
from feedtree.exchanges.controls import UPGRADE, Notice, Payload, Pong, Unknown
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.endings import describe, note_connection
from feedtree.exchanges.errors import (
    ClockSkewed,
    PlannedReconnect,
    RestFailed,
    SubscribeTimeout,
)
from feedtree.exchanges.gateio.spot_orders_frames import (
    LOGIN_ID,
    Heard,
    Taken,
    Told,
    ask,
    hear,
    login,
    login_error,
    ping,
    reply_of,
)
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.order_doors import Reply, Request, Unanswered, Withheld
from feedtree.exchanges.wire.connection import Wire
from feedtree.exchanges.wire.listening import listen
from feedtree.exchanges.wire.liveness import Liveness

LOGIN_WITHIN = 2.0  # seconds


class _Waiting:
    """A request on its way through this door."""

    def __init__(self, request: Taken, expires_ns: int, on_sent: Callable[[], None]) -> None:
        self.request = request
        self.expires_ns = expires_ns
        self.on_sent = on_sent
        self.sent = False
        self.withheld = False
        self.reply: Reply | None = None
        self.over = trio.Event()

    def end(self, reply: Reply) -> None:
        self.reply = reply
        self.over.set()


class GateioSpotOrderSocket:
    """See `Door`. Outlives its connections.

    Args:
        access: how the venue is reached.
        credentials: log the connection in.
        clock: the venue's.
        measure: asks for the venue's time where the last reading is old.
        life: seconds after which a connection is given up for a new one, once nothing is under way on it.
    """

    name = "websocket"

    def __init__(
        self,
        access: Access,
        credentials: Credentials,
        clock: VenueClock,
        measure: Callable[[], Awaitable[None]],
        life: float,
    ) -> None:
        self._access = access
        self._credentials = credentials
        self._clock = clock
        self._measure = measure
        self._life = life
        self._connection: _Connection | None = None

    def __repr__(self) -> str:
        return f"GateioSpotOrderSocket({'open' if self.open else 'closed'})"

    @property
    def open(self) -> bool:
        """Whether a connection is logged in, and stays."""
        return self._connection is not None and self._connection.open

    def takes(self, request: Request) -> bool:
        """See `Door`: the countdown is REST's alone."""
        return isinstance(request, Taken)

    async def send(self, request: Request, expires_ns: int, on_sent: Callable[[], None]) -> Reply:
        """See `Door`."""
        assert isinstance(request, Taken)
        connection = self._connection
        if connection is None or not connection.open:
            await trio.lowlevel.checkpoint()
            return Unanswered(sent=False, why="no connection is logged in")
        waiting = _Waiting(request, expires_ns, on_sent)
        connection.post(waiting)
        try:
            await waiting.over.wait()
        finally:
            connection.forget(waiting)
        if waiting.withheld:
            raise Withheld
        assert waiting.reply is not None
        return waiting.reply

    async def run(self, context: Context) -> None:
        """Be one incarnation of the connection: the start function of its child spec.

        Raises:
            Retryable: the connection was lost, refused, timed out or stalled, or is to be replaced.
            Fatal: the venue refuses the account, for a reason that stays.
            DecodeStorm: too much of what came does not decode.
        """
        context.started()
        context.report("connecting")
        connection = self._connection = _Connection(self._clock, context)
        try:
            await self._learn_time()
            async with self._access.connection(lambda: None, context.mark_connected) as wire:
                liveness = self._access.liveness(trio.current_time())
                await connection.live(wire, liveness, self._credentials, self._life)
        except BaseException as error:
            connection.end(describe(error))
            note_connection(error, context)
            context.report("down")
            raise

    async def _learn_time(self) -> None:
        """Measure the venue's clock before anything is signed; an old reading is better than none."""
        try:
            await self._measure()
        except RestFailed:
            if self._clock.reading is None:
                raise


class _Connection:
    """One connection, and the requests that go over it."""

    def __init__(self, clock: VenueClock, context: Context) -> None:
        self._clock = clock
        self._context = context
        self._numbers = count(1)
        self._outbox: deque[Payload | _Waiting] = deque()
        self._work = trio.Event()
        self._waiting: dict[str, _Waiting] = {}  # by request id; what has gone out
        self._logged_in = trio.Event()
        self._retiring = trio.Event()
        self._idle = trio.Event()
        self._bad_frames = BadFrames()
        self._why: str | None = None
        self._wire: Wire
        self._liveness: Liveness

    @property
    def open(self) -> bool:
        return self._logged_in.is_set() and not self._retiring.is_set() and self._why is None

    def forget(self, waiting: _Waiting) -> None:
        """Nobody waits for it any more: it does not go out, or its reply is not looked at."""
        if waiting in self._outbox:
            self._outbox.remove(waiting)
        for request_id in [name for name, each in self._waiting.items() if each is waiting]:
            del self._waiting[request_id]
        self._note_idle()

    def end(self, why: str) -> None:
        """End every request with the connection."""
        self._why = why
        for waiting in [*self._waiting.values(), *self._outbox]:
            if isinstance(waiting, _Waiting):
                waiting.end(Unanswered(sent=waiting.sent, why=f"the connection ended: {why}"))

    async def live(self, wire: Wire, liveness: Liveness, credentials: Credentials, life: float) -> None:
        """Log in, then pass requests on until something fails."""
        self._wire, self._liveness = wire, liveness
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen, wire, liveness, self._read, self._ping)
            nursery.start_soon(self._write)
            self.post(login(credentials, self._now()))
            with trio.move_on_after(LOGIN_WITHIN):
                await self._logged_in.wait()
            if not self._logged_in.is_set():
                raise SubscribeTimeout("no answer to the login")
            self._context.report("live")
            self._context.mark_useful()
            await grow_old(life, self._retiring)
            await self._retire()

    async def _retire(self) -> None:
        """Take nothing more, and end once nothing is under way."""
        self._retiring.set()
        self._context.report("retiring")
        self._note_idle()
        await self._idle.wait()
        raise PlannedReconnect("the connection has served its time, or the venue announced its end")

    def _note_idle(self) -> None:
        if self._retiring.is_set() and not self._waiting and not self._outbox:
            self._idle.set()

    def _now(self) -> float:
        return self._clock.now_ns() / 1e9

    # Reading

    def _read(self, payloads: Sequence[Payload]) -> None:
        for payload in payloads:
            self._bad_frames.frames += 1
            self._take(hear(payload, self._now()))

    def _take(self, heard: Heard) -> None:
        match heard:
            case Told(id=id) if id == LOGIN_ID:
                self._take_login(heard)
            case Told(id=id):
                self._take_reply(id, heard)
            case Pong():
                self._liveness.answered(trio.current_time())
            case Notice(kind=kind):
                if kind == UPGRADE:
                    self._retiring.set()
            case Unknown(what=what):
                self._context.log.info("unknown", what=what)
            case _:  # it may have been a reply; its request stays unanswered
                self._bad_frames.take(heard, trio.current_time(), self._context.log)

    def _take_login(self, told: Told) -> None:
        if told.done:
            self._logged_in.set()
            return
        error = login_error(told)
        if isinstance(error, ClockSkewed) and self._clock.refused():
            error = (
                None  # this machine may have slept since the clock was asked: the next incarnation asks again
            )
        raise error or RestFailed("spot.login", f"{told.status} {told.label} {told.text}", code=told.label)

    def _take_reply(self, request_id: str, told: Told) -> None:
        waiting = self._waiting.get(request_id)
        if waiting is None:
            self._context.log.info("late_reply", request_id=request_id, status=told.status, label=told.label)
        elif not told.ack:
            waiting.end(reply_of(waiting.request, told))

    # Sending

    def _ping(self) -> None:
        self.post(ping(self._now()))

    def post(self, item: Payload | _Waiting) -> None:
        self._outbox.append(item)
        self._work.set()

    async def _write(self) -> None:
        while True:
            self._work = trio.Event()
            while self._outbox:
                await self._send(self._outbox.popleft())
            await self._work.wait()

    async def _send(self, item: Payload | _Waiting) -> None:
        if not isinstance(item, _Waiting):
            await self._wire.send(item)
            return
        try:
            item.on_sent()
        except Withheld:
            item.withheld = True
            item.over.set()
            return
        item.sent = True
        request_id = str(next(self._numbers))
        self._waiting[request_id] = item
        await self._wire.send(ask(item.request, request_id, item.expires_ns, self._now()))
