"""From MEXC's binary pushes to typed messages: one pure function for each channel.

A book is read by column and not by level (see ``reading.proto``), and its decimal strings become numbers in one
`msgspec.convert`. With an object of protobuf's for each level, 39 levels take a sixth longer and 14 the same; with
``float()`` for each string it takes nearly twice as long.

The engine's time of books and book tickers stays None: ``lastOrderCreateTime`` was seen to go back by seconds.
"""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct, convert

from feedtree.exchanges.controls import Unknown
from feedtree.exchanges.mexc import channels as wire
from feedtree.exchanges.mexc.proto.reading_pb2 import Columns, Push
from feedtree.exchanges.public.channels import Kline as KlineChannel
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.codec import MADE_UP, Decoded
from feedtree.exchanges.public.messages import (
    BookDelta,
    BookSnapshot,
    BookTicker,
    Kline,
    Levels,
    Ticker,
    Trade,
)
from feedtree.exchanges.side import Side

Translate: TypeAlias = Callable[[Topic, Push, int], Sequence[Decoded]]

Price: TypeAlias = Annotated[float, Meta(gt=0, le=sys.float_info.max)]
Amount: TypeAlias = Annotated[float, Meta(ge=0, le=sys.float_info.max)]
Stamp: TypeAlias = Annotated[int, Meta(gt=0)]

_MS = 1_000_000
_S = 1_000_000_000
_SIDES = {1: Side.BUY, 2: Side.SELL}
_deal = attrgetter("price", "quantity", "tradeType", "time", "tradeId")

_Deal: TypeAlias = tuple[Price, Amount, int, int, str]  # in the order of _deal


class _Changes(Struct, array_like=True, gc=False):
    first: int
    last: int
    prices: list[float]  # the book checks each level when it is applied
    sizes: list[float]


class _Whole(Struct, array_like=True, gc=False):
    sequence: int
    prices: list[float]
    sizes: list[float]


class _Deals(Struct, array_like=True, gc=False):
    deals: list[_Deal]


class _Quote(Struct, array_like=True, gc=False):
    bid: Amount | None
    bid_size: Amount | None
    ask: Amount | None
    ask_size: Amount | None
    sequence: int | None


class _Day(Struct, array_like=True, gc=False):
    last: Price
    high: Price | None
    low: Price | None
    base_volume: Amount | None
    quote_volume: Amount | None
    change: float | None


class _Candle(Struct, array_like=True, gc=False):
    start: Stamp
    open: Price
    close: Price
    high: Price
    low: Price
    base_volume: Amount | None
    quote_volume: Amount | None


def aggre_depth(topic: Topic, push: Push, received_ns: int) -> Sequence[Decoded]:
    """Translate the changes of a book; both sides may be absent."""
    body = push.publicAggreDepths
    bids, asks = body.bids[:], body.asks[:]
    columns = Columns.FromString(b"".join(bids + asks))
    read = convert(
        (body.fromVersion, body.toVersion, columns.price[:], columns.quantity[:]), _Changes, strict=False
    )
    levels = _levels(read.prices, read.sizes, len(bids) + len(asks))
    best_ask = len(bids)
    sent_ns = push.sendTime * _MS or None
    return (
        BookDelta(
            topic, None, sent_ns, received_ns, read.first, read.last, levels[:best_ask], levels[best_ask:]
        ),
    )


def limit_depth(topic: Topic, push: Push, received_ns: int) -> Sequence[Decoded]:
    """Translate a whole book of 5, 10 or 20 levels."""
    body = push.publicLimitDepths
    bids, asks = body.bids[:], body.asks[:]
    columns = Columns.FromString(b"".join(bids + asks))
    read = convert((body.version, columns.price[:], columns.quantity[:]), _Whole, strict=False)
    levels = _levels(read.prices, read.sizes, len(bids) + len(asks))
    best_ask = len(bids)
    sent_ns = push.sendTime * _MS or None
    return (
        BookSnapshot(topic, None, sent_ns, received_ns, read.sequence, levels[:best_ask], levels[best_ask:]),
    )


def _levels(prices: list[float], sizes: list[float], count: int) -> Levels:
    """Join columns to levels.

    proto3 leaves out what is empty: a level that lacks its price or quantity shows in the counts. (One that has a
    field twice could make up for it, but no writer of protobuf repeats a field that is not declared so.)

    Raises:
        ValueError: some level lacks its price or quantity, so that nobody knows what belongs together.
    """
    if not len(prices) == len(sizes) == count:
        raise ValueError(f"{len(prices)} prices and {len(sizes)} quantities of {count} levels")
    return list(zip(prices, sizes, strict=True))


