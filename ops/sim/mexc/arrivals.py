"""Reads MEXC's order-entry requests as far as their names go: what is taken down before anything is checked."""

from collections.abc import Mapping

from feedtree.ops.http import Request
from feedtree.ops.sim.accounts.entries import Doing, Entry
from feedtree.ops.sim.accounts.side import PrivateSide
from feedtree.ops.sim.mexc.account_shapes import order_number
from feedtree.ops.sim.mexc.account_writes import batch
from feedtree.ops.sim.mexc.identity import Params, key_of, parameters

_BATCH = ("POST", "/batchOrders")
_DOING: Mapping[tuple[str, str], Doing] = {
    ("POST", "/order"): "place",
    _BATCH: "place",
    ("DELETE", "/order"): "cancel",
    ("DELETE", "/openOrders"): "cancel",
}


def of_request(side: PrivateSide, request: Request, path: str) -> list[Entry]:
    """Take down what a request asks for; nothing where it is no order entry."""
    doing = _DOING.get((request.method, path))
    if doing is None:
        return []
    params = parameters(request)
    items = (batch(params) or []) if (request.method, path) == _BATCH else [params]
    return [side.entry("rest", request.peer, key_of(request), doing, **_names(item)) for item in items]


def _names(params: Params) -> dict[str, str]:
    return {
        "client_id": params.get("origClientOrderId") or params.get("newClientOrderId") or "",
        "order_id": params["orderId"] if order_number(params.get("orderId", "")) else "",
        "symbol": params.get("symbol", ""),
    }
