"""Every push and control frame of the public spot side, as recorded or documented, becomes what it means."""

import json
from collections.abc import Callable
from math import inf, isnan
from pathlib import Path
from typing import Any

import pytest

from feedtree.exchanges.controls import Notice, Payload, Pong, Undecodable, Unknown
from feedtree.exchanges.gateio.spot_public import GateioSpotCodec
from feedtree.exchanges.public.codec import Decoded, WireTopic
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot, BookTicker, Kline, Ticker, Trade
from feedtree.exchanges.side import Side

Wanted = Callable[..., WireTopic]
RECEIVED = 1_754_006_460_700_000_000
MS = 1_000_000

OBU_SNAPSHOT = (
    '{"channel":"spot.obu","result":{"t":1754006400261,"full":true,"s":"ob.BTC_USDT.400","u":25847113075,'
    '"b":[["115765.1","0.337839"],["115764.2","0.005"]],"a":[["115765.2","0.631155"]]},'
    '"time_ms":1754006400264,"event":"update"}'
)
OBU_DELTA = (
    '{"channel":"spot.obu","result":{"t":1754006460600,"s":"ob.BTC_USDT.400","u":25847129996,"U":25847129970,'
    '"b":[["115576.7","0.050772"],["115717.7","0"]],"a":[["115731.3","0.687304"]]},'
    '"time_ms":1754006460601,"event":"update"}'
)


def changed(frame: str, *without: str, **result: Any) -> str:
    value = json.loads(frame)
    value["result"] |= result
    for name in without:
        value["result"].pop(name, None)
        value.pop(name, None)
    return json.dumps(value)


def one(codec: GateioSpotCodec, payload: Payload) -> Decoded:
    (decoded,) = codec.decode([payload], RECEIVED)
    return decoded


@pytest.fixture
def book(codec: GateioSpotCodec, wanted: Wanted) -> WireTopic:
    """A subscribed obu book."""
    topic = wanted("BTC/USDT", "book")
    codec.subscribe([topic], 0)
    return topic


@pytest.fixture
def update(codec: GateioSpotCodec, wanted: Wanted) -> WireTopic:
    """A subscribed order_book_update book of the recorded pair."""
    topic = wanted("SAND/USD", "book", choice=1)
    codec.subscribe([topic], 0)
    return topic


def test_an_obu_snapshot_is_a_whole_book(codec: GateioSpotCodec, book: WireTopic) -> None:
    """The first push has full:true and no U, and may come before the ack."""
    assert one(codec, OBU_SNAPSHOT) == BookSnapshot(
        book.topic,
        1_754_006_400_261 * MS,
        1_754_006_400_264 * MS,
        RECEIVED,
        25847113075,
        [(115765.1, 0.337839), (115764.2, 0.005)],
        [(115765.2, 0.631155)],
    )


def test_an_obu_change_names_its_ids(codec: GateioSpotCodec, book: WireTopic) -> None:
    """U to u, absolute sizes, zero deletes; bytes decode as text does."""
    delta = BookDelta(
        book.topic,
        1_754_006_460_600 * MS,
        1_754_006_460_601 * MS,
        RECEIVED,
        25847129970,
        25847129996,
        [(115576.7, 0.050772), (115717.7, 0.0)],
        [(115731.3, 0.687304)],
    )
    assert codec.decode([OBU_DELTA, OBU_DELTA.encode()], RECEIVED) == [delta, delta]


@pytest.mark.parametrize("side", [(), ("a",), ("b",), ("a", "b")])
def test_sides_without_change_may_be_missing(
    side: tuple[str, ...], codec: GateioSpotCodec, book: WireTopic
) -> None:
    """Absent, null or empty: no levels; without both it is an id-only push, whose ids advance."""
    absent = one(codec, changed(OBU_DELTA, *side))
    null = one(codec, changed(OBU_DELTA, **dict.fromkeys(side)))
    empty = one(codec, changed(OBU_DELTA, **{name: [] for name in side}))
    assert absent == null == empty
    assert isinstance(absent, BookDelta)
    assert (absent.bids == [], absent.asks == []) == ("b" in side, "a" in side)
    assert (absent.first, absent.last) == (25847129970, 25847129996)


