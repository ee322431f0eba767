"""The proxy itself: what passes it is what was sent, and nothing of it stays when it ends."""

import os
from random import Random

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from feedtree.exchanges.errors import ConnectionLost, DialFailed
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import Network
from feedtree.ops.chaos.proxy import open_proxy

CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=8)
HARMLESS = {
    "none": (),
    "latency": (("latency", {"delay": 0.3, "jitter": 0.5}),),
    "bandwidth": (("bandwidth", {"rate": 50.0}),),
    "stall": (("stall", {}),),
    "slow_loris": (("slow_loris", {"interval": 0.1, "first": 20, "direction": "both"}),),
    "all": (("latency", {"jitter": 0.2}), ("slow_loris", {}), ("bandwidth", {"rate": 90.0}), ("stall", {})),
}


async def say(end, chunks: list[bytes], pause: float, half: bool) -> None:
    for chunk in chunks:
        await end.send(chunk)
        await trio.sleep(pause)
    if half:
        await end.transport.send_eof()


async def under(proxy, faults, seconds: float) -> None:
    async with trio.open_nursery() as nursery:
        for name, parameters in faults:
            nursery.start_soon(hold, proxy, name, parameters, seconds)


async def hold(proxy, name: str, parameters: dict[str, object], seconds: float) -> None:
    async with proxy.fault(name, **parameters):
        await trio.sleep(seconds)


