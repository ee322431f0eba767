"""The best levels of a book, followed from push to push."""

from bisect import bisect_left
from collections.abc import Iterable

from msgspec import Struct

from feedtree.ops.sim.market import Level, Market
from feedtree.ops.sim.orderbook import sides

_LOWEST = -(2**62)  # below every signed price


class Moved(Struct, frozen=True):
    """What a push tells.

    Args:
        first: the first id that it covers.
        last: the last one.
        bids: signed prices that changed; those that left the window are deleted.
        asks: the same for the other side.
    """

    first: int
    last: int
    bids: list[int]
    asks: list[int]


class Window:
    """The best ``levels`` of both sides as the last push left them.

    Following costs as much as changed, not as much as the window holds.

    Args:
        market: whose book.
        levels: a side.

    Attributes:
        held: signed price -> lots, in no order.
        last_id: the id that it stands at.
    """

    __slots__ = ("_floors", "_levels", "_market", "held", "last_id")

    def __init__(self, market: Market, levels: int) -> None:
        self._market = market
        self._levels = levels
        self._floors = {True: _LOWEST, False: _LOWEST}  # is bids -> the worst signed price inside
        self.last_id = 0
        self.held: dict[int, int] = {}

    def reset(self) -> None:
        """Take the book as it is now."""
        book = self._market.book
        keys = (*book.bids(self._levels), *book.asks(self._levels))
        self.held = {key: book.quantities[key] for key in keys}
        self._floors = {side: self._floor(book.ranked(bids=side)) for side in (True, False)}
        self.last_id = book.last_id

    def advance(self) -> Moved | None:
        """Move on to the book as it is now; None where no id came up."""
        book = self._market.book
        first, last = self.last_id + 1, book.last_id
        if last < first:
            return None
        changed = book.history.changed(self.last_id, last)
        self.last_id = last
        return Moved(first, last, self._follow(changed, bids=True), self._follow(changed, bids=False))

    def levels(self, keys: Iterable[int]) -> list[Level]:
        """Write levels with their quantity in the window, "0" for those that are not in it."""
        return self._market.levels(keys, self.held)

    def whole(self) -> tuple[list[Level], list[Level]]:
        """Write the whole window, bids and asks, each best first."""
        bids, asks = sides(self.held)
        return self.levels(bids), self.levels(asks)

    def _follow(self, changed: dict[int, int], *, bids: bool) -> list[int]:
        """Bring one side up to date; return every key that was touched within the window.

        A level that came and went between two pushes is told too, as gone: a REST book of the time between
        may show it. (Deletes of levels that a client never held are seen on the wire.)
        """
        ranked = self._market.book.ranked(bids=bids)
        before, floor = self._floors[bids], self._floor(ranked)
        self._floors[bids] = floor
        low = min(floor, before)
        moved = []
        for key, lots in changed.items():
            if (key > 0) is bids and key >= low:
                self._put(key, lots if key >= floor else 0)
                moved.append(key)
        if floor != before:
            moved += self._shift(ranked, min(floor, before), max(floor, before), floor)
        return moved

    def _shift(self, ranked: list[int], low: int, high: int, floor: int) -> list[int]:
        """Let levels that did not change themselves enter or leave: those between the old and the new floor."""
        quantities = self._market.book.quantities
        between = ranked[bisect_left(ranked, low) : bisect_left(ranked, high)]
        return [key for key in between if self._put(key, quantities[key] if key >= floor else 0)]

    def _put(self, key: int, lots: int) -> bool:
        """Hold a level (0: do not); return whether that is a change."""
        if self.held.get(key, 0) == lots:
            return False
        if lots:
            self.held[key] = lots
        else:
            del self.held[key]
        return True

    def _floor(self, ranked: list[int]) -> int:
        return ranked[-self._levels] if len(ranked) >= self._levels else _LOWEST
