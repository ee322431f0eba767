"""A matching engine for one symbol: limit orders, price-time priority, integers only.

Prices are counted in ticks and quantities in lots. A *key* is a signed price: ``+price`` for bids, ``-price``
for asks. So the best order of either side has the largest key of its side, a mapping of keys holds a whole
book, and an order crosses the other side's best exactly when the two keys add up to 0 or more.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator

from msgspec import Struct

from feedtree.ops.sim.history import History


class Order:
    """A resting or incoming limit order.

    Attributes:
        number: unique in its book, in order of arrival.
        key: signed price.
        lots: what is left of it.
        owned: whether it is an account's, and none of the random order flow.
        resting: whether it stands in the book.
        slot: its place in the book's list of live orders, -1 when it is not there.
    """

    __slots__ = ("key", "lots", "number", "owned", "resting", "slot")

    def __init__(self, number: int, key: int, lots: int, *, owned: bool = False) -> None:
        self.number = number
        self.key = key
        self.lots = lots
        self.owned = owned
        self.resting = False
        self.slot = -1

    @property
    def buys(self) -> bool:
        """Whether it is a bid."""
        return self.key > 0

    @property
    def price(self) -> int:
        """Its limit, in ticks."""
        return abs(self.key)


class Fill(Struct, frozen=True, gc=False):
    """One maker order met by one taker order.

    Args:
        price: the maker's, in ticks.
        lots: how much of both.
        taker_buys: the taker's side.
        maker: the maker's number.
        taker: the taker's number.
        at_ns: when.
    """

    price: int
    lots: int
    taker_buys: bool
    maker: int
    taker: int
    at_ns: int


class OrderBook:
    """All resting orders of one symbol.

    Args:
        first_id: the book's id before its first change; every change of a level's quantity counts one up.
        on_fill: told of every fill, in order.

    Attributes:
        history: what every id changed.
        quantities: the book, signed price -> lots.
        live: the resting orders that nobody owns: those of the random order flow, which may cancel them.
    """

    __slots__ = ("_arrivals", "_asks", "_bids", "_on_fill", "_queues", "history", "live", "quantities")

    def __init__(self, first_id: int, on_fill: Callable[[Fill], None]) -> None:
        self.history = History(first_id)
        self.quantities: dict[int, int] = {}  # key -> lots
        self.live: list[Order] = []
        self._queues: dict[int, dict[int, Order]] = {}  # key -> number -> order, in order of arrival
        self._bids: list[int] = []  # keys, the best last
        self._asks: list[int] = []
        self._arrivals = 0
        self._on_fill = on_fill

    @property
    def last_id(self) -> int:
        """The id of the newest change."""
        return self.history.last_id

    @property
    def best_bid(self) -> int | None:
        """The highest bid in ticks."""
        return self._bids[-1] if self._bids else None

    @property
    def best_ask(self) -> int | None:
        """The lowest ask in ticks."""
        return -self._asks[-1] if self._asks else None

    @property
    def next_number(self) -> int:
        """The number that the next order gets."""
        return self._arrivals + 1

    def bids(self, levels: int) -> list[int]:
        """Return the keys of the best bids, best first."""
        return self._bids[: -levels - 1 : -1]

    def asks(self, levels: int) -> list[int]:
        """Return the keys of the best asks, best first."""
        return self._asks[: -levels - 1 : -1]

    def ranked(self, *, bids: bool) -> list[int]:
        """Return the keys of a side, the best last. The book's own list: to be read at once, never changed."""
        return self._bids if bids else self._asks

    def crossing(self, key: int) -> Iterator[tuple[int, int]]:
        """Yield price and lots of the levels that an order of this signed price would meet, best first."""
        for other in reversed(self._asks if key > 0 else self._bids):
            if key + other < 0:
                return
            yield abs(other), self.quantities[other]

    def owned(self, *, bids: bool) -> bool:
        """Whether an account's order stands at the best price of a side."""
        keys = self.ranked(bids=bids)
        return bool(keys) and any(order.owned for order in self._queues[keys[-1]].values())

    def place(self, key: int, lots: int, at_ns: int, *, rest: bool = True, owned: bool = False) -> Order:
        """Match an order, and let what is left of it rest.

        Args:
            key: signed limit price in ticks.
            lots: its quantity, at least 1.
            at_ns: the engine's time.
            rest: False drops what is left (immediate or cancel).
            owned: it is an account's; the order flow does not see it among the `live` ones.
        """
        self._arrivals += 1
        order = Order(self._arrivals, key, lots, owned=owned)
        others = self._asks if key > 0 else self._bids
        while order.lots and others and key + others[-1] >= 0:
            self._match(order, others[-1], at_ns)
        if rest and order.lots:
            self._rest(order, at_ns)
        return order

    def cancel(self, order: Order, at_ns: int) -> None:
        """Take a resting order out; one that does not rest any more is left alone."""
        if order.resting:
            self._take(order, order.lots, at_ns)

    def reduce(self, order: Order, lots: int, at_ns: int) -> None:
        """Make a resting order smaller by some lots, fewer than it has; it keeps its place."""
        self._take(order, lots, at_ns)

    def hit(self, order: Order, lots: int, at_ns: int) -> None:
        """Let somebody take from this very order, whatever stands before it."""
        self._arrivals += 1
        lots = min(order.lots, lots)
        self._take(order, lots, at_ns)
        self._on_fill(Fill(order.price, lots, not order.buys, order.number, self._arrivals, at_ns))

    def clear(self, key: int, at_ns: int) -> None:
        """Cancel the order flow's orders that an order of this signed price would meet."""
        for order in [order for order in self.live if key + order.key >= 0 and order.buys != (key > 0)]:
            self.cancel(order, at_ns)

    def at(self, number: int) -> dict[int, int] | None:
        """Return the book as it stood at an id, key -> lots; None where that id is not known."""
        if not self.history.oldest_id <= number <= self.last_id:
            return None
        return self.history.rewind(self.quantities, number)

    def _match(self, taker: Order, key: int, at_ns: int) -> None:
        queue = self._queues[key]
        maker = next(iter(queue.values()))
        lots = min(maker.lots, taker.lots)
        taker.lots -= lots
        self._take(maker, lots, at_ns)
        self._on_fill(Fill(abs(key), lots, taker.key > 0, maker.number, taker.number, at_ns))

    def _rest(self, order: Order, at_ns: int) -> None:
        key = order.key
        before = self.quantities.get(key, 0)
        if not before:
            insort(self._bids if key > 0 else self._asks, key)
            self._queues[key] = {}
        self._queues[key][order.number] = order
        order.resting = True
        if not order.owned:
            order.slot = len(self.live)
            self.live.append(order)
        self._change(key, before, before + order.lots, at_ns)

    def _take(self, order: Order, lots: int, at_ns: int) -> None:
        order.lots -= lots
        before = self.quantities[order.key]
        if not order.lots:
            self._remove(order)
        self._change(order.key, before, before - lots, at_ns)

    def _remove(self, order: Order) -> None:
        order.resting = False
        if not order.owned:
            self._forget(order)
        queue = self._queues[order.key]
        del queue[order.number]
        if not queue:
            del self._queues[order.key]
            keys = self._bids if order.key > 0 else self._asks
            del keys[bisect_left(keys, order.key)]

    def _forget(self, order: Order) -> None:
        last = self.live.pop()
        if last is not order:
            self.live[order.slot] = last
            last.slot = order.slot
        order.slot = -1

    def _change(self, key: int, before: int, after: int, at_ns: int) -> None:
        if after:
            self.quantities[key] = after
        else:
            del self.quantities[key]
        self.history.record(key, before, after, at_ns)


def sides(book: dict[int, int]) -> tuple[list[int], list[int]]:
    """Return the keys of a whole book, bids and asks, each best first."""
    keys = sorted(book, reverse=True)
    split = next((index for index, key in enumerate(keys) if key < 0), len(keys))
    return keys[:split], keys[split:]
