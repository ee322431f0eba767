"""The smaller parts: who may go on, when connections were tried, outages as a consumer sees them, and the proxies."""

import os
import platform
from contextlib import suppress
from math import inf

import pytest
import trio

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import receive
from feedtree.ops.chaos.campaign.fleet import FaultOrder, open_fleet
from feedtree.ops.chaos.campaign.fleet_process import FleetFailed, open_remote_fleet
from feedtree.ops.chaos.campaign.footprint import footprint, give_back
from feedtree.ops.chaos.campaign.lateness import Lateness
from feedtree.ops.chaos.campaign.outages import Outages
from feedtree.ops.chaos.campaign.starts import Start, Starts
from feedtree.ops.chaos.campaign.turnstile import Turnstile
from feedtree.ops.chaos.spelling import WrongFault
from feedtree.supervisors import EventKind

# Who may go on


async def test_many_pass_together_and_one_alone(autojump_clock) -> None:
    """Who wants to be alone waits for those inside, and goes before those who come later."""
    turnstile, order = Turnstile(), list[str]()

    async def many(name: str, at: float) -> None:
        await trio.sleep(at)
        async with turnstile.among_others():
            order.append(f"{name} in")
            await trio.sleep(2)
            order.append(f"{name} out")

    async def alone(at: float) -> None:
        await trio.sleep(at)
        async with turnstile.alone():
            order.append("alone in")
            await trio.sleep(2)
            order.append("alone out")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(many, "a", 0.0)
        nursery.start_soon(many, "b", 0.5)
        nursery.start_soon(alone, 1.0)
        nursery.start_soon(many, "c", 1.5)
    assert order == ["a in", "b in", "a out", "b out", "alone in", "alone out", "c in", "c out"]


async def test_who_gives_up_waiting_to_be_alone_keeps_nobody_out(autojump_clock) -> None:
    turnstile = Turnstile()
    async with turnstile.among_others():
        with trio.move_on_after(1):
            async with turnstile.alone():
                raise AssertionError
        with trio.fail_after(1):
            async with turnstile.among_others():
                pass


# When connections were tried


def test_tries_are_those_of_connections_alone_with_the_wait_and_the_reason_before_each() -> None:
    starts = Starts()
    path = "public/gateio.spot-2/shard-1/a"
    starts.see(EventKind.STARTING, path, 1.0, None)
    starts.see(EventKind.RESTARTING, path, 2.0, 0.5, "ConnectionLost: reset")
    starts.see(EventKind.STARTING, path, 2.5, None)
    starts.see(EventKind.STARTING, "private/mexc.spot/main/stream/a/session", 3.0, None)
    starts.see(EventKind.STARTING, "private/mexc.spot/main/stream/a/lease", 3.0, None)
    stream = "public/gateio.spot-2/shard-1"
    assert starts.of("public/gateio.spot-2", 0.0, inf) == [
        Start(1.0, 0.0, stream),
        Start(2.5, 0.5, stream, "ConnectionLost: reset"),
    ]
    assert starts.of("public/gateio.spot-2", 2.0, 2.4) == []
    assert starts.of("public/gateio.spot", 0.0, inf) == [], "another stream whose name begins alike"
    assert len(starts.of("", 0.0, inf)) == 3


# Outages


async def test_an_outage_goes_from_the_first_loss_until_all_is_up(autojump_clock) -> None:
    outages = Outages(lambda: int(trio.current_time() * 1e9))
    outages.up(1)
    assert outages.live
    await trio.sleep(1)
    outages.datum()
    await trio.sleep(1)
    outages.lost("reset", 1)
    outages.lost("reset", 1)
    assert not outages.live
    await trio.sleep(1)
    outages.datum()
    await trio.sleep(1)
    outages.up(2)
    (outage,) = outages.past
    start = outage.lost
    assert (outage.fresh, outage.live, outage.topics) == (start + 1, start + 2, 2)
    assert outage.live_ns - outage.last_ns == 3_000_000_000
    assert outage.reconnected


async def test_what_was_never_up_is_no_outage_and_a_resync_no_reconnect(autojump_clock) -> None:
    outages = Outages(lambda: 0)
    outages.lost("refused", 1)
    assert not outages.past
    outages.up(2)
    outages.lost("gap", 2)
    outages.up(2)
    (outage,) = outages.past
    assert not outage.reconnected
    assert outage.fresh == outage.live, "nothing came before everything was up"


async def test_a_spell_begins_anew_with_each_outage(autojump_clock) -> None:
    outages = Outages(lambda: 0)
    began = trio.current_time()

    async def disturb() -> None:
        await trio.sleep(1)
        outages.up(1)
        await trio.sleep(5)
        outages.lost("reset", 1)
        await trio.sleep(1)
        outages.up(2)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(disturb)
        await outages.stable(10)
    assert trio.current_time() - began == pytest.approx(17)


