"""What goes through a door to a venue, and what comes back: requests about orders, and replies. Knows no venue."""

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol, TypeAlias

from msgspec import Struct

from feedtree.exchanges.private.orders import Order, OrderType, RejectReason, TimeInForce
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol


class PlaceRequest(Struct, frozen=True, kw_only=True):
    """Place an order; the amounts are checked, and as the instrument takes them."""

    client_order_id: str
    symbol: Symbol
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: Decimal | None
    quantity: Decimal | None
    quote_quantity: Decimal | None


class CancelRequest(Struct, frozen=True, kw_only=True):
    """Cancel one order, named by one of the ids."""

    symbol: Symbol
    order_id: str | None
    client_order_id: str | None


class CancelAllRequest(Struct, frozen=True, kw_only=True):
    """Cancel all open orders of a symbol."""

    symbol: Symbol


class AmendRequest(Struct, frozen=True, kw_only=True):
    """Change price or quantity of an open order, named by one of the ids; None leaves a value."""

    symbol: Symbol
    order_id: str | None
    client_order_id: str | None
    price: Decimal | None
    quantity: Decimal | None


class StatusRequest(Struct, frozen=True, kw_only=True):
    """Tell how an order stands, named by one of the ids."""

    symbol: Symbol
    order_id: str | None
    client_order_id: str | None


class CountdownRequest(Struct, frozen=True):
    """Have the venue cancel all orders in so many seconds, unless it is asked again before; 0 ends that."""

    seconds: int


Request: TypeAlias = (
    PlaceRequest | CancelRequest | CancelAllRequest | AmendRequest | StatusRequest | CountdownRequest
)


class Brake(Struct, frozen=True):
    """The venue wants requests to pause.

    Args:
        seconds: for so long.
        everything: all requests of the account, not only those that count together with this one.
    """

    seconds: float
    everything: bool = False


class Answered(Struct, frozen=True, kw_only=True):
    """The venue did it.

    Args:
        orders: the order that it is about, those that were cancelled, or none.
        undone: what of it could not be done, each in words.
        shown: whether the venue's answer showed the order; False where it is put together from the request.
        brake: whether it wants a pause.
    """

    orders: tuple[Order, ...] = ()
    undone: tuple[str, ...] = ()
    shown: bool = True
    brake: Brake | None = None


class Refused(Struct, frozen=True, kw_only=True):
    """The venue did not do it, and will not.

    Args:
        reason: in this project's words.
        code: the venue's own code or label; empty where it gave none.
        text: the venue's own text.
        brake: whether it wants a pause.
    """

    reason: RejectReason
    code: str
    text: str
    brake: Brake | None = None


class Unanswered(Struct, frozen=True, kw_only=True):
    """Nothing that came back tells what became of it.

    Args:
        sent: whether the venue may have heard of it; False only where it cannot.
        why: in a line.
        brake: whether it wants a pause.
    """

    sent: bool
    why: str
    brake: Brake | None = None


Reply: TypeAlias = Answered | Refused | Unanswered


class Withheld(Exception):
    """Raised by ``on_sent``: the request must not go out after all."""


class Door(Protocol):
    """A way to a venue for requests about orders."""

    @property
    def name(self) -> str:
        """``websocket`` or ``rest``."""
        ...

    @property
    def open(self) -> bool:
        """Whether a request could go out now."""
        ...

    def takes(self, request: Request) -> bool:
        """Return whether requests of this kind go through it."""
        ...

    async def send(self, request: Request, expires_ns: int, on_sent: Callable[[], None]) -> Reply:
        """Send a request, once, and wait for what comes of it; it never raises for what a venue may answer.

        It ends when its connection does. Cancelled before ``on_sent`` was called, nothing goes out; after it the venue
        may have heard of it.

        Args:
            request: one that this door takes.
            expires_ns: when the venue is not to take it up any more, by its clock, UTC nanoseconds.
            on_sent: called just before the first byte; what it raises passes through, and nothing goes out.
        """
        ...
