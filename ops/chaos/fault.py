"""What a fault is: data with a name, typed parameters with units, and a line that says what it does."""

import ssl
from random import Random
from typing import Annotated, ClassVar, Literal, Protocol, TypeAlias

from msgspec import Meta, Struct

from feedtree.ops.chaos.effects import Effect, Ending, Report

Way: TypeAlias = Literal["up", "down"]  # up: from the client to the server
Side: TypeAlias = Literal["up", "down", "both"]
Scope: TypeAlias = Literal["all", "open", "new"]
WAYS: tuple[Way, Way] = ("up", "down")


def unit(name: str) -> Meta:
    """Return the unit of a parameter."""
    return Meta(extra_json_schema={"unit": name})


def says(text: str) -> Meta:
    """Return the line that describes a parameter."""
    return Meta(description=text)


Seconds = Annotated[float, Meta(ge=0, le=1e9), unit("s")]
Bytes = Annotated[int, Meta(ge=0), unit("bytes")]
SomeBytes = Annotated[int, Meta(ge=1), unit("bytes")]
Rate = Annotated[float, Meta(ge=1, le=1e12), unit("bytes/s")]


class Struck(Protocol):
    """A connection, as a fault sees it that does something to it as a whole."""

    def strike(self, ending: Ending, way: Way, after: float = 0.0) -> None:
        """End it, or one direction of it, at once or so many seconds later."""
        ...

    def disguise(self, context: ssl.SSLContext) -> None:
        """Let its client meet this certificate instead of the server; only before anything passed."""
        ...


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault with its parameters. A subclass is one kind; its docstring's first line is what it does.

    Attributes:
        on: the connections that it meets unless something else is said.
        shuts: whether it keeps the door shut.
    """

    on: ClassVar[Scope] = "all"
    shuts: ClassVar[bool] = False

    def ways(self) -> tuple[Way, ...]:
        """Return the directions that it works on."""
        side: Side = getattr(self, "direction", "both")
        return WAYS if side == "both" else (side,)

    def effect(self, rng: Random, report: Report) -> Effect | None:
        """Return what it does to the bytes of one direction of one connection; None is nothing."""
        return None

    def begins(self, connection: Struck) -> None:
        """Do what is done to a connection when it meets the fault."""
