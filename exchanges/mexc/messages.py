"""MEXC's JSON bodies, spelled as the wire spells them; its binary frames are in ``proto/``.

Numbers arrive as decimal strings and are made floats or ints by msgspec (``strict=False``).
"""

from typing import TypeAlias

from msgspec import Struct

Levels: TypeAlias = list[tuple[float, float]]  # price, size


class DepthBody(Struct, gc=False):
    """The body of ``GET /api/v3/depth``; the time is sent but not documented."""

    lastUpdateId: int  # noqa: N815 - the wire's own name
    bids: Levels
    asks: Levels
    timestamp: int | None = None  # ms


class TimeBody(Struct, rename="camel", gc=False):
    """The body of ``GET /api/v3/time``."""

    server_time: int  # ms
