"""What holds for every wire on every transport: waiting, sending, pinging and closing."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.wire.frames import Payload
from feedtree.exchanges.wire.transport import Transport

Speller = Callable[..., bytes]
Script = Callable[[Any], Awaitable[None]]
TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
TEXT_BEGIN, BINARY_BEGIN, GO_ON, END = 0x01, 0x02, 0x00, 0x80


async def test_mute_peer_gives_an_empty_burst_at_the_deadline(rig: Any) -> None:
    """Silence is no error of the wire: the deadline passes, and the last sign of life stays where it was."""
    async with rig.session(rig.say.silence) as wire:
        heard = wire.last_frame_at
        assert await wire.receive(trio.current_time() + 0.01) == []
        assert await wire.receive(trio.current_time() - 1) == []
        assert wire.last_frame_at == heard


async def test_what_came_before_an_overrun_deadline_is_returned(rig: Any, frame: Speller) -> None:
    """A deadline that passed while this process was busy does not hide what is there."""
    async with rig.session(rig.say.saying(frame(TEXT, "there"))) as wire:
        start = wire.last_frame_at
        await trio.sleep(0.01)
        assert await wire.receive(trio.current_time() - 1) == ["there"]
        assert wire.last_frame_at > start


async def test_cancelled_receive_loses_nothing(rig: Any, frame: Speller) -> None:
    """Messages that come while nobody receives, or while a receive is cancelled, come with the next one."""
    go_on = trio.Event()

    async def script(peer: Any) -> None:
        await go_on.wait()
        for n in range(50):
            await peer.send(frame(TEXT, str(n)))
            await trio.lowlevel.checkpoint()

    async with rig.session(script) as wire:
        with trio.move_on_after(0):
            await wire.receive()
        go_on.set()
        got: list[Payload] = []
        while len(got) < 50:
            with trio.move_on_after(0.0001):
                got += await wire.receive()
        assert got == [str(n) for n in range(50)]


async def test_stream_that_ends_without_a_close_frame(rig: Any, frame: Speller) -> None:
    """An ended TCP connection is a loss, not a close; messages before it come first."""

    async def script(peer: Any) -> None:
        await peer.send(frame(TEXT, "last") + frame(TEXT, "cut")[:3])
        await peer.transport.aclose()

    async with rig.session(script) as wire:
        got, error = await rig.say.until_fault(wire)
        assert got == ["last"]
        assert type(error) is ConnectionLost
        with pytest.raises(ConnectionLost):
            await wire.receive()
        with pytest.raises(ConnectionLost):
            await wire.send("more")


async def test_reset(rig: Any) -> None:
    """A reset is a loss."""

    async def script(peer: Any) -> None:
        peer.transport.abort()

    async with rig.session(script) as wire:
        _, error = await rig.say.until_fault(wire)
        assert type(error) is ConnectionLost


async def test_sending_to_a_peer_that_has_gone(rig: Any) -> None:
    """Where nobody receives, a sender finds out by itself, and the wire stays lost."""
    gone = trio.Event()

    async def script(peer: Any) -> None:
        peer.transport.abort()
        gone.set()

    async with rig.session(script) as wire:
        await gone.wait()
        with pytest.raises(ConnectionLost):
            await rig.say.send_for_ever(wire)
        with pytest.raises(ConnectionLost):
            await wire.receive()
        await wire.aclose()


async def test_full_bursts_of_singles(rig: Any, frame: Speller) -> None:
    """Far more messages than a burst holds come in order, over several bursts."""
    count = 1_500
    script = rig.say.saying(b"".join(frame(BINARY, n.to_bytes(2, "big")) for n in range(count)))
    async with rig.session(script) as wire:
        await trio.sleep(0.01)
        assert await rig.say.collect(wire, count) == [n.to_bytes(2, "big") for n in range(count)]


async def test_sent_messages_arrive_whole_whoever_sends(rig: Any) -> None:
    """Messages of many tasks, text and binary, never mix on the way."""
    script = rig.say.Listening()
    async with rig.session(script) as wire:
        async with trio.open_nursery() as nursery:
            for n in range(10):
                nursery.start_soon(wire.send, f"{n}" * 50_000)
                nursery.start_soon(wire.send, bytes([n]) * 50_000)
        texts: dict[str, str] = {}
        binaries: dict[int, bytes] = {}
        text, binary = "", b""
        while len(texts) + len(binaries) < 20:
            event = await script.next()
            if isinstance(event, TextMessage):
                text += event.data
                if event.message_finished:
                    texts[text[0]], text = text, ""
            elif isinstance(event, BytesMessage):
                binary += event.data
                if event.message_finished:
                    binaries[binary[0]], binary = binary, b""
        assert texts == {str(n): f"{n}" * 50_000 for n in range(10)}
        assert binaries == {n: bytes([n]) * 50_000 for n in range(10)}
        assert wire.bytes_out > 20 * 50_000


async def test_pings_are_answered_while_receiving(rig: Any, frame: Speller) -> None:
    """The peer's ping comes back with its payload."""
    script = rig.say.Listening(frame(PING, "are you there"), frame(PING))
    async with rig.session(script) as wire, trio.open_nursery() as nursery:
        nursery.start_soon(rig.say.until_fault, wire)
        assert await script.next() == Pong(b"are you there")
        assert await script.next() == Pong(b"")
        nursery.cancel_scope.cancel()


