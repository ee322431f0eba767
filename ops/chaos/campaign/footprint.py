"""What a process holds: tasks, descriptors, memory."""

import os
import sys
from contextlib import suppress

import trio
from msgspec import Struct

_DESCRIPTORS = "/dev/fd"
_PAGES = "/proc/self/statm"


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


def footprint() -> Footprint:
    """Look at this process now."""
    descriptors = rss = -1
    with suppress(OSError):
        descriptors = len(os.listdir(_DESCRIPTORS)) - 1  # listing opens one
    if sys.platform == "linux":
        with suppress(OSError), open(_PAGES, encoding="ascii") as file:
            rss = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    return Footprint(trio.lowlevel.current_statistics().tasks_living, descriptors, rss)
