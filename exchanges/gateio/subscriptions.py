"""Who asked for what, and what Gate.io's answers mean: the ledger of one connection's requests."""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct

from feedtree.exchanges.controls import Unknown
from feedtree.exchanges.gateio.channels import BOOK_TICKER, OBU, TICKERS, TRADES
from feedtree.exchanges.gateio.endpoints import TOPICS_PER_FRAME
from feedtree.exchanges.gateio.messages import Envelope
from feedtree.exchanges.public.codec import Confirmed, Control, Refused, Removed, Request, Resend, WireTopic

_BATCHED = frozenset({TICKERS, TRADES, BOOK_TICKER, OBU})  # elsewhere the payload is one topic's, positional
_OPEN_REQUESTS = 4096  # more than that unanswered: the oldest are forgotten, their answers become `Unknown`
_TOKEN = re.compile(r"[^\s,:;\"'\[\]()]+")


class _Ask(Struct):
    id: int
    channel: str
    event: str
    payload: list[str]
    topics: tuple[WireTopic, ...]


class Ledger:
    """The requests that wait for an answer, in the order in which they were made."""

    __slots__ = ("_last_id", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[str, _Ask] = {}  # by the text of its id
        self._last_id = 0

    def requests(self, event: str, topics: Sequence[WireTopic], now: float) -> list[Request]:
        """Write the frames for these topics, many to a frame where the channel takes many.

        Args:
            event: ``subscribe`` or ``unsubscribe``.
            topics: in the order in which they are wanted.
            now: UTC seconds.
        """
        return [self._ask(event, group, int(now)) for group in _frames(topics)]

    def answer(self, reply: Envelope) -> list[Control]:
        """Return what a reply decides: matched by id, else by its echoed payload, else by order."""
        ask = self._matching(reply)
        if ask is None:
            return [Unknown(f"an answer to no request: {str(reply.channel)[:80]} {reply.event}")]
        del self._waiting[str(ask.id)]
        if ask.event == "unsubscribe":
            return [Removed(ask.topics)]  # even where refused: then it was not there
        words = _refusal(reply)
        if words is None:
            return [Confirmed(ask.topics)]
        return judge(ask.topics, words)

    def awaits(self, topic: WireTopic) -> bool:
        """Tell whether a subscription to this topic is unanswered."""
        return any(ask.event == "subscribe" and topic in ask.topics for ask in self._waiting.values())

    def _ask(self, event: str, topics: tuple[WireTopic, ...], now: int) -> Request:
        self._last_id += 1  # int32 by the venue's advice; a connection never gets there
        ask = _Ask(
            self._last_id,
            topics[0].channel,
            event,
            [param for topic in topics for param in topic.params],
            topics,
        )
        self._waiting[str(ask.id)] = ask
        if len(self._waiting) > _OPEN_REQUESTS:
            del self._waiting[next(iter(self._waiting))]
        frame = {
            "time": now,
            "id": ask.id,
            "channel": ask.channel,
            "event": ask.event,
            "payload": ask.payload,
        }
        return Request(msgspec.json.encode(frame).decode(), topics)

    def _matching(self, reply: Envelope) -> _Ask | None:
        if reply.id is not None:
            named = self._waiting.get(str(reply.id))
            if named is not None and named.channel == reply.channel and named.event == reply.event:
                return named
        candidates = [
            ask for ask in self._waiting.values() if ask.channel == reply.channel and ask.event == reply.event
        ]
        if isinstance(reply.payload, list):
            for ask in candidates:
                if ask.payload == reply.payload:
                    return ask
        if reply.id is None and reply.payload is None and candidates:
            return candidates[0]
        return None


def judge(topics: tuple[WireTopic, ...], words: str) -> list[Control]:
    """Return what follows from a frame that was refused as a whole.

    The topics that the venue names are refused and the rest is asked for again; where it names none of many,
    each half is. ``Alert sub`` says that a topic is subscribed already: as good as confirmed.
    """
    tokens = set(_TOKEN.findall(words))
    if topics[0].channel in tokens:  # the channel itself is unknown here
        return [Refused(topics, words)]
    named = topics if len(topics) == 1 else tuple(topic for topic in topics if tokens & _names(topic))
    rest = tuple(topic for topic in topics if topic not in named)
    if words.startswith("Alert sub") and named:
        return [Confirmed(named), *_again(rest)]
    if named and (rest or len(topics) == 1):
        return [Refused(named, words), *_again(rest)]
    half = len(topics) // 2
    return [Resend((topics[:half], topics[half:]))]


def _again(rest: tuple[WireTopic, ...]) -> Iterator[Resend]:
    if rest:
        yield Resend((rest,))


def _names(topic: WireTopic) -> set[str]:
    symbol = topic.topic.symbol
    return {topic.params[0], f"{symbol.base}_{symbol.quote}"}


def _frames(topics: Iterable[WireTopic]) -> list[tuple[WireTopic, ...]]:
    frames: list[list[WireTopic]] = []
    filling: dict[str, list[WireTopic]] = {}  # channel -> its frame that has room
    for topic in topics:
        frame = filling.get(topic.channel)
        if frame is None or len(frame) == TOPICS_PER_FRAME:
            frame = []
            frames.append(frame)
            if topic.channel in _BATCHED:
                filling[topic.channel] = frame
        frame.append(topic)
    return [tuple(frame) for frame in frames]


def _refusal(reply: Envelope) -> str | None:
    match reply.error:
        case None:
            pass
        case {"message": str(message), "code": code} if message.strip():
            return f"{message.strip()[:500]} (code {str(code)[:20]})"
        case error:
            return str(error)[:500]
    match reply.result:
        case {"status": str(status)} if status != "success":
            return f"status {status[:80]}"
    return None
