"""MEXC's other streams: deals, best prices, day statistics, candles."""

import random
from collections.abc import Callable, Iterable

from feedtree.exchanges.mexc.proto import spot_pb2 as pb
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.mexc.books import PERIODS, order_time_ms, wrapper
from feedtree.ops.sim.mexc.envelope import SYMBOL_ID, push
from feedtree.ops.sim.streams import TICKS_PER_S, Stream
from feedtree.ops.sim.switches import MexcSwitches
from feedtree.ops.sim.tape import Print

INTERVALS_S = {
    "Min1": 60,
    "Min5": 300,
    "Min15": 900,
    "Min30": 1_800,
    "Min60": 3_600,
    "Hour4": 14_400,
    "Hour8": 28_800,
    "Day1": 86_400,
    "Week1": 604_800,
    "Month1": 2_592_000,
}
ZONES = (
    "24H",
    *(f"UTC{hours}" for hours in (-10, -8, -7, -6, -5, -4, -3)),
    *(f"UTC+{hours}" for hours in range(14)),
    "UTC+4:30",
    "UTC+5:30",
    "UTC+12:45",
)
_NUMBERS = tuple[str, str, str, str]  # bid price, bid quantity, ask price, ask quantity


def trade_id(trade: Print) -> str:
    """Return a public trade id, which names both sides."""
    return f"{trade.number}X0_{trade.number + 1}X0"


def best(market: Market) -> _NUMBERS:
    """Return best bid and ask as text; an empty side is empty."""
    bid, ask = market.book.bids(1), market.book.asks(1)
    return (*_level(market, bid), *_level(market, ask))


class DealStream(Stream):
    """``aggre.deals``: the trades of a window in one push.

    Args:
        topic: the whole topic.
        event: the topic without its symbol.
        speed: ``10ms`` or ``100ms``.
        market: whose trades.
        switches: of the venue.
    """

    def __init__(self, topic: str, event: str, speed: str, market: Market, switches: MexcSwitches) -> None:
        super().__init__(PERIODS[speed])
        self._topic = topic
        self._event = event
        self._market = market
        self._switches = switches
        self._told = 0

    def start(self) -> None:
        """See `Stream`."""
        self._told = self._market.tape.total

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        tape = self._market.tape
        new = tape.since(self._told)
        self._told = tape.total
        if not new:
            return []
        frame = wrapper(self._topic, self._market, now_ns)
        body = frame.publicAggreDeals
        for trade in new:
            self._add(body, trade)
        body.eventType = self._event
        return [push(frame)]

    def _add(self, body: pb.PublicAggreDealsV3Api, trade: Print) -> None:
        fill = trade.fill
        item = body.deals.add(
            price=self._market.price_text(fill.price),
            quantity=self._market.size_text(fill.lots),
            tradeType=1 if fill.taker_buys else 2,
            time=fill.at_ns // 1_000_000,
        )
        if self._switches.fields_2026:
            item.tradeId = trade_id(trade)


class BookTickerStream(Stream):
    """``aggre.bookTicker``: best bid and ask, also when nothing changed.

    Args:
        topic: the whole topic.
        speed: ``10ms`` or ``100ms``.
        market: whose book.
        switches: of the venue.
        rng: of the venue.
    """

    def __init__(
        self, topic: str, speed: str, market: Market, switches: MexcSwitches, rng: random.Random
    ) -> None:
        super().__init__(PERIODS[speed])
        self._topic = topic
        self._market = market
        self._switches = switches
        self._rng = rng
        self._told: _NUMBERS | None = None
        self._body = pb.PublicAggreBookTickerV3Api()
        self._own_version = 0

    def start(self) -> None:
        """See `Stream`."""

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        now = best(self._market)
        if now != self._told:
            self._told = now
            self._body = self._made(now)
        elif not self._switches.resend_unchanged:
            return []
        frame = wrapper(self._topic, self._market, now_ns)
        frame.publicAggreBookTicker.CopyFrom(self._body)
        return [push(frame)]

    def _made(self, now: _NUMBERS) -> pb.PublicAggreBookTickerV3Api:
        self._own_version += 1
        body = pb.PublicAggreBookTickerV3Api(
            bidPrice=now[0], bidQuantity=now[1], askPrice=now[2], askQuantity=now[3]
        )
        if self._switches.fields_2026:
            shared = self._switches.shared_versions
            body.version = str(self._market.book.last_id if shared else self._own_version)
            body.lastOrderCreateTime = order_time_ms(self._market, self._rng)
        return body


