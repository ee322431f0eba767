"""As much of Gate.io's REST side as clients need that will not begin without it."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import msgspec


def asked(request: bytes) -> bool:
    """Tell whether these bytes are a plain GET, not an upgrade to a websocket."""
    return request.startswith(b"GET ") and b"upgrade: websocket" not in request.lower()


def resource(request: bytes) -> str:
    """Return the path and query of a GET."""
    return request.split(b" ", 2)[1].decode("ascii")


def answer(resource: str, books: Mapping[str, bytes]) -> bytes:
    """Return the whole response.

    Args:
        resource: path and query.
        books: bodies of ``/spot/order_book``, by pair.
    """
    parts = urlsplit(resource)
    body = b"[]"  # of whatever else a client wants listed
    if parts.path.endswith("/spot/currency_pairs"):
        body = msgspec.json.encode([_pair(name) for name in books])
    elif parts.path.endswith("/spot/order_book"):
        (name,) = parse_qs(parts.query)["currency_pair"]
        body = books[name]
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _pair(name: str) -> dict[str, object]:
    base, _, quote = name.partition("_")
    return {
        "id": name,
        "base": base,
        "quote": quote,
        "fee": "0.2",
        "min_quote_amount": "3",
        "amount_precision": 6,
        "precision": 10,
        "trade_status": "tradable",
        "sell_start": 0,
        "buy_start": 0,
    }
