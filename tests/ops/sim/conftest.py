"""A simulation on a memory network, and a websocket client that shares no code with it."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import trio
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws_events

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.mexc.proto.spot_pb2 import PushDataV3ApiWrapper
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.transport import receive
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.server import open_sim

EPOCH_NS = 1_790_000_000_000_000_000
PATHS = {"gateio.spot": "/ws/v4/", "mexc.spot": "/ws"}


class Client:
    """A websocket client on wsproto."""

    def __init__(self, transport: Any, path: str) -> None:
        self.transport = transport
        self.ws = WSConnection(ConnectionType.CLIENT)
        self.path = path
        self.inbox: list[Any] = []
        self.ended: str | None = None  # "tcp", "reset", or the close code
        self.pongs = 0
        self.pings = 0
        self._parts: list[Any] = []  # wsproto gives what is there of a frame

    async def upgrade(self) -> "Client":
        await self.transport.send_all(self.ws.send(ws_events.Request(host="sim", target=self.path)))
        while True:
            self.ws.receive_data(await receive(self.transport))
            for event in self.ws.events():
                if isinstance(event, ws_events.AcceptConnection):
                    return self
                if isinstance(event, ws_events.RejectConnection):
                    raise Rejected(event.status_code, dict(event.headers))

    async def send(self, message: Any) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        await self.transport.send_all(self.ws.send(ws_events.TextMessage(data=text)))

    async def ping(self) -> None:
        await self.transport.send_all(self.ws.send(ws_events.Ping()))

    async def pull(self) -> None:
        """Read once; the frames go to the inbox."""
        try:
            data = await receive(self.transport)
        except ConnectionLost:
            self.ended = "reset"
            return
        if not data:
            self.ended = self.ended or "tcp"
            return
        self.ws.receive_data(data)
        for event in self.ws.events():
            await self._take(event)

    async def _take(self, event: Any) -> None:
        if isinstance(event, ws_events.Message):
            self._parts.append(event.data)
            if event.message_finished:
                parts, self._parts = self._parts, []
                self.inbox.append(decoded(parts))
        elif isinstance(event, ws_events.Pong):
            self.pongs += 1
        elif isinstance(event, ws_events.Ping):
            self.pings += 1
            await self.transport.send_all(self.ws.send(event.response()))
        elif isinstance(event, ws_events.CloseConnection):
            self.ended = str(event.code)

    async def next(self, matches: Callable[[Any], bool] = lambda _: True) -> Any:
        """Return the first frame that matches; those before it are dropped."""
        while True:
            while self.inbox:
                frame = self.inbox.pop(0)
                if matches(frame):
                    return frame
            if self.ended:
                raise AssertionError(f"ended ({self.ended}) before the frame came")
            await self.pull()

    async def collect(self, seconds: float) -> list[Any]:
        """Return everything that comes in some time."""
        with trio.move_on_after(seconds):
            while not self.ended:
                await self.pull()
        frames, self.inbox = self.inbox, []
        return frames

    async def end(self) -> str:
        """Wait until the server ends the connection; return how."""
        while not self.ended:
            await self.pull()
        return self.ended


def decoded(parts: list[Any]) -> Any:
    """Decode a message: protobuf where it is binary, JSON where it looks so."""
    if not isinstance(parts[0], str):
        return PushDataV3ApiWrapper.FromString(b"".join(parts))
    text = "".join(parts)
    return json.loads(text) if text[:1] in ("{", "[") else text


class Rejected(Exception):
    """The upgrade got another answer."""

    def __init__(self, status: int, headers: dict[bytes, bytes]) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers


class Answer:
    """A REST answer."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Bench:
    """A running simulation and ways to it."""

    def __init__(self, network: Any, running: Any, tls: Any = None) -> None:
        self.network = network
        self.running = running
        self.sim = running.simulation
        self.board = running.simulation.board
        self._tls = tls
        self._dialled: list[Any] = []

    async def dial(self) -> Any:
        transport = await self.network.dial(self.running.host, self.running.port, tls=self._tls)
        self._dialled.append(transport)
        return transport

    def hang_up(self) -> None:
        for transport in self._dialled:
            transport.close()

    async def client(self, venue: str, path: str = "") -> Client:
        return await Client(await self.dial(), path or PATHS[venue]).upgrade()

    async def get(self, target: str, method: str = "GET") -> Answer:
        transport = await self.dial()
        request = f"{method} {target} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\r\n"
        await transport.send_all(request.encode())
        raw = b""
        while data := await receive(transport):
            raw += data
        transport.close()
        return Answer(raw)

    async def truth(self, venue: str, symbol: str, number: int | None = None) -> Any:
        tail = "" if number is None else f"&id={number}"
        answer = await self.get(f"/_sim/book?venue={venue}&symbol={symbol}{tail}")
        assert answer.status == 200, answer.body
        return answer.json

    def market(self, venue: str, symbol: str = "BTC/USDT") -> Any:
        return self.sim.venues[venue].market_of(Symbol.parse(symbol))


@asynccontextmanager
async def _simulated(network: Any = None, tls: Any = None, **options: Any) -> AsyncIterator[Bench]:
    """Run a simulation; under the virtual clock its UTC moves with that clock."""
    options.setdefault("symbols", (Symbol("BTC", "USDT"), Symbol("ETH", "USDT")))
    options.setdefault("orders", 300)
    options.setdefault("rate", 400.0)
    options.setdefault("utc_ns", lambda: EPOCH_NS + int(trio.current_time() * 1e9))
    network = network or MemoryNetwork()
    server_tls, client_tls = tls or (None, None)
    async with open_sim(SimConfig(**options), network, tls=server_tls) as running:
        bench = Bench(network, running, client_tls)
        try:
            yield bench
        finally:
            bench.hang_up()


@pytest.fixture
def simulated() -> Callable[..., AbstractAsyncContextManager[Bench]]:
    """Starts simulations on a network in memory; each is an async context."""
    return _simulated


@pytest.fixture
def rejected() -> type[Rejected]:
    """What a refused upgrade raises."""
    return Rejected


def _subscribe(channel: str, *payload: str, event: str = "subscribe", **more: Any) -> dict[str, Any]:
    return {"time": 1, "channel": channel, "event": event, "payload": list(payload), **more}


@pytest.fixture
def gate() -> Callable[..., dict[str, Any]]:
    """Makes a request frame of Gate.io: channel, then the payload."""
    return _subscribe


def _topics(*params: str, method: str = "SUBSCRIPTION", **more: Any) -> dict[str, Any]:
    return {"method": method, "params": list(params), **more}


@pytest.fixture
def mexc() -> Callable[..., dict[str, Any]]:
    """Makes a request frame of MEXC: its topics."""
    return _topics
