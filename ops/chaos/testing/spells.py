"""What was broken when: the spells of faults, which outages are held against."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from math import inf

import trio
from msgspec import Struct, field

from feedtree.ops.chaos.testing.reach import Reach

Place = tuple[str, str]  # venue, side

_ARRIVES_WITHIN = 0.25  # seconds in which whoever has a connection finds that it was reset


class Spell(Struct):
    """One fault from its begin to its end.

    Args:
        name: of the fault.
        places: what it breaks.
        began: when (trio time).
        arrived: when all that had passed before had arrived.
        ended: when, which may be known before; None while it works.
        task: whose block it is; None where it ends by itself.
        holds: whether it can hold up a recovery as long as it goes on.
        reaches: by place, for how long it can do anything there; to its end where nothing is said.
        cut: the places where its end cut connections.
        mutes: whether what clients send does not arrive, where no reach says it.
    """

    name: str
    places: frozenset[Place]
    began: float
    arrived: float
    ended: float | None = None
    task: object | None = None
    holds: bool = True
    reaches: dict[Place, Reach] = field(default_factory=dict)
    cut: frozenset[Place] = frozenset()
    mutes: bool = False

    def stops_clients(self, place: Place) -> bool:
        """Whether what clients send does not arrive at a place while it works."""
        reach = self.reaches.get(place)
        return self.mutes if reach is None else reach.stops_clients()

    def cut_at(self, place: Place, at: float) -> bool:
        """Whether what was lost at a place and time was lost by its end."""
        return (
            place in self.cut and self.ended is not None and self.ended <= at <= self.ended + _ARRIVES_WITHIN
        )

    def over_at(self, place: Place) -> float:
        """Return since when it holds nothing up at a place (trio time); infinite while that is not known."""
        if not self.holds:
            return self.began
        if place in self.reaches:
            return self.reaches[place].over_at()
        return inf if self.ended is None else self.ended


class Spells:
    """All that was broken, oldest first."""

    def __init__(self) -> None:
        self._spells: list[Spell] = []
        self._lookers: list[Callable[[Spell], None]] = []
        self.changed = trio.Event()

    @contextmanager
    def spell(self, name: str, places: Collection[Place]) -> Iterator[Spell]:
        """Note a fault that works for the time of a block."""
        now = trio.current_time()
        spell = Spell(name, frozenset(places), now, now, task=trio.lowlevel.current_task())
        self._note(spell)
        try:
            yield spell
        finally:
            spell.ended = trio.current_time()
            self._tell()

    def timed(
        self,
        name: str,
        places: Collection[Place],
        seconds: float = 0.0,
        *,
        holds: bool,
        cuts: bool,
        mutes: bool,
    ) -> None:
        """Note a fault that ends by itself.

        Args:
            name: of the fault.
            places: what it breaks.
            seconds: how long.
            holds: whether it can hold up a recovery meanwhile.
            cuts: whether its end cuts connections.
            mutes: whether what clients send does not arrive meanwhile.
        """
        now, broken = trio.current_time(), frozenset(places)
        cut = broken if cuts else frozenset()
        self._note(Spell(name, broken, now, now, now + seconds, holds=holds, cut=cut, mutes=mutes))

    def ending(self, spell: Spell) -> None:
        """Note where the end of a fault, which is next, cuts connections."""
        spell.cut = frozenset(place for place, reach in spell.reaches.items() if reach.cuts())
        for reach in spell.reaches.values():
            reach.settle()
        for look in self._lookers:
            look(spell)

    @contextmanager
    def seen_ending(self, look: Callable[[Spell], None]) -> Iterator[None]:
        """Have each fault looked at right before its end, for the time of a block."""
        self._lookers.append(look)
        try:
            yield
        finally:
            self._lookers.remove(look)

    def of(self, place: Place, since: float) -> list[Spell]:
        """Return what has broken a place since a time."""
        return [
            spell
            for spell in self._spells
            if place in spell.places and (spell.ended is None or spell.ended >= since)
        ]

    def stopping_clients(self, place: Place, begin: float, end: float) -> Iterator[tuple[Spell, float]]:
        """Yield each fault that kept what clients sent from arriving at a place between two times, and its seconds."""
        for spell in self.of(place, begin):
            until = spell.ended if place not in spell.reaches else spell.over_at(place)
            seconds = min(end, inf if until is None else until) - max(begin, spell.began)
            if seconds > 0 and spell.stops_clients(place):
                yield spell, seconds

    def _note(self, spell: Spell) -> None:
        self._spells.append(spell)
        self._tell()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = trio.Event()
