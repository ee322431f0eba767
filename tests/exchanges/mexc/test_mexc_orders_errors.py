"""What MEXC's refusals of orders mean, with its own texts."""

from decimal import Decimal

import pytest

from feedtree.exchanges.mexc.spot_orders_errors import judge
from feedtree.exchanges.private.order_doors import CancelRequest, PlaceRequest
from feedtree.exchanges.private.orders import OrderType, RejectReason, TimeInForce
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

BTC = Symbol("BTC", "USDT")
CANCEL = CancelRequest(symbol=BTC, order_id="1", client_order_id=None)


def place(time_in_force: TimeInForce = TimeInForce.GTC) -> PlaceRequest:
    return PlaceRequest(
        client_order_id="x",
        symbol=BTC,
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=time_in_force,
        price=Decimal(1),
        quantity=Decimal(1),
        quote_quantity=None,
    )


@pytest.mark.parametrize(
    ("status", "code", "text", "reason"),
    [
        (400, "10101", "Insufficient balance", RejectReason.INSUFFICIENT_BALANCE),
        (400, "30004", "Insufficient position", RejectReason.INSUFFICIENT_BALANCE),
        (400, "30005", "Oversold", RejectReason.INSUFFICIENT_BALANCE),
        (400, "30002", "The minimum transaction volume cannot be less than:0.5USDT", RejectReason.TOO_SMALL),
        (400, "30003", "maximum transaction volume cannot be greater than :", RejectReason.TOO_LARGE),
        (400, "30032", "Cannot exceed the maximum position", RejectReason.TOO_LARGE),
        (400, "30010", "no valid trade price", RejectReason.PRICE_OUT_OF_RANGE),
        (400, "30025", "no exist opponent order", RejectReason.NOT_FILLABLE),
        (400, "30029", "Cannot exceed the maximum order limit", RejectReason.TOO_MANY_ORDERS),
        (400, "30000", "suspended transaction for the symbol", RejectReason.NOT_TRADING),
        (400, "30016", "trading disabled", RejectReason.NOT_TRADING),
        (400, "10007", "bad symbol", RejectReason.UNKNOWN_SYMBOL),
        (400, "-1121", "Invalid symbol.", RejectReason.UNKNOWN_SYMBOL),
        (400, "-2011", "Unknown order sent.", RejectReason.ORDER_OVER),
        (400, "-2013", "Order does not exist.", RejectReason.ORDER_OVER),
        (400, "700003", "Timestamp for this request is outside of the recvWindow.", RejectReason.EXPIRED),
        (400, "700002", "Signature for this request is not valid.", RejectReason.AUTHENTICATION),
        (400, "10072", "invalid access key", RejectReason.AUTHENTICATION),
        (400, "400", "api key required", RejectReason.AUTHENTICATION),
        (400, "700006", "IP [1.2.3.4] not in the ip white list", RejectReason.PERMISSION),
        (400, "700007", "No permission to access the endpoint.", RejectReason.PERMISSION),
        (401, "401", "No authority", RejectReason.PERMISSION),
        (429, "429", "Too Many Requests", RejectReason.RATE_LIMITED),
        (429, "", "", RejectReason.RATE_LIMITED),
        (418, "", "", RejectReason.RATE_LIMITED),
        (403, "", "", RejectReason.RATE_LIMITED),
        (400, "700004", "Mandatory parameter 'price' was not sent, was empty/null, or malformed.",
         RejectReason.INVALID),
        (400, "700008", "Illegal characters found in parameter", RejectReason.INVALID),
        (400, "400", "duplicate newClientOrderId", RejectReason.DUPLICATE_CLIENT_ID),
        (400, "400", "quantity scale is invalid", RejectReason.PRECISION),
        (400, "88888", "system maintenance", RejectReason.MAINTENANCE),
        (400, "88888", "something new", RejectReason.OTHER),
    ],
)  # fmt: skip
def test_a_refusal_proves_that_nothing_was_done(
    status: int, code: str, text: str, reason: RejectReason
) -> None:
    """By its code; else by its text, or by the status of one that comes from the venue's gate."""
    verdict = judge(place(), status, code, text)
    assert verdict is not None
    assert (verdict.reason, verdict.code, verdict.text) == (reason, code, text)


def test_one_code_stands_for_several_things() -> None:
    """What kind of order it was tells which."""
    text = "current order type can not place order"
    reasons = {
        TimeInForce.POST_ONLY: RejectReason.WOULD_CROSS,
        TimeInForce.FOK: RejectReason.NOT_FILLABLE,
        TimeInForce.GTC: RejectReason.INVALID,
    }
    for time_in_force, reason in reasons.items():
        verdict = judge(place(time_in_force), 400, "30041", text)
        assert verdict is not None
        assert verdict.reason is reason
    verdict = judge(CANCEL, 400, "30041", text)
    assert verdict is not None
    assert verdict.reason is RejectReason.INVALID


@pytest.mark.parametrize(
    ("status", "code"), [(500, ""), (503, "503"), (504, "10101"), (400, "500"), (400, ""), (302, "")]
)
def test_what_proves_nothing_is_no_refusal(status: int, code: str) -> None:
    """HTTP 5xx means unknown, in the venue's own words; so does an answer that is none of its own."""
    assert judge(place(), status, code, "") is None
