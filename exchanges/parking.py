"""Tells what is parked in a branch: it stays down until somebody restarts it, and consumers are to know."""

from collections.abc import Callable
from contextlib import suppress

from feedtree.supervisors import AdminRefused, EventKind, Supervisor


async def watch_parked(supervisor: Supervisor, path: str, tell: Callable[[str, str], None]) -> None:
    """Tell of every part of a branch that is parked, also of those that were before; until cancelled.

    Args:
        supervisor: of the tree.
        path: of the branch.
        tell: called with the id of the branch's child in which the part is, empty where it is the branch itself,
            and with the reason.
    """

    def parked(where: str, reason: str | None) -> None:
        tell(where.removeprefix(path).strip("/").partition("/")[0], reason or "parked")

    async with supervisor.events(path) as events:
        with suppress(AdminRefused):  # it may be gone already
            for node in supervisor.node(path).parked():  # before anybody listened
                parked(node.path, node.last_reason)
        async for event in events:
            if event.kind is EventKind.FAILED:
                parked(event.path, event.reason)
