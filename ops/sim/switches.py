"""What can be turned on a running simulated venue: everything that the protocols leave uncertain, and faults.

A switch is a field of a venue's structure; its type says what is allowed, its description what it does. They
are read at every use, so a change holds from the next frame, request or connection on.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

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
    own_windows: Annotated[
        bool,
        _says("new subscriptions get pushes of their own, which begin and end apart from other clients'"),
    ] = False
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
    clock_skew_s: Annotated[
        float,
        Meta(ge=-86_400, le=86_400),
        _says("so far ahead is the clock of signatures, expiries, private times and the time call"),
    ] = 0.0
    private_delay_s: Annotated[Seconds, _says("private pushes come that late")] = 0.0
    private_skip_every: Annotated[Count, _says("every n-th private push is swallowed; 0: none")] = 0
    private_repeat_every: Annotated[Count, _says("every n-th private push is sent twice; 0: none")] = 0
    private_shuffle: Annotated[bool, _says("the pushes of one event come in random order")] = False
    private_lag_s: Annotated[Seconds, _says("REST tells orders, balances and fills as of that long ago")] = (
        0.0
    )
    private_rest_status: Annotated[
        Literal[0, 429, 500, 502, 503, 504],
        _says("REST calls that read an account are answered with this HTTP status; 0: normally"),
    ] = 0
    order_hold_s: Annotated[Seconds, _says("orders and amendments are held for so long, then taken")] = 0.0
    expiry_checked: Annotated[
        Literal["engine", "door"],
        _says("where a request's expiry is checked: when it is taken, or before it may be held"),
    ] = "engine"
    order_answers: Annotated[
        Literal["normal", "withheld", "cut", "status"],
        _says("what answers an order that was taken: its answer, nothing, a reset, or HTTP 503"),
    ] = "normal"
    halted: Annotated[bool, _says("orders are refused: trading is suspended; cancels work")] = False
    deny_permission: Annotated[
        Literal["none", "read", "trade", "all"], _says("what no key may do, whatever its account says")
    ] = "none"
    deny_ip: Annotated[bool, _says("keys are refused from every address")] = False

    def retry_after(self, status: int) -> tuple[tuple[str, str], ...]:
        """Return the header that states a pause with this HTTP status; none where none is to be stated."""
        states = self.retry_after_s and status in (403, 418, 429, 503)
        return (("Retry-After", f"{self.retry_after_s:g}"),) if states else ()


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
    trades_lag_s: Annotated[Seconds, _says("REST trades are told that late")] = 0.0
    pair_status: Annotated[Literal[400, 404], _says("HTTP status of currency_pairs/UNKNOWN")] = 400
    candle_w: Annotated[bool, _says("candlesticks carry `w`")] = True
    padded_trades: Annotated[bool, _says("trades are padded to 10 decimals, as long ago")] = False
    empty_side: Annotated[
        Literal["none", "bid", "ask", "both"], _says("book_ticker shows this side as empty")
    ] = "none"
    system_channel: Annotated[str, _says("the channel of an upgrade notice")] = "spot.system"
    rest_limit: Annotated[Count, _says("REST calls per 10 s and endpoint, then 429; 0: unlimited")] = 200
    order_limit: Annotated[
        Count, _says("orders and amendments per second, user and pair, then 429; 0: unlimited")
    ] = 10
    cancel_limit: Annotated[Count, _says("cancels per second and user, then 429; 0: unlimited")] = 200
    private_order: Annotated[
        Literal["trades_first", "orders_first", "balances_first"],
        _says("in which order the private pushes of one event come"),
    ] = "trades_first"
    cancel_balances: Annotated[
        bool, _says("what a cancel gives back is pushed in spot.balances, which nobody has seen on the wire")
    ] = True
    impossible_orders: Annotated[
        Literal["refused", "ended"],
        _says(
            "a post-only that would take and a fok that cannot fill: refused, or accepted and ended at once"
        ),
    ] = "refused"
    late_cancel: Annotated[
        Literal["not_found", "closed"],
        _says("cancel of an order that is over: ORDER_NOT_FOUND, or ORDER_CLOSED and ORDER_CANCELLED"),
    ] = "not_found"
    repeated_text: Annotated[
        Literal["refused", "accepted"], _says("an order whose text is known already")
    ] = "refused"
    text_life_s: Annotated[Seconds, _says("an order that is over can be named by its text for so long")] = (
        1_800.0
    )
    api_fees: Annotated[bool, _says("orders over the WebSocket API carry their fees")] = False
    api_label_in_text: Annotated[
        bool, _says("errors of the WebSocket API repeat their label within their message")
    ] = True
    api_ack_false: Annotated[bool, _says("results over the WebSocket API carry ack:false")] = False
    api_reset_name: Annotated[
        Literal["x_gat_ratelimit_reset_timestamp", "x_gate_ratelimit_reset_timestamp"],
        _says("how the WebSocket API spells when a limit's window ends"),
    ] = "x_gat_ratelimit_reset_timestamp"


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
    account_limit: Annotated[
        Count, _says("weight of signed REST calls per 10 s, account and endpoint, then 429; 0: unlimited")
    ] = 500
    private_order: Annotated[
        Literal["orders_first", "deals_first", "account_first"],
        _says("in which order the private pushes of one event come"),
    ] = "orders_first"
    impossible_orders: Annotated[
        Literal["refused", "ended"],
        _says("a LIMIT_MAKER that would take and a FILL_OR_KILL that cannot fill: refused, or ended at once"),
    ] = "ended"
    late_cancel: Annotated[
        Literal["unknown", "state", "answered"],
        _says(
            "cancel of an order that is over: -2011 Unknown order sent, -2011 that tells how it ended, or its row"
        ),
    ] = "unknown"
    repeated_client_id: Annotated[
        Literal["400", "-2010", "33333", "accepted"],
        _says("an order whose newClientOrderId an open one has: refused with this code, or accepted"),
    ] = "400"
    no_funds: Annotated[
        Literal[10101, 30004, 30005], _says("the code where there is too little for an order")
    ] = 10101
    order_extras: Annotated[
        bool, _says("pushes of orders carry the optional fields 17 to 26, which nobody has recorded")
    ] = False
    denied_status: Annotated[
        Literal[400, 401, 403], _says("HTTP status where a key lacks a permission, or its address is refused")
    ] = 400
    rest_trade_ids: Annotated[
        Literal["same", "bare", "hex"],
        _says("ids of myTrades: those of the pushes, without their X1, or 32 hex digits (2024)"),
    ] = "same"
    rest_whole_seconds: Annotated[bool, _says("REST times of orders and trades are whole seconds")] = True
    rest_spans: Annotated[
        Literal["exact", "as_told"],
        _says("startTime and endTime are compared with exact times, or with those that rows tell"),
    ] = "exact"
    rest_long_spans: Annotated[
        Literal["refused", "cut"],
        _says("a span of more than 7 days of orders, or 30 of trades: refused, or cut to its newest part"),
    ] = "refused"
    rest_full_page: Annotated[
        Literal["newest", "oldest"], _says("which end of a stretch of time a full page of rows is")
    ] = "newest"
    rest_nulls: Annotated[
        Literal["unset", "all", "none"],
        _says("null in REST rows: what is not set (2024), clientOrderId always, too, or nothing (documents)"),
    ] = "unset"
    listen_key_auth: Annotated[
        Literal["signed", "key_only"], _says("what userDataStream asks for: a signature, or the key alone")
    ] = "signed"
    listen_key_life_s: Annotated[Seconds, _says("a listen key lives so long after its last renewal")] = (
        3_600.0
    )
    listen_key_limit: Annotated[Count, _says("listen keys that an account can have")] = 60
    listen_key_sockets: Annotated[Count, _says("connections that a listen key leads to")] = 5
    listen_key_end: Annotated[
        Literal["close", "silent", "text"],
        _says("what a key's end does to its connections: closes them, leaves them silent, or tells them"),
    ] = "close"
