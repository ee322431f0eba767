"""Trades that two connections tell, each once. Pure: times are arguments."""

from collections import OrderedDict
from collections.abc import Hashable

from feedtree.exchanges.public.codec import MADE_UP
from feedtree.exchanges.public.messages import Trade

REMEMBERED = 10.0  # seconds: by so much the slower connection may be behind the faster one
MOST = 4096  # trades of one topic that are remembered


class _Told:
    """One trade, or some that cannot be told apart."""

    __slots__ = ("at", "by", "count", "slot", "venue_ns")

    def __init__(self, slot: str, venue_ns: int, at: float) -> None:
        self.slot = slot
        self.venue_ns = venue_ns
        self.at = at
        self.count = 0  # how many were told to consumers
        self.by: dict[int, int] = {}  # generation -> how many it brought


class ToldTrades:
    """The trades of one topic that were told lately.

    A trade with an id of the venue's own is told once. Where ids are made up, trades of one time, price, size and
    side cannot be told apart: as many are told as the connection brought that brought most of them. One is missed
    where the connection that brought it first ended amid such trades, and the other one began amid them.

    What is older than all that is remembered was told, or is given up: twice would be worse. Not so a trade that was
    fetched since it was missed: that it was not told is known.
    """

    __slots__ = ("_forgotten", "_told")

    def __init__(self) -> None:
        self._told: OrderedDict[Hashable, _Told] = OrderedDict()
        self._forgotten: dict[str, int] = {}  # slot -> the newest time of what it told, and nobody remembers

    def news(self, trade: Trade, slot: str, generation: int, now: float) -> bool:
        """Note a trade; return whether consumers have not got it yet.

        Args:
            trade: as it came.
            slot: on which connection.
            generation: by which incarnation.
            now: trio time.
        """
        self._forget(now)
        venue_ns = trade.venue_ns or 0
        made_up = trade.id.startswith(MADE_UP)
        key: Hashable = (venue_ns, trade.price, trade.size, trade.side) if made_up else trade.id
        told = self._told.get(key)
        if told is None:
            if not trade.recovered and self._is_old(venue_ns, slot):
                return False
            told = self._told[key] = _Told(slot, venue_ns, now)
        elif not made_up:
            return False
        brought = told.by[generation] = told.by.get(generation, 0) + 1
        if brought <= told.count:
            return False
        told.count = brought
        return True

    def _is_old(self, venue_ns: int, slot: str) -> bool:
        return any(venue_ns <= newest for name, newest in self._forgotten.items() if name != slot)

    def _forget(self, now: float) -> None:
        told = self._told
        while told:
            oldest = next(iter(told.values()))
            if oldest.at > now - REMEMBERED and len(told) < MOST:
                break
            told.popitem(last=False)
            self._forgotten[oldest.slot] = max(self._forgotten.get(oldest.slot, 0), oldest.venue_ns)
