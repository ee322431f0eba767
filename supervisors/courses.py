"""Deciding what follows when a child has ended by itself. Nothing is stopped or started here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
from msgspec import Struct

from feedtree.supervisors.children import Child, Incarnation
from feedtree.supervisors.errors import IntensityExceeded, StartFailed
from feedtree.supervisors.judgement import Judgement, Verdict
from feedtree.supervisors.plan import Plan
from feedtree.supervisors.reports import Course
from feedtree.supervisors.specs import Restart, Spec, SupervisorSpec

if TYPE_CHECKING:
    from feedtree.supervisors.control import Control


class Step(Struct, frozen=True):
    """What follows the end of an incarnation.

    Args:
        course: what to do.
        reason: why the child is down now, for those that stay down.
        wait: seconds until the next start, for a restart.
        failure: what a caller is told, a supervisor fails with, or a child is parked for.
    """

    course: Course
    reason: str = ""
    wait: float | None = None
    failure: StartFailed | IntensityExceeded | None = None


def decide(spec: Spec, judgement: Judgement, *, dynamic: bool) -> Course:
    """Decide what follows the end of a child; its restart type goes before the verdict."""
    if spec.restart is Restart.TEMPORARY:
        return Course.FORGET
    if judgement.verdict is Verdict.IGNORED or (judgement.orderly and spec.restart is Restart.TRANSIENT):
        return Course.FORGET if dynamic else Course.REST
    if judgement.verdict is Verdict.FATAL:
        return Course.PARK
    if spec.bulkhead and isinstance(spec, SupervisorSpec) and not judgement.orderly:
        return Course.PARK
    return Course.RESTART


def next_step(control: Control, incarnation: Incarnation, judgement: Judgement) -> Step:
    """Decide what follows the end of an incarnation; a restart is counted and its wait drawn."""
    child = incarnation.child
    if child.kept_down:
        return Step(Course.STAND_DOWN, child.kept_down)
    if child.again:
        return Step(Course.STAND_DOWN, judgement.reason)
    if absorbing_plan(control, child) is not None and not control.is_planned(child):
        return Step(Course.STAND_DOWN, judgement.reason)
    if incarnation.ready_at is None and judgement.verdict is not Verdict.IGNORED:
        failed = _failed_start(control, child, judgement)
        if failed is not None:
            return failed
    course = decide(child.spec, judgement, dynamic=control.spec.dynamic)
    if course is Course.RESTART:
        return _restart_or_not(control, incarnation, judgement)
    return Step(course, judgement.reason)


def _failed_start(control: Control, child: Child, judgement: Judgement) -> Step | None:
    """Decide about an end before ready that somebody waits for; None where it is like any other end."""
    if child.starting is not None:
        return Step(Course.REFUSE, judgement.reason, failure=_start_failure(child, judgement))
    if child.ready_once or not control.starting:
        return None
    course = decide(child.spec, judgement, dynamic=control.spec.dynamic)
    if course is Course.PARK or child.spec.bulkhead:
        return Step(Course.FORGET if course is Course.FORGET else Course.PARK, judgement.reason)
    return Step(Course.GIVE_UP, judgement.reason, failure=_start_failure(child, judgement))


def _start_failure(child: Child, judgement: Judgement) -> StartFailed:
    if isinstance(judgement.error, StartFailed) and judgement.error.path.startswith(child.path):
        return judgement.error
    failure = StartFailed(child.path, judgement.reason)
    failure.__cause__ = judgement.error or judgement.cause
    return failure


def _restart_or_not(control: Control, incarnation: Incarnation, judgement: Judgement) -> Step:
    child = incarnation.child
    now = trio.current_time()
    wait = child.backoff.after(incarnation.attempt(judgement, now), now, control.around.rng)
    plan = absorbing_plan(control, child)
    free = not judgement.counted or (plan is not None and plan.charged)
    if free or control.window_of(child).admit(now, child.spec.id):
        return Step(Course.RESTART, judgement.reason, wait=wait)
    contained = child.spec.bulkhead or child.spec.essential
    failure = _too_many(control, child, judgement)
    return Step(Course.PARK if contained else Course.GIVE_UP, judgement.reason, failure=failure)


def _too_many(control: Control, child: Child, judgement: Judgement) -> IntensityExceeded:
    window = control.window_of(child)
    reasons = (*(each.reason for each in child.lineage.reports), judgement.reason)
    failure = IntensityExceeded(
        child.path, window.limit, window.period, reasons[-control.around.reports_kept :]
    )
    failure.__cause__ = judgement.error or judgement.cause
    return failure


def absorbing_plan(control: Control, child: Child) -> Plan | None:
    """Return the plan that was about to stop this child anyway, None where there is none."""
    plan = control.plan
    return plan if plan is not None and plan.will_stop(child) else None
