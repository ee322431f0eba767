"""Gate.io's websocket API for spot orders: what one connection says and hears. Sans-io.

An order is answered twice, first that it came (``ack``), then what became of it; everything else once. Replies are
matched by their ``request_id``, and have no channel of their own.

Source: spot websocket page 2025-07-23; replies of 2024 and 2025. The time at which a limit's window ends is spelled
``x_gat_ratelimit_reset_timestamp`` in the documents and ``x_gate_...`` in some replies.
"""

from typing import Any

import msgspec
from msgspec import Struct

from feedtree.exchanges.controls import Notice, Payload, Pong, Undecodable, Unknown
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.gateio.refusals import fatal, unfold
from feedtree.exchanges.gateio.signing import api_signature
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_orders_fields import (
    REMAIN,
    RESET,
    amend_fields,
    answered,
    brake_of,
    denied,
    name_of,
    place_fields,
)
from feedtree.exchanges.private.order_doors import (
    AmendRequest,
    Brake,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    Reply,
    StatusRequest,
)
from feedtree.supervisors.verdicts import Fatal

LOGIN = "spot.login"
LOGIN_ID = "login"
Taken = PlaceRequest | CancelRequest | CancelAllRequest | AmendRequest | StatusRequest

_MS = 1_000_000
_S = 1_000_000_000
_OK = 200
_SHOWN = 200  # characters of a foreign text in a report


class Told(Struct, frozen=True):
    """A reply to a request of this connection.

    Args:
        id: of the request.
        ack: that it has come, and nothing more.
        status: HTTP's, or the like.
        label: of a refusal; empty otherwise.
        text: of a refusal; empty otherwise.
        result: of what was done, as JSON.
        brake: whether the venue wants a pause.
    """

    id: str
    ack: bool
    status: int
    label: str
    text: str
    result: msgspec.Raw
    brake: Brake | None

    @property
    def done(self) -> bool:
        """Whether it is no refusal."""
        return self.status == _OK and not self.label and not self.text


Heard = Told | Pong | Notice | Unknown | Undecodable


class _Header(Struct):
    status: Any = ""
    x_gate_ratelimit_requests_remain: Any = None
    x_gate_ratelimit_reset_timestamp: Any = None
    x_gat_ratelimit_reset_timestamp: Any = None


class _Refusal(Struct):
    label: str | None = ""
    message: str | None = ""


class _Data(Struct):
    result: msgspec.Raw = msgspec.Raw(b"null")
    errs: _Refusal | None = None


class _Notice(Struct):
    type: str = ""
    msg: str = ""


class _Frame(Struct):
    request_id: str | None = None
    ack: bool | None = None
    header: _Header | None = None
    data: _Data | None = None
    channel: str | None = ""
    event: str | None = ""
    result: msgspec.Raw = msgspec.Raw(b"null")


def login(credentials: Credentials, now: float) -> Payload:
    """Write the login of a connection; it lasts as long as the connection.

    Args:
        credentials: the account's.
        now: UTC seconds by the venue's clock.
    """
    time = int(now)
    payload = {
        "req_id": LOGIN_ID,
        "api_key": credentials.key.reveal(),
        "signature": api_signature(credentials.secret, LOGIN, "", time),
        "timestamp": str(time),
    }
    return _frame(LOGIN, time, payload)


def ask(request: Taken, request_id: str, expires_ns: int, now: float) -> Payload:
    """Write a request.

    Args:
        request: what is asked for.
        request_id: comes back with the reply.
        expires_ns: when the venue is not to take an order or an amendment up any more.
        now: UTC seconds by the venue's clock.
    """
    channel, parameters = _call(request)
    payload: dict[str, object] = {"req_id": request_id, "req_param": parameters}
    if isinstance(request, PlaceRequest | AmendRequest):
        payload["req_header"] = {"x-gate-exptime": str(expires_ns // _MS)}
    return _frame(channel, int(now), payload)


def ping(now: float) -> Payload:
    """Write the venue's application ping; arguments as `login`."""
    return f'{{"time":{int(now)},"channel":"spot.ping"}}'


def hear(payload: Payload, now: float) -> Heard:
    """Read a frame. Never raises for anything that a venue may send.

    Args:
        payload: as it came.
        now: UTC seconds by the venue's clock.
    """
    try:
        frame = _decode(payload)
        if frame.request_id is not None:
            return _told(frame.request_id, frame, now)
        channel = frame.channel or ""
        if channel.endswith(".pong"):
            return Pong()
        if channel.endswith(".system"):
            notice = msgspec.json.decode(frame.result, type=_Notice)
            return Notice(notice.type[:_SHOWN], notice.msg[:_SHOWN])
    except (ValueError, RecursionError) as error:
        return Undecodable(payload, str(error))
    return Unknown(f"channel {channel[:_SHOWN]!r} event {str(frame.event)[:_SHOWN]!r}")


def reply_of(request: Taken, told: Told) -> Reply:
    """Return what a reply, which is no ``ack``, says about its request."""
    if told.done:
        return answered(request, told.result, told.brake)
    return denied(told.status, told.label, told.text, told.brake)


def login_error(told: Told) -> Fatal | None:
    """Return what is wrong with the account, where a refused login says that something is."""
    label, text = unfold(told.label, told.text)
    return fatal(label, text, LOGIN)


def _call(request: Taken) -> tuple[str, dict[str, str]]:
    match request:
        case PlaceRequest():
            return "spot.order_place", place_fields(request)
        case CancelAllRequest():
            return "spot.order_cancel_cp", {"currency_pair": spell(request.symbol), "account": "spot"}
        case AmendRequest():
            return "spot.order_amend", {**_named(request), **amend_fields(request)}
        case CancelRequest():
            return "spot.order_cancel", _named(request)
        case _:
            return "spot.order_status", _named(request)


def _named(request: CancelRequest | AmendRequest | StatusRequest) -> dict[str, str]:
    return {"order_id": name_of(request), "currency_pair": spell(request.symbol), "account": "spot"}


def _frame(channel: str, time: int, payload: dict[str, Any]) -> Payload:
    frame = {"time": time, "channel": channel, "event": "api", "payload": payload}
    return msgspec.json.encode(frame).decode()


def _told(request_id: str, frame: _Frame, now: float) -> Told:
    header, data = frame.header or _Header(), frame.data or _Data()
    errs = data.errs or _Refusal()
    status = int(header.status) if str(header.status).isdecimal() else 0
    return Told(
        id=request_id,
        ack=frame.ack is True,
        status=status,
        label=errs.label or "",
        text=errs.message or "",
        result=data.result,
        brake=brake_of(status, _limits(header), now),
    )


def _limits(header: _Header) -> dict[str, str]:
    reset = header.x_gate_ratelimit_reset_timestamp or header.x_gat_ratelimit_reset_timestamp
    named = {REMAIN: header.x_gate_ratelimit_requests_remain, RESET: reset}
    return {name: str(value) for name, value in named.items() if value is not None}


_decode = msgspec.json.Decoder(_Frame).decode
