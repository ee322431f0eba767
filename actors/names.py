"""Unique names of what actors offer to each other, and to whoever holds their tree.

Exception
├── NameTaken                     a live incarnation holds the name
└── NameNotFound (LookupError)    nobody holds it now
"""

from typing import Any

from msgspec import Struct


class Registration(Struct, frozen=True):
    """Who holds a name, and what it stands for.

    Args:
        name: unique in its tree.
        value: what the holder offers, an `Inbox` for instance.
        path: the actor that registered it ...
        generation: ... and which of its incarnations.
    """

    name: str
    value: Any
    path: str
    generation: int


class NameTaken(Exception):
    """A name was to be registered that a live incarnation holds; nothing was changed.

    Attributes:
        name: that name.
        path: the actor that holds it ...
        generation: ... and which of its incarnations.
    """

    def __init__(self, holder: Registration) -> None:
        super().__init__(f"{holder.name!r} is taken by {holder.path}, generation {holder.generation}")
        self.name = holder.name
        self.path = holder.path
        self.generation = holder.generation


class NameNotFound(LookupError):
    """Nobody holds a name now: not yet, not any more, or its holder waits for its restart.

    Attributes:
        name: that name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"nobody is registered as {name!r}")
        self.name = name


class Names:
    """The names of one tree. It holds what is registered now, and no memory of what was.

    Actors register through their `Context`, which releases their names when the incarnation has ended. Nothing
    here waits.
    """

    __slots__ = ("_registrations",)

    def __init__(self) -> None:
        self._registrations: dict[str, Registration] = {}

    def claim(self, registration: Registration) -> None:
        """Enter a registration.

        Raises:
            NameTaken: its name is held, be it by the same incarnation.
        """
        holder = self._registrations.setdefault(registration.name, registration)
        if holder is not registration:
            raise NameTaken(holder)

    def release(self, name: str) -> None:
        """Let a name be free.

        Raises:
            NameNotFound: it is free.
        """
        try:
            del self._registrations[name]
        except KeyError:
            raise NameNotFound(name) from None

    def whereis(self, name: str) -> Registration:
        """Return who holds a name, and what it stands for.

        Raises:
            NameNotFound: nobody holds it now.
        """
        try:
            return self._registrations[name]
        except KeyError:
            raise NameNotFound(name) from None

    def __len__(self) -> int:
        """Return how many names are held."""
        return len(self._registrations)

    def __repr__(self) -> str:
        return f"<Names {sorted(self._registrations)}>"
