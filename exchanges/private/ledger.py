"""What the desk needs of an account; `AccountStore` has it."""

from collections.abc import Sequence
from typing import Protocol

import trio

from feedtree.exchanges.private.orders import Accepted, Order, Rejected


class Ledger(Protocol):
    """What is known of an account's orders, and who is told of them."""

    @property
    def consistent(self) -> bool:
        """Whether it is known to equal the venue's."""
        ...

    @property
    def changed(self) -> trio.Event:
        """The event of the next change of anything."""
        ...

    def apply_order(self, order: Order, *, recovered: bool = False) -> None:
        """Take note of an order's state: an answer is knowledge, too."""
        ...

    def resolved(self, client_order_id: str, outcome: Accepted | Rejected, after_ns: int) -> None:
        """Tell how an order ended whose outcome was unknown."""
        ...

    def open_orders(self) -> Sequence[Order]:
        """Return the orders that are open, oldest first."""
        ...

    def named(self, client_order_id: str) -> Order | None:
        """Return an order by what its client calls it; None where none is known."""
        ...
