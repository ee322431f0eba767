"""What clients are seen to do at the proxy: the one way to tell, for any client, when it found out."""

from collections.abc import Callable
from typing import Literal, TypeAlias

from msgspec import Struct

What: TypeAlias = Literal["dialled", "left"]


class Sighting(Struct, frozen=True):
    """What a client was seen to do.

    Args:
        at: when (trio time).
        connection: the number of the connection.
        what: it ``dialled``, or ``left``: ended or reset the connection from its side.
    """

    at: float
    connection: int
    what: What


def unseen(sighting: Sighting) -> None:
    """Tell nobody."""


See: TypeAlias = Callable[[Sighting], None]
