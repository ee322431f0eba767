"""Why MEXC does not do something: code, text, and HTTP status."""

from feedtree.ops.http import Response, json_response
from feedtree.ops.sim.accounts.engine import Why
from feedtree.ops.sim.accounts.orders import AccountOrder

_UNKNOWN = "Unknown order sent."
_FUNDS = {10101: "Insufficient balance", 30004: "Insufficient position", 30005: "Oversold"}
_REPEATED = {
    400: "duplicate newClientOrderId",
    -2010: "Duplicate order sent.",
    33333: "param is error",
}  # no document names one


class Denied(Exception):
    """A private request that is refused.

    Args:
        code: MEXC's number.
        text: MEXC's text.
        status: of HTTP.
        retry_after_s: stated where a limit is exceeded; 0: not stated.
    """

    def __init__(self, code: int, text: str, *, status: int = 400, retry_after_s: int = 0) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.status = status
        self.retry_after_s = retry_after_s

    def response(self) -> Response:
        """Return what is answered."""
        headers = (("Retry-After", str(self.retry_after_s)),) if self.retry_after_s else ()
        return json_response({"code": self.code, "msg": self.text}, self.status, headers)


def of_engine(why: Why, no_funds: int) -> Denied:
    """Return MEXC's words for an order that the engine refuses; ``no_funds`` is the switch of that name."""
    if why == "balance":
        return Denied(no_funds, _FUNDS[no_funds])
    return Denied(30041, "current order type can not place order")


def missing(name: str) -> Denied:
    """Return that a parameter is needed."""
    return Denied(700004, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def not_found(code: int) -> Denied:
    """Return that there is no such order: -2011 for a cancel, -2013 for a read."""
    return Denied(code, _UNKNOWN if code == -2011 else "Order does not exist.")


def late(order: AccountOrder, form: str) -> Denied:
    """Return that an order to be cancelled is over; ``form`` is the switch ``late_cancel``."""
    if form == "unknown":
        return not_found(-2011)
    return Denied(-2011, "Order filled." if order.ended == "filled" else "Order cancelled.")


def repeated(code: int) -> Denied:
    """Return that an open order has the same ``newClientOrderId``."""
    return Denied(code, _REPEATED[code])
