"""MEXC's text frames: requests and the replies that decide on them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedtree.exchanges.controls import Pong, Undecodable, Unknown
from feedtree.exchanges.mexc.replies import PING
from feedtree.exchanges.mexc.spot_public import MexcSpotCodec
from feedtree.exchanges.public.channels import Book, Trades
from feedtree.exchanges.public.codec import Confirmed, Refused, Removed, WireTopic
from feedtree.exchanges.public.messages import BookDelta

Resolve = Callable[..., WireTopic]

RECORDED = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data/mexc/control_text_frames.jsonl").read_text().splitlines()
]
BLOCKED = "Reason： Blocked! "  # the colon is full-width


@pytest.fixture
def topics(wire: Resolve) -> tuple[WireTopic, WireTopic, WireTopic]:
    return wire(Book()), wire(Trades()), wire(Book(), "NOPE/USDT")


Three = tuple[WireTopic, WireTopic, WireTopic]


def reply(msg: Any, request: int = 0, code: int = 0) -> str:
    return json.dumps({"id": request, "code": code, "msg": msg})


def sent(codec: MexcSpotCodec, *topics: WireTopic) -> int:
    """Subscribe, and return the id of the request."""
    (request,) = codec.subscribe(topics, 0.0)
    assert request.topics == topics
    return int(json.loads(request.frame)["id"])


def test_all_topics_go_in_one_frame(codec: MexcSpotCodec, topics: Three) -> None:
    """Frames are counted by the venue, topics in one are not."""
    (request,) = codec.subscribe(topics, 0.0)
    assert json.loads(request.frame) == {
        "method": "SUBSCRIPTION",
        "params": [topic.key for topic in topics],
        "id": 1,
    }
    (leave,) = codec.unsubscribe(topics[:1], 0.0)
    assert json.loads(leave.frame) == {"method": "UNSUBSCRIPTION", "params": [topics[0].key], "id": 2}


def test_no_topics_no_frame(codec: MexcSpotCodec) -> None:
    """An empty request would be answered with who knows what."""
    assert codec.subscribe([], 0.0) == codec.unsubscribe([], 0.0) == []


def test_a_ping_is_json_and_its_answer_a_pong(codec: MexcSpotCodec) -> None:
    """The venue is said to leave the websocket's own pings unanswered."""
    assert codec.ping(0.0) == PING
    assert codec.decode([json.dumps(RECORDED[2])], 7) == [Pong()]


@pytest.mark.parametrize("echoed", [True, False], ids=["id echoed", "id 0"])
@pytest.mark.parametrize("count", [1, 2])
def test_an_ack_names_what_it_accepts(codec: MexcSpotCodec, topics: Three, count: int, echoed: bool) -> None:
    """The text is the params joined by a comma, for one topic and for several."""
    asked = topics[:count]
    request = sent(codec, *asked)
    text = reply(",".join(topic.key for topic in asked), request if echoed else 0)
    assert codec.decode([text], 7) == [Confirmed(asked)]


@pytest.mark.parametrize("echoed", [True, False], ids=["id echoed", "id 0"])
def test_a_refusal_with_code_0_is_a_refusal(codec: MexcSpotCodec, topics: Three, echoed: bool) -> None:
    """Unknown symbol, unsupported topic and retired topic get the same text."""
    request = sent(codec, *topics[1:])
    keys = ",".join(topic.key for topic in topics[1:])
    text = reply(f"Not Subscribed successfully! [{keys}].  {BLOCKED}", request if echoed else 0)
    assert codec.decode([text], 7) == [Refused(topics[1:], "Blocked!")]


@pytest.mark.parametrize("echoed", [True, False], ids=["id echoed", "id 0"])
def test_a_mixed_reply_is_split(codec: MexcSpotCodec, topics: Three, echoed: bool) -> None:
    """What was taken is confirmed, the offender alone is refused."""
    book, trades, odd = topics
    request = sent(codec, *topics)
    text = reply(
        f"Subscribed successful! [{book.key},{trades.key}]. "
        f"Not Subscribed successfully! [{odd.key}].  {BLOCKED}",
        request if echoed else 0,
    )
    assert codec.decode([text], 7) == [Confirmed((book, trades)), Refused((odd,), "Blocked!")]


def test_recorded_refusals_are_read_as_they_came(codec: MexcSpotCodec, wire: Resolve) -> None:
    """Two spaces, a full-width colon, a trailing space."""
    retired = WireTopic(
        wire(Book()).topic,
        "spot@public.bookTicker.v3.api@BTCUSDT",
        wire(Book()).channel,
        ("spot@public.bookTicker.v3.api@BTCUSDT",),
    )
    sent(codec, retired)
    assert codec.decode([json.dumps(RECORDED[3], ensure_ascii=False)], 7) == [Refused((retired,), "Blocked!")]


def test_a_recorded_mixed_reply_is_read_as_it_came(codec: MexcSpotCodec, wire: Resolve) -> None:
    """Its id is of another client; the topics that it names are enough."""
    keys = [f"spot@public.deals.v3.api@{pair}" for pair in ("SOLUSDT", "SOLUSDC", "USDTUSDC")]
    old = [WireTopic(wire(Book()).topic, key, wire(Book()).channel, (key,)) for key in keys]
    sent(codec, *old)
    assert codec.decode([json.dumps(RECORDED[4])], 7) == [
        Confirmed((old[0], old[1])),
        Refused((old[2],), "Blocked!"),
    ]


