"""One order book: a dict of sizes beside a sorted list of prices. Pure and synchronous.

Each side keeps its prices so that the best one is last (bids ascending, asks as negative numbers): most changes
are near the best price, so inserting and deleting moves little memory, however deep the book is. Dict and list hold
the same floats, for these are most of a book's memory.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from itertools import islice
from math import inf

from feedtree.exchanges.public.messages import BookDelta, BookState, BookView
from feedtree.exchanges.side import Side

Levels = Iterable[tuple[float, float]]


class BadLevel(ValueError):
    """A level whose price or size is no number that a book can hold."""

    def __init__(self, price: float, size: float) -> None:
        super().__init__(f"price {price}, size {size}: expected 0 < price < inf and 0 <= size < inf")


class BookSide:
    """One side of a book.

    Args:
        sign: 1.0 for bids (the highest price is best), -1.0 for asks (the lowest is best).
        window: the best so many levels are kept, since the venue tells of no others; 0 keeps all.

    Attributes:
        keys: sign * price, ascending: the best is last. Always the same list.
    """

    __slots__ = ("_sign", "_sizes", "keys", "window")

    def __init__(self, sign: float, window: int = 0) -> None:
        self._sign = sign
        self.window = window
        self.keys: list[float] = []
        self._sizes: dict[float, float] = {}  # key -> size

    def __len__(self) -> int:
        return len(self.keys)

    def load(self, levels: Levels) -> None:
        """Replace the whole side; levels of size 0 are left out.

        Raises:
            BadLevel: the side is then unchanged.
        """
        sizes: dict[float, float] = {}
        bids = self._sign > 0.0
        for price, size in levels:
            if not (0.0 < price < inf and 0.0 <= size < inf):
                raise BadLevel(price, size)
            if size:
                sizes[price if bids else -price] = size
        self._sizes = sizes
        self.keys[:] = sorted(sizes)

    def apply(self, levels: Levels) -> None:
        """Set each level to its new absolute size; 0 deletes it, whether it is held or not.

        Raises:
            BadLevel: the levels before it have been applied; the book must be resynced.
        """
        sizes = self._sizes
        bids = self._sign > 0.0
        for price, size in levels:
            if not (0.0 < price < inf and 0.0 <= size < inf):
                raise BadLevel(price, size)
            key = price if bids else -price
            if size:
                if key not in sizes:
                    insort(self.keys, key)
                sizes[key] = size
            elif sizes.pop(key, None) is not None:
                keys = self.keys
                del keys[bisect_left(keys, key)]
        if self.window and len(self.keys) > self.window:
            self._trim()

    def _trim(self) -> None:
        """Drop what lies outside the window: nobody would tell of its changes."""
        keys = self.keys
        outside = keys[: -self.window]
        del keys[: -self.window]
        for key in outside:
            del self._sizes[key]

    def worst(self) -> float | None:
        """Return the key of the worst level where the window is full, so that worse ones may exist."""
        return self.keys[0] if self.window and len(self.keys) >= self.window else None

    def count_from(self, key: float) -> int:
        """Return the number of levels that are at least as good as this key."""
        return len(self.keys) - bisect_left(self.keys, key)

    def top(self, levels: int | None = None) -> tuple[tuple[float, float], ...]:
        """Return (price, size) best first, at most so many levels; None is all of them."""
        sizes = self._sizes
        sign = self._sign
        return tuple([(sign * key, sizes[key]) for key in islice(reversed(self.keys), levels)])

    def since(self, other: "BookSide") -> list[tuple[float, float]]:
        """Return the levels that make this side of the other one: (price, size), a size of 0 for one that is gone."""
        sizes, before, sign = self._sizes, other._sizes, self._sign
        changed = [(sign * key, size) for key, size in sizes.items() if before.get(key) != size]
        return changed + [(sign * key, 0.0) for key in before if key not in sizes]

    def volume_to(self, price: float) -> float:
        """Return the summed size from the best price to this one, inclusive; costs the levels between."""
        limit = self._sign * price
        sizes = self._sizes
        total = 0.0
        for key in reversed(self.keys):
            if key < limit:
                break
            total += sizes[key]
        return total


class OrderBook:
    """A book and where it stands.

    Attributes:
        state: only a LIVE book equals the venue's.
        sequence: the venue's id of the last change in it; 0 before the first.
        version: counts every change made here, also across resyncs.
        depth: the number of levels a side to which the venue keeps us informed.
        crossed: the best bid is not below the best ask: such a book is wrong.
        floors: the keys of the worst bid and ask that are trusted, None for a side that is trusted to its end; None
            where both are.
        changed_ns: when the last change was received.
        venue_ns: the engine's time of the last change, None where the venue does not say.
        sent_ns: the gateway's time of the last change, None where the venue does not say.
    """

    __slots__ = (
        "_ask_keys",
        "_bid_keys",
        "asks",
        "bids",
        "changed_ns",
        "crossed",
        "depth",
        "floors",
        "sent_ns",
        "sequence",
        "state",
        "venue_ns",
        "version",
    )

    def __init__(self, depth: int, window: int = 0) -> None:
        self.bids = BookSide(1.0, window)
        self.asks = BookSide(-1.0, window)
        self._bid_keys = self.bids.keys
        self._ask_keys = self.asks.keys
        self.state = BookState.SYNCING
        self.sequence = 0
        self.version = 0
        self.depth = depth
        self.crossed = False
        self.floors: tuple[float | None, float | None] | None = None
        self.changed_ns = 0
        self.venue_ns: int | None = None
        self.sent_ns: int | None = None

    @property
    def live(self) -> bool:
        """True while the book equals the venue's."""
        return self.state is BookState.LIVE

    @property
    def true_depth(self) -> int:
        """The number of levels a side that are known to equal the venue's."""
        if self.floors is None:
            return self.depth
        counts = [
            side.count_from(floor)
            for side, floor in zip((self.bids, self.asks), self.floors, strict=True)
            if floor is not None
        ]
        return min(self.depth, *counts)

    def doubt_beyond(self) -> None:
        """Trust no level that is worse than the worst ones held now.

        To be called when a change straddles the snapshot that was just loaded: a level that stood outside the
        snapshot's window, and is inside again after the change without having been touched, is told by neither.
        """
        floors = (self.bids.worst(), self.asks.worst())
        self.floors = None if floors == (None, None) else floors

    @property
    def doubtful(self) -> bool:
        """True where less than half of the window can be trusted any more: time for a new snapshot."""
        return self.floors is not None and self.true_depth < self.depth / 2

    def load(self, sequence: int, bids: Levels, asks: Levels) -> None:
        """Replace the whole book.

        Raises:
            BadLevel: a side may then be replaced and the other not; the book must be resynced.
        """
        self.bids.load(bids)
        self.asks.load(asks)
        self.floors = None
        self.sequence = sequence
        self.version += 1
        self._meet()

    def apply(self, change: BookDelta) -> None:
        """Make one change; the caller has checked that it follows.

        Raises:
            BadLevel: the change is half made; the book must be resynced.
        """
        if change.bids:
            self.bids.apply(change.bids)
        if change.asks:
            self.asks.apply(change.asks)
        self.sequence = change.last
        self.version += 1
        self.changed_ns = change.received_ns
        self.venue_ns = change.venue_ns
        self.sent_ns = change.sent_ns
        self._meet()

    def _meet(self) -> None:
        bids = self._bid_keys
        asks = self._ask_keys
        self.crossed = bool(bids and asks) and bids[-1] + asks[-1] >= 0.0

    def volume_to(self, side: Side, price: float) -> float:
        """Return what a taker of this side finds up to a price, inclusive, in base units.

        Args:
            side: the taker's: BUY takes asks, SELL takes bids.
            price: the worst price that is accepted.
        """
        return (self.asks if side is Side.BUY else self.bids).volume_to(price)

    def view(self, depth: int | None, now_ns: int) -> BookView:
        """Return an immutable look, to so many levels a side (None: all that is held)."""
        return BookView(
            self.state,
            self.sequence,
            self.bids.top(depth),
            self.asks.top(depth),
            self.true_depth,
            self.changed_ns,
            now_ns,
        )
