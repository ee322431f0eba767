"""One-shot tasks: temporary children whose result, or error, reaches whoever waits for it."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar, TypeVarTuple, Unpack, cast

import trio

from feedtree.actors.context import Context
from feedtree.supervisors.errors import TaskStopped
from feedtree.supervisors.handles import Handle
from feedtree.supervisors.specs import ChildSpec, Restart

T = TypeVar("T")
Args = TypeVarTuple("Args")


class Task(Generic[T]):
    """A one-shot task of a running tree. Made by `Supervisor.start_task`.

    Whoever waits for it may be cancelled, or stop waiting after a deadline: the task goes on, and nothing of the
    wait is left.

    Attributes:
        handle: names it in its tree while it runs.
    """

    def __init__(self) -> None:
        self.handle: Handle | None = None
        self._over = trio.Event()
        self._error: BaseException | None = None
        self._result: T | None = None

    @property
    def done(self) -> bool:
        """Whether it has ended, however."""
        return self._over.is_set()

    async def wait(self) -> T:
        """Wait for the result; several may wait.

        Raises:
            TaskStopped: it was stopped before it came to a result.
            Exception: whatever the task raised.
        """
        await self._over.wait()
        if self._error is not None:
            raise self._error
        return cast(T, self._result)

    def spec(
        self, child_id: str, function: Callable[[Unpack[Args]], Awaitable[T]], args: tuple[*Args]
    ) -> ChildSpec:
        """Return the spec of the child that runs it: temporary, so that nothing is kept once it has ended."""

        async def start(context: Context) -> None:
            self._error = TaskStopped(context.path)
            # Not sooner: when the result is there, the task is gone from its supervisor.
            context.at_end(self._over.set)
            context.started()
            try:
                self._result = await function(*args)
                self._error = None
            except Exception as error:
                self._error = error
                raise

        return ChildSpec(child_id, start, restart=Restart.TEMPORARY)
