"""What feedtree is compared with: the least that supervises with trio alone.

Each child has a cancel scope of its own and says when it has started; its end is a notice in a channel; whoever reads
that starts it again; the end is in reverse order, one by one. No backoff, intensity, grace, event, log or verdict.
"""

import math
from collections.abc import Awaitable, Callable

import trio

Body = Callable[[int, Callable[[], None]], Awaitable[None]]


class _Running:
    """One incarnation."""

    __slots__ = ("done", "error", "scope")

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self.done = trio.Event()
        self.error: Exception | None = None


class BareSupervisor:
    """Runs children by their numbers.

    Args:
        nursery: where they run.
        body: a child; given its number, and what to call when it has started.

    Attributes:
        generations: how often each child was started.
    """

    def __init__(self, nursery: trio.Nursery, body: Body) -> None:
        self._nursery = nursery
        self._body = body
        self._running: dict[int, _Running] = {}
        self._notices, self._exits = trio.open_memory_channel[int](math.inf)
        self._restarting = trio.CancelScope()
        self.generations: dict[int, int] = {}

    @property
    def active(self) -> int:
        """How many children run."""
        return sum(not each.done.is_set() for each in self._running.values())

    async def start(self, number: int) -> None:
        """Start a child, and wait until it is ready."""
        self.generations[number] = self.generations.get(number, 0) + 1
        await self._nursery.start(self._run, number)

    async def _run(self, number: int, task_status: trio.TaskStatus[None]) -> None:
        running = self._running[number] = _Running()
        try:
            with running.scope:
                await self._body(number, task_status.started)
        except Exception as error:
            running.error = error
        running.done.set()
        self._notices.send_nowait(number)

    async def restart_what_ends(self) -> None:
        """Start again whoever ends, until the stop."""
        with self._restarting:
            async for number in self._exits:
                await self.start(number)

    async def stop(self) -> None:
        """End all children, the last one first, each fully before the next."""
        self._restarting.cancel()
        for running in reversed(self._running.values()):
            running.scope.cancel()
            await running.done.wait()
