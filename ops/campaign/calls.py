"""Calls of `place`: what is wanted, made into prices and quantities of the moment, and what came of each call."""

from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import Literal, TypeAlias

import trio
from msgspec import Struct

from feedtree.exchanges.private.desk import OrderDesk
from feedtree.exchanges.private.order_errors import AccountInconsistent, OrderError, OrderOutcomeUnknown
from feedtree.exchanges.private.orders import Accepted, OrderType, Rejected, TimeInForce
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

STAKE = Decimal(30)  # quote units of an order, about

Touch: TypeAlias = Callable[[Symbol], tuple[Decimal, Decimal] | None]
Ending: TypeAlias = Literal[
    "accepted", "rejected", "unknown", "inconsistent", "refused", "cancelled", "under way"
]


class PlaceCall(Struct):
    """One call of `place`.

    Args:
        client_order_id: what it was made with.
        consistent: whether the account was consistent when it was made.
        ending: how it ended for its caller.
        reason: of a rejection.
    """

    client_order_id: str
    consistent: bool
    ending: Ending = "under way"
    reason: str = ""


class Wish(Struct, frozen=True):
    """An order as somebody wants it, whatever the market is.

    Args:
        symbol: of what.
        side: buy or sell.
        force: of a limit order; None is a market order.
        crosses: whether its price meets the other side of the book.
        timeout: seconds, of the call.
    """

    symbol: Symbol
    side: Side
    force: TimeInForce | None
    crosses: bool
    timeout: float


class _Size(Struct, frozen=True, kw_only=True):
    price: Decimal | None = None
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None


class PlaceCalls:
    """Makes calls, and takes down how they end.

    Args:
        desk: of the account.
        store: of the account.
        touch: best bid and ask of a symbol; None where they are not known.
        name: makes a client order id of a number.
        before: called right before each call.

    Attributes:
        made: the calls, in order.
    """

    def __init__(
        self,
        desk: OrderDesk,
        store: AccountStore,
        touch: Touch,
        name: Callable[[int], str],
        before: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._store = store
        self._touch = touch
        self._name = name
        self._before = before
        self.made: list[PlaceCall] = []

    async def place(self, wish: Wish) -> PlaceCall | None:
        """Place an order; None where the market or the instrument is not known, and no call was made."""
        size = self._size(wish)
        if size is None:
            return None
        call = PlaceCall(self._name(len(self.made)), self._store.consistent)
        self.made.append(call)
        self._before()
        try:
            result = await self._desk.place(
                wish.symbol,
                wish.side,
                OrderType.MARKET if wish.force is None else OrderType.LIMIT,
                quantity=size.quantity,
                quote_quantity=size.quote_quantity,
                price=size.price,
                time_in_force=wish.force or TimeInForce.IOC,
                client_order_id=call.client_order_id,
                timeout=wish.timeout,
            )
        except OrderOutcomeUnknown:
            call.ending = "unknown"
        except AccountInconsistent:
            call.ending = "inconsistent"
        except OrderError:
            call.ending = "refused"
        except trio.Cancelled:
            call.ending = "cancelled"
            raise
        else:
            call.ending = "accepted" if isinstance(result, Accepted) else "rejected"
            call.reason = result.reason if isinstance(result, Rejected) else ""
        return call

    def _size(self, wish: Wish) -> "_Size | None":
        touch, instrument = self._touch(wish.symbol), self._desk.instrument(wish.symbol)
        if touch is None or instrument is None:
            return None
        (bid, ask), buys = touch, wish.side is Side.BUY
        near, rounding = (ask, ROUND_UP) if wish.crosses == buys else (bid, ROUND_DOWN)
        price = instrument.price(near, rounding)
        quantity = instrument.quantity(STAKE / price, ROUND_UP)
        if wish.force is not None:
            return _Size(price=price, quantity=quantity)
        return _Size(quote_quantity=STAKE) if buys else _Size(quantity=quantity)
