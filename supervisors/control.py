"""The control task of one supervisor: it alone starts and stops its children and changes their records.

Whatever happens elsewhere (a child is ready or has ended, a request, a parent's order to stop) is posted to it.
Each handler runs without a checkpoint, so whoever looks from another task sees a consistent state.
"""

import math
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any

import trio

from feedtree.actors.context import Ignored
from feedtree.supervisors import halt, launch, recovery
from feedtree.supervisors.children import Child, Incarnation, Lineage
from feedtree.supervisors.errors import StartFailed, SupervisorDown
from feedtree.supervisors.events import EventKind
from feedtree.supervisors.incarnation import end_context
from feedtree.supervisors.intensity import Intensity
from feedtree.supervisors.judgement import Judgement, Verdict, describe
from feedtree.supervisors.plan import Plan
from feedtree.supervisors.reports import CrashReport, StopFailures
from feedtree.supervisors.requests import Request
from feedtree.supervisors.snapshot import ChildState
from feedtree.supervisors.specs import ChildSpec, Spec, SupervisorSpec
from feedtree.supervisors.surroundings import Surroundings
from feedtree.supervisors.timers import Timers
from feedtree.supervisors.verdicts import Shutdown


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

    Attributes:
        children: id -> record, in start order.
        incarnation: of this supervisor in its parent; None for the root.
        host: the nursery of all its children.
        live: how many incarnations run.
        plan: the ordered work that it is at; None where there is none.
        failure: why it gave up, or how it shut itself down.
        stop_failures: of children that it stopped all at once.
        ready_at: trio time at which all its children were ready, None before.
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
        self.lineage = lineage
        self.around = around
        self.incarnation: Incarnation | None = None
        self.host: trio.Nursery | None = None
        self.phase = Phase.STARTING
        self.children: dict[str, Child] = {}
        self.live = 0
        self.window = Intensity(spec.intensity, spec.period)
        self.timers = Timers()
        self.plan: Plan | None = None
        self.failure: BaseException | None = None
        self.ready_at: float | None = None
        self.stop_failures = StopFailures()
        self._shutdown: Shutdown | None = None  # to come as soon as all children have started
        self._on_ready = on_ready
        self._on_give_up = on_give_up
        self._order = 0
        self._hurried = False
        self._inbox: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._parked: trio.lowlevel.Task | None = None  # the control task, while it waits
        self._alarm = trio.CancelScope()

    @property
    def starting(self) -> bool:
        """Whether its first start of all children is not over yet."""
        return self.phase is Phase.STARTING

    @property
    def stopping(self) -> bool:
        """Whether its children are being stopped."""
        return self.phase is Phase.STOPPING

    @property
    def accepting(self) -> bool:
        """Whether it takes requests."""
        return self.phase is Phase.RUNNING or self.phase is Phase.STARTING

    @property
    def failed(self) -> bool:
        """Whether it ends, or has ended, other than in good order."""
        return self.failure is not None and not isinstance(self.failure, Shutdown | Ignored)

    @property
    def ended(self) -> bool:
        """Whether it and all its children are gone."""
        return self.phase is Phase.ENDED

    def post(self, handler: Callable[[Any], None], subject: Any) -> None:
        """Have the control task call a handler. May be called from any task of this trio run."""
        self._inbox.append((handler, subject))
        if self._parked is not None:
            trio.lowlevel.reschedule(self._parked)
            self._parked = None

    def child_ready(self, incarnation: Incarnation) -> None:
        """Take note that a child is ready."""
        self.post(launch.on_ready, incarnation)

    def child_reported(self, incarnation: Incarnation, state: str) -> None:
        """Take note of what a child says about itself."""
        self.post(launch.on_report, (incarnation, state))

    def child_exited(self, incarnation: Incarnation) -> None:
        """Take note that an incarnation has ended, however it ended."""
        self.post(self._on_exit, incarnation)

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """Run the children until asked to stop, or until this supervisor gives up.

        Returns when every child has ended. It is to be shielded: ask it to stop instead of cancelling it.

        Raises:
            StartFailed: a child failed before it was ready, at the first start.
            ChildFailed: a child failed too often.
            Shutdown: a significant child has ended.
            Ignored: there is nothing to supervise.
            KeyboardInterrupt: or SystemExit, raised in a child; all others were stopped in order.
        """
        try:
            async with trio.open_nursery() as self.host:
                self._prepare()
                await self._work()
        finally:
            self.phase = Phase.ENDED
            self._answer_the_rest()
            halt.log_stop_failures(self)
        if self.failure is not None:
            raise self.failure

    def _prepare(self) -> None:
        try:
            specs = self.spec.current_children()
        except Ignored as nothing:
            self.failure = nothing
            self.begin_stop(math.inf)
            return
        except Exception as error:
            failure = StartFailed(self.path, describe(error))
            failure.__cause__ = error
            self.give_up(failure)
            return
        except BaseException as interrupt:
            self.give_up(interrupt)
            return
        for child_id, gone in self.lineage.keep_only([spec.id for spec in specs]).items():
            if gone.generation:
                path = self._path_of(child_id)
                self.around.bus.tell(EventKind.REMOVED, path, gone.generation, "not started again")
        for spec in specs:
            self.enlist(spec)
        self.plan = Plan(start=self.children.values())

    async def _work(self) -> None:
        """Attend to whatever comes, in a scope that is an alarm clock: made anew only after it rang."""
        while not self._finished:
            with trio.CancelScope() as self._alarm:
                await self._attend()

    async def _attend(self) -> None:
        while True:
            self._handle_inbox()
            self.timers.fire(trio.current_time())
            self._advance()
            if self._finished:
                return
            if not self._inbox:
                # An alarm that rings too early does no harm, so it is never set later.
                due = self.timers.next_due()
                if due < self._alarm.deadline:
                    self._alarm.deadline = due
                await self._park()

    async def _park(self) -> None:
        """Wait for the next post, or the alarm. An Event for each wait would cost more than all the rest."""
        self._parked = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._unpark)

    def _unpark(self, _: object) -> trio.lowlevel.Abort:
        self._parked = None
        return trio.lowlevel.Abort.SUCCEEDED

    @property
    def _finished(self) -> bool:
        return self.live == 0 and self.phase is Phase.STOPPING

    def _handle_inbox(self) -> None:
        inbox = self._inbox
        while inbox:
            handler, subject = inbox.popleft()
            handler(subject)

    def _advance(self) -> None:
        plan = self.plan
        if plan is None:
            return
        child = plan.next_to_stop()
        if child is not None:
            halt.request_stop(child)
            return
        child = plan.next_to_start()
        if child is not None and child.incarnation is None and plan.due <= trio.current_time():
            launch.start(self, child)
        if plan.done:
            self.plan = None
            self._all_started()

    def _all_started(self) -> None:
        if self.starting:
            self.phase = Phase.RUNNING
            self.ready_at = trio.current_time()
            self._on_ready()
            if self._shutdown is not None:
                self.post(self._end_with, self._shutdown)

    def wake_at(self, due: float) -> None:
        """Go on with the plan at trio time `due`."""
        self.timers.set(due, _nothing, None)

    def settle(self, child: Child) -> None:
        """Take a child that is ready, or will not be, off the plan."""
        if self.plan is not None:
            self.plan.settle(child)

    def is_planned(self, child: Child) -> bool:
        """Whether the plan will start that child."""
        return self.plan is not None and self.plan.will_start(child)

    def enlist(self, spec: Spec) -> Child:
        """Make a record for a child, after all others; it does not run yet."""
        path = self._path_of(spec.id)
        self._order += 1
        child = Child(spec, path, self.lineage.child(spec.id), self._order)
        if spec.bulkhead and isinstance(spec, ChildSpec):
            child.window = Intensity(self.spec.intensity, self.spec.period)
        self.children[spec.id] = child
        return child

    def _path_of(self, child_id: str) -> str:
        return f"{self.path}/{child_id}" if self.path else child_id

    def window_of(self, child: Child) -> Intensity:
        """Return the window in which a child's restarts are counted."""
        return self.window if child.window is None else child.window

    def below(self, child: Child, spec: SupervisorSpec, incarnation: Incarnation) -> "Control":
        """Make the control of a child that is itself a supervisor."""

        def ready() -> None:
            self.child_ready(incarnation)

        control = Control(spec, child.path, child.lineage, self.around, ready)
        control.incarnation = incarnation
        return control

    def tell(
        self,
        kind: EventKind,
        child: Child,
        reason: str = "",
        *,
        wait: float | None = None,
        judgement: Judgement | None = None,
        report: CrashReport | None = None,
    ) -> None:
        """Tell whoever listens what happened to a child."""
        bus = self.around.bus
        if bus.heard:
            generation = child.lineage.generation
            bus.tell(kind, child.path, generation, reason, wait=wait, judgement=judgement, report=report)

    def _on_exit(self, incarnation: Incarnation) -> None:
        incarnation.clear_timer(self.timers)
        incarnation.child.incarnation = None
        self.live -= 1
        judgement = incarnation.judgement()
        if incarnation.context is not None:
            end_context(incarnation.context, judgement, self.around)
        if judgement.verdict is Verdict.INTERRUPTED and judgement.cause is not None:
            self.give_up(judgement.cause)
        if self.stopping or judgement.verdict is Verdict.STOPPED:
            halt.after_stop(self, incarnation, judgement)
        else:
            recovery.after_end(self, incarnation, judgement)
        launch.start_again(self, incarnation.child)

    def give_up(self, failure: BaseException) -> None:
        """Stop all children, and end with that failure; the first one counts, but an interrupt goes before it."""
        if self.accepting:
            self.around.bus.tell(EventKind.GAVE_UP, self.path, self._generation, describe(failure))
        self._end_with(failure)

    def shut_down(self, shutdown: Shutdown) -> None:
        """Stop all children, and end in good order; not before all of them have started."""
        if self.starting:
            self._shutdown = self._shutdown or shutdown
        elif self.accepting:
            self._end_with(shutdown)

    def _end_with(self, failure: BaseException) -> None:
        if not self.failed or (not isinstance(failure, Exception) and isinstance(self.failure, Exception)):
            self.failure = failure
        if self._on_give_up is not None:
            self._on_give_up()
        self.begin_stop(math.inf)

    @property
    def _generation(self) -> int:
        return 1 if self.incarnation is None else self.incarnation.child.lineage.generation

    def begin_stop(self, within: float) -> None:
        """Stop all children, in reverse start order or, if dynamic, at once. Can be repeated to hurry.

        Args:
            within: seconds after which all that still run are asked at once, with no grace left.
        """
        if self.accepting:
            self.phase = Phase.STOPPING
            self._stop_children()
        if within <= 0:
            self._hurry(None)
        elif within != math.inf:
            self.timers.set(trio.current_time() + within, self._hurry, None)

    def _stop_children(self) -> None:
        for child in list(self.children.values()):
            child.refuse_start(SupervisorDown(child.path, "its supervisor is stopping"))
            if child.state is ChildState.RESTARTING:
                halt.rest(self, child, "its supervisor stopped before its next start")
        live = [child for child in self.children.values() if child.incarnation is not None]
        self.plan = Plan(stop=live)
        if self.spec.dynamic:
            for child in live:
                halt.request_stop(child)

    def _hurry(self, _: None) -> None:
        if not self._hurried:
            self._hurried = True
            for child in list(self.children.values()):
                halt.request_stop(child, grace=0.0)

    def _answer_the_rest(self) -> None:
        """Refuse every request that was not answered or came too late, and end what ended unnoticed."""
        for child in self.children.values():  # where this supervisor broke down, some still wait
            child.refuse_start(SupervisorDown(child.path, "its supervisor has ended"))
            for request in child.stopping:
                request.reject(SupervisorDown(child.path, "its supervisor has ended"))
        for _, subject in self._inbox:
            if isinstance(subject, Request):
                subject.reject(SupervisorDown(self.path, "it has ended"))
            elif isinstance(subject, Incarnation) and subject.context is not None:
                subject.context.end("its supervisor broke down")
        self._inbox.clear()


def _nothing(_: None) -> None:
    """Only wake the control task."""
