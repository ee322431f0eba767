"""Random order flow around a hidden fair price, which both venues share."""

import math
import random

from feedtree.ops.sim.orderbook import OrderBook

_SIGMA = 0.00004  # relative move of a fair price in one second, one standard deviation
_SCALE = 0.002  # half the mean relative distance of a resting order from the fair price; most are much nearer
_TAKERS = 0.05  # share of events that take at once, besides those who take stale quotes
_MAX_LOTS = 2**40


class FairPrice:
    """What one symbol is worth now: a geometric random walk.

    Args:
        price: its start, in quote.
        rng: the source of all its randomness.
    """

    __slots__ = ("_rng", "price")

    def __init__(self, price: float, rng: random.Random) -> None:
        self.price = price
        self._rng = rng

    def step(self, seconds: float) -> None:
        """Move on by some time."""
        self.price *= math.exp(self._rng.gauss(0.0, _SIGMA) * math.sqrt(seconds))


class OrderFlow:
    """The traders of one book: they quote around the fair price, cancel, take, and pick off stale quotes.

    Args:
        book: where they trade.
        fair: the symbol's fair price.
        ticks: how many ticks are 1 in quote.
        basis: how much dearer this venue is, relative.
        mean_lots: of an order.
        orders: how many resting orders there should be.
    """

    __slots__ = ("_book", "_fair", "_mean_lots", "_orders", "_rng", "_ticks")

    def __init__(
        self,
        book: OrderBook,
        fair: FairPrice,
        rng: random.Random,
        *,
        ticks: int,
        basis: float,
        mean_lots: float,
        orders: int,
    ) -> None:
        self._book = book
        self._fair = fair
        self._rng = rng
        self._ticks = ticks * (1.0 + basis)
        self._mean_lots = mean_lots
        self._orders = orders

    def fill_book(self, at_ns: int) -> None:
        """Quote until the book has its orders."""
        fair = self._fair_ticks()
        while len(self._book.live) < self._orders:
            self._quote(fair, at_ns)

    def act(self, at_ns: int) -> None:
        """Let one trader do one thing."""
        book, fair, chance = self._book, self._fair_ticks(), self._rng.random()
        if (bid := book.best_bid) is not None and bid > fair:
            book.place(-fair, self._appetite(bids=True), at_ns, rest=False)
        elif (ask := book.best_ask) is not None and ask < fair:
            book.place(fair, self._appetite(bids=False), at_ns, rest=False)
        elif chance < _TAKERS:
            self._take(fair, at_ns)
        elif chance < (0.6 if len(book.live) > self._orders else 0.45) and book.live:
            book.cancel(book.live[int(self._rng.random() * len(book.live))], at_ns)
        else:
            self._quote(fair, at_ns)

    def _fair_ticks(self) -> int:
        return max(1, round(self._fair.price * self._ticks))

    def _quote(self, fair: int, at_ns: int) -> None:
        distance = 1 + int(self._rng.expovariate(1.0) ** 2 * _SCALE * fair)
        key = max(1, fair - distance) if self._rng.random() < 0.5 else -fair - distance
        self._book.place(key, self._lots(), at_ns)

    def _take(self, fair: int, at_ns: int) -> None:
        reach = 1 + int(fair * 0.0001)
        key = fair + reach if self._rng.random() < 0.5 else -max(1, fair - reach)
        self._book.place(key, self._lots(), at_ns, rest=False)

    def _appetite(self, *, bids: bool) -> int:
        """Return how much of a side's stale quotes is picked off at once: accounts' orders go in parts."""
        return self._lots() if self._book.owned(bids=bids) else _MAX_LOTS

    def _lots(self) -> int:
        return 1 + int(self._rng.expovariate(1.0) * self._mean_lots)
