"""What an account orders, what became of it, and what is told of that. Whole numbers only."""

from typing import Literal, TypeAlias

from msgspec import Struct

TimeInForce: TypeAlias = Literal["gtc", "ioc", "fok", "poc"]  # poc: post only
Reason: TypeAlias = Literal["open", "create", "match", "cancel", "amend"]
Ending: TypeAlias = Literal["", "filled", "cancelled", "ioc", "fok", "poc", "depth"]


class Ticket(Struct, frozen=True, kw_only=True):
    """An order as it is asked for.

    Args:
        wire: the venue's spelling of the symbol.
        buys: its side.
        market: whether it takes any price; then ``price`` is a bound, 0 for none.
        tif: how long it stays.
        price: its limit in ticks.
        lots: how much of the base asset, 0 where ``budget`` says how much.
        budget: of the quote asset, in ticks times lots.
        client_id: the client's own name for it, empty for none.
    """

    wire: str
    buys: bool
    market: bool = False
    tif: TimeInForce = "gtc"
    price: int = 0
    lots: int = 0
    budget: int = 0
    client_id: str = ""


class AccountOrder(Struct, kw_only=True):
    """An account's order as it stands.

    Args:
        number: the venue's id.
        ticket: what was asked for; an amendment replaces it.
        filled: lots done.
        turnover: quote done, in ticks times lots.
        fee: paid so far, in atoms.
        locked: what is still set aside for it, in atoms.
        last_lots: of the newest fill.
        maker: whether the newest fill found it resting.
        ended: why nothing more happens to it; empty while it is open.
        note: what the newest amendment said.
        created_ns: UTC.
        updated_ns: UTC.
    """

    number: int
    ticket: Ticket
    filled: int = 0
    turnover: int = 0
    fee: int = 0
    locked: int = 0
    last_lots: int = 0
    maker: bool = False
    ended: Ending = ""
    note: str = ""
    created_ns: int
    updated_ns: int

    @property
    def open(self) -> bool:
        """Whether anything can still happen to it."""
        return not self.ended

    @property
    def left(self) -> int:
        """What is not done: lots, or turnover where it is ordered by quote amount."""
        ticket = self.ticket
        return ticket.budget - self.turnover if ticket.budget else ticket.lots - self.filled


class AccountFill(Struct, frozen=True, kw_only=True, tag="fill"):
    """One trade of an account's order.

    Args:
        number: the venue's trade id, which the public trade has, too.
        market_number: counted over its market.
        order: whose.
        wire: the symbol.
        buys: the order's side.
        price: in ticks.
        lots: how much.
        maker: whether the order was there first.
        self_trade: whether the account stood on both sides.
        fee: in atoms of ``fee_currency``.
        client_id: of the order.
        at_ns: UTC.
    """

    number: int
    market_number: int
    order: int
    wire: str
    buys: bool
    price: int
    lots: int
    maker: bool
    self_trade: bool
    fee: int
    fee_currency: str
    client_id: str
    at_ns: int


class OrderTold(Struct, frozen=True, kw_only=True, tag="order"):
    """An order is new, changed, or over.

    Args:
        event: in Gate.io's words.
        order: as it stood at that time.
    """

    event: Literal["put", "update", "finish"]
    order: AccountOrder

    @property
    def at_ns(self) -> int:
        """When."""
        return self.order.updated_ns


class BalanceTold(Struct, frozen=True, kw_only=True, tag="balance"):
    """What an account has of one asset changed; all amounts are atoms."""

    currency: str
    available_change: int
    locked_change: int
    available: int
    locked: int
    reason: Reason
    at_ns: int


Told: TypeAlias = OrderTold | AccountFill | BalanceTold
