"""Where a fill stands among those that were told: a cursor that is written out only when somebody asks for its text.

A cursor names up to thousands of fills, and each fill has one that differs little from the last. So they share what
they name: an append-only log in pieces, of which a position holds those that it needs.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

PIECE = 64  # entries of a piece: what a position keeps alive beyond those that it names, at either end


class Entry(Protocol):
    """A fill that was told."""

    @property
    def venue_ns(self) -> int:
        """The venue's time."""
        ...

    def written(self) -> str:
        """Return it as cursors write it."""
        ...


class Position:
    """A place behind a fill that was told; its text is the cursor. Written later it may name more ids of a fill."""

    __slots__ = ("_end", "_head", "_pieces", "_start")

    def __init__(self, head: str, pieces: tuple[list[Entry], ...], start: int, end: int) -> None:
        self._head = head
        self._pieces = pieces
        self._start = start  # in the first piece
        self._end = end  # in the last one

    def __str__(self) -> str:
        return ",".join((self._head, *(entry.written() for entry in self._entries())))

    def __repr__(self) -> str:
        return f"Position({self._head!r}, {sum(1 for _ in self._entries())} fills)"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, Position | str) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))

    def __reduce__(self) -> tuple[Callable[[str], str], tuple[str]]:
        return str, (str(self),)

    def _entries(self) -> Iterator[Entry]:
        last = len(self._pieces) - 1
        for number, piece in enumerate(self._pieces):
            yield from piece[self._start if number == 0 else 0 : self._end if number == last else None]


class Log:
    """The fills that cursors name, in the order in which they were told."""

    def __init__(self) -> None:
        self._pieces: tuple[list[Entry], ...] = ()
        self._start = 0  # in the first piece
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def first(self) -> Entry:
        """The oldest that is left."""
        return self._pieces[0][self._start]

    def append(self, entry: Entry) -> None:
        """Add the newest."""
        if not self._pieces or len(self._pieces[-1]) == PIECE:
            self._pieces = (*self._pieces, [])
        self._pieces[-1].append(entry)
        self._length += 1

    def popleft(self) -> Entry:
        """Leave out the oldest, and return it; positions that name it still do."""
        entry = self.first
        self._length -= 1
        self._start += 1
        if self._start == PIECE:
            self._pieces, self._start = self._pieces[1:], 0
        return entry

    def position(self, head: str) -> Position:
        """Return the place behind the newest.

        Args:
            head: what stands before all that it names.
        """
        end = len(self._pieces[-1]) if self._pieces else 0
        return Position(head, self._pieces, self._start, end)
