"""A recorded session, from its own subscribe frames to its last push."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from feedtree.exchanges.gateio.channels import CANDLESTICKS, ORDER_BOOK_UPDATE
from feedtree.exchanges.gateio.spot_public import GateioSpotCodec
from feedtree.exchanges.public.codec import Confirmed, Control, WireTopic
from feedtree.exchanges.public.messages import BookDelta, Kline, MarketData, Ticker, Trade

CHANNELS = {"spot.trades": "trades", "spot.tickers": "ticker", "spot.book_ticker": "book_ticker"}


@pytest.fixture
def session(data: Path) -> list[str]:
    """The capture's lines."""
    return (data / "cryptofeed-GATEIO.ws.1.0").read_text(encoding="utf-8").splitlines()


def topics(request: dict[str, Any], wanted: Any) -> list[WireTopic]:
    channel, payload = request["channel"], request["payload"]
    if channel == ORDER_BOOK_UPDATE:
        return [wanted(payload[0].replace("_", "/"), f"book:{payload[1]}", choice=1)]
    if channel == CANDLESTICKS:
        return [wanted(payload[1].replace("_", "/"), f"kline:{payload[0]}")]
    return [wanted(pair.replace("_", "/"), CHANNELS[channel]) for pair in payload]


def test_a_recorded_session_decodes_whole(session: list[str], codec: GateioSpotCodec, wanted: Any) -> None:
    """22 acks, 172 changes, 22 tickers, 14 candles, 9 trades: nothing unknown, nothing undecodable."""
    found: list[Any] = []
    asked: list[WireTopic] = []
    for line in session:
        if " <- " in line:
            request = json.loads(line.split(": ", 1)[1])
            wires = topics(request, wanted)
            asked += wires
            (made,) = codec.subscribe(wires, request["time"])
            sent = json.loads(made.frame)
            assert {**sent, "id": 0} == {**request, "id": 0}
        elif re.match(r"^[0-9.]+: ", line):
            found += codec.decode([line.split(": ", 1)[1]], 1)
    assert Counter(type(item) for item in found) == {
        Confirmed: 22,
        BookDelta: 172,
        Ticker: 22,
        Kline: 14,
        Trade: 9,
    }
    confirmed = [topic for item in found if isinstance(item, Confirmed) for topic in item.topics]
    assert sorted(map(str, confirmed)) == sorted(map(str, asked))


def test_every_recorded_change_follows_the_one_before(
    session: list[str], codec: GateioSpotCodec, wanted: Any
) -> None:
    """Ids are read as the venue means them: no gap in the whole capture."""
    last: dict[str, int] = {}
    for line in session:
        if " <- " in line:
            codec.subscribe(topics(json.loads(line.split(": ", 1)[1]), wanted), 0)
        elif re.match(r"^[0-9.]+: ", line):
            for item in codec.decode([line.split(": ", 1)[1]], 1):
                if isinstance(item, BookDelta):
                    symbol = str(item.symbol)
                    assert item.first == last.get(symbol, item.first - 1) + 1
                    last[symbol] = item.last
    assert len(last) == 9 or len(last) == 10


def test_frames_of_other_years_decode(data: Path, codec: GateioSpotCodec, wanted: Any) -> None:
    """What Tardis recorded of spot: trade, book ticker, change, and obu's first two pushes."""
    codec.subscribe(
        [
            wanted("TLOS/BTC", "trades"),
            wanted("ETC/ETH", "book_ticker"),
            wanted("BTC/USDT", "book", choice=1),
            wanted("BTC/USDT", "book"),
            wanted("MAF/USDT", "book"),
        ],
        0,
    )
    lines = (data / "tardis-node-mapper-messages.jsonl").read_text(encoding="utf-8").splitlines()
    spot = [line for line in lines if '"channel":"spot.' in line and '"generated"' not in line]
    kinds = [type(item).__name__ for item in codec.decode(spot, 1)]
    assert kinds == ["Trade", "BookTicker", "BookDelta", "Unknown", "BookSnapshot", "BookDelta"]


def test_messages_are_market_data_or_control(session: list[str], codec: GateioSpotCodec) -> None:
    """Without any subscription nothing of a session is data."""
    texts = [line.split(": ", 1)[1] for line in session if re.match(r"^[0-9.]+: ", line)]
    found = codec.decode(texts, 1)
    assert len(found) == len(texts)
    assert not any(isinstance(item, MarketData) for item in found)
    assert all(isinstance(item, Control) for item in found)
