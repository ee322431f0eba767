"""Which fills are new: a push and a row of REST may tell of the same one in different words.

A venue's ids are trusted where both have the same form (``7``, ``505979017439002624X1``, 32 hex digits). Otherwise two
tellings are of one fill when order, price, quantity and role agree and their times differ by no more than a rounding
to seconds; each row then stands for one push. A telling without an id is known by all of these and its time. Sans-io.
"""

import re
from collections import deque
from decimal import Decimal
from hashlib import blake2b

from msgspec import Struct

from feedtree.exchanges.private.positions import Log, Position
from feedtree.exchanges.private.rest import RawFill

OVERLAP_NS = 10_000_000_000  # how far behind the newest fill another one may still turn up after a restart
ROUNDED_NS = 1_000_000_000  # REST may round times to seconds
# A fill is told again by a push that is repeated (seconds later), or by REST, which is asked for the time since the
# last comparison that left nothing open, with an overlap: what is older by this than all of that is forgotten.
SETTLED_NS = 60_000_000_000
# Where no comparison succeeds, fills are remembered for as long as REST will be asked for them, but the newest of so
# many: over five hours at one fill a second. Beyond them a fill would be told twice.
KEPT = 20_000
NAMED = (
    2_000  # fills that a cursor names at most, the newest; what is not newer than the others it leaves out
)
_FORMS = (("h", r"[0-9a-fA-F]{32}"), ("n", r"\d+"), ("x", r"\d+X\d+"))
_NO_ID = "-"  # then a fill is known by all that it tells
_VERSION = "1"


class BadCursor(ValueError):
    """What was given as ``resume`` is no cursor of a `Fill`."""

    def __init__(self, text: str) -> None:
        super().__init__(f"resume={text[:80]!r} is no cursor: give the cursor of a Fill, as it was")


class _Known(Struct, gc=False):
    """A fill that was told: its ids, each behind its form, and what it is known by where ids do not help."""

    venue_ns: int
    likeness: str
    role: str
    ids: tuple[str, ...]
    text: str = ""  # as cursors write it, once one did

    def named(self, name: str) -> None:
        """Note another id of it."""
        self.ids = (*self.ids, name)
        self.text = ""

    def written(self) -> str:
        """Return it as cursors write it."""
        if not self.text:
            ids = "+".join(sorted(self.ids))
            self.text = f"{self.venue_ns}/{self.likeness}/{self.role}/{ids}"
        return self.text

    @classmethod
    def read(cls, text: str) -> "_Known":
        at, likeness, role, ids = text.split("/")
        return cls(int(at), likeness, role, tuple(each for each in ids.split("+") if each))


