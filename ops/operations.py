"""What runs in the ops branch of a tree: an actor, and what it is to know of the tree's past, whether it ran or not."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from feedtree.supervisors import ChildSpec, EventStream, LifecycleEvent

EVENTS = 10_000  # that may wait to be taken


class Operation(Struct, frozen=True):
    """An actor that shows a tree to others.

    Args:
        spec: of the actor, which may die, be parked, and start again.
        events: what happens in the tree, from its first event on.
        take: remembers one of them; it must not wait.
    """

    spec: ChildSpec
    events: EventStream
    take: Callable[[LifecycleEvent], None]


async def take_events(operation: Operation, log: Any) -> None:
    """Have an operation take every event, to the end of the tree; one that it cannot take is logged."""
    async for event in operation.events:
        try:
            operation.take(event)
        except Exception as error:  # the streams go on
            log.error(
                "an event was not taken",
                path=event.path,
                kind=str(event.kind),
                by=operation.spec.id,
                exc_info=error,
            )
