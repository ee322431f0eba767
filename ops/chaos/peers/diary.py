"""What one client told so far, line by line; times are those of `time.monotonic`."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

Level = tuple[float, float]


class Line(Struct, frozen=True):
    """One line of `clients.telling`; what is not said is empty."""

    at: float = 0.0
    book: str = ""
    id: int = 0
    trade: int = 0
    told: str = ""
    version: str = ""
    books: dict[str, tuple[int, list[Level], list[Level]]] | None = None


class Datum(Struct, frozen=True):
    """A datum that the client's user got.

    Args:
        at: when.
        stream: of which stream; its ids only rise.
        id: the venue's.
    """

    at: float
    stream: str
    id: int


TRADES = "trades"


class Diary:
    """Takes the lines of one process of a client.

    Attributes:
        version: what the client is, with its version; empty before it said so.
        last: the newest id by stream.
        heard_at: when the last datum came; 0 before the first.
        since: data since the last `mark`.
        told: what the user was told of trouble since then, with the time.
        books: the newest that were asked for; None while the answer is awaited.
    """

    def __init__(self) -> None:
        self.version = ""
        self.last: dict[str, int] = {}
        self.heard_at = 0.0
        self.since: list[Datum] = []
        self.told: list[tuple[float, str]] = []
        self.books: Mapping[str, tuple[int, list[Level], list[Level]]] | None = None
        self._rest = b""
        self._trades: set[int] = set()
        self._before: dict[str, int] = {}
        self._decode = msgspec.json.Decoder(Line).decode

    @property
    def before(self) -> Mapping[str, int]:
        """The newest ids by stream at the last `mark`."""
        return self._before

    def feed(self, data: bytes) -> None:
        """Take what was read of the client's stdout.

        Raises:
            msgspec.DecodeError: it is no line of ours.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        for text in lines:
            self._take(self._decode(text))

    def mark(self) -> None:
        """Begin to keep what comes, for one fault; what was kept is forgotten, but for the trades."""
        self._before = dict(self.last)
        self.since.clear()
        self.told.clear()

    def missing(self, first: int, last: int) -> int:
        """Count the trades from one id to another, both included, that never came: ids have no holes."""
        return sum(number not in self._trades for number in range(first, last + 1))

    def _take(self, line: Line) -> None:
        if line.trade:
            self._trades.add(line.trade)
            self._datum(Datum(line.at, TRADES, line.trade))
        elif line.book:
            self._datum(Datum(line.at, line.book, line.id))
        elif line.told:
            self.told.append((line.at, line.told))
        elif line.version:
            self.version = line.version
        elif line.books is not None:
            self.books = line.books

    def _datum(self, datum: Datum) -> None:
        self.heard_at = datum.at
        self.last[datum.stream] = max(self.last.get(datum.stream, 0), datum.id)
        self.since.append(datum)
