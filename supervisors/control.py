"""The control task of one supervisor: it alone starts and stops its children and changes their records.

Whatever happens elsewhere (a child is ready or has ended, a request, a parent's order to stop) is posted to it.
Each handler runs without a checkpoint, so whoever looks from another task sees a consistent state.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from functools import partial
from typing import Any

import trio

from feedtree.supervisors import recovery
from feedtree.supervisors.children import Child, Incarnation, Lineage
from feedtree.supervisors.errors import StartFailed, StartTimeout, SupervisorDown
from feedtree.supervisors.events import EventKind
from feedtree.supervisors.incarnation import SupervisedContext, run_supervisor, run_worker
from feedtree.supervisors.intensity import Intensity
from feedtree.supervisors.judgement import Judgement, Verdict, describe, judge
from feedtree.supervisors.plan import Plan
from feedtree.supervisors.requests import Request
from feedtree.supervisors.snapshot import ChildState
from feedtree.supervisors.specs import ChildSpec, Restart, Spec, SupervisorSpec
from feedtree.supervisors.stuck import stack_of
from feedtree.supervisors.surroundings import Surroundings
from feedtree.supervisors.timers import Timers

# A child whose grace ends with its cleanup needs a moment to be gone before it counts as stuck.
_STUCK_AFTER = 0.1


class Phase(Enum):
    """Where a supervisor stands."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"


