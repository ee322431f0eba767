"""Gate.io spot as the order desk sees it."""

from feedtree.exchanges.gateio.endpoints import SPOT
from feedtree.exchanges.gateio.spot_orders_rest import GateioSpotOrderRest
from feedtree.exchanges.gateio.spot_orders_ws import GateioSpotOrderSocket
from feedtree.exchanges.private.account import Account
from feedtree.exchanges.private.order_ids import IdForm
from feedtree.exchanges.private.order_rates import Rate, VenueRates
from feedtree.exchanges.private.order_venue import Amount, OrderVenue, Socket
from feedtree.exchanges.private.orders import TimeInForce
from feedtree.exchanges.side import Side
from feedtree.supervisors import BackoffPolicy, ChildSpec

SOCKET_STOP = 0.5  # seconds for the connection to end
RETIRED_AT = (0.8, 0.9)  # shares of a connection's life between which another one takes its place


def rest_door(account: Account) -> GateioSpotOrderRest:
    """Make the door that is always there."""
    return GateioSpotOrderRest(account.access.client, account.credentials, account.clock)


def socket(account: Account) -> Socket:
    """Make the door that is a connection of its own."""
    life = account.venue.endpoint.life_s * account.host.rng.uniform(*RETIRED_AT)
    door = GateioSpotOrderSocket(account.access, account.credentials, account.clock, account.measure, life)
    spec = ChildSpec(id="socket", start=door.run, shutdown=SOCKET_STOP, backoff=BackoffPolicy())
    return Socket(door, spec)


GATEIO_SPOT_ORDERS = OrderVenue(
    name=SPOT.name,
    ids=IdForm(prefix="t-", most=28, characters="0-9A-Za-z_.-"),
    rates=VenueRates(
        entry=Rate(10, 1.0),
        entry_by_symbol=True,
        cancel=Rate(200, 1.0),
        other=Rate(100, 10.0),  # 200 to each endpoint
        source="REST page v4.105.4, rate limits",
    ),
    amends=True,
    counts_down=True,
    market_amounts={
        Side.BUY: frozenset({Amount.QUOTE_QUANTITY}),
        Side.SELL: frozenset({Amount.QUANTITY}),
    },
    market_times=frozenset({TimeInForce.IOC, TimeInForce.FOK}),
    longest_expiry=60.0,
    rest=rest_door,
    socket=socket,
)
"""How Gate.io spot takes orders."""
