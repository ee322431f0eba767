"""Frames of Gate.io's WebSocket API: requests within ``payload``, replies without a channel of their own."""

import random
from typing import Any

import msgspec
from msgspec import Raw, Struct

from feedtree.ops.sim import frames
from feedtree.ops.sim.gateio.account_rates import Rate
from feedtree.ops.sim.gateio.denied import Denied
from feedtree.ops.sim.switches import GateioSwitches

_encode = msgspec.json.Encoder().encode


class ApiPayload(Struct):
    """What is asked for.

    Args:
        req_id: echoed.
        req_param: the parameters, in their exact text.
        req_header: may have ``x-gate-exptime``, UTC milliseconds.
        api_key: of a login, or of a call that is signed by itself.
        signature: of these.
        timestamp: of these, seconds.
    """

    req_id: Any = ""
    req_param: Raw = Raw(b"null")
    req_header: dict[str, Any] | None = None
    api_key: str = ""
    signature: str = ""
    timestamp: Any = ""

    @property
    def param(self) -> object:
        """The parameters; None where there are none."""
        return msgspec.json.decode(self.req_param)

    @property
    def expiry(self) -> object:
        """Until when the venue may take it up; None for any time."""
        return (self.req_header or {}).get("x-gate-exptime")


class ApiFrame(Struct):
    """A request of the WebSocket API."""

    channel: str = ""
    payload: ApiPayload = msgspec.field(default_factory=ApiPayload)


class ApiReplies:
    """Builds the replies of one connection.

    Args:
        switches: which decide the form.
        rng: of trace ids.
    """

    def __init__(self, switches: GateioSwitches, rng: random.Random) -> None:
        self._switches = switches
        self._rng = rng
        self._client_id = f"127.0.0.1-0x{rng.getrandbits(40):010x}"
        self._conn_id = f"{rng.getrandbits(64):016x}"

    def ack(self, frame: ApiFrame, now_ns: int, rate: Rate) -> bytes:
        """Say that a request has come; its result follows."""
        payload = frame.payload
        header = self._header(frame.channel, 200, now_ns, rate)
        result = {
            "req_id": payload.req_id,
            "api_key": "",
            "timestamp": "",
            "signature": "",
            "trace_id": header["trace_id"],
            "text": "",
            "req_header": payload.req_header,
            "req_param": payload.req_param,
        }
        return self._made(payload, header, {"result": result}, ack=True)

    def result(self, frame: ApiFrame, result: object, now_ns: int, rate: Rate | None = None) -> bytes:
        """Tell what came of a request."""
        header = self._header(frame.channel, 200, now_ns, rate)
        return self._made(frame.payload, header, {"result": result})

    def refused(self, frame: ApiFrame, denied: Denied, now_ns: int, rate: Rate | None = None) -> bytes:
        """Tell why nothing came of it."""
        header = self._header(frame.channel, denied.status, now_ns, rate)
        text = denied.text
        if self._switches.api_label_in_text and denied.status in (400, 404) and denied.label != _PLAIN:
            text = f"label: {denied.label}, message: {text}"
        return self._made(frame.payload, header, {"errs": {"label": denied.label, "message": text}})

    def _made(
        self, payload: ApiPayload, header: dict[str, str], data: dict[str, object], *, ack: bool = False
    ) -> bytes:
        reply: dict[str, object] = {"request_id": payload.req_id}
        if ack or self._switches.api_ack_false:
            reply["ack"] = ack
        return frames.text(_encode({**reply, "header": header, "data": data}))

    def _header(self, channel: str, status: int, now_ns: int, rate: Rate | None) -> dict[str, str]:
        limits = rate.fields(self._switches.api_reset_name) if rate else {}
        trace_id = f"{self._rng.getrandbits(128):032x}"
        return {
            "response_time": str(now_ns // 10**6),
            "status": str(status),
            "channel": channel,
            "event": "api",
            "client_id": self._client_id,
            **limits,
            "x_in_time": str(now_ns // 1_000),
            "x_out_time": str(now_ns // 1_000),
            "conn_id": self._conn_id,
            "conn_trace_id": self._conn_id * 2,
            "trace_id": trace_id,
        }


_PLAIN = "BALANCE_NOT_ENOUGH"  # seen without its label in the text