class SeenFills:
    """The fills that were told, each exactly once.

    Args:
        resume: the cursor of the last fill that an earlier process handled; empty for none.

    Raises:
        BadCursor: it is none.
    """

    def __init__(self, resume: str = "") -> None:
        self._known: deque[_Known] = deque()
        self._by_id: dict[str, _Known] = {}  # form and id -> fill
        self._alike: dict[str, tuple[_Known, ...]] = {}  # likeness -> fills
        self._recent = Log()  # those that a cursor names
        self._untold: dict[str, _Known] = {}  # form and id -> a fill that waits for its order
        self._latest_ns = 0
        self._doubted_ns: int | None = (
            0  # from when on fills may be missing; None while nothing hints at that
        )
        self._cut_ns = 0  # what is older no cursor can name any more
        self.floor_ns = 0  # what is older was told before, or is none of ours
        self.settled_ns = 0  # what is older was told, and may be forgotten
        self._begun = bool(resume)
        if resume:
            self._resume(resume)

    def _resume(self, cursor: str) -> None:
        try:
            version, floor, *fills = cursor.split(",")
            if version != _VERSION:
                raise ValueError(version)
            self.floor_ns = self._latest_ns = int(floor)
            for text in fills:
                known = _Known.read(text)
                self._remember(known)
                self._recent.append(known)
                self._latest_ns = max(self._latest_ns, known.venue_ns)
        except ValueError as error:
            raise BadCursor(cursor) from error

    def start(self, venue_ns: int) -> None:
        """Leave out fills that are older; without effect after a resume, which knows better.

        Args:
            venue_ns: the venue's time; the whole second that it lies in counts, since REST may round down to it.
        """
        if not self._begun:
            self._begun = True
            self.floor_ns = venue_ns - venue_ns % ROUNDED_NS

    def add(self, fill: RawFill) -> bool:
        """Take note of a fill; return whether it is new."""
        if fill.venue_ns < max(self.floor_ns, self.settled_ns):
            return False
        name = _identity(fill)
        if name in self._by_id:
            return False
        twin = self._twin(fill, name[0])
        if twin is None:
            known = _Known(fill.venue_ns, _likeness(fill), fill.role or "", (name,))
            self._remember(known)
            self._untold[name] = known
            return True
        twin.named(name)
        self._by_id[name] = twin
        return False

    def told(self, fill: RawFill) -> None:
        """Note that a fill that was added is told now: it counts for cursors from here on."""
        known = self._untold.pop(_identity(fill))
        self._recent.append(known)
        self._latest_ns = max(self._latest_ns, known.venue_ns)

    def doubt(self) -> None:
        """Note that fills may be missing from now on: cursors go no further until `trust`."""
        if self._doubted_ns is None:
            self._doubted_ns = self._since_ns()

    def trust(self) -> None:
        """Note that all fills are known but for what the overlap allows for."""
        self._doubted_ns = None

    def settle(self, since_ns: int) -> None:
        """Forget fills that will not be told again.

        Args:
            since_ns: the venue is asked for no older ones any more, and was told of all of them.
        """
        untold = (each.venue_ns for each in self._untold.values())
        before_ns = min((since_ns, self._latest_ns, *untold)) - SETTLED_NS
        self.settled_ns = max(self.settled_ns, before_ns)
        while self._known and self._known[0].venue_ns < before_ns:
            self._forget(self._known.popleft())

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._known)

    def position(self) -> Position:
        """Return where to go on after a restart, once everything that was told is handled."""
        recent = self._recent
        while len(recent) > NAMED:
            self._cut_ns = max(self._cut_ns, recent.popleft().venue_ns + 1)
        since_ns = self._since_ns()
        while (
            recent and recent.first.venue_ns < since_ns - ROUNDED_NS
        ):  # what is not older than the floor, however rounded
            recent.popleft()
        return recent.position(f"{_VERSION},{since_ns}")

    def cursor(self) -> str:
        """Return the same as text; empty before the first."""
        return str(self.position()) if self._latest_ns else ""

    def _since_ns(self) -> int:
        """Return from when on another process is to look for fills, and a cursor has to name those that were told."""
        since_ns = self._doubted_ns
        if since_ns is None:
            newest_ns = min((self._latest_ns, *(each.venue_ns for each in self._untold.values())))
            since_ns = newest_ns - OVERLAP_NS - ROUNDED_NS
        return max(since_ns, self.floor_ns, self._cut_ns)

    def _twin(self, fill: RawFill, form: str) -> _Known | None:
        """Return the fill that this is another telling of; the nearest in time where several are."""
        alike = self._alike.get(_likeness(fill), ())
        candidates = [each for each in alike if _may_be(each, fill, form)]
        return min(candidates, key=lambda each: abs(each.venue_ns - fill.venue_ns), default=None)

    def _remember(self, known: _Known) -> None:
        self._known.append(known)
        for name in known.ids:
            self._by_id[name] = known
        self._alike[known.likeness] = (*self._alike.get(known.likeness, ()), known)
        if len(self._known) > KEPT:
            self._forget(self._known.popleft())

    def _forget(self, known: _Known) -> None:
        for name in known.ids:
            del self._by_id[name]
        left = tuple(each for each in self._alike.pop(known.likeness) if each is not known)
        if left:
            self._alike[known.likeness] = left


def _may_be(known: _Known, fill: RawFill, form: str) -> bool:
    if any(name[0] == form for name in known.ids) or (known.role and fill.role and known.role != fill.role):
        return False
    return abs(known.venue_ns - fill.venue_ns) <= ROUNDED_NS


def _identity(fill: RawFill) -> str:
    """Return a letter for the form of a fill's id, and behind it a short text for the id."""
    trade_id = fill.trade_id
    if not trade_id:
        return _NO_ID + _short(f"{_likeness(fill)} {fill.role or ''} {fill.venue_ns}")
    form = next((name for name, pattern in _FORMS if re.fullmatch(pattern, trade_id)), "o")
    return form + _short(f"{fill.order_id} {trade_id}")  # both sides of a self-trade have its id


def _likeness(fill: RawFill) -> str:
    price, quantity = (_plain(value) for value in (fill.price, fill.quantity))
    return _short(f"{fill.order_id} {price} {quantity}")


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _short(text: str) -> str:
    return blake2b(text.encode(), digest_size=6).hexdigest()
