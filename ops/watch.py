"""What a running tree looks like from outside, for the live view and for plain lines."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import trio

from feedtree.actors.mailbox import Mailbox
from feedtree.actors.routes import Policy
from feedtree.exchanges.private.hub import PrivateHub
from feedtree.exchanges.private.messages import Fill
from feedtree.exchanges.public.channels import Book, Topic
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.hub import PublicHub
from feedtree.exchanges.public.messages import BookResynced, StreamLost
from feedtree.exchanges.public.records import TopicState
from feedtree.exchanges.public.shard import Recovery, StreamReport
from feedtree.exchanges.public.views import event_rules
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.account_watch import TOLD, account_lines, account_row, fills_lines
from feedtree.ops.missed import Missed
from feedtree.ops.stream_lines import event_lines, live_lines
from feedtree.ops.truth import TruthChecks
from feedtree.ops.view import QuoteRow, RecoveryCells, Screen, StreamRow, price

EVENTS_KEPT = 200
EVENT_PAUSE = 0.2  # s in which stream events are gathered into lines
RATE_WINDOW = 2.0  # s over which messages per second are taken
_QUOTES_IN_A_LINE = 3


class Watch:
    """Follows the feeds and the accounts of a tree.

    Args:
        hub: the tree's public feeds.
        private: the tree's accounts.
        source: ``simulated`` or ``live``.
        epoch: tells the current life of the exchanges, a number that changes when they lost their ids.

    Attributes:
        events: the latest sentences, with their time, oldest first.
        checks: how the books compare with the truth; None where there is none.
    """

    def __init__(self, hub: PublicHub, private: PrivateHub, source: str, epoch: Callable[[], int]) -> None:
        self._hub = hub
        self._private = private
        self._source = source
        self._epoch = epoch
        self._started = trio.current_time()
        self._counts: deque[tuple[float, dict[str, int]]] = deque([(self._started, {})])
        self._missed = Missed()
        self.events: deque[str] = deque(maxlen=EVENTS_KEPT)
        self.checks: TruthChecks | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since the watch began."""
        return trio.current_time() - self._started

    def streams(self) -> list[StreamReport]:
        """Return the account of every stream."""
        return [report for feed in self._hub.feeds.values() for report in feed.streams()]

    def note(self, text: str) -> None:
        """Keep a sentence for the view."""
        self.events.append(f"{time.strftime('%H:%M:%S')} {text}")

    async def follow(self, tell: Callable[[str], None]) -> None:
        """Hand on a line for what is live already and for whatever happens to a stream, until cancelled."""
        mailbox: Mailbox = Mailbox([], event_rules(), name="events")
        for venue, feed in self._hub.feeds.items():
            feed.fanout.attach(mailbox)
            for line in live_lines(
                venue, feed.topics()
            ):  # the first venue may be up while the last is loaded
                tell(line)
        async with mailbox:
            async for burst in mailbox.bursts():
                for message in burst:
                    self._count_missed(message)
                for line in event_lines(burst):
                    tell(line)
                await trio.sleep(EVENT_PAUSE)

    async def follow_accounts(self, tell: Callable[[str], None]) -> None:
        """Hand on a line for whatever happens to an account, and one for its fills, until cancelled."""
        async with self._private.mailbox(*TOLD, Fill, policy=Policy.DROP_OLDEST, name="accounts") as mailbox:
            async for burst in mailbox.bursts():
                fills: dict[str, list[Fill]] = {}
                for message in burst:
                    if isinstance(message, Fill):
                        fills.setdefault(f"{message.venue}/{message.account}", []).append(message)
                for line in (*account_lines(burst), *fills_lines(fills)):
                    tell(line)
                await trio.sleep(EVENT_PAUSE)

    def look(self, keys: Sequence[tuple[str, str]] = ()) -> Screen:
        """Return the screen of now."""
        streams = self.streams()
        rates = self._rates(streams)
        return Screen(
            source=self._source,
            elapsed=self.elapsed,
            rate=sum(rates.values()),
            gaps=sum(stream.gaps for stream in streams),
            quotes=self._quotes({(stream.venue, _shard(stream)): stream.state for stream in streams}),
            streams=[self._stream_row(stream, rates[stream.path]) for stream in streams],
            checks=None if self.checks is None else (self.checks.checked, self.checks.diverged),
            events=list(self.events),
            keys=keys,
            accounts=[account_row(key, store) for key, store in self._private.stores.items()],
        )

    def _count_missed(self, message: Any) -> None:
        if not isinstance(message, StreamLost | BookResynced):
            return
        topic = message.topic
        for feed in self._hub.feeds.values():
            book, status = feed.book(topic), feed.topics().get(topic)
            if book is None or status is None:
                continue
            if isinstance(message, StreamLost):
                self._missed.lost(topic, status.shard, message.generation, book.sequence, self._epoch())
            else:
                self._missed.resynced(topic, status.shard, message.sequence, self._epoch())

    def _rates(self, streams: Iterable[StreamReport]) -> dict[str, float]:
        now = trio.current_time()
        counts = {stream.path: stream.messages for stream in streams}
        self._counts.append((now, counts))
        while len(self._counts) > 2 and now - self._counts[1][0] >= RATE_WINDOW:
            self._counts.popleft()
        then, before = self._counts[0]
        seconds = now - then
        return {
            path: max(0, count - before.get(path, 0)) / seconds if seconds else 0.0
            for path, count in counts.items()
        }

    def _quotes(self, states: dict[tuple[str, str], str]) -> list[QuoteRow]:
        rows: list[QuoteRow] = []
        topics = [
            (topic, feed) for feed in self._hub.feeds.values() for topic in _one_per_symbol(feed.topics())
        ]
        firsts: dict[Symbol, float] = {}
        for topic, feed in sorted(topics, key=lambda pair: (pair[0].symbol, pair[0].venue)):
            row, mid = _quote(feed, topic, states)
            first = firsts.get(topic.symbol)
            if mid is not None and first is None:
                firsts[topic.symbol] = mid
            between = None if mid is None or first is None else (mid / first - 1) * 1e4
            rows.append(QuoteRow(row.symbol, row.venue, row.state, row.bid, row.ask, between))
        return rows

    def _stream_row(self, stream: StreamReport, rate: float) -> StreamRow:
        recovery = stream.recoveries[-1] if stream.recoveries else None
        cells = None
        if recovery is not None:
            missed = None if recovery.live_ns is None else self._missed.count(stream.venue, _shard(stream))
            cells = RecoveryCells(recovery.detected_ms / 1e3, _outage(recovery), missed)
        return StreamRow(stream.path, stream.state, stream.restarts, rate, cells)


