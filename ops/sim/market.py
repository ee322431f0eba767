"""One symbol at one venue: its book, trades, traders and the text of its numbers."""

import random
from collections.abc import Callable, Iterable

from feedtree.ops.sim import decimals
from feedtree.ops.sim.decimals import DecimalText
from feedtree.ops.sim.flow import FairPrice, OrderFlow
from feedtree.ops.sim.markets import Listing
from feedtree.ops.sim.orderbook import Fill, OrderBook, sides
from feedtree.ops.sim.tape import Print, Tape

Level = list[str]  # [price, quantity]


class Market:
    """What a venue's channels and REST calls read.

    Args:
        listing: names and steps.
        fair: the symbol's fair price, shared with the other venue.
        rng: of this market's traders.
        first_id: where its ids start.
        trade_number: gives the venue's next trade id.
        basis: how much dearer this venue is, relative.
        orders: resting orders that the book keeps, about.
        now_ns: UTC at the start.

    Attributes:
        on_print: told of every trade, once it is on the tape.
    """

    def __init__(
        self,
        listing: Listing,
        fair: FairPrice,
        rng: random.Random,
        *,
        first_id: int,
        trade_number: Callable[[], int],
        basis: float,
        orders: int,
        now_ns: int,
    ) -> None:
        self.listing = listing
        self.symbol = listing.symbol
        self.wire = listing.wire
        self.price_text = DecimalText(listing.price_decimals)
        self.size_text = DecimalText(listing.size_decimals)
        self.book = OrderBook(first_id, self._on_fill)
        ticks = 10**listing.price_decimals
        self.tape = Tape(round(listing.start_price * ticks), now_ns // 1_000_000_000)
        self._trade_number = trade_number
        self._market_number = first_id
        self.on_print: Callable[[Print], object] | None = None
        self.flow = OrderFlow(
            self.book, fair, rng, ticks=ticks, basis=basis, mean_lots=listing.mean_lots, orders=orders
        )
        self.flow.fill_book(now_ns)

    def levels(self, keys: Iterable[int], quantities: dict[int, int] | None = None) -> list[Level]:
        """Write levels as ``[price, quantity]``; a key without quantity is written as deleted ("0")."""
        price, size = self.price_text, self.size_text
        of = self.book.quantities if quantities is None else quantities
        return [[price(abs(key)), size(of.get(key, 0))] for key in keys]

    def turnover_text(self, turnover: int) -> str:
        """Write a quote amount that is counted in ticks times lots."""
        return decimals.text(turnover, self.listing.price_decimals + self.listing.size_decimals)

    def as_of(self, at_ns: int) -> tuple[int, dict[int, int]]:
        """Return the newest id of a time, and the book at it."""
        number = self.book.history.id_at(at_ns)
        book = self.book.at(number)
        return number, dict(self.book.quantities) if book is None else book

    def truth(self, number: int | None) -> dict[str, object] | None:
        """Return the book at an id (None: the newest) as the control path shows it."""
        at = self.book.last_id if number is None else number
        book = self.book.at(at)
        if book is None:
            return None
        bids, asks = sides(book)
        return {"id": at, "bids": self.levels(bids, book), "asks": self.levels(asks, book)}

    def _on_fill(self, fill: Fill) -> None:
        self._market_number += 1
        trade = Print(self._trade_number(), self._market_number, fill)
        self.tape.add(trade)
        if self.on_print is not None:
            self.on_print(trade)
