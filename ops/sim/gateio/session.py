"""One client's connection to Gate.io: what it asks for, and how it is answered."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from feedtree.ops.sim.gateio.api_session import ApiSession
from feedtree.ops.sim.gateio.books import (
    BOOK_LEVELS,
    BOOK_PERIODS,
    OBU_PERIODS,
    UPDATE_LEVELS,
    ObuStream,
    UpdateStream,
    WholeBookStream,
)
from feedtree.ops.sim.gateio.envelope import ClientFrame, Refusal, Refused, Replies
from feedtree.ops.sim.gateio.private_session import PrivateSubscriptions
from feedtree.ops.sim.gateio.streams import (
    INTERVALS_S,
    BookTickerStream,
    CandleStream,
    TickerStream,
    TradeStream,
)
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.peer import Peer
from feedtree.ops.sim.streams import Stream

if TYPE_CHECKING:
    from feedtree.ops.sim.gateio.venue import GateioVenue

_PER_PAIR = ("spot.trades", "spot.tickers", "spot.book_ticker")
Key = tuple[str, ...]  # channel and its parameters
Make = Callable[[], Stream]
Wanted = dict[Key, Make | None]  # None: confirmed, and silent for ever


class GateioSession:
    """Answers one client, and keeps its subscriptions.

    Args:
        venue: whose markets and streams.
        peer: the connection.
    """

    def __init__(self, venue: "GateioVenue", peer: Peer) -> None:
        self._venue = venue
        self._peer = peer
        self._replies = Replies(venue.switches, venue.rng)
        self._subscribed: set[Key] = set()
        self._private = PrivateSubscriptions(venue.private, peer)
        self._api = ApiSession(venue.private, peer)
        self._decode = msgspec.json.Decoder(ClientFrame).decode

    @property
    def subscribed(self) -> bool:
        """Whether it has any subscription, be it a silent one."""
        return bool(self._subscribed) or self._private.any

    def on_text(self, text: str) -> None:
        """See `Session`."""
        try:
            request = self._decode(text)
        except (msgspec.MsgspecError, RecursionError):
            self._no_json()
            return
        if request.channel.endswith(".ping"):
            self._app_ping(request)
        elif request.event == "api":
            self._api.on_text(text)
        elif request.event == "subscribe":
            self._answer(request, self._subscribe)
        elif request.event == "unsubscribe":
            self._answer(request, self._unsubscribe)
        else:
            self._refuse(request, Refusal(2, f"Unknown event {request.event}"))

    def on_ping(self) -> bool:
        """See `Session`."""
        return self._venue.answers_pong("protocol")

    def close(self) -> None:
        """See `Session`."""
        for key in self._subscribed:
            self._venue.streams.leave(key, self._peer)
        self._subscribed.clear()
        self._private.close()

    def _answer(self, request: ClientFrame, action: Callable[[ClientFrame, Wanted], None]) -> None:
        self._venue.later(self._venue.switches.answer_delay_s, lambda: self._guarded(request, action))

    def _guarded(self, request: ClientFrame, action: Callable[[ClientFrame, Wanted], None]) -> None:
        if self._peer.ended:
            return
        try:
            if self._private.handles(request.channel):
                self._private.change(request)
                self._send(self._replies.accepted(request, self._venue.clock.now_ns()))
            else:
                action(request, self._wanted(request))
        except Refused as refused:
            self._refuse(request, refused.refusal)
        self._peer.flush()

    def _subscribe(self, request: ClientFrame, wanted: Wanted) -> None:
        if request.channel == "spot.obu":
            self._refuse_repeats(wanted)
        now_ns = self._venue.clock.now_ns()
        self._subscribed.update(wanted)
        welcome = [frame for key, make in wanted.items() if make for frame in self._join(key, make, now_ns)]
        ack = self._replies.accepted(request, now_ns)
        if request.channel == "spot.obu" and self._venue.switches.obu_snapshot == "before_ack":
            self._send(*welcome, ack)
        else:
            self._send(ack, *welcome)

    def _join(self, key: Key, make: Make, now_ns: int) -> list[bytes]:
        form = self._venue.switches.obu_snapshot if key[0] == "spot.obu" else "after_ack"
        if form == "silent" or self._venue.switches.silent_topic in key:
            return []
        stream = self._venue.streams.join(key, self._peer, make)
        return [] if form == "never" else stream.welcome(now_ns)

    def _refuse_repeats(self, wanted: Wanted) -> None:
        for key in wanted:
            if key in self._subscribed:
                raise Refused(2, f"Alert sub {key[1]}")

    def _unsubscribe(self, request: ClientFrame, wanted: Wanted) -> None:
        for key in wanted:
            self._venue.streams.leave(key, self._peer)
            self._subscribed.discard(key)
        self._send(self._replies.accepted(request, self._venue.clock.now_ns()))

    def _refuse(self, request: ClientFrame, refusal: Refusal) -> None:
        self._send(self._replies.refused(request, refusal, self._venue.clock.now_ns()))
        if self._venue.switches.errors_close:
            self._peer.end(None)

    def _send(self, *batch: bytes) -> None:
        for frame in batch:
            self._peer.send(frame)

    def _no_json(self) -> None:
        if self._venue.switches.bad_json == "error":
            self._refuse(ClientFrame(), Refusal(1, "request message need json scheme"))

    def _app_ping(self, request: ClientFrame) -> None:
        self._peer.pinged_ns = self._peer.heard_ns
        if self._venue.answers_pong("app"):
            self._peer.send(self._replies.pong(request.channel, self._venue.clock.now_ns()))

    def _wanted(self, request: ClientFrame) -> Wanted:
        payload = request.payload
        if not isinstance(payload, list) or not all(isinstance(entry, str) for entry in payload):
            raise Refused(1, "invalid argument: payload must be an array of strings")
        if not payload:
            raise Refused(2, "invalid argument: empty payload")
        if request.channel in _PER_PAIR:
            return dict(self._per_pair(request.channel, pair) for pair in payload)
        if request.channel == "spot.obu":
            return dict(self._obu(name) for name in payload)
        return dict([self._positional(request.channel, payload)])

    def _per_pair(self, channel: str, pair: str) -> tuple[Key, Make]:
        market, switches = self._venue.pair(pair), self._venue.switches
        if market is None:
            raise Refused(2, f"unknown currency pair: {pair}")
        makes: dict[str, Make] = {
            "spot.trades": lambda: TradeStream(market, switches),
            "spot.tickers": lambda: TickerStream(market),
            "spot.book_ticker": lambda: BookTickerStream(market, switches),
        }
        return (channel, pair), makes[channel]

    def _obu(self, name: str) -> tuple[Key, Make | None]:
        """Read an obu stream's name; nothing in it is ever refused, what does not exist stays silent."""
        key = ("spot.obu", name)
        parts = name.split(".")
        if len(parts) != 3 or parts[0] != "ob" or not parts[2].isdecimal():
            return key, None
        market, levels = self._venue.pair(parts[1]), int(parts[2])
        if market is None or levels not in OBU_PERIODS:
            return key, None
        switches = self._venue.switches
        return ("spot.obu", name, parts[1]), lambda: ObuStream(market, levels, switches)

    def _positional(self, channel: str, payload: list[str]) -> tuple[Key, Make]:
        readers: dict[str, tuple[int, Callable[..., Make]]] = {
            "spot.order_book_update": (2, self._update),
            "spot.order_book": (3, self._whole_book),
            "spot.candlesticks": (2, self._candles),
        }
        if channel not in readers:
            raise Refused(2, f"Unknown channel {channel}")
        parameters, reader = readers[channel]
        if len(payload) != parameters:
            raise Refused(2, f"invalid argument: need {parameters} params and here is {len(payload)}.")
        return (channel, *payload), reader(*payload)

    def _update(self, pair: str, speed: str) -> Make:
        market, switches = self._known(pair), self._venue.switches
        if speed not in UPDATE_LEVELS:
            raise Refused(2, f"incorrect update interval specified: {speed}")
        return lambda: UpdateStream(market, speed, switches)

    def _whole_book(self, pair: str, levels: str, speed: str) -> Make:
        market = self._known(pair)
        if not levels.isdecimal() or int(levels) not in BOOK_LEVELS:
            raise Refused(2, f"provided level not supported: {levels}")
        if speed not in BOOK_PERIODS:
            raise Refused(2, f"incorrect update interval specified: {speed}")
        return lambda: WholeBookStream(market, int(levels), speed)

    def _candles(self, interval: str, pair: str) -> Make:
        market, switches = self._known(pair), self._venue.switches
        if interval not in INTERVALS_S:
            raise Refused(2, f"incorrect interval specified: {interval}")
        return lambda: CandleStream(market, interval, switches)

    def _known(self, pair: str) -> Market:
        market = self._venue.pair(pair)
        if market is None:
            raise Refused(2, f"unknown currency pair: {pair}")
        return market
