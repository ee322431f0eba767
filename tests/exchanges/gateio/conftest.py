"""What the tests of this venue share."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from feedtree.exchanges.gateio.channels import resolve
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_public import GateioSpotCodec
from feedtree.exchanges.public.channels import Channel, Topic, parse_channel
from feedtree.exchanges.public.codec import WireTopic
from feedtree.exchanges.symbols import Symbol, SymbolMap

DATA = Path(__file__).parents[2] / "data" / "gateio"

Wanted = Callable[..., WireTopic]


@pytest.fixture
def data() -> Path:
    """The recorded frames."""
    return DATA


@pytest.fixture
def symbols() -> SymbolMap:
    """The venue's spelling."""
    return SymbolMap(spell)


@pytest.fixture
def codec(symbols: SymbolMap) -> GateioSpotCodec:
    """One connection's protocol."""
    return GateioSpotCodec(symbols)


@pytest.fixture
def wanted(symbols: SymbolMap) -> Wanted:
    """A topic as the venue serves it: ``wanted("BTC/USDT", "book:20ms", choice=1)``."""

    def make(symbol: str, channel: Channel | str, choice: int = 0) -> WireTopic:
        topic = Topic("gateio.spot", Symbol.parse(symbol), parse_channel(channel))
        return resolve(topic, symbols)[choice]

    return make


@pytest.fixture
def real_frame() -> Callable[[str], dict[str, Any]]:
    """A recorded single spot frame by its note."""

    def find(note: str) -> dict[str, Any]:
        frames = (entry["frame"] for entry in entries("real-frames-2022-2026.jsonl") if entry["note"] == note)
        return next(frame for frame in frames if frame["channel"].startswith("spot."))

    return find


def entries(name: str) -> Iterator[dict[str, Any]]:
    """The lines of a data file."""
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        yield json.loads(line)
