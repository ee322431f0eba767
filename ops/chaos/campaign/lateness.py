"""How late this process's event loop wakes up: what a busy machine adds to every figure."""

from collections import deque

import trio

from feedtree.ops.chaos.campaign.spread import Spread, spread

_EVERY = 0.02  # seconds
_KEPT = 50_000  # of the newest looks


class Lateness:
    """Looks at the loop again and again."""

    def __init__(self) -> None:
        self._found: deque[float] = deque(maxlen=_KEPT)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            due = trio.current_time() + _EVERY
            await trio.sleep_until(due)
            self._found.append(trio.current_time() - due)

    def spread(self) -> Spread | None:
        """Return how late it was, in seconds; None before the first look."""
        return spread(self._found)
