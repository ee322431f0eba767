"""Gate.io's door for orders over a websocket, against a venue that says what the test lets it say."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import structlog
import trio
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws

from feedtree.actors.context import Context
from feedtree.exchanges.access import Access, Reach
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.errors import (
    AuthenticationFailed,
    ConnectionLost,
    DecodeStorm,
    PlannedReconnect,
    RestFailed,
    Stalled,
    SubscribeTimeout,
)
from feedtree.exchanges.gateio.endpoints import SPOT
from feedtree.exchanges.gateio.spot_orders_ws import GateioSpotOrderSocket
from feedtree.exchanges.host import Host
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.order_doors import (
    Answered,
    Brake,
    CancelRequest,
    CountdownRequest,
    PlaceRequest,
    Refused,
    Unanswered,
    Withheld,
)
from feedtree.exchanges.private.orders import OrderType, RejectReason, TimeInForce
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.transport import Transport, receive
from tests.clock import wall_ns

BTC = Symbol("BTC", "USDT")
ROW = {
    "id": "7",
    "text": "t-1",
    "currency_pair": "BTC_USDT",
    "side": "buy",
    "type": "limit",
    "account": "spot",
    "status": "open",
    "amount": "1",
    "price": "100",
    "left": "1",
    "time_in_force": "gtc",
    "create_time_ms": 1_790_000_000_123,
}


def place() -> PlaceRequest:
    return PlaceRequest(
        client_order_id="t-1",
        symbol=BTC,
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price=Decimal(100),
        quantity=Decimal(1),
        quote_quantity=None,
    )


class Venue:
    """One websocket server; it logs in everybody unless told otherwise, and answers pings."""

    def __init__(self) -> None:
        self.network = MemoryNetwork(capacity=256)
        self.reading = trio.Event()
        self.reading.set()
        self._text = ""  # wsproto gives what is there of a frame
        self.login: dict[str, Any] | None = {"result": {"api_key": "key", "uid": "1"}}
        self.login_status = "200"
        self.pongs = True
        self.asked: list[dict[str, Any]] = []
        self.on_ask: Callable[[dict[str, Any]], list[Any]] = lambda frame: []
        self._transport: Transport
        self._ws: WSConnection

    async def serve(self) -> None:
        listener = await self.network.listen("venue", 80)
        while True:
            self._transport = await listener.accept()
            self._ws = WSConnection(ConnectionType.SERVER)
            try:
                await self._talk()
            except (ConnectionLost, trio.ClosedResourceError):
                continue

    async def _talk(self) -> None:
        while data := await receive(self._transport):
            await self.reading.wait()
            self._ws.receive_data(data)
            for event in self._ws.events():
                if isinstance(event, ws.Request):
                    await self._transport.send_all(self._ws.send(ws.AcceptConnection()))
                elif isinstance(event, ws.TextMessage):
                    self._text += event.data
                    if event.message_finished:
                        text, self._text = self._text, ""
                        await self._hear(json.loads(text))

    async def _hear(self, frame: dict[str, Any]) -> None:
        if frame["channel"] == "spot.ping":
            if self.pongs:
                await self.say({"time": 1, "channel": "spot.pong", "event": "", "result": None})
        elif frame["channel"] == "spot.login":
            if self.login is not None:
                await self.say(reply("login", self.login, self.login_status))
        else:
            self.asked.append(frame)
            for answer in self.on_ask(frame):
                await self.say(answer)

    async def say(self, frame: Any) -> None:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        await self._transport.send_all(self._ws.send(ws.TextMessage(data=text)))

    def hang_up(self) -> None:
        self._transport.abort()


def reply(request_id: str, data: Any, status: Any = "200", **header: Any) -> dict[str, Any]:
    return {"request_id": request_id, "header": {"status": status, **header}, "data": data}


class Bench:
    """A door whose actor runs."""

    def __init__(self, nursery: trio.Nursery, life: float) -> None:
        self.venue = Venue()
        host = Host(
            None,  # type: ignore[arg-type]
            self.venue.network,
            nursery,
            wall_ns=wall_ns,
            rng=Random(1),
            log=structlog.get_logger(),
        )
        reach = Reach(ws_url="ws://venue/ws/v4/", rest_url="http://venue/api/v4")
        clock = VenueClock(wall_ns, trio.current_time)
        access = Access(SPOT, host, reach)
        self.door = GateioSpotOrderSocket(
            access, Credentials("key", "secret"), clock, trio.lowlevel.checkpoint, life
        )
        self.lines: list[str] = []
        self.error: BaseException | None = None
        self.ended = trio.Event()
        self.context: Context

    def _note(self, logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
        self.lines.append(event["event"])
        raise structlog.DropEvent

    async def run(self) -> None:
        self.context = Context("socket", 1, log=structlog.wrap_logger(None, processors=[self._note]))
        try:
            await self.door.run(self.context)
        except* Exception as group:
            self.error = group.exceptions[0]
            while isinstance(self.error, BaseExceptionGroup):
                self.error = self.error.exceptions[0]
        self.ended.set()

    async def send(self, request: Any, on_sent: Callable[[], None] = lambda: None) -> Any:
        return await self.door.send(request, wall_ns() + 2_000_000_000, on_sent)


@asynccontextmanager
async def opened(life: float = 1e9, **venue: Any) -> AsyncIterator[Bench]:
    async with trio.open_nursery() as nursery:
        bench = Bench(nursery, life)
        for name, value in venue.items():
            setattr(bench.venue, name, value)
        nursery.start_soon(bench.venue.serve)
        await trio.sleep(0.01)
        nursery.start_soon(bench.run)
        await trio.sleep(0.5)
        yield bench
        nursery.cancel_scope.cancel()


def acked(frame: dict[str, Any], data: Any, status: str = "200", **header: Any) -> list[Any]:
    name = frame["payload"]["req_id"]
    return [{**reply(name, {"result": {"req_id": name}}), "ack": True}, reply(name, data, status, **header)]


async def test_an_order_is_acked_then_answered(autojump_clock: Any) -> None:
    """The ack decides nothing; the frame carries the order, its expiry, and an id of its own."""
    async with opened() as bench:
        assert bench.door.open
        assert repr(bench.door) == "GateioSpotOrderSocket(open)"
        assert not bench.door.takes(CountdownRequest(5))
        bench.venue.on_ask = lambda frame: acked(frame, {"result": ROW})
        answer = await bench.send(place())
        assert isinstance(answer, Answered)
        assert answer.orders[0].order_id == "7"
        (frame,) = bench.venue.asked
        expiry = frame["payload"]["req_header"]["x-gate-exptime"]
        assert int(expiry) * 1_000_000 == pytest.approx(wall_ns() + 2e9, abs=5e9)
        assert frame["channel"] == "spot.order_place"
        assert frame["payload"]["req_param"]["text"] == "t-1"


async def test_a_refusal_with_what_it_says_of_limits(autojump_clock: Any) -> None:
    """The end of the limit's window, however the venue spells it, in seconds or milliseconds."""
    async with opened() as bench:
        for spelled, factor in (("x_gat", 1), ("x_gate", 1000)):
            reset = str(((wall_ns() // 10**9) + 3) * factor)
            header = {
                f"{spelled}_ratelimit_reset_timestamp": reset,
                "x_gate_ratelimit_requests_remain": "0",
            }
            errs = {"errs": {"label": "TOO_MANY_REQUESTS", "message": "Request Rate limit Exceeded (211)"}}
            bench.venue.on_ask = lambda frame, errs=errs, header=header: acked(frame, errs, "429", **header)
            answer = await bench.send(place())
            assert isinstance(answer, Refused)
            assert answer.reason is RejectReason.RATE_LIMITED
            assert answer.brake is not None
            assert 2.0 <= answer.brake.seconds <= 3.0


async def test_a_limit_without_an_end(autojump_clock: Any) -> None:
    """The longest window, where nothing is said; none where its end is over."""
    async with opened() as bench:
        errs = {"errs": {"label": "TOO_MANY_REQUESTS", "message": "slow"}}
        bench.venue.on_ask = lambda frame: acked(frame, errs, "429")
        assert (await bench.send(place())).brake == Brake(1.0)
        bench.venue.on_ask = lambda frame: acked(
            frame,
            {"result": ROW},
            x_gate_ratelimit_requests_remain=0,
            x_gate_ratelimit_reset_timestamp=1_000_000_000,
        )
        assert (await bench.send(place())).brake is None


@pytest.mark.parametrize(
    "data",
    [
        {"result": {"id": "7"}},
        {"result": {**ROW, "amount": "lots"}},
        {"result": "done"},
        {"errs": {"label": "SERVER_ERROR", "message": "internal"}},
    ],
)
async def test_an_answer_that_proves_nothing(data: Any, autojump_clock: Any) -> None:
    """It does not read, or tells of trouble of the venue's own."""
    async with opened() as bench:
        bench.venue.on_ask = lambda frame: acked(frame, data)
        answer = await bench.send(place())
        assert isinstance(answer, Unanswered)
        assert answer.sent


async def test_requests_end_with_their_connection(autojump_clock: Any) -> None:
    """What went out without an answer, what did not as not sent; a closed door says so at once."""
    async with opened() as bench:
        answers: list[Any] = []

        async def send() -> None:
            answers.append(await bench.send(place()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            await trio.sleep(1)
            bench.venue.hang_up()
        assert isinstance(answers[0], Unanswered)
        assert answers[0].sent
        assert "the connection ended" in answers[0].why
        await bench.ended.wait()
        assert isinstance(bench.error, ConnectionLost)
        assert bench.context.state == "down"
        assert not bench.door.open
        assert await bench.send(place()) == Unanswered(sent=False, why="no connection is logged in")


async def test_a_request_that_is_withheld_does_not_go_out(autojump_clock: Any) -> None:
    """The word comes in the last moment."""
    async with opened() as bench:

        def refuse() -> None:
            raise Withheld

        with pytest.raises(Withheld):
            await bench.send(place(), refuse)
        assert bench.venue.asked == []


async def test_a_request_that_nobody_waits_for_does_not_go_out(autojump_clock: Any) -> None:
    """Cancelled while the writer is busy; and a late reply to one that went out is only logged."""
    async with opened() as bench:
        bench.venue.reading = trio.Event()
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(bench.send, place())
            await trio.sleep(0.3)
            with trio.move_on_after(0.3) as scope:
                await bench.send(CancelRequest(symbol=BTC, order_id="7", client_order_id=None))
            assert scope.cancelled_caught
            bench.venue.reading.set()
            await trio.sleep(0.1)
            nursery.cancel_scope.cancel()
        assert [frame["channel"] for frame in bench.venue.asked] == ["spot.order_place"] * 3
        await bench.venue.say(reply("1", {"result": ROW}))
        await trio.sleep(1)
        assert bench.lines == ["late_reply"]
        assert bench.door.open


async def test_a_login_that_is_refused(autojump_clock: Any) -> None:
    """A bad key is fatal; what may pass is tried again."""
    errs = {"errs": {"label": "INVALID_KEY", "message": "Invalid key provided"}}
    async with opened(login=errs, login_status="401") as bench:
        await bench.ended.wait()
        assert isinstance(bench.error, AuthenticationFailed)
    async with opened(login={"errs": {"label": "TOO_BUSY", "message": "later"}}, login_status="503") as bench:
        await bench.ended.wait()
        assert isinstance(bench.error, RestFailed)
        assert bench.error.code == "TOO_BUSY"


async def test_a_login_that_stays_unanswered(autojump_clock: Any) -> None:
    """The door opens after it only."""
    async with opened(login=None) as bench:
        assert not bench.door.open
        assert repr(bench.door) == "GateioSpotOrderSocket(closed)"
        await bench.ended.wait()
        assert isinstance(bench.error, SubscribeTimeout)


async def test_a_venue_that_falls_silent(autojump_clock: Any) -> None:
    """Its pongs stay away: the connection has stalled."""
    async with opened() as bench:
        await trio.sleep(30)
        assert bench.door.open
        bench.venue.pongs = False
        await bench.ended.wait()
        assert isinstance(bench.error, Stalled)


async def test_odd_frames_cost_nothing_until_they_are_many(autojump_clock: Any) -> None:
    """Unknown ones are logged; too many that do not decode are a bug."""
    async with opened() as bench:
        await bench.venue.say({"channel": "spot.trades", "event": "update", "result": {}})
        await bench.venue.say({"channel": "spot.system", "event": "update", "result": {"type": "news"}})
        await bench.venue.say({"request_id": "99", "header": None, "data": None})
        await bench.venue.say("{")
        await trio.sleep(0.1)
        assert sorted(bench.lines) == ["late_reply", "undecodable", "unknown"]
        assert bench.door.open
        with suppress(ConnectionLost):
            for _ in range(20):
                await bench.venue.say("[1")
        await bench.ended.wait()
        assert isinstance(bench.error, DecodeStorm)


async def test_a_connection_is_replaced_when_its_time_has_come(autojump_clock: Any) -> None:
    """It takes nothing new, and ends once what is under way has ended."""
    async with opened(life=5.0) as bench:
        answers: list[Any] = []

        async def send() -> None:
            answers.append(await bench.send(CancelRequest(symbol=BTC, order_id="7", client_order_id=None)))

        async with trio.open_nursery() as nursery:
            await trio.sleep(4)
            nursery.start_soon(send)
            await trio.sleep(2)
            assert bench.context.state == "retiring"
            assert not bench.door.open
            assert not bench.ended.is_set()
            await bench.venue.say(reply("1", {"result": {**ROW, "status": "cancelled"}}))
        await bench.ended.wait()
        assert isinstance(answers[0], Answered)
        assert isinstance(bench.error, PlannedReconnect)
    async with opened(life=5.0) as bench:
        await bench.ended.wait()
        assert isinstance(bench.error, PlannedReconnect)
