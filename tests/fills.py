"""Fills as tests need them: a purchase of one BTC at 100 USDT, but for what a test says."""

from decimal import Decimal
from typing import Any

from feedtree.exchanges.private.messages import Fill
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

_TRADE: dict[str, Any] = {
    "trade_id": "1",
    "order_id": "1",
    "client_order_id": None,
    "symbol": Symbol("BTC", "USDT"),
    "side": Side.BUY,
    "price": Decimal(100),
    "quantity": Decimal(1),
    "fee": None,
    "fee_currency": None,
    "role": None,
    "venue_ns": 0,
}
_TOLD: dict[str, Any] = {
    "venue": "gateio.spot",
    "account": "main",
    "sequence": 1,
    "received_ns": 0,
    "recovered": False,
    "position": "",
}


def raw_fill(**changes: Any) -> RawFill:
    """Return one as a venue tells it."""
    return RawFill(**{**_TRADE, **changes})


def told_fill(**changes: Any) -> Fill:
    """Return one as an account tells it."""
    return Fill(**{**_TRADE, **_TOLD, **changes})
