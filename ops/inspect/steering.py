"""Doing by hand what an operator asks for, and putting it on record."""

from typing import TYPE_CHECKING

from feedtree.ops.inspect.protocol import Control, Done
from feedtree.supervisors import ChildRestarting, ChildRunning

if TYPE_CHECKING:
    from feedtree.ops.app import Tree


async def steer(tree: "Tree", wanted: Control, who: str) -> Done:
    """Do something to a child, and leave an event that says who wanted it; returns when it is done.

    Args:
        tree: whose child.
        wanted: what, and to which.
        who: asks, in words.

    Raises:
        AdminRefused: it does not fit the state of the tree; nothing was changed.
        StartFailed: the child failed before it was ready.
    """
    supervisor, path = tree.supervisor, wanted.path
    supervisor.audit(path, f"{wanted.action} by {who}")
    match wanted.action:
        case "restart":
            await supervisor.cycle_child(path)
            return Done(f"{path} was started anew, and is ready")
        case "stop":
            await supervisor.halt_child(path)
            return Done(f"{path} is stopped, and stays so until it is started by hand")
        case "start":
            try:
                await supervisor.restart(path)
            except ChildRunning as error:
                raise ChildRunning(path, "it runs already; restart starts it anew") from error
            except ChildRestarting as error:
                raise ChildRestarting(path, "it waits for its start; reset-backoff ends that") from error
            return Done(f"{path} is started, and ready")
        case "reset-backoff":
            waits = await supervisor.reset_backoff(path)
            ended = "nothing waited" if not waits else f"{waits} that waited are started now"
            return Done(f"the failures of {path} are forgotten; {ended}")
