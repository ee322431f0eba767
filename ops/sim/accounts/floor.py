"""Where accounts' orders stand in the books, and whose a book's order is."""

from collections.abc import Callable

from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.costs import key_of
from feedtree.ops.sim.accounts.orders import AccountOrder
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.orderbook import Order, OrderBook

Owned = tuple[Account, AccountOrder]


class Floor:
    """Puts accounts' orders into the books and takes them out.

    Args:
        markets: by the venue's spelling.
        now_ns: UTC, for the books.
    """

    def __init__(self, markets: dict[str, Market], now_ns: Callable[[], int]) -> None:
        self._markets = markets
        self._now_ns = now_ns
        self._owners: dict[tuple[str, int], Owned] = {}  # by market and book's number
        self._resting: dict[int, Order] = {}  # by order id

    def owner(self, wire: str, number: int) -> Owned | None:
        """Return whose order a book's number is; None where it is one of the order flow."""
        return self._owners.get((wire, number))

    def take(self, account: Account, order: AccountOrder, key: int, lots: int) -> None:
        """Let an order take up to so many lots at a signed price, and nothing of it rest."""
        mark = (order.ticket.wire, self._book(order).next_number)
        self._owners[mark] = (account, order)
        self._book(order).place(key, lots, self._now_ns(), rest=False, owned=True)
        del self._owners[mark]

    def spend(self, account: Account, order: AccountOrder) -> None:
        """Let an order over a quote amount take level after level, as long as it can pay a lot."""
        book, key = self._book(order), key_of(order.ticket)
        while (level := next(book.crossing(key), None)) is not None:
            price, there = level
            lots = min(there, order.left // price)
            if not lots:
                return
            self.take(account, order, price, lots)

    def rest(self, account: Account, order: AccountOrder) -> None:
        """Let an order take what it meets, and rest with what is left."""
        mark = (order.ticket.wire, self._book(order).next_number)
        self._owners[mark] = (account, order)
        key = key_of(order.ticket)
        placed = self._book(order).place(key, order.left, self._now_ns(), owned=True)
        if placed.resting:
            self._resting[order.number] = placed
        else:
            del self._owners[mark]

    def clear(self, order: AccountOrder) -> None:
        """Have the order flow give way to an order."""
        self._book(order).clear(key_of(order.ticket), self._now_ns())

    def reduce(self, order: AccountOrder, lots: int) -> None:
        """Make a resting order smaller by some lots."""
        self._book(order).reduce(self._resting[order.number], lots, self._now_ns())

    def withdraw(self, order: AccountOrder) -> None:
        """Take an order out; one that does not rest is left alone."""
        placed = self._resting.pop(order.number, None)
        if placed is not None:
            del self._owners[order.ticket.wire, placed.number]
            self._book(order).cancel(placed, self._now_ns())

    def eat(self, wire: str, pieces: int) -> int:
        """Let somebody fill the resting orders of a market (empty: all) in so many pieces; return the fills."""
        made = 0
        for (where, _), (_, order) in list(self._owners.items()):
            placed = self._resting[order.number]
            piece = max(1, -(-placed.lots // pieces))
            while placed.resting and wire in ("", where):
                self._markets[where].book.hit(placed, piece, self._now_ns())
                made += 1
        return made

    def _book(self, order: AccountOrder) -> OrderBook:
        return self._markets[order.ticket.wire].book
