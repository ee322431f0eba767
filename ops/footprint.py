"""What this process holds: memory and descriptors."""

import os
import sys
from contextlib import suppress

_DESCRIPTORS = "/dev/fd"
_PAGES = "/proc/self/statm"


def descriptors() -> int | None:
    """Return how many descriptors are open; None where the system does not say."""
    with suppress(OSError):
        return len(os.listdir(_DESCRIPTORS)) - 1  # listing opens one
    return None


def resident_bytes() -> int | None:
    """Return the resident memory; None where the system does not say what it is now."""
    if sys.platform == "linux":
        with suppress(OSError), open(_PAGES, encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return None


def peak_bytes() -> int:
    """Return the greatest resident memory so far; 0 where the system does not say that either."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
