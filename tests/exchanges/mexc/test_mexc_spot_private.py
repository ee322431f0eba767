"""MEXC's private protocol: pushes in this project's words, and text frames that decide on the subscriptions."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from hypothesis import example, given
from hypothesis import strategies as st

from feedtree.exchanges.controls import Answer, Pong, Undecodable, Unknown
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.errors import LeaseInvalid, SubscriptionRefused
from feedtree.exchanges.mexc.proto.spot_pb2 import PushDataV3ApiWrapper
from feedtree.exchanges.mexc.spelling import spell
from feedtree.exchanges.mexc.spot_private import ACCOUNT, DEALS, ORDERS, MexcSpotPrivateCodec
from feedtree.exchanges.private.balances import BalanceChange
from feedtree.exchanges.private.codec import Confirmed, Refused, UnknownSymbol
from feedtree.exchanges.private.orders import Order, OrderStatus
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.symbols import Symbol, SymbolMap

DATA = Path(__file__).parents[2] / "data" / "mexc"
MX = Symbol("MX", "USDT")
TOPICS = f"{ACCOUNT},{DEALS},{ORDERS}"
Push = Callable[..., bytes]


@pytest.fixture
def codec() -> MexcSpotPrivateCodec:
    return make_codec()


def make_codec() -> MexcSpotPrivateCodec:
    return MexcSpotPrivateCodec(Credentials("key", "secret"), SymbolMap(spell, [MX]))


def recorded() -> list[bytes]:
    """Return the recorded pushes that name all that a push names."""
    lines = (DATA / "private_pushes.jsonl").read_text().splitlines()
    pushes = [each for each in map(json.loads, lines) if "sendTime" in each]
    for each in pushes:
        del each["_src"]
    return [ParseDict(each, PushDataV3ApiWrapper()).SerializeToString() for each in pushes]


# Pushes


def test_recorded_pushes_are_read(codec: MexcSpotPrivateCodec) -> None:
    """An order, its fill, a transfer and a placing, as documented and as live."""
    order, fill, transfer, placing = codec.decode(recorded(), 0)
    assert isinstance(order, Order)
    assert (order.symbol, order.status, order.filled) == (MX, OrderStatus.FILLED, 1)
    assert isinstance(fill, RawFill)
    assert (fill.order_id, fill.trade_id) == (order.order_id, "505979017439002624X1")
    assert isinstance(transfer, BalanceChange)
    assert (transfer.reason, transfer.available) == ("CONTRACT_TRANSFER", 10)
    assert isinstance(placing, BalanceChange)
    assert (placing.balance.locked, placing.venue_ns) == (Decimal("4.4022"), 1758134605364_000_000)


def test_an_order_is_as_new_as_its_push(codec: MexcSpotPrivateCodec, push: Push) -> None:
    """When it was sent, else when it was made."""
    body = {"id": "1", "orderType": 1, "tradeType": 1, "status": 1}
    sent, made = codec.decode(
        [
            push(ORDERS, symbol="MXUSDT", createTime=5, sendTime=7, privateOrders=body),
            push(ORDERS, symbol="MXUSDT", createTime=5, privateOrders=body),
        ],
        0,
    )
    assert isinstance(sent, Order)
    assert isinstance(made, Order)
    assert (sent.updated_ns, made.updated_ns) == (7_000_000, 5_000_000)


def test_a_symbol_that_is_not_known_is_named(codec: MexcSpotPrivateCodec, push: Push) -> None:
    """A pair's name alone does not say where its base ends; once it is known it is read."""
    frame = push(
        DEALS,
        symbol="NEWUSDT",
        privateDeals={"orderId": "1", "price": "2", "quantity": "3", "tradeType": 1, "time": 1},
    )
    assert codec.decode([frame], 0) == [UnknownSymbol("NEWUSDT")]
    symbols = SymbolMap(spell)
    codec = MexcSpotPrivateCodec(Credentials("key", "secret"), symbols)
    symbols.to_wire(Symbol("NEW", "USDT"))
    (fill,) = codec.decode([frame], 0)
    assert isinstance(fill, RawFill)
    assert fill.symbol == Symbol("NEW", "USDT")


@pytest.mark.parametrize(
    ("channel", "fields", "what"),
    [
        (ORDERS, {"symbol": "MXUSDT", "privateOrders": {"id": "1", "orderType": 100}}, "'0'|'100'"),
        ("spot@public.aggre.deals.v3.api.pb@100ms@MXUSDT", {"publicAggreDeals": {}}, "another body"),
        ("spot@private.news.v3.api.pb", {}, "private.news"),
    ],
)
def test_what_is_legal_and_unknown_is_told_as_that(
    codec: MexcSpotPrivateCodec, push: Push, channel: str, fields: dict[str, Any], what: str
) -> None:
    """A stop order, a public push, a channel of the future."""
    (item,) = codec.decode([push(channel, **fields)], 0)
    assert isinstance(item, Unknown)
    assert any(word.strip("'") in item.what for word in what.split("|"))


