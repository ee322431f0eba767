import itertools
from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import ConnectionLost
from feedtree.ops.sim.faults import KINDS

GATE, MEXC = "gateio.spot", "mexc.spot"
DEPTH = "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"


async def subscribed(bench: Any, gate: Any) -> Any:
    client = await bench.client(GATE)
    await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
    await client.collect(0.5)
    return client


async def fault(bench: Any, query: str) -> Any:
    answer = await bench.get(f"/_sim/fault?{query}", "POST")
    assert answer.status == 200, answer.body
    return answer.json["met"]


async def test_reset_meets_one_venue_alone(simulated: Any, gate: Any, mexc: Any, autojump_clock: Any) -> None:
    """TCP reset of the venue's connections; the other venue keeps its own, and new ones work."""
    async with simulated() as bench:
        client, other = await subscribed(bench, gate), await bench.client(MEXC)
        await other.send(mexc(DEPTH))
        assert await fault(bench, f"venue={GATE}&kind=reset") == {GATE: 1}
        assert await client.end() == "reset"
        assert await other.next(lambda frame: not isinstance(frame, dict))
        await subscribed(bench, gate)


@pytest.mark.parametrize(("code", "how"), [("", "1001"), ("&code=1012", "1012")])
async def test_close_sends_a_close_frame(
    simulated: Any, gate: Any, autojump_clock: Any, code: str, how: str
) -> None:
    """The peer closes in order."""
    async with simulated() as bench:
        client = await subscribed(bench, gate)
        await fault(bench, f"venue={GATE}&kind=close{code}")
        assert await client.end() == how


