"""What Prometheus and probes get of a running tree."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.gateio.private_websocket import GateioPrivateSpotWebsocket
from feedtree.exchanges.public.messages import BookUpdate, Trade
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import Transport, receive
from feedtree.ops import Config, Metrics, Watch
from feedtree.ops.metrics.catalogue import METRICS, series_names
from feedtree.ops.metrics.collector import TreeCollector
from feedtree.ops.metrics.server import ASK_WITHIN, BASELINE_AFTER, MOST_CLIENTS, TAKE_WITHIN
from feedtree.ops.metrics.sight import MOST_NAMES, Watcher
from feedtree.supervisors import ChildState
from tests.integration.accounts import price, trading

METRICS_PORT = 9464
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def dial(lab: Any, port: int = METRICS_PORT) -> Transport:
    return await lab.network.dial("127.0.0.1", port)


async def ask(lab: Any, request: str, port: int = METRICS_PORT) -> tuple[int, str]:
    """Return the status and the body of an answer, which ends the connection."""
    transport = await dial(lab, port)
    await transport.send_all(f"{request} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
    answer = b""
    while chunk := await receive(transport):
        answer += chunk
    transport.close()
    head, _, body = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), body


async def scrape(lab: Any) -> Samples:
    """Return every sample of a scrape, by name and labels."""
    status, body = await ask(lab, "GET /metrics")
    assert status == 200
    samples: Samples = {}
    for family in text_string_to_metric_families(body):
        assert family.documentation
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in samples, f"{key} stands there twice"
            samples[key] = sample.value
    return samples


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"feedtree_{name}", frozenset(labels.items())]


def total(samples: Samples, name: str, **labels: str) -> float:
    """Return the sum of all samples of a name that have these labels among theirs."""
    found = [
        each
        for (named, has), each in samples.items()
        if named == f"feedtree_{name}" and has >= labels.items()
    ]
    assert found, f"there is no {name} with {labels}"
    return sum(found)


@pytest.fixture
def stage(lab, tree) -> Any:
    """Exchanges and a tree with metrics, an account among what it streams."""

    @asynccontextmanager
    async def opened(*symbols: str, **options: Any) -> AsyncIterator[tuple[Any, Any]]:
        async with lab(rate=100.0) as exchanges:
            config = Config(
                exchanges.config(*(symbols or ("BTC/USDT",)), **options).venues,
                accounts={"gateio.spot": {"main": exchanges.account_config()}},
                metrics=Metrics(port=METRICS_PORT),
            )
            async with tree(exchanges, config) as running:
                for websocket in (*running.websockets.values(), *running.accounts.values()):
                    await websocket.wait_live(10)
                yield exchanges, running

    return opened


async def test_a_scrape_tells_of_streams_accounts_mailboxes_and_the_process(autojump_clock, stage) -> None:
    """Streams are live, and what they count is what their facts say; each metric that applies has a value."""
    async with stage() as (lab, running):
        async with running.public.mailbox(BookUpdate, Trade, name="mine"):
            await trio.sleep(30)
            samples = await scrape(lab)
        gate = {"stream": "public/gateio.spot/shard-1", "venue": "gateio.spot", "side": "public"}
        assert value(samples, "stream_live", **gate) == 1
        assert value(samples, "stream_state", **gate, state="live") == 1
        assert value(samples, "stream_state", **gate, state="down") == 0
        assert value(samples, "stream_topics", **gate, state="wanted") == 3
        assert value(samples, "stream_topics", **gate, state="live") == 3
        assert value(samples, "reconnects_total", **gate) == 0
        (shard,) = running.public.feeds["gateio.spot"].plan()
        books = value(samples, "messages_total", **gate, kind="books")
        assert 0 < books <= shard.told.books
        assert value(samples, "message_latency_seconds_count", **gate) > 0
        assert value(samples, "message_latency_seconds_bucket", **gate, le="0.002") > 0
        assert value(samples, "message_latency_seconds_bucket", **gate, le="+Inf") == value(
            samples, "message_latency_seconds_count", **gate
        )
        assert (
            value(samples, "connect_phase_seconds_count", venue="gateio.spot", side="public", phase="tcp")
            == 1
        )
        assert (
            value(samples, "connect_phase_seconds_count", venue="mexc.spot", side="public", phase="subscribe")
            == 1
        )
        assert value(samples, "ping_rtt_seconds_count", venue="gateio.spot", side="private") > 0
        assert value(samples, "books", venue="gateio.spot", state="live") == 1
        account = {"stream": "private/gateio.spot/main", "venue": "gateio.spot"}
        assert value(samples, "account_consistent", **account) == 1
        assert value(samples, "orders_unresolved", **account) == 0
        assert value(samples, "mailbox_depth", mailbox="mine", side="public") > 0
        assert value(samples, "mailbox_oldest_seconds", mailbox="mine", side="public") > 20
        assert value(samples, "mailbox_skipped_total", mailbox="mine", side="public") > 0
        assert value(samples, "connections") == 3
        assert value(samples, "resident_memory_bytes") > 10_000_000
        assert total(samples, "build_info") == 1
        assert not any(name == "feedtree_branch_parked" for name, _ in samples)
        assert {name for name, _ in samples} <= series_names()


async def test_no_symbol_makes_a_series(autojump_clock, stage) -> None:
    """Three symbols on one connection have the series of one."""
    async with stage("BTC/USDT", venues=("gateio.spot",)) as (lab, _):
        await trio.sleep(20)
        one = await scrape(lab)
    symbols = [f"{base}/USDT" for base in ("BTC", "ETH", "SOL")]
    async with stage(*symbols, venues=("gateio.spot",)) as (lab, _):
        await trio.sleep(20)
        many = await scrape(lab)
    assert set(one) == set(many)


async def test_counters_never_fall_when_streams_and_mailboxes_go(autojump_clock, stage) -> None:
    """Those of a venue keep what a stream measured that is gone, those of a name what a closed mailbox counted."""
    gate = {"venue": "gateio.spot", "side": "public"}
    async with stage(venues=("gateio.spot",)) as (lab, running):
        async with running.public.mailbox(Trade, name="mine", capacity=3):
            await trio.sleep(20)
            before = await scrape(lab)
        websocket = running.websockets["gateio.spot"]
        await websocket.aclose()
        after = await scrape(lab)
        assert not any("public/gateio.spot/shard-1" in dict(labels).values() for _, labels in after)
        for name in ("ping_rtt_seconds_count", "ping_rtt_seconds_sum"):
            assert value(after, name, **gate) >= value(before, name, **gate)
        assert value(after, "ping_rtt_seconds_count", **gate) > 0
        phase = {**gate, "phase": "upgrade"}
        assert value(after, "connect_phase_seconds_count", **phase) == 1
        dropped = {"mailbox": "mine", "side": "public", "reason": "overflow"}
        assert (
            value(after, "mailbox_dropped_total", **dropped)
            >= value(before, "mailbox_dropped_total", **dropped)
            > 0
        )
        assert value(after, "mailbox_depth", mailbox="mine", side="public") == 0
        again = await scrape(lab)
        assert value(again, "mailbox_dropped_total", **dropped) == value(
            after, "mailbox_dropped_total", **dropped
        )
        assert value(again, "connect_phase_seconds_count", **phase) == 1


async def test_only_so_many_mailbox_names_have_series(autojump_clock, stage) -> None:
    """The others are summed up, and those without a name."""
    async with stage(venues=()) as (lab, running):
        boxes = [running.public.mailbox(Trade, name=f"box-{number}") for number in range(MOST_NAMES + 5)]
        boxes += [running.public.mailbox(Trade, capacity=7), running.public.mailbox(Trade, capacity=8)]
        samples = await scrape(lab)
        names = {dict(labels)["mailbox"] for name, labels in samples if name == "feedtree_mailbox_depth"}
        assert len(names) == MOST_NAMES + 2
        assert value(samples, "mailbox_capacity", mailbox="unnamed", side="public") == 15
        assert value(samples, "mailbox_capacity", mailbox="other", side="public") == 5 * 4096
        for box in boxes:
            box.close()


async def test_what_ends_is_counted_by_its_verdict(autojump_clock, stage) -> None:
    """A lost connection is retryable, a parked account fatal; the branch that is parked is named."""
    async with stage() as (lab, running):
        lab.turn("gateio.spot", deny_permission="all")
        for venue in ("gateio.spot", "mexc.spot"):
            lab.inflict(venue, "reset")
        with trio.fail_after(60):
            await running.failed("private/gateio.spot/main/stream/a")
        await trio.sleep(5)
        samples = await scrape(lab)
        assert value(samples, "ends_total", side="public", venue="mexc.spot", verdict="retryable") == 1
        assert value(samples, "ends_total", side="private", venue="gateio.spot", verdict="fatal") >= 1
        assert value(samples, "branch_parked", branch="private/gateio.spot/main/stream/a") == 1
        account = {"stream": "private/gateio.spot/main", "venue": "gateio.spot", "side": "private"}
        assert value(samples, "stream_state", **account, state="failed") == 1
        assert value(samples, "stream_live", **account) == 0
        assert value(samples, "outage_seconds_count", venue="mexc.spot", side="public") == 1
        assert value(samples, "outage_seconds_bucket", venue="mexc.spot", side="public", le="3.0") == 1


async def test_probes_tell_what_is_not_ready(autojump_clock, stage) -> None:
    """Health goes on while streams are down; readiness names each of them."""
    async with stage() as (lab, running):
        await trio.sleep(5)
        assert await ask(lab, "GET /healthz") == (200, "ok\n")
        assert await ask(lab, "GET /readyz") == (200, "ok\n")
        running.private.stores["gateio.spot/main"].doubted("a test")
        status, body = await ask(lab, "GET /readyz")
        assert status == 503
        assert body.startswith("private/gateio.spot/main is inconsistent")
        await lab.kill()
        await trio.sleep(5)
        assert (await ask(lab, "GET /healthz"))[0] == 200
        status, body = await ask(lab, "GET /readyz")
        assert status == 503
        lines = body.splitlines()
        assert len(lines) == 3
        assert lines[0].startswith("public/gateio.spot/shard-1 is ")
        assert lines[0].endswith(": 0 of 3 topics live")
        await lab.start()
        await trio.sleep(20)
        assert (await ask(lab, "GET /readyz"))[0] == 200


async def test_other_requests_are_refused(autojump_clock, tree) -> None:
    """Other paths, other methods, and what is no HTTP."""
    lab = SimpleNamespace(network=MemoryNetwork())
    async with tree(lab, Config({}, metrics=Metrics(port=METRICS_PORT))) as running:
        assert (await ask(lab, "GET /"))[0] == 404
        assert (await ask(lab, "POST /metrics"))[0] == 405
        assert await ask(lab, "HEAD /metrics") == (405, "")
        transport = await dial(lab)
        await transport.send_all(b"\x16\x03\x01 hello\r\n\r\n")
        assert await receive(transport) == b""
        transport = await dial(lab)
        await transport.send_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
        transport.abort()
        assert (await ask(lab, "GET /healthz"))[0] == 200
        assert running.snapshot().find("ops/metrics").generation == 1


async def test_clients_that_are_slow_or_many_are_dropped(autojump_clock, tree) -> None:
    """They hold nothing up for longer than five seconds, and no more than four of them are heard."""
    exchanges = SimpleNamespace(network=MemoryNetwork(capacity=100))
    async with tree(exchanges, Config({}, metrics=Metrics(port=METRICS_PORT))) as running:
        began = trio.current_time()
        mute = [await dial(exchanges) for _ in range(MOST_CLIENTS)]
        with pytest.raises(ConnectionLost):
            await receive(await dial(exchanges))
        assert [await receive(transport) for transport in mute] == [b""] * MOST_CLIENTS
        assert trio.current_time() - began == pytest.approx(ASK_WITHIN)
        began = trio.current_time()
        deaf = await dial(exchanges)
        await deaf.send_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
        await trio.sleep(TAKE_WITHIN + 1)
        taken = await receive(deaf)
        assert taken.startswith(b"HTTP/1.1 200 ")
        assert len(taken) == 100
        assert await receive(deaf) == b""
        assert (await ask(exchanges, "GET /healthz"))[0] == 200
        assert running.snapshot().find("ops/metrics").generation == 1


async def test_a_port_that_is_taken_parks_the_server_alone(autojump_clock, lab, tree) -> None:
    """The reason says what can be done; the tree runs."""
    async with lab() as exchanges:
        await exchanges.network.listen("127.0.0.1", METRICS_PORT)
        config = exchanges.config("BTC/USDT", venues=("gateio.spot",))
        config = Config(config.venues, metrics=Metrics(port=METRICS_PORT))
        async with tree(exchanges, config) as running:
            await running.websockets["gateio.spot"].wait_live(10)
            node = running.snapshot().find("ops/metrics")
            assert node.state is ChildState.FAILED
            assert "the metrics cannot be served at 127.0.0.1:9464" in node.last_reason
            assert "another port" in node.last_reason
            assert running.snapshot().state is ChildState.RUNNING


async def test_a_free_port_is_told(autojump_clock, tree) -> None:
    """Port 0 takes one; the actor's facts have its URL."""
    lab = SimpleNamespace(network=MemoryNetwork())
    async with tree(lab, Config({}, metrics=Metrics(port=0, host="::1"))) as running:
        url = running.snapshot().find("ops/metrics").facts["url"]
        assert url.startswith("http://[::1]:")
        assert url.endswith("/metrics")