def test_a_code_refuses_the_whole_request(codec: MexcSpotCodec, topics: Three) -> None:
    """No example is known; the words go along."""
    first = sent(codec, topics[0])
    assert codec.decode([reply("Blocked!", first, 1)], 7) == [Refused(topics[:1], "Blocked! (code 1)")]
    sent(codec, topics[1])
    assert codec.decode([reply("Blocked!", 0, 1)], 7) == [Refused(topics[1:2], "Blocked! (code 1)")]


def test_a_refusal_without_topics_refuses_the_only_request(codec: MexcSpotCodec, topics: Three) -> None:
    """Transcriptions of the text differ; its start does not."""
    sent(codec, topics[0])
    assert codec.decode([reply("Not Subscribed successfully!")], 7) == [
        Refused(topics[:1], "Not Subscribed successfully!")
    ]


def test_a_refusal_that_could_mean_several_requests_decides_nothing(
    codec: MexcSpotCodec, topics: Three
) -> None:
    """Better a time-out than the wrong topic refused."""
    sent(codec, topics[0])
    sent(codec, topics[1])
    assert [type(item) for item in codec.decode([reply("Blocked!", 0, 1)], 7)] == [Unknown]


def test_a_topic_that_no_reply_names_goes_on_waiting(codec: MexcSpotCodec, topics: Three) -> None:
    """What became of the surplus over 30 topics is not documented."""
    request = sent(codec, *topics[:2])
    assert codec.decode([reply(topics[0].key, request)], 7) == [Confirmed(topics[:1])]
    assert codec.decode([reply(topics[1].key, request)], 7) == [Confirmed(topics[1:2])]


def test_an_ack_of_nothing_that_was_asked_is_unknown(codec: MexcSpotCodec, topics: Three) -> None:
    """Also a second ack of the same topic."""
    sent(codec, topics[0])
    burst = [reply(topics[1].key), reply(topics[0].key), reply(topics[0].key)]
    assert [type(item) for item in codec.decode(burst, 7)] == [Unknown, Confirmed, Unknown]


@pytest.mark.parametrize("text", ["no subscription", "spot@public.other@X", ""])
def test_any_reply_with_its_id_ends_an_unsubscription(codec: MexcSpotCodec, topics: Three, text: str) -> None:
    """Its text is uncertain: documents show another topic, a client saw `no subscription`."""
    sent(codec, topics[0])
    codec.unsubscribe(topics[:1], 0.0)
    assert codec.decode([reply(text, 2)], 7) == [Removed(topics[:1])]


def test_an_unsubscription_is_ended_without_an_id_by_its_topic_or_as_the_only_one(
    codec: MexcSpotCodec, topics: Three
) -> None:
    """An id of 0 fits every request."""
    codec.unsubscribe(topics[:1], 0.0)
    assert codec.decode([reply("no subscription")], 7) == [Removed(topics[:1])]
    codec.unsubscribe(topics[:1], 0.0)
    codec.unsubscribe(topics[1:2], 0.0)
    assert [type(item) for item in codec.decode([reply("no subscription")], 7)] == [Unknown]
    assert codec.decode([reply(topics[1].key)], 7) == [Removed(topics[1:2])]


def test_a_refused_unsubscription_is_unknown(codec: MexcSpotCodec, topics: Three) -> None:
    """Nothing tells whether the topic is still there."""
    codec.unsubscribe(topics[:1], 0.0)
    assert [type(item) for item in codec.decode([reply("odd", 1, 5)], 7)] == [Unknown]


def test_replies_are_told_apart_when_a_topic_goes_and_comes_back(codec: MexcSpotCodec, topics: Three) -> None:
    """Without ids the venue's order decides: it answers in the order of asking."""
    book = topics[:1]
    sent(codec, *book)
    codec.unsubscribe(book, 0.0)
    sent(codec, *book)
    assert codec.decode([reply(book[0].key)] * 3, 7) == [Confirmed(book), Removed(book), Confirmed(book)]


def test_pushes_may_come_before_the_ack(
    codec: MexcSpotCodec, topics: Three, recorded: Callable[[str], bytes]
) -> None:
    """Text and binary frames are not ordered by kind."""
    sent(codec, topics[0])
    assert [type(item) for item in codec.decode([recorded("aggreDepth*_a")], 7)] == [BookDelta]


def test_a_refused_topic_has_no_pushes(
    codec: MexcSpotCodec, topics: Three, recorded: Callable[[str], bytes]
) -> None:
    """Unless it was asked for again since."""
    refusal = f"Not Subscribed successfully! [{topics[0].key}].  {BLOCKED}"
    first = sent(codec, topics[0])
    again = sent(codec, topics[0])
    codec.decode([reply(refusal, first)], 7)
    assert [type(item) for item in codec.decode([recorded("aggreDepth*_a")], 7)] == [BookDelta]
    codec.decode([reply(refusal, again)], 7)
    assert [type(item) for item in codec.decode([recorded("aggreDepth*_a")], 7)] == [Unknown]


@pytest.mark.parametrize("text", ["Invalid listen key", "[]", "null", '{"msg":[]}', '{"channel":"x"}', "{}"])
def test_legal_texts_that_are_no_reply_are_unknown(codec: MexcSpotCodec, text: str) -> None:
    """They are counted, and restart nothing."""
    assert codec.decode([text], 7) == [Unknown(text)]


@pytest.mark.parametrize("text", ["", "Blocked!", '{"id":0', '{"x":' + "[" * 100_000])
def test_texts_that_are_no_json_are_undecodable(codec: MexcSpotCodec, text: str) -> None:
    """With the one known exception above."""
    (broken,) = codec.decode([text], 7)
    assert isinstance(broken, Undecodable)
    assert broken.payload == text