class Control:
    """One incarnation of a supervisor.

    Args:
        spec: what it supervises, and how.
        path: where it stands in its tree.
        lineage: what its former incarnations left.
        around: what the whole tree shares.
        on_ready: called once, when all its children are ready.
        on_give_up: called when it begins to stop because it gave up.
    """

    def __init__(
        self,
        spec: SupervisorSpec,
        path: str,
        lineage: Lineage,
        around: Surroundings,
        on_ready: Callable[[], None],
        on_give_up: Callable[[], None] | None = None,
    ) -> None:
        self.spec = spec
        self.path = path
        self.around = around
        self.incarnation: Incarnation | None = None  # of this supervisor, in its parent; None for the root
        self.phase = Phase.STARTING
        self.children: dict[str, Child] = {}  # in start order
        self.window = Intensity(spec.intensity, spec.period)
        self.timers = Timers()
        self.plan: Plan | None = None
        self.failure: BaseException | None = None
        self.ready_at: float | None = None
        self._lineage = lineage
        self._on_ready = on_ready
        self._on_give_up = on_give_up
        self._live = 0
        self._order = 0
        self._hurried = False
        self._inbox: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._wake = trio.Event()
        self._host: trio.Nursery | None = None

    @property
    def starting(self) -> bool:
        """Whether its first start of all children is not over yet."""
        return self.phase is Phase.STARTING

    @property
    def accepting(self) -> bool:
        """Whether it takes requests."""
        return self.phase in (Phase.STARTING, Phase.RUNNING)

    @property
    def ended(self) -> bool:
        """Whether it and all its children are gone."""
        return self.phase is Phase.ENDED

    def post(self, handler: Callable[[Any], None], subject: Any) -> None:
        """Have the control task call a handler. May be called from any task of this trio run."""
        self._inbox.append((handler, subject))
        self._wake.set()

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """Run the children until asked to stop, or until this supervisor gives up.

        Returns when every child has ended. It is to be shielded: ask it to stop instead of cancelling it.

        Raises:
            StartFailed: a child failed before it was ready, at the first start.
            ChildFailed: a child failed too often.
            KeyboardInterrupt: or SystemExit, raised in a child; all others were stopped in order.
        """
        try:
            async with trio.open_nursery() as host:
                self._host = host
                self._prepare()
                await self._work()
        finally:
            self.phase = Phase.ENDED
            self._answer_the_rest()
        if self.failure is not None:
            raise self.failure

    def _prepare(self) -> None:
        try:
            specs = self.spec.current_children()
        except Exception as error:
            failure = StartFailed(self.path, describe(error))
            failure.__cause__ = error
            self.give_up(failure)
            return
        self._lineage.keep_only([spec.id for spec in specs])
        for spec in specs:
            self.enlist(spec)
        self.plan = Plan(start=self.children.values())

    async def _work(self) -> None:
        while True:
            self._handle_inbox()
            self.timers.fire(trio.current_time())
            self._advance()
            if self._live == 0 and self.phase is Phase.STOPPING:
                return
            if not self._inbox:
                await self._sleep()

    def _handle_inbox(self) -> None:
        inbox = self._inbox
        while inbox:
            handler, subject = inbox.popleft()
            handler(subject)

    async def _sleep(self) -> None:
        self._wake = trio.Event()
        due = self.timers.next_due()
        if due == math.inf:
            await self._wake.wait()
        else:
            with trio.move_on_at(due):
                await self._wake.wait()

    def _advance(self) -> None:
        plan = self.plan
        if plan is None:
            return
        child = plan.next_to_stop()
        if child is not None:
            self.request_stop(child)
            return
        if plan.start:
            self._advance_start(plan)
        if plan.done:
            self.plan = None
            self._all_started()

    def _advance_start(self, plan: Plan) -> None:
        child = plan.start[0]
        if child.incarnation is None and plan.due <= trio.current_time():
            self.start(child)

    def _all_started(self) -> None:
        if self.phase is Phase.STARTING:
            self.phase = Phase.RUNNING
            self.ready_at = trio.current_time()
            self._on_ready()

    def wake_at(self, due: float) -> None:
        """Go on with the plan at trio time `due`."""
        self.timers.set(due, _nothing)

    def tell(
        self,
        kind: EventKind,
        child: Child,
        reason: str = "",
        *,
        wait: float | None = None,
        judgement: Judgement | None = None,
    ) -> None:
        """Tell whoever listens what happened to a child."""
        generation = child.lineage.generation
        self.around.bus.tell(kind, child.path, generation, reason, wait=wait, judgement=judgement)

    # Children come and go

    def enlist(self, spec: Spec) -> Child:
        """Make a record for a child, after all others; it does not run yet."""
        path = f"{self.path}/{spec.id}" if self.path else spec.id
        self._order += 1
        child = Child(spec, path, self._lineage.child(spec.id), self._order)
        if spec.bulkhead and isinstance(spec, ChildSpec):
            child.window = Intensity(self.spec.intensity, self.spec.period)
        self.children[spec.id] = child
        return child

    def forget(self, child: Child, reason: str = "") -> None:
        """Drop a child's record; it does not run."""
        del self.children[child.spec.id]
        self._lineage.children.pop(child.spec.id, None)
        child.state = ChildState.STOPPED
        self.settle(child)
        self.tell(EventKind.REMOVED, child, reason)
        self._answer_ended(child)

    def start(self, child: Child) -> None:
        """Start the next incarnation of a child."""
        assert self._host is not None
        child.lineage.generation += 1
        incarnation = child.incarnation = Incarnation(child, self)
        child.state = ChildState.STARTING
        self._live += 1
        spec = child.spec
        if spec.start_timeout != math.inf:
            due = trio.current_time() + spec.start_timeout
            incarnation.timer = self.timers.set(due, partial(self._on_start_timeout, incarnation))
        self.tell(EventKind.STARTING, child)
        exited = partial(self.post, self._on_exit)
        ready = partial(self.post, self._on_child_ready, incarnation)
        if isinstance(spec, ChildSpec):
            incarnation.context = SupervisedContext(
                child.path,
                child.lineage.generation,
                ready,
                log=self.around.log,
                on_report=self.around.on_report,
            )
            self._host.start_soon(run_worker, incarnation, spec.start, exited, name=child.path)
        else:
            control = Control(spec, child.path, child.lineage, self.around, ready)
            control.incarnation = incarnation
            child.last_control = incarnation.control = control
            self._host.start_soon(run_supervisor, incarnation, exited, name=child.path)

    def _on_child_ready(self, incarnation: Incarnation) -> None:
        child = incarnation.child
        if incarnation.stop_requested:
            return
        incarnation.ready_at = trio.current_time()
        self._clear_timer(incarnation)
        child.state = ChildState.RUNNING
        child.ready_once = True
        child.added = False
        self.tell(EventKind.READY, child)
        self.settle(child)
        if child.starting is not None:
            child.starting.resolve(child.path)
            child.starting = None

    def _on_start_timeout(self, incarnation: Incarnation) -> None:
        incarnation.timed_out = True
        self.request_stop(incarnation.child)

    def request_stop(self, child: Child, grace: float = math.inf) -> None:
        """Ask a running child to end; a further request can only shorten its grace."""
        incarnation = child.incarnation
        if incarnation is None:
            return
        deadline = trio.current_time() + min(grace, child.spec.shutdown)
        if incarnation.stop_requested and deadline >= incarnation.stop_deadline:
            return
        self._clear_timer(incarnation)
        incarnation.shorten_grace(deadline)
        if not incarnation.stop_requested:
            incarnation.stop_requested = True
            child.state = ChildState.STOPPING
            self.tell(EventKind.STOPPING, child)
        if incarnation.control is not None:
            incarnation.control.post(incarnation.control.begin_stop, min(grace, child.spec.shutdown))
            return
        incarnation.scope.cancel()
        if deadline != math.inf:
            incarnation.timer = self.timers.set(deadline + _STUCK_AFTER, partial(self._on_stuck, incarnation))

    def _on_stuck(self, incarnation: Incarnation) -> None:
        child = incarnation.child
        child.state = ChildState.STUCK
        stack = "" if incarnation.task is None else stack_of(incarnation.task)
        child.last_reason = "it did not end within its grace"
        self.around.log.error("stuck", path=child.path, generation=child.lineage.generation, stack=stack)
        self.tell(EventKind.STUCK, child, stack)

    # Children end

    def _on_exit(self, incarnation: Incarnation) -> None:
        child = incarnation.child
        self._clear_timer(incarnation)
        child.incarnation = None
        self._live -= 1
        judgement = self._judge(incarnation)
        incarnation.error = None
        if judgement.verdict is Verdict.INTERRUPTED and judgement.cause is not None:
            self.give_up(judgement.cause)
        if judgement.verdict in (Verdict.STOPPED, Verdict.INTERRUPTED) or self.phase is Phase.STOPPING:
            self._after_stop(incarnation, judgement)
        else:
            recovery.after_end(self, incarnation, judgement)

    def _judge(self, incarnation: Incarnation) -> Judgement:
        error = incarnation.error
        if incarnation.timed_out:
            late = StartTimeout(incarnation.child.path, "it was not ready in time")
            late.__cause__ = error
            return Judgement(Verdict.BUG, late, late)
        ready = incarnation.ready_at is not None
        return judge(error, ready=ready, stop_requested=incarnation.stop_requested)

    def _after_stop(self, incarnation: Incarnation, judgement: Judgement) -> None:
        child = incarnation.child
        if judgement.cause is not None:
            child.remember(judgement)
            self.around.log.warning("failed while stopping", path=child.path, reason=judgement.reason)
        self.rest(child, _stop_reason(incarnation, judgement), judgement)

    def rest(self, child: Child, reason: str, judgement: Judgement | None = None) -> None:
        """Let a child that has ended be stopped, or forget it where nothing of it is to be kept."""
        child.state = ChildState.STOPPED
        child.last_reason = reason
        self.tell(EventKind.STOPPED, child, reason, judgement=judgement)
        if child.forget or child.spec.restart is Restart.TEMPORARY or self._dynamic_and_alive(child):
            self.forget(child, reason)
            return
        self.answer_start(child, SupervisorDown(child.path, f"it is stopped: {reason}"))
        self._answer_ended(child)

    def _dynamic_and_alive(self, child: Child) -> bool:
        return self.spec.dynamic and self.phase is not Phase.STOPPING

    def settle(self, child: Child) -> None:
        """Take a child that is ready, or will not be, off the plan."""
        if self.plan is not None:
            self.plan.settle(child)

    def _clear_timer(self, incarnation: Incarnation) -> None:
        if incarnation.timer is not None:
            self.timers.cancel(incarnation.timer)
            incarnation.timer = None

    def clear_wait(self, child: Child) -> None:
        """Take back the timer that would start a child again."""
        if child.timer is not None:
            self.timers.cancel(child.timer)
            child.timer = None

    # The supervisor ends

    def give_up(self, failure: BaseException) -> None:
        """Stop all children, and end with that failure; an interrupt goes before any other one."""
        if self.failure is None or isinstance(self.failure, Exception):
            self.failure = failure
        if self._on_give_up is not None:
            self._on_give_up()
        self.begin_stop(math.inf)

    def begin_stop(self, within: float) -> None:
        """Stop all children, in reverse start order or, if dynamic, at once. Can be repeated to hurry.

        Args:
            within: seconds after which all that still run are asked at once, with no grace left.
        """
        if self.phase is not Phase.STOPPING:
            self.phase = Phase.STOPPING
            self._stop_children()
        if within <= 0:
            self._hurry()
        elif within != math.inf:
            self.timers.set(trio.current_time() + within, self._hurry)

    def _stop_children(self) -> None:
        for child in list(self.children.values()):
            self.clear_wait(child)
            self.answer_start(child, SupervisorDown(child.path, "its supervisor is stopping"))
            if child.state is ChildState.RESTARTING:
                self.rest(child, "its supervisor stopped before its next start")
        live = [child for child in self.children.values() if child.incarnation is not None]
        self.plan = Plan(stop=live)
        if self.spec.dynamic:
            self._stop_at_once(live)

    def _hurry(self) -> None:
        if not self._hurried:
            self._hurried = True
            self._stop_at_once(list(self.children.values()), grace=0.0)

    def _stop_at_once(self, children: Iterable[Child], grace: float = math.inf) -> None:
        for child in children:
            self.request_stop(child, grace)

    # Requests

    def answer_start(self, child: Child, error: Exception) -> None:
        """Tell whoever waits for a child to be ready that it will not be."""
        if child.starting is not None:
            child.starting.reject(error)
            child.starting = None

    def _answer_ended(self, child: Child) -> None:
        self.answer_start(child, SupervisorDown(child.path, "it was stopped before it was ready"))
        for request in child.stopping:
            request.resolve(child.path)
        child.stopping = []

    def _answer_the_rest(self) -> None:
        """Refuse every request that came too late to be handled."""
        for _, subject in self._inbox:
            if isinstance(subject, Request):
                subject.reject(SupervisorDown(self.path, "it has ended"))
        self._inbox.clear()


def _nothing() -> None:
    """Only wake the control task."""


def _stop_reason(incarnation: Incarnation, judgement: Judgement) -> str:
    if judgement.cause is not None:
        return judgement.reason
    if incarnation.child.held_by is not None:
        return f"held by {incarnation.child.held_by}"
    if trio.current_time() >= incarnation.stop_deadline:
        return "killed: its grace was over"
    return judgement.verdict.value
