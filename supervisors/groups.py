"""Who is stopped and started together with whom: the members of a group, and the plans for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedtree.supervisors.children import Child
from feedtree.supervisors.halt import disappoint, forget, rest
from feedtree.supervisors.plan import Plan
from feedtree.supervisors.snapshot import ChildState
from feedtree.supervisors.specs import Restart, Strategy

if TYPE_CHECKING:
    from feedtree.supervisors.control import Control


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


def regroup(control: Control, child: Child, *, charged: bool) -> None:
    """Stop the child's group in reverse order, wait, start it in order."""
    members = group_of(control, child)
    coming = [each for each in members if comes_back(each)]
    control.plan = merged(control, stop=members, start=coming, due=child.due, charged=charged)


def merged(
    control: Control, *, stop: list[Child], start: list[Child], due: float = 0.0, charged: bool | None = None
) -> Plan:
    """Return a plan for these children, joined with what the present one still has to do for others.

    Args:
        control: whose plan it will be.
        stop: those to stop, where they run; none of them is started but by this plan.
        start: those to start.
        due: trio time before which none is started.
        charged: its cost was taken from the intensity; None where no child's end began it, so that what the
            present plan has cost counts on.
    """
    old = control.plan or Plan()
    stopped = set(map(id, stop))
    kept = (each for each in old.starting if id(each) not in stopped)
    starting = {id(each): each for each in (*start, *kept)}
    stopping = {id(each): each for each in (*stop, *old.stopping) if each.incarnation is not None}
    return Plan(
        stop=sorted(stopping.values(), key=_start_order),
        # One that is being started is waited for before any other one begins.
        start=sorted(
            starting.values(),
            key=lambda each: (each.incarnation is None or id(each) in stopping, each.order),
        ),
        due=max(due, old.due),
        charged=old.charged if charged is None else charged,
    )


def _start_order(child: Child) -> int:
    return child.order


def comes_back(child: Child) -> bool:
    """Tell whether a child is started when its group is."""
    if child.by_hand or child.held_by is not None or child.state is ChildState.FAILED:
        return False
    return child.spec.restart is not Restart.TEMPORARY or not child.ready_once


def hold(control: Control, child: Child, members: list[Child]) -> None:
    """Stop siblings in reverse order, to be started together with a parked child."""
    if not members:
        return
    for each in members:
        if each.held_by is None and comes_back(each):
            each.held_by = child.spec.id
            each.again = False
    control.plan = merged(control, stop=[child, *members], start=[])
    for each in members:
        if each.incarnation is None and each.held_by == child.spec.id:
            _hold_idle(control, each)


def _hold_idle(control: Control, child: Child) -> None:
    child.last_reason = reason = child.kept_down
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
    return [each for each in control.plan.starting if each is not child]
