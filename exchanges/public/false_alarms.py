"""Silence that was the market's own: what a connection ended for it has to say afterwards. Pure: times are arguments.

A market that is silent for ten times its usual interval is rare, and among many streams it happens all the same: by
chance alone once in a thousand intervals, and more often where trades come in clusters. The ids of books tell
afterwards who was silent. Where hardly any book had moved, nothing was missed, and the connection was ended for
nothing: then this stream is waited for twice as long, for an hour.
"""

from collections import deque
from collections.abc import Iterable

from feedtree.exchanges.public.channels import Topic

HOLDS = 3_600.0  # seconds
DOUBLINGS = 3
FEW = 4  # more than a fourth of the books have moved where the venue was silent: for seven of their changes, or more


class FalseAlarms:
    """Judges, once a stream is back, why it had been silent. It outlives incarnations.

    Attributes:
        open: whether an alarm is not judged yet: until then each book's first id is wanted.
    """

    __slots__ = ("_before", "_books", "_moved", "_times", "open")

    def __init__(self) -> None:
        self.open = False
        self._times: deque[float] = deque(maxlen=DOUBLINGS)  # of the newest false ones
        self._before: dict[Topic, int] = {}  # books that nothing was heard of since
        self._books = 0
        self._moved = 0

    def raised(self, books: Iterable[tuple[Topic, int]]) -> None:
        """Note that a connection is ended for its silence.

        Args:
            books: those that were in step, with the id of the last change in each.
        """
        self._before = dict(books)
        self._books = len(self._before)
        self._moved = 0
        self.open = self._books > 0

    def heard(self, topic: Topic, following: int) -> None:
        """Note where a book goes on; only the first time of each counts.

        Args:
            topic: of the book.
            following: the id of the first change that can be applied: of a push its first, of a snapshot the next one.
        """
        before = self._before.pop(topic, None)
        if before is not None and following > before + 1:
            self._moved += 1

    def judged(self, now: float) -> bool:
        """Judge an open alarm, now that the stream is back; return whether it was false."""
        unheard = len(self._before)
        self.open = False
        self._before = {}
        false = not unheard and self._moved <= self._books // FEW
        if false:
            self._times.append(now)
        return false

    def patience(self, now: float) -> float:
        """Return how many times as long as usual the stream is to be waited for."""
        while self._times and self._times[0] <= now - HOLDS:
            self._times.popleft()
        return 2.0 ** len(self._times)