async def test_memory_has_a_baseline_after_a_while(autojump_clock, tree) -> None:
    """Absent before, then as it was, also after the server was started anew."""
    lab = SimpleNamespace(network=MemoryNetwork())
    async with tree(lab, Config({}, metrics=Metrics(port=METRICS_PORT))) as running:
        await trio.sleep(BASELINE_AFTER - 60)
        assert ("feedtree_memory_baseline_bytes", frozenset()) not in await scrape(lab)
        await trio.sleep(120)
        found = value(await scrape(lab), "memory_baseline_bytes")
        assert found > 10_000_000
        await running.supervisor.terminate_child("ops/metrics")
        await running.restart("ops/metrics")
        assert value(await scrape(lab), "memory_baseline_bytes") == found
        await trio.sleep(2 * BASELINE_AFTER)
        assert value(await scrape(lab), "memory_baseline_bytes") == found


async def test_a_registry_of_ones_own_can_collect_a_tree(autojump_clock, stage) -> None:
    """Without the server, and without a port."""
    async with stage(venues=()) as (_, running):
        families = {family.name: family for family in TreeCollector(running).collect()}
        assert len(families) == len(METRICS)
        assert families["feedtree_connections"].samples[0].value == 1
        assert Watcher().look(running).baseline_bytes is None


