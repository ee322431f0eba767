"""What Gate.io's refusals mean for an account, over REST and over the websocket.

Source: error labels of the REST page v4.105.4; replies of 2022 to 2026, where a websocket error's message is a JSON
text of its own, or reads ``label: X, message: Y``.
"""

import re

import msgspec
from msgspec import Struct

from feedtree.exchanges.errors import AuthenticationFailed, ClockSkewed, IpNotAllowed, PermissionMissing
from feedtree.supervisors.verdicts import Fatal

_EMBEDDED = re.compile(r"label: *([A-Z_]+), *message: *(.*)", re.DOTALL)
_SHOWN = 300  # characters of a venue's text
_KEY = "check key and secret of this account, and that they are of this exchange, not of its test network"
_RIGHTS = "give the key the right to read and trade spot, or use another key"
_ADDRESS = "add this machine's address to the key's list of allowed addresses"
_CLOCK = "set this machine's clock by NTP, and look for a proxy that delays requests"
_FATAL: dict[str, tuple[type[Fatal], str]] = {
    "INVALID_KEY": (AuthenticationFailed, _KEY),
    "INVALID_CREDENTIALS": (AuthenticationFailed, _KEY),
    "INVALID_SIGNATURE": (AuthenticationFailed, _KEY),
    "ACCOUNT_LOCKED": (PermissionMissing, "ask the exchange why the account is locked"),
    "IP_FORBIDDEN": (IpNotAllowed, _ADDRESS),
    "READ_ONLY": (PermissionMissing, _RIGHTS),
    "FORBIDDEN": (PermissionMissing, _RIGHTS),
    "REQUEST_EXPIRED": (ClockSkewed, _CLOCK),
}


class ErrorBody(Struct):
    """The body of a refused REST call; on some, ``detail`` stands for ``message``."""

    label: str = ""
    message: str = ""
    detail: str = ""


def explain(body: bytes | str) -> tuple[str, str]:
    """Return the label and the text of a refusal; both are empty where the body is none of the venue's."""
    try:
        refusal = msgspec.json.decode(body, type=ErrorBody)
    except (ValueError, RecursionError):
        return "", ""
    return refusal.label, refusal.message or refusal.detail


def unfold(label: str, text: str) -> tuple[str, str]:
    """Return label and text of a refusal whose text may hold both."""
    inner = explain(text)
    if inner[0]:
        return inner
    embedded = _EMBEDDED.fullmatch(text.strip())
    return (embedded[1], embedded[2].strip()) if embedded else (label, text)


def fatal(label: str, text: str, call: str) -> Fatal | None:
    """Return what is wrong with the account, where a refusal says that something is; no retry helps then.

    Args:
        label: the venue's.
        text: the venue's.
        call: what was refused, ``GET /spot/accounts`` or a channel.
    """
    found = _FATAL.get(label)
    if found is None:
        return None
    kind, remedy = found
    return kind(f"{call}: {label} {text[:_SHOWN]}: {remedy}", remedy=remedy)
