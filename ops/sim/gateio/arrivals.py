"""Reads Gate.io's order-entry requests as far as their names go: what is taken down before anything is checked."""

from collections.abc import Iterator, Mapping

import msgspec

from feedtree.ops.http import Request
from feedtree.ops.sim.accounts.entries import Doing, Entry
from feedtree.ops.sim.accounts.side import PrivateSide

_ORDERS = "/spot/orders"
_BATCHES: Mapping[str, Doing] = {
    "/spot/batch_orders": "place",
    "/spot/cancel_batch_orders": "cancel",
    "/spot/amend_batch_orders": "amend",
}
_METHODS: Mapping[str, Doing] = {"POST": "place", "DELETE": "cancel", "PATCH": "amend"}
_CHANNELS: Mapping[str, Doing] = {
    "spot.order_place": "place",
    "spot.order_cancel": "cancel",
    "spot.order_cancel_ids": "cancel",
    "spot.order_cancel_cp": "cancel",
    "spot.order_amend": "amend",
}


def of_request(side: PrivateSide, request: Request, path: str) -> list[Entry]:
    """Take down what a REST request asks for; nothing where it is no order entry."""
    doing = _BATCHES.get(path) if request.method == "POST" else None
    if doing is None and (path == _ORDERS or path.startswith(_ORDERS + "/")):
        doing = _METHODS.get(request.method)
    if doing is None:
        return []
    key = next((value.decode("latin-1") for name, value in request.headers if name == b"key"), "")
    named = {"currency_pair": request.query.get("currency_pair", ""), "id": path[len(_ORDERS) + 1 :]}
    if path in _BATCHES:
        named["id"] = ""
    return [
        side.entry("rest", request.peer, key, doing, **names)
        for names in _names(_decoded(request.body), named)
    ]


def of_api(side: PrivateSide, who: str, key: str, channel: str, param: object) -> list[Entry]:
    """Take down what a request of the WebSocket API asks for; nothing where it is no order entry."""
    doing = _CHANNELS.get(channel)
    if doing is None:
        return []
    return [side.entry("websocket", who, key, doing, **names) for names in _names(param, {})]


def _names(content: object, named: Mapping[str, str]) -> Iterator[dict[str, str]]:
    for item in content if isinstance(content, list) else [content]:
        fields = {**named, **item} if isinstance(item, dict) else dict(named)
        name = str(fields.get("order_id") or fields.get("id") or "")
        text = str(fields.get("text") or "")
        by_text = name.startswith("t-")
        yield {
            "client_id": name if by_text else text,
            "order_id": "" if by_text else name,
            "symbol": str(fields.get("currency_pair") or ""),
        }


def _decoded(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
