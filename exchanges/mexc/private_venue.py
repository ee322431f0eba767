"""MEXC spot as the private domain sees it."""

from feedtree.exchanges.mexc.endpoints import SPOT
from feedtree.exchanges.mexc.listen_keys import MexcListenKeys
from feedtree.exchanges.mexc.listing import listing
from feedtree.exchanges.mexc.spelling import spell
from feedtree.exchanges.mexc.spot_account_rest import MexcSpotAccountRest
from feedtree.exchanges.mexc.spot_private import MexcSpotPrivateCodec
from feedtree.exchanges.private.reconcile import History
from feedtree.exchanges.private.venue import PrivateVenue

MEXC_SPOT_PRIVATE = PrivateVenue(
    name=SPOT.name,
    endpoint=SPOT,
    spell=spell,
    codec=MexcSpotPrivateCodec,
    rest=MexcSpotAccountRest,
    history=History(account_wide=False, days=29),  # myTrades tells of the last month
    listing=listing,
    readable=False,  # BTCUSDT
    lease=MexcListenKeys,
)
"""The private side of MEXC spot."""
