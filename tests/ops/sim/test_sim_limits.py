"""Idle ends, topic and message limits, pings: all under the virtual clock."""

from typing import Any

import pytest
import trio

GATE, MEXC = "gateio.spot", "mexc.spot"
DEPTH = "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"


async def ended_after(client: Any) -> tuple[str, float]:
    started = trio.current_time()
    how = await client.end()
    return how, trio.current_time() - started


@pytest.mark.parametrize("venue", [GATE, MEXC])
async def test_a_connection_without_subscription_ends_after_30_s(
    simulated: Any, autojump_clock: Any, venue: str
) -> None:
    """TCP ends, without a close frame."""
    async with simulated(rate=0) as bench:
        how, seconds = await ended_after(await bench.client(venue))
    assert how == "tcp"
    assert 29.9 < seconds < 30.3


async def test_gate_lives_60_s_with_a_silent_subscription(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    """A subscription that delivered only its ack."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.obu", "ob.NOPE_USDT.50"))
        how, seconds = await ended_after(client)
    assert how == "tcp"
    assert 59.9 < seconds < 60.3


async def test_mexc_lives_60_s_with_a_silent_subscription(
    simulated: Any, mexc: Any, autojump_clock: Any
) -> None:
    """Subscribed, but no data flows."""
    async with simulated(rate=0) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(DEPTH))
        _, seconds = await ended_after(client)
    assert 59.9 < seconds < 60.3


@pytest.mark.parametrize("kind", ["app", "protocol"])
async def test_pings_keep_a_gate_connection_open(simulated: Any, autojump_clock: Any, kind: str) -> None:
    """Either ping resets the idle timer."""
    async with simulated(rate=0) as bench:
        client = await bench.client(GATE)
        for _ in range(3):
            await client.collect(25)
            await (client.send({"time": 1, "channel": "spot.ping"}) if kind == "app" else client.ping())
        await client.collect(1)
        assert client.ended is None


async def test_pings_do_not_keep_an_empty_mexc_connection_open(simulated: Any, autojump_clock: Any) -> None:
    """Without a valid subscription MEXC disconnects after 30 s whatever is sent."""
    async with simulated() as bench:
        client = await bench.client(MEXC)
        for _ in range(2):
            await client.collect(14)
            await client.send({"method": "PING"})
        await client.collect(3)
        assert client.ended == "tcp"


async def test_a_mexc_connection_that_was_emptied_ends_30_s_later(
    simulated: Any, mexc: Any, autojump_clock: Any
) -> None:
    """Unsubscribing from the last topic starts the 30 s."""
    async with simulated(rate=20) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(DEPTH))
        await client.collect(35)
        await client.send(mexc(DEPTH, method="UNSUBSCRIPTION"))
        _, seconds = await ended_after(client)
    assert 29.9 < seconds < 30.3


async def test_data_keeps_a_connection_open(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """A busy stream stays up without pings."""
    async with simulated(rate=10) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
        await client.collect(90)
        assert client.ended is None


async def test_only_pings_may_count(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """Switch: closed even while data streams, unless the client pings."""
    async with simulated(rate=10, switches={GATE: {"idle_rule": "pings_only"}}) as bench:
        mute, pinging = await bench.client(GATE), await bench.client(GATE)
        for client in (mute, pinging):
            await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
        for _ in range(4):
            await pinging.collect(25)
            await pinging.send({"time": 1, "channel": "spot.ping"})
        await mute.collect(0.1)
        assert mute.ended == "tcp"
        assert pinging.ended is None


async def test_pings_may_not_count(simulated: Any, mexc: Any, autojump_clock: Any) -> None:
    """Switch: only data keeps the connection open."""
    async with simulated(rate=0, switches={MEXC: {"idle_rule": "no_pings"}}) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(DEPTH))
        for _ in range(3):
            await client.collect(21)
            if not client.ended:
                await client.send({"method": "PING"})
        assert client.ended == "tcp"


@pytest.mark.parametrize(("form", "how"), [("1000", "1000"), ("1001", "1001"), ("1005", "1005")])
async def test_an_idle_end_may_have_a_close_frame(
    simulated: Any, autojump_clock: Any, form: str, how: str
) -> None:
    """Switch: close codes are not recorded anywhere."""
    async with simulated(switches={MEXC: {"idle_close": form}}) as bench:
        assert await (await bench.client(MEXC)).end() == how


async def test_a_connection_may_have_a_longest_life(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """24 h on MEXC; shorter by switch."""
    async with simulated(rate=20, switches={GATE: {"life_s": 40}}) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
        _, seconds = await ended_after(client)
    assert 39.9 < seconds < 40.3


@pytest.mark.parametrize(
    ("form", "app", "protocol"), [("none", 1, 1), ("app", 0, 1), ("protocol", 1, 0), ("all", 0, 0)]
)
@pytest.mark.parametrize("venue", [GATE, MEXC])
async def test_pongs_can_be_withheld(
    simulated: Any, autojump_clock: Any, venue: str, form: str, app: int, protocol: int
) -> None:
    """Switch: which pings are answered."""
    async with simulated(switches={venue: {"withhold_pongs": form}}) as bench:
        client = await bench.client(venue)
        await client.send({"time": 1, "channel": "spot.ping", "method": "PING"})
        await client.ping()
        frames = await client.collect(1)
    assert len(frames) == app
    assert client.pongs == protocol


@pytest.mark.parametrize(("venue", "form"), [(GATE, "control"), (MEXC, "control"), (MEXC, "json")])
async def test_the_server_may_ping(simulated: Any, autojump_clock: Any, venue: str, form: str) -> None:
    """Switch: an interval, and on MEXC the form."""
    switches: dict[str, Any] = {"server_ping_s": 5, "ping_patience_s": 12}
    async with simulated(switches={venue: switches}) as bench:
        if venue == MEXC:
            bench.board.set(MEXC, "server_ping_form", form)
        client = await bench.client(venue)
        await client.collect(11)
        if form == "control":
            assert client.pings == 2
            await client.collect(10)
            assert client.ended is None
        else:
            await client.send({"method": "PONG"})
            await client.collect(8)
            assert client.ended is None
            await client.collect(9)
            assert client.ended == "tcp"  # the last JSON pings stayed unanswered


@pytest.mark.parametrize("surplus", ["silent", "refused"])
async def test_mexc_holds_30_topics_a_connection(
    simulated: Any, mexc: Any, autojump_clock: Any, surplus: str
) -> None:
    """Of 32 asked for 30 push; the surplus is confirmed and silent (switch: refused)."""
    async with simulated(rate=5_000, switches={MEXC: {"surplus": surplus}}) as bench:
        client = await bench.client(MEXC)
        kinds = ("aggre.depth", "aggre.deals", "aggre.bookTicker")
        topics = [
            f"spot@public.{kind}.v3.api.pb@{speed}@{symbol}"
            for kind in kinds
            for speed in ("10ms", "100ms")
            for symbol in ("BTCUSDT", "ETHUSDT")
        ]
        topics += [
            f"spot@public.limit.depth.v3.api.pb@{s}@{n}" for s in ("BTCUSDT", "ETHUSDT") for n in (5, 10, 20)
        ]
        minutes = ("Min1", "Min5", "Min15", "Min30", "Min60", "Hour4", "Hour8")
        topics += [f"spot@public.kline.v3.api.pb@{s}@{n}" for n in minutes for s in ("BTCUSDT", "ETHUSDT")]
        assert len(topics) == 32
        await client.send(mexc(*topics))
        reply = (await client.next())["msg"]
        frames = await client.collect(5)
    assert {frame.channel for frame in frames} == set(topics[:30])
    if surplus == "silent":
        assert reply == ",".join(topics)
    else:
        assert reply.startswith(f"Subscribed successful! [{','.join(topics[:30])}]. Not Subscribed")


async def test_mexc_drops_who_sends_over_100_messages_a_second(simulated: Any, autojump_clock: Any) -> None:
    """100 in a second pass, the next ends the connection."""
    async with simulated() as bench:
        client = await bench.client(MEXC)
        for _ in range(100):
            await client.send({"method": "PING"})
        assert len(await client.collect(1.1)) == 100
        for _ in range(101):
            await client.send({"method": "PING"})
        await client.collect(1)
        assert client.ended is not None
        assert (await bench.get("/_sim/stats")).json[MEXC]["counts"]["too_fast"] == 1


@pytest.mark.parametrize(
    ("target", "calls", "limit"),
    [("/api/v4/spot/tickers", 200, 200), ("/api/v3/exchangeInfo", 50, 500), ("/api/v3/ping", 500, 500)],
)
async def test_rest_budgets(simulated: Any, autojump_clock: Any, target: str, calls: int, limit: int) -> None:
    """Gate.io: 200 calls per 10 s and endpoint; MEXC: weight 500 per 10 s; then 429, and all well later."""
    async with simulated() as bench:
        await trio.sleep(10 - (trio.current_time() % 10))
        for _ in range(calls):
            assert (await bench.get(target)).status == 200
        over = await bench.get(target)
        assert over.status == 429
        if target.startswith("/api/v4"):
            assert over.json["label"] == "TOO_MANY_REQUESTS"
            assert over.headers["x-gate-ratelimit-limit"] == str(limit)
            assert over.headers["x-gate-ratelimit-requests-remain"] == "0"
            assert (await bench.get("/api/v4/spot/time")).status == 200
        await trio.sleep(10)
        assert (await bench.get(target)).status == 200
