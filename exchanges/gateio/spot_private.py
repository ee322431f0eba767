"""Gate.io's private spot protocol: orders, fills and balances of one account, each subscription signed."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from feedtree.exchanges.controls import Notice, Payload, Pong, Undecodable, Unknown
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.errors import AuthenticationFailed, SubscriptionRefused
from feedtree.exchanges.gateio.account_reading import change_of, fill_of, is_spot, order_of
from feedtree.exchanges.gateio.account_rows import BalancePush, OrderRow, TradeRow, read_row
from feedtree.exchanges.gateio.refusals import fatal, unfold
from feedtree.exchanges.gateio.signing import channel_signature
from feedtree.exchanges.private.codec import Confirmed, Datum, Decoded, Refused
from feedtree.exchanges.symbols import SymbolMap

ORDERS = "spot.orders"
USER_TRADES = "spot.usertrades"
BALANCES = "spot.balances"

_ALL_PAIRS = ["!all"]
_PAYLOADS: dict[str, list[str] | None] = {ORDERS: _ALL_PAIRS, USER_TRADES: _ALL_PAIRS, BALANCES: None}
_AUTHENTICATION = 4  # the error code of a refused signature or key
_SHOWN = 200  # characters of a foreign text in a report

Read: TypeAlias = Callable[[msgspec.Raw], Datum | None]


class _Frame(Struct):
    """Any frame, seen from outside."""

    channel: str | None = ""
    event: str | None = ""
    error: Any = None  # absent or null on success
    result: msgspec.Raw = msgspec.Raw(b"null")


class _Status(Struct):
    """The result of a subscription."""

    status: str = ""


class _Upgrade(Struct):
    """The result of a system notice."""

    type: str = ""
    msg: str = ""


class GateioSpotPrivateCodec:
    """One connection's protocol; implements `PrivateCodec`.

    Args:
        credentials: sign the subscriptions.
        symbols: not needed: the venue's spelling can be read.
    """

    channels = frozenset(_PAYLOADS)

    def __init__(self, credentials: Credentials, symbols: SymbolMap) -> None:
        self._credentials = credentials

    def __repr__(self) -> str:
        return "GateioSpotPrivateCodec()"

    def subscribe(self, now: float) -> list[Payload]:
        """See `PrivateCodec`."""
        return [
            self._request(number, channel, payload, int(now))
            for number, (channel, payload) in enumerate(_PAYLOADS.items(), start=1)
        ]

    def _request(self, number: int, channel: str, payload: list[str] | None, time: int) -> str:
        request: dict[str, Any] = {"time": time, "id": number, "channel": channel, "event": "subscribe"}
        if payload is not None:
            request["payload"] = payload
        request["auth"] = {
            "method": "api_key",
            "KEY": self._credentials.key.reveal(),
            "SIGN": channel_signature(self._credentials.secret, channel, "subscribe", time),
        }
        return msgspec.json.encode(request).decode()

    def ping(self, now: float) -> Payload:
        """See `PrivateCodec`."""
        return f'{{"time":{int(now)},"channel":"spot.ping"}}'

    def decode(self, payloads: Sequence[Payload], received_ns: int) -> list[Decoded]:
        """See `PrivateCodec`."""
        decoded: list[Decoded] = []
        for payload in payloads:
            try:
                frame = _decode_frame(payload)
                decoded += self._read(frame, payload)
            except (ValueError, RecursionError) as error:
                decoded.append(Undecodable(payload, str(error)))
        return decoded

    def _read(self, frame: _Frame, payload: Payload) -> "list[Decoded]":
        channel = frame.channel or ""
        if channel in _READ:
            if frame.event == "update":
                return list(_rows(_READ[channel], frame.result, payload))
            if frame.event == "subscribe":
                return [_verdict(channel, frame)]
        if channel.endswith(".pong"):
            return [Pong()]
        if channel.endswith(".system"):
            notice = msgspec.json.decode(frame.result, type=_Upgrade)
            return [Notice(notice.type[:_SHOWN], notice.msg[:_SHOWN])]
        return [Unknown(f"channel {channel[:_SHOWN]!r} event {str(frame.event)[:_SHOWN]!r}")]


def _rows(read: Read, result: msgspec.Raw, payload: Payload) -> Iterator[Decoded]:
    """Yield what each row tells; one that does not read costs the others nothing."""
    for raw in msgspec.json.decode(result, type=list[msgspec.Raw]):
        try:
            datum = read(raw)
        except (ValueError, RecursionError, ArithmeticError) as error:
            yield Undecodable(payload, str(error))
        else:
            yield Unknown("an order of a margin account") if datum is None else datum


def _read_order(raw: msgspec.Raw) -> Datum | None:
    row = read_row(raw, OrderRow)
    return order_of(row) if is_spot(row) else None


def _read_fill(raw: msgspec.Raw) -> Datum:
    return fill_of(read_row(raw, TradeRow))


def _read_balance(raw: msgspec.Raw) -> Datum:
    return change_of(read_row(raw, BalancePush))


_READ: dict[str, Read] = {ORDERS: _read_order, USER_TRADES: _read_fill, BALANCES: _read_balance}
_decode_frame = msgspec.json.Decoder(_Frame).decode


def _verdict(channel: str, frame: _Frame) -> Confirmed | Refused:
    match frame.error:
        case None:
            return _by_status(channel, frame.result)
        case {"code": code, "message": str(message)}:
            label, text = unfold("", message)
            return Refused(_error(channel, code, label, text.strip()))
        case error:
            return Refused(SubscriptionRefused(f"{channel}: {str(error)[:_SHOWN]}"))


def _by_status(channel: str, result: msgspec.Raw) -> Confirmed | Refused:
    try:
        status = msgspec.json.decode(result, type=_Status).status
    except msgspec.ValidationError:  # null, or nothing: the oldest confirmations
        status = ""
    if status in ("", "success"):
        return Confirmed((channel,))
    return Refused(SubscriptionRefused(f"{channel}: status {status[:_SHOWN]}"))


def _error(channel: str, code: object, label: str, text: str) -> Exception:
    found = fatal(label, text, channel)
    if found is not None:
        return found
    words = f"{channel}: {label or f'code {str(code)[:20]}'} {text[:_SHOWN]}"
    if code == _AUTHENTICATION:
        remedy = "check key and secret of this account"
        return AuthenticationFailed(f"{words}: {remedy}", remedy=remedy)
    return SubscriptionRefused(words)
