"""From a decoded push to a message: one builder per channel, bound to that channel's topics.

A builder returns `Unknown` for a push that nobody subscribed to and for values that it does not know.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from feedtree.exchanges.controls import Unknown
from feedtree.exchanges.gateio.channels import (
    BOOK_TICKER,
    CANDLESTICKS,
    OBU,
    ORDER_BOOK_UPDATE,
    TICKERS,
    TRADES,
)
from feedtree.exchanges.gateio.messages import (
    BookTickerFrame,
    BookUpdateFrame,
    CandleFrame,
    ObuFrame,
    TickerFrame,
    TradeFrame,
)
from feedtree.exchanges.public.channels import Kline as KlineChannel
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.codec import Decoded
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot, BookTicker, Kline, Ticker, Trade
from feedtree.exchanges.side import Side

Topics: TypeAlias = dict[str, Topic]  # what a channel's pushes name -> topic
Builder: TypeAlias = Callable[[Any, int], Decoded]  # of (frame, received_ns)

_SIDES = {"buy": Side.BUY, "sell": Side.SELL}


def builders(topics: Mapping[str, Topics]) -> dict[type[Any], Builder]:
    """Return the builder of each kind of frame.

    Args:
        topics: per channel; looked at when a push comes, so what is added later counts.
    """
    return {
        ObuFrame: _book(topics[OBU]),
        BookUpdateFrame: _book(topics[ORDER_BOOK_UPDATE]),
        TradeFrame: _trade(topics[TRADES]),
        BookTickerFrame: _book_ticker(topics[BOOK_TICKER]),
        TickerFrame: _ticker(topics[TICKERS]),
        CandleFrame: _candle(topics[CANDLESTICKS]),
    }


def _unrouted(name: str) -> Unknown:
    return Unknown(f"push of {name[:80]!r}, which is not subscribed")


def _book(topics: Topics) -> Builder:
    def build(frame: ObuFrame | BookUpdateFrame, received_ns: int) -> Decoded:
        book = frame.result
        topic = topics.get(book.s)
        if topic is None:
            return _unrouted(book.s)
        venue_ns = book.t * 1_000_000 or None
        sent_ns = frame.time_ms * 1_000_000 or None
        if book.full:
            return BookSnapshot(topic, venue_ns, sent_ns, received_ns, book.u, book.b, book.a)
        if not book.U:
            raise ValueError("a book push with neither U nor full:true")
        return BookDelta(topic, venue_ns, sent_ns, received_ns, book.U, book.u, book.b, book.a)

    return build


def _trade(topics: Topics) -> Builder:
    def build(frame: TradeFrame, received_ns: int) -> Decoded:
        trade = frame.result
        topic = topics.get(trade.currency_pair)
        if topic is None:
            return _unrouted(trade.currency_pair)
        side = _SIDES.get(trade.side)
        if side is None:
            return Unknown(f"trade with side {trade.side[:80]!r}")
        return Trade(
            topic,
            int(trade.create_time_ms * 1000.0 + 0.5) * 1000 or None,  # a float keeps microseconds exactly
            frame.time_ms * 1_000_000 or None,
            received_ns,
            str(trade.id),
            side,
            trade.price,
            trade.amount,
        )

    return build


def _book_ticker(topics: Topics) -> Builder:
    def build(frame: BookTickerFrame, received_ns: int) -> Decoded:
        best = frame.result
        topic = topics.get(best.s)
        if topic is None:
            return _unrouted(best.s)
        bid, ask = best.b, best.a
        return BookTicker(
            topic,
            best.t * 1_000_000 or None,
            frame.time_ms * 1_000_000 or None,
            received_ns,
            bid,
            None if bid is None else best.B,
            ask,
            None if ask is None else best.A,
            best.u,
        )

    return build


def _ticker(topics: Topics) -> Builder:
    def build(frame: TickerFrame, received_ns: int) -> Decoded:
        day = frame.result
        topic = topics.get(day.currency_pair)
        if topic is None:
            return _unrouted(day.currency_pair)
        if day.last is None:
            return Unknown(f"ticker of {day.currency_pair[:80]!r} without a last price")
        return Ticker(
            topic,
            None,
            frame.time_ms * 1_000_000 or None,
            received_ns,
            day.last,
            day.highest_bid,
            day.lowest_ask,
            day.high_24h,
            day.low_24h,
            day.base_volume,
            day.quote_volume,
            None if day.change_percentage is None else day.change_percentage / 100.0,
        )

    return build


def _candle(topics: Topics) -> Builder:
    def build(frame: CandleFrame, received_ns: int) -> Decoded:
        candle = frame.result
        topic = topics.get(candle.n)
        if topic is None or not isinstance(topic.channel, KlineChannel):
            return _unrouted(candle.n)
        return Kline(
            topic,
            None,
            frame.time_ms * 1_000_000 or None,
            received_ns,
            topic.channel.interval,
            candle.t * 1_000_000_000,
            candle.o,
            candle.h,
            candle.l,
            candle.c,
            candle.a,
            candle.v,
            candle.w,
        )

    return build
