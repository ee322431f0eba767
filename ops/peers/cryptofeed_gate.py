"""cryptofeed's Gateio, pointed at a local server; otherwise as it is. Used in environments of its own alone.

It takes ``spot.order_book_update`` and joins it to a REST book of 100 levels.
"""

from typing import Any

from cryptofeed.connection import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    RestEndpoint,
    Routes,
    WebsocketEndpoint,
)
from cryptofeed.exchanges import Gateio  # type: ignore[import-not-found,import-untyped,unused-ignore]

_LISTED = "/api/v4/spot/currency_pairs"
_BOOK = "/api/v4/spot/order_book?currency_pair={}&limit=100&with_id=true"

Levels = list[tuple[float, float]]  # (price, size), best first


def gateio(ws_url: str, rest_url: str) -> Any:
    """Return cryptofeed's class.

    Args:
        ws_url: it must be ``wss://``.
        rest_url: without a path.
    """
    Gateio.websocket_endpoints = [WebsocketEndpoint(ws_url, options={"compression": None})]
    Gateio.rest_endpoints = [RestEndpoint(rest_url, routes=Routes(_LISTED, l2book=_BOOK))]
    return Gateio


def levels(book: Any) -> tuple[Levels, Levels]:
    """Return the bids and asks of a book."""
    bids, asks = (
        [(float(price), float(size)) for price, size in side.to_dict().items()]
        for side in (book.bids, book.asks)
    )
    return bids, asks
