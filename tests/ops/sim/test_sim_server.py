"""The server itself: transports, vanishing and slow clients, restarts, signals."""

import itertools
import json
import ssl
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trio
import trustme

from feedtree.exchanges.errors import ConnectionLost, TlsFailed
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.sim.run import server_context

GATE, MEXC = "gateio.spot", "mexc.spot"
DEPTH = "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS for both ends."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server_context(folder / "cert.pem", folder / "key.pem"), client


@pytest.mark.parametrize("network", [TcpNetwork, MemoryNetwork])
@pytest.mark.parametrize("secure", [False, True])
async def test_it_serves_over_every_transport(
    simulated: Any, gate: Any, mexc: Any, contexts: Any, network: Any, secure: bool
) -> None:
    """TCP and memory, plain and TLS: both venues, REST and control on one port."""
    with trio.fail_after(20):
        async with simulated(network=network(), tls=contexts if secure else None) as bench:
            assert bench.running.urls[GATE]["ws"].startswith("wss:" if secure else "ws:")
            client = await bench.client(GATE)
            await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
            assert (await client.next())["result"] == {"status": "success"}
            assert (await client.next(lambda frame: "result" in frame))["result"]["full"]
            other = await bench.client(MEXC)
            await other.send(mexc(DEPTH))
            assert (await other.next())["code"] == 0
            assert (await other.next()).publicAggreDepths.toVersion
            assert (await bench.get("/api/v3/ping")).status == 200
            assert (await bench.get("/_sim/stats")).json[GATE]["connections"] == 1


async def test_a_failed_handshake_harms_nobody(simulated: Any, contexts: Any) -> None:
    """Plain bytes on a TLS port, and a client that does not trust the certificate."""
    with trio.fail_after(20):
        async with simulated(network=TcpNetwork(), tls=contexts) as bench:
            good = await bench.client(GATE)
            plain = await bench.network.dial(bench.running.host, bench.running.port)
            await plain.send_all(b"GET / HTTP/1.1\r\n\r\n")
            with pytest.raises(TlsFailed):
                await bench.network.dial(
                    bench.running.host, bench.running.port, tls=ssl.create_default_context()
                )
            await good.send({"channel": "spot.ping"})
            assert (await good.next())["channel"] == "spot.pong"
            plain.close()


async def test_the_end_of_the_simulation_is_told(simulated: Any, autojump_clock: Any) -> None:
    """Connections get a close frame, so that clients see an orderly end."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.end)
            await trio.sleep(1)
            bench.sim.venues[GATE].farewell()
        assert client.ended == "1001"


async def test_a_request_and_a_frame_in_one_write_are_both_taken(simulated: Any, autojump_clock: Any) -> None:
    """Bytes behind the upgrade request belong to the websocket."""
    async with simulated() as bench:
        transport = await bench.dial()
        head = (
            "GET /ws HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        ping = b'{"method":"PING"}'
        await transport.send_all(head.encode() + bytes([0x81, 0x80 | len(ping), 0, 0, 0, 0]) + ping)
        seen = b""
        while b"PONG" not in seen:
            await transport.wait_readable()
            seen += transport.receive_nowait() or b""
        assert seen.startswith(b"HTTP/1.1 101")


async def test_one_http_connection_carries_several_requests(simulated: Any, autojump_clock: Any) -> None:
    """Keep-alive."""
    async with simulated() as bench:
        transport = await bench.dial()
        for _ in range(3):
            await transport.send_all(b"GET /api/v3/ping HTTP/1.1\r\nHost: sim\r\n\r\n")
            await transport.wait_readable()
            assert (transport.receive_nowait() or b"").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET //[ HTTP/1.1\r\nHost: sim\r\n\r\n",
        b"",
        b"GET /ws HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\n\r\n",
        b"POST /api/v3/ping HTTP/1.1\r\nHost: sim\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 1_100_000,
    ],
)
async def test_a_client_that_speaks_nonsense_harms_nobody(
    simulated: Any, autojump_clock: Any, sent: bytes
) -> None:
    """Bad HTTP, a bad handshake, an endless body: that connection ends, the others do not."""
    async with simulated() as bench:
        good = await bench.client(GATE)
        transport = await bench.dial()
        with trio.move_on_after(1):
            await transport.send_all(sent)
        transport.close()
        await good.send({"channel": "spot.ping"})
        assert (await good.next())["channel"] == "spot.pong"


@pytest.mark.parametrize(
    "sent",
    [
        b"\x81\x05hello",  # not masked
        b"\xf1\x80\0\0\0\0",  # reserved bits
        b"\x01\xfe\xff\xff\0\0\0\0" + b"x" * 65_535,  # a fragment
    ],
)
async def test_a_client_that_breaks_the_websocket_protocol_is_cut_off(
    simulated: Any, autojump_clock: Any, sent: bytes
) -> None:
    """Alone."""
    async with simulated() as bench:
        good, bad = await bench.client(GATE), await bench.client(GATE)
        with suppress(ConnectionLost):
            for _ in range(20):
                await bad.transport.send_all(sent)
                await trio.sleep(0.1)
        assert await bad.end() in ("1002", "1009", "reset", "tcp")
        await good.send({"channel": "spot.ping"})
        assert (await good.next())["channel"] == "spot.pong"


async def test_a_client_that_closes_is_answered_and_forgotten(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    """A close frame comes back; its subscriptions are gone."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.trades", "BTC_USDT"))
        await client.collect(0.5)
        await client.transport.send_all(b"\x88\x82\0\0\0\0\x03\xe8")
        assert await client.end() == "1000"
        await trio.sleep(0.1)
        assert not bench.sim.venues[GATE].peers
        assert len(bench.sim.venues[GATE].streams) == 0


