"""Why Gate.io does not do something: HTTP status, label and text, the same at both doors."""

from feedtree.ops.sim.accounts.engine import Why
from feedtree.ops.sim.accounts.orders import AccountOrder


class Denied(Exception):
    """A private request that is refused.

    Args:
        status: of HTTP; the websocket tells it, too.
        label: Gate.io's word.
        text: Gate.io's text.
    """

    def __init__(self, status: int, label: str, text: str) -> None:
        super().__init__(label)
        self.status = status
        self.label = label
        self.text = text


_ENGINE: dict[Why, tuple[str, str]] = {
    "balance": ("BALANCE_NOT_ENOUGH", "Not enough balance"),
    "poc": ("POC_FILL_IMMEDIATELY", "Order would match and take immediately so its cancelled"),
    "fok": ("FOK_NOT_FILL", "Order cannot be filled completely"),
    "quantity": ("INVALID_PARAM_VALUE", "Invalid amount: not more than what is filled"),
    "unchanged": ("NO_CHANGE", "No change"),
}


def of_engine(why: Why) -> Denied:
    """Return Gate.io's words for what the engine refuses."""
    return Denied(400, *_ENGINE[why])


def not_found() -> Denied:
    """Return that there is no such order."""
    return Denied(404, "ORDER_NOT_FOUND", "Order not found")


def too_late(order: AccountOrder, form: str) -> Denied:
    """Return that an order is over; ``form`` is the switch ``late_cancel``."""
    if form == "not_found":
        return not_found()
    if order.ended == "filled":
        return Denied(400, "ORDER_CLOSED", "Order closed")
    return Denied(400, "ORDER_CANCELLED", "Order cancelled")


def wrong(text: str) -> Denied:
    """Return that a parameter's value is not allowed."""
    return Denied(400, "INVALID_PARAM_VALUE", text)