class BookTickerBatchStream(Stream):
    """``bookTicker.batch``: best bid and ask as a list of one item, whenever they changed.

    Args:
        topic: the whole topic.
        market: whose book.
        switches: of the venue.
        rng: of the venue.
    """

    def __init__(self, topic: str, market: Market, switches: MexcSwitches, rng: random.Random) -> None:
        super().__init__(PERIODS["100ms"])
        self._topic = topic
        self._market = market
        self._switches = switches
        self._rng = rng
        self._told: _NUMBERS | None = None

    def start(self) -> None:
        """See `Stream`."""

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        now = best(self._market)
        if now == self._told:
            return []
        self._told = now
        frame = wrapper(self._topic, self._market, now_ns)
        body = frame.publicBookTickerBatch
        body.items.add(bidPrice=now[0], bidQuantity=now[1], askPrice=now[2], askQuantity=now[3])
        if self._switches.fields_2026:
            body.version = str(self._market.book.last_id)
            body.lastOrderCreateTime = order_time_ms(self._market, self._rng)
        return [push(frame)]


class KlineStream(Stream):
    """``kline``: the forming candle, every second.

    Args:
        topic: the whole topic.
        interval: one of `INTERVALS_S`.
        market: whose trades.
    """

    def __init__(self, topic: str, interval: str, market: Market) -> None:
        super().__init__(TICKS_PER_S)
        self._topic = topic
        self._interval = interval
        self._market = market

    def start(self) -> None:
        """See `Stream`."""

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        seconds = INTERVALS_S[self._interval]
        candle = self._market.tape.candles(seconds, 1, now_ns // 1_000_000_000)[-1]
        frame = pb.PushDataV3ApiWrapper(
            channel=self._topic, symbol=self._market.wire, symbolId=SYMBOL_ID, createTime=now_ns // 1_000_000
        )
        body, price = frame.publicSpotKline, self._market.price_text
        body.interval = self._interval
        body.windowStart = candle.start_s
        body.openingPrice = price(candle.open)
        body.closingPrice = price(candle.close)
        body.highestPrice = price(candle.high)
        body.lowestPrice = price(candle.low)
        body.volume = self._market.size_text(candle.volume)
        body.amount = self._market.turnover_text(candle.turnover)
        body.windowEnd = candle.start_s + seconds
        return [push(frame)]


class MiniTickerStream(Stream):
    """``miniTicker`` of one symbol or ``miniTickers`` of all, every three seconds.

    Args:
        topic: the whole topic.
        markets: the symbol's market, or a way to all of them.
    """

    def __init__(self, topic: str, markets: "Market | Callable[[], Iterable[Market]]") -> None:
        super().__init__(3 * TICKS_PER_S)
        self._topic = topic
        self._markets = markets

    def start(self) -> None:
        """See `Stream`."""

    def due(self, now_ns: int) -> list[bytes]:
        """See `Stream`."""
        if isinstance(self._markets, Market):
            frame = wrapper(self._topic, self._markets, now_ns)
            _fill_ticker(frame.publicMiniTicker, self._markets, now_ns)
        else:
            frame = pb.PushDataV3ApiWrapper(channel=self._topic, sendTime=now_ns // 1_000_000)
            for market in self._markets():
                _fill_ticker(frame.publicMiniTickers.items.add(), market, now_ns)
        return [push(frame)]


def _fill_ticker(body: pb.PublicMiniTickerV3Api, market: Market, now_ns: int) -> None:
    day = market.tape.day(now_ns // 1_000_000_000)
    rate = f"{day.close / day.open - 1:.4f}"
    body.symbol = market.wire
    body.price = market.price_text(day.close)
    body.rate = body.zonedRate = body.lastCloseRate = body.lastCloseZonedRate = rate
    body.high = body.lastCloseHigh = market.price_text(day.high)
    body.low = body.lastCloseLow = market.price_text(day.low)
    body.volume = market.turnover_text(day.turnover)
    body.quantity = market.size_text(day.volume)


def _level(market: Market, keys: list[int]) -> tuple[str, str]:
    if not keys:
        return "", ""
    return market.price_text(abs(keys[0])), market.size_text(market.book.quantities[keys[0]])
