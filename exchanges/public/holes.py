"""What passed of a topic's trades while it was down, until it was fetched by REST. Pure: times are arguments."""

from collections.abc import Sequence

from feedtree.exchanges.public.messages import Trade

REST_LAG = 2.0  # seconds that REST may be behind the pushes
WATCHED = 10.0  # seconds after the replay in which a trade may be pushed that REST told already
_CLOCKS_NS = 2_000_000_000  # how far the venue's clock may be from ours
_ROUNDED_NS = 1_000_000_000  # times of one venue differ by less where they mean the same trade


class Hole:
    """The trades between the last one that was told and the first one that is pushed afterwards.

    Ids of one symbol grow. Live trades are told at once, so what is fetched comes amid them; it is in order in itself,
    and no trade comes twice. Where the venue begins its ids anew, what was missed cannot be told from what was not.

    Args:
        after: the last trade that was told; None where none ever was.
        begin_ns: when the last good datum came, by our clock.
        up_ns: when live data went on, by our clock.
        up_at: the same, trio time.

    Attributes:
        up_ns: see there.
        first: the id of the first live trade since; None before it came.
        from_the_first: whether no trade was ever told, so that the venue's first one is not too far back.
        anew: whether a later trade has a smaller id than the last one that was told.
    """

    __slots__ = (
        "_floor_ns",
        "_limit",
        "_told",
        "_told_ns",
        "_up_at",
        "anew",
        "first",
        "from_the_first",
        "up_ns",
    )

    def __init__(self, after: Trade | None, begin_ns: int, up_ns: int, up_at: float) -> None:
        self.up_ns = up_ns
        self.first: int | None = None
        self.from_the_first = after is None
        self._up_at = up_at
        self.anew = False
        self._told = 0 if after is None else int(after.id)
        self._told_ns = 0 if after is None else after.venue_ns or 0
        # Where no trade was ever told, those from before the loss cannot be told apart by id.
        self._floor_ns = begin_ns - _CLOCKS_NS if after is None else 0
        self._limit = 0.0  # until when live trades are looked at; 0.0 before the replay has ended

    def live(self, trade: Trade) -> bool:
        """Take note of a live trade; return whether it is new."""
        if self.first is None:
            number = int(trade.id)
            self.anew = self.anew or self._is_anew(number, trade)
            if self.anew or number > self._told:
                self.first = number
        return self.first is not None

    def _is_anew(self, number: int, trade: Trade) -> bool:
        return number < self._told and (trade.venue_ns or 0) > self._told_ns + _ROUNDED_NS

    def fetched(self, rows: Sequence[Trade]) -> list[Trade]:
        """Take in trades of REST, in any order; return those that were missed, in order of id."""
        self.anew = self.anew or any(self._is_anew(int(row.id), row) for row in rows)
        if self.anew:
            return []
        missed = sorted((row for row in rows if self._misses(row)), key=lambda row: int(row.id))
        if missed:
            self._told = int(missed[-1].id)
            self._told_ns = missed[-1].venue_ns or 0
        return missed

    def _misses(self, row: Trade) -> bool:
        number = int(row.id)
        below = self.first is None or number < self.first
        return self._told < number and below and (row.venue_ns or 0) >= self._floor_ns

    def reached(self, row: Trade) -> bool:
        """Return whether a trade of REST is so old that all older ones were told."""
        return int(row.id) <= self._told or (row.venue_ns or 0) < self._floor_ns

    def covered(self, rows: Sequence[Trade], asked_at: float) -> bool:
        """Return whether REST, which may be behind, was up to date when it gave these.

        It was where they hold a live trade; while none has come, where it was asked late enough.
        """
        if self.first is None:
            return asked_at >= self._up_at + REST_LAG
        return any(int(row.id) >= self.first for row in rows)

    def ended(self, now: float) -> None:
        """Note that the replay is over: soon no live trade will be one that was fetched."""
        self._limit = now + WATCHED

    def over(self, now: float) -> bool:
        """Return whether live trades need not be looked at any more."""
        return self._limit > 0.0 and (self.first is not None or now >= self._limit)
