"""Doors to a scripted venue: what is asked for arrives and is answered, late or never, as a test says."""

from collections.abc import Callable
from dataclasses import dataclass

import trio

from feedtree.exchanges.private.order_doors import (
    CountdownRequest,
    PlaceRequest,
    Refused,
    Reply,
    Request,
    Unanswered,
)
from tests.exchanges.private.orders.scripted_venue import ScriptedVenue


@dataclass
class Way:
    """What happens to a request on its way; times are seconds.

    Args:
        opening: before its first byte.
        cut_before: the way ends before that.
        going: from the first byte until the venue has it.
        lost: it never gets there.
        held: how long the venue leaves it lying.
        coming: from there until the answer is back.
        unanswered: the answer never comes; ``cut`` tells when that is known, None for never.
        cut: see above.
        refusal: what the venue says instead of doing it.
        reply: what the door returns instead of the venue's answer.
    """

    opening: float = 0.0
    cut_before: bool = False
    going: float = 0.01
    lost: bool = False
    held: float = 0.0
    coming: float = 0.01
    unanswered: bool = False
    cut: float | None = None
    refusal: Refused | None = None
    reply: Reply | None = None


class ScriptedDoor:
    """A door whose ways are scripted; what it lets out stands in its log."""

    def __init__(self, name: str, venue: ScriptedVenue, nursery: trio.Nursery) -> None:
        self.name = name
        self.open = True
        self.usual = Way()
        self.ways: list[Way] = []
        self.log: list[Request] = []
        self.on_place: Callable[[], None] = lambda: None
        self._venue = venue
        self._nursery = nursery
        self._waiting: list[trio.Event] = []

    def takes(self, request: Request) -> bool:
        return self.name == "rest" or not isinstance(request, CountdownRequest)

    def cut(self) -> None:
        """End everything that is under way."""
        for over in self._waiting:
            over.set()

    async def send(self, request: Request, expires_ns: int, on_sent: Callable[[], None]) -> Reply:
        way = self.ways.pop(0) if self.ways else self.usual
        await trio.sleep(way.opening)
        if way.cut_before:
            return Unanswered(sent=False, why="cut before the first byte")
        on_sent()
        self.log.append(request)
        if isinstance(request, PlaceRequest):
            self.on_place()
        over = trio.Event()
        replies: list[Reply] = []
        self._waiting.append(over)
        self._nursery.start_soon(self._travel, request, expires_ns, way, replies, over)
        if way.cut is not None:
            self._nursery.start_soon(self._cut_after, way.cut, over)
        try:
            await over.wait()
        finally:
            self._waiting.remove(over)
        return replies[0] if replies else Unanswered(sent=True, why="the line was cut")

    async def _travel(
        self, request: Request, expires_ns: int, way: Way, replies: list[Reply], over: trio.Event
    ) -> None:
        """Go to the venue and back; what is on its way goes on when its sender is gone."""
        await trio.sleep(way.going)
        if way.lost:
            return
        await trio.sleep(way.held)
        reply = way.refusal or self._venue.do(request, expires_ns)
        await trio.sleep(way.coming)
        if not way.unanswered:
            replies.append(way.reply or reply)
            over.set()

    async def _cut_after(self, seconds: float, over: trio.Event) -> None:
        await trio.sleep(seconds)
        over.set()