async def test_a_fragmented_request_is_understood(simulated: Any, autojump_clock: Any) -> None:
    """Clients may send a message in pieces."""
    async with simulated() as bench:
        client = await bench.client(MEXC)
        one, two = b'{"method":', b'"PING"}'
        await client.transport.send_all(bytes([0x01, 0x80 | len(one), 0, 0, 0, 0]) + one)
        await client.transport.send_all(bytes([0x80, 0x80 | len(two), 0, 0, 0, 0]) + two)
        assert (await client.next())["msg"] == "PONG"


async def test_a_slow_reader_is_cut_off(simulated: Any, mexc: Any, autojump_clock: Any) -> None:
    """Its buffer is bounded; the others get everything."""
    async with simulated(rate=4_000, buffer=100_000) as bench:
        slow, quick = await bench.client(MEXC), await bench.client(MEXC)
        for client in (slow, quick):
            await client.send(mexc(DEPTH))
        versions = [
            (int(frame.publicAggreDepths.fromVersion), int(frame.publicAggreDepths.toVersion))
            for frame in await quick.collect(20)
            if not isinstance(frame, dict)
        ]
        assert len(bench.sim.venues[MEXC].peers) == 1
        assert bench.sim.venues[MEXC].journal.counts["slow_readers_cut"] == 1
    assert all(one[1] + 1 == two[0] for one, two in itertools.pairwise(versions))


async def test_a_reader_that_pauses_is_waited_for(simulated: Any, mexc: Any, autojump_clock: Any) -> None:
    """What a full connection cannot take waits, and nothing is lost."""
    async with simulated(rate=4_000) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(DEPTH))
        await trio.sleep(20)
        frames = [frame for frame in await client.collect(5) if not isinstance(frame, dict)]
    versions = [(int(f.publicAggreDepths.fromVersion), int(f.publicAggreDepths.toVersion)) for f in frames]
    assert len(frames) > 2_000
    assert all(one[1] + 1 == two[0] for one, two in itertools.pairwise(versions))


async def test_frames_can_go_out_one_by_one(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """Switch: one write, so one TLS record, per frame."""
    async with simulated(switches={GATE: {"frame_per_write": True}}) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
        assert len(await client.collect(1)) > 10


async def test_ids_never_go_back_over_a_restart(simulated: Any, autojump_clock: Any) -> None:
    """Book, trade and version counters start from the clock."""
    seen = []
    for _ in range(3):
        async with simulated(rate=20_000) as bench:
            await trio.sleep(0.05)
            stats = (await bench.get("/_sim/stats")).json
            seen.append(
                {(venue, symbol): number for venue in stats for symbol, number in stats[venue]["ids"].items()}
            )
            await trio.sleep(2)
    for earlier, later in itertools.pairwise(seen):
        assert all(later[key] > earlier[key] + 1_000 for key in earlier)


def test_signals_end_the_command_in_order(tmp_path: Path) -> None:
    """One JSON line once it listens; SIGTERM ends it with code 0 and nothing on stderr."""
    program = (
        "import trio; from feedtree.ops.sim.config import SimConfig; from feedtree.ops.sim.run import run_sim;"
        "trio.run(lambda: run_sim(SimConfig(orders=100)))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        urls = json.loads(process.stdout.readline())
        assert urls["control"].endswith("/_sim")
        process.terminate()
        assert process.wait(10) == 0
        assert process.stderr.read() == b""
