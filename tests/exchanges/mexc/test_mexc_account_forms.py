"""Orders, fills and balances in one form, whether a push or REST told them; recorded bodies where there are some."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.mexc.account_messages import AccountBody, OrderRow, TradeRow
from feedtree.exchanges.mexc.balance_forms import balance_from_push, balance_from_row
from feedtree.exchanges.mexc.fill_forms import fill_from_push, fill_from_row
from feedtree.exchanges.mexc.order_forms import order_from_push, order_from_row
from feedtree.exchanges.mexc.proto.spot_pb2 import (
    PrivateAccountV3Api,
    PrivateDealsV3Api,
    PrivateOrdersV3Api,
    PushDataV3ApiWrapper,
)
from feedtree.exchanges.mexc.wire_values import UnknownValue, amount
from feedtree.exchanges.private.balances import BalanceChange
from feedtree.exchanges.private.fills import SeenFills
from feedtree.exchanges.private.messages import Balance, Role
from feedtree.exchanges.private.orders import Order, OrderStatus, OrderType, TimeInForce
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

DATA = Path(__file__).parents[2] / "data" / "mexc"
BODIES = json.loads((DATA / "account_bodies.json").read_text())
MX = Symbol("MX", "USDT")
ATLAS = Symbol("ATLAS", "USDT")


def recorded(source: str, kind: str) -> PushDataV3ApiWrapper:
    """Return the recorded push of a source that has this body."""
    lines = (DATA / "private_pushes.jsonl").read_text().splitlines()
    (push,) = [each for each in map(json.loads, lines) if each["_src"] == source and kind in each]
    del push["_src"]
    return ParseDict(push, PushDataV3ApiWrapper())


def read(body: Any, shape: Any) -> Any:
    return msgspec.json.decode(json.dumps(body).encode(), type=shape, strict=False)


def row(**fields: Any) -> OrderRow:
    """Return a row of a limit order that rests, with some fields set otherwise."""
    wire = {
        "orderId": "C02__1",
        "side": "BUY",
        "type": "LIMIT",
        "status": "NEW",
        "price": "2",
        "origQty": "5",
    }
    order: OrderRow = read(wire | fields, OrderRow)
    return order


# Orders


def test_a_recorded_market_order_has_no_price() -> None:
    """What the wire calls its price protects it: 5 % under the last one."""
    push = recorded("docs", "privateOrders")
    assert order_from_push(push.privateOrders, MX, push.sendTime) == Order(
        order_id="C02__505979017439002624115",
        client_order_id=None,
        symbol=MX,
        side=Side.SELL,
        type=OrderType.MARKET,
        time_in_force=None,
        price=None,
        quantity=Decimal(1),
        quote_quantity=None,
        filled=Decimal(1),
        filled_quote=Decimal("3.6962"),
        status=OrderStatus.FILLED,
        reason="FILLED",
        created_ns=1736417034259_000_000,
        updated_ns=1736417034281_000_000,
    )


def test_a_filled_order_may_have_an_amount_left() -> None:
    """A live market buy: 0.092 of what the protective price would have cost is left, and it is filled."""
    push = recorded("ccxt comment (live)", "privateOrders")
    order = order_from_push(push.privateOrders, Symbol("X", "USDT"), push.sendTime)
    assert (order.status, order.filled, order.quantity) == (
        OrderStatus.FILLED,
        Decimal(2000),
        Decimal(2000),
    )
    assert (order.filled_quote, order.updated_ns) == (Decimal("2.014"), None)


def test_a_recorded_row_is_the_order_that_its_push_would_tell() -> None:
    """Null fields, times in whole seconds, a protective price; in the row ``origQuoteOrderQty`` is derived from it."""
    order = order_from_row(read(BODIES["GET /api/v3/allOrders row"], OrderRow), ATLAS)
    assert order == Order(
        order_id="C02__385413065019117569043",
        client_order_id=None,
        symbol=ATLAS,
        side=Side.SELL,
        type=OrderType.MARKET,
        time_in_force=None,
        price=None,
        quantity=Decimal(1220),
        quote_quantity=None,
        filled=Decimal(1220),
        filled_quote=Decimal("5.54124"),
        status=OrderStatus.FILLED,
        reason="FILLED",
        created_ns=1707671871_000_000_000,
        updated_ns=1707671871_000_000_000,
    )


def test_a_documented_row_with_a_number_for_an_id_is_read() -> None:
    """The documents show it so; every recorded one is a text."""
    (documented,) = read(BODIES["GET /api/v3/openOrders"], list[OrderRow])
    order = order_from_row(documented, Symbol("LTC", "BTC"))
    assert (order.order_id, order.client_order_id, order.status) == ("1", "myOrder1", OrderStatus.OPEN)
    assert (order.price, order.quantity, order.filled, order.reason) == (Decimal("0.1"), Decimal(1), 0, "")


@pytest.mark.parametrize("zero", ["0", "", None])
def test_a_market_order_over_an_amount_has_no_quantity(zero: str | None) -> None:
    """What it is to spend stands where others have what they would cost."""
    order = order_from_row(row(type="MARKET", origQty=zero, origQuoteOrderQty="25"), MX)
    assert (order.price, order.quantity, order.quote_quantity) == (None, None, Decimal(25))
    body = PrivateOrdersV3Api(id="1", orderType=5, tradeType=1, status=1, quantity=zero or "", amount="25")
    pushed = order_from_push(body, MX, 0)
    assert (pushed.price, pushed.quantity, pushed.quote_quantity) == (None, None, Decimal(25))


@pytest.mark.parametrize(
    ("number", "word", "status"),
    [
        (1, "NEW", OrderStatus.OPEN),
        (2, "FILLED", OrderStatus.FILLED),
        (3, "PARTIALLY_FILLED", OrderStatus.PARTIALLY_FILLED),
        (4, "CANCELED", OrderStatus.CANCELLED),
        (5, "PARTIALLY_CANCELED", OrderStatus.CANCELLED),
    ],
)
@pytest.mark.parametrize(
    ("kind", "type_word", "order_type"),
    [
        (1, "LIMIT", (OrderType.LIMIT, TimeInForce.GTC)),
        (2, "LIMIT_MAKER", (OrderType.LIMIT, TimeInForce.POST_ONLY)),
        (3, "IMMEDIATE_OR_CANCEL", (OrderType.LIMIT, TimeInForce.IOC)),
        (5, "MARKET", (OrderType.MARKET, None)),
    ],
)
def test_push_and_row_have_one_form(
    number: int, word: str, status: OrderStatus, kind: int, type_word: str, order_type: object
) -> None:
    """A partly cancelled order has ended, though one client takes it for open."""
    body = PrivateOrdersV3Api(
        id="C02__1",
        clientId="mine",
        price="2",
        quantity="5",
        amount="10",
        orderType=kind,
        tradeType=1,
        status=number,
        cumulativeQuantity="1.5",
        cumulativeAmount="3",
        createTime=1000,
    )
    told = row(
        status=word,
        type=type_word,
        clientOrderId="mine",
        executedQty="1.5",
        cummulativeQuoteQty="3",
        time=1000,
        updateTime=2000,
        origQuoteOrderQty="10",
    )
    pushed = order_from_push(body, MX, 2000)
    assert pushed == order_from_row(told, MX)
    assert (pushed.status, (pushed.type, pushed.time_in_force)) == (status, order_type)
    assert bool(pushed.reason) is status.terminal


def test_a_cancelled_fill_or_kill_was_ended_by_the_venue() -> None:
    """It never rests, so that nobody can have cancelled it."""
    order = order_from_row(row(type="FILL_OR_KILL", status="CANCELED"), MX)
    assert (order.status, order.reason) == (OrderStatus.EXPIRED, "CANCELED")


@pytest.mark.parametrize(
    "fields", [{"tradeType": 3}, {"orderType": 100}, {"orderType": 0}, {"status": 6}, {"status": 0}]
)
def test_a_number_without_a_meaning_is_named(fields: dict[str, int]) -> None:
    """A stop order's (100), or one that the venue has added."""
    known = {"tradeType": 1, "orderType": 1, "status": 1}
    (name, number), *_ = fields.items()
    with pytest.raises(UnknownValue, match=f"{name} '{number}'"):
        order_from_push(PrivateOrdersV3Api(id="1", **(known | fields)), MX, 0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"status": "PENDING"}, "status 'PENDING'"),
        ({"type": "STOP"}, "type 'STOP'"),
        ({"side": "buy"}, "side 'buy'"),
        ({"orderId": None}, "without an id"),
        ({"price": "NaN"}, "no amount"),
        ({"origQty": "x"}, "no amount"),
    ],
)
def test_an_odd_row_is_named(fields: dict[str, Any], message: str) -> None:
    """Nothing is made up where money is."""
    with pytest.raises(ValueError, match=message):
        order_from_row(row(**fields), MX)


