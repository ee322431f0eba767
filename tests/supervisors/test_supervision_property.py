"""Random trees, random misfortune: what holds whatever happens."""

from collections import defaultdict
from collections.abc import Callable
from random import Random
from typing import Any

import structlog
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import CapturingLogger

from feedtree.actors.context import Context
from feedtree.supervisors import (
    AdminRefused,
    ChildSpec,
    ChildState,
    EventKind,
    Fatal,
    LifecycleEvent,
    Node,
    Restart,
    Retryable,
    Shutdown,
    StartFailed,
    Strategy,
    Supervisor,
    SupervisorSpec,
    Throttled,
    open_supervisor,
)

K = EventKind
FOLLOWS = {
    None: {K.STARTING},
    K.STARTING: {K.READY, K.CRASHED, K.IGNORED, K.STOPPING, K.STOPPED},
    K.READY: {K.CRASHED, K.EXITED, K.STOPPING, K.STOPPED},
    K.CRASHED: {K.RESTARTING, K.FAILED, K.STOPPED, K.REMOVED},
    K.EXITED: {K.RESTARTING, K.FAILED, K.STARTING, K.STOPPED, K.REMOVED},
    K.IGNORED: {K.STARTING, K.STOPPED, K.REMOVED},
    K.RESTARTING: {K.STARTING, K.STOPPED},
    K.STOPPING: {K.STOPPED, K.STUCK, K.CRASHED},
    K.STUCK: {K.STOPPED},
    K.STOPPED: {K.STARTING, K.REMOVED},
    K.FAILED: {K.STARTING, K.REMOVED},
    K.REMOVED: {K.STARTING},
}
ENDS: dict[str, Callable[[], Exception | None]] = {
    "bug": lambda: ValueError("bug"),
    "lost": lambda: Retryable("lost"),
    "throttled": lambda: Throttled("429", retry_after=3.0),
    "fatal": lambda: Fatal("key"),
    "shutdown": lambda: Shutdown(),
    "return": lambda: None,
}
IDS = "abcde"
ids = st.sampled_from(IDS)
actions = st.one_of(
    st.tuples(st.sampled_from(sorted(ENDS)), ids),
    st.tuples(st.sampled_from(["terminate", "restart", "remove", "add", "halt", "cycle", "reset"]), ids),
    st.tuples(st.just("sleep"), st.sampled_from([0.0, 0.05, 0.4, 2.0])),
)
workers = st.fixed_dictionaries(
    {
        "restart": st.sampled_from(Restart),
        "bulkhead": st.booleans(),
        "slow_start": st.sampled_from([0.0, 0.0, 0.3]),
        "slow_stop": st.sampled_from([0.0, 0.0, 0.2]),
        # What the second and later starts do: nothing special, fail, or have nothing to run.
        "starts": st.lists(st.sampled_from(["fine", "fine", "fine", "bug", "ignore", "fatal"]), max_size=4),
    }
)
supervisors = st.fixed_dictionaries(
    {
        "strategy": st.sampled_from([*Strategy, None]),
        "intensity": st.sampled_from([0, 2, 50]),
        "children": st.lists(workers, min_size=1, max_size=4),
    }
)


