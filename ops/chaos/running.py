"""A fault at work: on which connections, since when, and where it did something."""

from collections.abc import Collection
from functools import partial
from random import Random

import trio
from msgspec import Struct

from feedtree.ops.chaos.connection import Connection
from feedtree.ops.chaos.fault import Fault, Scope, Way


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
    """One fault from its begin to its end.

    Args:
        name: the kind's.
        fault: what it does.
        number: counts the faults of a proxy from 1; with the seed it makes the chance of this one.
        seed: of the proxy.
        on: which connections it meets; the kind's own choice where None.
        count: new connections that it meets at most; 0 is any number.
        only: these connections, and no new ones.

    Attributes:
        began: when (trio time).
        ended: when; None before.
        met: the connections, in the order in which they met it.
        points: where it cut or changed something.
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
        only: Collection[Connection] | None = None,
    ) -> None:
        self.name = name
        self.fault = fault
        self.number = number
        self.began = trio.current_time()
        self.ended: float | None = None
        self.met: list[Connection] = []
        self.points: list[Point] = []
        self._seed = seed
        self._on: Scope = "open" if only is not None else on or fault.on
        self._new_left = count or None
        self._only = only
        self._met_one = trio.Event()

    def begin(self, connections: Collection[Connection]) -> None:
        """Meet the open connections, as far as they are chosen."""
        for connection in connections if self._on != "new" else ():
            if self._only is None or connection in self._only:
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
        self.met.append(connection)
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
        return self.met[0]

    def end(self) -> None:
        """Let it go of all that is still there."""
        self.ended = trio.current_time()
        for connection in self.met:
            if connection.ended_at is None:
                connection.take_off(self.number)

    def _note(self, connection: int, way: Way, before: int, seen: int) -> None:
        self.points.append(Point(trio.current_time(), connection, way, before + seen))