def test_a_number_with_a_fraction_is_no_money() -> None:
    """A float would round it."""
    with pytest.raises(msgspec.ValidationError):
        row(price=0.1)


@given(st.decimals(-(10**20), 10**20, allow_nan=False, places=20))
def test_an_amount_is_what_its_text_says(value: Decimal) -> None:
    """To the last digit."""
    assert amount(str(value)) == value


# Fills


def test_a_recorded_fill_is_read_from_both() -> None:
    """Ids have another form by REST; an absent ``isMaker`` is a taker."""
    push = recorded("docs", "privateDeals")
    assert fill_from_push(push.privateDeals, MX) == RawFill(
        trade_id="505979017439002624X1",
        order_id="C02__505979017439002624115",
        client_order_id=None,
        symbol=MX,
        side=Side.SELL,
        price=Decimal("3.6962"),
        quantity=Decimal(1),
        fee=Decimal("0.0003998377369698171"),
        fee_currency="MX",
        role=Role.TAKER,
        venue_ns=1736417034280_000_000,
    )
    assert fill_from_row(read(BODIES["GET /api/v3/myTrades row"], TradeRow), ATLAS) == RawFill(
        trade_id="dd44f79dda764c2e927a190ac5e7a1e5",
        order_id="C02__385413065019117569043",
        client_order_id=None,
        symbol=ATLAS,
        side=Side.SELL,
        price=Decimal("0.004542"),
        quantity=Decimal(1220),
        fee=Decimal(0),
        fee_currency="USDT",
        role=Role.TAKER,
        venue_ns=1707671871_000_000_000,
    )


