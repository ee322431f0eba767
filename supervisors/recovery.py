"""What follows when a child has ended by itself: start it again, park it, leave it, or give up."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import trio

from feedtree.supervisors.children import Child, Incarnation
from feedtree.supervisors.errors import ChildFailed, IntensityExceeded, StartFailed, TreeFailed
from feedtree.supervisors.events import EventKind
from feedtree.supervisors.halt import disappoint, forget, rest
from feedtree.supervisors.judgement import Judgement, Verdict
from feedtree.supervisors.launch import start
from feedtree.supervisors.plan import Plan
from feedtree.supervisors.snapshot import ChildState
from feedtree.supervisors.specs import Restart, Spec, Strategy, SupervisorSpec
from feedtree.supervisors.verdicts import Fatal

if TYPE_CHECKING:
    from feedtree.supervisors.control import Control


class Course(Enum):
    """What to do about a child that has ended."""

    RESTART = "restart"
    PARK = "park"
    REST = "rest"
    FORGET = "forget"


def decide(spec: Spec, judgement: Judgement, *, dynamic: bool) -> Course:
    """Decide what follows the end of a child; its restart type goes before the verdict."""
    if spec.restart is Restart.TEMPORARY:
        return Course.FORGET
    if judgement.verdict is Verdict.IGNORED or (judgement.orderly and spec.restart is Restart.TRANSIENT):
        return Course.FORGET if dynamic else Course.REST
    if judgement.verdict is Verdict.FATAL:
        return Course.PARK
    if spec.bulkhead and isinstance(spec, SupervisorSpec):
        return Course.PARK
    return Course.RESTART


def after_end(control: Control, incarnation: Incarnation, judgement: Judgement) -> None:
    """Do what follows the end of an incarnation that nobody asked to end."""
    child = incarnation.child
    _report(control, child, judgement)
    if child.held_by is not None:
        rest(control, child, f"held by {child.held_by}")
        return
    if _absorbing_plan(control, child) is not None and not control.is_planned(child):
        rest(control, child, judgement.reason)
        return
    if incarnation.ready_at is None and _first_start(control, child, judgement):
        return
    match decide(child.spec, judgement, dynamic=control.spec.dynamic):
        case Course.FORGET:
            forget(control, child, judgement.reason)
        case Course.REST:
            child.state = ChildState.STOPPED
            control.settle(child)
        case Course.PARK:
            park(control, child, judgement)
        case Course.RESTART:
            _restart(control, incarnation, judgement)


def _report(control: Control, child: Child, judgement: Judgement) -> None:
    child.remember(judgement)
    reason = judgement.reason
    if judgement.verdict is Verdict.IGNORED:
        control.tell(EventKind.IGNORED, child, judgement=judgement)
        return
    if judgement.orderly:
        control.tell(EventKind.EXITED, child, reason, judgement=judgement)
        return
    log = control.around.log.warning if judgement.counted else control.around.log.info
    log(
        "crashed",
        path=child.path,
        generation=child.lineage.generation,
        verdict=judgement.verdict.value,
        reason=reason,
    )
    control.tell(EventKind.CRASHED, child, reason, judgement=judgement)


def _first_start(control: Control, child: Child, judgement: Judgement) -> bool:
    """Deal with an end before ready that somebody waits for; return whether nothing else is to be done."""
    if judgement.verdict is Verdict.IGNORED:
        if child.starting is not None:
            child.starting.resolve(None)
            child.starting = None
        return False
    if child.starting is not None:
        _fail_asked_start(control, child, judgement)
        return True
    return _first_start_fails(control, child, judgement)


def _fail_asked_start(control: Control, child: Child, judgement: Judgement) -> None:
    """A start that somebody asked for failed: the asker is told, and nobody else is concerned."""
    failure = _start_failure(child, judgement)
    request, child.starting = child.starting, None
    if child.added:
        forget(control, child, judgement.reason)
    else:
        child.state = ChildState.FAILED
        control.tell(EventKind.FAILED, child, judgement.reason, judgement=judgement)
        control.around.parked(child.path)
        hold(control, child, waiting_for(control, child))
    if request is not None:
        request.reject(failure)


def _start_failure(child: Child, judgement: Judgement) -> StartFailed:
    if isinstance(judgement.error, StartFailed) and judgement.error.path.startswith(child.path):
        return judgement.error
    failure = StartFailed(child.path, judgement.reason)
    failure.__cause__ = judgement.error or judgement.cause
    return failure


def _first_start_fails(control: Control, child: Child, judgement: Judgement) -> bool:
    """Give the supervisor's start up where a child fails in it, unless the child is one to be parked."""
    if child.ready_once or not control.starting:
        return False
    if decide(child.spec, judgement, dynamic=control.spec.dynamic) is Course.PARK:
        return False
    if child.spec.bulkhead:
        park(control, child, judgement)
        return True
    control.give_up(_start_failure(child, judgement))
    rest(control, child, judgement.reason)
    return True


def _restart(control: Control, incarnation: Incarnation, judgement: Judgement) -> None:
    child = incarnation.child
    now = trio.current_time()
    was_flapping = child.backoff.flapping
    wait = child.backoff.after(incarnation.attempt(judgement, now), now, control.around.rng)
    plan = _absorbing_plan(control, child)
    free = not judgement.counted or (plan is not None and plan.charged)
    if not free and not _charge(control, child, now):
        _exhausted(control, child, judgement)
        return
    child.state = ChildState.RESTARTING
    child.due = now + wait
    if child.backoff.flapping and not was_flapping:
        control.around.log.error("flapping", path=child.path, generation=child.lineage.generation)
        control.tell(EventKind.FLAPPING, child, judgement.reason)
    control.tell(EventKind.RESTARTING, child, judgement.reason, wait=wait)
    if plan is not None:
        plan.due = max(plan.due, child.due)
        plan.charged = plan.charged or judgement.counted
    elif control.spec.strategy is Strategy.ONE_FOR_ONE:
        _start_later(control, child, wait)
    else:
        _regroup(control, child, charged=judgement.counted)
    if control.spec.strategy is not Strategy.ONE_FOR_ONE:
        control.wake_at(child.due)


