"""What a process holds: tasks, descriptors, memory."""

import ctypes
import os
import sys
from contextlib import suppress

import trio
from msgspec import Struct

_DESCRIPTORS = "/dev/fd"
_PAGES = "/proc/self/statm"
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
    descriptors = rss = -1
    with suppress(OSError):
        descriptors = len(os.listdir(_DESCRIPTORS)) - 1  # listing opens one
    if sys.platform == "linux":
        with suppress(OSError), open(_PAGES, encoding="ascii") as file:
            rss = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    return Footprint(trio.lowlevel.current_statistics().tasks_living, descriptors, rss)
