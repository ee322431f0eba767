"""What a story keeps. Moments are numbers of one sequence, and where it says so, trio times."""

import math
from dataclasses import dataclass, field
from typing import Any

from feedtree.supervisors import Node


@dataclass(eq=False)
class Run:
    """One incarnation of a worker, as it saw itself; moments are numbers of the sequence."""

    path: str
    generation: int
    began: int
    began_at: float
    ready: int | None = None
    cancelled: int | None = None
    ended: int | None = None
    ended_at: float = math.inf
    error: BaseException | None = None
    leaves: list[BaseException] = field(default_factory=list)


@dataclass(eq=False)
class Request:
    """One request, from its call to its answer."""

    action: str
    path: str
    called: int
    called_at: float
    answered: int | None = None
    result: Any = None
    given_up: bool = False  # its caller was cancelled


@dataclass(frozen=True)
class Look:
    """A snapshot, and when it was taken."""

    number: int
    at: float
    settled: bool
    node: Node
