"""Gate.io spot as the public domain sees it."""

from feedtree.exchanges.gateio.channels import resolve
from feedtree.exchanges.gateio.endpoints import SPOT
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_public import GateioSpotCodec
from feedtree.exchanges.gateio.spot_rest import GateioSpotRest
from feedtree.exchanges.gateio.spot_trades import GateioSpotTrades
from feedtree.exchanges.public.venue import PublicVenue

GATEIO_SPOT = PublicVenue(
    name=SPOT.name,
    endpoint=SPOT,
    spell=spell,
    codec=GateioSpotCodec,
    resolve=resolve,
    rest=GateioSpotRest,
    trades=GateioSpotTrades,
)
"""The public side of Gate.io spot."""
