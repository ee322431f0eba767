"""How a book joins its venue's pushes, and notices that it lost them. Pure: no clock, no socket.

One rule serves all venues (Gate.io section 4.3 and 4.4, MEXC section A6 of the protocol notes): the first change
after a snapshot may straddle it (``first <= sequence + 1 <= last``, sizes are absolute); every later one must
follow exactly (``first == sequence + 1``); one that ends at or before the book is a repeat and dropped. They differ
in where the snapshot comes from, which is the topic's `Seed`.
"""

from collections import deque
from enum import Enum
from math import inf

from feedtree.exchanges.public.book import BadLevel, OrderBook
from feedtree.exchanges.public.codec import RawBook, Seed
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot, BookState

SECOND_LOOK_NS = 1_000_000_000  # REST answers lag by about a second: a look sooner than that proves nothing
REPEATS = 100  # pushes in a row that tell nothing new, beyond which the venue's ids must have gone back
BUFFER = 4096  # pushes held while a snapshot is awaited: 40 s of a 10 ms channel; beyond it the oldest go


# Shared, since an empty deque takes as much memory as forty levels.
_NO_BUFFER: deque[BookDelta] = deque(maxlen=0)


class Outcome(Enum):
    """What a push or snapshot did."""

    APPLIED = "applied"
    DROPPED = "dropped"  # a repeat, or older than the book
    BUFFERED = "buffered"  # waits for the snapshot
    LIVE = "live"  # the book is in step from now on
    GAP = "gap"  # the book is out of step: `reason` says why
    AGAIN = "again"  # the snapshot does not join the pushes: fetch a newer one


# A member of an enum costs ten times a global name, which counts where every change of a book comes by.
_LIVE = BookState.LIVE
_APPLIED = Outcome.APPLIED


