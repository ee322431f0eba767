"""MEXC's private websocket classes."""

from feedtree.exchanges.mexc.orders_venue import MEXC_SPOT_ORDERS
from feedtree.exchanges.mexc.private_venue import MEXC_SPOT_PRIVATE
from feedtree.exchanges.private.websocket import PrivateSpotWebsocket


class MexcPrivateSpotWebsocket(PrivateSpotWebsocket):
    """One account at MEXC spot."""

    VENUE = MEXC_SPOT_PRIVATE
    ORDERS = MEXC_SPOT_ORDERS
