"""All rows of a stretch of time, where the venue gives so many at once: what to ask for next. Pure.

Nobody documents which end of a stretch a full page is of, nor whether a stretch is meant in exact or in rounded times.
So a full page proves nothing: what lies before and behind it is asked for, too, until the pages are not full. Once the
newest rows of a page were the newest of its stretch, later pages are taken to begin at that end. Where a page is full
in one millisecond (or second, as the venue rounds) nothing can be asked any more: that is left open, and told.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from msgspec import Struct

Row = TypeVar("Row")

ROUNDED_MS = 1000  # times may be rounded down to seconds
MOST_PAGES = 50  # of one sweep; a venue that does not mind the stretch would be asked for ever


class Stretch(Struct, frozen=True):
    """A stretch of time, both ends in it, UTC milliseconds."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first} to {self.last} ms"


class Sweep(Generic[Row]):
    """One question for all rows of a stretch: ask for `wanted`, and `take` the page, until nothing is wanted.

    Args:
        whole: the stretch.
        size: rows that a page holds at most.
        time_ms: of a row.
        identity: of a row; pages overlap.
    """

    def __init__(
        self, whole: Stretch, size: int, time_ms: Callable[[Row], int], identity: Callable[[Row], Hashable]
    ) -> None:
        self.size = size
        self._time_ms = time_ms
        self._identity = identity
        self._wanted = [whole]  # the last one is next
        self._rows: dict[Hashable, Row] = {}
        self._pages = 0
        self._probe: Stretch | None = None  # newer than a full page
        self._newest_first = False
        self.left_open: list[Stretch] = []

    @property
    def wanted(self) -> Stretch | None:
        """What to ask for next; None when all is known that can be."""
        return self._wanted[-1] if self._wanted else None

    def rows(self) -> list[Row]:
        """Return the rows, oldest first; those of one time as they came, read from the page's end."""
        rows = list(self._rows.values())[::-1]
        return sorted(rows, key=self._time_ms)

    def take(self, page: list[Row]) -> None:
        """Take the page of what was wanted."""
        asked = self._wanted.pop()
        known = len(self._rows)
        for row in page:
            self._rows.setdefault(self._identity(row), row)
        if asked == self._probe:
            self._newest_first = len(self._rows) == known
        self._pages += 1
        if len(page) >= self.size:
            self._divide(asked, page)
        if self._pages >= MOST_PAGES:
            self.left_open += self._wanted
            self._wanted.clear()

    def _divide(self, asked: Stretch, page: list[Row]) -> None:
        if asked.first >= asked.last:
            self.left_open.append(asked)
            return
        times = [self._time_ms(row) for row in page]
        earliest, latest = min(times), max(times)
        if earliest == latest:
            parts = _around(asked, latest)
        else:
            rounded = all(time % ROUNDED_MS == 0 for time in times)
            older = Stretch(asked.first, min(earliest + (ROUNDED_MS - 1) * rounded, asked.last))
            newer = Stretch(max(latest, asked.first), asked.last)
            parts = [older] if self._newest_first else [older, newer]
            self._probe = newer
        parts = [part for part in parts if part.first <= part.last]
        self._wanted += _halves(asked) if asked in parts or not parts else parts


def _around(asked: Stretch, time: int) -> list[Stretch]:
    """Divide a stretch of which a page shows one time only; rows of a second may all show its beginning."""
    if asked.first < time:
        return [Stretch(asked.first, time - 1), Stretch(time, asked.last)]
    if asked.first == time:
        return [Stretch(time, time), Stretch(time + 1, asked.last)]
    return _halves(asked)


def _halves(asked: Stretch) -> list[Stretch]:
    middle = (asked.first + asked.last) // 2
    return [Stretch(asked.first, middle), Stretch(middle + 1, asked.last)]
