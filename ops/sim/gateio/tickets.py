"""What a Gate.io order asks for: its fields checked, and counted in ticks and lots."""

import re
from collections.abc import Callable, Mapping
from typing import cast

from feedtree.ops.sim import decimals
from feedtree.ops.sim.accounts.orders import Ticket, TimeInForce
from feedtree.ops.sim.gateio.denied import Denied, wrong
from feedtree.ops.sim.market import Market

MIN_QUOTE = 3
MAX_QUOTE = 5_000_000
_TEXT = re.compile(r"t-[0-9A-Za-z_.-]{1,28}")
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,18})?")

Fields = Mapping[str, object]
Pair = Callable[[str], Market | None]


def bad_fields() -> Denied:
    """Return that fields are missing or of another type."""
    return Denied(400, "INVALID_ARGUMENT", "OrderPlace request params error")


def word(fields: Fields, name: str, default: str = "") -> str:
    """Return a field that is a text.

    Raises:
        Denied: it is something else.
    """
    value = fields.get(name, default)
    if not isinstance(value, str):
        raise bad_fields()
    return value


def market_of(name: str, pair: Pair) -> Market:
    """Return the market of a pair.

    Raises:
        Denied: there is none.
    """
    market = pair(name)
    if market is None:
        raise Denied(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {name}")
    return market


def counted(number: str, places: int, what: str) -> int:
    """Return a decimal in steps.

    Raises:
        Denied: it is none, not positive, or too fine.
    """
    if not _NUMBER.fullmatch(number):
        raise wrong(f"Invalid {what}: {number[:40]!r}")
    try:
        steps = decimals.parse(number, places)
    except ValueError:
        raise Denied(400, "INVALID_PRECISION", f"{what} {number} has more than {places} decimals") from None
    if steps <= 0:
        raise wrong(f"Invalid {what}: {number}")
    return steps


def ticket_of(fields: Fields, pair: Pair) -> Ticket:
    """Return what an order asks for.

    Raises:
        Denied: it asks for nothing that there is.
    """
    market = market_of(word(fields, "currency_pair"), pair)
    text, side, kind = word(fields, "text"), word(fields, "side"), word(fields, "type", "limit")
    if text and not _TEXT.fullmatch(text):
        raise wrong("Invalid text: t- and up to 28 of 0-9A-Za-z_.- are allowed")
    if side not in ("buy", "sell"):
        raise wrong(f"Invalid side {side}")
    if word(fields, "account", "spot") != "spot":
        raise wrong("Invalid account: only spot is simulated")
    reader = {"limit": _limit, "market": _market}.get(kind)
    if reader is None:
        raise wrong(f"Invalid order type {kind}")
    ticket = reader(fields, market, side == "buy", text)
    _check_size(market, ticket)
    return ticket


def _limit(fields: Fields, market: Market, buys: bool, text: str) -> Ticket:
    tif = word(fields, "time_in_force", "gtc")
    if tif not in ("gtc", "ioc", "fok", "poc"):
        raise wrong(f"Invalid time_in_force {tif}")
    return Ticket(
        wire=market.wire,
        buys=buys,
        tif=cast("TimeInForce", tif),
        price=counted(word(fields, "price"), market.listing.price_decimals, "price"),
        lots=counted(word(fields, "amount"), market.listing.size_decimals, "amount"),
        client_id=text,
    )


def _market(fields: Fields, market: Market, buys: bool, text: str) -> Ticket:
    tif = word(fields, "time_in_force", "ioc")
    if tif not in ("ioc", "fok"):
        raise wrong("Invalid time_in_force: a market order is ioc or fok")
    listing, amount = market.listing, word(fields, "amount")
    places = listing.size_decimals + (listing.price_decimals if buys else 0)  # what is spent, or sold
    steps = counted(amount, places, "amount")
    return Ticket(
        wire=market.wire,
        buys=buys,
        market=True,
        tif=cast("TimeInForce", tif),
        lots=0 if buys else steps,
        budget=steps if buys else 0,
        client_id=text,
    )


def _check_size(market: Market, ticket: Ticket) -> None:
    turnover = ticket.budget or ticket.lots * (ticket.price or market.tape.last)
    unit = 10 ** (market.listing.price_decimals + market.listing.size_decimals)
    size = f"{turnover / unit:.6f} {market.symbol.quote}"
    if turnover < MIN_QUOTE * unit:
        raise wrong(f"Your order size {size} is too small. The minimum is {MIN_QUOTE} {market.symbol.quote}")
    if turnover > MAX_QUOTE * unit:
        raise Denied(
            400,
            "AMOUNT_TOO_MUCH",
            f"Your order size {size} is too large. The maximum is {MAX_QUOTE} {market.symbol.quote}",
        )
