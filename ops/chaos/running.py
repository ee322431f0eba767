"""A fault at work: on which connections, since when, and where it did something."""

from collections import deque
from collections.abc import Collection
from functools import partial
from random import Random

import trio
from msgspec import Struct

from feedtree.ops.chaos.connection import Connection
from feedtree.ops.chaos.fault import Fault, Scope, Way

_KEPT = 1000  # points


class Point(Struct, frozen=True):
    """Where a fault did something to the bytes of a direction.

    Args:
        at: when (trio time).
        connection: the number of the connection.
        way: the direction.
        offset: bytes of the direction that came before.
    """

    at: float
    connection: int
    way: Way
    offset: int


class Running:
    """One fault from its begin to its end. It may last for nights: what is over is counted, and not kept.

    Args:
        name: the kind's.
        fault: what it does.
        number: counts the faults of a proxy from 1; with the seed it makes the chance of this one.
        seed: of the proxy.
        on: which connections it meets; the kind's own choice where None.
        count: new connections that it meets at most; 0 is any number.

    Attributes:
        began: when (trio time).
        ended: when; None before.
        met: how many connections have met it.
        left_at: when the last of those was over that are over; `began` before (trio time).
        changes: how often it cut or changed something.
        points: where, the newest ones, oldest first.
    """

    def __init__(
        self,
        name: str,
        fault: Fault,
        number: int,
        seed: int,
        *,
        on: Scope | None = None,
        count: int = 0,
    ) -> None:
        self.name = name
        self.fault = fault
        self.number = number
        self.began = trio.current_time()
        self.ended: float | None = None
        self.met = 0
        self.left_at = self.began
        self.changes = 0
        self.points: deque[Point] = deque(maxlen=_KEPT)
        self._seed = seed
        self._on: Scope = on or fault.on
        self._new_left = count or None
        self._open: dict[int, Connection] = {}
        self._first: Connection | None = None
        self._met_one = trio.Event()

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Those that it works on and that are open, in the order in which they met it."""
        return tuple(self._open.values())

    def begin(self, connections: Collection[Connection]) -> None:
        """Meet open connections, unless it is for new ones alone."""
        for connection in connections if self._on != "new" else ():
            self.meet(connection)

    def takes(self) -> bool:
        """Return whether it meets the connection that has just been made, and count it."""
        if self._on == "open" or self._new_left == 0:
            return False
        if self._new_left is not None:
            self._new_left -= 1
        return True

    def meet(self, connection: Connection) -> None:
        """Work on a connection."""
        self.met += 1
        self._open[connection.number] = connection
        self._first = self._first or connection
        self._met_one.set()
        for way in self.fault.ways():
            before = (connection.up if way == "up" else connection.down).received
            rng = Random(f"{self._seed}/{self.number}/{connection.number}/{way}")
            effect = self.fault.effect(rng, partial(self._note, connection.number, way, before))
            if effect is not None:
                connection.put_on(self.number, way, effect)
        self.fault.begins(connection)

    async def struck(self) -> Connection:
        """Wait until it has met a connection, and return the first one."""
        await self._met_one.wait()
        assert self._first is not None
        return self._first

    def leave(self, connection: Connection) -> None:
        """Forget a connection that is over."""
        if self._open.pop(connection.number, None) is not None:
            self.left_at = trio.current_time()

    def end(self) -> None:
        """Let it go of all that is still there."""
        self.ended = trio.current_time()
        for connection in self._open.values():
            connection.take_off(self.number)
        self._open.clear()

    def _note(self, connection: int, way: Way, before: int, seen: int) -> None:
        self.changes += 1
        self.points.append(Point(trio.current_time(), connection, way, before + seen))
