"""Gate.io's spot frames, spelled as the wire spells them.

Numbers arrive as decimal strings and are made floats by msgspec (``strict=False``). Whatever the wire has been
seen to leave out may be absent; a time or id of 0 means that it was.
"""

from typing import Any

from msgspec import Struct

from feedtree.exchanges.public.messages import Levels


class BookPush(Struct, gc=False):
    """The result of ``spot.obu`` and of ``spot.order_book_update``.

    A whole book has no ``U`` on obu. A side without change may be absent on obu, and is ``[]`` elsewhere.
    """

    s: str  # obu: the stream, ob.BTC_USDT.400; order_book_update: the pair
    u: int
    U: int = 0
    t: int = 0  # ms, matching engine
    b: Levels = []
    a: Levels = []
    full: bool = False


class TradePush(Struct, gc=False):
    """The result of ``spot.trades``: one trade."""

    id: int
    side: str  # the taker's
    currency_pair: str
    amount: float
    price: float
    create_time_ms: float = 0.0  # "1606292218213.4578"


class BookTickerPush(Struct, gc=False):
    """The result of ``spot.book_ticker``; an empty side is the empty string on the wire."""

    s: str
    u: int | None = None
    t: int = 0  # ms, matching engine
    b: float | None = None
    B: float | None = None
    a: float | None = None
    A: float | None = None


class TickerPush(Struct, gc=False):
    """The result of ``spot.tickers``."""

    currency_pair: str
    last: float | None = None
    lowest_ask: float | None = None
    highest_bid: float | None = None
    change_percentage: float | None = None
    base_volume: float | None = None
    quote_volume: float | None = None
    high_24h: float | None = None
    low_24h: float | None = None


class CandlePush(Struct, gc=False):
    """The result of ``spot.candlesticks``."""

    n: str  # 1m_BTC_USDT
    t: int  # s, the window's start
    o: float
    h: float
    l: float  # noqa: E741 - the wire's own name
    c: float
    v: float | None = None  # quote turnover
    a: float | None = None  # base amount; absent in 2021
    w: bool | None = None  # the window is closed; may be missing


class Push(Struct, gc=False, tag_field="channel"):
    """What every push has beside its result; ``event`` is not looked at where the result fits."""

    time_ms: int = 0


class ObuFrame(Push, gc=False, tag="spot.obu", kw_only=True):
    """Order book V2."""

    result: BookPush


class BookUpdateFrame(Push, gc=False, tag="spot.order_book_update", kw_only=True):
    """Changes of the first 20 or 100 levels."""

    result: BookPush


class TradeFrame(Push, gc=False, tag="spot.trades", kw_only=True):
    """A trade."""

    result: TradePush


class BookTickerFrame(Push, gc=False, tag="spot.book_ticker", kw_only=True):
    """Best bid and ask."""

    result: BookTickerPush


class TickerFrame(Push, gc=False, tag="spot.tickers", kw_only=True):
    """24 h statistics."""

    result: TickerPush


class CandleFrame(Push, gc=False, tag="spot.candlesticks", kw_only=True):
    """A candle."""

    result: CandlePush


DataFrame = ObuFrame | BookUpdateFrame | TradeFrame | BookTickerFrame | TickerFrame | CandleFrame


class Envelope(Struct):
    """Any frame, seen from outside: replies, notices, and pushes of odd form."""

    channel: str | None = ""
    event: str | None = ""
    id: Any = None  # echoed where the request had one; null in 2022
    payload: Any = None  # the request's; absent before 2024
    error: Any = None  # absent or null on success
    result: Any = None


class BookBody(Struct):
    """The body of ``GET /spot/order_book`` with ``with_id=true``."""

    id: int
    asks: Levels
    bids: Levels
    update: int | None = None  # ms
