"""What a supervisor is told about its children. Every spec is checked when it is made."""

import math
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import Enum, StrEnum
from typing import Concatenate, TypeAlias

from feedtree.actors.context import Context
from feedtree.supervisors.backoff import BackoffPolicy
from feedtree.supervisors.checks import is_number, is_whole
from feedtree.supervisors.errors import InvalidSpec

# Called with the context, and, where it was made from a template, with that instance's arguments.
Start: TypeAlias = Callable[Concatenate[Context, ...], Awaitable[None]]
DEFAULT_BACKOFF = BackoffPolicy()


class Restart(StrEnum):
    """When a child is started again, as in OTP."""

    PERMANENT = "permanent"  # always
    TRANSIENT = "transient"  # after a failure, not after a return or a Shutdown
    TEMPORARY = "temporary"  # never; nothing of it is kept


class Strategy(StrEnum):
    """Who is started again when one child ends, as in OTP."""

    ONE_FOR_ONE = "one_for_one"  # that child
    ONE_FOR_ALL = "one_for_all"  # all children
    REST_FOR_ONE = "rest_for_one"  # that child, and those listed after it


class AutoShutdown(StrEnum):
    """When a supervisor ends by itself because significant children have ended, as in OTP."""

    NEVER = "never"
    ANY_SIGNIFICANT = "any_significant"  # one of them has ended
    ALL_SIGNIFICANT = "all_significant"  # the last of them that ran has ended


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A worker: one actor.

    Args:
        id: its name within its supervisor; not empty, without ``/``.
        start: the actor. It is called for every incarnation, says ``context.started()`` once it is locally
            sound, and runs until it ends or is cancelled.
        restart: when it is started again.
        shutdown: its grace in seconds, from the request to stop until it is reported as stuck; ``math.inf``
            waits without end, 0 gives none.
        start_timeout: seconds within which it must be ready.
        backoff: how long to wait before it is started again.
        bulkhead: when it fails too often it is parked as failed, at no cost to its siblings. It has a restart
            window of its own then, with its supervisor's intensity and period.
        essential: the whole tree fails when this child is given up, or held by a parked sibling. Not for temporary
            children, which are never given up: they end.
        significant: its own end for good may end its supervisor; see ``auto_shutdown`` there. Only for transient
            children (their orderly end) and temporary ones (any end).
    """

    id: str
    start: Start
    _: KW_ONLY
    restart: Restart = Restart.PERMANENT
    shutdown: float = 5.0
    start_timeout: float = 10.0
    backoff: BackoffPolicy = DEFAULT_BACKOFF
    bulkhead: bool = False
    essential: bool = False
    significant: bool = False

    def __post_init__(self) -> None:
        _check_common(self)
        if not callable(self.start):
            raise InvalidSpec(_field(self, "start"), self.start, "an async function that takes a Context")


@dataclass(frozen=True, slots=True)
class SupervisorSpec:
    """A supervisor as a child of another one, or as the root.

    Args:
        id: its name within its supervisor; not empty, without ``/``.
        children: specs in start order, or a function that returns them and is called at every start of the
            supervisor, so that a restart brings back what is wanted now. Where it raises `Ignored` there is
            nothing to supervise, and that is no error: the supervisor does not run.
        strategy: who is started again when one child ends.
        intensity: how many counted restarts are allowed ...
        period: ... within that many seconds, before the supervisor gives up.
        restart: when it is itself started again.
        shutdown: its grace in seconds; after it every actor below is asked at once, with no grace left.
        start_timeout: seconds within which all its children must be ready.
        backoff: how long to wait before it is started again.
        bulkhead: when it gives up it is parked as failed, at no cost to its siblings.
        essential: the whole tree fails when this branch is given up.
        dynamic: its children come and go at run time: they are stopped all at once, and forgotten when
            they end for good. Only with ``one_for_one``.
        max_children: how many children it may have; None for any number.
        template: what `Supervisor.start_instance` makes its children from, with ids ``<template's id>-<number>``.
            Such a supervisor is dynamic, and has no other children.
        significant: its own end for good may end the supervisor above it.
        auto_shutdown: when it ends by itself, and all below it, because significant children have ended.
    """

    id: str
    children: "Sequence[Spec] | Callable[[], Sequence[Spec]]" = ()
    _: KW_ONLY
    strategy: Strategy = Strategy.ONE_FOR_ONE
    intensity: int = 5
    period: float = 60.0
    restart: Restart = Restart.PERMANENT
    shutdown: float = math.inf
    start_timeout: float = math.inf
    backoff: BackoffPolicy = DEFAULT_BACKOFF
    bulkhead: bool = False
    essential: bool = False
    dynamic: bool = False
    max_children: int | None = None
    template: "Spec | None" = None
    significant: bool = False
    auto_shutdown: AutoShutdown = AutoShutdown.NEVER

    def __post_init__(self) -> None:
        if self.template is not None:
            object.__setattr__(self, "dynamic", True)
        _check_common(self)
        _check_flags(self)
        if not callable(self.children):
            check_children(self, self.children)
        if self.template is not None:
            _check_template(self, self.template)

    def current_children(self) -> "tuple[Spec, ...]":
        """Return the specs to start with now.

        Raises:
            InvalidSpec: the function returned something else than specs of distinct ids.
            Ignored: the function raised it.
        """
        wanted: object = self.children() if callable(self.children) else self.children
        return check_children(self, wanted)


Spec: TypeAlias = ChildSpec | SupervisorSpec


def check_children(parent: SupervisorSpec, children: object) -> tuple[Spec, ...]:
    """Return the children's specs as a tuple, or raise `InvalidSpec` for what cannot be started."""
    name = _field(parent, "children")
    if isinstance(children, str) or not isinstance(children, Collection):
        raise InvalidSpec(name, children, "a sequence of ChildSpec and SupervisorSpec")
    seen: set[str] = set()
    specs: list[Spec] = []
    for each in children:
        spec = check_spec(name, each)
        if spec.id in seen:
            raise InvalidSpec(name, spec.id, "an id may stand there once only")
        seen.add(spec.id)
        specs.append(check_significance(parent, spec))
    if parent.max_children is not None and len(specs) > parent.max_children:
        raise InvalidSpec(name, len(specs), f"at most max_children = {parent.max_children} specs")
    return tuple(specs)


