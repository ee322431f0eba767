"""MEXC's shapes of orders, fills and balances: over REST, and as pushes."""

import hashlib
from collections.abc import Mapping

from feedtree.exchanges.mexc.proto import spot_pb2 as pb
from feedtree.ops.sim import decimals
from feedtree.ops.sim.accounts.money import money
from feedtree.ops.sim.accounts.orders import AccountFill, AccountOrder, BalanceTold
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.switches import MexcSwitches

ORDERS = "spot@private.orders.v3.api.pb"
DEALS = "spot@private.deals.v3.api.pb"
ACCOUNT = "spot@private.account.v3.api.pb"
TOPICS = (ORDERS, DEALS, ACCOUNT)

_PREFIX, _SUFFIX = "C02__", "115"  # both stand for something that nobody documents
_KINDS = {"LIMIT": 1, "LIMIT_MAKER": 2, "IMMEDIATE_OR_CANCEL": 3, "FILL_OR_KILL": 4, "MARKET": 5}
_BY_TIF = {
    "gtc": "LIMIT",
    "poc": "LIMIT_MAKER",
    "ioc": "IMMEDIATE_OR_CANCEL",
    "fok": "FILL_OR_KILL",
}
_STATUS = {1: "NEW", 2: "FILLED", 3: "PARTIALLY_FILLED", 4: "CANCELED", 5: "PARTIALLY_CANCELED"}
_REASONS = {
    "open": "DEPOSIT",
    "create": "ENTRUST_PLACE",
    "match": "ENTRUST",
    "cancel": "ENTRUST_CANCEL",
    "amend": "ENTRUST_PLACE",
}


def order_id(number: int) -> str:
    """Return an order's id."""
    return f"{_PREFIX}{number}{_SUFFIX}"


def order_number(name: str) -> str:
    """Return what an order's id says of its number; empty where it is no id."""
    if not name.startswith(_PREFIX) or not name.endswith(_SUFFIX):
        return ""
    return name.removeprefix(_PREFIX).removesuffix(_SUFFIX)


def trade_id(fill: AccountFill, form: str = "same") -> str:
    """Return a fill's id, another one for either side; ``form`` is the switch ``rest_trade_ids``."""
    name = f"{fill.number}X{0 if fill.maker else 1}"
    if form == "bare":
        return name.partition("X")[0]
    return _digest(name) if form == "hex" else name


def kind_of(order: AccountOrder) -> str:
    """Return an order's type as REST names it."""
    return "MARKET" if order.ticket.market else _BY_TIF[order.ticket.tif]


def status_of(order: AccountOrder) -> int:
    """Return an order's status as pushes number it."""
    if order.ended == "filled":
        return 2
    if order.open:
        return 3 if order.filled else 1
    return 5 if order.filled else 4


def rest_ms(at_ns: int, switches: MexcSwitches) -> int:
    """Return a time as REST tells it."""
    ms = at_ns // 10**6
    return ms - ms % 1_000 if switches.rest_whole_seconds else ms


def placed(market: Market, order: AccountOrder) -> dict[str, object]:
    """Return the answer to a new order, which tells neither status nor fills."""
    return {
        "symbol": market.wire,
        "orderId": order_id(order.number),
        "orderListId": -1,
        "price": market.price_text(order.ticket.price),
        "origQty": market.size_text(order.ticket.lots),
        "type": kind_of(order),
        "side": _side(buys=order.ticket.buys),
        "stpMode": "",
        "transactTime": order.created_ns // 10**6,
    }


def cancelled(market: Market, order: AccountOrder, asked_as: str) -> dict[str, object]:
    """Return the answer to a cancel."""
    return {
        "symbol": market.wire,
        "origClientOrderId": asked_as or order.ticket.client_id or None,
        "orderId": order_id(order.number),
        "clientOrderId": order.ticket.client_id or None,
        "price": market.price_text(order.ticket.price),
        "origQty": market.size_text(order.ticket.lots),
        "executedQty": market.size_text(order.filled),
        "cummulativeQuoteQty": market.turnover_text(order.turnover),
        "status": _STATUS[status_of(order)],
        "timeInForce": None,
        "type": kind_of(order),
        "side": _side(buys=order.ticket.buys),
    }


def order_row(market: Market, order: AccountOrder, switches: MexcSwitches) -> dict[str, object]:
    """Return an order as the calls that read it tell it."""
    ticket = order.ticket
    row: dict[str, object] = {
        "symbol": market.wire,
        "orderId": order_id(order.number),
        "orderListId": -1,
        "price": market.price_text(ticket.price),
        "origQty": market.size_text(ticket.lots),
        "executedQty": market.size_text(order.filled),
        "cummulativeQuoteQty": market.turnover_text(order.turnover),
        "status": _STATUS[status_of(order)],
        "type": kind_of(order),
        "side": _side(buys=ticket.buys),
        "time": rest_ms(order.created_ns, switches),
        "updateTime": rest_ms(order.updated_ns, switches),
        "isWorking": True,
        "origQuoteOrderQty": market.turnover_text(_whole(order)),
    }
    unset = {"timeInForce": "", "stopPrice": "0", "icebergQty": "0"}
    return _row(row, unset, ticket.client_id, switches.rest_nulls)


