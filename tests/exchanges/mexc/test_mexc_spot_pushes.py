"""MEXC's binary pushes become typed messages."""

from collections.abc import Callable

import pytest

from feedtree.exchanges.controls import Undecodable, Unknown
from feedtree.exchanges.mexc.proto import reading_pb2
from feedtree.exchanges.mexc.spot_public import MexcSpotCodec
from feedtree.exchanges.public import channels
from feedtree.exchanges.public.channels import Channel
from feedtree.exchanges.public.codec import Decoded, WireTopic
from feedtree.exchanges.public.messages import (
    BookDelta,
    BookSnapshot,
    BookTicker,
    Kline,
    Ticker,
    Trade,
)
from feedtree.exchanges.side import Side

Resolve = Callable[..., WireTopic]
Recorded = Callable[[str], bytes]
Push = Callable[..., bytes]


class Venue:
    """A codec that has subscribed to one topic, and what it makes of one push."""

    def __init__(self, codec: MexcSpotCodec, topic: WireTopic) -> None:
        self.codec = codec
        self.wire = topic
        self.topic = topic.topic
        codec.subscribe([topic], 0.0)

    def read(self, payload: bytes) -> Decoded:
        (message,) = self.codec.decode([payload], 7)
        return message


@pytest.fixture
def on(codec: MexcSpotCodec, wire: Resolve) -> Callable[[Channel], Venue]:
    return lambda channel: Venue(codec, wire(channel))


On = Callable[[Channel], Venue]


def test_a_recorded_delta_is_read_to_the_last_level(on: On, recorded: Recorded) -> None:
    """Absolute sizes as floats, versions inclusive, the gateway's time; the engine's is not known."""
    venue = on(channels.Book())
    delta = venue.read(recorded("aggreDepth_100ms_BTCUSDT_2026-08-29_a"))
    assert delta == BookDelta(
        topic=venue.topic,
        venue_ns=None,
        sent_ns=1787961599952_000_000,
        received_ns=7,
        first=80111665779,
        last=80111665794,
        bids=[
            (77825.41, 0.0),
            (77824.37, 0.0),
            (77822.62, 6.12162813),
            (77475.31, 0.0),
            (77462.05, 26.03922242),
            (77054.92, 0.00014165),
        ],
        asks=[
            (77855.52, 0.0),
            (77855.6, 6.77949504),
            (78170.26, 0.0),
            (78244.8, 25.36434234),
            (78552.43, 0.0),
            (78592.51, 26.83522288),
            (78913.22, 0.0),
            (79025.51, 25.86804115),
        ],
    )


def test_consecutive_recorded_deltas_join(on: On, recorded: Recorded) -> None:
    """Each push begins one after the last of the one before."""
    venue = on(channels.Book())
    first, second = venue.codec.decode([recorded("aggreDepth*_a"), recorded("aggreDepth*_b")], 7)
    assert isinstance(first, BookDelta)
    assert isinstance(second, BookDelta)
    assert second.first == first.last + 1
    assert (len(second.bids), len(second.asks)) == (18, 21)


def test_a_delta_without_levels_still_covers_its_versions(on: On, push: Push) -> None:
    """Both sides may be absent."""
    venue = on(channels.Book())
    delta = venue.read(push(venue.wire.key, publicAggreDepths={"fromVersion": "5", "toVersion": "6"}))
    assert delta == BookDelta(venue.topic, None, None, 7, 5, 6, [], [])


def test_a_recorded_book_ticker_is_read(on: On, recorded: Recorded) -> None:
    """Best bid and ask with the book's version."""
    venue = on(channels.BookTicker("10ms"))
    assert venue.read(recorded("bookTicker")) == BookTicker(
        venue.topic, None, 1790145447239_000_000, 7, 86503.92, 14.91335308, 86503.93, 0.004965, 81999275445
    )


@pytest.mark.parametrize("price", ["", "0"])
def test_a_side_without_orders_is_none(on: On, push: Push, price: str) -> None:
    """proto3 leaves an empty field out; a price of zero says the same."""
    venue = on(channels.BookTicker())
    body = {"bidPrice": price, "bidQuantity": "0", "askPrice": "3", "askQuantity": "4"}
    ticker = venue.read(push(venue.wire.key, publicAggreBookTicker=body))
    assert ticker == BookTicker(venue.topic, None, None, 7, None, None, 3.0, 4.0, None)


