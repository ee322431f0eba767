"""What a refused call means: codes and statuses as typed errors, each with the venue's words and a remedy."""

import json
from collections.abc import Mapping

import pytest

from feedtree.exchanges.answers import RestAnswer
from feedtree.exchanges.errors import (
    AuthenticationFailed,
    ClockSkewed,
    IpNotAllowed,
    PermissionMissing,
    RestFailed,
    VenueThrottled,
)
from feedtree.exchanges.mexc.refusals import explain, fatal, skewed
from feedtree.exchanges.signed import Refusals
from feedtree.supervisors.verdicts import Fatal

REFUSALS = Refusals("mexc", explain, fatal, lambda: 0.0)
CALL = "GET /api/v3/account"


def answered(status: int, body: object, headers: Mapping[str, str] | None = None) -> RestAnswer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return RestAnswer(status, headers or {}, raw)


@pytest.mark.parametrize(
    ("status", "code", "text", "kind", "remedy"),
    [
        (400, 700002, "Signature for this request is not valid.", AuthenticationFailed, "secret"),
        (400, 602, "Signature verification failed", AuthenticationFailed, "secret"),
        (400, 10072, "invalid access key", AuthenticationFailed, "key"),
        (401, 700001, "API-key format invalid", AuthenticationFailed, "key"),
        (403, 700006, "IP [1.2.3.4] not in the ip white list", IpNotAllowed, "list"),
        (403, 700007, "No permission to access the endpoint", PermissionMissing, "permission"),
        (401, 401, "No authority", PermissionMissing, "permission"),
    ],
)
def test_what_is_wrong_with_a_key_parks_the_account(
    status: int, code: int, text: str, kind: type[Fatal], remedy: str
) -> None:
    """No retry helps: the venue's code and text, and what to do, stand in the message."""
    error = REFUSALS.error(CALL, answered(status, {"code": code, "msg": text}))
    assert type(error) is kind
    assert isinstance(error, Fatal)
    assert all(words in str(error) for words in (CALL, str(code), text, error.remedy))
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("status", "body", "headers", "pause"),
    [
        (429, {"code": 429, "msg": "Too Many Requests"}, {"Retry-After": "3"}, 3.0),
        (418, {}, {"Retry-After": "120"}, 120.0),
        (403, b"<html>Access Denied</html>", {}, None),
    ],
)
def test_a_venue_that_wants_a_pause_gets_it(
    status: int, body: object, headers: Mapping[str, str], pause: float | None
) -> None:
    """By status, as long as it says."""
    error = REFUSALS.error(CALL, answered(status, body, headers))
    assert isinstance(error, VenueThrottled)
    assert (error.status, error.retry_after) == (status, pause)


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (500, b"", "", "HTTP 500"),
        (503, b"<html>maintenance</html>", "", "maintenance"),
        (504, {"code": 504, "msg": "gateway time-out"}, "504", "gateway time-out"),
        (400, {"code": -2013, "msg": "Order does not exist"}, "-2013", "Order does not exist"),
        (400, {"msg": "Invalid symbol.", "code": -1121, "_extend": None}, "-1121", "Invalid symbol"),
        (400, {"code": 700003, "msg": "Timestamp for this request"}, "700003", "Timestamp"),
    ],
)
def test_anything_else_is_a_failed_call(status: int, body: object, code: str, words: str) -> None:
    """With the venue's code, where it gave one, so that the caller can judge it."""
    error = REFUSALS.error(CALL, answered(status, body))
    assert isinstance(error, RestFailed)
    assert (error.status, error.code, error.sent) == (status, code, True)
    assert words in str(error)


def test_a_refused_time_names_the_clocks() -> None:
    """The venue's clock was asked just before: what is left is this machine, or the way between."""
    body = {"code": 700003, "msg": "Timestamp for this request is outside of the recvWindow."}
    error = skewed(CALL, answered(400, body), 3_600_000_000_000)
    assert isinstance(error, ClockSkewed)
    assert "700003" in str(error)
    assert "+3600.000 s" in str(error)
    assert "clock" in error.remedy
