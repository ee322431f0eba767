"""What Gate.io's refusals of orders mean, with its own texts."""

import json

import pytest

from feedtree.exchanges.gateio.spot_orders_errors import judge
from feedtree.exchanges.gateio.spot_orders_fields import denied
from feedtree.exchanges.private.order_doors import Refused, Unanswered
from feedtree.exchanges.private.orders import RejectReason

SMALL = (
    "label: INVALID_PARAM_VALUE, message: Your order size 0.200000 USDT is too small. The minimum is 3 USDT"
)


@pytest.mark.parametrize(
    ("status", "label", "text", "reason"),
    [
        (400, "INVALID_ARGUMENT", "OrderPlace request params error", RejectReason.INVALID),
        (400, "INVALID_PARAM_VALUE", SMALL, RejectReason.TOO_SMALL),
        (400, "", SMALL, RejectReason.TOO_SMALL),
        (400, "INVALID_PARAM_VALUE", "Your order size is too large", RejectReason.TOO_LARGE),
        (400, "INVALID_PARAM_VALUE", "Invalid price: x", RejectReason.INVALID),
        (400, "MISSING_REQUIRED_PARAM", "Missing required parameter: text", RejectReason.INVALID),
        (400, "INVALID_CURRENCY_PAIR", "label: INVALID_CURRENCY_PAIR, message: Invalid currency pair X_Y",
         RejectReason.UNKNOWN_SYMBOL),
        (400, "BALANCE_NOT_ENOUGH", "Not enough balance", RejectReason.INSUFFICIENT_BALANCE),
        (400, "SOMETHING_NEW", "Not enough balance", RejectReason.INSUFFICIENT_BALANCE),
        (400, "QUANTITY_NOT_ENOUGH", "", RejectReason.INSUFFICIENT_BALANCE),
        (400, "POC_FILL_IMMEDIATELY", "label: POC_FILL_IMMEDIATELY, message: Order would match and take "
         "immediately so its cancelled", RejectReason.WOULD_CROSS),
        (400, "ORDER_POC_IMMEDIATE", "", RejectReason.WOULD_CROSS),
        (400, "FOK_NOT_FILL", "Order cannot be filled completely", RejectReason.NOT_FILLABLE),
        (400, "ORDER_BOOK_NOT_FOUND", "", RejectReason.NOT_FILLABLE),
        (400, "AMOUNT_TOO_LITTLE", "", RejectReason.TOO_SMALL),
        (400, "AMOUNT_TOO_MUCH", "", RejectReason.TOO_LARGE),
        (400, "INVALID_PRECISION", "", RejectReason.PRECISION),
        (400, "TRADE_RESTRICTED", "", RejectReason.NOT_TRADING),
        (400, "REPEATED_CREATION", "text t-1 exists already", RejectReason.DUPLICATE_CLIENT_ID),
        (400, "TOO_MANY_ORDERS", "", RejectReason.TOO_MANY_ORDERS),
        (429, "TOO_MANY_REQUESTS", "Request Rate limit Exceeded (211)", RejectReason.RATE_LIMITED),
        (429, "", "", RejectReason.RATE_LIMITED),
        (400, "REQUEST_EXPIRED", "Request expired", RejectReason.EXPIRED),
        (404, "ORDER_NOT_FOUND", "label: ORDER_NOT_FOUND, message: Order not found", RejectReason.ORDER_OVER),
        (400, "ORDER_NOT_FOUND", "label: ORDER_NOT_FOUND, message: ", RejectReason.ORDER_OVER),
        (400, "ORDER_CLOSED", "Order closed", RejectReason.ORDER_OVER),
        (400, "ORDER_CANCELLED", "Order cancelled", RejectReason.ORDER_OVER),
        (401, "INVALID_KEY", "Invalid key provided", RejectReason.AUTHENTICATION),
        (401, "", json.dumps({"label": "INVALID_KEY", "message": "Invalid key provided"}) + "\n",
         RejectReason.AUTHENTICATION),
        (401, "INVALID_SIGNATURE", "Signature mismatch", RejectReason.AUTHENTICATION),
        (403, "READ_ONLY", "API key is read only", RejectReason.PERMISSION),
        (403, "IP_FORBIDDEN", "IP is not in the whitelist", RejectReason.PERMISSION),
        (400, "NO_CHANGE", "No change", RejectReason.INVALID),
        (405, "", "405 Method Not Allowed, ", RejectReason.OTHER),
        (400, "SOMETHING_NEW", "words", RejectReason.OTHER),
        (400, "SOMETHING_NEW", "system maintenance", RejectReason.MAINTENANCE),
    ],
)  # fmt: skip
def test_a_refusal_proves_that_nothing_was_done(
    status: int, label: str, text: str, reason: RejectReason
) -> None:
    """By its label, also where that stands inside the message; else by its text."""
    verdict = judge(status, label, text)
    assert verdict is not None
    assert verdict.reason is reason
    assert "label:" not in verdict.text


@pytest.mark.parametrize(
    ("status", "label", "text"),
    [
        (500, "INTERNAL", "internal error"),
        (503, "SERVER_ERROR", "simulated"),
        (400, "TOO_BUSY", "server too busy"),
        (502, "", ""),
        (504, "BALANCE_NOT_ENOUGH", "what a gateway may echo"),
        (400, "", ""),
        (0, "", ""),
    ],
)
def test_what_proves_nothing_is_no_refusal(status: int, label: str, text: str) -> None:
    """A server's own trouble, or an answer that is none of the venue's: the order may be there."""
    assert judge(status, label, text) is None
    reply = denied(status, label, text, None)
    assert isinstance(reply, Unanswered)
    assert reply.sent
    assert reply.why.startswith(f"status {status}")


def test_label_and_text_come_through() -> None:
    """Shortened, where the venue says much."""
    reply = denied(400, "INVALID_PARAM_VALUE", SMALL + "x" * 1000, None)
    assert isinstance(reply, Refused)
    assert reply.code == "INVALID_PARAM_VALUE"
    assert reply.text.startswith("Your order size 0.200000 USDT is too small")
    assert len(reply.text) == 300
