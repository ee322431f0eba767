"""What a venue's frames tell beside data, on the public and the private side alike."""

from typing import TypeAlias

from msgspec import Struct

Payload: TypeAlias = str | bytes  # a text frame is str, a binary frame bytes

UPGRADE = "upgrade"
"""The kind of a `Notice` that the venue will close this connection soon."""


class Pong(Struct, frozen=True):
    """The answer to the venue's own application ping."""


class Answer(Struct, frozen=True):
    """The venue asks for a sign of life in its own words: send this frame."""

    frame: Payload


class Notice(Struct, frozen=True):
    """A system notice: the venue will close this connection soon (``kind`` is `UPGRADE`), or anything else."""

    kind: str
    text: str


class Unknown(Struct, frozen=True):
    """A legal frame that this codec does not know (an unexpected channel, field value or late push)."""

    what: str


class Undecodable(Struct, frozen=True):
    """A frame that does not decode."""

    payload: Payload
    error: str
