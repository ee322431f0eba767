"""Reading what a story kept: errors, snapshots, requests, and what an end means."""

from collections.abc import Iterator
from typing import Any

import trio

from feedtree.actors.context import Ignored
from feedtree.supervisors import (
    AdminRefused,
    Fatal,
    Node,
    Retryable,
    Shutdown,
    SupervisorDown,
    SupervisorSpec,
    Throttled,
    Verdict,
)


def walk(error: BaseException | None) -> Iterator[BaseException]:
    """Walk an exception, its causes, and the members of groups."""
    if error is None:
        return
    yield error
    yield from walk(error.__cause__)
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from walk(each)


def walk_nodes(node: Node) -> Iterator[Node]:
    """Walk a snapshot."""
    yield node
    for each in node.children:
        yield from walk_nodes(each)


def listed_workers(story: Any, path: str) -> Iterator[str]:
    """Walk the workers that stood in the tree from the start, in start order."""
    for each in story.static.get(path, []):
        if each in story.static:
            yield from listed_workers(story, each)
        else:
            yield each


def worst_stop(spec: SupervisorSpec, node: Node) -> float:
    """Return the longest that a supervisor's stop can take: one after the other, or all at once if dynamic."""
    each = [child.worst_stop for child in node.children]
    return min(spec.shutdown, max(each, default=0.0) if spec.dynamic else sum(each))


def below(branch: str, path: str) -> bool:
    """Tell whether a path lies at or below another one."""
    return path == branch or path.startswith(branch + "/")


def siblings(one: str, other: str) -> bool:
    """Tell whether two paths lie in the same supervisor, or are the same."""
    return one.rpartition("/")[0] == other.rpartition("/")[0]


def refused(request: Any) -> bool:
    """Tell whether a request changed nothing; one that was refused since all stops may have."""
    return isinstance(request.result, AdminRefused) and not isinstance(request.result, SupervisorDown)


def verdict_of(raised: list[BaseException], *, ready: bool) -> Verdict:
    """Return what the end of a worker means that nobody asked to end, by the leaves of what it raised."""
    if any(isinstance(each, KeyboardInterrupt) for each in raised):
        return Verdict.INTERRUPTED
    causes = [each for each in raised if not isinstance(each, trio.ClosedResourceError)] or raised
    if any(isinstance(each, Fatal) for each in causes):
        return Verdict.FATAL
    if causes and all(isinstance(each, Ignored) for each in causes) and not ready:
        return Verdict.IGNORED
    if not ready:
        return Verdict.BUG
    return _verdict_when_ready(causes)


def _verdict_when_ready(causes: list[BaseException]) -> Verdict:
    if not causes:
        return Verdict.RETURNED
    if any(not isinstance(each, Retryable | Shutdown) for each in causes):
        return Verdict.BUG
    if any(isinstance(each, Throttled) for each in causes):
        return Verdict.THROTTLED
    return Verdict.RETRYABLE if any(isinstance(each, Retryable) for each in causes) else Verdict.SHUTDOWN
