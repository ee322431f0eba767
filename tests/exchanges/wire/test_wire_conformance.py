"""What holds for every wire on every transport: what comes, and how it ends."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked
from wsproto.events import CloseConnection, Pong

from feedtree.exchanges.errors import ClosedByPeer, FrameTooLarge, ProtocolViolation
from feedtree.exchanges.wire.transport import Transport

Speller = Callable[..., bytes]
Script = Callable[[Any], Awaitable[None]]
TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
TEXT_BEGIN, BINARY_BEGIN, GO_ON, END = 0x01, 0x02, 0x00, 0x80


async def test_text_is_str_and_binary_is_bytes(rig: Any, frame: Speller) -> None:
    """Messages come in order, a text as str and a binary as bytes, also empty ones."""
    script = rig.say.saying(
        frame(TEXT, "€1"), frame(BINARY, b"\xff\0"), frame(TEXT), frame(BINARY), frame(TEXT, "x" * 300)
    )
    async with rig.session(script) as wire:
        assert await rig.say.collect(wire, 5) == ["€1", b"\xff\0", "", b"", "x" * 300]


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
            assert await rig.say.collect(wire, 1) == ["early"]
            done.set()
            assert await rig.say.collect(wire, 1) == ["bird"]


async def test_fragments_make_one_message_with_pings_in_between(rig: Any, frame: Speller) -> None:
    """A fragmented message comes whole; control frames inside it are answered and do not end it."""
    script = rig.say.Listening(
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
        assert await rig.say.collect(wire, 3) == ["a€z", b"12", "after"]
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
        assert await rig.say.collect(wire, 4 * (len(stream) - 1)) == want * (len(stream) - 1)


@pytest.mark.parametrize("size", [125, 126, 65_535, 65_536, 1_000_000])
async def test_every_length_form(rig: Any, frame: Speller, size: int) -> None:
    """Lengths of 7, 16 and 64 bits are understood, in text and binary frames."""
    script = rig.say.saying(frame(TEXT, "x" * size) + frame(BINARY, b"y" * size), frame(TEXT, "end"))
    async with rig.session(script) as wire:
        assert await rig.say.collect(wire, 3) == ["x" * size, b"y" * size, "end"]


async def test_a_frame_in_each_tls_record_and_many_records_in_a_frame(rig: Any, frame: Speller) -> None:
    """How frames meet TLS records does not show."""
    single = [frame(TEXT, f"{n:0260}") for n in range(200)]
    big = frame(BINARY, bytes(40_000))
    script = rig.say.saying(*single, *(big[at : at + 7] for at in range(0, 700, 7)), big[700:])
    async with rig.session(script) as wire:
        assert await rig.say.collect(wire, 201) == [*(f"{n:0260}" for n in range(200)), bytes(40_000)]


@pytest.mark.parametrize(
    ("payload", "code", "reason"),
    [(b"\x03\xe9going away", 1001, "going away"), (b"\x0f\xa0", 4000, ""), (b"", 1005, "")],
)
async def test_close_frame_carries_code_and_reason(
    rig: Any, frame: Speller, payload: bytes, code: int, reason: str
) -> None:
    """A close frame, after the messages before it, ends the wire with code and text, also where TCP stays open."""
    async with rig.session(rig.say.saying(frame(TEXT, "last") + frame(CLOSE, payload))) as wire:
        got, error = await rig.say.until_fault(wire)
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
    script = rig.say.Listening(frame(CLOSE, b"\x0f\xa1"))
    async with rig.session(script) as wire:
        await rig.say.until_fault(wire)
        answer = await script.next()
        assert isinstance(answer, CloseConnection)
        assert answer.code == 4001


async def test_bytes_after_close_are_ignored(rig: Any, frame: Speller) -> None:
    """What a peer sends behind its close frame, even nonsense, changes nothing."""
    async with rig.session(
        rig.say.saying(frame(CLOSE, b"\x03\xe8") + frame(TEXT, "late") + b"\xff\xff\xff")
    ) as wire:
        got, error = await rig.say.until_fault(wire)
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
    script = rig.say.Listening(
        frame(TEXT, "one") + frame(BINARY, b"two") + frame(**violation) + frame(TEXT, "never")
    )
    async with rig.session(script) as wire:
        got, error = await rig.say.until_fault(wire)
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
    async with rig.session(rig.say.saying(frame(TEXT_BEGIN, "a"), frame(TEXT, "b"))) as wire:
        got, error = await rig.say.until_fault(wire)
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
    script = rig.say.Listening(at_cap + at_cap + over + frame(PING))
    async with rig.session(script, max_frame=1_000) as wire:
        got, error = await rig.say.until_fault(wire)
        assert got == [bytes(1_000)] * 2
        assert isinstance(error, FrameTooLarge)
        assert (error.size, error.cap) == (1_001, 1_000)
        farewell = await script.next()
        assert isinstance(farewell, CloseConnection)
        assert farewell.code == 1009


async def test_fault_waits_for_a_slow_reader(rig: Any, frame: Speller) -> None:
    """However many messages came before the fault, and however late they are read, none is lost to it."""
    messages = [f"{n}" for n in range(700)]
    script = rig.say.saying(b"".join(frame(TEXT, text) for text in messages) + frame(BINARY, bytes(1_001)))
    async with rig.session(script, max_frame=1_000) as wire:
        await wait_all_tasks_blocked(0.001)
        got, error = await rig.say.until_fault(wire)
        assert got == messages
        assert isinstance(error, FrameTooLarge)
