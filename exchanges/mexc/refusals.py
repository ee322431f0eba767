"""What MEXC's refusals mean for an account. Pure.

Sources: the error codes of the spot documentation of 2025-08-08; 700002 with HTTP 400 as logged live; -2013 as clients
have it.
"""

import msgspec
from msgspec import Struct

from feedtree.exchanges.answers import RestAnswer
from feedtree.exchanges.errors import (
    AuthenticationFailed,
    ClockSkewed,
    IpNotAllowed,
    PermissionMissing,
)
from feedtree.supervisors.verdicts import Fatal

CLOCK = frozenset({"700003", "10073"})
"""The time of a signature is not the venue's."""

UNKNOWN_ORDER = frozenset({"-2011", "-2013", "22222"})
"""The venue has no such order."""

UNKNOWN_SYMBOL = frozenset({"-1121", "10007", "30014", "30021"})
"""The venue has no such symbol, or not for programs."""

_SHOWN = 300  # characters of a venue's text
_KEY = (
    "check the account's key: MEXC does not know it, or it has expired (90 days without a list of addresses)"
)
_SECRET = "check the account's secret: it is not the one that belongs to the key"
_IP = "add this machine's address to the key's list at MEXC, or take the list away"
_PERMISSION = "give the key the permission to read and trade spot at MEXC"
_FATAL: dict[str, tuple[type[Fatal], str]] = {
    "401": (PermissionMissing, _PERMISSION),
    "10072": (AuthenticationFailed, _KEY),
    "700001": (AuthenticationFailed, _KEY),
    "602": (AuthenticationFailed, _SECRET),
    "700002": (AuthenticationFailed, _SECRET),
    "700006": (IpNotAllowed, _IP),
    "700007": (PermissionMissing, _PERMISSION),
}


class ErrorBody(Struct, gc=False):
    """The body of a refused REST call."""

    code: int = 0
    msg: str = ""


def explain(body: bytes) -> tuple[str, str]:
    """Return the code and the text of a refusal; both are empty where the body is none of the venue's."""
    try:
        refusal = msgspec.json.decode(body, type=ErrorBody, strict=False)
    except (ValueError, RecursionError):
        return "", ""
    return str(refusal.code or ""), refusal.msg


def fatal(code: str, text: str, call: str) -> Fatal | None:
    """Return what is wrong with the account, where a refusal says that something is; no retry helps then.

    Args:
        code: the venue's.
        text: the venue's.
        call: what was refused, ``GET /api/v3/account``.
    """
    found = _FATAL.get(code)
    if found is None:
        return None
    kind, remedy = found
    return kind(f"{call}: {code} {text[:_SHOWN]}: {remedy}", remedy=remedy)


def skewed(call: str, answer: RestAnswer, offset_ns: int) -> ClockSkewed:
    """Return what a call is to raise whose time is refused although it was just taken from the venue.

    Args:
        call: ``GET /api/v3/account``.
        answer: the refusal.
        offset_ns: what the venue's clock is ahead of ours, as it was measured.
    """
    code, text = explain(answer.body)
    remedy = "set this machine's clock, and see that nothing between it and MEXC delays requests by seconds"
    return ClockSkewed(
        f"{call}: {code} {text[:_SHOWN]}; the venue's clock was measured to be "
        f"{offset_ns / 1e9:+.3f} s from ours: {remedy}",
        remedy=remedy,
    )
