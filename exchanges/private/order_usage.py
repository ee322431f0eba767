"""Whether a call about an order makes sense at all: what does not is a TypeError or a ValueError, and goes nowhere."""

from decimal import Decimal

from feedtree.exchanges.private.order_doors import AmendRequest, PlaceRequest
from feedtree.exchanges.private.order_errors import NotSupported
from feedtree.exchanges.private.order_venue import Amount, OrderVenue
from feedtree.exchanges.private.orders import OrderType, TimeInForce
from feedtree.exchanges.symbols import Symbol


def read_symbol(symbol: Symbol | str) -> Symbol:
    """Return a symbol that may be written ``BTC/USDT``.

    Raises:
        TypeError: it is neither.
        ValueError: it is not written so.
    """
    if isinstance(symbol, Symbol):
        return symbol
    if isinstance(symbol, str):
        return Symbol.parse(symbol)
    raise TypeError(f"symbol: a Symbol or a text, not {type(symbol).__name__}")


def check_timeout(timeout: float, longest: float) -> None:
    """Make sure that a call may take so long.

    Raises:
        TypeError: it is no number.
        ValueError: it is not over 0, or longer than an order can be told to expire in.
    """
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise TypeError(f"timeout: seconds, not {type(timeout).__name__}")
    if not 0 < timeout <= longest:
        raise ValueError(f"timeout: over 0 and up to {longest:g} s, not {timeout!r}")


def check_name(order_id: str | None, client_order_id: str | None) -> None:
    """Make sure that an order is named by one of its ids.

    Raises:
        TypeError: an id is no text.
        ValueError: none is given, or both are.
    """
    given = [value for value in (order_id, client_order_id) if value is not None]
    if len(given) != 1:
        raise ValueError("name the order by order_id or by client_order_id")
    if not isinstance(given[0], str):
        raise TypeError(f"an order's id is a text, not {type(given[0]).__name__}")
    if not given[0]:
        raise ValueError("an order's id is not empty")


def check_place(request: PlaceRequest, venue: OrderVenue) -> None:
    """Make sure that an order makes sense, and that the venue has such orders.

    Raises:
        TypeError: money is no Decimal, the client order id no text.
        ValueError: an amount is not over 0, or does not go with the type.
        NotSupported: the venue has no such orders.
    """
    if not isinstance(request.client_order_id, str):
        raise TypeError(f"client_order_id: a text, not {type(request.client_order_id).__name__}")
    for name in ("price", "quantity", "quote_quantity"):
        _check_money(name, getattr(request, name))
    if request.type is OrderType.LIMIT:
        if request.price is None or request.quantity is None or request.quote_quantity is not None:
            raise ValueError("a limit order has a price and a quantity, and no quote_quantity")
    else:
        _check_market(request, venue)


def check_amend(request: AmendRequest, venue: OrderVenue) -> None:
    """Make sure that an amendment makes sense, and that the venue has such a thing.

    Raises:
        TypeError: money is no Decimal.
        ValueError: an amount is not over 0, or nothing is to be changed.
        NotSupported: the venue changes no orders.
    """
    if not venue.amends:
        raise NotSupported(f"{venue.name} changes no order: cancel it, and place another one")
    if request.price is None and request.quantity is None:
        raise ValueError("amend changes price, quantity, or both")
    _check_money("price", request.price)
    _check_money("quantity", request.quantity)


def _check_market(request: PlaceRequest, venue: OrderVenue) -> None:
    if request.price is not None:
        raise ValueError("a market order has no price")
    if (request.quantity is None) == (request.quote_quantity is None):
        raise ValueError("a market order has a quantity or a quote_quantity")
    if request.time_in_force is TimeInForce.POST_ONLY:
        raise ValueError("a market order takes: it cannot be post-only")
    amount = Amount.QUANTITY if request.quantity is not None else Amount.QUOTE_QUANTITY
    if amount not in venue.market_amounts[request.side]:
        other = " or ".join(sorted(venue.market_amounts[request.side]))
        raise NotSupported(f"{venue.name}: a market {request.side} is over a {other}, not over a {amount}")
    if request.time_in_force not in (TimeInForce.GTC, *venue.market_times):
        raise NotSupported(f"{venue.name}: a market order cannot be {request.time_in_force}")


def _check_money(name: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, Decimal):
        raise TypeError(
            f"{name}: a Decimal, not {type(value).__name__} {value!r}; see Instrument.{_HOW[name]}"
        )
    if not value.is_finite() or value <= 0:
        raise ValueError(f"{name}: a finite amount over 0, not {value}")


_HOW = {"price": "price()", "quantity": "quantity()", "quote_quantity": "price()"}
