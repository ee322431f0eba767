"""Children made from a template: one spec for many, each with arguments of its own."""

from dataclasses import replace
from functools import partial
from typing import Any

from feedtree.actors.context import Context
from feedtree.supervisors.errors import InvalidSpec
from feedtree.supervisors.specs import ChildSpec, Spec, Start


def instance(template: Spec, child_id: str, args: tuple[Any, ...]) -> Spec:
    """Return the spec of one child made from a template.

    Args:
        template: a worker's start is called with the context and the arguments, a supervisor's function for its
            children with the arguments.
        child_id: its id.
        args: kept with the spec, so that a restart sees them again.

    Raises:
        InvalidSpec: arguments for a supervisor whose children are no function.
    """
    if not args:
        return replace(template, id=child_id)
    if isinstance(template, ChildSpec):
        return replace(template, id=child_id, start=_with_arguments(template.start, args))
    children = template.children
    if not callable(children):
        raise InvalidSpec(
            f"SupervisorSpec({template.id!r}).children", children, "a function, since it is given arguments"
        )
    return replace(template, id=child_id, children=partial(children, *args))


def _with_arguments(start: Start, args: tuple[Any, ...]) -> Start:
    async def bound(context: Context) -> None:
        await start(context, *args)

    return bound
