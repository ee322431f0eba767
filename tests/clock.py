"""The wall clock of tests in virtual time."""

import trio

EPOCH_NS = 1_790_000_000_000_000_000  # UTC when trio's clock shows 0


def wall_ns() -> int:
    """UTC nanoseconds that go with trio's clock."""
    return EPOCH_NS + int(trio.current_time() * 1e9)