async def test_a_black_hole_swallows_existing_connections(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    """Neither data nor pong, TCP stays; new connections work; after the time the old ones are reset."""
    async with simulated() as bench:
        client = await subscribed(bench, gate)
        await fault(bench, f"venue={GATE}&kind=blackhole&seconds=20")
        await client.ping()
        await client.send({"time": 1, "channel": "spot.ping"})
        assert not await client.collect(19)
        assert client.pongs == 0
        assert client.ended is None
        await subscribed(bench, gate)
        await client.collect(2)
        assert client.ended == "reset"


async def test_a_muted_connection_answers_and_sends_no_data(
    simulated: Any, gate: Any, mexc: Any, autojump_clock: Any
) -> None:
    """Pings of both kinds are answered; new connections and the other venue go on; in the end it is reset."""
    async with simulated() as bench:
        client, other = await subscribed(bench, gate), await bench.client(MEXC)
        await other.send(mexc(DEPTH))
        await client.collect(0.5)
        assert await fault(bench, f"venue={GATE}&kind=mute&seconds=20") == {GATE: 1}
        await client.ping()
        await client.send({"time": 1, "channel": "spot.ping"})
        (answer,) = await client.collect(19)
        assert answer["channel"] == "spot.pong"
        assert client.pongs == 1
        assert client.ended is None
        assert await other.next(lambda frame: not isinstance(frame, dict))
        fresh = await subscribed(bench, gate)
        await client.collect(2)
        assert client.ended == "reset"
        assert await fresh.collect(1)
        assert fresh.ended is None


async def test_refused_are_new_connections_only(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """New ones are reset for the time, REST too; the other venue and existing ones go on."""
    async with simulated() as bench:
        client = await subscribed(bench, gate)
        await fault(bench, f"venue={GATE}&kind=refuse&seconds=5")
        with pytest.raises(ConnectionLost):
            await bench.client(GATE)
        with pytest.raises(ConnectionLost):
            await bench.get("/api/v4/spot/time")
        assert (await bench.get("/api/v3/ping")).status == 200
        assert await client.collect(5.1)
        await subscribed(bench, gate)


async def test_a_gap_meets_the_streams_of_one_symbol(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """The next pushes are swallowed, ids go on."""
    async with simulated(rate=2_000) as bench:
        client = await bench.client(GATE)
        for pair in ("BTC_USDT", "ETH_USDT"):
            await client.send(gate("spot.order_book_update", pair, "100ms"))
        frames = await client.collect(0.5)
        assert await fault(bench, f"venue={GATE}&kind=gap&symbol=BTC/USDT&count=2") == {GATE: 1}
        frames += await client.collect(1)
    gaps = {"BTC_USDT": 0, "ETH_USDT": 0}
    last: dict[str, int] = {}
    for result in (frame["result"] for frame in frames if frame["event"] == "update"):
        gaps[result["s"]] += result["U"] != last.get(result["s"], result["U"] - 1) + 1
        last[result["s"]] = result["u"]
    counts = bench.sim.venues[GATE].journal.counts
    assert (counts["fault_gap"], counts["swallowed"]) == (1, 2)
    assert gaps == {"BTC_USDT": 1, "ETH_USDT": 0}


async def test_a_book_that_stands_still_is_pushed_no_more_until_it_is_asked_for_anew(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    """The other books go on; the ids of what was withheld are gone."""
    async with simulated(rate=2_000) as bench:
        client = await bench.client(GATE)
        for pair in ("BTC_USDT", "ETH_USDT"):
            await client.send(gate("spot.order_book_update", pair, "100ms"))
        await client.collect(0.5)
        assert await fault(bench, f"venue={GATE}&kind=standstill&symbol=BTC/USDT&seconds=100") == {GATE: 1}
        pushed = [frame["result"]["s"] for frame in await client.collect(5) if frame["event"] == "update"]
        assert set(pushed) == {"ETH_USDT"}
        for event in ("unsubscribe", "subscribe"):
            await client.send(gate("spot.order_book_update", "BTC_USDT", "100ms", event=event))
        pushed = [frame["result"]["s"] for frame in await client.collect(1) if frame["event"] == "update"]
        assert set(pushed) == {"BTC_USDT", "ETH_USDT"}


async def test_a_repeated_push_comes_twice(simulated: Any, mexc: Any, autojump_clock: Any) -> None:
    """The same versions again."""
    async with simulated(rate=2_000) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(DEPTH))
        await client.collect(0.5)
        await fault(bench, f"venue={MEXC}&kind=repeat")
        versions = [push.publicAggreDepths.fromVersion for push in await client.collect(1)]
    assert len(versions) == len(set(versions)) + 1


@pytest.mark.parametrize(
    ("switch", "lost", "twice"), [("skip_every", True, False), ("repeat_every", False, True)]
)
async def test_every_nth_push_can_be_lost_or_doubled(
    simulated: Any, gate: Any, autojump_clock: Any, switch: str, lost: bool, twice: bool
) -> None:
    """Switches: skipped and repeated ids, again and again."""
    async with simulated(rate=2_000, switches={GATE: {switch: 5}}) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.order_book_update", "BTC_USDT", "100ms"))
        await client.next()
        results = [frame["result"] for frame in await client.collect(5)]
    steps = [two["U"] - one["u"] - 1 for one, two in itertools.pairwise(results)]
    assert any(step > 0 for step in steps) is lost
    assert any(step < 0 for step in steps) is twice


async def test_garbage_is_sent_between_good_frames(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """Frames that decode as nothing, and the stream goes on."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await fault(bench, f"venue={GATE}&kind=garbage&count=3")
        with pytest.raises(ValueError, match="Expecting value"):
            await client.collect(0.1)


async def test_an_upgrade_notice_precedes_the_end(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """A notice on a channel that nobody subscribed, then TCP ends."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await fault(bench, f"venue={GATE}&kind=notice&seconds=4")
        notice = await client.next()
        started = trio.current_time()
        assert await client.end() == "tcp"
        assert 3.9 < trio.current_time() - started < 4.2
    assert notice["channel"] == "spot.system"
    assert notice["event"] == "update"
    assert notice["result"]["type"] == "upgrade"


async def test_faults_without_a_venue_meet_both(simulated: Any, autojump_clock: Any) -> None:
    """No venue named: all."""
    async with simulated() as bench:
        clients = [await bench.client(GATE), await bench.client(MEXC)]
        assert await fault(bench, "kind=reset") == {GATE: 1, MEXC: 1}
        assert [await client.end() for client in clients] == ["reset", "reset"]


async def test_faults_are_listed_and_mistakes_named(simulated: Any, autojump_clock: Any) -> None:
    """The control path says what there is."""
    async with simulated() as bench:
        assert set((await bench.get("/_sim/fault")).json) == set(KINDS)
        answer = await bench.get("/_sim/fault?kind=earthquake")
        assert answer.status == 400
        assert "blackhole" in answer.json["error"]


async def test_rest_can_fail(simulated: Any, autojump_clock: Any) -> None:
    """Switches: 429 with and without a stated pause, 5xx, late answers; they can end by themselves."""
    async with simulated() as bench:
        path = "/_sim/switch?venue={}&name={}&value={}"
        await bench.get(path.format(GATE, "rest_status", 429), "POST")
        assert "retry-after" not in (await bench.get("/api/v4/spot/time")).headers
        await bench.get(path.format(GATE, "retry_after_s", 7), "POST")
        answer = await bench.get("/api/v4/spot/time")
        assert (answer.status, answer.headers["retry-after"]) == (429, "7")
        assert answer.json["label"] == "TOO_MANY_REQUESTS"
        await bench.get(path.format(MEXC, "rest_status", 503) + "&seconds=5", "POST")
        assert (await bench.get("/api/v3/ping")).status == 503
        await trio.sleep(6)
        assert (await bench.get("/api/v3/ping")).status == 200
        await bench.get(path.format(MEXC, "rest_delay_s", 3), "POST")
        started = trio.current_time()
        await bench.get("/api/v3/ping")
        assert trio.current_time() - started >= 3


@pytest.mark.parametrize("status", [403, 429, 503])
async def test_upgrades_can_be_refused(
    simulated: Any, rejected: Any, autojump_clock: Any, status: int
) -> None:
    """Switch: an HTTP status instead of 101."""
    async with simulated(switches={MEXC: {"upgrade_status": status, "retry_after_s": 2}}) as bench:
        with pytest.raises(rejected) as caught:
            await bench.client(MEXC)
        assert caught.value.status == status
        await bench.client(GATE)


async def test_listen_keys_of_an_account_end_at_once(simulated: Any, autojump_clock: Any) -> None:
    """Its connections end as those of a key that is over; Gate.io has none."""
    async with simulated(rate=0.0) as bench:
        client = await bench.mexc().stream("orders")
        assert await fault(bench, f"venue={MEXC}&kind=listen_keys&account=nobody") == {MEXC: 0}
        assert await fault(bench, "kind=listen_keys&account=demo") == {GATE: 0, MEXC: 1}
        assert await client.end() == "1000"


async def test_trades_are_told_as_the_venue_tells_them(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    """Those behind a number, with id and time; without it their number alone."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.trades", "BTC_USDT"))
        await client.next()
        before = (await bench.get(f"/_sim/trades?venue={GATE}&symbol=BTC/USDT")).json
        assert before["trades"] == []
        pushed = await client.collect(5)
        found = (await bench.get(f"/_sim/trades?venue={GATE}&symbol=BTC/USDT&after={before['total']}")).json
        assert found["total"] == before["total"] + len(found["trades"])
        told = [str(frame["result"]["id"]) for frame in pushed if frame.get("event") == "update"]
        assert told
        assert [name for name, _ in found["trades"]][: len(told)] == told
        (name, _), *_ = (await bench.get(f"/_sim/trades?venue={MEXC}&symbol=BTC/USDT&after=0")).json["trades"]
        assert name.count("X0") == 2
        assert (await bench.get(f"/_sim/trades?venue={GATE}&symbol=NO/USDT")).status == 400
