"""Gate.io spot as the private domain sees it."""

from feedtree.exchanges.gateio.endpoints import SPOT
from feedtree.exchanges.gateio.listing import listing
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_account_rest import GateioSpotAccountRest
from feedtree.exchanges.gateio.spot_private import GateioSpotPrivateCodec
from feedtree.exchanges.private.reconcile import History
from feedtree.exchanges.private.venue import PrivateVenue

GATEIO_SPOT_PRIVATE = PrivateVenue(
    name=SPOT.name,
    endpoint=SPOT,
    spell=spell,
    codec=GateioSpotPrivateCodec,
    rest=GateioSpotAccountRest,
    listing=listing,
    readable=True,  # BTC_USDT
    history=History(account_wide=True, days=29),  # an interval of my_trades is at most 30 days long
)
"""The private side of Gate.io spot."""
