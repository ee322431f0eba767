"""Gate.io's WebSocket API on one connection: login, orders, and what is told of them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import Struct

from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.config import READ, TRADE
from feedtree.ops.sim.accounts.entries import Entry
from feedtree.ops.sim.gateio import arrivals
from feedtree.ops.sim.gateio.account_rates import Kind, Rate
from feedtree.ops.sim.gateio.api_calls import ApiCalls
from feedtree.ops.sim.gateio.api_envelope import ApiFrame, ApiReplies
from feedtree.ops.sim.gateio.asked import Asked
from feedtree.ops.sim.gateio.denied import Denied
from feedtree.ops.sim.peer import Peer

if TYPE_CHECKING:
    from feedtree.ops.sim.gateio.private import GateioPrivate

Call: TypeAlias = Callable[[Asked], object]


class _Route(Struct, frozen=True):
    call: Call
    kind: Kind = "other"
    permission: str = TRADE
    acks: bool = False


class ApiSession:
    """Answers the API requests of one client. A login lasts as long as the connection.

    Args:
        side: the venue's private side.
        peer: the connection.
    """

    def __init__(self, side: "GateioPrivate", peer: Peer) -> None:
        self._side = side
        self._peer = peer
        self._replies = ApiReplies(side.switches, side.venue.rng)
        self._account: Account | None = None
        self._decode = msgspec.json.Decoder(ApiFrame).decode
        calls = ApiCalls(side)
        self._routes: dict[str, _Route] = {
            "spot.order_place": _Route(calls.place, "order", acks=True),
            "spot.order_cancel": _Route(calls.cancel, "cancel"),
            "spot.order_cancel_ids": _Route(calls.cancel_ids, "cancel"),
            "spot.order_cancel_cp": _Route(calls.cancel_pair, "cancel"),
            "spot.order_amend": _Route(calls.amend, "order"),
            "spot.order_status": _Route(calls.status, permission=READ),
            "spot.order_list": _Route(calls.list, permission=READ),
        }

    def on_text(self, text: str) -> None:
        """Handle a request, which is known to be one of the API."""
        try:
            frame = self._decode(text)
        except msgspec.MsgspecError:
            self._refuse(ApiFrame(), Denied(400, "INVALID_ARGUMENT", "request params error"))
            return
        if frame.channel == "spot.login":
            self._login(frame)
        else:
            self._call(frame)

    def _login(self, frame: ApiFrame) -> None:
        payload, now_ns = frame.payload, self._side.now_ns()
        try:
            self._account = self._signed(frame, "")
        except Denied as denied:
            self._refuse(frame, denied)
            return
        uid = str(self._account.config.uid)
        self._peer.send(self._replies.result(frame, {"api_key": payload.api_key, "uid": uid}, now_ns))

    def _call(self, frame: ApiFrame) -> None:
        payload, param = frame.payload, frame.payload.param
        key = payload.api_key or (self._account.config.key if self._account else "")
        entries = arrivals.of_api(self._side, str(self._peer.number), key, frame.channel, param)
        rate: Rate | None = None
        try:
            account, route = self._whose(frame), self._route(frame.channel)
            self._side.identity.check(account, route.permission)
            asked = Asked(account, {}, param, "", entries)
            what = asked.pair if route.kind == "order" else frame.channel
            rate = self._side.rates.spend(account, route.kind, what, self._side.now_ns())
            rate.check()
            if self._side.switches.expiry_checked == "door":
                self._side.check_expiry(payload.expiry)
        except Denied as denied:
            _note(entries, denied)
            self._refuse(frame, denied, rate)
            return
        if route.acks:
            self._peer.send(self._replies.ack(frame, self._side.now_ns(), rate))
        hold_s = self._side.switches.order_hold_s if route.kind == "order" else 0.0
        self._side.venue.later(hold_s, lambda: self._do(frame, route, asked, rate))

    def _do(self, frame: ApiFrame, route: _Route, asked: Asked, rate: Rate) -> None:
        """Do what is asked for, also where its client is gone by now."""
        try:
            if route.kind == "order":
                self._side.check_expiry(frame.payload.expiry)
            result = route.call(asked)
        except Denied as denied:
            _note(asked.entries, denied)
            self._refuse(frame, denied, rate)
        else:
            self._tell(frame, route, result, rate)
        self._peer.flush()

    def _tell(self, frame: ApiFrame, route: _Route, result: object, rate: Rate) -> None:
        form = self._side.switches.order_answers if route.kind == "order" else "normal"
        if form == "cut":
            self._peer.reset()
        elif form == "status":
            self._refuse(frame, Denied(503, "SERVER_ERROR", "simulated"), rate)
        elif form == "normal":
            self._peer.send(self._replies.result(frame, result, self._side.now_ns(), rate))

    def _whose(self, frame: ApiFrame) -> Account:
        if frame.payload.signature:
            return self._signed(frame, bytes(frame.payload.req_param).decode())
        if self._account is None:
            raise Denied(401, "INVALID_CREDENTIALS", "login first")
        return self._account

    def _signed(self, frame: ApiFrame, param: str) -> Account:
        payload = frame.payload
        return self._side.identity.of_login(
            frame.channel,
            {"api_key": payload.api_key, "signature": payload.signature, "timestamp": payload.timestamp},
            param,
            self._peer.host,
            self._side.now_ns(),
        )

    def _route(self, channel: str) -> _Route:
        route = self._routes.get(channel)
        if route is None:
            raise Denied(400, "INVALID_ARGUMENT", f"unknown channel {channel}")
        return route

    def _refuse(self, frame: ApiFrame, denied: Denied, rate: Rate | None = None) -> None:
        self._peer.send(self._replies.refused(frame, denied, self._side.now_ns(), rate))


def _note(entries: Sequence[Entry], denied: Denied) -> None:
    for entry in entries:
        entry.outcome = denied.label
