"""What may be asked of a supervisor at run time. Each function answers one request, in the control task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedtree.supervisors.children import Child
from feedtree.supervisors.errors import (
    AlreadyPresent,
    AlreadyStarted,
    ChildNotFound,
    ChildRestarting,
    ChildRunning,
    InvalidSpec,
    NotSupported,
    SupervisorDown,
    TooManyChildren,
)
from feedtree.supervisors.groups import comes_back, group_of, merged
from feedtree.supervisors.halt import clear_wait, disappoint, forget, request_stop, rest
from feedtree.supervisors.launch import start
from feedtree.supervisors.recovery import end_wait
from feedtree.supervisors.requests import Request
from feedtree.supervisors.snapshot import ChildState
from feedtree.supervisors.specs import Restart, Strategy, check_significance

if TYPE_CHECKING:
    from feedtree.supervisors.control import Control


def add(request: Request) -> None:
    """Add a child and start it; the answer comes when it is ready."""
    control = request.home
    refusal = _refuse_add(request)
    if refusal is not None or request.spec is None:
        request.reject(refusal or ChildNotFound(control.path, "no spec was given"))
        return
    child = request.child = control.enlist(request.spec)
    child.added = True
    child.starting = request
    if control.plan is not None:
        control.plan.add(child)
    else:
        start(control, child)


def _refuse_add(request: Request) -> Exception | None:
    control = request.home
    path = f"{control.path}/{request.child_id}" if control.path else request.child_id
    if not control.accepting:
        return SupervisorDown(control.path, "it is stopping")
    known = control.children.get(request.child_id)
    if known is not None and known.incarnation is not None:
        return AlreadyStarted(path, f"it runs already, generation {known.lineage.generation}")
    if known is not None:
        return AlreadyPresent(path, f"it is there already, {known.state}")
    cap = control.spec.max_children
    if cap is not None and len(control.children) >= cap:
        return TooManyChildren(control.path, f"it has max_children = {cap} already")
    return _insignificant(request)


def _insignificant(request: Request) -> InvalidSpec | None:
    if request.spec is not None:
        try:
            check_significance(request.home.spec, request.spec)
        except InvalidSpec as refusal:
            return refusal
    return None


def abandon(request: Request) -> None:
    """Take a child that was asked for away again, since nobody waits for it; the answer comes when it is gone."""
    control = request.home
    child = control.children.get(request.child_id)
    if child is None or request.undoes is None or child is not request.undoes.child:
        request.resolve()
        return
    child.forget = True
    _terminate(control, child, request)


def terminate(request: Request) -> None:
    """Stop a child, or end its restarting; the answer comes when it has ended."""
    control = request.home
    child = _find(request)
    if child is not None:
        child.halted = False
        _terminate(control, child, request)


def halt(request: Request) -> None:
    """Stop a child, or end its restarting, and keep it; the answer comes when it has ended."""
    child = _find_lasting(request)
    if child is None:
        return
    if request.home.spec.template is not None:
        request.reject(NotSupported(child.path, "it was made from a template, and is gone when it has ended"))
        return
    child.halted = True
    _terminate(request.home, child, request)


def _terminate(control: Control, child: Child, request: Request) -> None:
    child.by_hand = True
    child.again = False
    child.held_by = child.let_go_by = None  # it does not come back with the one that it waited for, either
    clear_wait(control, child)
    control.settle(child)
    if child.incarnation is not None:
        child.stopping.append(request)
        child.incarnation.timed_out = False  # it is stopped by hand now, whatever it was stopped for before
        request_stop(child)
        return
    reason = "halted" if child.halted else "terminated"
    disappoint(child, reason)
    if child.state is ChildState.RESTARTING:
        rest(control, child, reason)
        if control.plan is not None:
            control.plan.shorten()  # nobody needs to wait for this one any more
    elif child.forget or (control.spec.dynamic and not child.halted):
        forget(control, child, reason)
    request.resolve()


def remove(request: Request) -> None:
    """Stop a child and forget it; the answer comes when it is gone."""
    child = _find(request)
    if child is not None:
        child.forget = True
        _terminate(request.home, child, request)


def restart(request: Request) -> None:
    """Start a child that does not run, with those that wait for it; the answer comes when it is ready."""
    child = _find_idle(request)
    if child is not None:
        _bring_up(request.home, child, request)


def cycle(request: Request) -> None:
    """Stop a child where it runs, with its group, and start it again; the answer comes when it is ready."""
    control = request.home
    child = _find_lasting(request)
    if child is None:
        return
    if not control.accepting:
        request.reject(SupervisorDown(control.path, "it is stopping"))
    elif child.incarnation is None:
        _bring_up(control, child, request)
    else:
        child.incarnation.timed_out = False  # it is stopped by hand now, whatever it was stopped for before
        _want(child)
        _await_start(child, request)
        _stop_and_start(control, child)


def _stop_and_start(control: Control, child: Child) -> None:
    child.again = True
    if control.spec.strategy is Strategy.ONE_FOR_ONE:
        request_stop(child)
        return
    members = group_of(control, child)
    for each in members:
        end_wait(control, each)
    control.plan = merged(control, stop=members, start=list(filter(comes_back, members)))


def _bring_up(control: Control, child: Child, request: Request) -> None:
    """Start a child that does not run, or let the plan that is to start it wait for it no longer."""
    if child.held_by is not None:
        child = control.children.get(child.held_by, child)
    group = [each for each in control.children.values() if each is child or each.held_by == child.spec.id]
    for each in group:
        _want(each)
    _await_start(child, request)
    if control.is_planned(child):
        end_wait(control, child)
        return
    clear_wait(control, child)
    child.state = ChildState.STOPPED
    if control.spec.strategy is Strategy.ONE_FOR_ONE:
        start(control, child)
    else:
        control.plan = merged(control, stop=[], start=group)


def _want(child: Child) -> None:
    child.by_hand = child.halted = False
    child.held_by = child.let_go_by = None


def _await_start(child: Child, request: Request) -> None:
    """Let a request wait for a child's start, beside whoever does already, and forget how often it has failed."""
    if child.starting is not None:
        request.join(child.starting)
    child.starting = request
    child.backoff.reset()
    if child.window is not None:
        child.window.clear()


