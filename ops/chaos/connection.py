"""One connection through the proxy: two transports, two directions, and the faults that are on it."""

import ssl
from collections.abc import Callable
from functools import partial

import trio

from feedtree.exchanges.errors import ConnectFailed, ConnectionLost
from feedtree.exchanges.wire.tls import TlsTransport
from feedtree.exchanges.wire.transport import Network, Transport, receive
from feedtree.ops.chaos.effects import Effect, Ending
from feedtree.ops.chaos.fault import WAYS, Way
from feedtree.ops.chaos.lane import Counts, Lane
from feedtree.ops.chaos.pump import Pump
from feedtree.ops.chaos.sight import Sight
from feedtree.ops.chaos.stops import Breakpoint, Watch

LINGER = 1.0  # seconds for which both sides may end a connection that was closed on purpose


def _untold() -> None:
    """Tell nobody."""


class Connection:
    """One client, and its server. Faults may meet it before it runs.

    Args:
        number: counts the connections of a proxy from 1.
        client: as it was accepted.
        frames: whether websocket frames are followed, so that texts in them are found.
        left: called once, when the client ends or resets it, as far as the proxy can see that.

    Attributes:
        opened_at: when it was accepted (trio time).
        ended_at: when it was over; None before.
        peer: the client, ``host:port``.
    """

    def __init__(
        self, number: int, client: Transport, *, frames: bool, left: Callable[[], None] = _untold
    ) -> None:
        self.number = number
        self.peer = client.peer
        self.opened_at = trio.current_time()
        self.ended_at: float | None = None
        self._transports = [client]
        self._lanes = {way: Lane(way, Sight() if frames else None) for way in WAYS}
        self._pumps: dict[Way, Pump] = {}
        self._on: dict[int, dict[Way, Effect]] = {}  # the number of a running fault -> its effects
        self._left: Callable[[], None] | None = left
        self._disguise: ssl.SSLContext | None = None
        self._scope = trio.CancelScope()
        self._nursery: trio.Nursery | None = None
        self._awaited: list[tuple[float, Callable[[], None]]] = []  # what is to be done so long after it runs

    def __repr__(self) -> str:
        up, down = self.up.delivered, self.down.delivered
        return f"Connection({self.number}, {self.peer}, {up} bytes up, {down} bytes down)"

    @property
    def up(self) -> Counts:
        """What came from the client."""
        return self._lanes["up"].counts

    @property
    def down(self) -> Counts:
        """What came from the server."""
        return self._lanes["down"].counts

    async def run(self, network: Network, to: tuple[str, int]) -> None:
        """Serve until it is over; nothing stays open, however it ends.

        Args:
            network: where the server is.
            to: its address.
        """
        try:
            with self._scope:
                async with trio.open_nursery() as self._nursery:
                    for seconds, action in self._awaited:
                        if seconds > 0:
                            self._nursery.start_soon(_later, seconds, action)
                        else:
                            await _later(0, action)  # before the server hears of it
                    await trio.lowlevel.checkpoint()
                    if self._disguise is not None:
                        await self._pose(self._disguise)
                    else:
                        await self._serve(network, to, self._nursery)
        finally:
            self.ended_at = trio.current_time()
            for transport in self._transports:
                transport.close()
            self._let_go()

    def _let_go(self) -> None:
        """Keep nothing but what is told of it: somebody may look at it long after."""
        self._transports.clear()
        self._pumps.clear()
        self._on.clear()
        self._left = None
        self._lanes = {way: lane.remains() for way, lane in self._lanes.items()}
        self._nursery = None

    async def _serve(self, network: Network, to: tuple[str, int], nursery: trio.Nursery) -> None:
        client = self._transports[0]
        try:
            server = await network.dial(*to)
        except ConnectFailed:
            client.abort()
            self._scope.cancel()
            return
        self._transports.append(server)
        self._pumps = {
            "up": Pump(self._lanes["up"], client, server, self),
            "down": Pump(self._lanes["down"], server, client, self),
        }
        for pump in self._pumps.values():
            nursery.start_soon(pump.read)
            nursery.start_soon(pump.write)
        # Also where both sides have ended: none may learn that from us before its time.
        await trio.sleep_forever()

    async def _pose(self, context: ssl.SSLContext) -> None:
        """Shake hands as if we were the server; who believes it is reset."""
        client = TlsTransport(self._transports[0], context, server_side=True)
        try:
            if await receive(client):
                client.abort()
        except ConnectionLost:
            pass  # the client refused, or speaks no TLS
        self._scope.cancel()

    @property
    def holed(self) -> bool:
        """Whether something of it was swallowed that its receiver still waits for."""
        return any(lane.holed for lane in self._lanes.values())

    # What faults and tests do to it

    def reset(self) -> None:
        """Reset it on both sides, at once: what is on its way is lost."""
        for transport in self._transports:
            transport.abort()
        self._scope.cancel()

    def close(self) -> None:
        """End both directions in order: what was written comes first; what waits and what comes is swallowed.

        What is not over after `LINGER` seconds is closed.
        """
        if not self._pumps:
            self._scope.cancel()
            return
        for pump in self._pumps.values():
            pump.cut()
        self._after(LINGER, self._scope.cancel)

    def end(self, way: Way) -> None:
        """End one direction in order; what waits in it and what comes is swallowed."""
        if self._pumps:
            self._pumps[way].cut()
        else:
            self._lanes[way].cut(trio.current_time())

    def strike(self, ending: Ending, way: Way, after: float = 0.0) -> None:
        """See `Struck.strike`."""
        action: Callable[[], None]
        match ending:
            case Ending.HALF_CLOSE:
                action = partial(self.end, way)
            case Ending.CLOSE:
                action = self.close
            case _:
                action = self.reset
        # Who was accepted a moment ago is to see that it is connected before it is ended.
        if after > 0 or self._nursery is None:
            self._after(after, action)
        else:
            action()

    def put_on(self, number: int, way: Way, effect: Effect) -> None:
        """Let an effect work on a direction; ``number`` names it to `take_off`."""
        self._on.setdefault(number, {})[way] = effect
        self._lanes[way].effects.append(effect)
        self._wake()

    def take_off(self, number: int) -> None:
        """Let the effects of that number work no more.

        Where something was swallowed, that cannot be healed: it is reset, once nothing hides that any more.
        """
        for way, effect in self._on.pop(number, {}).items():
            self._lanes[way].effects.remove(effect)
        self._wake()
        if self.holed and not any(lane.barred for lane in self._lanes.values()):
            self.reset()

    def disguise(self, context: ssl.SSLContext) -> None:
        """Let the client meet this certificate; only before anything passed."""
        self._disguise = context

    def watch(self, point: "Breakpoint[Connection]") -> None:
        """Look for a breakpoint."""
        self._lanes[point.way].watches.append(Watch(point))

    def unwatch(self, point: "Breakpoint[Connection]") -> None:
        """Look for it no more."""
        lane = self._lanes[point.way]
        lane.watches = [watch for watch in lane.watches if watch.point is not point]

    # What its directions tell

    def sender_over(self, way: Way) -> None:
        """See `Owner.sender_over`."""
        if way == "up" and self._left is not None:
            self._left()
            self._left = None

    def direction_over(self) -> None:
        """See `Owner.direction_over`."""
        up, down = self._lanes["up"], self._lanes["down"]
        waited_for = (up.holed and not down.lost) or (down.holed and not up.lost)
        if up.source_over and down.source_over and not waited_for:
            self._scope.cancel()

    def receiver_lost(self, way: Way) -> None:
        """See `Owner.receiver_lost`: the reset travels against the direction, and meets what is in its way."""
        against: Way = "down" if way == "up" else "up"
        self.sender_over(against)
        lane = self._lanes[against]
        if lane.source_over:
            self.reset()
        else:
            lane.end(Ending.LOST, trio.current_time())
            self._pumps[against].wake()

    def _wake(self) -> None:
        for pump in self._pumps.values():
            pump.wake()

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        if self._nursery is None:
            self._awaited.append((seconds, action))
        else:
            self._nursery.start_soon(_later, seconds, action)


async def _later(seconds: float, action: Callable[[], None]) -> None:
    await trio.sleep(seconds)
    action()