def status_line(screen: Screen) -> str:
    """Return a screen's gist in a line."""
    live = sum(stream.state == "live" for stream in screen.streams)
    parts = [
        f"{live} of {len(screen.streams)} streams live",
        f"{screen.rate:,.0f} messages/s",
        f"{screen.gaps} gaps",
        f"{sum(stream.restarts for stream in screen.streams)} restarts",
    ]
    if screen.checks is not None:
        parts.append(f"{screen.checks[0]} books checked, {screen.checks[1]} diverged")
    parts += [
        f"{row.path.removeprefix('private/')} {row.standing}, {row.fills} fills" for row in screen.accounts
    ]
    parts += [
        f"{row.symbol} {row.venue} {row.state if row.bid is None else f'{price(row.bid)} / {price(row.ask)}'}"
        for row in screen.quotes[:_QUOTES_IN_A_LINE]
    ]
    return "; ".join(parts)


def _quote(feed: Feed, topic: Topic, states: dict[tuple[str, str], str]) -> tuple[QuoteRow, float | None]:
    """Return a row without its `between`, and the mid price where the book is live."""
    status = feed.topics()[topic]
    stream = states.get((topic.venue, status.shard), "down")
    refused = status.state is TopicState.REJECTED
    own = refused or stream in ("live", "syncing")
    state = str(status.state) if own else stream
    book = feed.book(topic)
    view = book.view(1, 0) if book is not None and book.live and own else None
    bid, ask = (view.best_bid, view.best_ask) if view else (None, None)
    mid = None if bid is None or ask is None else (bid + ask) / 2
    return QuoteRow(str(topic.symbol), topic.venue, state, bid, ask), mid


def _one_per_symbol(topics: Iterable[Topic]) -> list[Topic]:
    """Return a topic of each symbol, its first book where it has one."""
    chosen: dict[Symbol, Topic] = {}
    for topic in topics:
        known = chosen.get(topic.symbol)
        if known is None or (isinstance(topic.channel, Book) and not isinstance(known.channel, Book)):
            chosen[topic.symbol] = topic
    return list(chosen.values())


def _shard(stream: StreamReport) -> str:
    return stream.path.rpartition("/")[2]


def _outage(recovery: Recovery) -> float | None:
    return None if recovery.live_ns is None else (recovery.live_ns - recovery.lost_ns) / 1e9
