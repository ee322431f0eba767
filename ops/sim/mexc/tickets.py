"""What a MEXC order asks for: its parameters checked, and counted in ticks and lots."""

import re
from collections.abc import Callable
from typing import cast

from feedtree.ops.sim import decimals
from feedtree.ops.sim.accounts.orders import Ticket, TimeInForce
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.mexc.denied import Denied, missing
from feedtree.ops.sim.mexc.identity import Params

MIN_QUOTE = 1  # these are of every quote asset
MAX_QUOTE = 2_000_000
MAX_QUOTE_MARKET = 100_000
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,18})?")
_CLIENT_ID = re.compile(r"[0-9A-Za-z_-]{1,32}")
_TIFS = {"LIMIT": "gtc", "LIMIT_MAKER": "poc", "IMMEDIATE_OR_CANCEL": "ioc", "FILL_OR_KILL": "fok"}
_BAND = 20  # a limit may be a twentieth away from the last price, and a market order takes up to there


def market_of(params: Params, find: Callable[[str], Market | None], code: int = -1121) -> Market:
    """Return the market that is asked for; an unknown one is refused under a code of the call's own.

    Raises:
        Denied: there is none.
    """
    if not params.get("symbol"):
        raise missing("symbol")
    market = find(params["symbol"])
    if market is None:
        raise Denied(code, "bad symbol" if code == 10007 else "Invalid symbol.")
    return market


def ticket_of(params: Params, find: Callable[[str], Market | None]) -> Ticket:
    """Return what an order asks for.

    Raises:
        Denied: it asks for nothing that there is.
    """
    market = market_of(params, find, 10007)
    side, kind, client_id = params.get("side"), params.get("type"), params.get("newClientOrderId", "")
    if side not in ("BUY", "SELL"):
        raise missing("side")
    if client_id and not _CLIENT_ID.fullmatch(client_id):
        raise Denied(700008, "Illegal characters found in parameter 'newClientOrderId'")
    if kind == "MARKET":
        ticket = _market(params, market, side == "BUY", client_id)
    elif kind in _TIFS:
        ticket = _limit(params, market, side == "BUY", client_id)
    else:
        raise missing("type")
    _check_size(market, ticket)
    return ticket


def _limit(params: Params, market: Market, buys: bool, client_id: str) -> Ticket:
    price = _counted(params, "price", market.listing.price_decimals)
    last = market.tape.last
    if price > last + last // _BAND if buys else price < last - last // _BAND:
        raise Denied(30010, "no valid trade price")
    return Ticket(
        wire=market.wire,
        buys=buys,
        tif=cast("TimeInForce", _TIFS[params["type"]]),
        price=price,
        lots=_counted(params, "quantity", market.listing.size_decimals),
        client_id=client_id,
    )


def _market(params: Params, market: Market, buys: bool, client_id: str) -> Ticket:
    listing, last = market.listing, market.tape.last
    by_quote = buys and "quoteOrderQty" in params
    places = listing.price_decimals + listing.size_decimals
    return Ticket(
        wire=market.wire,
        buys=buys,
        market=True,
        tif="ioc",
        price=last + last // _BAND if buys else last - last // _BAND,
        lots=0 if by_quote else _counted(params, "quantity", listing.size_decimals),
        budget=_counted(params, "quoteOrderQty", places) if by_quote else 0,
        client_id=client_id,
    )


def _counted(params: Params, name: str, places: int) -> int:
    number = params.get(name, "")
    if not _NUMBER.fullmatch(number):
        raise missing(name)
    try:
        steps = decimals.parse(number, places)
    except ValueError:
        raise Denied(400, f"{name} scale is invalid") from None
    if not steps:
        raise missing(name)
    return steps


def _check_size(market: Market, ticket: Ticket) -> None:
    price = market.tape.last if ticket.market else ticket.price
    turnover = ticket.budget or ticket.lots * price
    unit = 10 ** (market.listing.price_decimals + market.listing.size_decimals)
    quote = market.symbol.quote
    if turnover < MIN_QUOTE * unit:
        raise Denied(30002, f"The minimum transaction volume cannot be less than:{MIN_QUOTE}{quote}")
    most = MAX_QUOTE_MARKET if ticket.market else MAX_QUOTE
    if turnover > most * unit:
        raise Denied(30003, f"maximum transaction volume cannot be greater than :{most}{quote}")
