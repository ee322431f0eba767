"""What a bare client takes to be back on the same ground: the part of every return that is the machine's.

It dials a proxy of its own that no fault meets, asks for what a stream of the campaign asks for, waits for the first
datum and leaves; in the tree's process, so that it waits for the same event loop. It has no supervisor, no budget, no
books, and nothing to come back from.
"""

from collections import deque
from contextlib import suppress

import trio

from feedtree.exchanges.public.codec import PublicCodec, WireTopic
from feedtree.exchanges.public.messages import MarketData
from feedtree.exchanges.wire.burst import open_burst
from feedtree.exchanges.wire.connection import Wire
from feedtree.exchanges.wire.target import Target
from feedtree.ops.chaos.campaign.arena import Arena
from feedtree.ops.chaos.campaign.ground import CERTIFICATE
from feedtree.ops.chaos.campaign.spread import Spread, spread
from feedtree.ops.chaos.rerouting import led
from feedtree.supervisors.verdicts import Retryable

VENUE = "gateio.spot"  # the one whose first datum is asked for at once
_EVERY = 2.0  # seconds
_WITHIN = 2.0  # seconds; what takes longer is no measure of anything
_KEPT = 1_000  # of the newest times


class Yardstick:
    """Measures again and again.

    Args:
        arena: on whose ground, with a stream at `VENUE`.

    Attributes:
        found: how long it took, in seconds, the newest times.
    """

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self.found: deque[float] = deque(maxlen=_KEPT)

    async def run(self) -> None:
        """Measure until cancelled; nothing where the campaign has no public stream there."""
        feeds = [track.websocket.feed for track in self._arena.public() if track.line.venue == VENUE]
        if not feeds:
            return
        feed = feeds[0]
        (slot, *_) = feed.plan()[0].slots.values()
        topics = [strand.record.wire for strand in slot.strands.values()]
        while True:
            await trio.sleep(_EVERY)
            with suppress(Retryable), trio.move_on_after(_WITHIN):
                self.found.append(await self._measure(feed.venue.codec(feed.symbols), topics))

    def spread(self) -> Spread | None:
        """Return how long it took, in seconds; None where it never worked."""
        return spread(self.found)

    async def _measure(self, codec: PublicCodec, topics: list[WireTopic]) -> float:
        ground = self._arena.ground
        url = led(ground.venues[VENUE].ws, self._arena.address(ground.spare))
        began = trio.current_time()
        async with open_burst(Target(url, ca_file=CERTIFICATE), ground.plain) as wire:
            await _first_datum(wire, codec, topics, ground.wall_ns())
            return trio.current_time() - began


async def _first_datum(wire: Wire, codec: PublicCodec, topics: list[WireTopic], now_ns: int) -> None:
    for request in codec.subscribe(topics, now_ns / 1e9):
        await wire.send(request.frame)
    while True:
        came = codec.decode(await wire.receive(), now_ns)
        if any(isinstance(each, MarketData) for each in came):
            return
