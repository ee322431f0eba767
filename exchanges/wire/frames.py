"""Server frames out of bytes, a burst at a time: pure, and on every input what wsproto makes of it.

A plain frame (final, unmasked text or binary, its length spelled the short way) is cut out here. Any other, and
any that stays incomplete over two reads, goes through wsproto frame by frame, so that fragments, control frames
and every violation are judged there.
"""

from codecs import utf_8_decode
from collections import deque
from itertools import repeat
from struct import Struct
from typing import TypeAlias

from wsproto import ConnectionType
from wsproto.connection import Connection, ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage

from feedtree.exchanges.errors import ClosedByPeer, ConnectionLost, FrameTooLarge, ProtocolViolation

Payload: TypeAlias = str | bytes  # a text frame is str, a binary frame bytes

BURST = 256  # messages of one feed
_SLOW = 32  # frames of one feed that go through wsproto, at some 20 µs each
_TEXT, _BINARY = 0x81, 0x82  # final, without reserved bits
_TWO, _EIGHT = 126, 127  # a length of two or eight bytes follows
_TOO_BIG = 1009
_TEXT_TWO, _BINARY_TWO = _TEXT << 8 | _TWO, _BINARY << 8 | _TWO
_LONG = frozenset({_TEXT_TWO, _BINARY_TWO})
_SHORT = {kind << 8 | length: length for kind in (_TEXT, _BINARY) for length in range(_TWO)}
_head = Struct("!HH").unpack_from
_length_two = Struct("!H").unpack_from
_length_eight = Struct("!Q").unpack_from


