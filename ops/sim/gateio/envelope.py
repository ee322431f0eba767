"""Gate.io's frames: pushes and replies, as seen on the wire from 2024 on and in older forms."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from feedtree.ops.sim import frames
from feedtree.ops.sim.switches import GateioSwitches

_encode = msgspec.json.Encoder().encode


class ClientFrame(Struct):
    """What a client sends.

    Args:
        channel: such as ``spot.trades``.
        event: ``subscribe``, ``unsubscribe``, empty for a ping.
        payload: whatever the channel takes; an API request's is read once more, for its exact text.
        auth: of private channels: ``method``, ``KEY`` and ``SIGN``.
        id: echoed in the reply.
        time: seconds; not checked for public channels, signed for private ones.
    """

    channel: str = ""
    event: str | None = ""
    payload: Any = None
    id: Any | UnsetType = UNSET
    time: Any = None
    auth: Any = None


class Refusal(Struct, frozen=True):
    """Why a request is refused: Gate.io's code and text."""

    code: int
    message: str


class Refused(Exception):
    """A request that is refused as a whole."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.refusal = Refusal(code, message)


def push(channel: str, result: Mapping[str, object], now_ns: int) -> bytes:
    """Return an update frame."""
    ms = now_ns // 1_000_000
    return frames.text(
        _encode({"time": ms // 1_000, "time_ms": ms, "channel": channel, "event": "update", "result": result})
    )


def private_push(channel: str, result: Sequence[Mapping[str, object]], now_ns: int) -> bytes:
    """Return an update frame of a private channel, whose result is a list."""
    ms = now_ns // 1_000_000
    return frames.text(
        _encode({"time": ms // 1_000, "time_ms": ms, "channel": channel, "event": "update", "result": result})
    )


def obu_push(result: Mapping[str, object], now_ns: int) -> bytes:
    """Return an update frame of ``spot.obu``, whose keys stand in an order of their own."""
    ms = now_ns // 1_000_000
    return frames.text(_encode({"channel": "spot.obu", "result": result, "time_ms": ms, "event": "update"}))


class Replies:
    """Builds the replies of one connection.

    Args:
        switches: which decide the form.
        rng: of connection and trace ids.
    """

    __slots__ = ("_conn_id", "_rng", "_switches")

    def __init__(self, switches: GateioSwitches, rng: random.Random) -> None:
        self._switches = switches
        self._rng = rng
        self._conn_id = f"{rng.getrandbits(64):016x}"

    def accepted(self, request: ClientFrame, now_ns: int) -> bytes:
        """Confirm a request."""
        reply = self._head(request, now_ns)
        if self._switches.ack_form == "minimal":
            reply = {name: reply[name] for name in ("time", "channel", "event")}
        elif self._switches.ack_form == "null":
            reply["error"] = None
        return self._closed(reply, {"status": "success"})

    def refused(self, request: ClientFrame, refusal: Refusal, now_ns: int) -> bytes:
        """Refuse a request as a whole."""
        reply = self._head(request, now_ns)
        reply["error"] = {"code": refusal.code, "message": refusal.message}
        return self._closed(reply, {"status": "fail"} if self._switches.fail_result == "fail" else None)

    def pong(self, channel: str, now_ns: int) -> bytes:
        """Answer an application ping."""
        ms = now_ns // 1_000_000
        reply: dict[str, object] = {
            "time": ms // 1_000,
            "time_ms": ms,
            "conn_id": self._conn_id,
            "channel": channel.replace(".ping", ".pong"),
            "event": "",
            "result": None,
        }
        if self._switches.request_id:
            reply["requestId"] = self._trace_id()
        return frames.text(_encode(reply))

    def _head(self, request: ClientFrame, now_ns: int) -> dict[str, object]:
        ms = now_ns // 1_000_000
        head: dict[str, object] = {"time": ms // 1_000, "time_ms": ms}
        if request.id is not UNSET:
            head["id"] = request.id
        head["conn_id"] = self._conn_id
        head["trace_id"] = self._trace_id()
        head["channel"] = request.channel
        head["event"] = request.event
        if request.payload is not None:
            head["payload"] = request.payload
        return head

    def _closed(self, reply: dict[str, object], result: object) -> bytes:
        reply["result"] = result
        if self._switches.request_id and "trace_id" in reply:
            reply["requestId"] = reply["trace_id"]
        return frames.text(_encode(reply))

    def _trace_id(self) -> str:
        return f"{self._rng.getrandbits(128):032x}"
