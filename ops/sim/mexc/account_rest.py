"""MEXC's private REST calls: their paths and weights, and the way of a request through checks, limits and hold."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import trio
from msgspec import Struct

from feedtree.ops.http import Request, Response, json_response
from feedtree.ops.sim.accounts.config import READ, TRADE
from feedtree.ops.sim.accounts.entries import Entry
from feedtree.ops.sim.budget import WindowBudget
from feedtree.ops.sim.mexc.account_reads import AccountReads
from feedtree.ops.sim.mexc.account_writes import AccountWrites
from feedtree.ops.sim.mexc.asked import Asked
from feedtree.ops.sim.mexc.denied import Denied
from feedtree.ops.sim.mexc.identity import parameters
from feedtree.ops.sim.mexc.key_calls import KeyCalls

if TYPE_CHECKING:
    from feedtree.ops.sim.mexc.private import MexcPrivate

NS = 1_000_000_000
_KEYS = "/userDataStream"

Call: TypeAlias = Callable[[Asked], object]


class _Route(Struct, frozen=True):
    call: Call
    weight: int = 1
    permission: str = READ
    places: bool = False
    per_second: int = 0  # calls of an account besides their weight; 0: any number


class AccountRest:
    """Answers the private calls.

    Args:
        side: the venue's private side.
    """

    def __init__(self, side: "MexcPrivate") -> None:
        self._side = side
        self._weights = WindowBudget(10)
        self._seconds = WindowBudget(1)
        reads, writes, keys = AccountReads(side), AccountWrites(side), KeyCalls(side)
        self._routes: dict[tuple[str, str], _Route] = {
            ("POST", "/order"): _Route(writes.place, 1, TRADE, places=True),
            ("POST", "/order/test"): _Route(writes.test, 1, TRADE),
            ("POST", "/batchOrders"): _Route(writes.place_some, 1, TRADE, places=True, per_second=2),
            ("DELETE", "/order"): _Route(writes.cancel, 1, TRADE),
            ("DELETE", "/openOrders"): _Route(writes.cancel_all, 1, TRADE),
            ("GET", "/order"): _Route(reads.order, 2),
            ("GET", "/openOrders"): _Route(reads.open_orders, 3),
            ("GET", "/allOrders"): _Route(reads.all_orders, 10),
            ("GET", "/myTrades"): _Route(reads.fills, 10),
            ("GET", "/account"): _Route(reads.balances, 10, per_second=2),
            ("GET", "/tradeFee"): _Route(reads.fee, 20),
            ("POST", _KEYS): _Route(keys.make),
            ("PUT", _KEYS): _Route(keys.renew),
            ("GET", _KEYS): _Route(keys.list),
            ("DELETE", _KEYS): _Route(keys.drop),
        }
        self._paths = {path for _, path in self._routes}

    def serves(self, path: str) -> bool:
        """Whether a path is a private one."""
        return path in self._paths

    async def answer(self, request: Request, path: str, entries: Sequence[Entry]) -> Response | None:
        """Answer a call, or end its connection where a switch says so."""
        route = self._routes.get((request.method, path))
        if route is None:
            return json_response({"code": 405, "msg": "Method Not Allowed"}, 405)
        try:
            content = await self._content(request, route, path, entries)
        except Denied as denied:
            for entry in entries:
                entry.outcome = str(denied.code)
            return denied.response()
        status = self._side.switches.private_rest_status
        if status and request.method == "GET":
            return self._side.venue.throttled(status, self._side.switches.retry_after(status))
        if route.places and self._side.switches.order_answers != "normal":
            return await self._side.spoilt()
        return json_response(content)

    async def _content(self, request: Request, route: _Route, path: str, entries: Sequence[Entry]) -> object:
        identity, params = self._side.identity, parameters(request)
        signed = path != _KEYS or self._side.switches.listen_key_auth == "signed"
        account = identity.of_request(request, params, self._side.now_ns(), signed=signed)
        identity.check(account, route.permission)
        self._spend(str(account.config.uid), route, request.method + path)
        if route.places and self._side.switches.order_hold_s:
            await trio.sleep(self._side.switches.order_hold_s)
            if self._side.switches.expiry_checked == "engine":
                identity.check_time(params, self._side.now_ns())
        return route.call(Asked(account, params, entries))

    def _spend(self, uid: str, route: _Route, what: str) -> None:
        now_s, limit = self._side.venue.clock.now_ns() / NS, self._side.switches.account_limit
        left, ends_s = self._weights.spend(uid, what, route.weight, limit, now_s)
        if left >= 0 and limit and route.per_second:
            left, ends_s = self._seconds.spend(uid, what, 1, route.per_second, now_s)
        if left < 0:
            raise Denied(429, "Too Many Requests", status=429, retry_after_s=math.ceil(ends_s - now_s))