def fill_row(market: Market, fill: AccountFill, switches: MexcSwitches) -> dict[str, object]:
    """Return a row of ``myTrades``."""
    row: dict[str, object] = {
        "symbol": market.wire,
        "id": trade_id(fill, switches.rest_trade_ids),
        "orderId": order_id(fill.order),
        "orderListId": -1,
        "price": market.price_text(fill.price),
        "qty": market.size_text(fill.lots),
        "quoteQty": market.turnover_text(fill.price * fill.lots),
        "commission": money(fill.fee),
        "commissionAsset": fill.fee_currency,
        "time": rest_ms(fill.at_ns, switches),
        "isBuyer": fill.buys,
        "isMaker": fill.maker,
        "isBestMatch": True,
        "isSelfTrade": fill.self_trade,
    }
    return _row(row, {}, fill.client_id, switches.rest_nulls)


def order_pushed(
    market: Market, order: AccountOrder, now_ms: int, *, extras: bool
) -> pb.PushDataV3ApiWrapper:
    """Return a push of ``private.orders``; ``extras`` is the switch ``order_extras``."""
    ticket = order.ticket
    frame = pb.PushDataV3ApiWrapper(channel=ORDERS, symbol=market.wire, sendTime=now_ms)
    body = frame.privateOrders
    body.id, body.clientId = order_id(order.number), ticket.client_id
    body.price = market.price_text(ticket.price)
    body.quantity = market.size_text(ticket.lots)
    body.amount = market.turnover_text(0 if ticket.market and not ticket.budget else _whole(order))
    body.avgPrice = average(market, order)
    body.orderType = _KINDS[kind_of(order)]
    body.tradeType = _trade_type(buys=ticket.buys)
    body.isMaker = order.maker
    body.remainQuantity = market.size_text(0 if ticket.budget else order.left)
    body.remainAmount = market.turnover_text(max(0, _whole(order) - order.turnover))
    if order.last_lots and order.ended != "cancelled":  # on fills only
        body.lastDealQuantity = market.size_text(order.last_lots)
    body.cumulativeQuantity = market.size_text(order.filled)
    body.cumulativeAmount = market.turnover_text(order.turnover)
    body.status = status_of(order)
    body.createTime = order.created_ns // 10**6
    if extras:
        _add_extras(body, market)
    return frame


def fill_pushed(market: Market, fill: AccountFill, now_ms: int) -> pb.PushDataV3ApiWrapper:
    """Return a push of ``private.deals``."""
    frame = pb.PushDataV3ApiWrapper(channel=DEALS, symbol=market.wire, sendTime=now_ms)
    body = frame.privateDeals
    body.price, body.quantity = market.price_text(fill.price), market.size_text(fill.lots)
    body.amount = market.turnover_text(fill.price * fill.lots)
    body.tradeType = _trade_type(buys=fill.buys)
    body.isMaker, body.isSelfTrade = fill.maker, fill.self_trade
    body.tradeId, body.orderId = trade_id(fill), order_id(fill.order)
    body.clientOrderId = fill.client_id
    body.feeAmount, body.feeCurrency = money(fill.fee), fill.fee_currency
    body.time = fill.at_ns // 10**6
    return frame


def balance_pushed(told: BalanceTold, now_ms: int) -> pb.PushDataV3ApiWrapper:
    """Return a push of ``private.account``."""
    frame = pb.PushDataV3ApiWrapper(channel=ACCOUNT, createTime=told.at_ns // 10**6, sendTime=now_ms)
    body = frame.privateAccount
    body.vcoinName = told.currency
    body.coinId = _digest(told.currency)
    body.balanceAmount, body.frozenAmount = money(told.available), money(told.locked)
    body.balanceAmountChange = money(told.available_change)
    body.frozenAmountChange = money(told.locked_change)
    body.type = _REASONS[told.reason]
    body.time = told.at_ns // 10**6
    return frame


def average(market: Market, order: AccountOrder) -> str:
    """Return an order's mean price with four more decimals than a price has; "0" where nothing is done."""
    if not order.filled:
        return "0"
    return decimals.text(order.turnover * 10_000 // order.filled, market.listing.price_decimals + 4)


def _whole(order: AccountOrder) -> int:
    """Return what an order is worth at its price, which for a market order is the protective one."""
    return order.ticket.budget or order.ticket.price * order.ticket.lots


def _side(*, buys: bool) -> str:
    return "BUY" if buys else "SELL"


def _trade_type(*, buys: bool) -> int:
    return 1 if buys else 2


def _add_extras(body: pb.PrivateOrdersV3Api, market: Market) -> None:
    body.market = market.symbol.quote
    body.triggerType = body.state = 0
    body.triggerPrice = "0"
    body.ocoId = body.routeFactor = ""
    body.symbolId, body.marketId = _digest(market.wire), _digest(market.symbol.quote)
    body.marketCurrencyId, body.currencyId = body.marketId, _digest(market.symbol.base)


def _row(row: dict[str, object], unset: Mapping[str, str], client_id: str, form: str) -> dict[str, object]:
    """Return a row with what is not set in it; ``form`` is the switch ``rest_nulls``."""
    empty = {name: text if form == "none" else None for name, text in unset.items()}
    named = client_id if form == "none" else (client_id or None) if form == "unset" else None
    return {**row, **empty, "clientOrderId": named}


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
