"""The best levels of a book, followed from push to push."""

from collections.abc import Iterable
from dataclasses import dataclass

from feedtree.ops.sim.market import Level, Market


@dataclass(frozen=True, slots=True)
class Moved:
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

    Args:
        market: whose book.
        levels: a side.
    """

    __slots__ = ("_levels", "_market", "held", "last_id")

    def __init__(self, market: Market, levels: int) -> None:
        self._market = market
        self._levels = levels
        self.last_id = 0
        self.held: dict[int, int] = {}  # signed price -> lots, bids then asks, each best first

    def reset(self) -> None:
        """Take the book as it is now."""
        self.held = self._now()
        self.last_id = self._market.book.last_id

    def advance(self) -> Moved | None:
        """Move on to the book as it is now; None where no id came up."""
        last = self._market.book.last_id
        if last == self.last_id:
            return None
        before, held = self.held, self._now()
        changed = {key for key, _ in held.items() ^ before.items()}
        moved = Moved(
            self.last_id + 1, last, [key for key in changed if key > 0], [key for key in changed if key < 0]
        )
        self.held = held
        self.last_id = last
        return moved

    def levels(self, keys: Iterable[int]) -> list[Level]:
        """Write levels with their quantity in the window, "0" for those that are not in it."""
        return self._market.levels(keys, self.held)

    def whole(self) -> tuple[list[Level], list[Level]]:
        """Write the whole window, bids and asks, each best first."""
        return self.levels(key for key in self.held if key > 0), self.levels(
            key for key in self.held if key < 0
        )

    def _now(self) -> dict[int, int]:
        book = self._market.book
        quantities = book.quantities
        return {key: quantities[key] for key in (*book.bids(self._levels), *book.asks(self._levels))}
