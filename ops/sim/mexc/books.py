"""MEXC's book streams: ``aggre.depth`` and ``limit.depth``."""

import random
from typing import ClassVar

from feedtree.exchanges.mexc.proto import spot_pb2 as pb
from feedtree.ops.sim import decimals
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.mexc.envelope import push
from feedtree.ops.sim.streams import Stream
from feedtree.ops.sim.switches import MexcSwitches
from feedtree.ops.sim.window import Window

PERIODS = {"10ms": 1, "100ms": 10}  # speed -> ticks
LIMIT_LEVELS = (5, 10, 20)
_LIMIT_PERIOD = 10


def order_time_ms(market: Market, rng: random.Random) -> int:
    """Return ``lastOrderCreateTime``, which is near the last change and may go back."""
    return market.book.history.last_at_ns // 1_000_000 - rng.getrandbits(3)


def wrapper(topic: str, market: Market, now_ns: int) -> pb.PushDataV3ApiWrapper:
    """Return the envelope of all pushes but candles."""
    return pb.PushDataV3ApiWrapper(channel=topic, symbol=market.wire, sendTime=now_ns // 1_000_000)


class AggreDepthStream(Stream):
    """``aggre.depth``: all changes of the whole book, merged over a window.

    Args:
        topic: the whole topic.
        event: the topic without its symbol.
        speed: ``10ms`` or ``100ms``.
        market: whose book.
        switches: of the venue.
        rng: of the venue.
    """

    is_book: ClassVar[bool] = True

    def __init__(
        self, topic: str, event: str, speed: str, market: Market, switches: MexcSwitches, rng: random.Random
    ) -> None:
        super().__init__(PERIODS[speed])
        self._topic = topic
        self._event = event
        self._market = market
        self._switches = switches
        self._rng = rng
        self._last_id = 0

    def start(self) -> None:
        """See `Stream`."""
        self._last_id = self._market.book.last_id

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        first, last = self._last_id + 1, self._market.book.last_id
        if last < first:
            return [self._push({}, last, last, now_ns)] if self._switches.empty_pushes else []
        self._last_id = last
        return [self._push(self._market.book.history.changed(first - 1, last), first, last, now_ns)]

    def _push(self, changed: dict[int, int], first: int, last: int, now_ns: int) -> bytes:
        frame = wrapper(self._topic, self._market, now_ns)
        body = frame.publicAggreDepths
        keys = sorted(changed, reverse=True)  # bids descending, then asks ascending
        price, quantity = self._market.price_text, self._market.size_text
        deleted = self._switches.deleted_quantity
        for key in keys:
            side = body.bids if key > 0 else body.asks
            lots = changed[key]
            side.add(price=price(abs(key)), quantity=quantity(lots) if lots else deleted)
        body.eventType = self._event
        body.fromVersion = str(first)
        body.toVersion = str(last)
        if self._switches.fields_2026:
            body.lastOrderCreateTime = order_time_ms(self._market, self._rng)
        return push(frame)


class LimitDepthStream(Stream):
    """``limit.depth``: the best levels, whole, whenever they changed.

    Args:
        topic: the whole topic.
        event: the topic without symbol and level.
        levels: 5, 10 or 20.
        market: whose book.
        switches: of the venue.
        rng: of the venue.
    """

    is_book: ClassVar[bool] = True

    def __init__(
        self, topic: str, event: str, levels: int, market: Market, switches: MexcSwitches, rng: random.Random
    ) -> None:
        super().__init__(_LIMIT_PERIOD)
        self._topic = topic
        self._event = event
        self._market = market
        self._switches = switches
        self._rng = rng
        self._window = Window(market, levels)
        self._own_version = 0
        self._first = True

    def start(self) -> None:
        """See `Stream`."""
        self._window.reset()

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        moved = self._window.advance()
        tells = self._first or bool(moved and (moved.bids or moved.asks))
        self._first = False
        return [self._whole(now_ns)] if tells else []

    def _whole(self, now_ns: int) -> bytes:
        self._own_version += 1
        frame = wrapper(self._topic, self._market, now_ns)
        body = frame.publicLimitDepths
        listing = self._market.listing
        for key, lots in sorted(self._window.held.items(), reverse=True):
            side = body.bids if key > 0 else body.asks
            side.add(  # this channel alone pads to fixed decimals
                price=decimals.fixed(abs(key), listing.price_decimals),
                quantity=decimals.fixed(lots, listing.size_decimals),
            )
        body.eventType = self._event
        body.version = str(self._window.last_id if self._switches.shared_versions else self._own_version)
        if self._switches.fields_2026:
            body.lastOrderCreateTime = order_time_ms(self._market, self._rng)
        return push(frame)
