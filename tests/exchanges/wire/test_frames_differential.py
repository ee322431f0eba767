"""The burst splitter and wsproto agree on every input, under every chunking."""

import struct
from collections.abc import Iterator
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from wsproto import ConnectionType
from wsproto.connection import Connection, ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from feedtree.exchanges.errors import ClosedByPeer
from feedtree.exchanges.wire.frames import FrameSplitter, Payload
from tests.examples import examples

Heard = tuple[list[Payload], list[bytes], int, tuple[str, int, str] | None]
NO_CAP = 2**64


class Reference:
    """What wsproto makes of the bytes."""

    def __init__(self) -> None:
        self.messages: list[Payload] = []
        self.pings: list[bytes] = []
        self.pongs = 0
        self.end: tuple[str, int, str] | None = None
        self._proto = Connection(ConnectionType.CLIENT)
        self._pieces: list[Payload] = []

    def feed(self, data: bytes) -> None:
        if self.end is not None:
            return
        self._proto.receive_data(data)
        for event in self._proto.events():
            match event:
                case TextMessage() | BytesMessage():
                    self._pieces.append(event.data)
                    if event.message_finished:
                        self.messages.append(type(self._pieces[0])().join(self._pieces))
                        self._pieces = []
                case Ping():
                    self.pings.append(bytes(event.payload))
                case Pong():
                    self.pongs += 1
                case CloseConnection():
                    kind = "violation" if self._proto.state is ConnectionState.OPEN else "close"
                    self.end = kind, int(event.code), event.reason or ""

    def heard(self) -> Heard:
        return self.messages, self.pings, self.pongs, self.end


class Ours:
    def __init__(self) -> None:
        self.splitter = FrameSplitter(NO_CAP)
        self.messages: list[Payload] = []
        self.pings: list[bytes] = []

    def feed(self, data: bytes) -> None:
        self._feed(data)
        while self.splitter.more:
            self._feed(b"")

    def _feed(self, data: bytes) -> None:
        self.messages += self.splitter.feed(data)
        self.pings += self.splitter.pings
        self.splitter.pings.clear()

    def heard(self) -> Heard:
        fault = self.splitter.fault
        end = None
        if isinstance(fault, ClosedByPeer):
            end = "close", fault.code, fault.reason
        elif fault is not None:
            end = "violation", self.splitter.close_code, str(fault).rsplit(" (", 1)[0]
        return self.messages, self.pings, self.splitter.pongs, end


def frame(first: int, payload: bytes, *, mask: bool = False, form: int | None = None) -> bytes:
    """Spell a frame; ``form`` 2 or 8 forces a longer length than needed."""
    length = len(payload)
    if form is None:
        form = 0 if length < 126 else 2 if length < 65_536 else 8
    bit = 0x80 if mask else 0
    if form == 0:
        head = bytes([first, bit | length & 0x7F])
    elif form == 2:
        head = bytes([first, bit | 126]) + struct.pack("!H", length & 0xFFFF)
    else:
        head = bytes([first, bit | 127]) + struct.pack("!Q", length)
    return head + (b"\0\0\0\0" if mask else b"") + payload


TEXTS = st.text(max_size=40).map(str.encode) | st.text("abcé€", min_size=100, max_size=160).map(str.encode)
BYTES = st.binary(max_size=40) | st.integers(100, 400).map(bytes)
LONG = st.sampled_from([65_535, 65_536, 70_000]).map(lambda n: b"x" * n)
CLOSES = st.just(b"") | st.builds(
    lambda code, text: struct.pack("!H", code) + text, st.integers(0, 5_100), st.binary(max_size=20)
)
TYPICAL = st.builds(frame, st.just(0x81), TEXTS | LONG) | st.builds(frame, st.just(0x82), BYTES | LONG)
PARTS = st.builds(frame, st.sampled_from([0x01, 0x02, 0x00, 0x80]), TEXTS | BYTES)
CONTROL = st.builds(frame, st.sampled_from([0x89, 0x8A]), st.binary(max_size=125))
CLOSE = st.builds(frame, st.just(0x88), CLOSES)
ODD = st.builds(
    lambda first, payload, mask, form: frame(first, payload, mask=mask, form=form),
    st.integers(0, 255),
    TEXTS | BYTES,
    st.booleans(),
    st.sampled_from([None, 2, 8]),
)
BAD_TEXT = st.builds(frame, st.just(0x81), st.binary(min_size=1, max_size=300))
ANY = TYPICAL | CONTROL | PARTS | BAD_TEXT | CLOSE | ODD


@st.composite
def fragmented(draw: st.DrawFn, *, whole: bool) -> bytes:
    """A message in fragments, control frames in between; without its end where it is not whole."""
    kind = draw(st.sampled_from([0x01, 0x02]))
    payload = draw(TEXTS if kind == 0x01 else BYTES)
    cuts = sorted(draw(st.lists(st.integers(0, len(payload)), min_size=1, max_size=4)))
    parts = [payload[start:end] for start, end in pairwise([0, *cuts, len(payload)])]
    stream = frame(kind, parts[0])
    for part in parts[1:-1]:
        stream += draw(CONTROL | st.just(b"")) + frame(0x00, part)
    return stream + draw(CONTROL | st.just(b"")) + frame(0x80, parts[-1]) if whole else stream


LEGAL = st.lists(TYPICAL | CONTROL | fragmented(whole=True), max_size=15).map(b"".join)
SPOILED = st.tuples(LEGAL, fragmented(whole=False) | st.just(b""), ANY, LEGAL).map(b"".join)
FRAMES = st.lists(ANY, max_size=12).map(b"".join)
CUT_SHORT = st.tuples(LEGAL, st.binary(max_size=32)).map(b"".join)
STREAMS = SPOILED | LEGAL | FRAMES | CUT_SHORT | st.binary(max_size=64)


def chunks(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """Cut the stream at places that may coincide, or lie outside."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    for start, end in pairwise(places):
        yield data[start:end]


@given(STREAMS, st.lists(st.integers(0, 2**20), max_size=20))
@example(b"\x81\x02\xc3", [1])
@example(b"\x81\xff\x00", [2])
@example(b"\x81\x02\x00\x80", [3])
@example(b"\x81\x05\xc3\x28abc", [4])
@example(b"\x81\x05\xc3\xa9abc", [4])
@example(b"\x82\x7e\x00\x05\x00\x00\x00\x00\x00", [5])
@example(b"\x01\x01a\x81\x05bcd", [])
@example(b"\x01\x01a\x81\x05bcdef", [])
@example(b"\x8b\x7e\x00", [])
@example(b"\x89\x7f\x00", [])
@examples(600, deadline=None)
def test_splitter_agrees_with_wsproto_after_every_chunk(data: bytes, cuts: list[int]) -> None:
    """On arbitrary streams, cut anywhere, messages, pings, pongs and the fault are wsproto's, chunk by chunk."""
    ours, reference = Ours(), Reference()
    for chunk in chunks(data, cuts):
        ours.feed(chunk)
        reference.feed(chunk)
        assert ours.heard() == reference.heard()


@given((FRAMES | SPOILED).filter(lambda data: len(data) < 3_000))
@examples(200, deadline=None)
def test_splitter_agrees_with_wsproto_byte_by_byte(data: bytes) -> None:
    """A stream that arrives a byte at a time is understood, or refused, at the same byte."""
    ours, reference = Ours(), Reference()
    for at in range(len(data)):
        ours.feed(data[at : at + 1])
        reference.feed(data[at : at + 1])
        assert ours.heard() == reference.heard()