async def test_what_actors_cost_is_told_where_accounts_of_it_are_kept(lab, tree) -> None:
    """Under the real clock: the loop is watched there, too."""
    async with lab() as exchanges:
        config = exchanges.config("BTC/USDT", venues=("gateio.spot",))
        config = Config(config.venues, watch=Watch(accounting=True), metrics=Metrics(port=METRICS_PORT))
        async with tree(exchanges, config) as running:
            with trio.fail_after(60):
                await running.websockets["gateio.spot"].wait_live(50)
                await trio.sleep(0.2)
                samples = await scrape(exchanges)
        assert total(samples, "stream_cpu_seconds_total", venue="gateio.spot") > 0
        assert value(samples, "loop_busy_seconds_total") > 0
        assert value(samples, "loop_passes_total") > 0


async def test_the_server_listens_on_a_socket_by_default(lab, tree) -> None:
    """On TCP, at the port that its facts tell; a second tree of the process cannot have it."""
    no_network = SimpleNamespace(network=None)
    real = SimpleNamespace(network=TcpNetwork())
    with trio.fail_after(60):
        async with tree(no_network, Config({}, metrics=Metrics(port=0))) as running:
            url = running.snapshot().find("ops/metrics").facts["url"]
            port = int(url.removeprefix("http://127.0.0.1:").removesuffix("/metrics"))
            assert await ask(real, "GET /healthz", port) == (200, "ok\n")
            status, body = await ask(real, "GET /metrics", port)
            assert status == 200
            assert "feedtree_loop_busy_seconds_total " in body
            async with tree(no_network, Config({}, metrics=Metrics(port=port))) as second:
                assert second.snapshot().find("ops/metrics").state is ChildState.FAILED
            assert await ask(real, "GET /readyz", port) == (200, "ok\n")


async def test_orders_are_told_by_outcome_and_door(autojump_clock, lab, tree) -> None:
    """With how long they waited for their turn."""
    async with trading(GateioPrivateSpotWebsocket, lab, tree) as (exchanges, running, account):
        for _ in range(2):
            await account.orders.place(
                "BTC/USDT", "buy", quantity=Decimal("0.01"), price=price("gateio.spot", exchanges, "buy")
            )
        families = {family.name: family for family in TreeCollector(running).collect()}

    def told(name: str) -> dict[tuple[str, ...], float]:
        return {
            tuple(sample.labels.values())[2:]: sample.value for sample in families[f"feedtree_{name}"].samples
        }

    assert told("orders")["accepted",] == 2
    assert told("order_requests") == {("websocket",): 2}
    assert told("orders_open") == {(): 2}
    assert told("order_turn_wait_seconds")["+Inf",] == 2