def test_a_book_ticker_of_an_empty_book_is_legal(on: On, push: Push) -> None:
    """An empty body is present all the same."""
    venue = on(channels.BookTicker())
    ticker = venue.read(push(venue.wire.key, publicAggreBookTicker={}))
    assert ticker == BookTicker(venue.topic, None, None, 7, None, None, None, None, None)


def test_recorded_trades_come_one_by_one_in_order(on: On, recorded: Recorded) -> None:
    """The side is the taker's, the time the engine's, the id the venue's."""
    venue = on(channels.Trades())
    sent = 1785141192390_000_000
    assert venue.codec.decode([recorded("deals")], 7) == [
        Trade(
            venue.topic,
            1785141192354_000_000,
            sent,
            7,
            "710342948650209280X0_710342948650209281X0",
            Side.SELL,
            65219.38,
            0.14191302,
        ),
        Trade(
            venue.topic,
            1785141192357_000_000,
            sent,
            7,
            "710342948662792192X0_710342948662792193X0",
            Side.BUY,
            65219.38,
            0.14340664,
        ),
    ]


def test_trades_without_an_id_get_one_that_every_connection_agrees_on(on: On, push: Push) -> None:
    """Equal trades of one push stay apart, and another window around them changes nothing."""
    venue = on(channels.Trades())
    deal = {"price": "1.50", "quantity": "2", "tradeType": 1, "time": 9}
    other = {"price": "1.4", "quantity": "2", "tradeType": 2, "time": 8, "tradeId": "x"}
    alone = venue.codec.decode([push(venue.wire.key, publicAggreDeals={"deals": [deal, deal]})], 7)
    among = venue.codec.decode([push(venue.wire.key, publicAggreDeals={"deals": [other, deal, deal]})], 7)
    ids = [trade.id for trade in alone if isinstance(trade, Trade)]
    assert ids == ["~9-1.5-2.0-1-0", "~9-1.5-2.0-1-1"]
    assert [trade.id for trade in among if isinstance(trade, Trade)] == ["x", *ids]


def test_a_trade_of_unknown_side_does_not_take_the_others_along(on: On, push: Push) -> None:
    """An unknown enum value is counted and restarts nothing."""
    venue = on(channels.Trades())
    deals = [{"price": "1", "quantity": "2", "tradeType": kind, "tradeId": str(kind)} for kind in (1, 3, 2)]
    first, odd, last = venue.codec.decode([push(venue.wire.key, publicAggreDeals={"deals": deals})], 7)
    assert odd == Unknown("tradeType 3")
    assert [trade.id for trade in (first, last) if isinstance(trade, Trade)] == ["1", "2"]


def test_a_limited_book_is_a_whole_snapshot(on: On, push: Push) -> None:
    """Every push is the book itself; padded decimals are the same numbers."""
    venue = on(channels.Book(depth=5))
    body = {
        "asks": [{"price": "84270.00", "quantity": "0.00638700"}],
        "bids": [{"price": "84269.99", "quantity": "1.00000000"}],
        "version": "36913293511",
    }
    snapshot = venue.read(push(venue.wire.key, sendTime=3, publicLimitDepths=body))
    assert snapshot == BookSnapshot(
        venue.topic, None, 3_000_000, 7, 36913293511, [(84269.99, 1.0)], [(84270.0, 0.006387)]
    )


def test_a_ticker_is_of_a_rolling_day_with_its_volumes_the_right_way_round(on: On, push: Push) -> None:
    """The wire's volume is turnover in the quote asset, its quantity the base volume."""
    venue = on(channels.Ticker())
    body = {
        "symbol": "MXUSDT",
        "price": "2.5174",
        "rate": "0.0767",
        "zonedRate": "0.0766",
        "high": "2.6299",
        "low": "2.302",
        "volume": "11336518.0264",
        "quantity": "4638390.17",
    }
    ticker = venue.read(push(venue.wire.key, sendTime=1755076752201, publicMiniTicker=body))
    assert ticker == Ticker(
        venue.topic,
        None,
        1755076752201_000_000,
        7,
        last=2.5174,
        bid=None,
        ask=None,
        high=2.6299,
        low=2.302,
        base_volume=4638390.17,
        quote_volume=11336518.0264,
        change=0.0766,
    )


