"""What the tests of MEXC share: one venue's topics, recorded frames, and pushes made by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedtree.exchanges.mexc.channels import resolve, spell
from feedtree.exchanges.mexc.proto.spot_pb2 import PushDataV3ApiWrapper
from feedtree.exchanges.mexc.spot_public import MexcSpotCodec
from feedtree.exchanges.public.channels import Channel, Topic
from feedtree.exchanges.public.codec import WireTopic
from feedtree.exchanges.symbols import Symbol, SymbolMap

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