def check_spec(field: str, value: object) -> Spec:
    """Return a value that is a spec, or raise `InvalidSpec`."""
    if isinstance(value, ChildSpec | SupervisorSpec):
        return value
    raise InvalidSpec(field, value, "a ChildSpec or a SupervisorSpec")


def check_significance(parent: SupervisorSpec, spec: Spec) -> Spec:
    """Return a spec that its supervisor may hold, or raise `InvalidSpec`."""
    if spec.significant and parent.auto_shutdown is AutoShutdown.NEVER:
        raise InvalidSpec(
            _field(spec, "significant"), True, f"False, since {parent.id!r} has auto_shutdown = never"
        )
    return spec


def _check_template(spec: SupervisorSpec, template: object) -> None:
    check_significance(spec, check_spec(_field(spec, "template"), template))
    if callable(spec.children) or len(spec.children) > 0:
        raise InvalidSpec(_field(spec, "children"), spec.children, "nothing, since it has a template")


def _field(spec: Spec, name: str) -> str:
    return f"{type(spec).__name__}({spec.id!r}).{name}"


def _check_common(spec: Spec) -> None:
    if not isinstance(spec.id, str) or not spec.id or "/" in spec.id:
        raise InvalidSpec(f"{type(spec).__name__}.id", spec.id, "a name that is not empty and has no '/'")
    _check_member(spec, "restart", Restart)
    _check_seconds(spec, "shutdown", least=0.0)
    _check_seconds(spec, "start_timeout", least=0.0)
    if not isinstance(spec.backoff, BackoffPolicy):
        raise InvalidSpec(_field(spec, "backoff"), spec.backoff, "a BackoffPolicy")
    _check_flag(spec, "bulkhead")
    _check_flag(spec, "essential")
    if spec.essential and spec.restart is Restart.TEMPORARY:
        raise InvalidSpec(_field(spec, "essential"), True, "False, since restart = temporary")
    _check_flag(spec, "significant")
    if spec.significant and spec.restart is Restart.PERMANENT:
        raise InvalidSpec(_field(spec, "significant"), True, "False, since restart = permanent")


def _check_flags(spec: SupervisorSpec) -> None:
    _check_member(spec, "strategy", Strategy)
    _check_member(spec, "auto_shutdown", AutoShutdown)
    _check_count(spec, "intensity", spec.intensity)
    _check_seconds(spec, "period", least=0.0)
    if spec.period == 0 or math.isinf(spec.period):
        raise InvalidSpec(_field(spec, "period"), spec.period, "a finite number of seconds over 0")
    _check_flag(spec, "dynamic")
    if spec.dynamic and spec.strategy is not Strategy.ONE_FOR_ONE:
        raise InvalidSpec(_field(spec, "strategy"), spec.strategy.value, "one_for_one, since it is dynamic")
    if spec.max_children is not None:
        _check_count(spec, "max_children", spec.max_children)


def _check_member(spec: Spec, name: str, kind: type[Enum]) -> None:
    value = getattr(spec, name)
    if not isinstance(value, kind):
        allowed = ", ".join(f"{kind.__name__}.{each.name}" for each in kind)
        raise InvalidSpec(_field(spec, name), value, f"one of {allowed}")


def _check_seconds(spec: Spec, name: str, *, least: float) -> None:
    value = getattr(spec, name)
    if not is_number(value) or not value >= least:
        raise InvalidSpec(_field(spec, name), value, "a number of seconds, 0 or more")


def _check_count(spec: Spec, name: str, value: object) -> None:
    if not is_whole(value) or value < 0:
        raise InvalidSpec(_field(spec, name), value, "an integer, 0 or more")


def _check_flag(spec: Spec, name: str) -> None:
    value = getattr(spec, name)
    if not isinstance(value, bool):
        raise InvalidSpec(_field(spec, name), value, "True or False")