class World:
    """One random tree, what happened in it, and whom it runs."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.running: dict[str, int] = defaultdict(int)
        self.by_hand: set[str] = set()
        self.removed = False
        self.stopped: list[str] = []
        self.orders: dict[str, tuple[trio.Event, list[Exception | None]]] = {}
        self.workers = dict(zip(IDS, options["children"], strict=False))
        strategy = options["strategy"]
        self.ordered = strategy is not None
        self.branch = SupervisorSpec(
            "s",
            [self.worker(each, self.workers[each]) for each in self.workers],
            strategy=strategy or Strategy.ONE_FOR_ONE,
            dynamic=strategy is None,
            intensity=options["intensity"],
            bulkhead=True,
        )

    def worker(self, child_id: str, options: dict[str, Any]) -> ChildSpec:
        starts = ["fine", *options["starts"], "fine"]

        async def actor(context: Context) -> None:
            self.running[context.path] += 1
            try:
                await self.act(context, options, starts.pop(0) if len(starts) > 1 else starts[0])
            finally:
                if options["slow_stop"]:
                    with trio.CancelScope(shield=True):
                        await trio.sleep(options["slow_stop"])
                self.running[context.path] -= 1
                self.stopped.append(context.path)

        return ChildSpec(child_id, actor, restart=options["restart"], bulkhead=options["bulkhead"])

    async def act(self, context: Context, options: dict[str, Any], start: str) -> None:
        await trio.sleep(options["slow_start"])
        if start == "ignore":
            context.ignore()
        if start != "fine":
            raise ENDS[start]() or AssertionError
        called, errors = self.orders[context.path[2:]] = trio.Event(), []
        context.started()
        await called.wait()
        if errors[0] is not None:
            raise errors[0]

    async def perform(self, tree: Supervisor, action: str, subject: Any) -> None:
        if action == "sleep":
            await trio.sleep(subject)
        elif action in ENDS:
            if subject in self.orders:
                called, errors = self.orders[subject]
                errors.append(ENDS[action]())
                called.set()
            await trio.testing.wait_all_tasks_blocked()
        else:
            await self.ask(tree, action, subject)

    async def ask(self, tree: Supervisor, action: str, child_id: str) -> None:
        options = self.workers.get(child_id, {"slow_start": 0, "slow_stop": 0, "starts": []})
        spec = self.worker(child_id, {"restart": Restart.PERMANENT, "bulkhead": False, **options})
        path = f"s/{child_id}"
        try:
            match action:
                case "terminate":
                    self.by_hand.add(child_id)
                    await tree.terminate_child(path)
                case "halt":
                    self.by_hand.add(child_id)
                    await tree.halt_child(path)
                case "restart":
                    await tree.restart(path)
                case "cycle":
                    await tree.cycle_child(path)
                case "reset":
                    await tree.reset_backoff(path)
                case "remove":
                    self.removed = True
                    await tree.remove(path)
                case "add":
                    await tree.start_child("s", spec)
        except (AdminRefused, StartFailed):
            pass


def check_events(events: list[LifecycleEvent]) -> None:
    last: dict[str, LifecycleEvent] = {}
    for event in events:
        before = last.get(event.path)
        assert event.kind in FOLLOWS[before.kind if before else None], (before, event)
        if before is not None and before.kind is not K.REMOVED:
            step = 1 if event.kind is K.STARTING else 0
            assert event.generation in (before.generation + step, before.generation + 1 if step else None)
        last[event.path] = event


def check_snapshot(world: World, tree: Supervisor) -> None:
    """Whatever runs is shown, once; nothing is shown that does not run."""
    node = tree.node("s")
    for child in node.children:
        live = child.state in (ChildState.STARTING, ChildState.RUNNING, ChildState.STOPPING, ChildState.STUCK)
        assert world.running[child.path] <= 1
        assert world.running[child.path] == 0 or live, child
    shown = {each.path for each in node.children}
    assert all(path in shown for path, count in world.running.items() if count)


def check_rest(world: World, branch: Node) -> None:
    """Once all waits are over, everybody runs, or has a reason not to."""
    by_id = {each.id: each for each in branch.children}
    for child in branch.children:
        assert child.state in (ChildState.RUNNING, ChildState.STOPPED, ChildState.FAILED), child
        assert world.running[child.path] == (child.state is ChildState.RUNNING)
        by_hand = child.id in world.by_hand
        if child.state is ChildState.STOPPED and branch.state is ChildState.RUNNING and not by_hand:
            reason = child.last_reason or ""
            if reason.startswith("held by "):
                holder = by_id.get(reason.removeprefix("held by "))
                assert holder is not None, child
                assert holder.state is ChildState.FAILED, (child, holder)
            else:
                # Those held by a child that was removed meanwhile are left to be started by hand.
                let_go = world.removed and reason.startswith("let go: ")
                assert let_go or reason.startswith(("returned", "Shutdown", "ignored")), child


async def live_through(options: dict[str, Any], script: list[tuple[str, Any]], seed: int) -> None:
    world = World(options)
    log = structlog.wrap_logger(CapturingLogger(), processors=[lambda _log, _method, event: event])
    before = trio.lowlevel.current_statistics().tasks_living
    with trio.fail_after(10_000):
        await live_in(world, log, script, seed)
    assert trio.lowlevel.current_statistics().tasks_living == before


async def live_in(world: World, log: Any, script: list[tuple[str, Any]], seed: int) -> None:
    async with open_supervisor(SupervisorSpec("root"), rng=Random(seed), log=log) as tree:
        stream = tree.events(capacity=100_000)
        await tree.start_child("", world.branch)
        async with trio.open_nursery() as nursery:
            for action, subject in script:
                nursery.start_soon(world.perform, tree, action, subject)
                await trio.testing.wait_all_tasks_blocked()
                if action == "sleep":
                    await trio.sleep(subject)
                check_snapshot(world, tree)
            await trio.sleep(120)
            check_rest(world, tree.node("s"))
        order = [each.path for each in tree.node("s").children if each.state is ChildState.RUNNING]
        world.stopped.clear()
    assert not any(world.running.values())
    if world.ordered:
        assert world.stopped == order[::-1]
    check_events([each async for each in stream if each.path.startswith("s/")])


@given(supervisors, st.lists(actions, max_size=12), st.integers(0, 3))
def test_whatever_happens(options: dict[str, Any], script: list[tuple[str, Any]], seed: int) -> None:
    """No orphan, no lost restart, no hang, a legal life for every child, and a stop in reverse order."""
    trio.run(live_through, options, script, seed, clock=trio.testing.MockClock(autojump_threshold=0))
