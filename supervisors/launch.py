"""Starting a child's next incarnation, until it is ready."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import trio

from feedtree.supervisors.children import Child, Incarnation
from feedtree.supervisors.events import EventKind
from feedtree.supervisors.halt import request_stop
from feedtree.supervisors.handles import Handle
from feedtree.supervisors.incarnation import SupervisedContext, run_supervisor, run_worker
from feedtree.supervisors.snapshot import ChildState
from feedtree.supervisors.specs import ChildSpec

if TYPE_CHECKING:
    from feedtree.supervisors.control import Control


def start(control: Control, child: Child) -> None:
    """Start the next incarnation of a child. Only the control task does, so that every one sees its context."""
    assert control.host is not None
    lineage, spec = child.lineage, child.spec
    lineage.generation += 1
    incarnation = child.incarnation = Incarnation(child, control)
    child.state = ChildState.STARTING
    control.live += 1
    if spec.start_timeout != math.inf:
        due = trio.current_time() + spec.start_timeout
        incarnation.timer = control.timers.set(due, _on_start_timeout, incarnation)
    control.tell(EventKind.STARTING, child)
    if isinstance(spec, ChildSpec):
        incarnation.context = SupervisedContext(incarnation, lineage.generation, control.around)
        control.host.start_soon(run_worker, incarnation, spec.start, name=child.path)
    else:
        child.last_control = incarnation.control = control.below(child, spec, incarnation)
        control.host.start_soon(run_supervisor, incarnation, name=child.path)


def start_again(control: Control, child: Child) -> None:
    """Start a child that has ended and was to be stopped only for that; not where its supervisor is stopping now."""
    if child.again:
        child.again = False
        if control.accepting and not control.is_planned(child):
            start(control, child)


def on_ready(incarnation: Incarnation) -> None:
    """Take note that an incarnation is ready; too late where it was asked to stop, or has ended."""
    if incarnation.stop_requested or incarnation.child.incarnation is not incarnation:
        return
    control, child = incarnation.home, incarnation.child
    incarnation.ready_at = trio.current_time()
    incarnation.clear_timer(control.timers)
    child.state = ChildState.RUNNING
    child.ready_once = True
    child.added = False
    control.tell(EventKind.READY, child)
    if control.plan is None or not control.plan.will_stop(child):  # else it is to be ready once more
        control.settle(child)
    if child.starting is not None and not child.again:
        info = None if incarnation.context is None else incarnation.context.info
        child.starting.resolve(Handle(child.path, child.lineage, info))
        child.starting = None


def on_report(subject: tuple[Incarnation, str]) -> None:
    """Tell what an incarnation said about itself; it may have ended meanwhile."""
    incarnation, state = subject
    if incarnation.child.incarnation is incarnation:
        incarnation.home.tell(EventKind.REPORTED, incarnation.child, state)


def _on_start_timeout(incarnation: Incarnation) -> None:
    incarnation.timed_out = True
    request_stop(incarnation.child)
