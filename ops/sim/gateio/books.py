"""Gate.io's book streams: ``spot.obu``, ``spot.order_book_update`` and ``spot.order_book``."""

from typing import ClassVar

from feedtree.ops.sim.gateio.envelope import obu_push, push
from feedtree.ops.sim.market import Level, Market
from feedtree.ops.sim.streams import TICKS_PER_S, Stream
from feedtree.ops.sim.switches import GateioSwitches
from feedtree.ops.sim.window import Moved, Window

OBU_PERIODS = {400: 10, 50: 2}  # levels -> ticks
UPDATE_LEVELS = {"100ms": (10, 100), "20ms": (2, 20)}  # speed -> (ticks, levels)
BOOK_LEVELS = (5, 10, 20, 50, 100)
BOOK_PERIODS = {"100ms": 10, "1000ms": TICKS_PER_S}


def moved_ms(market: Market) -> int:
    """Return when a market's book last changed, in milliseconds."""
    return market.book.history.last_at_ns // 1_000_000


class ObuStream(Stream):
    """``spot.obu``: a whole book on subscribing, then changes.

    Args:
        market: whose book.
        levels: 400 or 50.
        switches: of the venue.
    """

    is_book: ClassVar[bool] = True

    def __init__(self, market: Market, levels: int, switches: GateioSwitches) -> None:
        super().__init__(OBU_PERIODS[levels])
        self._market = market
        self._name = f"ob.{market.wire}.{levels}"
        self._window = Window(market, levels)
        self._switches = switches
        self._told = 0

    def start(self) -> None:
        """See `Stream`."""
        self._window.reset()

    def welcome(self, now_ns: int) -> list[bytes]:
        """Return the whole book, at the id where the next change joins."""
        return [self._whole(now_ns)]

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        moved = self._window.advance()
        if moved is None:
            return []
        self._told += 1
        every = self._switches.obu_full_every
        if every and self._told % every == 0:
            return [self._whole(now_ns)]
        return [obu_push(self._delta(moved), now_ns)]

    def _whole(self, now_ns: int) -> bytes:
        bids, asks = self._window.whole()
        result = {"t": moved_ms(self._market), "full": True, "s": self._name, "u": self._window.last_id}
        return obu_push({**result, "b": bids, "a": asks}, now_ns)

    def _delta(self, moved: Moved) -> dict[str, object]:
        result: dict[str, object] = {
            "t": moved_ms(self._market),
            "s": self._name,
            "U": moved.first,
            "u": moved.last,
        }
        if moved.bids:
            result["b"] = self._window.levels(moved.bids)
        if moved.asks:
            result["a"] = self._window.levels(moved.asks)
        return result


class UpdateStream(Stream):
    """``spot.order_book_update``: changes of a window, joined to a REST book by the client.

    Args:
        market: whose book.
        speed: ``100ms`` or ``20ms``.
        switches: of the venue.
    """

    is_book: ClassVar[bool] = True

    def __init__(self, market: Market, speed: str, switches: GateioSwitches) -> None:
        period, self._levels = UPDATE_LEVELS[speed]
        super().__init__(period)
        self._market = market
        self._window = Window(market, self._levels)
        self._switches = switches

    def start(self) -> None:
        """See `Stream`."""
        self._window.reset()

    def welcome(self, now_ns: int) -> list[bytes]:
        """Return the whole window, where the switch ``update_first`` asks for it."""
        form = self._switches.update_first
        if form == "delta":
            return []
        bids, asks = self._window.whole()
        result = self._result(self._window.last_id, self._window.last_id, bids, asks)
        if form == "full":
            result["full"] = True
        return [push("spot.order_book_update", result, now_ns)]

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        moved = self._window.advance()
        if moved is None:
            return []
        bids, asks = self._sides(moved)
        return [push("spot.order_book_update", self._result(moved.first, moved.last, bids, asks), now_ns)]

    def _sides(self, moved: Moved) -> tuple[list[Level], list[Level]]:
        if self._switches.update_order == "sorted":
            moved.bids.sort(reverse=True)
            moved.asks.sort(reverse=True)
        bids, asks = self._window.levels(moved.bids), self._window.levels(moved.asks)
        if self._switches.update_strays and (best := self._market.book.best_bid):
            bids.append([self._market.price_text(max(1, best // 2)), "0"])
        return bids, asks

    def _result(self, first: int, last: int, bids: list[Level], asks: list[Level]) -> dict[str, object]:
        ms = moved_ms(self._market)
        result: dict[str, object] = {
            "t": ms,
            "e": "depthUpdate",
            "E": ms // 1_000,
            "s": self._market.wire,
            "U": first,
            "u": last,
            "b": bids,
            "a": asks,
        }
        if self._switches.update_level:
            result["l"] = str(self._levels)
        return result


class WholeBookStream(Stream):
    """``spot.order_book``: the best levels whenever the book changed.

    Args:
        market: whose book.
        levels: a side.
        speed: ``100ms`` or ``1000ms``.
    """

    is_book: ClassVar[bool] = True

    def __init__(self, market: Market, levels: int, speed: str) -> None:
        super().__init__(BOOK_PERIODS[speed])
        self._market = market
        self._levels = levels
        self._window = Window(market, levels)

    def start(self) -> None:
        """See `Stream`."""
        self._window.reset()

    def welcome(self, now_ns: int) -> list[bytes]:
        """Return the book as the last push left it."""
        return [self._whole(now_ns)]

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        moved = self._window.advance()
        return [self._whole(now_ns)] if moved and (moved.bids or moved.asks) else []

    def _whole(self, now_ns: int) -> bytes:
        bids, asks = self._window.whole()
        result = {
            "t": moved_ms(self._market),
            "lastUpdateId": self._window.last_id,
            "s": self._market.wire,
            "l": str(self._levels),
            "bids": bids,
            "asks": asks,
        }
        return push("spot.order_book", result, now_ns)
