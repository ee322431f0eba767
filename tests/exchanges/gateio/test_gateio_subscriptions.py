"""What is sent, and what the venue's answers decide."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.controls import Undecodable, Unknown
from feedtree.exchanges.gateio.channels import resolve
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_public import GateioSpotCodec
from feedtree.exchanges.gateio.subscriptions import judge
from feedtree.exchanges.public.channels import Book, Topic, Trades
from feedtree.exchanges.public.codec import Confirmed, Refused, Removed, Request, Resend, WireTopic
from feedtree.exchanges.symbols import Symbol, SymbolMap

Wanted = Callable[..., WireTopic]
SUCCESS = {"status": "success"}
FAIL = {"status": "fail"}


def sent(request: Request) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(request.frame)
    return frame


def ack(request: Request, **fields: Any) -> str:
    echo = {name: value for name, value in sent(request).items() if name != "time"}
    return json.dumps({"time": 1, "time_ms": 1000, **echo, "result": SUCCESS, **fields})


def refusal(request: Request, message: str, **fields: Any) -> str:
    return ack(request, error={"code": 2, "message": message}, result=FAIL, **fields)


def push(pair: str) -> str:
    result = {"t": 1, "u": 1, "s": pair, "b": "1", "B": "1", "a": "2", "A": "1"}
    return json.dumps({"channel": "spot.book_ticker", "event": "update", "result": result})


def test_many_symbols_go_in_one_frame_where_the_channel_takes_many(
    codec: GateioSpotCodec, wanted: Wanted
) -> None:
    """Trades, tickers, book tickers and obu are batched to 50, in the order in which they were wanted."""
    trades = [wanted(f"A{i}/USDT", "trades") for i in range(120)]
    requests = codec.subscribe(trades, 5.9)
    assert [len(request.topics) for request in requests] == [50, 50, 20]
    assert [topic for request in requests for topic in request.topics] == trades
    assert sent(requests[2])["payload"] == [f"A{i}_USDT" for i in range(100, 120)]
    assert sent(requests[0])["time"] == 5


def test_channels_with_positional_payload_get_a_frame_each(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """order_book_update and candlesticks name one pair a frame."""
    topics = [wanted(pair, "book", choice=1) for pair in ("BTC/USDT", "ETH/USDT")]
    topics.append(wanted("BTC/USDT", "kline:5m"))
    assert [sent(request)["payload"] for request in codec.subscribe(topics, 0)] == [
        ["BTC_USDT", "100ms"],
        ["ETH_USDT", "100ms"],
        ["5m", "BTC_USDT"],
    ]


def test_mixed_channels_share_no_frame(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """A frame is of one channel; obu names streams."""
    topics = [wanted("BTC/USDT", "book"), wanted("BTC/USDT", "trades"), wanted("ETH/USDT", "book")]
    frames = [sent(request) for request in codec.subscribe(topics, 0)]
    assert [(frame["channel"], frame["payload"]) for frame in frames] == [
        ("spot.obu", ["ob.BTC_USDT.400", "ob.ETH_USDT.400"]),
        ("spot.trades", ["BTC_USDT"]),
    ]
    assert len({frame["id"] for frame in frames}) == 2


def test_a_topic_is_ended_as_it_was_begun(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """Unsubscribe takes the payload of subscribe."""
    (request,) = codec.unsubscribe([wanted("BTC/USDT", "kline:1h")], 0)
    assert sent(request)["event"] == "unsubscribe"
    assert sent(request)["payload"] == ["1h", "BTC_USDT"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"error": None},
        {"id": None, "error": None},
        {"conn_id": "d9db9373dc5e081e", "trace_id": "ee", "requestId": "ee"},
        {"time_ms": 0},
    ],
)
def test_acks_confirm_in_every_shape(fields: dict[str, Any], codec: GateioSpotCodec, wanted: Wanted) -> None:
    """No error key, error null, id null, with and without ids of the connection."""
    topic = wanted("BTC/USDT", "trades")
    (request,) = codec.subscribe([topic], 0)
    assert codec.decode([ack(request, **fields)], 0) == [Confirmed((topic,))]


def test_minimal_acks_confirm_in_order(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """The acks of 2021 name only the channel: the oldest open request of it is meant."""
    topics = [wanted(pair, "book", choice=1) for pair in ("BTC/USDT", "ETH/USDT")]
    codec.subscribe([*topics, wanted("BTC/USDT", "trades")], 0)
    minimal = (
        '{"time":1,"channel":"spot.order_book_update","event":"subscribe","result":{"status":"success"}}'
    )
    found = codec.decode([minimal, minimal], 0)
    assert found == [Confirmed((topics[0],)), Confirmed((topics[1],))]
    assert isinstance(codec.decode([minimal], 0)[0], Unknown)


def test_acks_without_id_are_matched_by_payload(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """Answers may come in any order."""
    topics = [wanted(pair, "book", choice=1) for pair in ("BTC/USDT", "ETH/USDT")]
    first, second = codec.subscribe(topics, 0)
    found = codec.decode([ack(second, id=None), ack(first, id=None)], 0)
    assert found == [Confirmed((topics[1],)), Confirmed((topics[0],))]


def test_acks_with_a_textual_id_are_matched(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """A proxy that turns numbers into strings costs nothing."""
    topic = wanted("BTC/USDT", "trades")
    (request,) = codec.subscribe([topic], 0)
    assert codec.decode([ack(request, id=str(sent(request)["id"]), payload=None)], 0) == [Confirmed((topic,))]


def test_answers_to_no_request_are_unknown(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """A second ack, or somebody else's id and payload, decides nothing."""
    (request,) = codec.subscribe([wanted("BTC/USDT", "trades")], 0)
    foreign = codec.decode([ack(request, id=77, payload=["X_Y"])], 0)
    assert isinstance(foreign[0], Unknown)
    first, second = codec.decode([ack(request), ack(request)], 0)
    assert isinstance(first, Confirmed)
    assert isinstance(second, Unknown)


