"""Gate.io's private websocket classes."""

from feedtree.exchanges.gateio.orders_venue import GATEIO_SPOT_ORDERS
from feedtree.exchanges.gateio.private_venue import GATEIO_SPOT_PRIVATE
from feedtree.exchanges.private.websocket import PrivateSpotWebsocket


class GateioPrivateSpotWebsocket(PrivateSpotWebsocket):
    """One account at Gate.io spot."""

    VENUE = GATEIO_SPOT_PRIVATE
    ORDERS = GATEIO_SPOT_ORDERS
