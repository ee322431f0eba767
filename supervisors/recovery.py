"""Doing what follows when a child has ended by itself: start it again, park it, leave it, or give up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from feedtree.supervisors.children import Child, Incarnation
from feedtree.supervisors.courses import Step, absorbing_plan, next_step
from feedtree.supervisors.errors import ChildFailed, TreeFailed
from feedtree.supervisors.events import EventKind
from feedtree.supervisors.groups import group_of, hold, regroup, waiting_for
from feedtree.supervisors.halt import clear_wait, forget, rest
from feedtree.supervisors.judgement import Judgement, Verdict
from feedtree.supervisors.launch import start
from feedtree.supervisors.reporting import tell_end
from feedtree.supervisors.reports import Course
from feedtree.supervisors.significance import note_end
from feedtree.supervisors.snapshot import ChildState
from feedtree.supervisors.specs import Strategy
from feedtree.supervisors.verdicts import Fatal

if TYPE_CHECKING:
    from feedtree.supervisors.control import Control


def after_end(control: Control, incarnation: Incarnation, judgement: Judgement) -> None:
    """Decide and do what follows the end of an incarnation that nobody asked to end."""
    child = incarnation.child
    was_flapping = child.backoff.flapping
    step = next_step(control, incarnation, judgement)
    tell_end(control, incarnation, judgement, step.course, step.wait)
    if judgement.verdict is Verdict.IGNORED and child.starting is not None:
        child.starting.resolve(None)
        child.starting = None
    match step.course:
        case Course.RESTART:
            _restart(control, child, judgement, step, was_flapping=was_flapping)
        case Course.PARK:
            park(control, child, judgement, step)
        case Course.REFUSE:
            _refuse(control, child, judgement, step)
        case Course.GIVE_UP:
            _give_up(control, child, step)
        case Course.STAND_DOWN:
            rest(control, child, step.reason)
        case Course.FORGET:
            forget(control, child, step.reason)
        case _:
            child.state = ChildState.STOPPED
            control.settle(child)
    note_end(control, child, judgement, step.course)


def _restart(control: Control, child: Child, judgement: Judgement, step: Step, *, was_flapping: bool) -> None:
    wait = step.wait or 0.0
    child.state = ChildState.RESTARTING
    child.due = trio.current_time() + wait
    if child.backoff.flapping and not was_flapping:
        control.around.journal.error("flapping", path=child.path, generation=child.lineage.generation)
        control.tell(EventKind.FLAPPING, child, step.reason)
    control.tell(EventKind.RESTARTING, child, step.reason, wait=wait)
    plan = absorbing_plan(control, child)
    if plan is not None:
        plan.due = max(plan.due, child.due)
        plan.charged = plan.charged or judgement.counted
    elif control.spec.strategy is Strategy.ONE_FOR_ONE:
        _start_later(control, child, wait)
    else:
        regroup(control, child, charged=judgement.counted)
    if control.spec.strategy is not Strategy.ONE_FOR_ONE:
        control.wake_at(child.due)


def _start_later(control: Control, child: Child, wait: float) -> None:
    if wait <= 0:
        start(control, child)
    else:
        child.timer = control.timers.set(child.due, _wait_over, (control, child))


def _wait_over(subject: tuple[Control, Child]) -> None:
    control, child = subject
    child.timer = None
    start(control, child)


def end_wait(control: Control, child: Child) -> bool:
    """Let a child that waits for its restart be started now; its group waits for the others of it only.

    Returns:
        Whether it waited.
    """
    now = trio.current_time()
    if child.state is not ChildState.RESTARTING or child.due <= now:
        return False
    child.due = now
    if child.timer is not None:
        clear_wait(control, child)
        start(control, child)
    elif control.plan is not None:
        control.plan.shorten()
    return True


def _refuse(control: Control, child: Child, judgement: Judgement, step: Step) -> None:
    """A start that somebody asked for failed: the asker is told, and nobody else is concerned."""
    request, child.starting = child.starting, None
    if child.added:
        forget(control, child, step.reason)
    else:
        child.state = ChildState.FAILED
        control.tell(EventKind.FAILED, child, step.reason, judgement=judgement)
        control.settle(child)
        control.around.parked(child.path)
        hold(control, child, waiting_for(control, child))
    if request is not None and step.failure is not None:
        request.reject(step.failure)


def _give_up(control: Control, child: Child, step: Step) -> None:
    if step.failure is not None:
        control.give_up(step.failure)
    rest(control, child, step.reason)


def park(control: Control, child: Child, judgement: Judgement, step: Step) -> None:
    """Leave a child down until someone restarts it by hand."""
    child.state = ChildState.FAILED
    child.last_reason = reason = str(step.failure) if step.failure is not None else _with_remedy(judgement)
    control.around.journal.error(
        "failed", path=child.path, generation=child.lineage.generation, reason=reason
    )
    control.tell(EventKind.FAILED, child, reason, judgement=judgement)
    control.settle(child)
    control.around.parked(child.path)
    concerned = [child]
    if judgement.verdict is Verdict.FATAL:
        members = [each for each in group_of(control, child) if each is not child]
        hold(control, child, members)
        concerned += [each for each in members if each.held_by == child.spec.id]
    for each in filter(is_essential, concerned):
        _fail_tree(control, each, step.failure or judgement.error or ChildFailed(child.path, reason, ()))
        break


def _with_remedy(judgement: Judgement) -> str:
    cause = judgement.cause
    if isinstance(cause, Fatal) and cause.remedy and cause.remedy not in judgement.reason:
        return f"{judgement.reason} ({cause.remedy})"
    return judgement.reason


def is_essential(child: Child) -> bool:
    """Tell whether a branch holds an essential child, so that the tree fails when it is given up."""
    if child.spec.essential:
        return True
    control = child.last_control
    return control is not None and any(is_essential(each) for each in control.children.values())


def _fail_tree(control: Control, child: Child, cause: BaseException) -> None:
    failure = TreeFailed(child.path, f"{child.path} is essential and failed: {cause}")
    failure.__cause__ = cause
    control.around.fail(failure)
