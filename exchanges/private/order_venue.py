"""What the desk has to know of a venue: data and a few functions, no class to inherit from."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec import Struct

from feedtree.exchanges.private.account import Account
from feedtree.exchanges.private.order_doors import Door
from feedtree.exchanges.private.order_ids import IdForm
from feedtree.exchanges.private.order_rates import VenueRates
from feedtree.exchanges.private.orders import TimeInForce
from feedtree.exchanges.side import Side
from feedtree.supervisors import ChildSpec


class Amount(StrEnum):
    """What a market order is over."""

    QUANTITY = "quantity"
    QUOTE_QUANTITY = "quote_quantity"


class Socket(Struct, frozen=True):
    """A door that is a connection of its own.

    Args:
        door: through which requests go.
        spec: of the actor that holds the connection.
    """

    door: Door
    spec: ChildSpec


class OrderVenue(Struct, frozen=True, kw_only=True):
    """How a venue takes orders.

    Args:
        name: ``gateio.spot``.
        ids: the form of client order ids.
        rates: what it allows in a stretch of time.
        amends: whether an open order can be changed.
        counts_down: whether it can be asked to cancel everything unless it is asked again (a dead man's switch).
        market_amounts: what a market order of each side may be over.
        market_times: what may be asked of a market order beside the default.
        longest_expiry: seconds that an order may be given until the venue refuses it.
        rest: makes the door that is always there.
        socket: makes the door that is a connection of its own; None where the venue has none.
    """

    name: str
    ids: IdForm
    rates: VenueRates
    amends: bool
    counts_down: bool
    market_amounts: Mapping[Side, frozenset[Amount]]
    market_times: frozenset[TimeInForce]
    longest_expiry: float
    rest: Callable[[Account], Door]
    socket: Callable[[Account], Socket] | None = None
