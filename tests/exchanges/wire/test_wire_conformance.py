"""What holds for every wire on every transport."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage

from feedtree.exchanges.errors import ClosedByPeer, ConnectionLost, FrameTooLarge, ProtocolViolation
from feedtree.exchanges.wire.connection import Wire
from feedtree.exchanges.wire.frames import Payload
from feedtree.exchanges.wire.transport import Transport

Speller = Callable[..., bytes]
Script = Callable[[Any], Awaitable[None]]
TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
TEXT_BEGIN, BINARY_BEGIN, GO_ON, END = 0x01, 0x02, 0x00, 0x80


async def collect(wire: Wire, count: int) -> list[Payload]:
    got: list[Payload] = []
    while len(got) < count:
        got += await wire.receive()
    return got


async def until_fault(wire: Wire) -> tuple[list[Payload], ConnectionLost]:
    got: list[Payload] = []
    while True:
        try:
            got += await wire.receive()
        except ConnectionLost as error:
            return got, error


async def send_for_ever(wire: Wire) -> None:
    while True:
        await wire.send("anybody there")


def saying(*writes: bytes) -> Script:
    async def script(peer: Any) -> None:
        await peer.send(*writes)

    return script


async def silence(peer: Any) -> None:
    """Say nothing."""


class Listening:
    """A script that notes what the client says."""

    def __init__(self, *writes: bytes) -> None:
        self._writes = writes
        self._send, self._receive = trio.open_memory_channel[Event](100)

    async def __call__(self, peer: Any) -> None:
        if self._writes:
            await peer.send(*self._writes)
        while True:
            event = await peer.listen()
            await self._send.send(event)
            if isinstance(event, CloseConnection):
                return

    async def next(self) -> Event:
        return await self._receive.receive()


async def test_text_is_str_and_binary_is_bytes(rig: Any, frame: Speller) -> None:
    """Messages come in order, a text as str and a binary as bytes, also empty ones."""
    script = saying(
        frame(TEXT, "€1"), frame(BINARY, b"\xff\0"), frame(TEXT), frame(BINARY), frame(TEXT, "x" * 300)
    )
    async with rig.session(script) as wire:
        assert await collect(wire, 5) == ["€1", b"\xff\0", "", b"", "x" * 300]


async def test_messages_behind_the_upgrade_answer_are_kept(rig: Any, frame: Speller) -> None:
    """A server may speak in the very packet that accepts the upgrade, and cut a frame there."""
    done = trio.Event()

    async def serve(transport: Transport) -> None:
        await rig.peer(transport).upgrade(behind=frame(TEXT, "early") + frame(TEXT, "bird")[:3])
        await done.wait()
        await transport.send_all(frame(TEXT, "bird")[3:])
        await trio.sleep_forever()

    with trio.fail_after(20):
        async with rig.serving(serve) as target, rig.opener(target(), rig.network) as wire:
            assert await collect(wire, 1) == ["early"]
            done.set()
            assert await collect(wire, 1) == ["bird"]


async def test_fragments_make_one_message_with_pings_in_between(rig: Any, frame: Speller) -> None:
    """A fragmented message comes whole; control frames inside it are answered and do not end it."""
    script = Listening(
        frame(TEXT_BEGIN, b"a\xe2"),
        frame(PING, "in"),
        frame(GO_ON, b"\x82"),
        frame(PONG, "stray"),
        frame(END, b"\xacz"),
        frame(BINARY_BEGIN, b"1"),
        frame(GO_ON),
        frame(END, b"2"),
        frame(TEXT, "after"),
    )
    async with rig.session(script) as wire:
        assert await collect(wire, 3) == ["a€z", b"12", "after"]
        assert await script.next() == Pong(b"in")


async def test_frames_split_at_every_byte_boundary(rig: Any, frame: Speller) -> None:
    """Wherever a read ends, the messages are the same."""
    stream = b"".join(
        (
            frame(TEXT, "é" * 63),
            frame(BINARY, b"2"),
            frame(TEXT_BEGIN, "a"),
            frame(PING, "p"),
            frame(END, "é"),
            frame(TEXT, "long", form=0),
        )
    )
    want = ["é" * 63, b"2", "aé", "long"]

    async def script(peer: Any) -> None:
        for cut in range(1, len(stream)):
            await peer.send(stream[:cut])
            await wait_all_tasks_blocked()
            await peer.send(stream[cut:])

    async with rig.session(script) as wire:
        assert await collect(wire, 4 * (len(stream) - 1)) == want * (len(stream) - 1)


@pytest.mark.parametrize("size", [125, 126, 65_535, 65_536, 1_000_000])
async def test_every_length_form(rig: Any, frame: Speller, size: int) -> None:
    """Lengths of 7, 16 and 64 bits are understood, in text and binary frames."""
    script = saying(frame(TEXT, "x" * size) + frame(BINARY, b"y" * size), frame(TEXT, "end"))
    async with rig.session(script) as wire:
        assert await collect(wire, 3) == ["x" * size, b"y" * size, "end"]


async def test_a_frame_in_each_tls_record_and_many_records_in_a_frame(rig: Any, frame: Speller) -> None:
    """How frames meet TLS records does not show."""
    single = [frame(TEXT, f"{n:0260}") for n in range(200)]
    big = frame(BINARY, bytes(40_000))
    script = saying(*single, *(big[at : at + 7] for at in range(0, 700, 7)), big[700:])
    async with rig.session(script) as wire:
        assert await collect(wire, 201) == [*(f"{n:0260}" for n in range(200)), bytes(40_000)]


@pytest.mark.parametrize(
    ("payload", "code", "reason"),
    [(b"\x03\xe9going away", 1001, "going away"), (b"\x0f\xa0", 4000, ""), (b"", 1005, "")],
)
async def test_close_frame_carries_code_and_reason(
    rig: Any, frame: Speller, payload: bytes, code: int, reason: str
) -> None:
    """A close frame, after the messages before it, ends the wire with code and text, also where TCP stays open."""
    async with rig.session(saying(frame(TEXT, "last") + frame(CLOSE, payload))) as wire:
        got, error = await until_fault(wire)
        assert got == ["last"]
        assert isinstance(error, ClosedByPeer)
        assert (error.code, error.reason) == (code, reason)
        with pytest.raises(ClosedByPeer):
            await wire.receive()
        with pytest.raises(ClosedByPeer):
            await wire.send("too late")
        with pytest.raises(ClosedByPeer):
            await wire.ping()


async def test_close_frame_is_answered(rig: Any, frame: Speller) -> None:
    """The peer gets its close code back."""
    script = Listening(frame(CLOSE, b"\x0f\xa1"))
    async with rig.session(script) as wire:
        await until_fault(wire)
        answer = await script.next()
        assert isinstance(answer, CloseConnection)
        assert answer.code == 4001


async def test_bytes_after_close_are_ignored(rig: Any, frame: Speller) -> None:
    """What a peer sends behind its close frame, even nonsense, changes nothing."""
    async with rig.session(saying(frame(CLOSE, b"\x03\xe8") + frame(TEXT, "late") + b"\xff\xff\xff")) as wire:
        got, error = await until_fault(wire)
        assert got == []
        assert isinstance(error, ClosedByPeer)


@pytest.mark.parametrize(
    "violation",
    [
        pytest.param({"first": TEXT, "payload": "masked", "mask": True}, id="masked"),
        pytest.param({"first": TEXT | 0x40, "payload": "rsv1"}, id="rsv1"),
        pytest.param({"first": TEXT | 0x10, "payload": "rsv3"}, id="rsv3"),
        pytest.param({"first": 0x83, "payload": "opcode"}, id="opcode 3"),
        pytest.param({"first": 0x8B, "payload": "opcode"}, id="opcode 11"),
        pytest.param({"first": TEXT, "payload": b"\xc3("}, id="utf-8"),
        pytest.param({"first": TEXT, "payload": b"cut \xe2\x82"}, id="utf-8 cut at the end"),
        pytest.param({"first": TEXT, "payload": "short", "form": 2}, id="two bytes of length"),
        pytest.param({"first": BINARY, "payload": "short", "form": 8}, id="eight bytes of length"),
        pytest.param({"first": END, "payload": "goes on"}, id="continuation of nothing"),
        pytest.param({"first": 0x09, "payload": "part"}, id="fragmented ping"),
        pytest.param({"first": PING, "payload": b"x" * 126}, id="long ping"),
        pytest.param({"first": CLOSE, "payload": b"\x03"}, id="close of one byte"),
        pytest.param({"first": CLOSE, "payload": b"\x03\xee"}, id="close with 1006"),
    ],
)
async def test_violation_comes_after_the_messages_before_it(
    rig: Any, frame: Speller, violation: dict[str, Any]
) -> None:
    """A peer that breaks the protocol is told so and left; what it said before counts."""
    script = Listening(frame(TEXT, "one") + frame(BINARY, b"two") + frame(**violation) + frame(TEXT, "never"))
    async with rig.session(script) as wire:
        got, error = await until_fault(wire)
        assert got == ["one", b"two"]
        assert isinstance(error, ProtocolViolation)
        assert not isinstance(error, FrameTooLarge)
        with pytest.raises(ProtocolViolation):
            await wire.receive()
        farewell = await script.next()
        assert isinstance(farewell, CloseConnection)
        assert farewell.code == (1007 if "utf-8" in str(error) else 1002)


async def test_new_message_inside_a_fragmented_one_is_a_violation(rig: Any, frame: Speller) -> None:
    """Fragments of two messages do not mix."""
    async with rig.session(saying(frame(TEXT_BEGIN, "a"), frame(TEXT, "b"))) as wire:
        got, error = await until_fault(wire)
        assert got == []
        assert isinstance(error, ProtocolViolation)


@pytest.mark.parametrize("fragmented", [False, True])
async def test_message_over_the_cap(rig: Any, frame: Speller, fragmented: bool) -> None:
    """The cap itself passes; a byte more ends the wire with an error that names the cap."""
    at_cap = frame(BINARY, bytes(1_000))
    over = (
        frame(BINARY_BEGIN, bytes(600)) + frame(END, bytes(401))
        if fragmented
        else frame(BINARY, bytes(1_001))
    )
    script = Listening(at_cap + at_cap + over)
    async with rig.session(script, max_frame=1_000) as wire:
        got, error = await until_fault(wire)
        assert got == [bytes(1_000)] * 2
        assert isinstance(error, FrameTooLarge)
        assert (error.size, error.cap) == (1_001, 1_000)
        farewell = await script.next()
        assert isinstance(farewell, CloseConnection)
        assert farewell.code == 1009


async def test_mute_peer_gives_an_empty_burst_at_the_deadline(rig: Any) -> None:
    """Silence is no error of the wire: the deadline passes, and the last sign of life stays where it was."""
    async with rig.session(silence) as wire:
        heard = wire.last_frame_at
        assert await wire.receive(trio.current_time() + 0.01) == []
        assert await wire.receive(trio.current_time() - 1) == []
        assert wire.last_frame_at == heard


async def test_what_came_before_an_overrun_deadline_is_returned(rig: Any, frame: Speller) -> None:
    """A deadline that passed while this process was busy does not hide what is there."""
    async with rig.session(saying(frame(TEXT, "there"))) as wire:
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
        got, error = await until_fault(wire)
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
        _, error = await until_fault(wire)
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
            await send_for_ever(wire)
        with pytest.raises(ConnectionLost):
            await wire.receive()
        await wire.aclose()


async def test_full_bursts_of_singles(rig: Any, frame: Speller) -> None:
    """Far more messages than a burst holds come in order, over several bursts."""
    count = 1_500
    script = saying(b"".join(frame(BINARY, n.to_bytes(2, "big")) for n in range(count)))
    async with rig.session(script) as wire:
        await trio.sleep(0.01)
        assert await collect(wire, count) == [n.to_bytes(2, "big") for n in range(count)]


async def test_sent_messages_arrive_whole_whoever_sends(rig: Any) -> None:
    """Messages of many tasks, text and binary, never mix on the way."""
    script = Listening()
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
    script = Listening(frame(PING, "are you there"), frame(PING))
    async with rig.session(script) as wire, trio.open_nursery() as nursery:
        nursery.start_soon(until_fault, wire)
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
    script = Listening()
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
    async with rig.session(silence) as wire:
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
