"""The way in: open a supervisor tree around a body of code."""

import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from typing import Any, Literal

import trio

from feedtree.actors.context import Ignored, default_log
from feedtree.supervisors.accounting import check_accounting, keep_accounts
from feedtree.supervisors.checks import is_whole
from feedtree.supervisors.children import Lineage
from feedtree.supervisors.control import Control
from feedtree.supervisors.errors import ChildFailed, InvalidSpec, StartFailed, TreeFailed
from feedtree.supervisors.events import EventBus
from feedtree.supervisors.incarnation import SupervisorDefect, as_defect, grace
from feedtree.supervisors.specs import SupervisorSpec
from feedtree.supervisors.stalls import check_stall_after, watch_for_stalls
from feedtree.supervisors.stuck import stuck_policy
from feedtree.supervisors.surroundings import Surroundings
from feedtree.supervisors.tree import Supervisor
from feedtree.supervisors.verdicts import Shutdown


class _Root:
    """Runs the root's control task, shielded from everything but its own order to stop."""

    def __init__(self, spec: SupervisorSpec, around: Surroundings) -> None:
        self.body = trio.CancelScope()
        self.ready = trio.Event()
        self.around = around
        self.failure: BaseException | None = None
        self.control = Control(spec, "", Lineage(), around, self.ready.set, self.body.cancel)
        around.fail = partial(self.control.post, self.control.give_up)

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """Run the tree to its end, however it ends."""
        with trio.CancelScope(shield=True):
            try:
                await self.control.run()
            except Ignored:
                self.ready.set()
            except Shutdown:
                self.body.cancel()
            except BaseException as error:
                self.failure = _as_failure(error)
                self.body.cancel()
        self.around.ended()

    @trio.lowlevel.enable_ki_protection
    async def close(self) -> BaseException | None:
        """Stop the tree in order and wait for its end; an interrupt meanwhile hurries it, and is returned.

        In an actor of another tree it also ends with that actor's grace.
        """
        interrupt: BaseException | None = None
        self.control.post(self.control.begin_stop, self.control.spec.shutdown)
        waiting: Callable[[], AbstractContextManager[trio.CancelScope]] = grace
        while not self.around.over.is_set():
            try:
                with waiting() as scope:
                    await self.around.over.wait()
                if scope.cancelled_caught:
                    waiting = partial(trio.CancelScope, shield=True)
                    self.control.post(self.control.begin_stop, 0.0)
            except KeyboardInterrupt as error:
                interrupt = error
                self.control.post(self.control.begin_stop, 0.0)
        return interrupt


def _as_failure(error: BaseException) -> BaseException:
    """Return what the body's caller is to see: a `TreeFailed`, or an interrupt as it is."""
    if isinstance(error, TreeFailed):
        return error
    cause = error if isinstance(error, StartFailed | ChildFailed) else as_defect("", error)
    if not isinstance(cause, StartFailed | ChildFailed | SupervisorDefect):
        return cause
    failure = TreeFailed("" if isinstance(cause, SupervisorDefect) else cause.path, str(cause))
    failure.__cause__ = cause
    return failure


def check_reports_kept(value: object) -> int:
    """Return how many reports are to be kept, or raise `InvalidSpec`."""
    if not is_whole(value) or value < 0:
        raise InvalidSpec("open_supervisor(reports_kept)", value, "an integer, 0 or more")
    return value


def _outcome(raised: BaseException | None, failure: BaseException | None) -> BaseException | None:
    """Join what the body raised with how the tree failed; a mere cancellation gives way to a failure."""
    if raised is None or failure is None:
        return raised or failure
    if isinstance(raised, trio.Cancelled):
        return failure
    return BaseExceptionGroup("both the body and its supervisor tree failed", [raised, failure])


@asynccontextmanager
@trio.lowlevel.enable_ki_protection
async def open_supervisor(
    spec: SupervisorSpec,
    *,
    rng: random.Random | None = None,
    log: Any = None,
    wall_ns: Callable[[], int] = time.time_ns,
    events: EventBus | None = None,
    reports_kept: int = 5,
    stall_after: float | None = 0.05,
    accounting: bool = False,
    on_stuck: Literal["wait", "exit"] = "wait",
) -> AsyncIterator[Supervisor]:
    """Start a tree, and keep it running while the body runs.

    The body begins when every child is ready. Where the root shuts itself down (``auto_shutdown``), the body is
    cancelled, and left without an error. When it ends, for whatever reason (also by a cancellation from
    outside), the tree is stopped: reverse start order, each child fully ended before the next. So what
    the body does in its own cleanup still finds a running tree. An exception of the body leaves unwrapped.

    Args:
        spec: the root. Its restart type, backoff and bulkhead mean nothing.
        rng: the source of every jitter.
        log: a structlog logger. The watchdog writes to it from a thread of its own.
        wall_ns: the wall clock of the events, UTC nanoseconds. Everything else goes by trio's clock.
        events: the bus on which the events are told, of this tree alone and with a clock of its own: who is to
            hear the very first ones listens to it before. None makes one that goes by ``wall_ns``.
        reports_kept: how many crash reports are kept of each child; 0 keeps none.
        stall_after: seconds after which a child that blocks the event loop is named: at once by a log line
            ``stalled`` with its path and its stack, then by an event and in its `Node`. What is said of it is
            what it surely blocked, or more. None turns that off; it is off under a virtual clock.
        accounting: whether to measure what every actor costs, for `Supervisor.usage` and in its `Node`: steps,
            processor time, the longest step, and how long steps wait for their turn. Costs some 4 µs for
            every step of every task of this trio run; nothing where it is off.
        on_stuck: what follows when a child ignores its cancellation past its grace. ``wait`` waits for its end
            for as long as that takes. ``exit`` ends the process at once with the exit code `EXIT_STUCK` (70),
            right after the log line: nothing else ends such a task, and no cleanup of any other one runs.

    Yields:
        The running tree. Where the root has nothing to supervise (its ``children`` raised `Ignored`), one that has
        ended already.

    Raises:
        InvalidSpec: an option has a value that it cannot have.
        TreeFailed: the tree gave up (the root's intensity, an essential child, a defect of a supervisor, a
            failed start); the body was cancelled.
        KeyboardInterrupt: or SystemExit, raised in a child.
        BaseExceptionGroup: the body and the tree both failed.
    """
    if not isinstance(spec, SupervisorSpec):
        raise InvalidSpec("open_supervisor(spec)", spec, "a SupervisorSpec")
    if rng is not None and not isinstance(rng, random.Random):
        raise InvalidSpec("open_supervisor(rng)", rng, "a random.Random, or None")
    if events is not None and not isinstance(events, EventBus):
        raise InvalidSpec("open_supervisor(events)", events, "an EventBus, or None")
    logger = (default_log() if log is None else log).bind()
    around = Surroundings(
        rng or random.Random(),
        logger,
        events or EventBus(wall_ns),
        stuck_policy(on_stuck),
        check_reports_kept(reports_kept),
    )
    root = _Root(spec, around)
    raised: BaseException | None = None
    accounts = keep_accounts(around, check_accounting(accounting))
    with accounts, watch_for_stalls(around, check_stall_after(stall_after)):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(root.run)
            try:
                with root.body:
                    await root.ready.wait()
                    yield Supervisor(root.control, root.around)
            except BaseException as error:
                raised = error
            interrupt = await root.close()
            if interrupt is not None:
                interrupt.__context__ = raised
                raised = interrupt
    outcome = _outcome(raised, root.failure)
    if outcome is not None:
        raise outcome