def test_a_whole_book_may_come_at_any_time(codec: GateioSpotCodec, book: WireTopic) -> None:
    """full:true replaces the book, with or without U."""
    with_ids = changed(OBU_SNAPSHOT, U=25847113000)
    kinds = [type(item) for item in codec.decode([OBU_DELTA, OBU_SNAPSHOT, OBU_DELTA, with_ids], RECEIVED)]
    assert kinds == [BookDelta, BookSnapshot, BookDelta, BookSnapshot]


def test_a_change_without_first_id_does_not_decode(codec: GateioSpotCodec, book: WireTopic) -> None:
    """Neither U nor full:true: nothing can be said of its place."""
    assert isinstance(one(codec, changed(OBU_DELTA, "U")), Undecodable)


def test_times_may_be_missing(codec: GateioSpotCodec, book: WireTopic) -> None:
    """No t, no time_ms, or zeros: the time is None, the change counts."""
    for frame in (changed(OBU_DELTA, "t", "time_ms"), changed(OBU_DELTA, "time_ms", t=0)):
        delta = one(codec, frame)
        assert isinstance(delta, BookDelta)
        assert (delta.venue_ns, delta.sent_ns) == (None, None)


def test_senseless_numbers_pass_to_the_book(codec: GateioSpotCodec, book: WireTopic) -> None:
    """The book checks each level; the codec does not."""
    delta = one(codec, changed(OBU_DELTA, b=[["NaN", "-5"]], a=[["inf", "1"]]))
    assert isinstance(delta, BookDelta)
    assert isnan(delta.bids[0][0])
    assert delta.bids[0][1] == -5.0
    assert delta.asks[0][0] == inf


def test_numbers_may_be_numbers(codec: GateioSpotCodec, book: WireTopic) -> None:
    """Decimal strings are the rule; plain numbers mean the same."""
    delta = one(codec, changed(OBU_DELTA, b=[[115576.7, 1]], u="25847129996"))
    assert isinstance(delta, BookDelta)
    assert (delta.bids, delta.last) == ([(115576.7, 1.0)], 25847129996)


def test_an_order_book_update_is_a_change(
    codec: GateioSpotCodec, update: WireTopic, real_frame: Callable[[str], dict[str, Any]]
) -> None:
    """The recorded delete of one level."""
    assert one(codec, json.dumps(real_frame("order_book_update delete"))) == BookDelta(
        update.topic,
        1_790_133_869_806 * MS,
        1_790_133_869_859 * MS,
        RECEIVED,
        2448207,
        2448207,
        [],
        [(0.04446, 0.0)],
    )


