"""MEXC's websocket classes."""

from feedtree.exchanges.mexc.venue import MEXC_SPOT
from feedtree.exchanges.public.websocket import PublicSpotWebsocket


class MexcPublicSpotWebsocket(PublicSpotWebsocket):
    """Public market data of MEXC spot."""

    VENUE = MEXC_SPOT