class BookSync:
    """One book, its pushes and its snapshots.

    Attributes:
        book: the book itself; also readable while out of step, its state says so.
        reason: why the last GAP was one.
    """

    __slots__ = (
        "_buffer",
        "_candidate",
        "_candidate_ns",
        "_fresh",
        "_repeats",
        "_seed",
        "_spoilt",
        "book",
        "reason",
    )

    def __init__(self, seed: Seed, true_depth: int, window: int = 0) -> None:
        self.book = OrderBook(true_depth, window)
        self.reason = ""
        self._seed = seed
        self._buffer = _buffer_of(seed)
        self._repeats = 0  # pushes in a row that were dropped
        self._fresh = False  # True between a snapshot and the first change after it
        self._spoilt = False  # True where the last gap left something in the book that was not told
        self._candidate: RawBook | None = None  # a snapshot that no push has vouched for yet
        self._candidate_ns = 0  # when it came

    @property
    def seed(self) -> Seed:
        """Where the book's first state comes from."""
        return self._seed

    @property
    def hears(self) -> bool:
        """Whether pushes wait for a snapshot: then it is not the pushes that are missing."""
        return bool(self._buffer)

    def second_look(self, now_ns: int) -> float:
        """Return the seconds until another look can confirm the snapshot that waits; inf where none does."""
        if self._candidate is None:
            return inf
        return max(self._candidate_ns + SECOND_LOOK_NS - now_ns, 0) / 1e9

    def reseed(self, seed: Seed, true_depth: int, window: int = 0) -> None:
        """Take another channel for the same book (a fallback)."""
        self._seed = seed
        self._buffer = _buffer_of(seed)
        self.book.depth = true_depth
        self.book.bids.window = self.book.asks.window = window
        self.restart()

    @property
    def intact(self) -> bool:
        """Whether the book, out of step or not, is as it was after the last change that was APPLIED."""
        return self.book.live or not self._spoilt

    def renew(self) -> OrderBook:
        """Go on with another, empty book; return the one so far, which is somebody else's from now on."""
        book = self.book
        self.book = OrderBook(book.depth, book.bids.window)
        return book

    def lose(self) -> None:
        """Mark the book out of date; its levels stay readable as STALE."""
        if self.book.state is BookState.LIVE:
            self.book.state = BookState.STALE

    def restart(self) -> None:
        """Begin anew: pushes are buffered until a snapshot joins them."""
        self.book.state = BookState.SYNCING
        self._buffer.clear()
        self._candidate = None
        self._fresh = False
        self._repeats = 0

    def delta(self, push: BookDelta) -> Outcome:
        """Take one change.

        Returns:
            APPLIED, DROPPED, BUFFERED, LIVE (this change vouched for the snapshot that waited) or GAP.
        """
        book = self.book
        if book.state is not _LIVE:
            return self._early(push)
        sequence = book.sequence
        if push.first != sequence + 1 and not (self._fresh and push.first <= sequence < push.last):
            if push.last <= sequence:
                return self._repeat(push)
            return self._gap(f"ids {sequence + 1} to {push.first - 1} are missing", push)
        if self._fresh:
            self._fresh = False
            if push.first <= sequence:
                book.doubt_beyond()
        try:
            book.apply(push)
        except BadLevel as error:
            return self._gap(str(error))
        if book.crossed:
            return self._gap(f"crossed at id {push.last}")
        self._repeats = 0
        if book.floors is not None and book.doubtful:
            return self._gap("the market moved beyond what the snapshot showed")
        return _APPLIED

    def _repeat(self, push: BookDelta) -> Outcome:
        """Drop what the book holds already; a book that hears nothing else stands still, and is not live."""
        self._repeats += 1
        if self._repeats <= REPEATS:
            return Outcome.DROPPED
        return self._gap(f"ids went back from {self.book.sequence} to {push.last}", push)

    def _gap(self, reason: str, push: BookDelta | None = None) -> Outcome:
        self.restart()
        self.reason = reason
        self._spoilt = push is None
        if push is not None and self._seed is Seed.REST:
            self._buffer.append(push)
        return Outcome.GAP

    def _early(self, push: BookDelta) -> Outcome:
        if self._seed is not Seed.REST:
            return Outcome.DROPPED  # the snapshot comes on the socket and holds this change
        self._buffer.append(push)
        if self._candidate is None:
            return Outcome.BUFFERED
        outcome = self._join(self._candidate)
        if outcome is Outcome.AGAIN:
            self._candidate = None
            return Outcome.BUFFERED
        return outcome

    def whole(self, push: BookSnapshot) -> Outcome:
        """Take a whole book that came on the socket.

        Returns:
            LIVE, APPLIED (it was live before), DROPPED (older than the book) or GAP (a bad level, or crossed).
        """
        book = self.book
        was_live = book.state is BookState.LIVE
        if was_live and push.sequence < book.sequence:
            return Outcome.DROPPED
        failed = self._load(push.sequence, push.bids, push.asks)
        if failed is not None:
            return failed
        self._go_live(push.received_ns, push.venue_ns, push.sent_ns)
        return Outcome.APPLIED if was_live else Outcome.LIVE

    def snapshot(self, raw: RawBook, received_ns: int) -> Outcome:
        """Take a REST snapshot.

        A snapshot that no push vouches for is believed only when another one, a second later, shows the same id:
        REST answers lag, and a quiet book gives no other evidence.

        Returns:
            LIVE, AGAIN (too old, or not vouched for yet), DROPPED (the book is live already) or GAP.
        """
        if self.book.state is BookState.LIVE:
            return Outcome.DROPPED
        waiting = self._candidate
        if not self._buffer:
            if waiting is None or waiting.sequence != raw.sequence:
                self._candidate = raw
                self._candidate_ns = received_ns
                return Outcome.AGAIN
            if received_ns - self._candidate_ns < SECOND_LOOK_NS:
                return Outcome.AGAIN
            return self._seat(raw, received_ns)
        return self._join(raw)

    def _join(self, raw: RawBook) -> Outcome:
        buffer = self._buffer
        if buffer[0].first > raw.sequence + 1:
            return Outcome.AGAIN
        pushes = [push for push in buffer if push.last > raw.sequence]
        if not pushes:
            # Pushes reach up to the snapshot or end inside it: they vouch that it is not older than they are.
            return self._seat(raw, buffer[-1].received_ns)
        outcome = self._seat(raw, pushes[0].received_ns)
        for push in pushes:
            if self.delta(push) is Outcome.GAP:
                outcome = Outcome.GAP
        return outcome

    def _seat(self, raw: RawBook, received_ns: int) -> Outcome:
        failed = self._load(raw.sequence, raw.bids, raw.asks)
        if failed is not None:
            return failed
        self._go_live(received_ns, raw.venue_ns, None)
        self._fresh = True
        return Outcome.LIVE

    def _load(
        self, sequence: int, bids: list[tuple[float, float]], asks: list[tuple[float, float]]
    ) -> Outcome | None:
        try:
            self.book.load(sequence, bids, asks)
        except BadLevel as error:
            return self._gap(str(error))
        if self.book.crossed:
            return self._gap(f"the snapshot at id {sequence} is crossed")
        return None

    def _go_live(self, received_ns: int, venue_ns: int | None, sent_ns: int | None) -> None:
        book = self.book
        self._spoilt = False
        book.state = BookState.LIVE
        book.changed_ns = received_ns
        book.venue_ns = venue_ns
        book.sent_ns = sent_ns
        self._buffer.clear()
        self._candidate = None


def _buffer_of(seed: Seed) -> deque[BookDelta]:
    """Return what holds pushes until their snapshot is there; only REST's comes on another way than they do."""
    return deque(maxlen=BUFFER) if seed is Seed.REST else _NO_BUFFER
