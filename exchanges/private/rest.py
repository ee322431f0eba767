"""What the private side asks a venue for over REST; each venue has its own implementation."""

from collections.abc import Collection
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from feedtree.exchanges.private.messages import Balance, Role
from feedtree.exchanges.private.orders import Order
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol


class RawFill(Struct, frozen=True, kw_only=True):
    """A fill as a push or a REST row tells it, before it is known to be new.

    Args:
        trade_id: the venue's, normalised as far as the venue allows; empty where it gave none.
        order_id: whose fill it is.
        client_order_id: None where the venue does not say.
        symbol: what was traded.
        side: of the order.
        price: of one base unit, in quote.
        quantity: in base.
        fee: what it cost, in ``fee_currency``; negative is a rebate; None where the venue does not say.
        fee_currency: None where the venue does not say.
        role: None where the venue does not say.
        venue_ns: the venue's time, UTC nanoseconds; REST may round it to seconds.
    """

    trade_id: str
    order_id: str
    client_order_id: str | None
    symbol: Symbol
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal | None
    fee_currency: str | None
    role: Role | None
    venue_ns: int


class AccountRest(Protocol):
    """The signed reads of one account.

    Every call raises `RestFailed` (no answer, or one that is none), `VenueThrottled` (a pause is asked for), or one of
    the `Fatal` errors that say what is wrong with the key.
    """

    async def time_ns(self) -> int:
        """Fetch the venue's clock, UTC nanoseconds."""
        ...

    async def balances(self) -> list[Balance]:
        """Fetch what the account has of every asset of which it has any."""
        ...

    async def open_orders(self, symbols: Collection[Symbol]) -> list[Order]:
        """Fetch the orders that are open.

        Args:
            symbols: those that orders are known of; a venue that can tell of all symbols at once does that.
        """
        ...

    async def finished_orders(self, symbol: Symbol, since_ns: int) -> list[Order]:
        """Fetch the orders of a symbol that ended since then, by the venue's clock."""
        ...

    async def fills(self, symbol: Symbol | None, since_ns: int) -> list[RawFill]:
        """Fetch the fills since then, by the venue's clock, oldest first.

        Args:
            symbol: None for those of all symbols, only where the venue can.
            since_ns: UTC nanoseconds.
        """
        ...

    async def order(
        self, symbol: Symbol, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order | None:
        """Fetch one order, by either id; None where the venue says that there is none."""
        ...

    def left_open(self) -> list[str]:
        """Return, and forget, in words what answers since the last time did not tell: rows beyond limits."""
        ...
