"""The gap ledger: every interval in which a stream told nothing, why, and how it was closed. Pure.

It knows neither market data nor accounts: an entry names a topic or an account as text.
"""

import sys
from collections import deque
from collections.abc import Iterable
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

KEPT = 10_000  # closed entries of one ledger; of older ones only the number is known

Closing: TypeAlias = Literal["snapshot", "replayed", "lost"]


class Gap(Struct, frozen=True, gc=False):
    """One interval not covered by live data.

    Args:
        key: what was not told of: a topic as text, or an account's path.
        venue: ``gateio.spot``.
        cause: why, in a line; never empty.
        begin_ns: when the last good datum before it came.
        end_ns: when live data went on; None while the gap is open.
        closed: what became of what passed meanwhile. ``snapshot``: the state after it was taken whole.
            ``replayed``: all of it was fetched afterwards and told. ``lost``: some of it may never be told.
            Empty while the gap is open.
    """

    key: str
    venue: str
    cause: str
    begin_ns: int
    end_ns: int | None = None
    closed: Literal["", "snapshot", "replayed", "lost"] = ""

    @property
    def seconds(self) -> float | None:
        """How long it was; None while it is open."""
        return None if self.end_ns is None else (self.end_ns - self.begin_ns) / 1e9


class GapLedger:
    """The gaps of one feed or account. A key has one open gap at most.

    Open gaps are kept whatever their number, for they end; of closed ones the newest are.

    Args:
        venue: whose they are.
        kept: how many closed gaps are remembered.

    Attributes:
        venue: see there.
        dropped: how many closed gaps were forgotten for newer ones.
    """

    __slots__ = ("_closed", "_open", "_waived", "dropped", "venue")

    def __init__(self, venue: str, kept: int = KEPT) -> None:
        self.venue = venue
        self._closed: deque[Gap] = deque(maxlen=kept)
        self._open: dict[str, Gap] = {}
        self._waived = ""
        self.dropped = 0

    def waive(self, cause: str) -> None:
        """Begin no gap for this cause from now on: what ends for good misses nothing that anybody waits for."""
        self._waived = cause

    def open(self, key: str, begin_ns: int, cause: str) -> None:
        """Begin a gap; what goes wrong while one is open belongs to it, and changes nothing.

        Raises:
            ValueError: the cause is empty.
        """
        if not cause:
            raise ValueError(f"{key}: a gap needs a cause")
        if key not in self._open and cause != self._waived:
            key = sys.intern(key)  # thousands of entries have few keys and causes
            self._open[key] = Gap(key, self.venue, sys.intern(cause), begin_ns)

    def close(self, key: str, end_ns: int, how: Closing) -> None:
        """End the open gap of a key, where there is one. It never ends before it began: clocks are set back."""
        gap = self._open.pop(key, None)
        if gap is None:
            return
        if len(self._closed) == self._closed.maxlen:
            self.dropped += 1
        self._closed.append(replace(gap, end_ns=max(end_ns, gap.begin_ns), closed=how))

    def pending(self, key: str) -> Gap | None:
        """Return the open gap of a key, None where there is none."""
        return self._open.get(key)

    def end(self, now_ns: int) -> None:
        """Close what is open as lost, since nothing will follow."""
        for key in list(self._open):
            self.close(key, now_ns, "lost")

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._closed) + len(self._open)

    def gaps(self) -> list[Gap]:
        """Return what is remembered, by begin: closed gaps and open ones."""
        return by_begin((*self._closed, *self._open.values()))


class PastGaps:
    """The gaps of feeds and accounts that are closed, the newest of them; and with them those of the open ones.

    Args:
        kept: how many are remembered.
    """

    __slots__ = ("_dropped", "_gaps")

    def __init__(self, kept: int = KEPT) -> None:
        self._gaps: deque[Gap] = deque(maxlen=kept)
        self._dropped = 0

    def take(self, ledger: GapLedger) -> None:
        """Take in what a ledger remembers; it is used no more."""
        gaps = ledger.gaps()
        self._dropped += ledger.dropped + max(len(self._gaps) + len(gaps) - (self._gaps.maxlen or 0), 0)
        self._gaps.extend(gaps)

    def gaps(self, ledgers: Iterable[GapLedger] = ()) -> list[Gap]:
        """Return what is remembered, as it was taken in, and behind it what ledgers remember that are in use."""
        return [*self._gaps, *(gap for ledger in ledgers for gap in ledger.gaps())]

    def dropped(self, ledgers: Iterable[GapLedger] = ()) -> int:
        """Return how many were forgotten: here, by the ledgers that were taken in, and by those in use."""
        return self._dropped + sum(ledger.dropped for ledger in ledgers)


def by_begin(gaps: Iterable[Gap]) -> list[Gap]:
    """Return gaps, oldest first."""
    return sorted(gaps, key=lambda gap: gap.begin_ns)
