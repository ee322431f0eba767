"""Running one incarnation: whatever leaves a child is caught here, and told to its supervisor."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import trio

from feedtree.actors.context import Context, Ignored
from feedtree.supervisors.children import Incarnation
from feedtree.supervisors.errors import CalledDuringStart, ChildFailed, StartFailed
from feedtree.supervisors.judgement import Judgement, describe
from feedtree.supervisors.specs import Start
from feedtree.supervisors.surroundings import Surroundings
from feedtree.supervisors.verdicts import Shutdown

if TYPE_CHECKING:
    from feedtree.supervisors.control import Control

_current: ContextVar[Incarnation | None] = ContextVar("feedtree_incarnation", default=None)


class SupervisorDefect(BaseException):
    """The code of a supervisor itself raised; never a child's failure, so the whole tree ends."""


class SupervisedContext(Context):
    """The context of an actor that a supervisor waits for."""

    __slots__ = ("_incarnation",)

    def __init__(self, incarnation: Incarnation, generation: int, around: Surroundings) -> None:
        super().__init__(
            incarnation.child.path,
            generation,
            log=around.log,
            names=around.names,
            on_report=self._tell,
        )
        self._incarnation = incarnation

    def _tell(self, _: Context) -> None:
        """Have the supervisor tell it, after what it has still to tell of this incarnation."""
        home = self._incarnation.home
        if home.around.bus.heard:
            home.child_reported(self._incarnation, self.state or "")

    def started(self, info: object = None) -> None:
        """Tell that the actor is locally sound; see `Context.started`."""
        super().started(info)
        self._incarnation.home.child_ready(self._incarnation)


@trio.lowlevel.enable_ki_protection
async def run_worker(incarnation: Incarnation, start: Start) -> None:
    """Run an actor in its own scope until it ends, however it ends."""
    context = incarnation.context
    if context is not None and not incarnation.scope.cancel_called:
        _current.set(incarnation)
        incarnation.task = trio.lowlevel.current_task()
        try:
            with incarnation.scope:
                await _interruptible(start, context)
        except BaseException as error:
            incarnation.error = error
    incarnation.home.child_exited(incarnation)


@trio.lowlevel.disable_ki_protection
async def _interruptible(start: Start, context: Context) -> None:
    await start(context)


@trio.lowlevel.enable_ki_protection
async def run_supervisor(incarnation: Incarnation) -> None:
    """Run a supervisor until it ends; it is asked to stop, never cancelled."""
    if incarnation.control is not None:
        try:
            await incarnation.control.run()
        except (StartFailed, ChildFailed, Shutdown, Ignored) as error:
            incarnation.error = error
        except BaseException as error:
            incarnation.error = as_defect(incarnation.child.path, error)
    incarnation.home.child_exited(incarnation)


def end_context(context: Context, judgement: Judgement, around: Surroundings) -> None:
    """Let an incarnation's names and questions end with it."""
    try:
        context.end(judgement.reason, judgement.cause)
    except Exception as error:  # a call of `at_end`, which is the actor's
        around.journal.error("at_end failed", path=context.path, reason=describe(error))


def as_defect(path: str, error: BaseException) -> BaseException:
    """Return an interrupt as it is, and anything else that a supervisor may not raise as its defect."""
    if not isinstance(error, Exception | BaseExceptionGroup):
        return error
    defect = SupervisorDefect(f"the supervisor {path or '(root)'} is broken")
    defect.__cause__ = error
    return defect


def incarnation_of(task: trio.lowlevel.Task) -> Incarnation | None:
    """Return the incarnation for which a task runs, also in a nursery of its own; None where it is no actor's."""
    return task.context.get(_current)


def refuse_during_start(target: "Control", path: str) -> None:
    """Raise `CalledDuringStart` where the calling task runs in a child that `target` waits for."""
    incarnation = _current.get()
    while incarnation is not None:
        if incarnation.home is target and incarnation.ready_at is None and not _said_started(incarnation):
            raise CalledDuringStart(path, "a child that is not ready yet cannot ask its own supervisor")
        incarnation = incarnation.home.incarnation


def runs_below(target: "Control") -> bool:
    """Tell whether the calling task runs in a child at or below that supervisor."""
    incarnation = _current.get()
    while incarnation is not None:
        if incarnation.home is target:
            return True
        incarnation = incarnation.home.incarnation
    return False


def _said_started(incarnation: Incarnation) -> bool:
    return incarnation.context is not None and incarnation.context.ready_event.is_set()


@contextmanager
def grace() -> Iterator[trio.CancelScope]:
    """Shield cleanup from cancellation for as long as the supervisor's grace for this actor lasts.

    When the grace is over, what runs inside is cancelled; so the actor ends in time, and is not stuck. Before
    the actor is asked to stop, there is no deadline. Outside a supervised actor it is an unbounded shield.

    Yields:
        The shielded cancel scope; a shorter deadline may be set on it.
    """
    incarnation = _current.get()
    scope = trio.CancelScope(shield=True)
    if incarnation is None:
        with scope:
            yield scope
        return
    scope.deadline = incarnation.stop_deadline
    incarnation.graces.append(scope)
    try:
        with scope:
            yield scope
    finally:
        incarnation.graces.remove(scope)
