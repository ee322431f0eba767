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
from feedtree.supervisors.groups import merged
from feedtree.supervisors.halt import clear_wait, disappoint, forget, request_stop, rest
from feedtree.supervisors.launch import start
from feedtree.supervisors.requests import Request
from feedtree.supervisors.snapshot import ChildState
from feedtree.supervisors.specs import Strategy, check_significance

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
        _terminate(control, child, request)


def _terminate(control: Control, child: Child, request: Request) -> None:
    child.by_hand = True
    child.held_by = child.let_go_by = None  # it does not come back with the one that it waited for, either
    clear_wait(control, child)
    control.settle(child)
    if child.incarnation is not None:
        child.stopping.append(request)
        child.incarnation.timed_out = False  # it is stopped by hand now, whatever it was stopped for before
        request_stop(child)
        return
    disappoint(child, "terminated")
    if child.state is ChildState.RESTARTING:
        rest(control, child, "terminated")
    elif control.spec.dynamic or child.forget:
        forget(control, child, "terminated")
    request.resolve()


def remove(request: Request) -> None:
    """Stop a child and forget it; the answer comes when it is gone."""
    child = _find(request)
    if child is not None:
        child.forget = True
        _terminate(request.home, child, request)


def restart(request: Request) -> None:
    """Start a child that does not run, with those that wait for it; the answer comes when it is ready."""
    control = request.home
    child = _find_idle(request)
    if child is None:
        return
    if child.held_by is not None:
        child = control.children.get(child.held_by, child)
    group = [each for each in control.children.values() if each is child or each.held_by == child.spec.id]
    for each in group:
        each.by_hand = False
        each.held_by = each.let_go_by = None
    child.starting = request
    child.state = ChildState.STOPPED
    child.backoff.reset()
    if child.window is not None:
        child.window.clear()
    if control.spec.strategy is Strategy.ONE_FOR_ONE:
        start(control, child)
    else:
        control.plan = merged(control, stop=[], start=group)


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
