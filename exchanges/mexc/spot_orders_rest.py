"""MEXC spot's orders over REST, the only way that it documents; it changes no orders.

Source: spot documentation 2025-08-08. A request whose ``timestamp`` is more than its ``recvWindow`` ago when it gets
there is refused: that is an order's expiry.
"""

from collections.abc import Callable

import msgspec
import trio

from feedtree.exchanges.answers import RestAnswer
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.mexc.account_messages import OrderRow
from feedtree.exchanges.mexc.order_forms import order_from_row
from feedtree.exchanges.mexc.refusals import explain
from feedtree.exchanges.mexc.signing import RECV_WINDOW, headers, signed_query
from feedtree.exchanges.mexc.spelling import spell
from feedtree.exchanges.mexc.spot_orders_errors import judge
from feedtree.exchanges.mexc.spot_orders_fields import (
    as_it_stands,
    brake_of,
    cancelled,
    name_parameters,
    place_parameters,
    placed,
)
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.order_doors import (
    Answered,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    Refused,
    Reply,
    Request,
    StatusRequest,
    Unanswered,
)
from feedtree.exchanges.private.orders import TimeInForce
from feedtree.exchanges.private.rest import AccountRest
from feedtree.exchanges.rest import RestClient
from feedtree.supervisors.verdicts import Fatal

LOOK_WITHIN = 0.5  # of the time that is left until an order's expiry

_ORDER = "/api/v3/order"
_OPEN_ORDERS = "/api/v3/openOrders"
_MS = 1_000_000
_S = 1_000_000_000
_ENDED_AT_ONCE = (TimeInForce.POST_ONLY, TimeInForce.FOK)

Taken = PlaceRequest | CancelRequest | CancelAllRequest | StatusRequest


class MexcSpotOrderRest:
    """See `Door`; always open.

    Args:
        rest: does the calls.
        credentials: sign them.
        clock: the venue's; its time goes into every signature.
        account: the account's reads: the answer to an order does not tell whether it was ended at once.
    """

    name = "rest"
    open = True

    def __init__(
        self, rest: RestClient, credentials: Credentials, clock: VenueClock, account: AccountRest
    ) -> None:
        self._rest = rest
        self._credentials = credentials
        self._clock = clock
        self._account = account

    def __repr__(self) -> str:
        return f"MexcSpotOrderRest({self._rest.host})"

    def takes(self, request: Request) -> bool:
        """See `Door`; the venue changes no orders, and has no countdown."""
        return isinstance(request, Taken)

    async def send(self, request: Request, expires_ns: int, on_sent: Callable[[], None]) -> Reply:
        """See `Door`."""
        assert isinstance(request, Taken)
        method, path, parameters = _call(request)
        now_ns = self._clock.now_ns()
        window = RECV_WINDOW
        if isinstance(request, PlaceRequest):
            window = max((expires_ns - now_ns) // _MS, 1)
        query = signed_query(self._credentials.secret, parameters, now_ns // _MS, recv_window=window)
        try:
            answer = await self._rest.send(
                method, path, query=query, headers=headers(self._credentials), on_sent=on_sent
            )
        except RestFailed as error:
            return Unanswered(sent=error.sent, why=str(error))
        if not answer.success:
            return self._denied(request, answer)
        try:
            reply = _answered(request, answer.body)
        except (ValueError, ArithmeticError, RecursionError) as error:
            return Unanswered(sent=True, why=f"the answer does not read: {error}")
        if isinstance(request, PlaceRequest) and request.time_in_force in _ENDED_AT_ONCE:
            return await self._as_it_stands(request, reply, (expires_ns - self._clock.now_ns()) / _S)
        return reply

    def _denied(self, request: Taken, answer: RestAnswer) -> Reply:
        code, text = explain(answer.body)
        brake = brake_of(answer.status, answer.headers, self._clock.now_ns() / _S)
        verdict = judge(request, answer.status, code, text)
        if verdict is None:
            why = f"HTTP {answer.status} {code} {text}".rstrip()
            return Unanswered(sent=True, why=why, brake=brake)
        return Refused(reason=verdict.reason, code=verdict.code, text=verdict.text, brake=brake)

    async def _as_it_stands(self, request: PlaceRequest, reply: Answered, left: float) -> Answered:
        """Look whether an order was ended at once; where that cannot be seen it stands as accepted."""
        (order,) = reply.orders
        seen = None
        with trio.move_on_after(max(left, 0.0) * LOOK_WITHIN):
            try:
                seen = await self._account.order(request.symbol, order_id=order.order_id)
            except (RestFailed, VenueThrottled, Fatal):
                return reply  # it is there, for sure
        return reply if seen is None else Answered(orders=(as_it_stands(request, seen),))


def _call(request: Taken) -> tuple[str, str, dict[str, str]]:
    match request:
        case PlaceRequest():
            return "POST", _ORDER, place_parameters(request)
        case CancelAllRequest():
            return "DELETE", _OPEN_ORDERS, {"symbol": spell(request.symbol)}
        case CancelRequest():
            return "DELETE", _ORDER, name_parameters(request)
        case _:
            return "GET", _ORDER, name_parameters(request)


def _answered(request: Taken, body: bytes) -> Answered:
    match request:
        case PlaceRequest():
            return Answered(orders=(placed(request, body),), shown=False)
        case StatusRequest():
            row = msgspec.json.decode(body, type=OrderRow, strict=False)
            return Answered(orders=(order_from_row(row, request.symbol),))
        case _:
            return cancelled(request, body)
