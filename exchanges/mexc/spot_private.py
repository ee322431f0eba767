"""MEXC spot's private protocol: binary frames are the account's pushes, text frames are control.

The listen key in the connection's address says whose account it is. A push has no number, and no channel says that one
was missed: what is lost with a connection is found by asking.

Sources: the spot documentation of 2025-08-08; pushes recorded by ccxt; `Invalid listen key` as clients know it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec
from google.protobuf.message import DecodeError

from feedtree.exchanges.controls import Payload, Undecodable, Unknown
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.errors import LeaseInvalid, SubscriptionRefused
from feedtree.exchanges.mexc.balance_forms import balance_from_push
from feedtree.exchanges.mexc.fill_forms import fill_from_push
from feedtree.exchanges.mexc.order_forms import order_from_push
from feedtree.exchanges.mexc.proto.spot_pb2 import PushDataV3ApiWrapper
from feedtree.exchanges.mexc.replies import (
    INVALID_LISTEN_KEY,
    PING,
    SHOWN,
    Reply,
    read_text,
    read_verdict,
)
from feedtree.exchanges.mexc.wire_values import UnknownValue
from feedtree.exchanges.private.codec import Confirmed, Decoded, Refused, UnknownSymbol
from feedtree.exchanges.symbols import Symbol, SymbolMap

ORDERS = "spot@private.orders.v3.api.pb"
DEALS = "spot@private.deals.v3.api.pb"
ACCOUNT = "spot@private.account.v3.api.pb"

_TOPICS = (ACCOUNT, DEALS, ORDERS)
_ID = 1  # of the one request; 0 is what the venue answers to a request without one

Translate: TypeAlias = Callable[[PushDataV3ApiWrapper, SymbolMap], Decoded]


class MexcSpotPrivateCodec:
    """One connection's protocol; implements `PrivateCodec`.

    Args:
        credentials: not needed, since the address says whose account it is.
        symbols: how the venue writes symbols; a name that is not in it is told as `UnknownSymbol`.
    """

    channels = frozenset(_TOPICS)

    def __init__(self, credentials: Credentials, symbols: SymbolMap) -> None:
        self._symbols = symbols

    def __repr__(self) -> str:
        return "MexcSpotPrivateCodec()"

    def subscribe(self, now: float) -> list[Payload]:
        """See `PrivateCodec`; one frame for all topics."""
        request = {"method": "SUBSCRIPTION", "params": list(_TOPICS), "id": _ID}
        return [msgspec.json.encode(request).decode()]

    def ping(self, now: float) -> Payload:
        """See `PrivateCodec`; the websocket's own ping is said to stay unanswered."""
        return PING

    def decode(self, payloads: Sequence[Payload], received_ns: int) -> list[Decoded]:
        """See `PrivateCodec`."""
        decoded: list[Decoded] = []
        for payload in payloads:
            if isinstance(payload, str):
                decoded += _read_text(payload)
            else:
                decoded.append(self._read_push(payload))
        return decoded

    def _read_push(self, payload: bytes) -> Decoded:
        try:
            push = PushDataV3ApiWrapper.FromString(payload)
        except DecodeError as error:
            return Undecodable(payload, str(error))
        translate = _TRANSLATIONS.get(push.WhichOneof("body") or "")
        if translate is None:
            return Unknown(f"a push on {push.channel[:SHOWN]!r} with another body than an account's")
        try:
            return translate(push, self._symbols)
        except KeyError:
            return UnknownSymbol(push.symbol)
        except UnknownValue as error:
            return Unknown(f"{push.channel[:SHOWN]}: {error}")
        except ValueError as error:
            return Undecodable(payload, f"{push.channel[:SHOWN]}: {error}")


def _order(push: PushDataV3ApiWrapper, symbols: SymbolMap) -> Decoded:
    return order_from_push(push.privateOrders, _symbol(push, symbols), push.sendTime or push.createTime)


def _fill(push: PushDataV3ApiWrapper, symbols: SymbolMap) -> Decoded:
    return fill_from_push(push.privateDeals, _symbol(push, symbols))


def _balance(push: PushDataV3ApiWrapper, symbols: SymbolMap) -> Decoded:
    return balance_from_push(push.privateAccount, push.createTime)


def _symbol(push: PushDataV3ApiWrapper, symbols: SymbolMap) -> Symbol:
    """Return what a push is about.

    Raises:
        KeyError: a symbol that is not known.
        ValueError: none is named.
    """
    if not push.symbol:
        raise ValueError("a push without a symbol")
    return symbols.from_wire(push.symbol)


_TRANSLATIONS: Mapping[str, Translate] = {
    "privateOrders": _order,
    "privateDeals": _fill,
    "privateAccount": _balance,
}


def _read_text(text: str) -> Sequence[Decoded]:
    if text.strip() == INVALID_LISTEN_KEY:
        return [Refused(LeaseInvalid(f"the venue says {INVALID_LISTEN_KEY!r}"))]
    return read_text(text, _settle)


def _settle(reply: Reply) -> list[Decoded]:
    """Read the answer to the one request, in one reply or several."""
    verdict = read_verdict(reply.msg or "")
    if INVALID_LISTEN_KEY in verdict.reason:
        return [Refused(LeaseInvalid(verdict.reason[:SHOWN]))]
    decided: list[Decoded] = []
    accepted = tuple(topic for topic in verdict.accepted if topic in _TOPICS)
    refused = tuple(topic for topic in verdict.refused if topic in _TOPICS)
    if verdict.refuses_all or (reply.code and reply.id == _ID):
        refused = _TOPICS
    if accepted and not reply.code:
        decided.append(Confirmed(accepted))
    if refused:
        code = f" (code {reply.code})" if reply.code else ""
        decided.append(Refused(SubscriptionRefused(f"{', '.join(refused)}: {verdict.reason[:SHOWN]}{code}")))
    return decided
