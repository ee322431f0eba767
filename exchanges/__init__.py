"""Exchanges: the wire, the public domain, and one folder per exchange.

Names are resolved when they are first used. A channel and its message may share a name (`Ticker`): the messages
stand here, the channels in `feedtree.exchanges.channels` (``channels.Ticker()``); `Book` and `Trades` have no
namesake and stand here too.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedtree.actors.entries import Overflow as Overflow
    from feedtree.exchanges.gateio.websocket import GateioPublicSpotWebsocket as GateioPublicSpotWebsocket
    from feedtree.exchanges.instruments import Instrument as Instrument
    from feedtree.exchanges.instruments import InstrumentStatus as InstrumentStatus
    from feedtree.exchanges.mexc.websocket import MexcPublicSpotWebsocket as MexcPublicSpotWebsocket
    from feedtree.exchanges.public import channels as channels
    from feedtree.exchanges.public.channels import Book as Book
    from feedtree.exchanges.public.channels import PublicWebsocketChannelType as PublicWebsocketChannelType
    from feedtree.exchanges.public.channels import Topic as Topic
    from feedtree.exchanges.public.channels import Trades as Trades
    from feedtree.exchanges.public.codec import ChannelNotOffered as ChannelNotOffered
    from feedtree.exchanges.public.feed import StreamNotLive as StreamNotLive
    from feedtree.exchanges.public.handlers import PublicWebsocketHandlers as PublicWebsocketHandlers
    from feedtree.exchanges.public.messages import BookDelta as BookDelta
    from feedtree.exchanges.public.messages import BookResynced as BookResynced
    from feedtree.exchanges.public.messages import BookSnapshot as BookSnapshot
    from feedtree.exchanges.public.messages import BookState as BookState
    from feedtree.exchanges.public.messages import BookTicker as BookTicker
    from feedtree.exchanges.public.messages import BookUpdate as BookUpdate
    from feedtree.exchanges.public.messages import BookView as BookView
    from feedtree.exchanges.public.messages import DecodeFailed as DecodeFailed
    from feedtree.exchanges.public.messages import Kline as Kline
    from feedtree.exchanges.public.messages import StreamFailed as StreamFailed
    from feedtree.exchanges.public.messages import StreamLost as StreamLost
    from feedtree.exchanges.public.messages import StreamUp as StreamUp
    from feedtree.exchanges.public.messages import SubscriptionRejected as SubscriptionRejected
    from feedtree.exchanges.public.messages import Ticker as Ticker
    from feedtree.exchanges.public.messages import Trade as Trade
    from feedtree.exchanges.public.source import StreamOptions as StreamOptions
    from feedtree.exchanges.public.views import deltas as deltas
    from feedtree.exchanges.public.views import depth as depth
    from feedtree.exchanges.public.views import top as top
    from feedtree.exchanges.public.websocket import BasePublicWebsocket as BasePublicWebsocket
    from feedtree.exchanges.public.websocket import PublicSpotWebsocket as PublicSpotWebsocket
    from feedtree.exchanges.side import Side as Side
    from feedtree.exchanges.symbols import Symbol as Symbol

__all__ = [
    "BasePublicWebsocket",
    "Book",
    "BookDelta",
    "BookResynced",
    "BookSnapshot",
    "BookState",
    "BookTicker",
    "BookUpdate",
    "BookView",
    "ChannelNotOffered",
    "DecodeFailed",
    "GateioPublicSpotWebsocket",
    "Instrument",
    "InstrumentStatus",
    "Kline",
    "MexcPublicSpotWebsocket",
    "Overflow",
    "PublicSpotWebsocket",
    "PublicWebsocketChannelType",
    "PublicWebsocketHandlers",
    "Side",
    "StreamFailed",
    "StreamLost",
    "StreamNotLive",
    "StreamOptions",
    "StreamUp",
    "SubscriptionRejected",
    "Symbol",
    "Ticker",
    "Topic",
    "Trade",
    "Trades",
    "channels",
    "deltas",
    "depth",
    "top",
]

_HOME = {
    "Overflow": "actors.entries",
    "GateioPublicSpotWebsocket": "exchanges.gateio.websocket",
    "Instrument": "exchanges.instruments",
    "InstrumentStatus": "exchanges.instruments",
    "MexcPublicSpotWebsocket": "exchanges.mexc.websocket",
    "Book": "exchanges.public.channels",
    "PublicWebsocketChannelType": "exchanges.public.channels",
    "Topic": "exchanges.public.channels",
    "Trades": "exchanges.public.channels",
    "ChannelNotOffered": "exchanges.public.codec",
    "StreamNotLive": "exchanges.public.feed",
    "PublicWebsocketHandlers": "exchanges.public.handlers",
    "BookDelta": "exchanges.public.messages",
    "BookResynced": "exchanges.public.messages",
    "BookSnapshot": "exchanges.public.messages",
    "BookState": "exchanges.public.messages",
    "BookTicker": "exchanges.public.messages",
    "BookUpdate": "exchanges.public.messages",
    "BookView": "exchanges.public.messages",
    "DecodeFailed": "exchanges.public.messages",
    "Kline": "exchanges.public.messages",
    "StreamFailed": "exchanges.public.messages",
    "StreamLost": "exchanges.public.messages",
    "StreamUp": "exchanges.public.messages",
    "SubscriptionRejected": "exchanges.public.messages",
    "Ticker": "exchanges.public.messages",
    "Trade": "exchanges.public.messages",
    "StreamOptions": "exchanges.public.source",
    "deltas": "exchanges.public.views",
    "depth": "exchanges.public.views",
    "top": "exchanges.public.views",
    "BasePublicWebsocket": "exchanges.public.websocket",
    "PublicSpotWebsocket": "exchanges.public.websocket",
    "Side": "exchanges.side",
    "Symbol": "exchanges.symbols",
}


def __getattr__(name: str) -> Any:
    if name == "channels":
        return import_module("feedtree.exchanges.public.channels")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"feedtree.{_HOME[name]}"), name)
