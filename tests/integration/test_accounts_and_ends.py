"""What is counted, held and closed when connections, websocket objects and trees end."""

from collections.abc import AsyncIterator

import pytest
import trio

from feedtree.exchanges import StreamFailed, StreamNotLive
from feedtree.exchanges.public.source import StreamOptions
from feedtree.exchanges.wire.memory import Fault


def in_use(websocket) -> int:
    return websocket._source.connections.in_use(trio.current_time())


@pytest.mark.parametrize("kind", ["close", "notice"])
async def test_a_connection_that_was_closed_counts_no_more(autojump_clock, lab, tree, kind: str) -> None:
    """By the venue's close frame or by ours: the venue's budget of sockets has room for it again at once."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        websocket = running.websockets["gateio.spot"]
        await websocket.wait_live(5)
        exchanges.inflict("gateio.spot", kind, seconds=60.0)
        await trio.sleep(5)
        assert websocket.feed.streams()[0].generation == 2
        assert in_use(websocket) == 1
        (slot,) = running.snapshot().find("public/gateio.spot/shard-1").children
        await running.supervisor.terminate_child(slot.path)
        assert in_use(websocket) == 0


async def test_attempts_that_got_no_connection_use_up_no_sockets(autojump_clock, lab, tree) -> None:
    """A venue that refuses for a minute does not keep its streams waiting once it is back."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        websocket = running.websockets["gateio.spot"]
        await websocket.wait_live(5)
        exchanges.network.fault("127.0.0.1", 9000, Fault.REFUSE)
        exchanges.inflict("gateio.spot", "close")
        await trio.sleep(20)
        assert in_use(websocket) <= 1


async def test_a_connection_that_fell_silent_counts_until_the_venue_forgets_it(
    autojump_clock, lab, tree
) -> None:
    """No close can reach the venue: its socket stays in the account for the venue's idle time."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        websocket = running.websockets["gateio.spot"]
        await websocket.wait_live(5)
        exchanges.inflict("gateio.spot", "blackhole", seconds=60.0)
        await trio.sleep(5)
        assert in_use(websocket) == 2
        await trio.sleep(30)
        assert in_use(websocket) == 1


async def test_objects_made_before_either_begins_have_names_of_their_own(autojump_clock, lab, tree) -> None:
    """A name is taken when the object is made, and free again when it is closed."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        first = running.websockets["gateio.spot"]
        second, third = (type(first)(running, first._source._options) for _ in range(2))
        assert [second.path, third.path] == ["public/gateio.spot-2", "public/gateio.spot-3"]
        for websocket in (second, third):
            await websocket.initialize(["ETH/USDT"], ["book"])
            await websocket.wait_live(5)
        await second.aclose()
        await second.aclose()
        assert type(first)(running).path == "public/gateio.spot-2"


async def test_closed_objects_leave_no_rest_connection(autojump_clock, lab, tree) -> None:
    """Objects that come and go hold nothing of the venue or of the process."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("mexc.spot",))) as running,
    ):
        first = running.websockets["mexc.spot"]
        await first.wait_live(5)
        before = len(exchanges.network.connections("127.0.0.1", 9000))
        for _ in range(3):
            websocket = type(first)(running, first._source._options)
            await websocket.initialize(["ETH/USDT"], ["book"])
            await websocket.wait_live(5)
            await websocket.aclose()
        assert len(exchanges.network.connections("127.0.0.1", 9000)) == before
        assert in_use(first) == 1


async def test_consumers_hear_of_a_part_that_was_parked_before_anybody_listened(
    autojump_clock, lab, tree, tmp_path
) -> None:
    """A certificate file that cannot be used parks the stream at once."""
    file = tmp_path / "ca.pem"
    file.write_text("nonsense")
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        options = StreamOptions(ws_url="wss://127.0.0.1:9000/ws/v4/", ca_file=str(file))
        websocket = type(running.websockets["gateio.spot"])(running, options)
        mailbox = websocket.mailbox()
        await websocket.initialize(["BTC/USDT"], ["trades"])
        with trio.fail_after(1):
            failed = await mailbox.receive()
        assert isinstance(failed, StreamFailed)
        assert "ca_file" in failed.reason
        assert websocket.feed.streams()[0].state == "failed"
        with pytest.raises(StreamNotLive):
            await websocket.wait_live(1)


async def consume(mailbox: AsyncIterator[object]) -> None:
    async for _ in mailbox:
        pass


async def fail_in(opened, nursery: trio.Nursery) -> None:
    async with opened as running:
        nursery.start_soon(consume, running.public.mailbox())
        await trio.sleep(1)
        raise LookupError("mine")


@pytest.mark.parametrize("venues", [("gateio.spot",), ()])
async def test_mailboxes_end_with_their_tree_however_it_ends(autojump_clock, lab, tree, venues) -> None:
    """Also by an exception of the body, and also where no venue was ever added."""
    async with lab() as exchanges:
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                with pytest.raises(LookupError, match="mine"):
                    await fail_in(tree(exchanges, exchanges.config("BTC/USDT", venues=venues)), nursery)
        assert exchanges.network.connections("127.0.0.1", 9000) == []


async def test_closed_mailboxes_are_forgotten(autojump_clock, lab, tree) -> None:
    """An app that opens one for each request does not grow."""
    async with (
        lab() as exchanges,
        tree(exchanges, exchanges.config("BTC/USDT", venues=("gateio.spot",))) as running,
    ):
        for _ in range(50):
            async with running.public.mailbox():
                pass
        assert len(running.public._listeners) <= 1
