"""Gate.io's websocket classes."""

from feedtree.exchanges.gateio.venue import GATEIO_SPOT
from feedtree.exchanges.public.websocket import PublicSpotWebsocket


class GateioPublicSpotWebsocket(PublicSpotWebsocket):
    """Public market data of Gate.io spot."""

    VENUE = GATEIO_SPOT
