"""How much of the event loop answers may take: a share of it, whoever asks and however often."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import trio

SHARE = 0.05  # of the loop's time, at most
LEAST = (
    0.0005  # s that an answer counts for at least: to read the request and to send the answer takes time, too
)


class Pace:
    """Lets one answer be made at a time, and after each one leaves the loop alone for nineteen times as long.

    Args:
        share: of the loop's time that answers may take.
    """

    def __init__(self, share: float = SHARE) -> None:
        self._share = share
        self._lock = trio.Lock()
        self._free_at = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn; the body is to be one step, without a checkpoint."""
        async with self._lock:
            await trio.sleep_until(self._free_at)
            began = perf_counter()
            try:
                yield
            finally:
                took = max(perf_counter() - began, LEAST)
                self._free_at = trio.current_time() + took * (1 / self._share - 1)
