"""Gate.io spot's orders over REST.

Source: REST page v4.105.4. An order whose ``x-gate-exptime`` (UTC milliseconds) is over when it gets there is refused.
"""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.gateio.refusals import explain
from feedtree.exchanges.gateio.signing import rest_headers
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_orders_fields import (
    amend_fields,
    answered,
    brake_of,
    denied,
    name_of,
    place_fields,
)
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.order_doors import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    CountdownRequest,
    PlaceRequest,
    Reply,
    Request,
    StatusRequest,
    Unanswered,
)
from feedtree.exchanges.rest import RestClient

_ORDERS = "/spot/orders"
_COUNTDOWN = "/spot/countdown_cancel_all"
_S = 1_000_000_000
_MS = 1_000_000


class _Call(NamedTuple):
    method: str
    path: str
    query: str = ""
    body: bytes = b""
    expires: bool = False


class GateioSpotOrderRest:
    """See `Door`; always open.

    Args:
        rest: does the calls.
        credentials: sign them.
        clock: the venue's; its time goes into every signature.
    """

    name = "rest"
    open = True

    def __init__(self, rest: RestClient, credentials: Credentials, clock: VenueClock) -> None:
        self._rest = rest
        self._credentials = credentials
        self._clock = clock

    def __repr__(self) -> str:
        return f"GateioSpotOrderRest({self._rest.host})"

    def takes(self, request: Request) -> bool:
        """See `Door`: it takes everything."""
        return True

    async def send(self, request: Request, expires_ns: int, on_sent: Callable[[], None]) -> Reply:
        """See `Door`."""
        call = _call(request)
        headers = rest_headers(
            self._credentials,
            call.method,
            self._rest.base_path + call.path,
            call.query,
            call.body,
            self._clock.now_ns() // _S,
        )
        if call.body:
            headers["Content-Type"] = "application/json"
        if call.expires:
            headers["x-gate-exptime"] = str(expires_ns // _MS)
        try:
            answer = await self._rest.send(
                call.method,
                call.path,
                query=call.query,
                headers=headers,
                body=call.body,
                on_sent=on_sent,
            )
        except RestFailed as error:
            return Unanswered(sent=error.sent, why=str(error))
        brake = brake_of(answer.status, answer.headers, self._clock.now_ns() / _S)
        if answer.success:
            return answered(request, answer.body, brake)
        return denied(answer.status, *explain(answer.body), brake)


def _call(request: Request) -> _Call:
    match request:
        case PlaceRequest():
            return _Call("POST", _ORDERS, body=msgspec.json.encode(place_fields(request)), expires=True)
        case CancelRequest():
            return _Call("DELETE", _path(request), _query(request))
        case CancelAllRequest():
            return _Call("DELETE", _ORDERS, _query(request))
        case AmendRequest():
            body = msgspec.json.encode(amend_fields(request))
            return _Call("PATCH", _path(request), _query(request), body, expires=True)
        case CountdownRequest():
            return _Call("POST", _COUNTDOWN, body=msgspec.json.encode({"timeout": request.seconds}))
        case _:
            return _Call("GET", _path(request), _query(request))


def _path(request: CancelRequest | AmendRequest | StatusRequest) -> str:
    return f"{_ORDERS}/{quote(name_of(request), safe='')}"


def _query(request: CancelRequest | CancelAllRequest | AmendRequest | StatusRequest) -> str:
    return f"currency_pair={quote(spell(request.symbol), safe='')}&account=spot"