def reset_backoff(request: Request) -> None:
    """Forget the failures of a child, and end its wait for its restart; answered at once."""
    child = _find(request)
    if child is not None:
        _reset(request, [child])


def reset_backoffs(request: Request) -> None:
    """Forget the failures of all children, and end their waits for their restarts; answered at once."""
    _reset(request, list(request.home.children.values()))


def _reset(request: Request, children: list[Child]) -> None:
    for each in children:
        each.backoff.reset()
        request.waits_ended += end_wait(request.home, each)
    request.resolve()


def delete(request: Request) -> None:
    """Forget a child that does not run; one that was made from a template is never kept."""
    control = request.home
    if control.spec.template is not None:
        request.reject(NotSupported(control.path, "terminate a child made from its template, and it is gone"))
        return
    child = _find_idle(request)
    if child is None:
        return
    forget(control, child, "deleted")
    request.resolve()


def _find(request: Request) -> Child | None:
    control = request.home
    child = control.children.get(request.child_id)
    path = f"{control.path}/{request.child_id}" if control.path else request.child_id
    if child is None:
        request.reject(ChildNotFound(path, "no such child"))
    elif request.handle is not None and not request.handle.names(child.lineage):
        request.reject(ChildNotFound(path, "that child is gone, and another one has its id"))
        return None
    elif not control.accepting and child.incarnation is None:
        request.reject(SupervisorDown(control.path, "it is stopping"))
        return None
    return child


def _find_lasting(request: Request) -> Child | None:
    """Find a child that is still there when it has ended."""
    child = _find(request)
    if child is None:
        return None
    if child.forget:
        request.reject(ChildNotFound(child.path, "it is being removed"))
        return None
    if child.spec.restart is Restart.TEMPORARY:
        request.reject(NotSupported(child.path, "it is temporary, and gone when it has ended"))
        return None
    return child


def _find_idle(request: Request) -> Child | None:
    control = request.home
    child = _find(request)
    if child is None:
        return None
    if child.incarnation is not None:
        request.reject(ChildRunning(child.path, f"it is {child.state}; terminate it first"))
        return None
    if child.state is ChildState.RESTARTING or control.is_planned(child):
        request.reject(ChildRestarting(child.path, "it is about to be started again"))
        return None
    return child
