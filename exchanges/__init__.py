"""Exchanges: the wire, the public and the private domain, and one folder per exchange.

Names are resolved when they are first used. A channel and its message may share a name (`Ticker`): the messages
stand here, the channels in `feedtree.exchanges.channels` (``channels.Ticker()``); `Book` and `Trades` have no
namesake and stand here too.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedtree.actors.entries import Overflow as Overflow
    from feedtree.exchanges.access import Reach as Reach
    from feedtree.exchanges.credentials import Credentials as Credentials
    from feedtree.exchanges.credentials import Secret as Secret
    from feedtree.exchanges.errors import StreamNotLive as StreamNotLive
    from feedtree.exchanges.gaps import Gap as Gap
    from feedtree.exchanges.gateio.private_websocket import (
        GateioPrivateSpotWebsocket as GateioPrivateSpotWebsocket,
    )
    from feedtree.exchanges.gateio.websocket import GateioPublicSpotWebsocket as GateioPublicSpotWebsocket
    from feedtree.exchanges.instruments import Instrument as Instrument
    from feedtree.exchanges.instruments import InstrumentStatus as InstrumentStatus
    from feedtree.exchanges.mexc.private_websocket import MexcPrivateSpotWebsocket as MexcPrivateSpotWebsocket
    from feedtree.exchanges.mexc.websocket import MexcPublicSpotWebsocket as MexcPublicSpotWebsocket
    from feedtree.exchanges.private.cancel_report import CancelReport as CancelReport
    from feedtree.exchanges.private.desk import OrderDesk as OrderDesk
    from feedtree.exchanges.private.fills import BadCursor as BadCursor
    from feedtree.exchanges.private.handlers import PrivateWebsocketHandlers as PrivateWebsocketHandlers
    from feedtree.exchanges.private.messages import AccountReconciled as AccountReconciled
    from feedtree.exchanges.private.messages import AccountSnapshot as AccountSnapshot
    from feedtree.exchanges.private.messages import AccountStreamFailed as AccountStreamFailed
    from feedtree.exchanges.private.messages import AccountStreamLost as AccountStreamLost
    from feedtree.exchanges.private.messages import AccountStreamUp as AccountStreamUp
    from feedtree.exchanges.private.messages import Balance as Balance
    from feedtree.exchanges.private.messages import BalanceUpdate as BalanceUpdate
    from feedtree.exchanges.private.messages import Fill as Fill
    from feedtree.exchanges.private.messages import OrderResolved as OrderResolved
    from feedtree.exchanges.private.messages import OrderUpdate as OrderUpdate
    from feedtree.exchanges.private.messages import Reconciliation as Reconciliation
    from feedtree.exchanges.private.messages import Role as Role
    from feedtree.exchanges.private.order_errors import AccountInconsistent as AccountInconsistent
    from feedtree.exchanges.private.order_errors import DeskClosed as DeskClosed
    from feedtree.exchanges.private.order_errors import DeskKilled as DeskKilled
    from feedtree.exchanges.private.order_errors import NotSupported as NotSupported
    from feedtree.exchanges.private.order_errors import OrderError as OrderError
    from feedtree.exchanges.private.order_errors import OrderNotFound as OrderNotFound
    from feedtree.exchanges.private.order_errors import OrderOutcomeUnknown as OrderOutcomeUnknown
    from feedtree.exchanges.private.order_errors import OrderRefused as OrderRefused
    from feedtree.exchanges.private.order_limits import HardLimits as HardLimits
    from feedtree.exchanges.private.order_options import DoorChoice as DoorChoice
    from feedtree.exchanges.private.order_options import OpenOrders as OpenOrders
    from feedtree.exchanges.private.order_options import OrderOptions as OrderOptions
    from feedtree.exchanges.private.orders import Accepted as Accepted
    from feedtree.exchanges.private.orders import Order as Order
    from feedtree.exchanges.private.orders import OrderStatus as OrderStatus
    from feedtree.exchanges.private.orders import OrderType as OrderType
    from feedtree.exchanges.private.orders import Rejected as Rejected
    from feedtree.exchanges.private.orders import RejectReason as RejectReason
    from feedtree.exchanges.private.orders import TimeInForce as TimeInForce
    from feedtree.exchanges.private.view import AccountView as AccountView
    from feedtree.exchanges.private.websocket import BasePrivateWebsocket as BasePrivateWebsocket
    from feedtree.exchanges.private.websocket import PrivateSpotWebsocket as PrivateSpotWebsocket
    from feedtree.exchanges.public import channels as channels
    from feedtree.exchanges.public.channels import Book as Book
    from feedtree.exchanges.public.channels import PublicWebsocketChannelType as PublicWebsocketChannelType
    from feedtree.exchanges.public.channels import Topic as Topic
    from feedtree.exchanges.public.channels import Trades as Trades
    from feedtree.exchanges.public.codec import ChannelNotOffered as ChannelNotOffered
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
    "Accepted",
    "AccountInconsistent",
    "AccountReconciled",
    "AccountSnapshot",
    "AccountStreamFailed",
    "AccountStreamLost",
    "AccountStreamUp",
    "AccountView",
    "BadCursor",
    "Balance",
    "BalanceUpdate",
    "BasePrivateWebsocket",
    "BasePublicWebsocket",
    "Book",
    "BookDelta",
    "BookResynced",
    "BookSnapshot",
    "BookState",
    "BookTicker",
    "BookUpdate",
    "BookView",
    "CancelReport",
    "ChannelNotOffered",
    "Credentials",
    "DecodeFailed",
    "DeskClosed",
    "DeskKilled",
    "DoorChoice",
    "Fill",
    "Gap",
    "GateioPrivateSpotWebsocket",
    "GateioPublicSpotWebsocket",
    "HardLimits",
    "Instrument",
    "InstrumentStatus",
    "Kline",
    "MexcPrivateSpotWebsocket",
    "MexcPublicSpotWebsocket",
    "NotSupported",
    "OpenOrders",
    "Order",
    "OrderDesk",
    "OrderError",
    "OrderNotFound",
    "OrderOptions",
    "OrderOutcomeUnknown",
    "OrderRefused",
    "OrderResolved",
    "OrderStatus",
    "OrderType",
    "OrderUpdate",
    "Overflow",
    "PrivateSpotWebsocket",
    "PrivateWebsocketHandlers",
    "PublicSpotWebsocket",
    "PublicWebsocketChannelType",
    "PublicWebsocketHandlers",
    "Reach",
    "Reconciliation",
    "RejectReason",
    "Rejected",
    "Role",
    "Secret",
    "Side",
    "StreamFailed",
    "StreamLost",
    "StreamNotLive",
    "StreamOptions",
    "StreamUp",
    "SubscriptionRejected",
    "Symbol",
    "Ticker",
    "TimeInForce",
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
    "Gap": "exchanges.gaps",
    "Instrument": "exchanges.instruments",
    "InstrumentStatus": "exchanges.instruments",
    "MexcPrivateSpotWebsocket": "exchanges.mexc.private_websocket",
    "MexcPublicSpotWebsocket": "exchanges.mexc.websocket",
    "Book": "exchanges.public.channels",
    "PublicWebsocketChannelType": "exchanges.public.channels",
    "Topic": "exchanges.public.channels",
    "Trades": "exchanges.public.channels",
    "ChannelNotOffered": "exchanges.public.codec",
    "StreamNotLive": "exchanges.errors",
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
    "Reach": "exchanges.access",
    "Credentials": "exchanges.credentials",
    "Secret": "exchanges.credentials",
    "GateioPrivateSpotWebsocket": "exchanges.gateio.private_websocket",
    "BadCursor": "exchanges.private.fills",
    "PrivateWebsocketHandlers": "exchanges.private.handlers",
    "AccountReconciled": "exchanges.private.messages",
    "AccountSnapshot": "exchanges.private.messages",
    "AccountStreamFailed": "exchanges.private.messages",
    "AccountStreamLost": "exchanges.private.messages",
    "AccountStreamUp": "exchanges.private.messages",
    "Balance": "exchanges.private.messages",
    "BalanceUpdate": "exchanges.private.messages",
    "Fill": "exchanges.private.messages",
    "OrderResolved": "exchanges.private.messages",
    "OrderUpdate": "exchanges.private.messages",
    "Reconciliation": "exchanges.private.messages",
    "Role": "exchanges.private.messages",
    "OrderOutcomeUnknown": "exchanges.private.order_errors",
    "OrderError": "exchanges.private.order_errors",
    "OrderRefused": "exchanges.private.order_errors",
    "OrderNotFound": "exchanges.private.order_errors",
    "AccountInconsistent": "exchanges.private.order_errors",
    "NotSupported": "exchanges.private.order_errors",
    "DeskClosed": "exchanges.private.order_errors",
    "DeskKilled": "exchanges.private.order_errors",
    "OrderOptions": "exchanges.private.order_options",
    "OpenOrders": "exchanges.private.order_options",
    "DoorChoice": "exchanges.private.order_options",
    "HardLimits": "exchanges.private.order_limits",
    "OrderDesk": "exchanges.private.desk",
    "CancelReport": "exchanges.private.cancel_report",
    "Accepted": "exchanges.private.orders",
    "Order": "exchanges.private.orders",
    "OrderStatus": "exchanges.private.orders",
    "OrderType": "exchanges.private.orders",
    "RejectReason": "exchanges.private.orders",
    "Rejected": "exchanges.private.orders",
    "TimeInForce": "exchanges.private.orders",
    "AccountView": "exchanges.private.view",
    "BasePrivateWebsocket": "exchanges.private.websocket",
    "PrivateSpotWebsocket": "exchanges.private.websocket",
    "Side": "exchanges.side",
    "Symbol": "exchanges.symbols",
}


def __getattr__(name: str) -> Any:
    if name == "channels":
        return import_module("feedtree.exchanges.public.channels")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"feedtree.{_HOME[name]}"), name)