# The proxies


async def test_a_fault_meets_one_line_and_ends_when_it_is_told() -> None:
    network = MemoryNetwork()
    listener = await network.listen("venue", 80)

    async def serve() -> None:
        while True:
            server = await listener.accept()
            nursery.start_soon(echo, server)

    async def echo(server) -> None:
        while data := await receive(server):
            await server.send_all(data)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        async with open_fleet(network, ["one", "two"], ("venue", 80), 1) as fleet:
            one = await network.dial("one", fleet.ports[0])
            two = await network.dial("two", fleet.ports[1])
            handle = await fleet.begin(FaultOrder(0, "stall", {"direction": "up"}))
            await one.send_all(b"held")
            await two.send_all(b"free")
            assert await receive(two) == b"free"
            await fleet.end(handle)
            assert await receive(one) == b"held"
            with pytest.raises(WrongFault, match="black_hole"):
                await fleet.begin(FaultOrder(0, "blackhole", {}))
        nursery.cancel_scope.cancel()


async def test_one_of_some_connections_is_the_one_on_which_most_often_something_comes(autojump_clock) -> None:
    """A stream's, not one that has brought a large answer: even while another answer comes."""
    network = MemoryNetwork()
    listener = await network.listen("venue", 80)

    async def serve(server) -> None:
        kind = await receive(server)
        for number in range(200):
            if kind == b"stream":
                await server.send_all(b"x" * 10)
            elif number % 10 == 0:
                await server.send_all(b"x" * 100_000)
            await trio.sleep(0.02)

    async def take(client) -> None:
        with suppress(ConnectionLost):
            while await receive(client):
                pass

    async with open_fleet(network, ["one"], ("venue", 80), 1) as fleet, trio.open_nursery() as nursery:
        for kind in (b"rest", b"stream", b"rest"):
            client = await network.dial("one", fleet.ports[0])
            await client.send_all(kind)
            nursery.start_soon(serve, await listener.accept())
            nursery.start_soon(take, client)
        await trio.sleep(1)
        await fleet.begin(FaultOrder(0, "stall", {}, one=True))
        (proxy,) = fleet._proxies
        (running,) = proxy.running
        assert [each.number for each in running.connections] == [2]
        nursery.cancel_scope.cancel()


async def test_proxies_in_a_process_of_their_own_do_the_same() -> None:
    network = TcpNetwork()
    listener = await network.listen("127.0.0.1", 0)
    with trio.fail_after(60):
        async with open_remote_fleet(2, listener.address, 1) as fleet:
            client = await network.dial("127.0.0.1", fleet.ports[1])
            server = await listener.accept()
            await client.send_all(b"hello")
            assert await receive(server) == b"hello"
            client.close()
            server.close()
            handle = await fleet.begin(FaultOrder(1, "refuse", {}))
            with pytest.raises(Exception, match="refused"):
                await network.dial("127.0.0.1", fleet.ports[1])
            await fleet.end(handle)
            (await network.dial("127.0.0.1", fleet.ports[1])).close()
            (await listener.accept()).close()
            with pytest.raises(WrongFault, match="direction"):
                await fleet.begin(FaultOrder(1, "stall", {"durection": "up"}))
            fleet._process.kill()
            with pytest.raises(FleetFailed, match="gone"):
                await fleet.begin(FaultOrder(1, "reset", {}))
    listener.close()


# Looks at the process


async def test_a_task_and_a_descriptor_more_are_seen() -> None:
    before = footprint()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever)
        one, other = os.pipe()
        os.close(other)
        after = footprint()
        os.close(one)
        nursery.cancel_scope.cancel()
    assert (after.tasks - before.tasks, after.descriptors - before.descriptors) == (1, 1)
    assert after.rss_kib > 1_000


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries cannot be asked to")
async def test_what_is_free_is_given_back() -> None:
    """Many blocks that the C library takes from its heap, all freed but the last."""
    blocks = [bytes(60_000) for _ in range(1_000)]
    del blocks[:-1]
    held = footprint().rss_kib
    give_back()
    assert footprint().rss_kib < held - 20_000
    assert len(blocks) == 1


async def test_a_loop_that_is_never_late_is_told_as_such(autojump_clock) -> None:
    lateness = Lateness()
    assert lateness.spread() is None
    with trio.move_on_after(5):
        await lateness.run()
    found = lateness.spread()
    assert found is not None
    assert found.max == pytest.approx(0, abs=1e-6)
