"""What can be turned on a running simulated venue: everything that the protocols leave uncertain, and faults.

A switch is a field of a venue's structure; its type says what is allowed, its description what it does. They
are read at every use, so a change holds from the next frame, request or connection on.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from feedtree.ops.sim.markets import GATEIO, MEXC

Seconds = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]


def _says(text: str) -> Meta:
    return Meta(description=text)


class VenueSwitches(Struct, kw_only=True):
    """Switches that both venues have."""

    snapshot_lag_s: Annotated[float, Meta(ge=0, le=29), _says("REST books are that old")] = 0.3
    skip_every: Annotated[Count, _says("every n-th push of a book stream is swallowed: a gap; 0: none")] = 0
    repeat_every: Annotated[Count, _says("every n-th push of a book stream is sent twice; 0: none")] = 0
    idle_rule: Annotated[
        Literal["any", "pings_only", "no_pings"],
        _says("what keeps a connection open: anything, only the client's PINGs, or anything but PINGs"),
    ] = "any"
    idle_close: Annotated[
        Literal["tcp", "1000", "1001", "1005"],
        _says("how an idle connection ends: TCP alone, or a close frame with that code (1005: without)"),
    ] = "tcp"
    withhold_pongs: Annotated[
        Literal["none", "app", "protocol", "all"], _says("which pings stay unanswered")
    ] = "none"
    server_ping_s: Annotated[Seconds, _says("the server's own ping interval; 0: it never pings")] = 0.0
    ping_patience_s: Annotated[
        Seconds, _says("a server ping unanswered for so long ends the connection; 0: never")
    ] = 0.0
    life_s: Annotated[Seconds, _says("a connection is closed at this age; 0: never")] = 0.0
    refuse_topic: Annotated[
        str, _says("subscriptions that name this symbol (venue's spelling) are refused")
    ] = ""
    silent_topic: Annotated[str, _says("subscriptions that name this symbol are confirmed, then silent")] = ""
    answer_delay_s: Annotated[Seconds, _says("subscribe requests are answered that late")] = 0.0
    upgrade_status: Annotated[
        Literal[0, 400, 401, 403, 404, 418, 429, 500, 502, 503],
        _says("websocket upgrades are answered with this HTTP status; 0: normally"),
    ] = 0
    rest_status: Annotated[
        Literal[0, 403, 418, 429, 500, 502, 503, 504],
        _says("REST calls are answered with this HTTP status; 0: normally"),
    ] = 0
    retry_after_s: Annotated[Seconds, _says("stated with 403, 418, 429 and 503; 0: not stated")] = 0.0
    rest_delay_s: Annotated[Seconds, _says("REST answers come that late")] = 0.0
    frame_per_write: Annotated[bool, _says("one write (one TLS record) per frame, not per batch")] = False


class GateioSwitches(VenueSwitches, kw_only=True):
    """Switches of gateio.spot."""

    ack_form: Annotated[
        Literal["absent", "null", "minimal"],
        _says("`error` of a success: no such key (2024 on), null (documents, 2022), or the bare ack of 2021"),
    ] = "absent"
    fail_result: Annotated[
        Literal["fail", "null"], _says("`result` of a refusal: {status: fail} (2025) or null (2022)")
    ] = "fail"
    request_id: Annotated[bool, _says("replies carry requestId")] = True
    obu_snapshot: Annotated[
        Literal["after_ack", "before_ack", "never", "silent"],
        _says("where obu's first whole book comes; never: deltas only; silent: nothing at all"),
    ] = "after_ack"
    obu_full_every: Annotated[Count, _says("every n-th obu push is a whole book; 0: none")] = 0
    update_first: Annotated[
        Literal["delta", "whole", "full"],
        _says("first order_book_update: a delta (2026), the whole window (2021), or that with full:true"),
    ] = "delta"
    update_order: Annotated[
        Literal["unordered", "sorted"], _says("levels of an order_book_update: as they come, or best first")
    ] = "unordered"
    update_level: Annotated[bool, _says("order_book_update carries `l`")] = True
    update_strays: Annotated[bool, _says("order_book_update also deletes levels that nobody holds")] = False
    idle_empty_s: Annotated[Seconds, _says("a connection without subscription is closed after so long")] = (
        30.0
    )
    idle_silent_s: Annotated[Seconds, _says("a subscribed, silent connection is closed after so long")] = 60.0
    bad_json: Annotated[
        Literal["error", "silence"], _says("what answers a frame that is no JSON: code 1, or nothing")
    ] = "error"
    errors_close: Annotated[bool, _says("an error reply also ends the connection")] = False
    book_limit_max: Annotated[Count, _says("a REST book of a larger limit comes back empty")] = 100
    pair_status: Annotated[Literal[400, 404], _says("HTTP status of currency_pairs/UNKNOWN")] = 400
    candle_w: Annotated[bool, _says("candlesticks carry `w`")] = True
    padded_trades: Annotated[bool, _says("trades are padded to 10 decimals, as long ago")] = False
    empty_side: Annotated[
        Literal["none", "bid", "ask", "both"], _says("book_ticker shows this side as empty")
    ] = "none"
    system_channel: Annotated[str, _says("the channel of an upgrade notice")] = "spot.system"
    rest_limit: Annotated[Count, _says("REST calls per 10 s and endpoint, then 429; 0: unlimited")] = 200


class MexcSwitches(VenueSwitches, kw_only=True):
    """Switches of mexc.spot."""

    topic_limit: Annotated[Count, _says("subscriptions that a connection can hold")] = 30
    surplus: Annotated[
        Literal["silent", "refused"], _says("a topic over the limit is confirmed and silent, or refused")
    ] = "silent"
    message_limit: Annotated[Count, _says("client messages per second, then the connection is dropped")] = 100
    idle_empty_s: Annotated[Seconds, _says("a connection without subscription is closed after so long")] = (
        30.0
    )
    idle_silent_s: Annotated[Seconds, _says("a subscribed, silent connection is closed after so long")] = 60.0
    refusal_code: Annotated[Literal[0, 1], _says("`code` of a refusal")] = 0
    refusal_mixed: Annotated[
        Literal["texts", "refused_only"],
        _says("reply to a partly refused request: both lists, or the refused one alone"),
    ] = "texts"
    unsubscribe_reply: Annotated[
        Literal["echo", "no_subscription", "silence"], _says("what answers an UNSUBSCRIPTION")
    ] = "echo"
    server_ping_form: Annotated[
        Literal["control", "json"], _says("the server's own ping: a control frame, or a JSON PING")
    ] = "control"
    resend_unchanged: Annotated[bool, _says("aggre.bookTicker is sent again though nothing changed")] = True
    empty_pushes: Annotated[bool, _says("aggre.depth is pushed also when nothing changed in the window")] = (
        False
    )
    deleted_quantity: Annotated[
        Literal["0", "0.00000000"], _says("the quantity of a deleted level: as on the wire, or as documented")
    ] = "0"
    fields_2026: Annotated[bool, _says("fields that exist since 2026-06-17 are sent")] = True
    shared_versions: Annotated[
        bool, _says("limit.depth and bookTicker count versions as aggre.depth does, else on their own")
    ] = True
    rest_limit: Annotated[Count, _says("REST weight per 10 s, then 429; 0: unlimited")] = 500
    life_s: Annotated[Seconds, _says("a connection is closed at this age; 0: never")] = 86_400.0


KINDS: Mapping[str, type[VenueSwitches]] = {GATEIO: GateioSwitches, MEXC: MexcSwitches}


class UnknownSwitch(ValueError):
    """No such switch, or not such a value; the message says what there is."""


class SwitchBoard:
    """The switches of all venues of one simulation.

    Attributes:
        gateio: those of gateio.spot.
        mexc: those of mexc.spot.
    """

    def __init__(self, settings: Mapping[str, Mapping[str, object]] | None = None) -> None:
        self.gateio = GateioSwitches()
        self.mexc = MexcSwitches()
        for venue, values in (settings or {}).items():
            for name, value in values.items():
                self.set(venue, name, value)

    def of(self, venue: str) -> VenueSwitches:
        """Return a venue's switches.

        Raises:
            UnknownSwitch: no such venue.
        """
        if venue == GATEIO:
            return self.gateio
        if venue == MEXC:
            return self.mexc
        raise UnknownSwitch(f"unknown venue {venue!r}: there are {', '.join(KINDS)}")

    def set(self, venue: str, name: str, value: object) -> object:
        """Turn a switch, and return where it stood before.

        Args:
            venue: whose.
            name: a field of its switches.
            value: of the field's type, or its text.

        Raises:
            UnknownSwitch: no such venue or switch, or not such a value.
        """
        switches = self.of(venue)
        if name not in switches.__struct_fields__:
            raise UnknownSwitch(f"unknown switch {name!r}: there are {', '.join(switches.__struct_fields__)}")
        try:
            checked = msgspec.convert({name: value}, type(switches), strict=False)
        except msgspec.ValidationError as error:
            raise UnknownSwitch(f"{name} = {value!r}: {error}") from error
        before: object = getattr(switches, name)
        setattr(switches, name, getattr(checked, name))
        return before

    def listing(self, venue: str) -> list[dict[str, Any]]:
        """Return a venue's switches with value, default, what is allowed, and what they do."""
        switches = self.of(venue)
        schema = msgspec.json.schema(type(switches))["$defs"][type(switches).__name__]["properties"]
        return [_described(switches, name, schema[name]) for name in switches.__struct_fields__]


def _described(switches: VenueSwitches, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    allowed = schema.get("enum") or {
        key: schema[key] for key in ("type", "minimum", "maximum") if key in schema
    }
    return {
        "name": name,
        "value": getattr(switches, name),
        "default": schema.get("default"),
        "allowed": allowed,
        "what": schema.get("description", ""),
    }
