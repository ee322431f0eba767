"""MEXC spot's public protocol: binary frames are data, text frames are control."""

from collections.abc import Sequence

from google.protobuf.message import DecodeError

from feedtree.exchanges.controls import Payload, Undecodable, Unknown
from feedtree.exchanges.mexc.proto.reading_pb2 import Push
from feedtree.exchanges.mexc.replies import PING, SHOWN
from feedtree.exchanges.mexc.spot_control import Requests
from feedtree.exchanges.mexc.spot_pushes import TRANSLATIONS, Translate
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.codec import Control, Decoded, Refused, Request, WireTopic
from feedtree.exchanges.symbols import SymbolMap


class MexcSpotCodec:
    """The public protocol of one MEXC spot connection; a `PublicCodec`.

    Args:
        symbols: not needed, since a push names its whole topic.
    """

    __slots__ = ("_requests", "_routes")

    def __init__(self, symbols: SymbolMap) -> None:
        self._requests = Requests()
        self._routes: dict[str, tuple[Translate, Topic]] = {}  # key -> how its pushes are read

    def subscribe(self, topics: Sequence[WireTopic], now: float) -> list[Request]:
        """Return one frame for all of these topics."""
        if not topics:
            return []
        for topic in topics:
            self._routes[topic.key] = (TRANSLATIONS[topic.channel][1], topic.topic)
        return [self._requests.subscribe(tuple(topics))]

    def unsubscribe(self, topics: Sequence[WireTopic], now: float) -> list[Request]:
        """Return one frame that ends these topics; their late pushes are `Unknown` from now on."""
        if not topics:
            return []
        for topic in topics:
            self._routes.pop(topic.key, None)
        return [self._requests.unsubscribe(tuple(topics))]

    def ping(self, now: float) -> Payload:
        """Return MEXC's JSON ping; the websocket's own ping is said to stay unanswered."""
        return PING

    def decode(self, payloads: Sequence[Payload], received_ns: int) -> list[Decoded]:
        """Translate one burst, in order; see `PublicCodec.decode`."""
        decoded: list[Decoded] = []
        routes = self._routes
        parse = Push.FromString
        for payload in payloads:
            if isinstance(payload, str):
                decoded += self._read_text(payload)
                continue
            try:
                push = parse(payload)
            except DecodeError as error:
                decoded.append(Undecodable(payload, str(error)))
                continue
            route = routes.get(push.channel)
            if route is None:
                decoded.append(Unknown(f"a push on {push.channel[:SHOWN]!r}"))
                continue
            translate, topic = route
            try:
                decoded += translate(topic, push, received_ns) or (
                    Unknown(f"an empty push on {push.channel}"),
                )
            except (ValueError, DecodeError) as error:
                decoded.append(_unread(push, payload, str(error)))
        return decoded

    def _read_text(self, text: str) -> Sequence[Control]:
        controls = self._requests.read(text)
        for control in controls:
            if isinstance(control, Refused):
                self._forget(control.topics)
        return controls

    def _forget(self, refused: Sequence[WireTopic]) -> None:
        for topic in refused:
            if not self._requests.asks_for(topic.key):
                self._routes.pop(topic.key, None)


def _unread(push: Push, payload: bytes, error: str) -> Control:
    """Tell a push with another body than its channel's (legal, unknown) from one that is broken."""
    channel = push.channel
    expected = next(body for name, (body, _) in TRANSLATIONS.items() if channel.startswith(name))
    body = push.WhichOneof("body")
    if body == expected:
        return Undecodable(payload, f"{channel}: {error}")
    return Unknown(f"a push on {channel} with {body or 'a body of unknown kind'}")
