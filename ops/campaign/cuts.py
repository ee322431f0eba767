"""Cuts at named points of an account's talk with its venue, by a proxy that stands between them."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from enum import StrEnum
from typing import Literal, TypeAlias

import trio
from msgspec import Struct

from feedtree.ops.chaos.connection import Connection
from feedtree.ops.chaos.proxy import Proxy
from feedtree.ops.chaos.stops import Breakpoint
from feedtree.ops.sim.markets import GATEIO, MEXC

How: TypeAlias = Literal["reset", "close", "reset_all"]
HOW: Sequence[How] = ("reset", "close", "reset_all")
"""Reset or close the connection that is at the point, or reset all that the account has."""

_ON_ITS_WAY = 0.02  # seconds that the rest of an answer is given to arrive


class Point(StrEnum):
    """Where a connection is cut."""

    BEFORE_SEND = "before send"  # `place` is called, and no byte has left
    BEFORE_ARRIVAL = "before arrival"  # the order has left, and does not arrive
    BEFORE_ACK = "before ack"  # it has arrived, and nothing of an answer comes back
    BEFORE_FILL = "before fill"  # its answer has come back; the next push of a fill does not come
    COMPARING = "comparing"  # an account is compared with its venue
    RENEWING = "renewing"  # a listen key is prolonged


class _Order(Struct, frozen=True):
    """How an order is seen on the wire.

    Args:
        request: a text of its request.
        answer: a text of the first frame that answers; None where whatever comes next does, over HTTP.
    """

    request: bytes
    answer: bytes | None = None


class _Words(Struct, frozen=True):
    """What a venue's points are found by.

    Args:
        orders: requests that place an order.
        fill: of the push of a fill, and of nothing else.
        compares: of a request that comparisons make, and nothing else.
        prolongs: of a request that prolongs a listen key; None where there are none.
    """

    orders: tuple[_Order, ...]
    fill: bytes
    compares: bytes
    prolongs: bytes | None = None


_WORDS: Mapping[str, _Words] = {
    GATEIO: _Words(
        orders=(
            _Order(b'"channel":"spot.order_place"', b'"channel":"spot.order_place"'),
            _Order(b"POST /api/v4/spot/orders"),
        ),
        fill=b'"channel":"spot.usertrades","event":"update"',
        compares=b"GET /api/v4/spot/accounts",
    ),
    MEXC: _Words(
        orders=(_Order(b"POST /api/v3/order"),),
        fill=b"\x1cspot@private.deals.v3.api.pb",  # with its length, as only protobuf has it
        compares=b"GET /api/v3/account?",
        prolongs=b"PUT /api/v3/userDataStream",
    ),
}


def points(venue: str) -> tuple[Point, ...]:
    """Return the points that a venue has."""
    return tuple(point for point in Point if point is not Point.RENEWING or _WORDS[venue].prolongs)


class Cutter:
    """Cuts an account's connections.

    Args:
        proxy: carries them, and nothing else; opened with ``frames=True``.
        venue: ``gateio.spot``.

    Attributes:
        cuts: how many fell at each point.
    """

    def __init__(self, proxy: Proxy, venue: str) -> None:
        self.cuts: Counter[Point] = Counter()
        self._proxy = proxy
        self._words = _WORDS[venue]
        self._called: list[tuple[trio.Event, How]] = []  # those who wait for the next call of `place`
        self._carried: Connection | None = None  # the last order
        self._at: Mapping[Point, Callable[[How], Awaitable[None]]] = {
            Point.BEFORE_SEND: self._before_send,
            Point.BEFORE_ARRIVAL: self._before_arrival,
            Point.BEFORE_ACK: self._before_ack,
            Point.BEFORE_FILL: self._before_fill,
            Point.COMPARING: self._comparing,
            Point.RENEWING: self._renewing,
        }

    async def watch(self) -> None:
        """Take note of the connections that orders take, until cancelled: the next one takes the same."""
        async with trio.open_nursery() as nursery:
            for order in self._words.orders:
                nursery.start_soon(self._follow, order)

    async def _follow(self, order: _Order) -> None:
        while True:
            async with self._proxy.breakpoint("up", text=order.request, stand="behind") as request:
                self._carried = await request.reached()

    async def cut(self, point: Point, how: How, within: float) -> None:
        """Cut when the point is reached for the next time, if that is soon enough.

        Args:
            point: where.
            how: what happens to the connection.
            within: seconds.
        """
        with trio.move_on_after(within):
            await self._at[point](how)

    def calling(self) -> None:
        """Note that `place` is about to be called."""
        if self._called and self._carried is not None and self._carried in self._proxy.connections:
            called, how = self._called.pop(0)
            called.set()
            self._cut(Point.BEFORE_SEND, how, self._carried)

    def _cut(self, point: Point, how: How, where: Connection) -> None:
        self.cuts[point] += 1
        for connection in self._proxy.connections if how == "reset_all" else (where,):
            if how == "close":
                connection.close()
            else:
                connection.reset()

    async def _before_send(self, how: How) -> None:
        waiting = called, _ = trio.Event(), how
        self._called.append(waiting)
        try:
            await called.wait()
        finally:
            if not called.is_set():
                self._called.remove(waiting)

    async def _before_arrival(self, how: How) -> None:
        async with self._ordered() as (_, request):
            self._cut(Point.BEFORE_ARRIVAL, how, await request.reached())

    async def _before_ack(self, how: How) -> None:
        async with self._ordered() as (order, request):
            where = await request.reached()
            async with self._answer(order, where, "before") as answer:
                request.release()
                self._cut(Point.BEFORE_ACK, how, await answer.reached())

    async def _before_fill(self, how: How) -> None:
        async with self._ordered() as (order, request):
            where = await request.reached()
            async with (
                self._answer(order, where, "behind") as answer,
                self._proxy.breakpoint("down", text=self._words.fill) as fill,
            ):
                request.release()
                await answer.reached()
                answer.release()
                await trio.sleep(_ON_ITS_WAY)
                self._cut(Point.BEFORE_FILL, how, await fill.reached())

    async def _comparing(self, how: How) -> None:
        async with self._proxy.breakpoint("up", text=self._words.compares) as request:
            self._cut(Point.COMPARING, how, await request.reached())

    async def _renewing(self, how: How) -> None:
        async with self._proxy.breakpoint("up", text=self._words.prolongs) as request:
            self._cut(Point.RENEWING, how, await request.reached())

    @asynccontextmanager
    async def _ordered(self) -> AsyncIterator[tuple[_Order, Breakpoint[Connection]]]:
        """Wait until the request of an order stands before the venue, by whichever door."""
        async with AsyncExitStack() as stack:
            doors = [
                (order, await stack.enter_async_context(self._proxy.breakpoint("up", text=order.request)))
                for order in self._words.orders
            ]
            first: list[tuple[_Order, Breakpoint[Connection]]] = []
            async with trio.open_nursery() as nursery:

                async def watch(order: _Order, request: Breakpoint[Connection]) -> None:
                    await request.reached()
                    first.append((order, request))
                    nursery.cancel_scope.cancel()

                for order, request in doors:
                    nursery.start_soon(watch, order, request)
            yield first[0]

    def _answer(
        self, order: _Order, where: Connection, stand: Literal["before", "behind"]
    ) -> AbstractAsyncContextManager[Breakpoint[Connection]]:
        """Stop the answer to an order on its connection."""
        if order.answer is not None:
            return self._proxy.breakpoint("down", text=order.answer, stand=stand, only=(where,))
        return self._proxy.breakpoint("down", byte=0 if stand == "before" else 1, only=(where,))
