"""What an order costs, whether it can be what it asks to be, and how a trade is settled. Pure."""

from typing import Literal

from msgspec import Struct

from feedtree.ops.sim.accounts.money import of_lots, of_turnover
from feedtree.ops.sim.accounts.orders import AccountOrder, Ticket
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.orderbook import Fill

_ANY_PRICE = 2**60
_PPM = 1_000_000


class Fees(Struct, frozen=True):
    """What a venue takes of every trade.

    Args:
        maker: in millionths.
        taker: the same.
        in_quote: of the quote asset on both sides, else of what the order receives.
    """

    maker: int
    taker: int
    in_quote: bool


class Settlement(Struct, frozen=True):
    """What one trade means for one order; all amounts are atoms.

    Args:
        gives: the asset that is paid.
        gets: the asset that is received.
        given: the change of what is available of the former.
        freed: what is no longer set aside of it.
        got: the change of what is available of the latter.
        fee: what the venue takes, counted in above.
        fee_currency: of it.
    """

    gives: str
    gets: str
    given: int
    freed: int
    got: int
    fee: int
    fee_currency: str


def key_of(ticket: Ticket) -> int:
    """Return the signed price at which an order meets others."""
    if not ticket.price:
        return _ANY_PRICE if ticket.buys else -1
    return ticket.price if ticket.buys else -ticket.price


def misfit(market: Market, ticket: Ticket) -> Literal["", "poc", "fok"]:
    """Say why an order cannot be what it asks to be; empty where it can."""
    crossing = market.book.crossing(key_of(ticket))
    if ticket.tif == "poc":
        return "poc" if next(crossing, None) else ""
    if ticket.tif != "fok":
        return ""
    wanted, reached = ticket.budget or ticket.lots, 0
    for price, lots in crossing:
        reached += price * lots if ticket.budget else lots
        if reached >= wanted:
            return ""
    return "fok"


def cost(market: Market, ticket: Ticket) -> int:
    """Return what an order must set aside, in atoms of what it gives."""
    if not ticket.buys:
        return of_lots(market, ticket.lots)
    if ticket.budget:
        return of_turnover(market, ticket.budget)
    if not ticket.market:
        return of_turnover(market, ticket.price * ticket.lots)
    left, turnover = ticket.lots, 0
    for price, lots in market.book.crossing(key_of(ticket)):
        turnover += price * min(lots, left)
        left -= min(lots, left)
    return of_turnover(market, turnover)


def fee_ahead(fees: Fees, ticket: Ticket, needed: int) -> int:
    """Return what must be there besides what is set aside, should the order take."""
    return needed * fees.taker // _PPM if fees.in_quote and ticket.buys else 0


def given_asset(market: Market, ticket: Ticket) -> str:
    """Return the asset that an order sets aside."""
    return market.symbol.quote if ticket.buys else market.symbol.base


def settle(market: Market, ticket: Ticket, fill: Fill, fees: Fees, *, maker: bool) -> Settlement:
    """Work out one trade of an order."""
    base, quote = of_lots(market, fill.lots), of_turnover(market, fill.price * fill.lots)
    rate = fees.maker if maker else fees.taker
    if not ticket.buys:
        fee = quote * rate // _PPM
        return Settlement(
            market.symbol.base, market.symbol.quote, 0, base, quote - fee, fee, market.symbol.quote
        )
    # What a market order set aside is what the book asked; what a limit order did, its own price.
    freed = quote if ticket.market else of_turnover(market, ticket.price * fill.lots)
    if fees.in_quote:
        fee, given, got, currency = quote * rate // _PPM, freed - quote, base, market.symbol.quote
        return Settlement(market.symbol.quote, market.symbol.base, given - fee, freed, got, fee, currency)
    fee = base * rate // _PPM
    return Settlement(
        market.symbol.quote,
        market.symbol.base,
        freed - quote,
        freed,
        base - fee,
        fee,
        market.symbol.base,
    )


def done(market: Market, order: AccountOrder) -> bool:
    """Whether nothing is left, or less than the smallest quantity costs."""
    ticket = order.ticket
    if order.left == 0 or not ticket.budget:
        return order.left == 0
    level = next(market.book.crossing(key_of(ticket)), None)
    return level is not None and order.filled > 0 and order.left < level[0]
