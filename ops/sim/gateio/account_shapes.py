"""Gate.io's shapes of orders, fills and balances: over REST, over the WebSocket API, and as pushes."""

from feedtree.ops.sim import decimals
from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.money import money
from feedtree.ops.sim.accounts.orders import AccountFill, AccountOrder, BalanceTold
from feedtree.ops.sim.market import Market

_FEES = ("fee", "point_fee", "gt_fee", "gt_discount", "rebated_fee")
_REASONS = {
    "open": "deposit",
    "create": "order-create",
    "match": "order-match",
    "cancel": "order-update",
    "amend": "order-update",
}
_ENDINGS = {"": "open", "depth": "depth_not_enough"}


def text_of(order: AccountOrder, default: str = "apiv4") -> str:
    """Return what an order calls itself; its origin where its client gave no name."""
    return order.ticket.client_id or default


def order_over_rest(market: Market, order: AccountOrder) -> dict[str, object]:
    """Return an order as REST and the WebSocket API tell it."""
    status = "open" if order.open else "closed" if order.ended == "filled" else "cancelled"
    turnover = market.turnover_text(order.turnover)
    return {
        "id": str(order.number),
        "text": text_of(order),
        "amend_text": order.note or "-",
        "create_time": str(order.created_ns // 10**9),
        "update_time": str(order.updated_ns // 10**9),
        "create_time_ms": order.created_ns // 10**6,
        "update_time_ms": order.updated_ns // 10**6,
        "status": status,
        **_ordered(market, order),
        "iceberg": "0",
        "left": _quantity(market, order, order.left),
        "filled_amount": market.size_text(order.filled),
        "fill_price": turnover,
        "filled_total": turnover,
        "avg_deal_price": _average(market, order),
        "fee": money(order.fee),
        "fee_currency": _fee_currency(market, order),
        "point_fee": "0",
        "gt_fee": "0",
        "gt_maker_fee": "0",
        "gt_taker_fee": "0",
        "gt_discount": False,
        "rebated_fee": "0",
        "rebated_fee_currency": market.symbol.quote if order.ticket.buys else market.symbol.base,
        "stp_id": 0,
        "stp_act": "-",
        "finish_as": _ENDINGS.get(order.ended, order.ended),
    }


def order_pushed(
    market: Market, account: Account, order: AccountOrder, event: str, *, fees: bool
) -> dict[str, object]:
    """Return an item of ``spot.orders``, or without fees of ``spot.orders_v2``."""
    item: dict[str, object] = {
        "id": str(order.number),
        "text": text_of(order),
        "create_time": str(order.created_ns // 10**9),
        "update_time": str(order.updated_ns // 10**9),
        **_ordered(market, order),
        "left": _quantity(market, order, order.left),
        "filled_total": market.turnover_text(order.turnover),
        "filled_amount": market.size_text(order.filled),
        "avg_deal_price": _average(market, order),
        "fee": money(order.fee),
        "fee_currency": _fee_currency(market, order),
        "point_fee": "0",
        "gt_fee": "0",
        "gt_discount": False,
        "rebated_fee": "0",
        "rebated_fee_currency": market.symbol.quote if order.ticket.buys else market.symbol.base,
        "create_time_ms": str(order.created_ns // 10**6),
        "update_time_ms": str(order.updated_ns // 10**6),
        "user": account.config.uid,
        "event": event,
        "stp_id": 0,
        "stp_act": "-",
        "finish_as": _ENDINGS.get(order.ended, order.ended),
        "biz_info": "-",
        "amend_text": order.note or "-",
    }
    return item if fees else _without_fees(item)


def fill_over_rest(market: Market, fill: AccountFill) -> dict[str, object]:
    """Return a row of ``my_trades``."""
    us = fill.at_ns // 1_000
    return {
        "id": str(fill.number),
        "create_time": str(us // 10**6),
        "create_time_ms": f"{us // 1_000}.{us % 1_000:03d}000",
        "currency_pair": market.wire,
        "side": "buy" if fill.buys else "sell",
        "role": "maker" if fill.maker else "taker",
        "amount": market.size_text(fill.lots),
        "price": market.price_text(fill.price),
        "order_id": str(fill.order),
        "fee": money(fill.fee),
        "fee_currency": fill.fee_currency,
        "point_fee": "0",
        "gt_fee": "0",
        "amend_text": "-",
        "sequence_id": str(fill.market_number),
        "text": fill.client_id or "apiv4",
    }


def fill_pushed(market: Market, account: Account, fill: AccountFill, *, fees: bool) -> dict[str, object]:
    """Return an item of ``spot.usertrades``, or without fees of ``spot.usertrades_v2``."""
    us = fill.at_ns // 1_000
    item: dict[str, object] = {
        "id": fill.number,
        "user_id": account.config.uid,
        "order_id": str(fill.order),
        "currency_pair": market.wire,
        "create_time": us // 10**6,
        "create_time_ms": f"{us // 1_000}.{us % 1_000:03d}",
        "side": "buy" if fill.buys else "sell",
        "amount": market.size_text(fill.lots),
        "role": "maker" if fill.maker else "taker",
        "price": market.price_text(fill.price),
        "fee": money(fill.fee),
        "fee_currency": fill.fee_currency,
        "point_fee": "0",
        "gt_fee": "0",
        "text": fill.client_id or "apiv4",
        "id_market": fill.market_number,
        "amend_text": "-",
        "biz_info": "-",
    }
    return item if fees else _without_fees(item)


def balance_pushed(account: Account, told: BalanceTold) -> dict[str, object]:
    """Return an item of ``spot.balances``."""
    return {
        "timestamp": str(told.at_ns // 10**9),
        "timestamp_ms": str(told.at_ns // 10**6),
        "user": str(account.config.uid),
        "currency": told.currency,
        "change": money(told.available_change + told.locked_change),
        "total": money(told.available + told.locked),
        "available": money(told.available),
        "freeze": money(told.locked),
        "freeze_change": money(told.locked_change),
        "change_type": _REASONS[told.reason],
    }


def _ordered(market: Market, order: AccountOrder) -> dict[str, object]:
    ticket = order.ticket
    return {
        "currency_pair": market.wire,
        "type": "market" if ticket.market else "limit",
        "account": "spot",
        "side": "buy" if ticket.buys else "sell",
        "amount": _quantity(market, order, ticket.budget or ticket.lots),
        "price": market.price_text(ticket.price),
        "time_in_force": ticket.tif,
    }


def _quantity(market: Market, order: AccountOrder, amount: int) -> str:
    return market.turnover_text(amount) if order.ticket.budget else market.size_text(amount)


def _average(market: Market, order: AccountOrder) -> str:
    """Return the mean price with four more decimals than a price has; "0" where nothing is done."""
    if not order.filled:
        return "0"
    scaled = order.turnover * 10_000 // order.filled
    return decimals.text(scaled, market.listing.price_decimals + 4)


def _fee_currency(market: Market, order: AccountOrder) -> str:
    return market.symbol.base if order.ticket.buys else market.symbol.quote


def _without_fees(item: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in item.items() if name not in _FEES}
