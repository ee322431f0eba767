"""The outages of one stream, as a consumer of its messages finds them."""

from collections import deque
from collections.abc import Callable, Sequence
from math import inf

import trio
from msgspec import Struct

KEPT = 100  # outages of a line


class Outage(Struct, kw_only=True):
    """One outage. Times are trio's, in seconds; those in ns are UTC.

    Args:
        lost: when the consumer was told.
        last_ns: when the last datum before it came.
        cause: what ended the connection, or put a book in doubt.
        generation: of the stream when it was lost.
        topics: how many of its topics were lost, in all.
        fresh: when the first datum after it came.
        live: when everything was up again; None while it lasts.
        live_ns: the same.
        back_in: the generation that was live then.
    """

    lost: float
    last_ns: int
    cause: str
    generation: int
    topics: int = 1
    fresh: float | None = None
    live: float | None = None
    live_ns: int = 0
    back_in: int = 0

    @property
    def reconnected(self) -> bool:
        """Whether another connection ended it; False: the topic alone was resynced."""
        return self.back_in > self.generation


class Outages:
    """What is known of one stream.

    Args:
        wall_ns: UTC nanoseconds.

    Attributes:
        past: the newest outages, oldest first; the last one may last.
        total: how many there were.
        live_since: trio time; infinity while it is not live.
        last_ns: when the last datum came.
        wrong: what a consumer must never see, in words.
    """

    def __init__(self, wall_ns: Callable[[], int]) -> None:
        self.past: deque[Outage] = deque(maxlen=KEPT)
        self.total = 0
        self.live_since = inf
        self.last_ns = 0
        self.wrong: list[str] = []
        self._wall_ns = wall_ns
        self._changed = trio.Event()

    @property
    def live(self) -> bool:
        """Whether all of it is live."""
        return self.live_since < inf

    def lost(self, cause: str, generation: int) -> None:
        """Note a loss; further ones within an outage go on it."""
        if self._open is not None:
            self._open.topics += 1
        elif self.live:
            now = trio.current_time()
            self.total += 1
            self.past.append(Outage(lost=now, last_ns=self.last_ns, cause=cause, generation=generation))
        self.live_since = inf
        self._tell()

    def datum(self) -> None:
        """Note that a datum came."""
        self.last_ns = self._wall_ns()
        if self._open is not None and self._open.fresh is None:
            self._open.fresh = trio.current_time()

    def up(self, generation: int) -> None:
        """Note that everything is up."""
        now, outage = trio.current_time(), self._open
        if outage is not None:
            outage.live, outage.live_ns, outage.back_in = now, self._wall_ns(), generation
            outage.fresh = now if outage.fresh is None else outage.fresh
        if not self.live:
            self.live_since = now
        self._tell()

    def since(self, mark: int) -> Sequence[Outage]:
        """Return the outages since there were so many in all, as far as they are kept."""
        new = self.total - mark
        return list(self.past)[-new:] if new else []

    def forget(self, but: int) -> None:
        """Forget all but the newest so many."""
        while len(self.past) > but:
            self.past.popleft()

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        while not condition():
            await self._changed.wait()

    async def stable(self, spell: float) -> None:
        """Wait until it has been live for so many seconds."""
        while True:
            await self.wait(lambda: self.live)
            since = self.live_since
            await trio.sleep_until(since + spell)
            if self.live_since == since:
                return

    @property
    def _open(self) -> Outage | None:
        return self.past[-1] if self.past and self.past[-1].live is None else None

    def _tell(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
