"""Sees the texts in a direction that a websocket masks: follows its frames, and changes nothing."""

from msgspec import Struct

_HEAD_END = b"\r\n\r\n"
_LONGEST_HEAD = 65_536
_STARTS = (b"GET ", b"HTTP/1.1 101 ")


class Frame(Struct, frozen=True):
    """One frame that ended in a read.

    Args:
        start: where it began in that read; 0 also where it began in an earlier one.
        end: behind its last byte.
        text: what it carries, unmasked.
    """

    start: int
    end: int
    text: bytes


class Seen(Struct, frozen=True):
    """What a read holds.

    Args:
        plain: so many of its first bytes belong to no frame.
        frames: those that ended in it.
    """

    plain: int
    frames: tuple[Frame, ...] = ()


class Sight:
    """Follows one direction from its first byte on: an HTTP head that upgrades, then frames; else plain bytes."""

    def __init__(self) -> None:
        self._head: bytes | None = b""  # None: it is over
        self._upgraded = False
        self._open = bytearray()  # of the frame that has not ended

    def look(self, data: bytes) -> Seen:
        """Say what is in the bytes of one read."""
        plain = 0
        if self._head is not None:
            plain = self._begin(data)
        if not self._upgraded:
            return Seen(len(data))
        return Seen(plain, tuple(self._frames(data, plain)))

    def _begin(self, data: bytes) -> int:
        """Read on in the head; return how many of these bytes belong to it."""
        assert self._head is not None
        before, self._head = len(self._head), self._head + data
        end = self._head.find(_HEAD_END)
        head = self._head
        if end >= 0:
            self._upgraded = head.startswith(_STARTS) and b"upgrade: websocket" in head[:end].lower()
            self._head = None
            return end + len(_HEAD_END) - before
        if len(head) > _LONGEST_HEAD or not any(start.startswith(head[: len(start)]) for start in _STARTS):
            self._head = None
        return len(data)

    def _frames(self, data: bytes, plain: int) -> list[Frame]:
        frames: list[Frame] = []
        start = plain - len(self._open)
        self._open += data[plain:]
        while (size := _size(self._open)) is not None and size[0] + size[1] <= len(self._open):
            header, payload = size
            end = start + header + payload
            text = _unmasked(self._open, header, payload)
            frames.append(Frame(max(start, 0), end, text))
            del self._open[: header + payload]
            start = end
        return frames


def _size(frame: bytearray) -> tuple[int, int] | None:
    """Return the length of a frame's header, mask included, and of its payload; None where too little is there."""
    if len(frame) < 2:
        return None
    mask, short = 4 * (frame[1] >> 7), frame[1] & 0x7F
    extended = {126: 2, 127: 8}.get(short, 0)
    if len(frame) < 2 + extended:
        return None
    payload = int.from_bytes(frame[2 : 2 + extended], "big") if extended else short
    return 2 + extended + mask, payload


def _unmasked(frame: bytearray, header: int, payload: int) -> bytes:
    data = bytes(frame[header : header + payload])
    if not frame[1] >> 7:
        return data
    mask = frame[header - 4 : header]
    return bytes(byte ^ mask[index & 3] for index, byte in enumerate(data))
