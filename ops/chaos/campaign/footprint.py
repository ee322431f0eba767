"""What a process holds: tasks, descriptors, memory."""

import ctypes
from contextlib import suppress

import trio
from msgspec import Struct

from feedtree.ops.footprint import descriptors, resident_bytes

_LOOKS, _BETWEEN = 40, 0.05  # seconds


class Footprint(Struct, frozen=True):
    """A look at this process.

    Args:
        tasks: trio's, living.
        descriptors: open ones; -1 where the system does not say.
        rss_kib: resident memory; -1 where the system does not say.
    """

    tasks: int
    descriptors: int
    rss_kib: int


async def at_rest() -> Footprint:
    """Look for a while; return the least of each: what is done now and then is no part of what is held."""
    give_back()
    looks = []
    for _ in range(_LOOKS):
        looks.append(footprint())
        await trio.sleep(_BETWEEN)
    return Footprint(
        min(look.tasks for look in looks),
        min(look.descriptors for look in looks),
        min(look.rss_kib for look in looks),
    )


def give_back() -> None:
    """Have the C library give back to the system what it keeps free, where it knows how to (glibc)."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def footprint() -> Footprint:
    """Look at this process now."""
    open_ones, resident = descriptors(), resident_bytes()
    return Footprint(
        trio.lowlevel.current_statistics().tasks_living,
        -1 if open_ones is None else open_ones,
        -1 if resident is None else resident // 1024,
    )
