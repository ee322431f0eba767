"""A peer that does not read hurts what is sent to it, and nothing else."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import trio
from wsproto.events import Pong

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.wire.connection import Wire
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.transport import receive

Speller = Callable[..., bytes]
TEXT, PING = 0x81, 0x89


@pytest.fixture(params=["memory", "tls-memory"])
def narrow(request: pytest.FixtureRequest, opener: Any, certificates: Any, rig_type: Any) -> Any:
    """Connections that hold 4 KiB in each direction."""
    return rig_type(opener, MemoryNetwork(capacity=4_096), certificates if "tls" in request.param else None)


@asynccontextmanager
async def deaf_peer(rig: Any, **options: Any) -> AsyncIterator[tuple[Wire, Any]]:
    """A wire, and a peer that reads only when told to."""
    peers: list[Any] = []

    async def script(peer: Any) -> None:
        peers.append(peer)

    async with rig.session(script, **options) as wire:
        while not peers:
            await trio.lowlevel.checkpoint()
        yield wire, peers[0]


async def outcome(wire: Wire) -> str:
    """The last message, or why there are no more."""
    while True:
        try:
            for message in await wire.receive():
                return str(message)
        except ConnectionLost as error:
            return str(error)


async def test_unanswered_pings_do_not_hold_up_data(narrow: Any, frame: Speller, autojump_clock: Any) -> None:
    """Pings and data go on coming while the pongs cannot get out; once the peer reads, a ping is answered."""
    async with deaf_peer(narrow) as (wire, peer):
        got: list[Any] = []

        async def flood() -> None:
            for n in range(400):
                await peer.send(frame(PING, f"{n:0120}") + frame(TEXT, str(n)))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            while len(got) < 400:
                got += await wire.receive()
        assert got == [str(n) for n in range(400)]

        async with trio.open_nursery() as nursery:

            async def keep_receiving() -> None:
                while True:
                    await wire.receive()

            nursery.start_soon(keep_receiving)
            while True:
                event = await peer.listen()
                assert isinstance(event, Pong)
                if event.payload == f"{399:0120}".encode():
                    break
            nursery.cancel_scope.cancel()


async def test_send_gives_up_on_a_deaf_peer(narrow: Any, frame: Speller, autojump_clock: Any) -> None:
    """What a peer does not take within the deadline ends in an error; receiving still works."""
    async with deaf_peer(narrow, send_timeout=2.0) as (wire, peer):
        start = trio.current_time()
        with pytest.raises(ConnectionLost, match="took nothing for 2 s"):
            await wire.send("x" * 100_000)
        assert trio.current_time() - start == pytest.approx(2.0)
        await peer.send(frame(TEXT, "still here"))
        assert await wire.receive(trio.current_time() + 1) == ["still here"]
        with pytest.raises(ConnectionLost):
            await wire.send("waits behind the first")
        await wire.ping()


async def test_cancelled_send_never_cuts_a_frame(narrow: Any, autojump_clock: Any) -> None:
    """A send that is cancelled half way goes out whole with the next one."""
    async with deaf_peer(narrow) as (wire, peer):
        with trio.move_on_after(0.1):
            await wire.send("a" * 20_000)
        with trio.move_on_after(0.1):
            await wire.send("never begun")
        texts, text = [], ""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wire.send, "b")
            while len(texts) < 2:
                event = await peer.listen()
                text += event.data
                if event.message_finished:
                    texts.append(text)
                    text = ""
        assert texts == ["a" * 20_000, "b"]


async def test_flood_of_pings_to_a_wire_whose_peer_never_reads(
    narrow: Any, frame: Speller, autojump_clock: Any
) -> None:
    """What waits for a peer that never reads is bounded: the pongs are left out, or the connection is given up."""
    async with deaf_peer(narrow) as (wire, peer):

        async def flood() -> None:
            with suppress(ConnectionLost):
                for n in range(1_200):
                    await peer.send(b"".join(frame(PING, f"{n * 10 + at:0120}") for at in range(10)))
                await peer.send(frame(TEXT, "end"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            assert await outcome(wire) in ("end", f"{wire.peer}: leaves what is sent unread")
            wire.close()
            assert wire.bytes_out < 2**20 + 10_000


async def test_closing_does_not_wait_for_a_deaf_peer(narrow: Any, autojump_clock: Any) -> None:
    """With unsent bytes in the way a close is as quick as ever."""
    async with deaf_peer(narrow) as (wire, peer):
        with trio.move_on_after(0.1):
            await wire.send("x" * 100_000)
        start = trio.current_time()
        await wire.aclose()
        assert trio.current_time() == start
        while await receive(peer.transport):
            pass


async def test_black_hole_shows_only_in_the_silence(narrow: Any, frame: Speller, autojump_clock: Any) -> None:
    """A connection whose bytes vanish looks quiet; what was on its way comes when it heals."""
    async with deaf_peer(narrow) as (wire, peer):
        [connection] = narrow.network.connections(*peer.address)
        connection.freeze()
        peer.transport.send_nowait(frame(TEXT, "delayed"))
        assert await wire.receive(trio.current_time() + 5) == []
        await wire.ping()
        connection.freeze(False)
        assert await wire.receive() == ["delayed"]
        connection.reset()
        assert "reset" in await outcome(wire)
