"""One symbol's random market: a book in ticks and lots, and the changes that it goes through."""

import random
from bisect import bisect_left, insort

from feedtree.ops.bench.pairs import Pair

WIDEST = 380  # levels a side: below the 400 of the channel, so that every change is told
THINNEST = 60
START = 200  # levels a side at the beginning

Level = list[str]  # price and size, as the wire writes them


class Market:
    """A book that changes at random and is never crossed.

    Args:
        pair: whose book.
        rng: what decides.
    """

    def __init__(self, pair: Pair, rng: random.Random) -> None:
        self.pair = pair
        self.sequence = rng.randrange(10**9, 10**11)
        self.trades = rng.randrange(10**7, 10**9)
        self._rng = rng
        middle = round(pair.price * 10**pair.decimals)
        self._bids: list[int] = sorted(rng.sample(range(middle - 3 * START, middle), START))
        self._asks: list[int] = sorted(rng.sample(range(middle + 1, middle + 3 * START), START))
        self._lots: dict[int, int] = {tick: self._size() for tick in self._bids + self._asks}

    @property
    def bid(self) -> str:
        """The best bid's price."""
        return self._price(self._bids[-1])

    @property
    def ask(self) -> str:
        """The best ask's price."""
        return self._price(self._asks[0])

    def change(self) -> tuple[int, list[Level], list[Level]]:
        """Change one to eight levels; return the change's first id, and its bids and asks."""
        first = self.sequence + 1
        self.sequence += self._rng.randint(1, 8)
        bids: dict[int, int] = {}
        asks: dict[int, int] = {}
        for _ in range(self._rng.randint(1, 8)):
            if self._rng.random() < 0.5:
                self._move(self._bids, bids, -1)
            else:
                self._move(self._asks, asks, 1)
        return first, self._written(bids), self._written(asks)

    def ladders(self) -> tuple[list[Level], list[Level]]:
        """Return the whole book, best first."""
        bids = {tick: self._lots[tick] for tick in reversed(self._bids)}
        return self._written(bids), self._written({tick: self._lots[tick] for tick in self._asks})

    def size(self) -> str:
        """Return some size, as the wire writes it."""
        return self._amount(self._size())

    def _move(self, ticks: list[int], changed: dict[int, int], away: int) -> None:
        """Change one level; ``away`` is the direction in which prices get worse."""
        chance = self._rng.random()
        tick = self._some(ticks, away)
        if len(ticks) > WIDEST:
            tick, chance = ticks[0 if away < 0 else -1], 0.0
        if chance < 0.22 and len(ticks) > THINNEST:
            del ticks[bisect_left(ticks, tick)]
            del self._lots[tick]
            changed[tick] = 0
            return
        if chance < 0.45:
            tick = self._free(tick, away)
            insort(ticks, tick)
        self._lots[tick] = changed[tick] = self._size()

    def _some(self, ticks: list[int], away: int) -> int:
        """Return a level, near the best one more often than not."""
        depth = min(int(self._rng.expovariate(1 / 12)), len(ticks) - 1)
        return ticks[-1 - depth] if away < 0 else ticks[depth]

    def _free(self, tick: int, away: int) -> int:
        """Return a price without an order: inside the spread at times, else behind this level."""
        spread = self._asks[0] - self._bids[-1]
        if spread > 1 and self._rng.random() < 0.3:
            return (self._bids[-1] if away < 0 else self._asks[0]) - away
        while tick in self._lots:
            tick += away
        return tick

    def _size(self) -> int:
        return int(self._rng.lognormvariate(8.0, 2.0)) + 1

    def _written(self, levels: dict[int, int]) -> list[Level]:
        return [[self._price(tick), self._amount(lots)] for tick, lots in levels.items()]

    def _price(self, tick: int) -> str:
        return f"{tick / 10**self.pair.decimals:.{self.pair.decimals}f}"

    def _amount(self, lots: int) -> str:
        return f"{lots / 10**self.pair.lot_decimals:.{self.pair.lot_decimals}f}" if lots else "0"
