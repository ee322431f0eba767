"""What the tests of MEXC share: one venue's topics, recorded frames, and pushes made by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import pytest
import trio

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.mexc.channels import resolve
from feedtree.exchanges.mexc.proto.spot_pb2 import PushDataV3ApiWrapper
from feedtree.exchanges.mexc.signing import signature
from feedtree.exchanges.mexc.spelling import spell
from feedtree.exchanges.mexc.spot_public import MexcSpotCodec
from feedtree.exchanges.public.channels import Channel, Topic
from feedtree.exchanges.public.codec import WireTopic
from feedtree.exchanges.symbols import Symbol, SymbolMap

EPOCH_MS = 1_790_000_000_000
Parameters: TypeAlias = dict[str, str]
DATA = Path(__file__).parents[2] / "data" / "mexc"


@pytest.fixture
def recorded() -> Callable[[str], bytes]:
    """Read one recorded binary message by the start of its file's name."""

    def read(name: str) -> bytes:
        (path,) = DATA.glob(f"{name}*.hex")
        return bytes.fromhex(path.read_text().strip())

    return read


@pytest.fixture
def symbols() -> SymbolMap:
    return SymbolMap(spell)


@pytest.fixture
def wire(symbols: SymbolMap) -> Callable[[Channel, str], WireTopic]:
    """Resolve a channel to the venue's preferred topic."""

    def resolved(channel: Channel, symbol: str = "BTC/USDT") -> WireTopic:
        return resolve(Topic("mexc.spot", Symbol.parse(symbol), channel), symbols)[0]

    return resolved


@pytest.fixture
def codec(symbols: SymbolMap) -> MexcSpotCodec:
    return MexcSpotCodec(symbols)


@pytest.fixture
def push() -> Callable[..., bytes]:
    """Encode a push: the topic, then fields of the envelope and its body."""

    def encode(channel: str, **fields: Any) -> bytes:
        return PushDataV3ApiWrapper(channel=channel, **fields).SerializeToString()

    return encode


def now_ms() -> int:
    """UTC milliseconds that go with trio's clock."""
    return EPOCH_MS + int(trio.current_time() * 1000)


class SignedVenue:
    """Answers signed reads by path; checks every signature."""

    def __init__(self, server: Any, answer: Any) -> None:
        self.server = server
        self.reply = answer
        self.epoch_ms = EPOCH_MS
        self.now_ms = now_ms
        self.credentials = Credentials("the-key", "the-secret")
        self.asked: list[tuple[str, Parameters]] = []
        self.says: dict[str, Callable[[Parameters], Any]] = {}
        self.refusals: list[tuple[int, Any, dict[str, str]]] = []
        self.ahead_ms = 0
        server.answer = self.answer

    def answer(self, target: str) -> Any:
        url = urlsplit(target)
        if url.path == "/api/v3/time":
            return self._json({"serverTime": now_ms() + self.ahead_ms})
        text, _, signed = url.query.rpartition("&signature=")
        assert signature(self.credentials.secret, text) == signed
        assert self.server.requests[-1].headers["x-mexc-apikey"] == "the-key"
        parameters = dict(parse_qsl(text))
        if abs(now_ms() + self.ahead_ms - int(parameters.pop("timestamp"))) > int(
            parameters.pop("recvWindow")
        ):
            return self._json(
                {"code": 700003, "msg": "Timestamp for this request is outside of the recvWindow."}, 400
            )
        method = self.server.requests[-1].method
        name = url.path if method == "GET" else f"{method} {url.path}"
        self.asked.append((name, parameters))
        if self.refusals:
            status, body, headers = self.refusals.pop(0)
            return self._json(body, status, headers)
        return self._json(self.says[name](parameters))

    def _json(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Any:
        return self.reply(json.dumps(body).encode(), status, headers or {})


@pytest.fixture
def venue(rest_server: Any, answer: Any) -> SignedVenue:
    """MEXC's signed REST side, which says what a test tells it to."""
    return SignedVenue(rest_server, answer)