def test_an_order_book_update_may_be_a_whole_book(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """The documented full:true with U and u."""
    topic = wanted("BTC/USDT", "book", choice=1)
    codec.subscribe([topic], 0)
    frame = (
        '{"time":1606294781,"time_ms":1606294781236,"channel":"spot.order_book_update","event":"update",'
        '"result":{"t":1606294781123,"full":true,"l":"100","e":"depthUpdate","E":1606294781,"s":"BTC_USDT",'
        '"U":48776301,"u":48776306,"b":[["19137.74","0.0001"]],"a":[["19137.75","0.6135"]]}}'
    )
    snapshot = one(codec, frame)
    assert isinstance(snapshot, BookSnapshot)
    assert (snapshot.topic, snapshot.sequence) == (topic.topic, 48776306)
    delta = one(codec, changed(frame, "l", full=False))
    assert isinstance(delta, BookDelta)


def test_a_trade_carries_the_takers_side(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """The documented sample; engine time to the microsecond."""
    topic = wanted("GT/USDT", "trades")
    codec.subscribe([topic], 0)
    frame = (
        '{"time":1606292218,"time_ms":1606292218231,"channel":"spot.trades","event":"update","result":'
        '{"id":309143071,"id_market":5736713,"create_time":1606292218,"create_time_ms":"1606292218213.4578",'
        '"side":"sell","currency_pair":"GT_USDT","amount":"16.4700000000","price":"0.4705000000",'
        '"range":"2390902-2390902"}}'
    )
    trade = Trade(
        topic.topic,
        1_606_292_218_213_458_000,
        1_606_292_218_231 * MS,
        RECEIVED,
        "309143071",
        Side.SELL,
        0.4705,
        16.47,
    )
    assert one(codec, frame) == trade
    whole = one(codec, changed(frame, create_time_ms="1682689046123.0"))
    assert isinstance(whole, Trade)
    assert whole.venue_ns == 1_682_689_046_123 * MS
    assert one(codec, changed(frame, side="both")) == Unknown("trade with side 'both'")
    assert isinstance(one(codec, changed(frame, create_time_ms="NaN")), Undecodable)


def test_a_book_ticker_is_the_best_of_both_sides(
    codec: GateioSpotCodec, wanted: Wanted, real_frame: Callable[[str], dict[str, Any]]
) -> None:
    """The recorded frame."""
    topic = wanted("SOL/USD", "book_ticker")
    codec.subscribe([topic], 0)
    frame = json.dumps(real_frame("book_ticker"))
    sent = 1_790_134_391_757 * MS
    engine = 1_790_134_391_753 * MS
    assert one(codec, frame) == BookTicker(
        topic.topic, engine, sent, RECEIVED, 118.91, 13.548, 118.99, 65.556, 48123156
    )
    assert one(codec, changed(frame, b="", B="")) == BookTicker(
        topic.topic, engine, sent, RECEIVED, None, None, 118.99, 65.556, 48123156
    )
    assert one(codec, changed(frame, a="", A="0", b="", B=0)) == BookTicker(
        topic.topic, engine, sent, RECEIVED, None, None, None, None, 48123156
    )


def test_a_ticker_is_a_days_statistics(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """The documented sample; change is a ratio; what an idle market lacks is None."""
    topic = wanted("BTC/USDT", "ticker")
    codec.subscribe([topic], 0)
    frame = (
        '{"time":1669107766,"time_ms":1669107766406,"channel":"spot.tickers","event":"update","result":'
        '{"currency_pair":"BTC_USDT","last":"15743.4","lowest_ask":"15744.4","highest_bid":"15743.5",'
        '"change_percentage":"-1.8254","base_volume":"9110.473081735","quote_volume":"145082083.2535",'
        '"high_24h":"16280.9","low_24h":"15468.5"}}'
    )
    ticker = one(codec, frame)
    assert ticker == Ticker(
        topic.topic,
        None,
        1_669_107_766_406 * MS,
        RECEIVED,
        15743.4,
        15743.5,
        15744.4,
        16280.9,
        15468.5,
        9110.473081735,
        145082083.2535,
        -1.8254 / 100,
    )
    idle = one(codec, changed(frame, "high_24h", lowest_ask="", change_percentage=""))
    assert isinstance(idle, Ticker)
    assert (idle.ask, idle.change, idle.high) == (None, None, None)
    assert isinstance(one(codec, changed(frame, last="")), Unknown)


def test_a_candle_says_whether_it_is_closed(codec: GateioSpotCodec, wanted: Wanted) -> None:
    """The documented sample; w and a may be missing."""
    topic = wanted("BTC/USDT", "kline:1m")
    codec.subscribe([topic, wanted("BTC/USDT", "kline:1w")], 0)
    frame = (
        '{"time":1606292600,"time_ms":1606292600376,"channel":"spot.candlesticks","event":"update","result":'
        '{"t":"1606292580","v":"2362.32035","c":"19128.1","h":"19128.2","l":"19128.0","o":"19127.9",'
        '"n":"1m_BTC_USDT","a":"3.8283","w":true}}'
    )
    start = 1_606_292_580_000_000_000
    candle = (topic.topic, None, 1_606_292_600_376 * MS, RECEIVED, "1m", start)
    prices = (19127.9, 19128.2, 19128.0, 19128.1)
    assert one(codec, frame) == Kline(*candle, *prices, 3.8283, 2362.32035, True)
    assert one(codec, changed(frame, "w", "a")) == Kline(*candle, *prices, None, 2362.32035, None)
    week = one(codec, changed(frame, n="7d_BTC_USDT"))
    assert isinstance(week, Kline)
    assert week.interval == "1w"
    assert isinstance(one(codec, changed(frame, n="1h_BTC_USDT")), Unknown)


@pytest.mark.parametrize("channel", ["trades", "book_ticker", "ticker", "kline:1m", "book"])
def test_pushes_that_nobody_asked_for_are_unknown(
    channel: str, codec: GateioSpotCodec, wanted: Wanted, data: Path
) -> None:
    """Whatever the documented samples hold, none of it is data without a subscription."""
    codec.subscribe([wanted("NOBODY/USDT", channel)], 0)
    samples = [
        json.loads(line)["json"]
        for line in (data / "doc-samples-spot-ws.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    for sample in samples:
        if sample.get("event") not in ("subscribe", "unsubscribe"):
            assert isinstance(one(codec, json.dumps(sample)), Unknown | Pong)


def test_private_and_trading_frames_are_unknown_never_errors(codec: GateioSpotCodec, data: Path) -> None:
    """Recorded frames of channels that this codec does not know."""
    for line in (data / "real-frames-2022-2026.jsonl").read_text(encoding="utf-8").splitlines():
        assert isinstance(one(codec, json.dumps(json.loads(line)["frame"])), Unknown | Pong | Notice)


@pytest.mark.parametrize(
    "frame",
    [
        '{"time":1,"time_ms":1000,"conn_id":"a","channel":"spot.pong","event":"","result":null,"requestId":"b"}',
        '{"time":1545404023,"channel":"spot.pong","event":"","error":null,"result":null}',
    ],
)
def test_pings_are_answered(frame: str, codec: GateioSpotCodec) -> None:
    """The recorded and the documented pong."""
    assert one(codec, frame) == Pong()
    assert json.loads(codec.ping(1754006460.9)) == {"time": 1754006460, "channel": "spot.ping"}


def test_a_system_notice_is_told(codec: GateioSpotCodec) -> None:
    """The upgrade notice in its recorded form, on a channel that nobody subscribed to, and odd ones."""
    text = "The connection will soon be closed for a service upgrade. Please reconnect."
    frame = {"channel": "spot.system", "event": "update", "result": {"type": "upgrade", "msg": text}}
    assert one(codec, json.dumps(frame)) == Notice("upgrade", text)
    assert one(codec, json.dumps(frame | {"result": ["x"]})) == Notice("", "['x']")
    assert one(codec, json.dumps(frame | {"result": {"type": "upgrade"}})) == Notice("upgrade", "")


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "pong",
        "[]",
        "3",
        "null",
        "{",
        b"\xff\xfe",
        "\ud800",
        '{"channel":7}',
        '{"channel":"spot.obu","event":"update"}',
        '{"channel":"spot.obu","event":"update","result":[]}',
        '{"channel":"spot.trades","result":{"id":1}}',
        '{"channel":"spot.obu","result":{"s":"ob.BTC_USDT.400","u":1e400,"U":1}}',
        "[" * 100_000,
        '{"channel":"spot.obu","error":' + "[" * 100_000,
    ],
)
def test_what_does_not_decode_is_kept_with_its_error(payload: Payload, codec: GateioSpotCodec) -> None:
    """No JSON, no object, no frame, or a push without what it must have."""
    bad = one(codec, payload)
    assert isinstance(bad, Undecodable)
    assert bad.payload == payload
    assert bad.error


@pytest.mark.parametrize(
    "payload",
    [
        "{}",
        '{"channel":null,"event":null}',
        '{"channel":"spot.trades_v2","event":"update","result":{}}',
        '{"channel":"spot.obu","event":"all","result":{}}',
        '{"channel":"spot.obu","event":"update","error":{"code":3,"message":"server error"},"result":null}',
        '{"time":1,"channel":"","event":"","error":{"code":1,"message":"request message need json scheme"}}',
        '{"channel":"spot.obu","event":"subscribe","result":{"status":"success"}}',
    ],
)
def test_legal_frames_without_meaning_here_are_unknown(payload: str, codec: GateioSpotCodec) -> None:
    """Unknown channels, events and answers restart nothing."""
    unknown = one(codec, payload)
    assert isinstance(unknown, Unknown)
    assert len(unknown.what) < 400


def test_a_bad_frame_costs_its_burst_nothing(codec: GateioSpotCodec, book: WireTopic) -> None:
    """The frames beside it are decoded, in order."""
    kinds = [type(item) for item in codec.decode([OBU_SNAPSHOT, "x", OBU_DELTA], RECEIVED)]
    assert kinds == [BookSnapshot, Undecodable, BookDelta]
