"""MEXC spot as the public domain sees it."""

from feedtree.exchanges.mexc.channels import resolve
from feedtree.exchanges.mexc.endpoints import SPOT
from feedtree.exchanges.mexc.spelling import spell
from feedtree.exchanges.mexc.spot_public import MexcSpotCodec
from feedtree.exchanges.mexc.spot_rest import MexcSpotRest
from feedtree.exchanges.public.venue import PublicVenue

MEXC_SPOT = PublicVenue(
    name=SPOT.name,
    endpoint=SPOT,
    spell=spell,
    codec=MexcSpotCodec,
    resolve=resolve,
    rest=MexcSpotRest,
)
"""The public side of MEXC spot."""
