"""Gate.io's private REST calls: their paths, and the way of a request through checks, limits and hold."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import trio
from msgspec import Struct

from feedtree.ops.http import Request, Response, json_response
from feedtree.ops.sim.accounts.config import READ, TRADE
from feedtree.ops.sim.accounts.entries import Entry
from feedtree.ops.sim.gateio.account_rates import Kind
from feedtree.ops.sim.gateio.account_reads import AccountReads
from feedtree.ops.sim.gateio.account_writes import AccountWrites
from feedtree.ops.sim.gateio.asked import Asked
from feedtree.ops.sim.gateio.denied import Denied

if TYPE_CHECKING:
    from feedtree.ops.sim.gateio.private import GateioPrivate

Call: TypeAlias = Callable[[Asked], object]


class _Route(Struct, frozen=True):
    call: Call
    kind: Kind = "other"
    permission: str = READ
    status: int = 200


class AccountRest:
    """Answers the private calls.

    Args:
        side: the venue's private side.
    """

    def __init__(self, side: "GateioPrivate") -> None:
        self._side = side
        reads, writes = AccountReads(side), AccountWrites(side)
        self._routes: dict[tuple[str, str], _Route] = {
            ("GET", "/spot/accounts"): _Route(reads.balances),
            ("GET", "/spot/open_orders"): _Route(reads.open_orders),
            ("GET", "/spot/orders"): _Route(reads.orders),
            ("GET", "/spot/orders/{}"): _Route(reads.order),
            ("GET", "/spot/my_trades"): _Route(reads.fills),
            ("GET", "/spot/fee"): _Route(reads.fee),
            ("GET", "/wallet/fee"): _Route(reads.fee),
            ("GET", "/account/detail"): _Route(reads.detail),
            ("POST", "/spot/orders"): _Route(writes.place, "order", TRADE, 201),
            ("POST", "/spot/batch_orders"): _Route(writes.place_some, "order", TRADE),
            ("PATCH", "/spot/orders/{}"): _Route(writes.amend, "order", TRADE),
            ("POST", "/spot/amend_batch_orders"): _Route(writes.amend_some, "order", TRADE),
            ("DELETE", "/spot/orders/{}"): _Route(writes.cancel, "cancel", TRADE),
            ("DELETE", "/spot/orders"): _Route(writes.cancel_all, "cancel", TRADE),
            ("POST", "/spot/cancel_batch_orders"): _Route(writes.cancel_some, "cancel", TRADE),
            ("POST", "/spot/countdown_cancel_all"): _Route(writes.countdown, "other", TRADE),
        }

    async def answer(self, request: Request, path: str, entries: Sequence[Entry]) -> Response | None:
        """Answer a call, or end its connection where a switch says so."""
        headers: tuple[tuple[str, str], ...] = ()
        try:
            account = self._side.identity.of_request(request, self._side.now_ns())
            route, name = self._route(request.method, path)
            self._side.identity.check(account, route.permission)
            asked = Asked(account, request.query, _content(request), name, entries)
            what = asked.pair if route.kind == "order" else path
            rate = self._side.rates.spend(account, route.kind, what, self._side.now_ns())
            headers = rate.headers()
            rate.check()
            await self._hold(request, route)
            content = route.call(asked)
        except Denied as denied:
            for entry in entries:
                entry.outcome = denied.label
            return json_response({"label": denied.label, "message": denied.text}, denied.status, headers)
        status = self._side.switches.private_rest_status
        if route.permission == READ and status:
            stated = self._side.switches.retry_after(status)
            return self._side.venue.throttled(status, (*headers, *stated))
        if route.kind == "order" and self._side.switches.order_answers != "normal":
            return await self._side.spoilt()
        return json_response(content, route.status, headers)

    def _route(self, method: str, path: str) -> tuple[_Route, str]:
        """Return what a path leads to, and the order that it names."""
        route = self._routes.get((method, path))
        if route is not None:
            return route, ""
        head, _, name = path.rpartition("/")
        route = self._routes.get((method, head + "/{}"))
        if route is None or not name:
            raise Denied(404, "NOT_FOUND", "The requested URL was not found")
        return route, name

    async def _hold(self, request: Request, route: _Route) -> None:
        if route.kind != "order":
            return
        expiry = next((value.decode() for name, value in request.headers if name == b"x-gate-exptime"), "")
        if self._side.switches.expiry_checked == "door":
            self._side.check_expiry(expiry)
        await trio.sleep(self._side.switches.order_hold_s)
        if self._side.switches.expiry_checked == "engine":
            self._side.check_expiry(expiry)


def _content(request: Request) -> object:
    if not request.body:
        return None
    try:
        return msgspec.json.decode(request.body)
    except msgspec.DecodeError:
        raise Denied(400, "INVALID_REQUEST_BODY", "Invalid request body") from None
