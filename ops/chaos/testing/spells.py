"""What was broken when: the spells of faults, which outages are held against."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import trio
from msgspec import Struct

Place = tuple[str, str]  # venue, side


class Spell(Struct):
    """One fault from its begin to its end.

    Args:
        name: of the fault.
        places: what it breaks.
        began: when (trio time).
        arrived: when all that had passed before had arrived.
        ended: when; None while it works.
    """

    name: str
    places: frozenset[tuple[str, str]]
    began: float
    arrived: float
    ended: float | None = None


class Spells:
    """All that was broken, oldest first."""

    def __init__(self) -> None:
        self._spells: list[Spell] = []
        self.changed = trio.Event()

    @contextmanager
    def spell(self, name: str, places: Collection[Place]) -> Iterator[Spell]:
        """Note a fault that works for the time of a block."""
        now = trio.current_time()
        spell = Spell(name, frozenset(places), now, now)
        self._note(spell)
        try:
            yield spell
        finally:
            spell.ended = trio.current_time()
            self._tell()

    def moment(self, name: str, places: Collection[Place]) -> None:
        """Note what broke in one moment."""
        now = trio.current_time()
        self._note(Spell(name, frozenset(places), now, now, now))

    def of(self, place: Place, since: float) -> list[Spell]:
        """Return what has broken a place since a time."""
        return [
            spell
            for spell in self._spells
            if place in spell.places and (spell.ended is None or spell.ended >= since)
        ]

    def _note(self, spell: Spell) -> None:
        self._spells.append(spell)
        self._tell()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = trio.Event()
