"""What Gate.io's refusals of orders, cancels and amendments mean; the same at both doors. Pure.

Source: error labels of the REST page v4.105.4; replies of 2024 and 2025, where the message of a websocket reply may be
``label: X, message: Y``, and a small order is an INVALID_PARAM_VALUE whose text alone says what is wrong.
"""

from typing import NamedTuple

from feedtree.exchanges.gateio.refusals import unfold
from feedtree.exchanges.private.orders import RejectReason

_SHOWN = 300  # characters of a venue's text
_TOO_MANY = 429
_SERVER = 500

_UNDECIDED = frozenset({"INTERNAL", "SERVER_ERROR", "TOO_BUSY"})  # it may have been done all the same
_REASONS = {
    "POC_FILL_IMMEDIATELY": RejectReason.WOULD_CROSS,
    "ORDER_POC": RejectReason.WOULD_CROSS,
    "ORDER_POC_IMMEDIATE": RejectReason.WOULD_CROSS,
    "FOK_NOT_FILL": RejectReason.NOT_FILLABLE,
    "ORDER_FOK": RejectReason.NOT_FILLABLE,
    "ORDER_BOOK_NOT_FOUND": RejectReason.NOT_FILLABLE,  # too little is offered
    "BALANCE_NOT_ENOUGH": RejectReason.INSUFFICIENT_BALANCE,
    "QUANTITY_NOT_ENOUGH": RejectReason.INSUFFICIENT_BALANCE,
    "FAILED_RETRIEVE_ASSETS": RejectReason.INSUFFICIENT_BALANCE,
    "AMOUNT_TOO_LITTLE": RejectReason.TOO_SMALL,
    "AMOUNT_TOO_MUCH": RejectReason.TOO_LARGE,
    "INVALID_PRECISION": RejectReason.PRECISION,
    "PRICE_TOO_DEVIATED": RejectReason.PRICE_OUT_OF_RANGE,
    "INVALID_CURRENCY": RejectReason.UNKNOWN_SYMBOL,
    "INVALID_CURRENCY_PAIR": RejectReason.UNKNOWN_SYMBOL,
    "TRADE_RESTRICTED": RejectReason.NOT_TRADING,
    "REPEATED_CREATION": RejectReason.DUPLICATE_CLIENT_ID,
    "TOO_MANY_ORDERS": RejectReason.TOO_MANY_ORDERS,
    "TOO_MANY_CURRENCY_PAIRS": RejectReason.TOO_MANY_ORDERS,
    "TOO_MANY_REQUESTS": RejectReason.RATE_LIMITED,
    "REQUEST_EXPIRED": RejectReason.EXPIRED,
    "ORDER_NOT_FOUND": RejectReason.ORDER_OVER,
    "ORDER_CLOSED": RejectReason.ORDER_OVER,
    "ORDER_CANCELLED": RejectReason.ORDER_OVER,
    "INVALID_KEY": RejectReason.AUTHENTICATION,
    "INVALID_CREDENTIALS": RejectReason.AUTHENTICATION,
    "INVALID_SIGNATURE": RejectReason.AUTHENTICATION,
    "MISSING_REQUIRED_HEADER": RejectReason.AUTHENTICATION,
    "IP_FORBIDDEN": RejectReason.PERMISSION,
    "READ_ONLY": RejectReason.PERMISSION,
    "FORBIDDEN": RejectReason.PERMISSION,
    "ACCOUNT_LOCKED": RejectReason.PERMISSION,
    "MIXED_ACCOUNT_TYPE": RejectReason.INVALID,
    "NO_CHANGE": RejectReason.INVALID,
    "BAD_REQUEST": RejectReason.INVALID,
}
_TEXTS = (  # of labels that say nothing more
    ("too small", RejectReason.TOO_SMALL),
    ("too large", RejectReason.TOO_LARGE),
    ("not enough", RejectReason.INSUFFICIENT_BALANCE),
    ("maintenance", RejectReason.MAINTENANCE),
)
_VAGUE = ("INVALID_", "MISSING_")


class Verdict(NamedTuple):
    """A refusal."""

    reason: RejectReason
    label: str
    text: str


def judge(status: int, label: str, text: str) -> Verdict | None:
    """Return what a refusal means; None where it does not prove that nothing was done.

    Args:
        status: of HTTP; the websocket's header tells the like.
        label: the venue's; empty where there is none.
        text: the venue's; empty where the answer is none of the venue's own.
    """
    label, text = unfold(label, text)
    text = text[:_SHOWN]
    if status >= _SERVER or label in _UNDECIDED:
        return None
    if label in _REASONS:
        return Verdict(_REASONS[label], label, text)
    if status == _TOO_MANY:
        return Verdict(RejectReason.RATE_LIMITED, label, text)
    if not label and not text:
        return None
    return Verdict(_by_text(label, text.lower()), label, text)


def _by_text(label: str, text: str) -> RejectReason:
    for words, reason in _TEXTS:
        if words in text:
            return reason
    return RejectReason.INVALID if label.startswith(_VAGUE) else RejectReason.OTHER
