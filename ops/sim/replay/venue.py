"""Gate.io as it was during a recorded session."""

import random
from collections.abc import Iterable, Sequence

import msgspec

from feedtree.exchanges.symbols import Symbol
from feedtree.ops.http import Request, Response, json_response
from feedtree.ops.sim import frames
from feedtree.ops.sim.accounts.entries import Entry
from feedtree.ops.sim.clock import SimClock
from feedtree.ops.sim.gateio.envelope import ClientFrame, Refusal, Replies
from feedtree.ops.sim.gateio.rest import PREFIX, error
from feedtree.ops.sim.markets import GATEIO, spell
from feedtree.ops.sim.peer import Peer
from feedtree.ops.sim.replay.recording import Key, Recording
from feedtree.ops.sim.switches import GateioSwitches
from feedtree.ops.sim.tape import Print
from feedtree.ops.sim.venue import Venue

_SILENT = (
    "spot.obu",
    "spot.book_ticker",
    "spot.order_book",
)  # younger than the recordings: confirmed, silent


class ReplayVenue(Venue):
    """Serves a recording. Each stream plays from its subscription on, at the pace at which it was recorded.

    Args:
        recording: what it serves.
        switches: of gateio.spot.
        clock: of the simulation.
        rng: of connection ids.
    """

    def __init__(
        self, recording: Recording, switches: GateioSwitches, clock: SimClock, rng: random.Random
    ) -> None:
        super().__init__(GATEIO, switches, clock, rng)
        self.switches = switches
        self.recording = recording

    @property
    def ws_path(self) -> str:
        """See `Venue`."""
        return "/ws/v4/"

    @property
    def rest_prefix(self) -> str:
        """See `Venue`."""
        return PREFIX

    @property
    def symbols(self) -> dict[str, str]:
        """See `Venue`."""
        return {pair.replace("_", "/"): pair for pair in self.recording.symbols}

    def truth(self, symbol: Symbol, number: int | None) -> dict[str, object] | None:
        """See `Venue`."""
        return self.recording.truth(spell(GATEIO, symbol), number)

    def session(self, peer: Peer) -> "ReplaySession":
        """See `Venue`."""
        return ReplaySession(self, peer)

    async def rest(self, request: Request, entries: Sequence[Entry]) -> Response:
        """See `Venue`."""
        path = request.path.removeprefix(PREFIX)
        if path == "/spot/currency_pairs":
            return Response(200, self._pairs())
        if path == "/spot/time":
            return json_response({"server_time": self.clock.now_ns() // 1_000_000})
        if path == "/spot/order_book":
            pair = request.query.get("currency_pair", "")
            body = self.recording.books.get(pair)
            if body is None:
                return error(400, "INVALID_CURRENCY_PAIR", f"Invalid currency pair {pair}")
            return Response(200, body.encode())
        return error(404, "NOT_FOUND", "not recorded")

    def throttled(self, status: int, headers: tuple[tuple[str, str], ...]) -> Response:
        """See `Venue`."""
        return error(status, "SERVER_ERROR", "simulated", headers)

    def idle_limit_s(self, peer: Peer) -> tuple[int, float]:
        """See `Venue`."""
        return self.active_ns(peer), self.switches.idle_silent_s

    def trade_id(self, trade: Print) -> str:
        """See `Venue`."""
        return str(trade.number)

    def ping(self, peer: Peer) -> None:
        """See `Venue`."""
        peer.ping()

    def _pairs(self) -> bytes:
        if self.recording.pairs is not None:
            return self.recording.pairs.encode()
        return msgspec.json.encode([_pair(pair) for pair in self.recording.symbols])


class ReplaySession:
    """One client of a recording.

    Args:
        venue: what it plays.
        peer: the connection.
    """

    def __init__(self, venue: ReplayVenue, peer: Peer) -> None:
        self._venue = venue
        self._peer = peer
        self._replies = Replies(venue.switches, venue.rng)
        self._playing: dict[Key, int] = {}  # stream -> which of its subscriptions
        self._subscriptions = 0

    def on_text(self, text: str) -> None:
        """See `Session`."""
        try:
            request = msgspec.json.decode(text, type=ClientFrame)
        except (msgspec.MsgspecError, RecursionError):
            return
        now_ns = self._venue.clock.now_ns()
        if request.channel.endswith(".ping"):
            self._peer.pinged_ns = self._peer.heard_ns
            self._peer.send(self._replies.pong(request.channel, now_ns))
            return
        keys = _keys(request)
        unknown = [name for _, name in keys if not self._known(name)]
        if not keys or unknown:
            refusal = Refusal(2, f"unknown currency pair: {unknown[0]}" if unknown else "invalid argument")
            self._peer.send(self._replies.refused(request, refusal, now_ns))
            return
        self._peer.send(self._replies.accepted(request, now_ns))
        self._play(keys) if request.event == "subscribe" else self._stop(keys)

    def on_ping(self) -> bool:
        """See `Session`."""
        return self._venue.answers_pong("protocol")

    def close(self) -> None:
        """See `Session`."""
        self._playing.clear()

    def _known(self, name: str) -> bool:
        symbols = self._venue.recording.symbols
        return name in symbols or name.partition("_")[2] in symbols

    def _play(self, keys: Iterable[Key]) -> None:
        for key in keys:
            if key in self._playing:
                continue
            self._subscriptions += 1
            self._playing[key] = self._subscriptions
            for frame in self._venue.recording.frames.get(key, []):
                self._schedule(key, self._subscriptions, frame.offset_s, frames.text(frame.text.encode()))

    def _schedule(self, key: Key, subscription: int, offset_s: float, frame: bytes) -> None:
        def push() -> None:
            if self._playing.get(key) == subscription:
                self._peer.fed_ns = self._venue.clock.now_ns()
                self._peer.send(frame)

        self._venue.later(offset_s, push)

    def _stop(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._playing.pop(key, None)


def _keys(request: ClientFrame) -> list[Key]:
    """Return the streams that a request names; nothing where it names none in a form that is known."""
    payload = request.payload
    if not isinstance(payload, list) or not payload or not all(isinstance(entry, str) for entry in payload):
        return []
    channel = request.channel
    if channel == "spot.obu":
        return [(channel, name.split(".")[1]) for name in payload if name.count(".") == 2]
    if channel == "spot.candlesticks":
        return [(channel, f"{payload[0]}_{payload[1]}")] if len(payload) == 2 else []
    if channel in ("spot.order_book_update", "spot.order_book"):
        return [(channel, payload[0])]
    return (
        [(channel, name) for name in payload] if channel in (*_SILENT, "spot.trades", "spot.tickers") else []
    )


def _pair(pair: str) -> dict[str, object]:
    base, _, quote = pair.partition("_")
    return {
        "id": pair,
        "base": base,
        "quote": quote,
        "fee": "0.2",
        "min_quote_amount": "1",
        "amount_precision": 8,
        "precision": 10,
        "trade_status": "tradable",
        "sell_start": 0,
        "buy_start": 0,
    }