def aggre_deals(topic: Topic, push: Push, received_ns: int) -> Sequence[Decoded]:
    """Translate the trades of one window, in order; one with an unknown ``tradeType`` is `Unknown`."""
    body = push.publicAggreDeals
    deals = convert((list(map(_deal, body.deals[:])),), _Deals, strict=False).deals
    sent_ns = push.sendTime * _MS or None
    return [
        Trade(topic, time * _MS or None, sent_ns, received_ns, trade_id, side, price, size)
        if (side := _SIDES.get(kind))
        else Unknown(f"tradeType {kind}")
        for (price, size, kind, time, _), trade_id in zip(deals, _trade_ids(deals), strict=True)
    ]


def _trade_ids(deals: list[_Deal]) -> list[str]:
    """Return the venue's ids; before June 2026 it sent none, and what is equal on every connection stands in.

    That is time, price, quantity, side, and the number of the trade among the equal ones of its push.
    """
    ids = [deal[4] for deal in deals]
    if all(ids):
        return ids
    seen: Counter[tuple[float, float, int, int]] = Counter()
    for index, (price, size, kind, time, trade_id) in enumerate(deals):
        if not trade_id:
            equal = (price, size, kind, time)
            ids[index] = f"{MADE_UP}{time}-{price!r}-{size!r}-{kind}-{seen[equal]}"
            seen[equal] += 1
    return ids


def aggre_book_ticker(topic: Topic, push: Push, received_ns: int) -> Sequence[Decoded]:
    """Translate best bid and ask; a side that is absent, empty or priced 0 has no orders."""
    body = push.publicAggreBookTicker
    read = convert(
        (
            body.bidPrice or None,
            body.bidQuantity or None,
            body.askPrice or None,
            body.askQuantity or None,
            body.version or None,
        ),
        _Quote,
        strict=False,
    )
    bid, ask = read.bid or None, read.ask or None
    if bid is None and ask is None and not push.HasField("publicAggreBookTicker"):
        return ()
    bid_size = None if bid is None else read.bid_size
    ask_size = None if ask is None else read.ask_size
    sent_ns = push.sendTime * _MS or None
    return (BookTicker(topic, None, sent_ns, received_ns, bid, bid_size, ask, ask_size, read.sequence),)


def mini_ticker(topic: Topic, push: Push, received_ns: int) -> Sequence[Decoded]:
    """Translate 24 h statistics: the wire's ``volume`` is the quote turnover, its ``quantity`` the base volume."""
    body = push.publicMiniTicker
    read = convert(
        (
            body.price,
            body.high or None,
            body.low or None,
            body.quantity or None,
            body.volume or None,
            body.zonedRate or None,
        ),
        _Day,
        strict=False,
    )
    return (
        Ticker(
            topic,
            push.createTime * _MS or None,
            push.sendTime * _MS or None,
            received_ns,
            last=read.last,
            bid=None,
            ask=None,
            high=read.high,
            low=read.low,
            base_volume=read.base_volume,
            quote_volume=read.quote_volume,
            change=read.change,
        ),
    )


def kline(topic: Topic, push: Push, received_ns: int) -> Sequence[Decoded]:
    """Translate a candle; the venue does not say whether it is closed."""
    body = push.publicSpotKline
    read = convert(
        (
            body.windowStart,
            body.openingPrice,
            body.closingPrice,
            body.highestPrice,
            body.lowestPrice,
            body.volume or None,
            body.amount or None,
        ),
        _Candle,
        strict=False,
    )
    channel = topic.channel
    return (
        Kline(
            topic,
            push.createTime * _MS or None,
            push.sendTime * _MS or None,
            received_ns,
            interval=channel.interval if isinstance(channel, KlineChannel) else body.interval,
            open_ns=read.start * _S,
            open=read.open,
            high=read.high,
            low=read.low,
            close=read.close,
            base_volume=read.base_volume,
            quote_volume=read.quote_volume,
            closed=None,
        ),
    )


TRANSLATIONS: dict[str, tuple[str, Translate]] = {
    wire.AGGRE_DEPTH: ("publicAggreDepths", aggre_depth),
    wire.LIMIT_DEPTH: ("publicLimitDepths", limit_depth),
    wire.AGGRE_DEALS: ("publicAggreDeals", aggre_deals),
    wire.AGGRE_BOOK_TICKER: ("publicAggreBookTicker", aggre_book_ticker),
    wire.MINI_TICKER: ("publicMiniTicker", mini_ticker),
    wire.KLINE: ("publicSpotKline", kline),
}
"""channel -> the body that its pushes have, and what it is translated by."""
