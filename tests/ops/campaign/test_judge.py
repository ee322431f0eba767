"""The judge finds every kind of breach, and nothing where there is none."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from feedtree.exchanges.private.messages import (
    AccountMessage,
    Balance,
    BalanceUpdate,
    Fill,
    OrderResolved,
    OrderUpdate,
    Role,
)
from feedtree.exchanges.private.orders import (
    Accepted,
    Order,
    OrderStatus,
    OrderType,
    Rejected,
    RejectReason,
    TimeInForce,
)
from feedtree.exchanges.private.view import AccountView
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.campaign.calls import PlaceCall
from feedtree.ops.campaign.judge import Evidence, broken
from feedtree.ops.campaign.truth import TrueAccount, TrueBalance, TrueEntry, TrueFill, TrueOrder

BTC = Symbol("BTC", "USDT")
COMMON = {"venue": "gateio.spot", "account": "main", "received_ns": 0}


def order(filled: str = "0", status: OrderStatus = OrderStatus.OPEN) -> Order:
    return Order(
        order_id="7",
        client_order_id="t-1",
        symbol=BTC,
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price=Decimal(100),
        quantity=Decimal(2),
        quote_quantity=None,
        filled=Decimal(filled),
        filled_quote=None,
        status=status,
    )


def update(told: Order) -> dict[str, Any]:
    return {"kind": OrderUpdate, "order": told, "recovered": False, "venue_ns": None}


def fill() -> dict[str, Any]:
    return {
        "kind": Fill,
        "trade_id": "1",
        "order_id": "7",
        "client_order_id": None,
        "symbol": BTC,
        "side": Side.BUY,
        "price": Decimal(100),
        "quantity": Decimal("0.5"),
        "fee": None,
        "fee_currency": None,
        "role": Role.TAKER,
        "venue_ns": 0,
        "recovered": False,
        "position": "",
    }


def balance() -> dict[str, Any]:
    held = Balance("BTC", Decimal("0.5"), Decimal(0))
    return {"kind": BalanceUpdate, "balance": held, "reason": "", "recovered": False, "venue_ns": None}


def resolved(outcome: Accepted | Rejected) -> dict[str, Any]:
    return {
        "kind": OrderResolved,
        "client_order_id": outcome.client_order_id,
        "outcome": outcome,
        "after_ns": 1,
    }


def numbered(told: Sequence[dict[str, Any]]) -> list[AccountMessage]:
    return [
        each["kind"](
            **COMMON, sequence=number, **{name: value for name, value in each.items() if name != "kind"}
        )
        for number, each in enumerate(told, 5)
    ]


PARTLY = order("0.5", OrderStatus.PARTIALLY_FILLED)
STORY = (update(order()), fill(), update(PARTLY), balance())


def evidence(**changes: Any) -> Evidence:
    view = AccountView(
        venue="gateio.spot",
        account="main",
        state="live",
        consistent=True,
        unexplained=(),
        age_s=0.0,
        balances={"BTC": Balance("BTC", Decimal("0.5"), Decimal(0))},
        open_orders=(PARTLY,),
        recent_fills=(),
        sequence=8,
    )
    true = TrueOrder("7", "t-1", "BTC/USDT", Decimal("0.5"), True, "")
    given: dict[str, Any] = {
        "messages": numbered(STORY),
        "view": view,
        "consistent": True,
        "unresolved": (),
        "calls": [PlaceCall("t-1", True, "accepted")],
        "account": TrueAccount({"BTC": TrueBalance(Decimal("0.5"), Decimal(0))}, [true]),
        "orders": [true],
        "fills": [TrueFill("7", "BTC/USDT", "buy", Decimal(100), Decimal("0.50"))],
        "entries": [TrueEntry("place", "t-1", "accepted")],
    }
    return Evidence(**{**given, **changes})


def test_a_true_story_breaks_nothing() -> None:
    """Messages, view, calls and requests all agree with the venue."""
    assert broken(evidence()) == []
    assert broken(evidence(messages=[], fills=[])) == []


ACCEPTED = Accepted(client_order_id="t-1", order_id="7")
REJECTED = Rejected(client_order_id="t-1", reason=RejectReason.OTHER)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"messages": [*numbered(STORY[:3]), *numbered(STORY)[3:], numbered(STORY)[3]]},
            "has gaps: [(8, 8)]",
        ),
        ({"messages": numbered([STORY[0], STORY[2], STORY[3]])}, "a fill was never told"),
        ({"messages": numbered([*STORY[:2], fill(), *STORY[2:]])}, "that there was not, or twice"),
        ({"messages": numbered([STORY[1], STORY[0], *STORY[2:]])}, "came before its order"),
        (
            {"messages": numbered([update(order("2", OrderStatus.FILLED)), *STORY[1:]])},
            "order 7 came back after it was filled",
        ),
        ({"messages": numbered([*STORY, update(order("0.25"))])}, "went back from 0.5 to 0.25 filled"),
        ({"consistent": False}, "still inconsistent"),
        ({"account": TrueAccount({}, evidence().account.open_orders)}, "BTC is None at the venue"),
        (
            {"account": TrueAccount(evidence().account.balances, [])},
            "open orders at the venue only: [], here only",
        ),
        ({"entries": evidence().entries * 2}, "t-1 was sent 2 times"),
        ({"calls": [PlaceCall("t-1", False, "inconsistent")]}, "sent although the account was inconsistent"),
        ({"calls": [PlaceCall("t-1", True)]}, "the call for t-1 never ended"),
        ({"calls": [PlaceCall("t-2", True, "accepted")]}, "t-2 was accepted, and the venue never had it"),
        (
            {"calls": [PlaceCall("t-1", True, "rejected", "other")]},
            "t-1 was rejected (other), and the venue has it",
        ),
        ({"unresolved": ["t-1"]}, "t-1 is still looked for"),
        ({"calls": [PlaceCall("t-1", True, "unknown")]}, "of unknown outcome, and resolved 0 times"),
        (
            {"messages": numbered([*STORY, resolved(ACCEPTED)])},
            "t-1 was accepted, and resolved all the same",
        ),
        (
            {
                "messages": numbered([*STORY, resolved(REJECTED)]),
                "calls": [PlaceCall("t-1", True, "unknown")],
            },
            "resolved as rejected, and the venue has it",
        ),
        (
            {
                "messages": numbered(
                    [*STORY, resolved(msgspec.structs.replace(ACCEPTED, client_order_id="t-3"))]
                ),
                "calls": [PlaceCall("t-3", True, "unknown")],
            },
            "t-3 was resolved as accepted, and the venue never had it",
        ),
    ],
)
def test_each_breach_is_found(changes: dict[str, Any], words: str) -> None:
    """One sentence names it."""
    found = broken(evidence(**changes))
    assert any(words in sentence for sentence in found), found


def test_an_order_that_was_taken_and_ended_at_once_may_be_rejected() -> None:
    """A post-only order that would have crossed exists at the venue, for no time and with nothing done."""
    ended = TrueOrder("8", "t-2", "BTC/USDT", Decimal(0), False, "poc")
    calls = [PlaceCall("t-1", True, "accepted"), PlaceCall("t-2", True, "rejected", "would_cross")]
    assert broken(evidence(orders=[*evidence().orders, ended], calls=calls)) == []
    calls = [PlaceCall("t-1", True, "accepted"), PlaceCall("t-2", True, "rejected", "other")]
    assert broken(evidence(orders=[*evidence().orders, ended], calls=calls)) != []
