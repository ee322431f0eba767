from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from feedtree.exchanges.symbols import Symbol
from feedtree.ops.sim.replay.recording import NoRecording, Recording

GATE = "gateio.spot"


def _pushed(at: str, channel: str, result: str) -> str:
    head = f'"time":{at[:3]},"channel":"spot.{channel}","event":"update"'
    return f'{at}: {{{head},"result":{{{result}}}}}\n'


_UPDATE = '"t":1,"e":"depthUpdate","E":1,"s":"A_B","U":{},"u":{},"b":{},"a":{}'
_TRADE = '"id":1,"currency_pair":"A_B","side":"buy","amount":"1","price":"2","create_time":1,"create_time_ms":"1.0"'
WS = (
    "wss://x/ws/v4/ <-> 100.0\n"
    'wss://x/ws/v4/ <- 100.5: {"time":100,"channel":"spot.trades","event":"subscribe","payload":["A_B"]}\n'
    '101.0: {"time":101,"channel":"spot.trades","event":"subscribe","result":{"status":"success"}}\n'
    + _pushed("101.5", "order_book_update", _UPDATE.format(4, 5, '[["1.0","9"]]', "[]"))
    + _pushed("102.0", "trades", _TRADE)
    + _pushed("103.0", "order_book_update", _UPDATE.format(6, 7, '[["1.0","0"]]', '[["3","4"]]'))
    + _pushed("104.0", "candlesticks", '"t":"100","v":"0","c":"1","h":"1","l":"1","o":"1","n":"1m_A_B"')
)
HTTP = (
    "https://x/api/v4/spot/order_book?currency_pair=A_B&limit=100&with_id=true -> 102.2: "
    '{"id":5,"asks":[["2.50","1"]],"bids":[["1.0","9"],["0.5","2"]]}\n'
)


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A small recording."""
    (tmp_path / "rec.ws.1.0").write_text(WS)
    (tmp_path / "rec.http.0.0").write_text(HTTP)
    return tmp_path / "rec"


async def test_a_stream_plays_from_its_subscription_at_the_recorded_pace(
    simulated: Any, gate: Callable[..., Any], prefix: Path, autojump_clock: Any
) -> None:
    """Frames verbatim, each as long after the subscribe as it was after the first recorded frame."""
    async with simulated(replay=prefix) as bench:
        client = await bench.client(GATE)
        await trio.sleep(10)
        await client.send(gate("spot.order_book_update", "A_B", "100ms"))
        started = trio.current_time()
        ack = await client.next()
        assert set(ack) == {"time", "channel", "event", "result"}
        for offset, first in ((0.5, 4), (2.0, 6)):
            frame = await client.next()
            assert frame["result"]["U"] == first
            assert offset <= trio.current_time() - started < offset + 0.05
        await client.send(gate("spot.trades", "A_B"))
        await client.send(gate("spot.candlesticks", "1m", "A_B"))
        channels = [frame["channel"] for frame in await client.collect(4) if frame["event"] == "update"]
    assert channels == ["spot.trades", "spot.candlesticks"]


async def test_rest_and_truth_are_the_recorded_ones(
    simulated: Any, prefix: Path, autojump_clock: Any
) -> None:
    """Books verbatim; the truth at every id that an update ended at; only gateio.spot is served."""
    async with simulated(replay=prefix) as bench:
        book = await bench.get("/api/v4/spot/order_book?currency_pair=A_B&limit=100&with_id=true")
        assert book.json["id"] == 5
        assert (await bench.get("/api/v4/spot/order_book?currency_pair=C_D")).status == 400
        assert [pair["id"] for pair in (await bench.get("/api/v4/spot/currency_pairs")).json] == ["A_B"]
        assert (await bench.get("/api/v4/spot/time")).status == 200
        assert (await bench.get("/api/v4/spot/tickers")).status == 404
        assert await bench.truth(GATE, "A/B", 5) == {
            "id": 5,
            "bids": [["1.0", "9"], ["0.5", "2"]],
            "asks": [["2.50", "1"]],
        }
        assert await bench.truth(GATE, "A/B") == {
            "id": 7,
            "bids": [["0.5", "2"]],
            "asks": [["2.50", "1"], ["3", "4"]],
        }
        assert (await bench.get(f"/_sim/book?venue={GATE}&symbol=A/B&id=6")).status == 404
        assert (await bench.get(f"/_sim/book?venue={GATE}&symbol=C/D")).status == 404
        assert (await bench.get("/_sim/symbols")).json == {GATE: {"A/B": "A_B"}}
        assert set(bench.running.urls) == {GATE, "control"}


async def test_what_was_not_recorded_is_refused_or_silent(
    simulated: Any, gate: Callable[..., Any], prefix: Path, autojump_clock: Any
) -> None:
    """An unknown pair is refused; obu, younger than the recording, is confirmed and silent."""
    async with simulated(replay=prefix) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.trades", "C_D"))
        assert (await client.next())["error"]["message"] == "unknown currency pair: C_D"
        await client.send(gate("spot.obu", "ob.A_B.400"))
        assert (await client.next())["result"] == {"status": "success"}
        await client.send(gate("spot.nothing", "A_B"))
        assert (await client.next())["error"]
        await client.send("nonsense")
        await client.send({"channel": "spot.ping"})
        assert (await client.next())["channel"] == "spot.pong"
        await client.ping()
        assert not await client.collect(5)
        assert client.pongs == 1


async def test_an_ended_subscription_plays_no_more(
    simulated: Any, gate: Callable[..., Any], prefix: Path, autojump_clock: Any
) -> None:
    """Unsubscribed, nothing comes; subscribed again, it plays from the start."""
    async with simulated(replay=prefix) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.order_book_update", "A_B", "100ms"))
        await client.collect(1)
        await client.send(gate("spot.order_book_update", "A_B", "100ms", event="unsubscribe"))
        assert [frame["event"] for frame in await client.collect(5)] == ["unsubscribe"]
        await client.send(gate("spot.order_book_update", "A_B", "100ms"))
        firsts = [frame["result"]["U"] for frame in await client.collect(5) if frame["event"] == "update"]
    assert firsts == [4, 6]


def test_recorded_pairs_are_served_where_there_are_any(prefix: Path) -> None:
    """PREFIX.0 may hold the list of pairs."""
    prefix.with_name("rec.0").write_text('https://x/api/v4/spot/currency_pairs -> 1.0: [{"id":"A_B"}]\n')
    assert Recording(prefix).pairs == '[{"id":"A_B"}]'


@pytest.mark.parametrize(
    ("ws", "named"), [(None, "rec.ws.1.0"), ("", "no frame"), ("1.0: nonsense", "not a frame of Gate.io")]
)
def test_what_is_no_recording_is_named(prefix: Path, ws: str | None, named: str) -> None:
    """A missing or wrong file is named."""
    path = prefix.with_name("rec.ws.1.0")
    path.unlink() if ws is None else path.write_text(ws)
    with pytest.raises(NoRecording, match=named):
        Recording(prefix)


def test_the_truth_of_an_unknown_pair_is_none(prefix: Path) -> None:
    """No book, no truth."""
    assert Recording(prefix).truth(f"{Symbol('C', 'D').base}_D", None) is None