def test_a_kline_has_its_close_second_and_its_window_in_seconds(on: On, push: Push) -> None:
    """The order on the wire is open, close, high, low."""
    venue = on(channels.Kline("1m"))
    body = {
        "interval": "Min1",
        "windowStart": 1754737920,
        "openingPrice": "117317.31",
        "closingPrice": "117325.26",
        "highestPrice": "117341",
        "lowestPrice": "117317.3",
        "volume": "3.12599854",
        "amount": "366804.43",
        "windowEnd": 1754737980,
    }
    kline = venue.read(push(venue.wire.key, createTime=1754737941062, publicSpotKline=body))
    assert kline == Kline(
        venue.topic,
        1754737941062_000_000,
        None,
        7,
        interval="1m",
        open_ns=1754737920_000_000_000,
        open=117317.31,
        high=117341.0,
        low=117317.3,
        close=117325.26,
        base_volume=3.12599854,
        quote_volume=366804.43,
        closed=None,
    )


def test_a_push_of_an_unsubscribed_topic_is_unknown(on: On, recorded: Recorded) -> None:
    """The venue may have sent it before it read the unsubscription."""
    venue = on(channels.Book())
    venue.codec.unsubscribe([venue.wire], 0.0)
    late = venue.read(recorded("aggreDepth*_a"))
    assert late == Unknown(f"a push on '{venue.wire.key}'")


@pytest.mark.parametrize("channel", [channels.Book(), channels.Trades(), channels.BookTicker()])
def test_a_known_topic_with_another_body_is_unknown(on: On, push: Push, channel: Channel) -> None:
    """A new kind of body is legal, and no fault of the stream."""
    venue = on(channel)
    assert isinstance(venue.read(push(venue.wire.key)), Unknown)
    assert isinstance(venue.read(push(venue.wire.key, publicMiniTickers={})), Unknown)


def test_an_empty_window_of_trades_is_unknown(on: On, push: Push) -> None:
    """It says nothing, and breaks nothing."""
    venue = on(channels.Trades())
    assert isinstance(venue.read(push(venue.wire.key, publicAggreDeals={})), Unknown)


@pytest.mark.parametrize(
    ("channel", "body"),
    [
        (channels.Book(), {"publicAggreDepths": {"fromVersion": "1"}}),
        (channels.Book(), {"publicAggreDepths": {"fromVersion": "1", "toVersion": "x"}}),
        (
            channels.Book(),
            {"publicAggreDepths": {"fromVersion": "1", "toVersion": "2", "asks": [{"price": "1"}]}},
        ),
        (
            channels.Book(),
            {
                "publicAggreDepths": {
                    "fromVersion": "1",
                    "toVersion": "2",
                    "bids": [{"price": "1"}, {"quantity": "2"}],
                }
            },
        ),
        (channels.Book(depth=5), {"publicLimitDepths": {}}),
        (channels.Trades(), {"publicAggreDeals": {"deals": [{"price": "NaN", "quantity": "1"}]}}),
        (channels.Trades(), {"publicAggreDeals": {"deals": [{"price": "1", "quantity": "-1"}]}}),
        (channels.BookTicker(), {"publicAggreBookTicker": {"bidPrice": "inf"}}),
        (channels.Ticker(), {"publicMiniTicker": {}}),
        (channels.Kline(), {"publicSpotKline": {"openingPrice": "1"}}),
    ],
)
def test_a_body_without_its_numbers_is_undecodable(
    on: On, push: Push, channel: Channel, body: dict[str, object]
) -> None:
    """The bytes go along, so that the frame can be looked at."""
    venue = on(channel)
    payload = push(venue.wire.key, **body)
    broken = venue.read(payload)
    assert isinstance(broken, Undecodable)
    assert broken.payload == payload
    assert venue.wire.key in broken.error


def test_a_level_that_is_no_message_is_undecodable(on: On) -> None:
    """The bytes of a level are looked at last, and broken ones are refused all the same."""
    venue = on(channels.Book())
    body = reading_pb2.AggreDepths(fromVersion="1", toVersion="2", bids=[b"\n\x021"], asks=[b"2\x12\x013"])
    payload = reading_pb2.Push(channel=venue.wire.key, publicAggreDepths=body).SerializeToString()
    broken = venue.read(payload)
    assert isinstance(broken, Undecodable)
    assert broken.payload == payload


def test_one_broken_frame_costs_its_neighbours_nothing(on: On, recorded: Recorded) -> None:
    """A burst is translated to its end, in order."""
    venue = on(channels.Book())
    burst = [recorded("aggreDepth*_a"), b"\xff\xff", recorded("aggreDepth*_b")]
    assert [type(item) for item in venue.codec.decode(burst, 7)] == [BookDelta, Undecodable, BookDelta]
