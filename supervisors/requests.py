"""A question put to a supervisor's control task, and the wait for its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from feedtree.supervisors.children import Child
from feedtree.supervisors.handles import Handle
from feedtree.supervisors.specs import Spec

if TYPE_CHECKING:
    from feedtree.supervisors.control import Control


class Request:
    """One request. It is answered exactly once, also when its supervisor ends.

    Args:
        home: the supervisor that is asked.
        child_id: the child that it is about.
        spec: the spec of a child to add.
        undoes: the request whose child is to be taken away again.
        handle: of the child, where no other one of its id will do.

    Attributes:
        child: that was added for it.
        waits_ended: how many children it let start before their time.
    """

    __slots__ = (
        "_answered",
        "_joined",
        "child",
        "child_id",
        "error",
        "handle",
        "home",
        "spec",
        "undoes",
        "value",
        "waits_ended",
    )

    def __init__(
        self,
        home: Control,
        child_id: str,
        spec: Spec | None = None,
        *,
        undoes: Request | None = None,
        handle: Handle | None = None,
    ) -> None:
        self.home = home
        self.child_id = child_id
        self.spec = spec
        self.undoes = undoes
        self.handle = handle
        self.child: Child | None = None
        self.waits_ended = 0
        self.value: Handle | None = None
        self.error: Exception | None = None
        self._answered = trio.Event()
        self._joined: Request | None = None

    @property
    def answered(self) -> bool:
        """Whether the answer is there."""
        return self._answered.is_set()

    def join(self, other: Request) -> None:
        """Give another request, that waits for the same, the same answer."""
        self._joined = other

    def resolve(self, value: Handle | None = None) -> None:
        """Answer with a value."""
        self.value = value
        self._answered.set()
        if self._joined is not None:
            self._joined.resolve(value)

    def reject(self, error: Exception) -> None:
        """Answer with an error, which `answer` raises."""
        self.error = error
        self._answered.set()
        if self._joined is not None:
            self._joined.reject(error)

    async def answer(self) -> Handle | None:
        """Wait for the answer."""
        await self._answered.wait()
        if self.error is not None:
            raise self.error
        return self.value