def _absorbing_plan(control: Control, child: Child) -> Plan | None:
    """Return the plan that was about to stop this child anyway, None where there is none."""
    plan = control.plan
    return plan if plan is not None and child in plan.stop else None


def _charge(control: Control, child: Child, now: float) -> bool:
    window = control.window if child.window is None else child.window
    return window.admit(now, child.spec.id)


def _start_later(control: Control, child: Child, wait: float) -> None:
    if wait <= 0:
        start(control, child)
    else:
        child.timer = control.timers.set(child.due, _wait_over, (control, child))


def _wait_over(subject: tuple[Control, Child]) -> None:
    control, child = subject
    child.timer = None
    start(control, child)


def _regroup(control: Control, child: Child, *, charged: bool) -> None:
    """Stop the child's group in reverse order, wait, start it in order."""
    members = group_of(control, child)
    coming = [each for each in members if _comes_back(each)]
    control.plan = merged(control, stop=members, start=coming, due=child.due, charged=charged)


def merged(
    control: Control, *, stop: list[Child], start: list[Child], due: float = 0.0, charged: bool = False
) -> Plan:
    """Return a plan for these children, joined with what the present one still has to do for others.

    Args:
        control: whose plan it will be.
        stop: those to stop, where they run; none of them is started but by this plan.
        start: those to start.
        due: trio time before which none is started.
        charged: its cost was taken from the intensity.
    """
    old = control.plan or Plan()
    starting = {id(each): each for each in (*start, *(each for each in old.start if each not in stop))}
    stopping = {id(each): each for each in (*stop, *old.stop) if each.incarnation is not None}
    return Plan(
        stop=sorted(stopping.values(), key=_start_order),
        start=sorted(starting.values(), key=_start_order),
        due=max(due, old.due),
        charged=charged,
    )


def _start_order(child: Child) -> int:
    return child.order


def group_of(control: Control, child: Child) -> list[Child]:
    """Return the child and those that are started again with it, in start order."""
    if control.spec.strategy is Strategy.ONE_FOR_ALL:
        return list(control.children.values())
    if control.spec.strategy is Strategy.ONE_FOR_ONE:
        return [child]
    group: list[Child] = []
    for each in reversed(control.children.values()):
        group.append(each)
        if each is child:
            break
    group.reverse()
    return group


def _comes_back(child: Child) -> bool:
    if child.by_hand or child.held_by is not None or child.state is ChildState.FAILED:
        return False
    return child.spec.restart is not Restart.TEMPORARY or not child.ready_once


def _exhausted(control: Control, child: Child, judgement: Judgement) -> None:
    window = control.window if child.window is None else child.window
    failure = IntensityExceeded(child.path, window.limit, window.period, tuple(child.reasons or ()))
    failure.__cause__ = judgement.error or judgement.cause
    if child.spec.bulkhead or child.spec.essential:
        park(control, child, judgement, failure)
    else:
        control.give_up(failure)
        rest(control, child, judgement.reason)


def park(control: Control, child: Child, judgement: Judgement, failure: ChildFailed | None = None) -> None:
    """Leave a child down until someone restarts it by hand."""
    child.state = ChildState.FAILED
    child.last_reason = reason = str(failure) if failure is not None else _with_remedy(judgement)
    control.around.log.error("failed", path=child.path, generation=child.lineage.generation, reason=reason)
    control.tell(EventKind.FAILED, child, reason, judgement=judgement)
    control.settle(child)
    control.around.parked(child.path)
    if judgement.verdict is Verdict.FATAL:
        hold(control, child, [each for each in group_of(control, child) if each is not child])
    if is_essential(child):
        _fail_tree(control, child, failure or judgement.error or ChildFailed(child.path, reason, ()))


def _with_remedy(judgement: Judgement) -> str:
    cause = judgement.cause
    if isinstance(cause, Fatal) and cause.remedy:
        return f"{judgement.reason} ({cause.remedy})"
    return judgement.reason


def hold(control: Control, child: Child, members: list[Child]) -> None:
    """Stop siblings in reverse order, to be started together with a parked child."""
    if not members:
        return
    reason = f"held by {child.spec.id}"
    for each in members:
        if each.held_by is None and _comes_back(each):
            each.held_by = child.spec.id
    control.plan = merged(control, stop=[child, *members], start=[])
    for each in members:
        if each.incarnation is None and each.held_by == child.spec.id:
            _hold_idle(control, each, reason)


def _hold_idle(control: Control, child: Child, reason: str) -> None:
    child.last_reason = reason
    if child.state is ChildState.RESTARTING:
        rest(control, child, reason)
        return
    disappoint(child, reason)
    if child.forget:
        forget(control, child, reason)


def waiting_for(control: Control, child: Child) -> list[Child]:
    """Return the siblings that were to be started together with a child, in start order."""
    if control.plan is None or control.spec.strategy is Strategy.ONE_FOR_ONE:
        return []
    return [each for each in control.plan.start if each is not child]


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
