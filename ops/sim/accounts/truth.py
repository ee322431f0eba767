"""An account's truth, for who compares: the same words for both venues, amounts as decimal texts."""

from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.money import money
from feedtree.ops.sim.accounts.orders import AccountFill, AccountOrder
from feedtree.ops.sim.accounts.side import PrivateSide
from feedtree.ops.sim.market import Market

Shape = dict[str, object]


def balances(account: Account) -> dict[str, dict[str, str]]:
    """Return what an account has that is not 0, asset -> available and locked."""
    return {
        name: {"available": money(holding.available), "locked": money(holding.locked)}
        for name, holding in account.now.purse.items()
        if holding.available or holding.locked
    }


def order(side: PrivateSide, market: Market, found: AccountOrder) -> Shape:
    """Return an order; its id is the one that the venue tells."""
    ticket = found.ticket
    return {
        "order_id": side.order_name(found.number),
        "client_order_id": ticket.client_id,
        "symbol": str(market.symbol),
        "side": "buy" if ticket.buys else "sell",
        "type": "market" if ticket.market else "limit",
        "time_in_force": "post_only" if ticket.tif == "poc" else ticket.tif,
        "price": None if ticket.market else market.price_text(ticket.price),
        "quantity": market.size_text(ticket.lots) if ticket.lots else None,
        "quote_quantity": market.turnover_text(ticket.budget) if ticket.budget else None,
        "filled": market.size_text(found.filled),
        "filled_quote": market.turnover_text(found.turnover),
        "open": found.open,
        "ended": found.ended,
        "created_ns": found.created_ns,
        "updated_ns": found.updated_ns,
    }


def fill(side: PrivateSide, market: Market, found: AccountFill) -> Shape:
    """Return a fill; its id is the one that the venue pushes."""
    return {
        "trade_id": side.trade_name(found),
        "order_id": side.order_name(found.order),
        "client_order_id": found.client_id,
        "symbol": str(market.symbol),
        "side": "buy" if found.buys else "sell",
        "price": market.price_text(found.price),
        "quantity": market.size_text(found.lots),
        "role": "maker" if found.maker else "taker",
        "fee": money(found.fee),
        "fee_currency": found.fee_currency,
        "venue_ns": found.at_ns,
    }
