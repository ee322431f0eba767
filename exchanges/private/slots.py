"""The two slots of an account's stream: one carries it, the other takes over before the first has to end."""

import trio

from feedtree.exchanges.private.store import AccountStore

NAMES = ("a", "b")


class Slots:
    """Which slots are to run, and which one has to be relieved.

    Args:
        store: knows which incarnations are live.
    """

    def __init__(self, store: AccountStore) -> None:
        self._store = store
        self._generations: dict[str, int] = {}
        self._due: str | None = None
        self._asked = trio.Event()
        self.wanted: tuple[str, ...] = NAMES[:1]

    def began(self, slot: str) -> int:
        """Begin an incarnation of a slot; return its generation."""
        generation = self._generations[slot] = self._store.begin()
        return generation

    def live(self, slot: str) -> bool:
        """Whether a slot's incarnation is live."""
        return self._store.streams.is_live(self._generations.get(slot, 0))

    def relieve(self, slot: str) -> None:
        """Have the other slot take over; without effect while that is under way."""
        if self.wanted == (slot,):
            self._due = slot
            self._asked.set()

    async def due(self) -> tuple[str, str]:
        """Wait until a slot has to be relieved; return its name, and that of the other one."""
        while self._due is None:
            self._asked = trio.Event()
            await self._asked.wait()
        slot, self._due = self._due, None
        return slot, next(name for name in NAMES if name != slot)
