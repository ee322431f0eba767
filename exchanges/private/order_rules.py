"""What a venue, or an account's own limits, would refuse, found before anything is sent; a refusal names its rule."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from feedtree.exchanges.instruments import Instrument, InstrumentStatus, is_stepped
from feedtree.exchanges.private.order_doors import AmendRequest, PlaceRequest
from feedtree.exchanges.private.order_ids import IdForm
from feedtree.exchanges.private.order_limits import HardLimits
from feedtree.exchanges.private.orders import Order, OrderType, RejectReason
from feedtree.exchanges.side import Side

_TAKES = {
    InstrumentStatus.TRADING: frozenset(Side),
    InstrumentStatus.BUY_ONLY: frozenset({Side.BUY}),
    InstrumentStatus.SELL_ONLY: frozenset({Side.SELL}),
    InstrumentStatus.HALTED: frozenset[Side](),
}


class Broken(NamedTuple):
    """A rule that an order would break."""

    reason: RejectReason
    rule: str


class _Size(NamedTuple):
    """What an order is over, as far as it says."""

    instrument: Instrument
    price: Decimal | None
    quantity: Decimal | None
    notional: Decimal | None


def broken_by_place(
    request: PlaceRequest, instrument: Instrument | None, form: IdForm, limits: HardLimits, open_orders: int
) -> Broken | None:
    """Return the first rule that an order would break; None where it breaks none.

    Args:
        request: an order that makes sense.
        instrument: of its symbol; None where the venue lists none.
        form: of client order ids.
        limits: the account's own.
        open_orders: how many are open, or may be, without this one.
    """
    if instrument is None:
        return Broken(RejectReason.UNKNOWN_SYMBOL, f"{request.symbol} is not listed")
    return next(_place_rules(request, instrument, form, limits, open_orders), None)


def broken_by_amend(
    request: AmendRequest, order: Order | None, instrument: Instrument | None, limits: HardLimits
) -> Broken | None:
    """Return the first rule that an order would break once it is amended.

    Args:
        request: an amendment that makes sense.
        order: as it is known; None where it is not: then only what is given can be checked.
        instrument: of its symbol; None where the venue lists none.
        limits: the account's own.
    """
    if instrument is None:
        return Broken(RejectReason.UNKNOWN_SYMBOL, f"{request.symbol} is not listed")
    price = request.price or (None if order is None else order.price)
    quantity = request.quantity or (None if order is None else order.quantity)
    notional = price * quantity if price is not None and quantity is not None else None
    size = _Size(instrument, price, quantity, notional)
    return next(_size_rules(size, limits), None)


def _place_rules(
    request: PlaceRequest, instrument: Instrument, form: IdForm, limits: HardLimits, open_orders: int
) -> Iterator[Broken]:
    if not form.fits(request.client_order_id):
        yield Broken(RejectReason.INVALID, f"client_order_id is {form}, not {request.client_order_id!r}")
    if request.side not in _TAKES[instrument.status]:
        yield Broken(RejectReason.NOT_TRADING, f"{request.symbol} is {instrument.status}")
    if limits.open_orders is not None and open_orders >= limits.open_orders:
        yield Broken(RejectReason.TOO_MANY_ORDERS, f"limits.open_orders is {limits.open_orders}")
    size = _Size(instrument, request.price, request.quantity, _notional(request))
    yield from _size_rules(size, limits)
    if request.type is OrderType.MARKET:
        yield from _unknown_notional(request, limits)


def _notional(request: PlaceRequest) -> Decimal | None:
    if request.price is not None and request.quantity is not None:
        return request.price * request.quantity
    return request.quote_quantity


def _size_rules(size: _Size, limits: HardLimits) -> Iterator[Broken]:
    instrument, symbol = size.instrument, size.instrument.symbol
    yield from _step(RejectReason.PRECISION, f"price of {symbol}", size.price, instrument.price_step)
    yield from _step(RejectReason.PRECISION, f"quantity of {symbol}", size.quantity, instrument.size_step)
    yield from _least(f"quantity of {symbol}", size.quantity, instrument.min_size)
    yield from _least(f"notional of {symbol}", size.notional, instrument.min_notional)
    yield from _most(f"limits.order_size[{symbol}]", size.quantity, limits.order_size.get(symbol))
    yield from _most(f"limits.notional[{symbol.quote}]", size.notional, limits.notional.get(symbol.quote))


def _unknown_notional(request: PlaceRequest, limits: HardLimits) -> Iterator[Broken]:
    """Refuse what a limit is for and cannot be checked."""
    quote, symbol = request.symbol.quote, request.symbol
    if request.quote_quantity is None and quote in limits.notional and symbol not in limits.order_size:
        rule = f"limits.notional[{quote}] cannot be checked without a price: set limits.order_size[{symbol}]"
        yield Broken(RejectReason.TOO_LARGE, rule)
    if request.quantity is None and symbol in limits.order_size and quote not in limits.notional:
        rule = f"limits.order_size[{symbol}] cannot be checked without a price: set limits.notional[{quote}]"
        yield Broken(RejectReason.TOO_LARGE, rule)


def _step(reason: RejectReason, what: str, value: Decimal | None, step: Decimal) -> Iterator[Broken]:
    if value is not None and not is_stepped(value, step):
        yield Broken(reason, f"{what} goes in steps of {step:f}, {value:f} does not")


def _least(what: str, value: Decimal | None, least: Decimal | None) -> Iterator[Broken]:
    if value is not None and least is not None and value < least:
        yield Broken(RejectReason.TOO_SMALL, f"{what} is at least {least:f}, not {value:f}")


def _most(limit: str, value: Decimal | None, most: Decimal | None) -> Iterator[Broken]:
    if value is not None and most is not None and value > most:
        yield Broken(RejectReason.TOO_LARGE, f"{limit} is {most:f}, this is {value:f}")
