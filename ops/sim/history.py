"""What every id of a book changed, for the last minute.

Ids are consecutive, so an id is an index. A change is told by its signed price (see `orderbook`), the
quantity before and after, and its time.
"""

from array import array
from bisect import bisect_right
from collections.abc import Mapping

KEPT_S = 60
KEPT_IDS = 5_000
_TRIM_IDS = 1_000  # fewer than that are not worth moving the arrays


class History:
    """The changes of one book, the newest last.

    Changes older than `KEPT_S` seconds are dropped, but never the newest `KEPT_IDS`.

    Args:
        first_id: the id before the first change.
    """

    __slots__ = ("_after", "_at", "_before", "_keys", "last_id")

    def __init__(self, first_id: int) -> None:
        self.last_id = first_id
        self._keys = array("q")
        self._before = array("q")
        self._after = array("q")
        self._at = array("q")

    @property
    def oldest_id(self) -> int:
        """The oldest id whose book can be told."""
        return self.last_id - len(self._keys)

    @property
    def last_at_ns(self) -> int:
        """When the newest change was made; 0 where there is none."""
        return self._at[-1] if self._at else 0

    def record(self, key: int, before: int, after: int, at_ns: int) -> None:
        """Add one change under the next id."""
        self._keys.append(key)
        self._before.append(before)
        self._after.append(after)
        self._at.append(at_ns)
        self.last_id += 1

    def trim(self, now_ns: int) -> None:
        """Drop what is too old to be kept."""
        spare = len(self._keys) - KEPT_IDS
        old = min(spare, bisect_right(self._at, now_ns - KEPT_S * 1_000_000_000))
        if old < _TRIM_IDS:
            return
        for column in (self._keys, self._before, self._after, self._at):
            del column[:old]

    def at_ns(self, number: int) -> int:
        """Return when the change of this id was made; 0 where it is not known any more."""
        index = number - self.oldest_id - 1
        return self._at[index] if 0 <= index < len(self._at) else 0

    def id_at(self, at_ns: int) -> int:
        """Return the newest id that was there at a time, or the oldest one that is known."""
        return self.oldest_id + bisect_right(self._at, at_ns)

    def changed(self, after_id: int, up_to_id: int) -> dict[int, int]:
        """Return every key changed after one id and up to another, with its quantity at the latter."""
        offset = self.oldest_id
        start, stop = max(0, after_id - offset), up_to_id - offset
        return dict(zip(self._keys[start:stop], self._after[start:stop], strict=True))

    def rewind(self, quantities: Mapping[int, int], to_id: int) -> dict[int, int]:
        """Return the book at an earlier id.

        Args:
            quantities: the newest book, signed price -> quantity.
            to_id: one of `oldest_id` to `last_id`.
        """
        book = dict(quantities)
        keep = to_id - self.oldest_id
        for index in range(len(self._keys) - 1, keep - 1, -1):
            before = self._before[index]
            if before:
                book[self._keys[index]] = before
            else:
                book.pop(self._keys[index], None)
        return book
