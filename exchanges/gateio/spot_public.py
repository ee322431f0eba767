"""Gate.io's public spot protocol: text JSON frames, one object each."""

from collections.abc import Sequence

import msgspec
from msgspec import MsgspecError

from feedtree.exchanges.controls import Notice, Payload, Pong, Undecodable, Unknown
from feedtree.exchanges.gateio.channels import (
    BOOK_TICKER,
    CANDLESTICKS,
    OBU,
    ORDER_BOOK_UPDATE,
    TICKERS,
    TRADES,
)
from feedtree.exchanges.gateio.messages import BookPush, DataFrame, Envelope
from feedtree.exchanges.gateio.spot_pushes import Topics, builders
from feedtree.exchanges.gateio.subscriptions import Ledger
from feedtree.exchanges.public.codec import Control, Decoded, Refused, Request, WireTopic
from feedtree.exchanges.public.messages import BookDelta
from feedtree.exchanges.symbols import SymbolMap

_REMOTE_FAULTS = (MsgspecError, ValueError, OverflowError, RecursionError)
_UNFIT = (*_REMOTE_FAULTS, KeyError)  # KeyError: the push's name is no subscribed topic's

_decode_push = msgspec.json.Decoder(DataFrame, strict=False).decode
_decode_envelope = msgspec.json.Decoder(Envelope, strict=False).decode
_decode_any = msgspec.json.Decoder().decode


class GateioSpotCodec:
    """One connection's protocol; implements `PublicCodec`.

    Args:
        symbols: not needed here: every topic carries its spelling.
    """

    __slots__ = ("_books", "_build", "_ledger", "_topics")

    def __init__(self, symbols: SymbolMap) -> None:
        self._ledger = Ledger()
        self._books: Topics = {}  # both book channels: ob.BTC_USDT.400 and BTC_USDT never collide
        self._topics: dict[str, Topics] = {
            OBU: self._books,
            ORDER_BOOK_UPDATE: self._books,
            TRADES: {},
            BOOK_TICKER: {},
            TICKERS: {},
            CANDLESTICKS: {},
        }
        self._build = builders(self._topics)

    def subscribe(self, topics: Sequence[WireTopic], now: float) -> list[Request]:
        """See `PublicCodec`; pushes are expected from now on, for a snapshot may come before its ack."""
        for topic in topics:
            self._topics[topic.channel][_pushed_name(topic)] = topic.topic
        return self._ledger.requests("subscribe", topics, now)

    def unsubscribe(self, topics: Sequence[WireTopic], now: float) -> list[Request]:
        """See `PublicCodec`."""
        for topic in topics:
            self._topics[topic.channel].pop(_pushed_name(topic), None)
        return self._ledger.requests("unsubscribe", topics, now)

    def ping(self, now: float) -> Payload:
        """Return the application ping; the venue answers each with a pong."""
        return f'{{"time":{int(now)},"channel":"spot.ping"}}'

    def decode(self, payloads: Sequence[Payload], received_ns: int) -> list[Decoded]:
        """See `PublicCodec`."""
        decoded: list[Decoded] = []
        append = decoded.append
        books = self._books
        build = self._build
        for payload in payloads:
            try:
                frame = _decode_push(payload)
                push = frame.result
                # book changes are nearly all of the traffic: no call between them and their message
                if push.__class__ is BookPush and (first := push.U) and not push.full:
                    append(
                        BookDelta(
                            books[push.s],
                            push.t * 1_000_000 or None,
                            frame.time_ms * 1_000_000 or None,
                            received_ns,
                            first,
                            push.u,
                            push.b,
                            push.a,
                        )
                    )
                else:
                    append(build[frame.__class__](frame, received_ns))
            except _UNFIT:
                decoded += self._decode_other(payload, received_ns)
        return decoded

    def _decode_other(self, payload: Payload, received_ns: int) -> Sequence[Decoded]:
        """Everything that is no push of the usual form."""
        try:
            envelope = _decode_envelope(payload)
            pushed = envelope.event in ("update", "", None) and envelope.error is None
            if pushed and envelope.channel in self._topics:
                return (self._decode_odd_push(payload, received_ns),)
        except _REMOTE_FAULTS as error:
            return (Undecodable(payload, str(error)),)
        if envelope.event in ("subscribe", "unsubscribe"):
            return self._decide(envelope)
        return (_control(envelope),)

    def _decode_odd_push(self, payload: Payload, received_ns: int) -> Decoded:
        """A push in which null and the empty string stand for what is not there."""
        push = _present(_decode_any(payload))
        if "result" in push:
            push["result"] = _present(push["result"])
        frame = msgspec.convert(push, DataFrame, strict=False)
        return self._build[frame.__class__](frame, received_ns)

    def _decide(self, reply: Envelope) -> list[Control]:
        controls = self._ledger.answer(reply)
        refused = (topic for control in controls if isinstance(control, Refused) for topic in control.topics)
        for topic in refused:
            if not self._ledger.awaits(topic):
                self._topics[topic.channel].pop(_pushed_name(topic), None)
        return controls


def _pushed_name(topic: WireTopic) -> str:
    return topic.key.removeprefix(f"{topic.channel}:")


def _present(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"an object was expected, not {type(value).__name__}")
    return {name: item for name, item in value.items() if item is not None and item != ""}


def _control(envelope: Envelope) -> Control:
    channel = str(envelope.channel)[:80]
    if channel.endswith(".pong"):
        return Pong()
    if channel.endswith(".system"):
        match envelope.result:
            case {"type": str(kind), **others}:
                return Notice(kind[:80], str(others.get("msg", ""))[:500])
        return Notice("", str(envelope.result)[:500])
    trouble = "" if envelope.error is None else f" error {str(envelope.error)[:200]}"
    return Unknown(f"channel {channel!r} event {str(envelope.event)[:80]!r}{trouble}")
