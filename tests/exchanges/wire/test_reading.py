"""The three reading modes: none starves another task, and each keeps its promise."""

from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.wire.burst import open_burst
from feedtree.exchanges.wire.connection import SPIN, WAIT, ReadMode
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import Transport

Speller = Callable[..., bytes]
MODES = [WAIT, SPIN, ReadMode("coalesce", 0.001)]
TEXT, PING = 0x81, 0x89


@pytest.fixture(params=MODES, ids=lambda mode: mode.kind)
def mode(request: pytest.FixtureRequest) -> ReadMode:
    return request.param


@pytest.fixture(params=["tcp", "tls"])
def sockets(request: pytest.FixtureRequest, mode: ReadMode, certificates: Any, rig_type: Any) -> Any:
    def opener(target: Any, network: Any) -> Any:
        return open_burst(target, network, read=mode)

    return rig_type(opener, TcpNetwork(), certificates if request.param == "tls" else None)


async def test_every_mode_delivers(sockets: Any, frame: Speller) -> None:
    """Messages, deadlines and pings work in each mode."""

    async def script(peer: Any) -> None:
        for n in range(100):
            await peer.send(frame(TEXT, str(n)))
            await trio.lowlevel.checkpoint()
        await peer.listen()
        await peer.send(frame(PING, "p"))
        assert (await peer.listen()).payload == b"p"
        await peer.send(frame(TEXT, "bye"))
        await peer.transport.aclose()

    async with sockets.session(script) as wire:
        got: list[Any] = []
        while len(got) < 100:
            got += await wire.receive()
        assert got == [str(n) for n in range(100)]
        assert await wire.receive(trio.current_time() + 0.003) == []
        assert await wire.receive(trio.current_time() - 1) == []
        await wire.send("go on")
        while await wire.receive() != ["bye"]:
            pass
        with pytest.raises(ConnectionLost, match="ended"):
            await wire.receive()


async def test_busy_wire_lets_others_run(sockets: Any, frame: Speller) -> None:
    """A firehose gives way after each 64 KiB: another task gets as many turns as there are reads."""
    chunk = frame(TEXT, "x" * 260) * 1_000

    async def script(peer: Any) -> None:
        while True:
            await peer.send(chunk)

    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with sockets.session(script) as wire:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(count_turns)
            await trio.lowlevel.checkpoint()
            for _ in range(50):
                before = wire.bytes_in
                await wire.receive()
                assert wire.bytes_in - before <= 65_536 + 16_384
            assert turns >= 49
            nursery.cancel_scope.cancel()
        wire.close()


async def open_wires(rig: Any, *modes: ReadMode) -> list[str]:
    """Open wires one beside the other, and return what kind of reader each got."""

    async def serve(transport: Transport) -> None:
        await rig.peer(transport).upgrade()
        await trio.sleep_forever()

    kinds = []
    with trio.fail_after(10):
        async with rig.serving(serve) as target:
            async with trio.open_nursery() as nursery:
                for mode in modes:

                    async def hold(mode: ReadMode, task_status: Any) -> None:
                        async with open_burst(target(), rig.network, read=mode) as wire:
                            task_status.started(wire.reading)
                            await trio.sleep_forever()

                    kinds.append(await nursery.start(lambda m=mode, task_status=None: hold(m, task_status)))
                nursery.cancel_scope.cancel()
    return kinds


async def test_one_reader_spins_at_a_time(rig_type: Any) -> None:
    """A second spinning wire waits instead; once the first is closed, the next one spins again."""
    rig = rig_type(open_burst, TcpNetwork(), None)
    assert await open_wires(rig, SPIN, SPIN, WAIT) == ["spin", "wait", "wait"]
    assert await open_wires(rig, SPIN) == ["spin"]


async def test_nobody_spins_under_a_virtual_clock(rig_type: Any, autojump_clock: Any) -> None:
    """Spinning would keep a virtual clock from going on."""
    assert await open_wires(rig_type(open_burst, MemoryNetwork(), None), SPIN) == ["wait"]


async def test_coalescing_makes_bursts_grow(rig_type: Any, frame: Speller, autojump_clock: Any) -> None:
    """Messages that come singly within the pause make one burst; what fills a read is not waited for."""
    pause = ReadMode("coalesce", 0.010)
    rig = rig_type(lambda target, network: open_burst(target, network, read=pause), MemoryNetwork(), None)

    async def script(peer: Any) -> None:
        for n in range(100):
            await peer.send(frame(TEXT, str(n)))
            await trio.sleep(0.001)
        await peer.listen()
        await peer.send(frame(TEXT, "x" * 60_000) * 4)

    async with rig.session(script) as wire:
        bursts = []
        while sum(map(len, bursts)) < 100:
            bursts.append(await wire.receive())
        assert len(bursts) <= 12
        assert [m for burst in bursts for m in burst] == [str(n) for n in range(100)]
        assert await wire.receive(trio.current_time() + 0.005) == []
        await wire.send("go on")
        await wait_all_tasks_blocked()
        await wire.receive()
        start = trio.current_time()
        await wire.receive()
        assert trio.current_time() == start
