"""What a venue pushes: streams, each encoded once for all its subscribers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import ClassVar

from feedtree.ops.sim.journal import Journal
from feedtree.ops.sim.peer import Peer
from feedtree.ops.sim.switches import VenueSwitches

TICK_S = 0.01  # the finest push interval of both venues
TICKS_PER_S = 100


class Stream(ABC):
    """One subscribable stream. Its state is shared by all its subscribers, as at a real gateway.

    Args:
        period: ticks from one push to the next.

    Attributes:
        subscribers: in order of subscription.
        swallow: that many of the next pushes are lost on purpose.
        repeat: that many of the next pushes are sent twice on purpose.
        mute_until_ns: until then nothing is pushed on purpose.
    """

    is_book: ClassVar[bool] = False

    def __init__(self, period: int) -> None:
        self.period = period
        self.subscribers: dict[Peer, None] = {}
        self.swallow = 0
        self.repeat = 0
        self.mute_until_ns = 0
        self.pushes = 0

    @abstractmethod
    def start(self) -> None:
        """Begin at the market's present state: the first subscriber came."""

    @abstractmethod
    def due(self, now_ns: int) -> list[bytes]:
        """Return the frames of this push; none where there is nothing to tell."""

    def welcome(self, now_ns: int) -> list[bytes]:
        """Return the frames that a new subscriber alone gets at once."""
        return []


class Streams:
    """All streams of one venue that have subscribers, and when they push.

    Streams of one period are spread over it, so that not all books are written in one tick. Clients share a stream,
    unless the switch ``own_windows`` gives each one of its own.

    Args:
        switches: of the venue.
        journal: of the venue.
    """

    def __init__(self, switches: VenueSwitches, journal: Journal) -> None:
        self._switches = switches
        self._journal = journal
        self._known: dict[Hashable, Stream] = {}
        self._phases: dict[Hashable, int] = {}
        self._began = 0  # streams that were made

    def __len__(self) -> int:
        return len(self._known)

    def join(self, key: Hashable, peer: Peer, make: Callable[[], Stream]) -> Stream:
        """Subscribe a client to a stream, which is made and started where nobody had it."""
        if self._switches.own_windows:
            key = _own(key, peer)
        stream = self._known.get(key)
        if stream is None:
            stream = self._known[key] = make()
            self._began += 1
            self._phases[key] = self._began if self._switches.own_windows else len(self._phases)
            stream.start()
        stream.subscribers[peer] = None
        return stream

    def leave(self, key: Hashable, peer: Peer) -> None:
        """End a client's subscription; nothing happens where it has none."""
        if (own := _own(key, peer)) in self._known:
            key = own
        stream = self._known.get(key)
        if stream is None:
            return
        stream.subscribers.pop(peer, None)
        if not stream.subscribers:
            del self._known[key]
            del self._phases[key]

    def matching(self, symbol: str) -> list[Stream]:
        """Return the book streams of a symbol in the venue's spelling, or all where it is empty."""
        return [
            stream
            for key, stream in self._known.items()
            if stream.is_book and (not symbol or (isinstance(key, tuple) and symbol in key))
        ]

    def listeners(self, symbol: str) -> list[Peer]:
        """Return who has a stream of a symbol in the venue's spelling, or of any where it is empty."""
        found: dict[Peer, None] = {}
        for key, stream in self._known.items():
            if not symbol or (isinstance(key, tuple) and symbol in key):
                found.update(stream.subscribers)
        return list(found)

    def push(self, tick: int, now_ns: int) -> None:
        """Queue what is due in this tick."""
        for key, stream in self._known.items():
            if not (tick + self._phases[key]) % stream.period:
                batch = stream.due(now_ns)
                if stream.is_book:
                    batch = [] if now_ns < stream.mute_until_ns else self._tampered(stream, batch)
                if batch:
                    self._deliver(stream, batch, now_ns)

    def _deliver(self, stream: Stream, batch: list[bytes], now_ns: int) -> None:
        for peer in stream.subscribers:
            peer.push(batch)
            peer.fed_ns = now_ns
        self._journal.counts["pushed"] += len(batch) * len(stream.subscribers)
        for frame in batch:
            self._journal.add(now_ns, "*", "push", frame)

    def _tampered(self, stream: Stream, batch: list[bytes]) -> list[bytes]:
        if not batch:
            return batch
        stream.pushes += 1
        if stream.swallow or _every(stream.pushes, self._switches.skip_every):
            stream.swallow = max(0, stream.swallow - 1)
            self._journal.counts["swallowed"] += 1
            return []
        if stream.repeat or _every(stream.pushes, self._switches.repeat_every):
            stream.repeat = max(0, stream.repeat - 1)
            self._journal.counts["repeated"] += 1
            return batch * 2
        return batch


def _own(key: Hashable, peer: Peer) -> Hashable:
    """Return the key of a stream that is one client's alone; it keeps the symbol, by which faults find it."""
    return (*key, peer) if isinstance(key, tuple) else (key, peer)


def _every(count: int, nth: int) -> bool:
    return bool(nth) and count % nth == 0
