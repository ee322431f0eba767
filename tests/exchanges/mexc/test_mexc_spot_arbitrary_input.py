"""Whatever a peer sends, the codec answers with items."""

import json
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from feedtree.exchanges.controls import Undecodable
from feedtree.exchanges.mexc.channels import resolve
from feedtree.exchanges.mexc.proto import spot_pb2
from feedtree.exchanges.mexc.spelling import spell
from feedtree.exchanges.mexc.spot_public import MexcSpotCodec
from feedtree.exchanges.public.channels import Book, BookTicker, Channel, Kline, Ticker, Topic, Trades
from feedtree.exchanges.public.codec import Confirmed, Decoded, Refused, WireTopic
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot
from feedtree.exchanges.symbols import Symbol, SymbolMap

CHANNELS: tuple[Channel, ...] = (Book(), Book(depth=5), Trades(), BookTicker(), Ticker(), Kline())
BODIES = [field.name for field in spot_pb2.PushDataV3ApiWrapper.DESCRIPTOR.oneofs_by_name["body"].fields]

numbers = st.one_of(
    st.sampled_from(["", "0", "1.5", "-1", "NaN", "inf", "1e999", "9" * 5000, "１", "1_0", "null"]),
    st.text(max_size=5),
    st.floats().map(str),
)
int64 = st.integers(-(2**63), 2**63 - 1)


def subscribed() -> tuple[MexcSpotCodec, list[WireTopic]]:
    symbols = SymbolMap(spell)
    codec = MexcSpotCodec(symbols)
    topics = [resolve(Topic("mexc.spot", Symbol("BTC", "USDT"), kind), symbols)[0] for kind in CHANNELS]
    codec.subscribe(topics, 0.0)
    return codec, topics


def decode(*payloads: str | bytes) -> list[Decoded]:
    codec, _ = subscribed()
    return codec.decode(payloads, 7)


@given(st.lists(st.one_of(st.text(), st.binary()), max_size=5))
def test_arbitrary_frames_never_raise(payloads: list[str | bytes]) -> None:
    """Every frame yields something, be it `Unknown` or `Undecodable`."""
    assert len(decode(*payloads)) >= len(payloads)


def body_fields(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Fill any of a body's fields with any value that its type allows."""
    descriptor = spot_pb2.PushDataV3ApiWrapper.DESCRIPTOR.fields_by_name[name].message_type
    return message_fields(descriptor)


def message_fields(descriptor: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {}, optional={field.name: field_values(field) for field in descriptor.fields}
    )


def field_values(field: Any) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        return st.lists(message_fields(field.message_type), max_size=3)
    if field.type == field.TYPE_STRING:
        return numbers
    return {field.TYPE_BOOL: st.booleans(), field.TYPE_INT32: st.integers(-1, 4)}.get(field.type, int64)


@given(st.data())
def test_arbitrary_bodies_on_any_topic_never_raise(data: st.DataObject) -> None:
    """Every oneof body, with any field present, absent or absurd."""
    codec, topics = subscribed()
    body = data.draw(st.sampled_from(BODIES))
    push = spot_pb2.PushDataV3ApiWrapper(
        channel=data.draw(st.sampled_from([topic.key for topic in topics])),
        sendTime=data.draw(st.none() | int64),
        **{body: data.draw(body_fields(body))},
    )
    assert codec.decode([push.SerializeToString()], 7)


def levels_of(side: Any) -> list[tuple[float, float]]:
    """Read a side level by level, the plain way.

    Raises:
        msgspec.ValidationError: a price or quantity is absent or no number.
    """
    return msgspec.convert(
        [(level.price, level.quantity) for level in side], list[tuple[float, float]], strict=False
    )


plain_numbers = st.one_of(st.floats(0, 1e12).map(repr), st.decimals(0, 10**6, places=8).map(str))
some_levels = st.lists(
    st.fixed_dictionaries(
        {}, optional={"price": numbers | plain_numbers, "quantity": numbers | plain_numbers}
    ),
    max_size=6,
) | st.lists(st.fixed_dictionaries({"price": plain_numbers, "quantity": plain_numbers}), max_size=60)


@given(some_levels, some_levels)
@example([{"price": "1"}, {"quantity": "2"}], [])
@example([{"price": "1", "quantity": "2"}, {}], [])
@example([{"price": "1"}], [{"quantity": "2"}])
def test_books_are_read_by_column_as_they_are_by_level(
    bids: list[dict[str, str]], asks: list[dict[str, str]]
) -> None:
    """Every level keeps its own price and quantity, or the push is refused."""
    codec, topics = subscribed()
    body = {"bids": bids, "asks": asks}
    changes, whole = (
        spot_pb2.PushDataV3ApiWrapper(
            channel=topics[0].key, publicAggreDepths={**body, "fromVersion": "1", "toVersion": "2"}
        ),
        spot_pb2.PushDataV3ApiWrapper(channel=topics[1].key, publicLimitDepths={**body, "version": "1"}),
    )
    try:
        expected = levels_of(changes.publicAggreDepths.bids), levels_of(changes.publicAggreDepths.asks)
    except msgspec.ValidationError:
        expected = None
    for push in (changes, whole):
        (message,) = codec.decode([push.SerializeToString()], 7)
        if expected is None:
            assert isinstance(message, Undecodable)
        else:
            assert isinstance(message, BookDelta | BookSnapshot)
            assert repr((message.bids, message.asks)) == repr(expected)  # NaN is not equal to itself


@given(st.data())
def test_arbitrary_replies_decide_each_topic_at_most_once(data: st.DataObject) -> None:
    """Whatever ids, codes and lists come in whatever order."""
    codec, topics = subscribed()
    keys = st.lists(st.sampled_from([*(topic.key for topic in topics), "other", ""])).map(",".join)
    texts = st.one_of(
        keys,
        keys.map("Not Subscribed successfully! [{}].  Reason： Blocked! ".format),
        st.tuples(keys, keys).map(
            lambda pair: f"Subscribed successful! [{pair[0]}]. Not Subscribed successfully! [{pair[1]}]."
        ),
        st.sampled_from(["PONG", "no subscription", "Not Subscribed successfully!", ""]),
    )
    decided: list[WireTopic] = []
    for text in data.draw(st.lists(texts, max_size=6)):
        frame = {
            "id": data.draw(st.integers(0, 2)),
            "code": data.draw(st.sampled_from([0, 0, 1])),
            "msg": text,
        }
        for item in codec.decode([json.dumps(frame)], 7):
            if isinstance(item, Confirmed | Refused):
                decided += item.topics
    assert len(decided) == len(set(decided))
