"""A simulation on a memory network, and a websocket client that shares no code with it."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
import trio
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws_events

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.mexc.proto.spot_pb2 import PushDataV3ApiWrapper
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.transport import receive
from feedtree.ops.sim.accounts.config import DEMO_KEY, DEMO_SECRET
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.server import open_sim
from tests.clock import EPOCH_NS

PATHS = {"gateio.spot": "/ws/v4/", "mexc.spot": "/ws"}


class Client:
    """A websocket client on wsproto."""

    def __init__(self, transport: Any, path: str) -> None:
        self.transport = transport
        self.ws = WSConnection(ConnectionType.CLIENT)
        self.path = path
        self.inbox: list[Any] = []
        self.ended: str | None = None  # "tcp", "reset", or the close code
        self.listen_key = ""
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

    async def get(
        self, target: str, method: str = "GET", headers: dict[str, str] | None = None, body: str = ""
    ) -> Answer:
        transport = await self.dial()
        lines = {"Host": "sim", "Connection": "close", **(headers or {})}
        if body:
            lines["Content-Length"] = str(len(body.encode()))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        await transport.send_all(f"{method} {target} HTTP/1.1\r\n{head}\r\n{body}".encode())
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

    def gate(self, key: str = DEMO_KEY, secret: str = DEMO_SECRET) -> "GateAccount":
        return GateAccount(self, key, secret)

    def mexc(self, key: str = DEMO_KEY, secret: str = DEMO_SECRET) -> "MexcAccount":
        return MexcAccount(self, key, secret)

    def account(self, venue: str, name: str = "demo") -> Any:
        accounts = self.sim.venues[venue].private.accounts.values()
        return next(account for account in accounts if account.name == name)

    def market(self, venue: str, symbol: str = "BTC/USDT") -> Any:
        return self.sim.venues[venue].market_of(Symbol.parse(symbol))


def _hmac(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha512).hexdigest()


class GateAccount:
    """Signs requests to Gate.io as its documents say, with a key and secret; ``skew_s`` puts its clock wrong."""

    def __init__(self, bench: Bench, key: str, secret: str) -> None:
        self.bench = bench
        self.key = key
        self.secret = secret
        self.skew_s = 0

    def now_s(self) -> int:
        return self.bench.sim.clock.now_ns() // 10**9 + self.skew_s

    async def rest(
        self, method: str, path: str, query: str = "", content: Any = None, headers: Any = None
    ) -> Answer:
        path, body = f"/api/v4{path}", "" if content is None else json.dumps(content)
        stamp, digest = str(self.now_s()), hashlib.sha512(body.encode()).hexdigest()
        sign = _hmac(self.secret, "\n".join((method, path, query, digest, stamp)))
        signed = {"KEY": self.key, "Timestamp": stamp, "SIGN": sign, **(headers or {})}
        return await self.bench.get(path + ("?" + query if query else ""), method, signed, body)

    async def place(self, headers: Any = None, **fields: Any) -> Answer:
        order = {"currency_pair": "BTC_USDT", "side": "buy", "type": "limit", **fields}
        return await self.rest("POST", "/spot/orders", content=order, headers=headers)

    def subscribe(self, channel: str, *payload: str, event: str = "subscribe", **more: Any) -> Any:
        now_s = self.now_s()
        sign = _hmac(self.secret, f"channel={channel}&event={event}&time={now_s}")
        auth = {"method": "api_key", "KEY": self.key, "SIGN": sign}
        frame = {"time": now_s, "channel": channel, "event": event, "auth": auth, **more}
        return {**frame, "payload": list(payload)} if payload else frame

    def login(self, number: str = "login") -> Any:
        stamp = str(self.now_s())
        sign = _hmac(self.secret, f"api\nspot.login\n\n{stamp}")
        payload = {"req_id": number, "api_key": self.key, "signature": sign, "timestamp": stamp}
        return {"time": self.now_s(), "channel": "spot.login", "event": "api", "payload": payload}

    def call(self, channel: str, param: Any, number: str = "1", **header: str) -> Any:
        payload = {"req_id": number, "req_param": param, **({"req_header": header} if header else {})}
        return {"time": self.now_s(), "channel": channel, "event": "api", "payload": payload}

    def signed_call(self, channel: str, param: Any, secret: str) -> Any:
        """A call that carries a signature of its own, made with a secret."""
        frame, stamp = self.call(channel, param), str(self.now_s())
        text = json.dumps(param)  # as `Client.send` writes it
        sign = _hmac(secret, f"api\n{channel}\n{text}\n{stamp}")
        frame["payload"] |= {"api_key": self.key, "signature": sign, "timestamp": stamp}
        return frame

    async def stream(self, *channels: str) -> Client:
        """Return a client that has subscribed channels of this account."""
        client = await self.bench.client("gateio.spot")
        for channel in channels:
            payload = ("!all",) if channel != "spot.balances" else ()
            await client.send(self.subscribe(channel, *payload))
            ack = await client.next()
            assert ack["result"] == {"status": "success"}, ack
        return client


class MexcAccount:
    """Signs requests to MEXC as its documents say, with a key and secret; ``skew_ms`` puts its clock wrong."""

    def __init__(self, bench: Bench, key: str, secret: str) -> None:
        self.bench = bench
        self.key = key
        self.secret = secret
        self.skew_ms = 0

    def now_ms(self) -> int:
        return self.bench.sim.clock.now_ns() // 10**6 + self.skew_ms

    async def rest(self, method: str, path: str, **params: Any) -> Answer:
        query = urlencode({**params, "timestamp": self.now_ms()})
        sign = hmac.new(self.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        target = f"/api/v3{path}?{query}&signature={sign}"
        return await self.bench.get(target, method, {"X-MEXC-APIKEY": self.key})

    async def place(self, **params: Any) -> Answer:
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", **params}
        return await self.rest("POST", "/order", **order)

    async def stream(self, *names: str) -> Client:
        """Return a client that has subscribed private topics of this account."""
        key = (await self.rest("POST", "/userDataStream")).json["listenKey"]
        client = await self.bench.client("mexc.spot", f"/ws?listenKey={key}")
        client.listen_key = key
        topics = [f"spot@private.{name}.v3.api.pb" for name in names]
        await client.send(_topics(*topics))
        ack = await client.next()
        assert ack["msg"] == ",".join(topics), ack
        return client


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