@pytest.mark.parametrize("faults", HARMLESS.values(), ids=list(HARMLESS))
@given(up=CHUNKS, down=CHUNKS, pause=st.sampled_from([0.0, 0.1]), capacity=st.sampled_from([1, 7, 65_536]))
def test_bytes_arrive_unchanged_and_in_order(
    line, faults, up: list[bytes], down: list[bytes], pause: float, capacity: int
) -> None:
    """Over any chunking and any buffer, with each direction's end behind its bytes; slow faults change no byte."""

    async def scenario() -> None:
        async with line(MemoryNetwork(capacity=capacity)) as opened, trio.open_nursery() as nursery:
            nursery.start_soon(under, opened.proxy, faults, 3.0)
            await trio.lowlevel.checkpoint()
            client, server = await opened.pair()
            (connection,) = opened.proxy.connections
            async with trio.open_nursery() as sides:
                sides.start_soon(say, client, up, pause, True)
                sides.start_soon(say, server, down, pause, True)
                sides.start_soon(client.listen)
                sides.start_soon(server.listen)
            assert (server.heard, server.over) == (b"".join(up), "end")
            assert (client.heard, client.over) == (b"".join(down), "end")
            await trio.testing.wait_all_tasks_blocked()
            assert opened.proxy.connections == ()
            assert connection.up.received == connection.up.delivered == len(server.heard)
            assert connection.down.received == connection.down.delivered == len(client.heard)

    trio.run(scenario, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize("network", [MemoryNetwork, TcpNetwork])
async def test_much_passes_with_backpressure(line, network: type[Network]) -> None:
    """Megabytes both ways at once, against a reader that is slower; then a half-close, and the other way goes on."""
    data = Random(1).randbytes(3_000_000)
    with trio.fail_after(30):
        async with line(network()) as opened:
            client, server = await opened.pair()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(say, client, [data], 0, True)
                nursery.start_soon(say, server, [data[::-1]], 0, False)
                await trio.sleep(0.05)
                nursery.start_soon(server.listen)
                nursery.start_soon(client.hear, len(data))
            assert server.over == "end"
            assert server.heard == data
            assert client.heard == data[::-1]
            await server.send(b"more")
            assert (await client.hear(len(data) + 4))[-4:] == b"more"
            await server.transport.send_eof()
            await client.listen()
            assert client.over == "end"
            await trio.testing.wait_all_tasks_blocked()
            totals = opened.proxy.totals()
            assert (totals.accepted, totals.up.delivered) == (1, len(data))
            assert totals.down.delivered == len(data) + 4


@pytest.mark.parametrize("network", [MemoryNetwork, TcpNetwork])
@pytest.mark.parametrize("who", ["client", "server"])
async def test_a_reset_is_passed_on(line, network: type[Network], who: str) -> None:
    """Who resets is told to the other side as a reset."""
    with trio.fail_after(10):
        async with line(network()) as opened:
            client, server = await opened.pair()
            await client.send(b"x")
            await server.hear(1)
            one, other = (client, server) if who == "client" else (server, client)
            one.transport.abort()
            await other.listen()
            assert other.over == "reset"


@pytest.mark.parametrize("network", [MemoryNetwork, TcpNetwork])
async def test_a_client_that_has_gone_is_told_to_a_server_that_goes_on(line, network: type[Network]) -> None:
    """A server that only writes learns of it by a reset, as it would without the proxy."""
    with trio.fail_after(10):
        async with line(network()) as opened:
            client, server = await opened.pair()
            client.transport.close()
            assert (await server.listen()).over == "end"
            server.over = None
            with pytest.raises(ConnectionLost):
                await for_ever(server)


async def for_ever(end) -> None:
    while True:
        await end.send(b"x" * 1000)
        await trio.sleep(0.001)


async def test_a_server_that_is_not_there_costs_the_client_its_connection(line, autojump_clock) -> None:
    """The proxy has accepted already: all it can do is reset."""
    async with line() as opened:
        opened.proxy._to = ("127.0.0.1", 1)
        assert (await (await opened.dial()).listen()).over == "reset"


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("network", [MemoryNetwork, TcpNetwork])
@pytest.mark.parametrize("fault", ["none", "stall", "black_hole", "latency", "bandwidth", "refuse", "close"])
async def test_it_ends_at_once_whatever_stalls(line, network: type[Network], fault: str) -> None:
    """Cancelled, nothing is waited for: no task, no descriptor and no listener stays."""
    parameters = {"latency": {"delay": 100.0}, "bandwidth": {"rate": 10.0}}.get(fault, {})
    faults = [(fault, parameters)] if fault != "none" else []
    before = descriptors(), trio.lowlevel.current_statistics().tasks_living
    with trio.fail_after(20):
        async with line(network()) as opened, trio.open_nursery() as nursery:
            where = opened.proxy.address
            for _ in range(3):
                client, server = await opened.pair()
                client.transport.send_nowait(b"x" * 8_000_000)
            nursery.start_soon(under, opened.proxy, faults, 1000.0)
            await server.within(0.1)
            began = trio.current_time()
            nursery.cancel_scope.cancel()
    assert trio.current_time() - began < 0.2
    assert before == (descriptors(), trio.lowlevel.current_statistics().tasks_living)
    with pytest.raises(DialFailed):
        await opened.network.dial(*where)


async def test_an_exception_of_the_body_leaves_as_it_is(autojump_clock) -> None:
    """Neither wrapped in a group nor lost."""
    with pytest.raises(LookupError, match="mine"):
        await fail_in(open_proxy(MemoryNetwork(), to=("venue", 80)))


async def fail_in(opened) -> None:
    async with opened:
        raise LookupError("mine")


async def test_a_test_can_wait_for_connections(line, autojump_clock) -> None:
    """Until so many have come, and until a fault has met one."""
    async with line() as opened, trio.open_nursery() as nursery:
        with trio.move_on_after(1) as scope:
            await opened.proxy.connected()
        assert scope.cancelled_caught
        nursery.start_soon(opened.dial)
        await opened.proxy.connected(1)
        await opened.proxy.connected(1)
        async with opened.proxy.fault("latency", on="new") as fault:
            nursery.start_soon(opened.dial)
            met = await fault.struck()
            assert met.number == 2
            assert repr(met) == f"Connection(2, {met.peer}, 0 bytes up, 0 bytes down)"


async def test_a_port_that_is_lost_meanwhile_is_an_error(autojump_clock) -> None:
    """Somebody took the address while the door was shut: the proxy says so instead of being mute."""
    network = MemoryNetwork()
    with pytest.RaisesGroup(pytest.RaisesExc(OSError, match="taken"), flatten_subgroups=True):
        async with open_proxy(network, to=("venue", 80)) as proxy:
            async with proxy.fault("refuse"):
                listener = await network.listen(*proxy.address)
    listener.close()


async def test_a_port_that_is_free_again_soon_is_waited_for(autojump_clock) -> None:
    """Some systems give it back a moment later."""
    network = MemoryNetwork()
    async with open_proxy(network, to=("venue", 80)) as proxy, trio.open_nursery() as nursery:
        async with proxy.fault("refuse"):
            listener = await network.listen(*proxy.address)
            nursery.start_soon(close_later, listener)
        (await network.dial(*proxy.address)).close()


async def close_later(listener) -> None:
    await trio.sleep(0.3)
    listener.close()


class Seen:
    """What the proxy saw, and a way to wait for it."""

    def __init__(self) -> None:
        self.sightings = []
        self._left = trio.Event()

    def __call__(self, sighting) -> None:
        self.sightings.append(sighting)
        if sighting.what == "left":
            self._left.set()

    @property
    def shown(self) -> list[str]:
        return [f"{each.connection} {each.what}" for each in self.sightings]

    async def left(self) -> None:
        """Wait until a client has left since the last call."""
        await self._left.wait()
        self._left = trio.Event()


def test_what_a_client_does_is_seen(medium) -> None:
    """When it dials, and when it ends or resets its connection, also in a black hole that swallows all of it."""
    seen = Seen()

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("black_hole"):
            began = trio.current_time()
            await client.within(medium.moment)
            await client.transport.send_eof()
            await seen.left()
            other, _ = await line.pair()
            other.transport.abort()
            await seen.left()
            assert server.over is None
        assert seen.shown == ["1 dialled", "1 left", "2 dialled", "2 left"]
        assert 0 <= seen.sightings[1].at - began - medium.moment <= medium.slack

    medium.run(scenario, see=seen)


def test_a_client_that_answers_a_close_has_left(medium) -> None:
    """Its own end is what tells that it has found out; a server's end says nothing of it."""
    seen = Seen()

    async def scenario(line) -> None:
        client, server = await line.pair()
        await server.transport.send_eof()
        await client.listen()
        assert seen.shown == ["1 dialled"]
        await client.transport.send_eof()
        await seen.left()
        assert seen.shown == ["1 dialled", "1 left"]

    medium.run(scenario, see=seen)


def test_a_client_leaves_once(medium) -> None:
    """Whether the proxy finds out while it reads or while it writes."""
    seen = Seen()

    async def scenario(line) -> None:
        client, server = await line.pair()
        client.transport.abort()
        await seen.left()
        await server.listen()
        assert seen.shown == ["1 dialled", "1 left"]

    medium.run(scenario, see=seen)
