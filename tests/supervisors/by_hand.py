"""What the tests of things done by hand share: a child of three in any state, under any kind of supervisor."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing

from feedtree.supervisors import (
    Fatal,
    Retryable,
    Strategy,
    SupervisorSpec,
    Throttled,
)

settled = trio.testing.wait_all_tasks_blocked
KINDS = ["one_for_one", "one_for_all", "rest_for_one", "dynamic"]
STATES = ["starting", "running", "stopping", "stuck", "restarting", "parked", "held", "stopped"]
Ask = Callable[..., Awaitable[Any]]


def home(kind: str, *children: Any, **options: Any) -> SupervisorSpec:
    """A supervisor of that kind, in which nothing may be counted."""
    if kind == "dynamic":
        return SupervisorSpec("s", children, dynamic=True, **options)
    return SupervisorSpec("s", children, strategy=Strategy(kind), **options)


def lost(cast, seconds: float = 50.0) -> Any:
    return cast.crash(Throttled("429", retry_after=seconds))


def states(tree, path: str = "s") -> dict[str, str]:
    return {each.id: each.state.value for each in tree.node(path).children}


def generations(tree, path: str = "s") -> list[int]:
    return [each.generation for each in tree.node(path).children]


SCRIPTS: dict[str, Callable[[Any], list[list[Any]]]] = {
    "starting": lambda cast: [[], [cast.sleep(2)]],
    "stopping": lambda cast: [[cast.ready, cast.slow_cleanup(2)], []],
    "stuck": lambda cast: [[cast.ready, cast.slow_cleanup(20)], []],
}


def family(cast, state: str) -> list[Any]:
    """Three siblings, of which the second will be in that state."""
    scripts = SCRIPTS.get(state, lambda _: [])(cast)
    return [cast.child("a"), cast.child("b", *scripts), cast.child("c")]


async def bring_into(tree, cast, nursery: trio.Nursery, state: str) -> None:
    """Let the second child be in that state."""
    match state:
        case "starting":
            cast.order("b", cast.crash(Retryable("lost")))
        case "stopping" | "stuck":
            nursery.start_soon(tree.terminate_child, "s/b")
            await trio.sleep(6 if state == "stuck" else 0)
        case "restarting":
            cast.order("b", lost(cast))
        case "parked":
            cast.order("b", cast.crash(Fatal("key")))
        case "held":
            cast.order("a", cast.crash(Fatal("key")))
        case "stopped":
            await tree.halt_child("s/b")
    await settled()


CASES = [
    pytest.param(kind, state, id=f"{kind}-{state}")
    for kind in KINDS
    for state in STATES
    if state != "held" or kind in ("one_for_all", "rest_for_one")
]


def expected(state: str) -> str:
    return {"parked": "failed", "held": "stopped"}.get(state, state)
