"""A TCP proxy between any client and any server that breaks what passes it, as it is told.

Over sockets or over the memory network, where whole scenarios run under the virtual clock. Bytes pass as they are:
TLS goes through untouched, and so does a half-close.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import Literal

import trio
from msgspec import Struct

from feedtree.exchanges.wire.transport import Network, Transport
from feedtree.ops.beside import beside
from feedtree.ops.chaos.connection import Connection
from feedtree.ops.chaos.door import Door, listen
from feedtree.ops.chaos.fault import Fault, Scope, Way
from feedtree.ops.chaos.kinds import PROXY_FAULTS
from feedtree.ops.chaos.lane import Counts
from feedtree.ops.chaos.running import Running
from feedtree.ops.chaos.script import Script
from feedtree.ops.chaos.sightings import See, Sighting, What, unseen
from feedtree.ops.chaos.spelling import make_fault
from feedtree.ops.chaos.stops import Breakpoint

_KEPT = 100  # faults in the history, each with its newest points


def _silent(running: Running) -> None:
    """Tell nobody."""


class Totals(Struct):
    """What a proxy has done so far.

    Args:
        accepted: connections.
        up: bytes from clients.
        down: bytes from servers.
    """

    accepted: int
    up: Counts
    down: Counts


class Proxy:
    """Made by `open_proxy`.

    Attributes:
        seed: of all chance in its faults.
        running: the faults at work, in the order in which they began.
        history: those and the last ones before, oldest first.
    """

    def __init__(
        self,
        network: Network,
        to: tuple[str, int],
        door: Door,
        nursery: trio.Nursery,
        *,
        seed: int,
        frames: bool,
        tell: Callable[[Running], None],
        see: See,
    ) -> None:
        self.seed = seed
        self.running: list[Running] = []
        self.history: deque[Running] = deque(maxlen=_KEPT)
        self._network = network
        self._to = to
        self._door = door
        self._nursery = nursery
        self._frames = frames
        self._tell = tell
        self._see = see
        self._connections: dict[int, Connection] = {}
        self._points: list[Breakpoint[Connection]] = []
        self._accepted = 0
        self._begun = 0
        self._past = Counts(), Counts()  # up and down, of the connections that are over
        self._came = trio.Event()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that clients are to dial."""
        return self._door.address

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The open ones, oldest first."""
        return tuple(self._connections.values())

    def totals(self) -> Totals:
        """Return the counters of all connections, also of those that are over."""
        up, down = self._past
        for connection in self._connections.values():
            up, down = _sum(up, connection.up), _sum(down, connection.down)
        return Totals(self._accepted, up, down)

    async def connected(self, number: int = 1) -> None:
        """Wait until so many connections have been accepted; faults that begin after it find them open."""
        while self._accepted < number:
            await self._came.wait()

    @asynccontextmanager
    async def fault(
        self,
        fault: str | Fault,
        *,
        on: Scope | None = None,
        count: int = 0,
        only: Collection[Connection] | None = None,
        **parameters: object,
    ) -> AsyncIterator[Running]:
        """Let a fault work for the time of a block. Faults combine: each is done to what the earlier ones let pass.

        Args:
            fault: its name, with ``parameters``; or itself.
            on: the connections that are open, new ones, or all; the fault's own choice where None.
            count: so many new connections at most; 0 is any number.
            only: these connections alone.
            parameters: of the fault, by name.

        Raises:
            WrongFault: there is no such fault, or not such a parameter or value; the message says what there is.
        """
        running = self._begin(fault, parameters, on=on, count=count, only=only)
        try:
            yield running
        finally:
            self._end(running)
        await self._door.opened()

    async def play(self, script: Script) -> None:
        """Let every step of a script work at its time; return when all are over. Cancelled, all end at once.

        Steps of one time begin in the order in which they are written, and in one instant.
        """
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            for step in sorted(script.steps, key=lambda step: step.timing.at):
                if start + step.timing.at > trio.current_time():
                    await trio.sleep_until(start + step.timing.at)
                running = self._begin(step.fault, {}, on=step.on, count=step.timing.count)
                nursery.start_soon(self._last, running, step.seconds)

    @asynccontextmanager
    async def breakpoint(
        self,
        way: Way,
        *,
        byte: int | None = None,
        text: bytes | None = None,
        nth: int = 1,
        stand: Literal["before", "behind"] = "before",
        only: Collection[Connection] | None = None,
    ) -> AsyncIterator[Breakpoint[Connection]]:
        """Stop the first connection that gets to a point, in that direction, until the block ends.

        In text that websockets mask it finds what it looks for where the proxy was opened with ``frames=True``. A
        frame that holds the text is stopped before or behind as a whole. Where the text, or its frame, came in
        several reads, ``before`` means that the last of them does not pass.

        Args:
            way: the direction.
            byte: behind so many bytes of a connection, counted from now.
            text: or at the n-th text, counted over all connections.
            nth: which one.
            stand: before or behind the text.
            only: on these connections alone; on any, new ones too, where None.

        Raises:
            ValueError: neither ``byte`` nor ``text`` is given, or both are.
        """
        point: Breakpoint[Connection] = Breakpoint(way, byte=byte, text=text, nth=nth, stand=stand)
        chosen = self.connections if only is None else tuple(only)
        for connection in chosen:
            connection.watch(point)
        if only is None:
            self._points.append(point)
        try:
            yield point
        finally:
            point.release()
            if only is None:
                self._points.remove(point)
            for connection in self.connections:
                connection.unwatch(point)

    def _begin(
        self,
        fault: str | Fault,
        parameters: dict[str, object],
        *,
        on: Scope | None,
        count: int,
        only: Collection[Connection] | None = None,
    ) -> Running:
        made = make_fault(PROXY_FAULTS, fault, parameters) if isinstance(fault, str) else fault
        name = next(name for name, kind in PROXY_FAULTS.items() if type(made) is kind)
        self._begun += 1
        running = Running(
            name, made, self._begun, self.seed, on="open" if only is not None else on, count=count
        )
        self.history.append(running)
        self.running.append(running)
        if made.shuts:
            self._door.shut()
        running.begin([each for each in self.connections if only is None or each in only])
        self._tell(running)
        return running

    def _end(self, running: Running) -> None:
        self.running.remove(running)
        if running.fault.shuts:
            self._door.unshut()
        running.end()
        self._tell(running)

    async def _last(self, running: Running, seconds: float) -> None:
        try:
            await trio.sleep(seconds)
        finally:
            self._end(running)
        await self._door.opened()

    def accept(self, client: Transport) -> None:
        """Serve a client. From here on its connection is an open one, also for faults that begin and end at once."""
        self._accepted += 1
        number = self._accepted
        self._sighted(number, "dialled")
        left = partial(self._sighted, number, "left")
        connection = Connection(number, client, frames=self._frames, left=left)
        self._connections[number] = connection
        for point in self._points:
            connection.watch(point)
        for running in self.running:
            if running.takes():
                running.meet(connection)
        self._nursery.start_soon(self._serve, connection)
        self._came.set()
        self._came = trio.Event()

    async def _serve(self, connection: Connection) -> None:
        try:
            await connection.run(self._network, self._to)
        finally:
            del self._connections[connection.number]
            for running in self.running:
                running.leave(connection)
            up, down = self._past
            self._past = _sum(up, connection.up), _sum(down, connection.down)

    def _sighted(self, number: int, what: What) -> None:
        self._see(Sighting(trio.current_time(), number, what))


@asynccontextmanager
async def open_proxy(
    network: Network,
    *,
    to: tuple[str, int],
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int = 0,
    frames: bool = False,
    tell: Callable[[Running], None] = _silent,
    see: See = unseen,
) -> AsyncIterator[Proxy]:
    """Stand between clients and a server for the time of a block.

    At its end, or when it is cancelled, everything is closed at once, whatever stalls.

    Args:
        network: TCP, or memory under a virtual clock.
        to: host and port of the server, which need not be there yet: a client is reset while it is not.
        host: where to listen.
        port: 0 takes a free one.
        seed: of all chance in its faults: the same seed and the same connections give the same faults.
        frames: follow websocket frames, so that breakpoints find texts that they mask. Costs time, changes nothing.
        tell: called with a fault when it has begun, and when it has ended.
        see: called when a client has dialled, and when one has ended or reset its connection.

    Raises:
        CannotListen: the address is taken, or was while the proxy kept it free.
    """
    door = Door(network, await listen(network, (host, port)))
    async with beside() as nursery:
        proxy = Proxy(network, to, door, nursery, seed=seed, frames=frames, tell=tell, see=see)
        nursery.start_soon(door.run, proxy.accept)
        yield proxy


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(
        one.received + other.received, one.delivered + other.delivered, one.swallowed + other.swallowed
    )
