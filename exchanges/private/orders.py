"""What an order is, and how a call about one ends."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol


class OrderType(StrEnum):
    """How an order is priced."""

    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(StrEnum):
    """How long an order stays, and whether it may take."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"


class OrderStatus(StrEnum):
    """Where an order stands; FILLED, CANCELLED, EXPIRED and REFUSED are terminal and absorb."""

    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"  # by the user, or what an IOC left; `filled` tells how much of it was done
    EXPIRED = "expired"  # by the venue: a FOK that could not fill, self-trade prevention, too little depth
    REFUSED = "refused"  # accepted and then refused: a post-only that would have crossed

    @property
    def terminal(self) -> bool:
        """Whether nothing more happens to such an order."""
        return self not in (OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)


class Order(Struct, frozen=True, kw_only=True):
    """One order as it stands; all money is Decimal.

    Args:
        order_id: the venue's.
        client_order_id: ours or another program's; None where the venue does not say.
        symbol: what is traded.
        side: of the order.
        type: limit or market.
        time_in_force: None where the venue does not say.
        price: the limit; None for market orders.
        quantity: ordered, in base; None for a market order over a quote amount.
        quote_quantity: ordered, in quote; None but for a market order over a quote amount.
        filled: base done so far.
        filled_quote: quote done so far; None where the venue does not say.
        status: see `OrderStatus`.
        reason: the venue's own word for how it ended; empty while it lives.
        created_ns: the venue's time, UTC nanoseconds; None where it does not say.
        updated_ns: the same of the last change.
    """

    order_id: str
    client_order_id: str | None
    symbol: Symbol
    side: Side
    type: OrderType
    time_in_force: TimeInForce | None
    price: Decimal | None
    quantity: Decimal | None
    quote_quantity: Decimal | None
    filled: Decimal
    filled_quote: Decimal | None
    status: OrderStatus
    reason: str = ""
    created_ns: int | None = None
    updated_ns: int | None = None

    @property
    def began(self) -> bool:
        """Whether it was in the book, or filled, as far as it tells: one that is refused as it comes locks nothing."""
        if not self.status.terminal or self.filled:
            return True
        return self.created_ns is None or self.updated_ns is None or self.updated_ns > self.created_ns

    @property
    def remaining(self) -> Decimal | None:
        """What is left of it in base; None for a market order over a quote amount."""
        return None if self.quantity is None else self.quantity - self.filled


class RejectReason(StrEnum):
    """Why a venue (or a check of ours) did not take an order."""

    WOULD_CROSS = "would_cross"
    NOT_FILLABLE = "not_fillable"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    PRECISION = "precision"
    PRICE_OUT_OF_RANGE = "price_out_of_range"
    UNKNOWN_SYMBOL = "unknown_symbol"
    NOT_TRADING = "not_trading"
    DUPLICATE_CLIENT_ID = "duplicate_client_id"
    INVALID = "invalid"
    TOO_MANY_ORDERS = "too_many_orders"
    RATE_LIMITED = "rate_limited"
    EXPIRED = "expired"  # the request reached the venue after its expiry, or never did
    NOT_SENT = "not_sent"  # no way to the venue in time: not a byte went out
    ORDER_OVER = "order_over"  # of a cancel or an amendment: the venue has no such order (any more)
    PERMISSION = "permission"
    AUTHENTICATION = "authentication"
    MAINTENANCE = "maintenance"
    OTHER = "other"


class Accepted(Struct, frozen=True, kw_only=True):
    """The venue has the order.

    Args:
        client_order_id: what it can be asked for by.
        order_id: the venue's.
        order: as the venue's answer shows it; None where its answer shows too little (MEXC).
    """

    client_order_id: str
    order_id: str
    order: Order | None = None


class Rejected(Struct, frozen=True, kw_only=True):
    """The venue does not have the order, and will not have it.

    Args:
        client_order_id: what it was, or was to be, sent with.
        reason: in this project's words.
        code: the venue's own code or label; empty where it gave none, and where a check of ours refused it.
        text: the venue's own text, or the rule that was checked.
    """

    client_order_id: str
    reason: RejectReason
    code: str = ""
    text: str = ""