def test_a_refused_topic_is_refused_in_the_venues_words(
    codec: GateioSpotCodec, wanted: Wanted, real_frame: Callable[[str], dict[str, Any]]
) -> None:
    """The recorded refusal of an unknown pair, without an id."""
    topic = wanted("NOPE/USD", "book", choice=1)
    codec.subscribe([topic], 0)
    (refused,) = codec.decode([json.dumps(real_frame("unknown pair error"))], 0)
    assert refused == Refused((topic,), "unknown currency pair: NOPE_USD (code 2)")


@pytest.mark.parametrize(
    "fields",
    [
        {"error": {"code": 2, "message": "no"}, "result": None},
        {"error": {"code": 3}, "result": FAIL},
        {"error": "no", "result": FAIL},
        {"error": None, "result": FAIL},
    ],
)
def test_refusals_are_recognised_in_every_shape(
    fields: dict[str, Any], codec: GateioSpotCodec, wanted: Wanted
) -> None:
    """With a result of null or fail, with and without message."""
    topic = wanted("BTC/USDT", "trades")
    (request,) = codec.subscribe([topic], 0)
    (refused,) = codec.decode([ack(request, **fields)], 0)
    assert isinstance(refused, Refused)
    assert refused.topics == (topic,)
    assert refused.reason


def test_the_named_offender_is_refused_and_the_rest_sent_again(
    codec: GateioSpotCodec, wanted: Wanted
) -> None:
    """A frame with one unknown pair fails as a whole; a pair that contains its name is no offender."""
    good, bad, longer = (wanted(pair, "trades") for pair in ("BTC/USDT", "NO/USDT", "ANO/USDT"))
    (request,) = codec.subscribe([good, bad, longer], 0)
    refused, resend = codec.decode([refusal(request, "unknown currency pair: NO_USDT")], 0)
    assert refused == Refused((bad,), "unknown currency pair: NO_USDT (code 2)")
    assert resend == Resend(((good, longer),))


