"""How a tree looks at one instant."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from operator import is_
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from feedtree.supervisors.usage import Usage


class ChildState(StrEnum):
    """Where a child stands in its life, as its supervisor sees it."""

    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    STUCK = "stuck"
    FAILED = "failed"


class Node(Struct, frozen=True):
    """One child, or the root, with all below it.

    Args:
        id: its id within its supervisor.
        path: the ids from below the root down to it, joined by ``/``; empty for the root.
        kind: ``worker`` or ``supervisor``.
        strategy: a supervisor's strategy, ``dynamic`` for a dynamic one; None for a worker.
        state: where it stands in its life.
        report: the actor's own word for how it is, None before it said one; ``flapping`` where its attempts
            get a connection and no useful data again and again.
        facts: what the actor told beside that word.
        generation: which incarnation this is, or was; 0 before the first.
        uptime: seconds since it was ready, None where it does not run.
        restarts: how often it was started again since it was first started.
        restarts_in_window: counted restarts within the last period; its own for a worker, all of its
            children's for a supervisor.
        intensity: how many of them a supervisor allows; None for a worker.
        period: within how many seconds; None for a worker.
        wait: seconds left until it is started again, None where it does not wait.
        last_reason: why its last incarnation ended, or why it does not run.
        worst_stop: the longest that an orderly stop can take, in seconds, ``math.inf`` where nothing bounds it.
        children: in start order.
        stalls: how often a worker, in all its generations, was seen to block the event loop; 0 for a supervisor.
        longest_stall: for how many seconds at most.
        usage: what it has cost, with all below it; None where no accounts are kept.
    """

    id: str
    path: str
    kind: str
    strategy: str | None
    state: ChildState
    report: str | None
    facts: dict[str, Any]
    generation: int
    uptime: float | None
    restarts: int
    restarts_in_window: int
    intensity: int | None
    period: float | None
    wait: float | None
    last_reason: str | None
    worst_stop: float
    children: tuple["Node", ...] = ()
    stalls: int = 0
    longest_stall: float = 0.0
    usage: Usage | None = None

    def reworded(self, say: Callable[[str], str]) -> "Node":
        """Return the branch with every reason as `say` puts it."""
        children = tuple([child.reworded(say) for child in self.children])
        reason = None if self.last_reason is None else say(self.last_reason)
        if reason == self.last_reason and all(map(is_, children, self.children)):
            return self
        return replace(self, last_reason=reason, children=children)

    def parked(self) -> Iterator["Node"]:
        """Yield the topmost parked parts of this branch."""
        if self.state is ChildState.FAILED:
            yield self
        else:
            for child in self.children:
                yield from child.parked()

    def find(self, path: str) -> "Node | None":
        """Return the node of that path at or below this one, None where there is none."""
        if path == self.path:
            return self
        for child in self.children:
            if path == child.path or path.startswith(child.path + "/"):
                return child.find(path)
        return None