@pytest.mark.parametrize(
    ("channel", "fields"),
    [
        (ORDERS, {"privateOrders": {"id": "1", "orderType": 1, "tradeType": 1, "status": 1}}),
        (
            ORDERS,
            {"symbol": "MXUSDT", "privateOrders": {"orderType": 1, "tradeType": 1, "status": 1}},
        ),
        (DEALS, {"symbol": "MXUSDT", "privateDeals": {"orderId": "1", "tradeType": 1, "price": "x"}}),
        (ACCOUNT, {"privateAccount": {"vcoinName": "MX", "balanceAmount": "Infinity", "time": 1}}),
    ],
)
def test_half_a_push_does_not_decode(
    codec: MexcSpotPrivateCodec, push: Push, channel: str, fields: dict[str, Any]
) -> None:
    """No symbol, no id, an amount that is none: it is kept with its bytes, and costs the others nothing."""
    frame = push(channel, **fields)
    items = codec.decode([frame, recorded()[0], b"\xff\xff"], 0)
    assert [type(item) for item in items] == [Undecodable, Order, Undecodable]
    assert isinstance(items[0], Undecodable)
    assert items[0].payload == frame


@given(st.lists(st.binary(max_size=60) | st.text(max_size=60), max_size=5))
@example(['{"id":1,"code":0,"msg":' + "[" * 5000, "null", "5", '{"code":"x"}', b""])
def test_nothing_that_comes_raises(payloads: list[bytes | str]) -> None:
    """Whatever a peer sends is an item."""
    for item in make_codec().decode(payloads, 0):
        assert item is not None


# Text frames


def test_one_frame_asks_for_all_channels(codec: MexcSpotPrivateCodec) -> None:
    """All three have to be confirmed."""
    (frame,) = codec.subscribe(0.0)
    assert json.loads(frame) == {"method": "SUBSCRIPTION", "params": [ACCOUNT, DEALS, ORDERS], "id": 1}
    assert codec.channels == {ACCOUNT, DEALS, ORDERS}
    assert codec.ping(0.0) == '{"method":"PING"}'


@pytest.mark.parametrize("reply_id", [0, 1])
def test_topics_that_a_reply_names_are_confirmed(codec: MexcSpotPrivateCodec, reply_id: int) -> None:
    """Joined by commas, whether the reply echoes the request's id or not; in one reply or several."""
    reply = json.dumps({"id": reply_id, "code": 0, "msg": TOPICS})
    assert codec.decode([reply], 0) == [Confirmed((ACCOUNT, DEALS, ORDERS))]
    assert codec.decode([json.dumps({"id": reply_id, "code": 0, "msg": DEALS})], 0) == [Confirmed((DEALS,))]


def test_a_topic_that_is_refused_is_told_with_the_venues_reason(codec: MexcSpotPrivateCodec) -> None:
    """Code 0 all the same; what was taken in the same reply is confirmed first."""
    text = f"Subscribed successful! [{ACCOUNT}]. Not Subscribed successfully! [{DEALS},{ORDERS}].  Reason： Blocked! "
    confirmed, refused = codec.decode([json.dumps({"id": 1, "code": 0, "msg": text})], 0)
    assert confirmed == Confirmed((ACCOUNT,))
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, SubscriptionRefused)
    assert str(refused.error) == f"{DEALS}, {ORDERS}: Blocked!"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"id": 1, "code": 0, "msg": "Not Subscribed successfully! Reason： Blocked! "}, "Blocked!"),
        ({"id": 1, "code": 3, "msg": "no"}, "no (code 3)"),
        ({"id": 1, "code": 3, "msg": TOPICS}, "(code 3)"),
    ],
)
def test_a_refusal_of_the_whole_request_refuses_all(
    codec: MexcSpotPrivateCodec, reply: dict[str, Any], words: str
) -> None:
    """Without topics, or with a code that is not 0."""
    (refused,) = codec.decode([json.dumps(reply)], 0)
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, SubscriptionRefused)
    assert all(part in str(refused.error) for part in (ACCOUNT, DEALS, ORDERS, words))


@pytest.mark.parametrize(
    "text",
    [
        "Invalid listen key",
        "Invalid listen key\n",
        '{"id":0,"code":0,"msg":"Invalid listen key"}',
        '{"id":1,"code":7,"msg":"Invalid listen key"}',
    ],
)
def test_an_invalid_listen_key_is_the_leases_affair(codec: MexcSpotPrivateCodec, text: str) -> None:
    """A bare text and no JSON, as clients know it; in a reply, to be sure."""
    (refused,) = codec.decode([text], 0)
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, LeaseInvalid)


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ('{"id":0,"code":0,"msg":"PONG"}', Pong()),
        ('{"method":"PING"}', Answer('{"method":"PONG"}')),
        ("[1,2]", Unknown("[1,2]")),
        ('{"id":0,"code":0,"msg":"no subscription"}', Unknown('{"id":0,"code":0,"msg":"no subscription"}')),
        ('{"id":9,"code":5,"msg":"x"}', Unknown('{"id":9,"code":5,"msg":"x"}')),
        ("{}", Unknown("{}")),
    ],
)
def test_other_texts_are_what_they_are(codec: MexcSpotPrivateCodec, text: str, item: object) -> None:
    """Signs of life, and what nobody knows."""
    assert codec.decode([text], 0) == [item]


def test_a_text_that_is_no_json_does_not_decode(codec: MexcSpotPrivateCodec) -> None:
    """It is kept."""
    (item,) = codec.decode(["<html>"], 0)
    assert isinstance(item, Undecodable)
    assert item.payload == "<html>"
    assert repr(codec) == "MexcSpotPrivateCodec()"
