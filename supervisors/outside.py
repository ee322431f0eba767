"""Looking at a tree from a thread that is not trio's, also while something blocks its event loop.

The loop is asked for nothing, and nothing of it is changed. It may go on meanwhile, so whoever looks finds things in
motion: a look that fails for that is taken again, a few times, and then says so. None raises.
"""

from collections.abc import Callable, Iterator
from threading import get_ident
from typing import TypeVar

import trio

from feedtree.supervisors.children import Child, Incarnation
from feedtree.supervisors.control import Control
from feedtree.supervisors.incarnation import incarnation_of
from feedtree.supervisors.snapshot import ChildState, Node
from feedtree.supervisors.stalls import running_task
from feedtree.supervisors.stuck import Running, running_frames, stack_of
from feedtree.supervisors.view import root_node

MOVED = "moved while it was looked at"
TRIES = 5

T = TypeVar("T")


class Outside:
    """What any thread may see of a tree. It is made by a task of the tree's own loop.

    Args:
        control: of the root.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._clock = trio.lowlevel.current_clock()
        self._ident = get_ident()
        self._run_context = running_task()

    def look(self, now: float | None) -> Node:
        """Return how the whole tree looks, at trio time `now` or at what its clock shows.

        Its parts need not belong to the same instant. Where it moves too much, the root is all that is shown, with
        `MOVED` as its last reason.
        """
        at = self._clock.current_time() if now is None else now
        node = _steady(lambda: root_node(self._control, at))
        return _moved(self._control) if node is None else node

    def stacks(self) -> dict[str, str]:
        """Return where the tasks of each worker that runs wait, by its path, in start order.

        The task that the loop is running is shown by what its thread does. Where it works for no worker of this tree
        (the app's own task, a supervisor's), it stands under the empty path. What moves too much is called `MOVED`.
        """
        incarnations = _steady(lambda: list(workers_of(self._control)))
        if incarnations is None:
            return {"": MOVED}
        stacks = {each.child.path: self._steady_stack(each) for each in incarnations}
        running = self.running()
        if running is not None and incarnation_of(running.task) not in incarnations:
            stacks[""] = "\n".join(
                [f"task {running.task.name}, running:", *(f"  {each}" for each in running.frames)]
            )
        return stacks

    def stack(self, incarnation: Incarnation) -> str:
        """Return where the tasks of one of `workers_of` are now.

        In the loop's own thread that is exact; in another one it may raise, and mix two moments.
        """
        return _stack(incarnation, self.running())

    def running(self) -> Running | None:
        """Return the task that the loop is running and where it is; None where the loop waits."""
        for _ in range(TRIES):
            task = self._task()
            if task is None:
                return None
            frames = running_frames(self._ident)
            if self._task() is task:
                return Running(task, frames)
        return None

    def _steady_stack(self, incarnation: Incarnation) -> str:
        """Render a stack that was the same task's from the first frame to the last."""

        def look() -> str | None:
            running = self.running()
            stack = _stack(incarnation, running)
            return stack if self._task() is (None if running is None else running.task) else None

        return _steady(look) or MOVED

    def _task(self) -> trio.lowlevel.Task | None:
        task = None if self._run_context is None else self._run_context.get("task")
        return task if isinstance(task, trio.lowlevel.Task) else None


def workers_of(control: Control) -> Iterator[Incarnation]:
    """Walk the workers that run below a supervisor and took a step, in start order."""
    for child in control.children.values():
        yield from workers_at(child)


def workers_at(child: Child) -> Iterator[Incarnation]:
    """Walk the workers that run at or below a child and took a step, in start order."""
    incarnation = child.incarnation
    if incarnation is None:
        return
    if incarnation.task is not None:
        yield incarnation
    elif incarnation.control is not None:
        yield from workers_of(incarnation.control)


def _stack(incarnation: Incarnation, running: Running | None) -> str:
    assert incarnation.task is not None
    mine = running is not None and incarnation_of(running.task) is incarnation
    return stack_of(incarnation.task, running if mine else None)


def _steady(look: Callable[[], T | None]) -> T | None:
    """Return what a look found that neither failed nor found nothing, None where none of several did."""
    for _ in range(TRIES):
        try:
            found = look()
        except Exception:  # whatever a dictionary, a deque or a coroutine says that changed meanwhile
            continue
        if found is not None:
            return found
    return None


def _moved(control: Control) -> Node:
    spec = control.spec
    return Node(
        id=spec.id,
        path=control.path,
        kind="supervisor",
        strategy=None,
        state=ChildState.RUNNING,
        report=None,
        facts={},
        generation=1,
        uptime=None,
        restarts=0,
        restarts_in_window=0,
        intensity=spec.intensity,
        period=spec.period,
        wait=None,
        last_reason=MOVED,
        worst_stop=spec.shutdown,
    )
