"""Gate.io's rows of accounts: what is not known is told, and never taken for an end."""

from typing import Any

import msgspec
import pytest

from feedtree.exchanges.controls import Undecodable
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_private import GateioSpotPrivateCodec
from feedtree.exchanges.private.orders import Order, OrderStatus
from feedtree.exchanges.symbols import SymbolMap

ROW = {
    "id": "1",
    "currency_pair": "BTC_USDT",
    "side": "buy",
    "type": "limit",
    "amount": "2",
    "left": "2",
    "price": "5",
    "finish_as": "open",
    "update_time_ms": "1700000000000",
}


def decoded(**row: Any) -> list[Any]:
    frame = {"channel": "spot.orders", "event": "update", "result": [{**ROW, **row}]}
    codec = GateioSpotPrivateCodec(Credentials("k", "s"), SymbolMap(spell))
    return codec.decode([msgspec.json.encode(frame).decode()], 0)


@pytest.mark.parametrize("row", [{"event": "trigger"}, {}, {"status": "frozen"}])
def test_an_event_that_is_not_known_ends_no_order(row: dict[str, str]) -> None:
    """An end is final: an order that is taken for ended by mistake is lost. The account is compared instead."""
    (item,) = decoded(**row)
    assert isinstance(item, Undecodable)


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"event": "put"}, OrderStatus.OPEN),
        ({"event": "update", "left": "1"}, OrderStatus.PARTIALLY_FILLED),
        ({"event": "finish", "left": "0", "finish_as": "filled"}, OrderStatus.FILLED),
        ({"event": "finish", "finish_as": "cancelled"}, OrderStatus.CANCELLED),
        ({"event": "finish", "finish_as": "stp"}, OrderStatus.EXPIRED),
        ({"event": "finish", "finish_as": "a-new-word"}, OrderStatus.EXPIRED),
        ({"status": "closed", "left": "0", "finish_as": ""}, OrderStatus.FILLED),
        ({"status": "cancelled", "finish_as": ""}, OrderStatus.CANCELLED),
        ({"status": "open"}, OrderStatus.OPEN),
    ],
)
def test_the_known_ones_say_how_an_order_stands(row: dict[str, str], status: OrderStatus) -> None:
    """Pushes have an event, other rows a status."""
    (order,) = decoded(**row)
    assert isinstance(order, Order)
    assert order.status is status
