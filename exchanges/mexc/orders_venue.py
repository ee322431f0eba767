"""MEXC spot as the order desk sees it."""

from feedtree.exchanges.mexc.endpoints import SPOT
from feedtree.exchanges.mexc.spot_orders_rest import MexcSpotOrderRest
from feedtree.exchanges.private.account import Account
from feedtree.exchanges.private.order_ids import IdForm
from feedtree.exchanges.private.order_rates import Rate, VenueRates
from feedtree.exchanges.private.order_venue import Amount, OrderVenue
from feedtree.exchanges.private.orders import TimeInForce
from feedtree.exchanges.side import Side


def rest_door(account: Account) -> MexcSpotOrderRest:
    """Make the door that is always there."""
    return MexcSpotOrderRest(account.access.client, account.credentials, account.clock, account.rest)


MEXC_SPOT_ORDERS = OrderVenue(
    name=SPOT.name,
    ids=IdForm(prefix="", most=32, characters="0-9A-Za-z_-"),
    rates=VenueRates(
        entry=Rate(150, 10.0),  # 500 to each endpoint as documented, 300 in a profile of 2026-06
        entry_by_symbol=False,
        cancel=Rate(150, 10.0),
        other=Rate(75, 10.0),  # of weight 2
        source="spot documentation 2025-08-08, limits",
    ),
    amends=False,
    counts_down=False,
    market_amounts={
        Side.BUY: frozenset({Amount.QUANTITY, Amount.QUOTE_QUANTITY}),
        Side.SELL: frozenset({Amount.QUANTITY}),
    },
    market_times=frozenset({TimeInForce.IOC}),
    longest_expiry=59.0,  # a window has to be under 60 s
    rest=rest_door,
)
"""How MEXC spot takes orders."""
