"""What MEXC's refusals of orders and cancels mean. Pure.

Source: error codes of the spot documentation 2025-08-08. What a post-only order that would take, and a repeated client
order id, are refused with is in no document: 30041 and a text with ``duplicate`` are taken for them. HTTP 5xx means
that the order may have been executed, in the document's own words.
"""

from typing import NamedTuple

from feedtree.exchanges.pauses import THROTTLED
from feedtree.exchanges.private.order_doors import PlaceRequest, Request
from feedtree.exchanges.private.orders import RejectReason, TimeInForce

_SHOWN = 300  # characters of a venue's text
_SERVER = 500
_BY_TYPE = "30041"  # "current order type can not place order"

_UNDECIDED = frozenset({"500", "503", "504"})
_REASONS = {
    "10101": RejectReason.INSUFFICIENT_BALANCE,
    "30004": RejectReason.INSUFFICIENT_BALANCE,
    "30005": RejectReason.INSUFFICIENT_BALANCE,
    "30002": RejectReason.TOO_SMALL,
    "30003": RejectReason.TOO_LARGE,
    "30032": RejectReason.TOO_LARGE,
    "30010": RejectReason.PRICE_OUT_OF_RANGE,
    "30025": RejectReason.NOT_FILLABLE,
    "30029": RejectReason.TOO_MANY_ORDERS,
    "30000": RejectReason.NOT_TRADING,
    "30001": RejectReason.NOT_TRADING,
    "30016": RejectReason.NOT_TRADING,
    "30018": RejectReason.NOT_TRADING,
    "30019": RejectReason.NOT_TRADING,
    "30027": RejectReason.NOT_TRADING,
    "30028": RejectReason.NOT_TRADING,
    "10007": RejectReason.UNKNOWN_SYMBOL,
    "30014": RejectReason.UNKNOWN_SYMBOL,
    "30021": RejectReason.UNKNOWN_SYMBOL,
    "-1121": RejectReason.UNKNOWN_SYMBOL,
    "-2011": RejectReason.ORDER_OVER,
    "-2013": RejectReason.ORDER_OVER,
    "22222": RejectReason.ORDER_OVER,
    "30026": RejectReason.ORDER_OVER,
    "700003": RejectReason.EXPIRED,
    "10073": RejectReason.EXPIRED,
    "602": RejectReason.AUTHENTICATION,
    "10072": RejectReason.AUTHENTICATION,
    "700001": RejectReason.AUTHENTICATION,
    "700002": RejectReason.AUTHENTICATION,
    "26": RejectReason.PERMISSION,
    "401": RejectReason.PERMISSION,
    "403": RejectReason.PERMISSION,
    "30020": RejectReason.PERMISSION,
    "60005": RejectReason.PERMISSION,
    "70011": RejectReason.PERMISSION,
    "700006": RejectReason.PERMISSION,
    "700007": RejectReason.PERMISSION,
    "140001": RejectReason.PERMISSION,
    "140002": RejectReason.PERMISSION,
    "429": RejectReason.RATE_LIMITED,
    "-1128": RejectReason.INVALID,
    "33333": RejectReason.INVALID,
    "44444": RejectReason.INVALID,
    "700004": RejectReason.INVALID,
    "700005": RejectReason.INVALID,
    "700008": RejectReason.INVALID,
}
_TEXTS = (  # of codes that stand for several things
    ("duplicate", RejectReason.DUPLICATE_CLIENT_ID),
    ("scale", RejectReason.PRECISION),
    ("api key", RejectReason.AUTHENTICATION),
    ("maintenance", RejectReason.MAINTENANCE),
)
_IMPOSSIBLE = {
    TimeInForce.POST_ONLY: RejectReason.WOULD_CROSS,
    TimeInForce.FOK: RejectReason.NOT_FILLABLE,
}


class Verdict(NamedTuple):
    """A refusal."""

    reason: RejectReason
    code: str
    text: str


def judge(request: Request, status: int, code: str, text: str) -> Verdict | None:
    """Return what a refusal means; None where it does not prove that nothing was done.

    Args:
        request: what was asked for: a code may stand for several things.
        status: of HTTP.
        code: the venue's; empty where there is none.
        text: the venue's.
    """
    text = text[:_SHOWN]
    if status >= _SERVER or code in _UNDECIDED:
        return None
    if code == _BY_TYPE:
        return Verdict(_by_type(request), code, text)
    if code in _REASONS:
        return Verdict(_REASONS[code], code, text)
    if status in THROTTLED:
        return Verdict(RejectReason.RATE_LIMITED, code, text)
    if not code:
        return None
    return Verdict(_by_text(text.lower()), code, text)


def _by_type(request: Request) -> RejectReason:
    if isinstance(request, PlaceRequest):
        return _IMPOSSIBLE.get(request.time_in_force, RejectReason.INVALID)
    return RejectReason.INVALID


def _by_text(text: str) -> RejectReason:
    return next((reason for words, reason in _TEXTS if words in text), RejectReason.OTHER)