async def test_pongs_are_counted(rig: Any) -> None:
    """A ping waits for nothing; its pong counts when it comes, and is a sign of life."""

    async def script(peer: Any) -> None:
        while True:
            event = await peer.listen()
            if not isinstance(event, Ping):
                return
            await peer.send(bytes([PONG, len(event.payload)]) + bytes(event.payload))

    async with rig.session(script) as wire:
        start = wire.last_frame_at
        for count, payload in enumerate((b"named", b"", b""), start=1):
            await wire.ping(payload)
            while wire.pongs < count:
                assert await wire.receive(trio.current_time() + 0.01) == []
        assert wire.last_frame_at > start
        assert wire.bytes_in > 0


async def test_closing_says_goodbye_and_does_not_wait(rig: Any) -> None:
    """The end of the block sends a close frame to a peer that reads; one that does not answer is not waited for."""
    script = rig.say.Listening()
    closed = trio.Event()

    async def serve(transport: Transport) -> None:
        peer = rig.peer(transport)
        await peer.upgrade()
        await script(peer)
        closed.set()
        await trio.sleep_forever()

    with trio.fail_after(20):
        async with rig.serving(serve) as target:
            async with rig.opener(target(), rig.network):
                pass
            farewell = await script.next()
            assert isinstance(farewell, CloseConnection)
            assert farewell.code == 1000
            await closed.wait()


async def test_closed_wire_refuses(rig: Any) -> None:
    """After its own close a wire says that it is closed, also to a task that was waiting; closing twice is fine."""
    async with rig.session(rig.say.silence) as wire:
        async with trio.open_nursery() as nursery:

            async def wait() -> None:
                with pytest.raises(trio.ClosedResourceError):
                    await wire.receive()

            nursery.start_soon(wait)
            await wait_all_tasks_blocked()
            wire.close()
        with pytest.raises(trio.ClosedResourceError):
            await wire.receive()
        with pytest.raises(trio.ClosedResourceError):
            await wire.send("x")
        with pytest.raises(trio.ClosedResourceError):
            await wire.ping()
        wire.close()
        await wire.aclose()


async def test_exception_of_the_block_leaves_unwrapped(rig: Any) -> None:
    """No task group of a wire shows in an exception, and a cancelled block closes the connection."""
    ended = trio.Event()

    async def serve(transport: Transport) -> None:
        peer = rig.peer(transport)
        await peer.upgrade()
        while not isinstance(await peer.listen(), CloseConnection):
            pass
        ended.set()

    with trio.fail_after(20):
        async with rig.serving(serve) as target:
            with pytest.raises(ZeroDivisionError):
                async with rig.opener(target(), rig.network):
                    raise ZeroDivisionError
            await ended.wait()
            ended = trio.Event()
            with trio.CancelScope() as scope:
                async with rig.opener(target(), rig.network) as wire:
                    scope.cancel()
                    await wire.receive()
            assert scope.cancelled_caught
            await ended.wait()


async def test_request_names_host_resource_and_headers(rig: Any) -> None:
    """The upgrade request is what the target says."""
    asked = []

    async def serve(transport: Transport) -> None:
        peer = rig.peer(transport)
        await peer.upgrade()
        asked.append(peer.request)
        await trio.sleep_forever()

    with trio.fail_after(20):
        async with rig.serving(serve) as target:
            wanted = target(headers=(("X-Gate-Channel-Id", "a1"), ("User-Agent", "feedtree")))
            async with rig.opener(wanted, rig.network) as wire:
                request = asked[0]
                assert request.target == "/ws?v=4"
                assert request.host == wanted.where == wire.peer
                assert {(b"x-gate-channel-id", b"a1"), (b"user-agent", b"feedtree")} <= set(
                    request.extra_headers
                )
