"""What is heard of each line: its outages, its trades by id, its account's messages."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import trio

from feedtree.actors.routes import Policy
from feedtree.exchanges.private.messages import AccountMessage, AccountStreamLost, AccountStreamUp
from feedtree.exchanges.private.websocket import BasePrivateWebsocket
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.messages import BookResynced, MarketData, StreamLost, StreamUp
from feedtree.exchanges.public.websocket import BasePublicWebsocket
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.chaos.campaign.lines import Line
from feedtree.ops.chaos.campaign.outages import Outages

_INTERVALS = 64  # of the last bursts
_ROOM = 1_000_000  # messages that an account's listener may be behind


class PublicTrack:
    """One public line, as a tap of its feed sees it.

    Args:
        line: which.
        websocket: that it belongs to.
        wall_ns: UTC nanoseconds.

    Attributes:
        outages: of the line.
        trades: the ids that a consumer got, in order.
    """

    def __init__(self, line: Line, websocket: BasePublicWebsocket, wall_ns: Callable[[], int]) -> None:
        self.line = line
        self.websocket = websocket
        self.outages = Outages(wall_ns)
        self.trades: dict[Symbol, list[str]] = {symbol: [] for symbol in line.symbols}
        self._down: set[Topic] = set(websocket.topics())
        self._bursts: deque[float] = deque(maxlen=_INTERVALS)
        websocket.tap(self.see, f"campaign {line}")

    @property
    def generation(self) -> int:
        """The number of the connection that may publish."""
        return self.websocket.feed.plan()[0].generation

    @property
    def carried(self) -> bool:
        """Whether as many connections carry it as are to, all of them live: none takes over at the moment."""
        slots = self.websocket.feed.plan()[0].slots.values()
        return len(slots) == 1 + self.line.twofold and all(slot.state == "live" for slot in slots)

    def relieve(self) -> None:
        """Have another connection take over, as when this one has lived for long enough."""
        (slot,) = self.websocket.feed.plan()[0].slots.values()
        slot.leaving.set()

    @property
    def interval(self) -> float:
        """The median time between the last bursts, in seconds; 0 before there were two."""
        times = list(self._bursts)
        return median(after - before for before, after in pairwise(times)) if len(times) > 1 else 0

    def see(self, burst: list[Any]) -> None:
        """Take a burst."""
        down, data = self._down, False
        for message in burst:
            if isinstance(message, MarketData):
                data = True
                if down and message.topic in down:
                    self.outages.wrong.append(f"{message.topic} told something while it was lost")
            elif isinstance(message, StreamLost):
                down.add(message.topic)
                self.outages.lost(message.cause, message.generation)
            elif isinstance(message, StreamUp | BookResynced):
                down.discard(message.topic)
                if not down:
                    self.outages.up(message.generation)
        if data:
            self._bursts.append(trio.current_time())
            self.outages.datum()


class PrivateTrack:
    """One account, as a consumer of all its messages sees it.

    Args:
        line: which.
        websocket: of the account.
        wall_ns: UTC nanoseconds.

    Attributes:
        outages: of its stream.
        messages: everything that came, in order.
        kept: of which kind messages are kept; by default of any.
    """

    def __init__(self, line: Line, websocket: BasePrivateWebsocket, wall_ns: Callable[[], int]) -> None:
        self.line = line
        self.websocket = websocket
        self.outages = Outages(wall_ns)
        self.messages: list[AccountMessage] = []
        self.kept: type = object

    @property
    def generation(self) -> int:
        """The number of the latest connection of the stream."""
        return self.websocket.account.store.streams.generation

    @property
    def carried(self) -> bool:
        """Whether one connection carries it: none takes over at the moment."""
        return len(self.websocket.account.slots.wanted) == 1

    def relieve(self) -> None:
        """Have another connection take over, as when this one has lived for long enough."""
        slots = self.websocket.account.slots
        slots.relieve(slots.wanted[0])

    async def run(self) -> None:
        """Listen, until cancelled."""
        async with self.websocket.mailbox(policy=Policy.FAIL, capacity=_ROOM) as mailbox:
            async for burst in mailbox.bursts():
                self.see(burst)

    def see(self, burst: Sequence[Any]) -> None:
        """Take what came."""
        for message in burst:
            if issubclass(type(message), self.kept):
                self.messages.append(message)
            if isinstance(message, AccountStreamLost):
                self.outages.lost(message.cause, message.generation)
            elif isinstance(message, AccountStreamUp):
                self.outages.datum()
                self.outages.up(message.generation)
            else:
                self.outages.datum()


Track = PublicTrack | PrivateTrack
