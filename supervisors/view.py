"""Looking at a tree without waiting for anything in it."""

from typing import NamedTuple

from feedtree.supervisors.children import Child, Lineage
from feedtree.supervisors.control import Control, Phase
from feedtree.supervisors.judgement import describe
from feedtree.supervisors.snapshot import ChildState, Node
from feedtree.supervisors.specs import ChildSpec, SupervisorSpec
from feedtree.supervisors.usage import Usage

_ROOT_STATES = {
    Phase.STARTING: ChildState.STARTING,
    Phase.RUNNING: ChildState.RUNNING,
    Phase.STOPPING: ChildState.STOPPING,
    Phase.ENDED: ChildState.STOPPED,
}


class Counts(NamedTuple):
    """A supervisor's children in figures, as OTP counts them.

    Args:
        specs: how many children it knows.
        active: how many of them run.
        supervisors: how many of them are supervisors.
        workers: how many of them are workers, running or not.
    """

    specs: int
    active: int
    supervisors: int
    workers: int


def count_children(control: Control) -> Counts:
    """Count a supervisor's children."""
    children = control.children.values()
    supervisors = sum(1 for each in children if isinstance(each.spec, SupervisorSpec))
    active = sum(1 for each in children if each.incarnation is not None)
    return Counts(len(children), active, supervisors, len(children) - supervisors)


def root_node(control: Control, now: float) -> Node:
    """Look at a whole tree, at trio time `now`; nothing is changed, so that another thread may look, too."""
    state = _ROOT_STATES[control.phase]
    if control.ended and control.failed:
        state = ChildState.FAILED
    children = _children(control, now)
    return Node(
        id=control.spec.id,
        path=control.path,
        kind="supervisor",
        strategy=strategy_of(control.spec),
        state=state,
        report=None,
        facts={},
        generation=1,
        uptime=now - control.ready_at if control.ready_at is not None and control.accepting else None,
        restarts=0,
        restarts_in_window=control.window.count(now),
        intensity=control.spec.intensity,
        period=control.spec.period,
        wait=None,
        last_reason=None if control.failure is None else describe(control.failure),
        worst_stop=_worst_stop(control.spec, children),
        children=children,
        usage=_usage(control, control.lineage),
    )


def child_node(home: Control, child: Child, now: float) -> Node:
    """Look at a child and all below it."""
    if isinstance(child.spec, ChildSpec):
        return _worker_node(home, child, child.spec, now)
    return _supervisor_node(home, child, child.spec, now)


def _children(control: Control, now: float) -> tuple[Node, ...]:
    return tuple(child_node(control, each, now) for each in control.children.values())


def _worker_node(home: Control, child: Child, spec: ChildSpec, now: float) -> Node:
    window = home.window_of(child)
    context = None if child.incarnation is None else child.incarnation.context
    report = None if context is None else context.state
    if child.backoff.flapping and (context is None or context.useful_since is None):
        report = "flapping"
    return Node(
        id=spec.id,
        path=child.path,
        kind="worker",
        strategy=None,
        state=child.state,
        report=report,
        facts={} if context is None else context.facts,
        generation=child.lineage.generation,
        uptime=_uptime(child, now),
        restarts=max(0, child.lineage.generation - 1),
        restarts_in_window=window.count(now, spec.id),
        intensity=None,
        period=None,
        wait=_wait(child, now),
        last_reason=child.last_reason,
        worst_stop=spec.shutdown,
        stalls=child.lineage.stalls,
        longest_stall=child.lineage.longest_stall,
        usage=_usage(home, child.lineage),
    )


def _supervisor_node(home: Control, child: Child, spec: SupervisorSpec, now: float) -> Node:
    control = child.last_control
    state = child.state
    if state is ChildState.RUNNING and control is not None and not control.accepting:
        state = ChildState.STOPPING
    children = () if control is None else _children(control, now)
    return Node(
        id=spec.id,
        path=child.path,
        kind="supervisor",
        strategy=strategy_of(spec),
        state=state,
        report=None,
        facts={},
        generation=child.lineage.generation,
        uptime=_uptime(child, now),
        restarts=max(0, child.lineage.generation - 1),
        restarts_in_window=0 if control is None else control.window.count(now),
        intensity=spec.intensity,
        period=spec.period,
        wait=_wait(child, now),
        last_reason=child.last_reason,
        worst_stop=_worst_stop(spec, children),
        children=children,
        usage=_usage(home, child.lineage),
    )


def _usage(home: Control, lineage: Lineage) -> Usage | None:
    usage_of = home.around.usage_of
    return None if usage_of is None else usage_of(lineage)


def strategy_of(spec: SupervisorSpec) -> str:
    """Return a supervisor's strategy in a word."""
    return "dynamic" if spec.dynamic else spec.strategy.value


def _uptime(child: Child, now: float) -> float | None:
    incarnation = child.incarnation
    if incarnation is None or incarnation.ready_at is None:
        return None
    return now - incarnation.ready_at


def _wait(child: Child, now: float) -> float | None:
    return max(0.0, child.due - now) if child.state is ChildState.RESTARTING else None


def _worst_stop(spec: SupervisorSpec, children: tuple[Node, ...]) -> float:
    """Children of a dynamic supervisor stop at once, others one after the other; its own grace bounds both."""
    each = [child.worst_stop for child in children]
    total = max(each, default=0.0) if spec.dynamic else sum(each)
    return min(total, spec.shutdown)
