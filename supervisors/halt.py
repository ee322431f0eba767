"""Stopping a child: the request, its grace, and what is kept of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import trio

from feedtree.supervisors.children import Child, Incarnation
from feedtree.supervisors.errors import StartFailed, SupervisorDown
from feedtree.supervisors.events import EventKind
from feedtree.supervisors.judgement import Judgement
from feedtree.supervisors.reporting import keep_report
from feedtree.supervisors.reports import Course, CrashReport
from feedtree.supervisors.snapshot import ChildState
from feedtree.supervisors.specs import Restart
from feedtree.supervisors.stuck import stack_of

if TYPE_CHECKING:
    from feedtree.supervisors.control import Control

# A child whose grace ends with its cleanup needs a moment to be gone before it counts as stuck.
_STUCK_AFTER = 0.1


def request_stop(child: Child, grace: float = math.inf) -> None:
    """Ask a running child to end; a further request can only shorten its grace."""
    incarnation = child.incarnation
    if incarnation is None:
        return
    control = incarnation.home
    grace = min(grace, child.spec.shutdown)
    deadline = trio.current_time() + grace
    if incarnation.stop_requested and deadline >= incarnation.stop_deadline:
        return
    incarnation.clear_timer(control.timers)
    incarnation.shorten_grace(deadline)
    if not incarnation.stop_requested:
        incarnation.stop_requested = True
        child.state = ChildState.STOPPING
        control.tell(EventKind.STOPPING, child)
    if incarnation.control is not None:
        incarnation.control.post(incarnation.control.begin_stop, grace)
        return
    incarnation.scope.cancel()
    if grace != math.inf:
        incarnation.timer = control.timers.set(deadline + _STUCK_AFTER, _on_stuck, incarnation)


def _on_stuck(incarnation: Incarnation) -> None:
    control, child = incarnation.home, incarnation.child
    child.state = ChildState.STUCK
    child.last_reason = "it did not end within its grace"
    stack = "" if incarnation.task is None else stack_of(incarnation.task)
    control.around.journal.error("stuck", path=child.path, generation=child.lineage.generation, stack=stack)
    control.tell(EventKind.STUCK, child, stack)
    control.around.on_stuck()


def after_stop(control: Control, incarnation: Incarnation, judgement: Judgement) -> None:
    """Note the end of a child that was asked to end, or whose supervisor is stopping."""
    child = incarnation.child
    report = None
    if judgement.cause is not None and not judgement.orderly:
        asked = incarnation.stop_requested
        report = keep_report(control, incarnation, judgement, Course.STOP if asked else Course.STAND_DOWN)
        _log_failure(control, report)
    rest(control, child, _stop_reason(incarnation, judgement), judgement, report)


def _log_failure(control: Control, report: CrashReport) -> None:
    """Log a failure while stopping; where many children stop at once, they are logged together at the end."""
    if control.spec.dynamic and control.stopping:
        control.stop_failures.add(report)
    else:
        control.around.journal.warning("failed while stopping", path=report.path, reason=report.reason)


def _stop_reason(incarnation: Incarnation, judgement: Judgement) -> str:
    if incarnation.child.kept_down:
        return incarnation.child.kept_down
    if judgement.cause is not None:
        return judgement.reason
    if trio.current_time() >= incarnation.stop_deadline:
        return "killed: its grace was over"
    return judgement.verdict.value


def log_stop_failures(control: Control) -> None:
    """Log the failures of children that were stopped all at once."""
    failures = control.stop_failures
    if failures.total:
        control.around.journal.warning(
            "failed while stopping", path=control.path, count=failures.total, reason=failures.summary()
        )


def rest(
    control: Control,
    child: Child,
    reason: str,
    judgement: Judgement | None = None,
    report: CrashReport | None = None,
) -> None:
    """Let a child that has ended be stopped, or forget it where nothing of it is to be kept.

    One that is to be started again at once, by hand or with its group, is kept for that.
    """
    clear_wait(control, child)
    child.state = ChildState.STOPPED
    child.last_reason = reason
    control.tell(EventKind.STOPPED, child, reason, judgement=judgement, report=report)
    coming = child.again or control.is_planned(child)
    if child.starting is not None and not coming:
        disappoint(child, reason)
    gone = child.forget or child.spec.restart is Restart.TEMPORARY
    kept = coming or child.halted or control.stopping or not control.spec.dynamic
    if gone or not kept:
        forget(control, child, reason)
    else:
        _answer_stops(child)


def disappoint(child: Child, reason: str) -> None:
    """Tell whoever waits for a child's start that it will not come; one only just added is to be forgotten."""
    if child.starting is None:
        return
    if child.held_by is None:
        child.refuse_start(SupervisorDown(child.path, f"it was stopped before it was ready: {reason}"))
    else:
        child.refuse_start(StartFailed(child.path, reason))
        child.forget = child.added


def forget(control: Control, child: Child, reason: str) -> None:
    """Drop the record of a child that does not run."""
    del control.children[child.spec.id]
    control.lineage.children.pop(child.spec.id, None)
    if child.state is ChildState.FAILED:
        _let_go(control, child)
    child.state = ChildState.STOPPED
    control.settle(child)
    if child.lineage.generation:  # one that never ran was never heard of
        control.tell(EventKind.REMOVED, child, reason)
    disappoint(child, reason)
    _answer_stops(child)


def _let_go(control: Control, child: Child) -> None:
    """Let those that were held by a parked child be started by hand, each by itself."""
    for each in control.children.values():
        if each.held_by == child.spec.id:
            each.held_by = None
            each.let_go_by = child.spec.id
            each.by_hand = True
            each.last_reason = each.kept_down


def clear_wait(control: Control, child: Child) -> None:
    """Take back the timer that would start a child again."""
    if child.timer is not None:
        control.timers.cancel(child.timer)
        child.timer = None


def _answer_stops(child: Child) -> None:
    if child.stopping:
        for request in child.stopping:
            request.resolve()
        child.stopping = []
