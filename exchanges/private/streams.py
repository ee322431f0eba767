"""The streams of one account: which incarnations push, and since when none does. Sans-io.

Two may push at the same time while one takes over from the other: the account is up as long as one of them is live.
"""

from collections.abc import Callable

from feedtree.actors.publisher import Superseded
from feedtree.exchanges.private.teller import Teller
from feedtree.exchanges.uptime import Uptime


class Streams:
    """What incarnations tell of themselves.

    Args:
        teller: tells consumers.
        wall_ns: UTC nanoseconds.
        uptime: told of each outage.
    """

    def __init__(self, teller: Teller, wall_ns: Callable[[], int], uptime: Uptime) -> None:
        self._teller = teller
        self._wall_ns = wall_ns
        self._uptime = uptime
        self._states: dict[int, str] = {}  # generation -> its word for how it is
        self._lost_ns: int | None = None  # when the last live one ended
        self._failed = False
        self.generation = 0

    @property
    def state(self) -> str:
        """The best that any incarnation is in: live, syncing, connecting; else down, or failed."""
        states = self._states.values()
        for state in ("live", "syncing", "connecting"):
            if state in states:
                return state
        return "failed" if self._failed else "down"

    @property
    def live(self) -> bool:
        """Whether one of them is live."""
        return "live" in self._states.values()

    def is_live(self, generation: int) -> bool:
        """Whether this incarnation is live."""
        return self._states.get(generation) == "live"

    def begin(self) -> int:
        """Return the generation of a new incarnation."""
        self.generation += 1
        self._states[self.generation] = "connecting"
        self._failed = False
        return self.generation

    def check(self, generation: int) -> None:
        """Make sure that an incarnation may still tell something.

        Raises:
            Superseded: it has ended.
        """
        if generation not in self._states:
            raise Superseded(f"generation {generation} of this account's stream has ended")

    def syncing(self, generation: int) -> None:
        """Note that an incarnation hears pushes, and is not compared with the venue yet."""
        self.check(generation)
        self._states[generation] = "syncing"

    def up(self, generation: int) -> None:
        """Note that an incarnation is live; tell it where none was."""
        self.check(generation)
        was_live = self.live
        self._states[generation] = "live"
        if not was_live:
            now_ns = self._wall_ns()
            outage_ns = 0 if self._lost_ns is None else now_ns - self._lost_ns
            self._lost_ns = None
            self._uptime.live(now_ns)
            self._teller.up(generation, outage_ns)

    def lost(self, generation: int, cause: str) -> None:
        """Note that an incarnation has ended; tell it where none is live any more."""
        was_live = self.live
        self._states.pop(generation, None)
        if was_live and not self.live:
            self._lost_ns = self._wall_ns()
            self._uptime.lost(self._lost_ns)
            self._teller.lost(generation, cause)

    def failed(self, reason: str) -> None:
        """Note that no incarnation will follow."""
        if not self._failed and not self._states:
            self._failed = True
            self._teller.failed(self.generation, reason)
