"""Outgoing data frames: unmasked, so one encoded frame serves every subscriber."""

import struct

_TEXT = 0x81  # FIN and the opcode
_BINARY = 0x82


def text(payload: bytes) -> bytes:
    """Return a whole text message as one frame."""
    return _header(_TEXT, len(payload)) + payload


def binary(payload: bytes) -> bytes:
    """Return a whole binary message as one frame."""
    return _header(_BINARY, len(payload)) + payload


def payload(frame: bytes) -> bytes:
    """Return what a frame of this module carries."""
    return frame[{126: 4, 127: 10}.get(frame[1], 2) :]


def _header(first: int, size: int) -> bytes:
    if size < 126:
        return bytes((first, size))
    if size < 65_536:
        return struct.pack("!BBH", first, 126, size)
    return struct.pack("!BBQ", first, 127, size)
