"""A connection that answers pings and sends no data. Pure: times are arguments.

The usual interval between useful bursts is measured; silence of ten times that interval, and of at least
`LEAST` seconds, puts the stream in doubt. Before enough is known nothing is: a quiet market is no fault. A stream whose
market was found silent before (`FalseAlarms`) gets more patience. Where the line stands still, or stood still, nothing
could come: there is a rest, but only once in a while, since a line that is too narrow stands still again and again.
"""

from collections import deque
from math import inf
from statistics import median

LEAST = 1.5  # seconds: with a usual interval under 0.15 s silence is found in under 2 s, the rest included
REST = 0.45  # seconds more where the line stood still
REST_EVERY = 10.0  # seconds within which there is one
FACTOR = 10.0
SAMPLES = 64
ENOUGH = 16
STILL = 0.25  # seconds from which a line stood still
SPACING = 0.02  # seconds between samples: bursts that follow closer count as one


class Silence:
    """Measures the interval of useful bursts of one connection.

    Args:
        now: when it begins.
        patience: see there.

    Attributes:
        last: when the last one came, or silence began to count.
        patience: how many times as long as usual silence may last.
    """

    __slots__ = ("_limit", "_rest_from", "_samples", "_since", "_stood_still", "_unseen", "last", "patience")

    def __init__(self, now: float, patience: float = 1.0) -> None:
        self.patience = patience
        self._samples: deque[float] = deque(maxlen=SAMPLES)
        self.last = now
        self._since = now
        self._rest_from = now  # the next one
        self._stood_still = False  # the line, since the last burst
        self._limit = inf
        self._unseen = 0  # samples since the limit was found

    def heard(self, now: float) -> None:
        """Note a useful burst."""
        interval = now - self._since
        self.last = now
        if interval >= SPACING:
            self._since = now
            self._samples.append(interval)
            self._unseen += 1
            # Fifty medians a second would cost too much; a sample that may raise the limit is looked at at once.
            raises = interval > LEAST / FACTOR
            if raises:
                self._end_rest(interval, now)
            if len(self._samples) >= ENOUGH and (raises or self._unseen >= ENOUGH):
                self._unseen = 0
                self._limit = max(LEAST, FACTOR * median(self._samples))

    def _end_rest(self, interval: float, now: float) -> None:
        self._stood_still = False
        if interval > self._limit * self.patience:
            self._rest_from = now + REST_EVERY

    def moved(self, now: float) -> None:
        """Begin anew after a pause that was ours (a blocked loop, a full mailbox)."""
        self.last = self._since = now
        self._stood_still = False

    def stood_still(self, seconds: float) -> None:
        """Note that for so long nothing could come."""
        self._stood_still = self._stood_still or seconds >= STILL

    def deadline(self, *, still: bool = False) -> float:
        """Return the time from which silence is a fault; infinity while the interval is not known.

        Args:
            still: whether the line seems to stand still.
        """
        at = self.last + self._limit * self.patience
        return at + REST if (still or self._stood_still) and at >= self._rest_from else at
