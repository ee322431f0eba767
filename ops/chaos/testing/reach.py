"""For how long a fault at a proxy can do anything: one that meets no new connections is over with those that it met."""

from collections.abc import Callable
from math import inf

from feedtree.ops.chaos.connection import Connection
from feedtree.ops.chaos.fault import Scope
from feedtree.ops.chaos.kinds import BlackHole, HalfClose
from feedtree.ops.chaos.running import Running


class Reach:
    """What one fault at one proxy can still get at. To be made when it has just begun.

    Args:
        running: the fault.
        on: which connections it meets; the fault's own choice where None.
        count: new connections that it meets at most; 0 is any number.
        left: since when a connection is over for its client (trio time); None before.
    """

    def __init__(
        self, running: Running, on: Scope | None, count: int, left: Callable[[Connection], float | None]
    ) -> None:
        self._running = running
        self._scope: Scope = on or running.fault.on
        self._count = count
        self._left = left
        self._open = running.met
        self._gone_before_end: float | None = None

    def over_at(self) -> float:
        """Return since when it can do nothing any more (trio time); infinite before."""
        ended = inf if self._running.ended is None else self._running.ended
        if self._running.fault.shuts or self._meets_more():
            return ended
        before = self._gone_before_end
        return min(ended, self._gone() if before is None else before)

    def settle(self) -> None:
        """Note what is still there of those that it met: its end, which is next, forgets them."""
        self._gone_before_end = self._gone()

    def stops_clients(self) -> bool:
        """Whether what clients send is lost: swallowed, or nobody is there. What a stall holds up arrives later."""
        fault = self._running.fault
        stops = isinstance(fault, BlackHole | HalfClose) and "up" in fault.ways()
        return fault.shuts or (stops and self._running.met > 0)

    def cuts(self) -> bool:
        """Return whether its end, were it now, would cut a connection that its client still has."""
        fault = self._running.fault
        return isinstance(fault, BlackHole) and any(
            self._gone_at(connection) == inf and connection.holed for connection in self._running.connections
        )

    def _meets_more(self) -> bool:
        new = self._running.met - self._open
        return self._scope != "open" and (self._count == 0 or new < self._count)

    def _gone(self) -> float:
        """Return since when all that it met are over for their clients; infinite before."""
        running = self._running
        return max(running.left_at, *map(self._gone_at, running.connections), running.began)

    def _gone_at(self, connection: Connection) -> float:
        times = (connection.ended_at, self._left(connection))
        return min((at for at in times if at is not None), default=inf)