class FrameSplitter:
    """One connection's incoming frames.

    Args:
        cap: bytes of the largest message, at least 125.

    Attributes:
        fault: why there will be no more messages: a close frame, a violation or a message over the cap.
        close_code: what a fault is answered with.
        more: whether complete frames may be left for the next `feed`, because this one's share was full.
        pings: payloads to be answered; who answers them clears it. Of a flood only the last ones stay.
        pongs: how many came.
    """

    def __init__(self, cap: int) -> None:
        self.fault: ConnectionLost | None = None
        self.close_code = 1000
        self.more = False
        self.pings: deque[bytes] = deque(maxlen=_SLOW)
        self.pongs = 0
        self._cap = cap
        self._proto = Connection(ConnectionType.CLIENT)
        self._kept = b""  # bytes that wait for the next feed
        self._waited = 0  # so many of them there were when the frame they begin with was last incomplete
        self._left = 0  # bytes that wsproto waits for in the frame it has begun
        self._pieces: list[Payload] = []  # of the message that wsproto is in
        self._size = 0  # bytes of that message, by its headers
        self._open = False  # whether it goes on in another frame

    def feed(self, data: bytes) -> list[Payload]:
        """Take bytes and return the messages that they complete, in order; after a fault none.

        Never raises for what a peer sent: see ``fault``.

        Args:
            data: what was read; ``b""`` to go on where ``more`` was set.

        Returns:
            At most `BURST` messages.
        """
        if self.fault is not None:
            return []
        if self._kept:
            data = self._kept + data
        out: list[Payload] = []
        pos, size = 0, len(data)
        stuck = False
        for _ in repeat(None, _SLOW):
            if not (self._left or self._open):
                pos = self._cut(data, pos, out)
            if len(out) >= BURST or pos == size:
                break
            before, pos = pos, self._consult(data, pos, out)
            stuck = pos == before
            if stuck or self.fault is not None:
                break
        self._kept = data[pos:]
        self._waited = len(self._kept) if stuck else 0
        self.more = pos < size and not stuck and self.fault is None
        return out

    def _cut(self, data: bytes, pos: int, out: list[Payload]) -> int:
        """Take plain, complete frames from ``pos`` on; return where the first other one starts."""
        size, cap, append = len(data), self._cap, out.append
        last = size - 4
        try:
            for _ in repeat(None, BURST - len(out)):
                if pos > last:
                    break
                head, length = _head(data, pos)
                if head in _LONG:
                    if not _TWO <= length <= cap:
                        break
                    start = pos + 4
                else:
                    length = _SHORT.get(head, size)  # of no plain frame: more than there is
                    start = pos + 2
                end = start + length
                if end > size:
                    break
                append(data[start:end].decode() if head <= _TEXT_TWO else data[start:end])
                pos = end
        except UnicodeDecodeError:
            pass  # wsproto refuses that frame in its own words
        return pos

    def _consult(self, data: bytes, pos: int, out: list[Payload]) -> int:
        """Bring wsproto what there is of one frame; return where it ends, or ``pos`` to wait for more bytes."""
        if self._left:
            end = pos + self._left
            if pos < self._waited < end:
                end = self._waited  # wsproto is given what came at once at once, and says the same of it
            part = data[pos:end]
            self._left -= len(part)
            self._ask(part, out)
            return pos + len(part)
        extent = _extent(data, pos)
        if extent is None:
            if _refusable(data, pos):
                self._ask(data[pos:], out)
                return len(data)
            return pos
        start, length = extent
        if self._may_wait(data, pos, start, length):
            return pos
        self._ask(data[pos:start], out)
        if data[pos] & 0x08 == 0:
            self._size += length
            if self._size > self._cap and self.fault is None:
                self.close_code = _TOO_BIG
                self.fault = FrameTooLarge(self._size, self._cap)
        self._left = length
        return start

    def _may_wait(self, data: bytes, pos: int, start: int, length: int) -> bool:
        """Whether this is a plain frame, incomplete for the first time, in which nothing is wrong so far."""
        first, second = data[pos], data[pos + 1]
        if self._open or (self._waited and pos == 0) or start + length <= len(data):
            return False
        if first not in (_TEXT, _BINARY) or second > _TWO or length > self._cap:
            return False
        if second == _TWO and length < _TWO:
            return False
        if first == _TEXT:
            try:
                utf_8_decode(data[start:], "strict", False)
            except UnicodeDecodeError:
                return False
        return True

    def _ask(self, data: bytes, out: list[Payload]) -> None:
        self._proto.receive_data(data)
        for event in self._proto.events():
            self._take(event, out)

    def _take(self, event: Event, out: list[Payload]) -> None:
        match event:
            case TextMessage() | BytesMessage():
                self._pieces.append(event.data if isinstance(event.data, str) else bytes(event.data))
                self._open = not event.message_finished
                if event.message_finished:
                    out.append(_joined(self._pieces))
                    self._pieces = []
                    self._size = 0
            case Ping():
                self.pings.append(bytes(event.payload))
            case Pong():
                self.pongs += 1
            case CloseConnection() if self._proto.state is ConnectionState.OPEN:
                self.close_code = int(event.code)
                self.fault = ProtocolViolation(f"{event.reason} ({event.code:d})")
            case CloseConnection():
                self.close_code = int(event.code)
                self.fault = ClosedByPeer(int(event.code), event.reason or "")


def _extent(data: bytes, pos: int) -> tuple[int, int] | None:
    """Where the payload of the frame at ``pos`` starts, and its length; None where the header is incomplete."""
    have = len(data) - pos
    if have < 2:
        return None
    short = data[pos + 1] & 0x7F
    if short < _TWO:
        return pos + 2, short
    if short == _TWO:
        return (pos + 4, _length_two(data, pos + 2)[0]) if have >= 4 else None
    return (pos + 10, _length_eight(data, pos + 2)[0]) if have >= 10 else None


def _refusable(data: bytes, pos: int) -> bool:
    """Whether an incomplete header is wrong already: only data frames have a length behind the first two bytes."""
    return len(data) - pos >= 2 and data[pos] & 0x0F not in (0, 1, 2)


def _joined(pieces: list[Payload]) -> Payload:
    if isinstance(pieces[0], str):
        return "".join(pieces)  # type: ignore[arg-type]
    return b"".join(pieces)  # type: ignore[arg-type]