def test_a_frame_refused_without_a_name_is_halved(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """Halving finds any offender in a few rounds."""
    topics = tuple(wanted(f"A{i}/USDT", "ticker") for i in range(5))
    (request,) = codec.subscribe(topics, 0)
    assert codec.decode([refusal(request, "invalid argument")], 0) == [Resend((topics[:2], topics[2:]))]


def test_a_frame_whose_every_topic_is_named_is_halved(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """An error that echoes the payload blames nobody."""
    topics = (wanted("BTC/USDT", "trades"), wanted("ETH/USDT", "trades"))
    (request,) = codec.subscribe(topics, 0)
    found = codec.decode([refusal(request, "bad payload [BTC_USDT ETH_USDT]")], 0)
    assert found == [Resend((topics[:1], topics[1:]))]


def test_an_unknown_channel_refuses_the_whole_frame_at_once(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """Where the venue has no spot.obu, halving would only cost frames."""
    topics = (wanted("BTC/USDT", "book"), wanted("ETH/USDT", "book"))
    (request,) = codec.subscribe(topics, 0)
    (refused,) = codec.decode([refusal(request, "Unknown channel spot.obu")], 0)
    assert isinstance(refused, Refused)
    assert refused.topics == topics


def test_a_duplicate_subscription_counts_as_confirmed(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """``Alert sub`` says that the stream is subscribed already; the frame's rest is asked for again."""
    first, second = (wanted(pair, "book") for pair in ("BTC/USDT", "ETH/USDT"))
    (single,) = codec.subscribe([first], 0)
    assert codec.decode([refusal(single, "Alert sub ob.BTC_USDT.400")], 0) == [Confirmed((first,))]
    (both,) = codec.subscribe([first, second], 0)
    found = codec.decode([refusal(both, "Alert sub ob.BTC_USDT.400")], 0)
    assert found == [Confirmed((first,)), Resend(((second,),))]


def test_an_ended_topic_is_removed_whatever_the_venue_thinks(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """A refusal to end says that there is nothing to end."""
    topic = wanted("BTC/USDT", "trades")
    (good,) = codec.unsubscribe([topic], 0)
    (bad,) = codec.unsubscribe([topic], 0)
    found = codec.decode([ack(good), refusal(bad, "not subscribed")], 0)
    assert found == [Removed((topic,)), Removed((topic,))]


def test_pushes_are_routed_from_the_request_until_the_end(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """Data may come before the ack; late data of an ended or refused topic is unknown, not an error."""
    topic = wanted("BTC/USDT", "book_ticker")
    assert isinstance(codec.decode([push("BTC_USDT")], 0)[0], Unknown)
    (request,) = codec.subscribe([topic], 0)
    assert not isinstance(codec.decode([push("BTC_USDT"), ack(request)], 0)[0], Unknown)
    codec.unsubscribe([topic], 0)
    assert isinstance(codec.decode([push("BTC_USDT")], 0)[0], Unknown)
    (request,) = codec.subscribe([topic], 0)
    codec.decode([refusal(request, "no")], 0)
    assert isinstance(codec.decode([push("BTC_USDT")], 0)[0], Unknown)


def test_a_late_refusal_does_not_end_a_newer_subscription(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """Subscribed, ended, subscribed again: the first one's refusal leaves the second its pushes."""
    topic = wanted("BTC/USDT", "book_ticker")
    (first,) = codec.subscribe([topic], 0)
    codec.unsubscribe([topic], 0)
    codec.subscribe([topic], 0)
    codec.decode([refusal(first, "no")], 0)
    assert not isinstance(codec.decode([push("BTC_USDT")], 0)[0], Unknown)


def test_unanswered_requests_are_not_kept_for_ever(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """The oldest of more than four thousand is forgotten."""
    topic = wanted("BTC/USDT", "trades")
    requests = [codec.subscribe([topic], 0)[0] for _ in range(4097)]
    oldest, newest = codec.decode([ack(requests[0], payload=None), ack(requests[-1])], 0)
    assert isinstance(oldest, Unknown)
    assert isinstance(newest, Confirmed)


def test_an_answer_with_a_senseless_id_is_read_by_its_payload(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """Nothing in an answer but channel and event is required."""
    topic = wanted("BTC/USDT", "trades")
    (request,) = codec.subscribe([topic], 0)
    (found,) = codec.decode([ack(request, id={"a": [1]})], 0)
    assert not isinstance(found, Undecodable)
    assert found == Confirmed((topic,))


@given(st.sets(st.integers(0, 60)), st.integers(1, 60), st.booleans())
def test_every_topic_ends_confirmed_or_refused(offenders: set[int], size: int, named: bool) -> None:
    """Against a venue that refuses any frame with an offender, named or not, exactly the good are confirmed."""
    symbols = SymbolMap(spell)
    topics = tuple(
        resolve(Topic("gateio.spot", Symbol(f"A{i}", "USDT"), Trades()), symbols)[0] for i in range(size)
    )
    bad = {topics[i] for i in offenders if i < size}
    confirmed: set[WireTopic] = set()
    refused: set[WireTopic] = set()
    frames, rounds = [topics], 0
    while frames:
        frame = frames.pop()
        rounds += 1
        offender = next((topic for topic in frame if topic in bad), None)
        if offender is None:
            confirmed |= set(frame)
            continue
        for control in judge(frame, f"unknown pair: {offender.params[0]}" if named else "invalid argument"):
            match control:
                case Refused(topics=out):
                    refused |= set(out)
                case Resend(groups=groups):
                    frames += groups
    assert (confirmed, refused) == (set(topics) - bad, bad)
    assert rounds <= 2 * size


def test_an_offender_is_found_by_its_pair_too(symbols: SymbolMap) -> None:
    """An error about an obu frame may name the pair instead of the stream."""
    topics = tuple(
        resolve(Topic("gateio.spot", Symbol(base, "USDT"), Book()), symbols)[0] for base in ("BTC", "ETH")
    )
    refused, resend = judge(topics, "unknown currency pair: ETH_USDT")
    assert refused == Refused(topics[1:], "unknown currency pair: ETH_USDT")
    assert resend == Resend((topics[:1],))