def test_a_documented_fill_with_padded_numbers_is_read() -> None:
    """Compared as numbers: 4.00000100 is 4.000001."""
    (documented,) = read(BODIES["GET /api/v3/myTrades documented"], list[TradeRow])
    fill = fill_from_row(documented, Symbol("BNB", "BTC"))
    assert (fill.side, fill.price, fill.quantity, fill.fee_currency) == (
        Side.BUY,
        Decimal("4.000001"),
        Decimal(12),
        "BNB",
    )


def test_what_rest_tells_of_a_pushed_fill_is_no_second_one() -> None:
    """Another id, and a time rounded down to the second: known by order, price, quantity and role."""
    push = recorded("docs", "privateDeals")
    pushed = fill_from_push(push.privateDeals, MX)
    wire = BODIES["GET /api/v3/myTrades row"] | {
        "orderId": pushed.order_id,
        "price": "3.69620",
        "qty": "1.0",
        "time": 1736417034000,
    }
    seen = SeenFills()
    assert seen.add(pushed)
    assert not seen.add(fill_from_row(read(wire, TradeRow), MX))
    assert seen.add(fill_from_row(read(wire | {"id": "0" * 32, "price": "3.69"}, TradeRow), MX))


def test_a_row_may_leave_out_what_is_not_documented() -> None:
    """Without a role and a fee it is a fill all the same."""
    wire = {"orderId": "1", "price": "2", "qty": "3", "isBuyer": True, "time": 1000}
    fill = fill_from_row(read(wire, TradeRow), MX)
    assert (fill.trade_id, fill.role, fill.fee, fill.fee_currency) == ("", None, None, None)


@pytest.mark.parametrize(
    "fields",
    [{"orderId": ""}, {"price": ""}, {"quantity": "0"}, {"time": 0}, {"price": "-1"}, {"quantity": "-1"}],
)
def test_half_a_fill_is_none(fields: dict[str, Any]) -> None:
    """It is told as a push that does not decode."""
    whole = {"orderId": "1", "price": "2", "quantity": "3", "tradeType": 2, "time": 1000}
    assert fill_from_push(PrivateDealsV3Api(**whole, isMaker=True), MX).role is Role.MAKER
    with pytest.raises(ValueError, match="missing"):
        fill_from_push(PrivateDealsV3Api(**(whole | fields)), MX)


# Balances


def test_a_recorded_balance_is_what_is_left_after_its_change() -> None:
    """A live placing of an order: 4.4022 USDT moved from available to frozen."""
    push = recorded("ccxt comment (live)", "privateAccount")
    assert balance_from_push(push.privateAccount, push.createTime) == BalanceChange(
        balance=Balance("USDT", Decimal("0.006016465074677006"), Decimal("4.4022")),
        reason="ENTRUST_PLACE",
        venue_ns=1758134605364_000_000,
        available=Decimal("-4.4022"),
        locked=Decimal("4.4022"),
    )


def test_a_balance_is_as_old_as_its_push() -> None:
    """A transfer has a time two minutes before its push: it would seem older than what came before."""
    push = recorded("docs", "privateAccount")
    assert balance_from_push(push.privateAccount, push.createTime).venue_ns == 1736417034305_000_000
    assert balance_from_push(push.privateAccount, 0).venue_ns == 1736416910000_000_000


@pytest.mark.parametrize("fields", [{"vcoinName": ""}, {"time": 0}, {"balanceAmount": "x"}])
def test_half_a_balance_is_none(fields: dict[str, Any]) -> None:
    """It is told as a push that does not decode."""
    whole = {"vcoinName": "MX", "balanceAmount": "2", "time": 1000}
    change = balance_from_push(PrivateAccountV3Api(**whole), 0)
    assert (change.balance, change.available) == (Balance("MX", Decimal(2), Decimal(0)), None)
    with pytest.raises(ValueError, match=r"without|no amount"):
        balance_from_push(PrivateAccountV3Api(**(whole | fields)), 0)


def test_the_balances_of_an_account_are_read() -> None:
    """As documented."""
    body = read(BODIES["GET /api/v3/account"], AccountBody)
    assert [balance_from_row(each) for each in body.balances] == [
        Balance("NBNTEST", Decimal(1111078), Decimal(33)),
        Balance("MAIN", Decimal(1020000), Decimal(0)),
    ]
