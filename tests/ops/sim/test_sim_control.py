import itertools
from typing import Any

import pytest
import trio

GATE, MEXC = "gateio.spot", "mexc.spot"


async def test_the_urls_are_the_venues_real_paths(simulated: Any, autojump_clock: Any) -> None:
    """What the command prints."""
    async with simulated() as bench:
        port = bench.running.port
        assert bench.running.urls == {
            GATE: {"ws": f"ws://127.0.0.1:{port}/ws/v4/", "rest": f"http://127.0.0.1:{port}/api/v4"},
            MEXC: {"ws": f"ws://127.0.0.1:{port}/ws", "rest": f"http://127.0.0.1:{port}"},
            "control": f"http://127.0.0.1:{port}/_sim",
        }


async def test_the_book_of_the_last_minute_can_be_asked_by_id(simulated: Any, autojump_clock: Any) -> None:
    """Truth with a history: the newest without id, any id of the last minute, 404 beyond."""
    async with simulated(rate=600) as bench:
        early = await bench.truth(GATE, "BTC/USDT")
        await trio.sleep(50)
        assert await bench.truth(GATE, "BTC/USDT", early["id"]) == early
        newest = await bench.truth(GATE, "BTC/USDT")
        assert newest["id"] > early["id"] + 5_000
        assert float(newest["bids"][0][0]) < float(newest["asks"][0][0])
        await trio.sleep(60)
        path = f"/_sim/book?venue={GATE}&symbol=BTC/USDT&id="
        assert (await bench.get(path + str(early["id"]))).status == 404
        assert (await bench.get(path + str(10**18))).status == 404


@pytest.mark.parametrize(
    ("target", "status", "named"),
    [
        ("/_sim/book?venue=nowhere&symbol=BTC/USDT", 400, GATE),
        ("/_sim/book?venue=gateio.spot&symbol=BTC", 400, "BASE/QUOTE"),
        ("/_sim/book?venue=gateio.spot&symbol=BTC/USDT&id=x", 400, "not a number"),
        ("/_sim/book?venue=gateio.spot&symbol=NO/PE", 404, "no such book"),
        ("/_sim/switch?venue=gateio.spot&name=nope&value=1", 400, "snapshot_lag_s"),
        ("/_sim/switch?venue=gateio.spot&name=ack_form", 400, "value"),
        ("/_sim/log?venue=gateio.spot&n=many", 400, "not a number"),
        ("/_sim/fault?venue=gateio.spot&kind=reset&seconds=-1", 400, "between"),
        ("/_sim/nothing", 404, "/_sim/book"),
        ("/elsewhere", 404, "not found"),
    ],
)
async def test_mistakes_are_named(
    simulated: Any, autojump_clock: Any, target: str, status: int, named: str
) -> None:
    """A wrong control request says what is allowed."""
    async with simulated() as bench:
        answer = await bench.get(target)
    assert answer.status == status
    assert named in answer.json["error"]


async def test_switches_are_listed_and_turned(simulated: Any, autojump_clock: Any) -> None:
    """Listed with values and defaults; a change is told with what was before."""
    async with simulated() as bench:
        listed = (await bench.get("/_sim/switch")).json
        assert set(listed) == {GATE, MEXC}
        lag = next(entry for entry in listed[GATE] if entry["name"] == "snapshot_lag_s")
        assert (lag["value"], lag["allowed"]["maximum"]) == (0.3, 29)
        answer = await bench.get("/_sim/switch?name=snapshot_lag_s&value=2", "POST")
        assert answer.json["before"] == {GATE: 0.3, MEXC: 0.3}
        assert bench.board.mexc.snapshot_lag_s == 2


async def test_the_log_tells_what_was_sent_and_received(
    simulated: Any, gate: Any, mexc: Any, autojump_clock: Any
) -> None:
    """Both directions, requests too; binary pushes as hex."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
        await client.collect(1)
        await bench.get("/api/v4/spot/time")
        log = (await bench.get(f"/_sim/log?venue={GATE}&n=1000")).json
        whats = {entry["what"] for entry in log}
        assert {"open", "received", "sent", "push", "request", "answer"} <= whats
        received = next(entry for entry in log if entry["what"] == "received")
        assert "ob.BTC_USDT.50" in received["data"]
        assert all(one["at_ns"] <= two["at_ns"] for one, two in itertools.pairwise(log))
        other = await bench.client(MEXC)
        await other.send(mexc("spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"))
        await other.collect(1)
        pushes = (await bench.get(f"/_sim/log?venue={MEXC}&n=3")).json
    assert bytes.fromhex(pushes[-1]["data"])


async def test_symbols_and_statistics(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """Both spellings; connections, streams and counts."""
    async with simulated() as bench:
        symbols = (await bench.get("/_sim/symbols")).json
        assert symbols[GATE] == {"BTC/USDT": "BTC_USDT", "ETH/USDT": "ETH_USDT"}
        assert symbols[MEXC] == {"BTC/USDT": "BTCUSDT", "ETH/USDT": "ETHUSDT"}
        client = await bench.client(GATE)
        await client.send(gate("spot.trades", "BTC_USDT", "ETH_USDT"))
        await client.collect(1)
        stats = (await bench.get(f"/_sim/stats?venue={GATE}")).json[GATE]
        assert (stats["connections"], stats["streams"]) == (1, 2)
        assert stats["counts"]["pushed"] > 0
        client.transport.close()
        await trio.sleep(0.1)
        stats = (await bench.get(f"/_sim/stats?venue={GATE}")).json[GATE]
        assert (stats["connections"], stats["streams"]) == (0, 0)


async def test_the_rate_can_be_changed(simulated: Any, autojump_clock: Any) -> None:
    """At rate 0 the market stands still."""
    async with simulated() as bench:
        assert (await bench.get("/_sim/rate?value=0", "POST")).json == {"rate": 0.0}
        before = await bench.truth(MEXC, "ETH/USDT")
        await trio.sleep(5)
        assert await bench.truth(MEXC, "ETH/USDT") == before
