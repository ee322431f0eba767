"""Whatever a peer sends, decoding answers and never raises."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.gateio.channels import resolve
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_public import GateioSpotCodec
from feedtree.exchanges.public.channels import Book, BookTicker, Channel, Kline, Ticker, Topic, Trades
from feedtree.exchanges.symbols import Symbol, SymbolMap

DATA = Path(__file__).parents[2] / "data" / "gateio"
SAMPLES = [
    json.loads(line)["json"]
    for line in (DATA / "doc-samples-spot-ws.jsonl").read_text(encoding="utf-8").splitlines()
]
CHANNELS: list[Channel] = [Book(), Trades(), BookTicker(), Ticker(), Kline("1m")]


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(["id", "result", "error", "payload", "event", "channel", "code", "message", "s"])
    return st.dictionaries(names | st.text(max_size=3), inner, max_size=4)


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", "NaN", "inf", "-1", "1e999", "9" * 5000, "BTC_USDT", "subscribe", "update"])
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | objects(inner), max_leaves=8)


def codec() -> GateioSpotCodec:
    symbols = SymbolMap(spell)
    made = GateioSpotCodec(symbols)
    for channel in CHANNELS:
        made.subscribe(resolve(Topic("gateio.spot", Symbol("BTC", "USDT"), channel), symbols), 0)
    return made


@st.composite
def mutated_frames(draw: st.DrawFn) -> str:
    """A documented frame in which some field, at any depth of objects, is something else or gone."""
    frame = json.loads(json.dumps(draw(st.sampled_from(SAMPLES))))
    for _ in range(draw(st.integers(1, 3))):
        place = frame
        if isinstance(frame.get("result"), dict) and draw(st.booleans()):
            place = frame["result"]
        if not place:
            continue
        name = draw(st.sampled_from(sorted(place)))
        if draw(st.booleans()):
            place[name] = draw(values)
        else:
            del place[name]
    return json.dumps(frame)


@given(st.lists(st.text() | st.binary(), max_size=4))
def test_arbitrary_payloads_never_raise(payloads: list[str | bytes]) -> None:
    """Each payload of a burst gets an answer."""
    assert len(codec().decode(payloads, 1)) >= len(payloads)


@given(values)
def test_arbitrary_json_never_raises(value: Any) -> None:
    """Any JSON value, with NaN and Infinity as Python writes them."""
    assert codec().decode([json.dumps(value), json.dumps({"channel": "spot.obu", "result": value})], 1)


@given(st.lists(mutated_frames(), min_size=1, max_size=4))
def test_mutated_frames_never_raise(frames: list[str]) -> None:
    """Nearly right frames are the hardest."""
    assert len(codec().decode(frames, 1)) >= len(frames)
