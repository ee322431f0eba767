"""Where the tasks of a tree are: told by the loop itself, and to other threads, also while the loop is stuck."""

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from random import Random
from types import FrameType
from typing import Any

import pytest
import trio
import trio.testing

from feedtree.actors.context import Context
from feedtree.supervisors import (
    ChildNotFound,
    ChildSpec,
    Node,
    Retryable,
    SupervisorSpec,
    open_supervisor,
    stuck,
)
from feedtree.supervisors.outside import MOVED, TRIES

settled = trio.testing.wait_all_tasks_blocked
BOUND = 20.0  # s


async def waits_in_here() -> None:
    await trio.sleep_forever()


async def quiet(context: Context) -> None:
    context.started()
    await waits_in_here()


async def busy(context: Context) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(waits_in_here, name="inner")
        context.started()


def tree_of(*children: Any, **options: Any) -> Any:
    return open_supervisor(SupervisorSpec("root", children, **options), rng=Random(7), stall_after=None)


def lines(stack: str) -> list[str]:
    """The names of tasks and functions, without the files."""
    return [line.strip() if line.endswith(":") else line.split()[-1] for line in stack.splitlines()]


# In the loop


async def test_the_stack_of_a_worker_shows_where_each_of_its_tasks_waits(autojump_clock) -> None:
    """Its own and those of its nurseries; one that does not run has none."""
    async with tree_of(ChildSpec("a", quiet), ChildSpec("b", busy)) as tree:
        await settled()
        a = lines(tree.stack("a"))
        assert a[0] == "task a:"
        assert a.index("quiet") < a.index("waits_in_here") < a.index("sleep_forever")
        b = lines(tree.stack("b"))
        assert (b[0], b.count("task inner:"), b.count("waits_in_here")) == ("task b:", 1, 1)
        await tree.halt_child("a")
        assert tree.stack("a") == ""
        with pytest.raises(ChildNotFound):
            tree.stack("c")


async def test_the_stack_of_a_supervisor_is_those_of_the_workers_below_it(autojump_clock) -> None:
    """Each headed by its path; of the root all of them; workers that do not run are left out."""
    inner = SupervisorSpec("t", [ChildSpec("x", quiet)])
    branch = SupervisorSpec("s", [inner, ChildSpec("y", quiet), ChildSpec("z", quiet)])
    async with tree_of(branch, ChildSpec("a", quiet)) as tree:
        await settled()
        await tree.halt_child("s/z")
        stack = lines(tree.stack("s"))
        assert [each for each in stack if each.endswith(":")] == [
            "s/t/x:",
            "task s/t/x:",
            "s/y:",
            "task s/y:",
        ]
        assert stack.count("waits_in_here") == 2
        assert list(tree.stacks()) == ["s/t/x", "s/y", "a"]
        assert tree.stacks()["s/y"] == tree.stack("s/y")
        assert tree.stack("") == f"{tree.stack('s')}\n{headed(tree, 'a')}"
        await tree.halt_child("s")
        assert tree.stack("s") == ""


def headed(tree: Any, path: str) -> str:
    return "\n".join([f"{path}:", *(f"  {line}" for line in tree.stack(path).splitlines())])


async def test_whoever_asks_for_the_stack_is_seen_where_it_runs(autojump_clock) -> None:
    """Also from a task below the worker's own."""
    seen: list[str] = []

    def look_at_myself() -> None:
        seen.append(trees[0].stack("a"))

    async def below() -> None:
        await trio.sleep(1)
        look_at_myself()
        await trio.sleep_forever()

    async def actor(context: Context) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(below, name="below")
            context.started()

    trees: list[Any] = []
    async with tree_of(ChildSpec("a", actor)) as tree:
        trees.append(tree)
        await trio.sleep(2)
    (stack,) = map(lines, seen)
    assert stack[0] == "task below, running:"
    assert stack.index("below") < stack.index("look_at_myself") < stack.index("task a:")
    assert [each for each in stack if each.endswith(":")] == ["task below, running:", "task a:"]


async def test_a_worker_that_has_ended_and_is_not_yet_taken_note_of_can_be_looked_at(autojump_clock) -> None:
    """Whatever the order in which trio runs the tasks of one instant."""

    async def ends(context: Context) -> None:
        context.started()
        await trio.sleep(1)
        raise Retryable("lost")

    async with tree_of(ChildSpec("a", ends)) as tree:
        for _ in range(30):
            await trio.sleep_until(round(trio.current_time()) + 1)
            for _ in range(6):
                assert tree.stack("a") in ("", "task a:") or "ends" in tree.stack("a")
                await trio.lowlevel.checkpoint()


# From outside


def in_a_thread(look: Callable[[], Any]) -> Any:
    """Call something in another thread while this one does nothing else, and return what it returned."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(look()))
    thread.start()
    thread.join(BOUND)
    assert not thread.is_alive()
    return found[0]


async def test_a_stuck_loop_can_be_looked_at(autojump_clock) -> None:
    """Who blocks it is shown where it is, the others where they wait; and the tree as it is."""
    seen: list[tuple[Node, dict[str, str]]] = []

    def blocks_in_here() -> None:
        seen.append(in_a_thread(lambda: (trees[0].look_from_outside(), trees[0].stacks_from_outside())))

    async def blocks(context: Context) -> None:
        context.started()
        await trio.sleep(1)
        blocks_in_here()
        await trio.sleep_forever()

    trees: list[Any] = []
    async with tree_of(ChildSpec("a", quiet), SupervisorSpec("s", [ChildSpec("b", blocks)])) as tree:
        trees.append(tree)
        await trio.sleep(1.5)
        ((node, stacks),) = seen
        assert list(stacks) == ["a", "s/b"]
        b = lines(stacks["s/b"])
        assert b[0] == "task s/b, running:"
        assert b.index("blocks") < b.index("blocks_in_here") < b.index("in_a_thread")
        assert "waits_in_here" in lines(stacks["a"])
        assert [each.uptime for each in node.children] == [1.0, 1.0]
        assert node == tree.look_from_outside(1.0)
        assert tree.look_from_outside(1.25).uptime == 1.25


async def test_a_task_that_is_no_workers_and_blocks_the_loop_is_shown_as_well(autojump_clock) -> None:
    """Under the empty path; there is none while the loop waits."""
    async with tree_of(ChildSpec("a", quiet)) as tree:
        await settled()
        stacks = in_a_thread(tree.stacks_from_outside)
        assert list(stacks) == ["a", ""]
        assert "test_a_task_that_is_no_workers_and_blocks_the_loop_is_shown_as_well" in lines(stacks[""])
        assert list(await trio.to_thread.run_sync(tree.stacks_from_outside)) == ["a"]
        assert in_a_thread(tree.look_from_outside) == tree.snapshot()


async def test_nothing_is_collected_while_frames_of_a_thread_that_runs_are_read(monkeypatch) -> None:
    """Finalizers would let it run on: a frame that is being read would be gone. Afterwards it is as it was."""
    collects: list[bool] = []
    place = stuck._place

    def placed(frame: FrameType, line: int) -> str:
        collects.append(gc.isenabled())
        return place(frame, line)

    monkeypatch.setattr(stuck, "_place", placed)
    async with tree_of() as tree:
        assert list(in_a_thread(tree.stacks_from_outside)) == [""]
        assert collects
        assert not any(collects)
        assert gc.isenabled()
        gc.disable()
        try:
            in_a_thread(tree.stacks_from_outside)
            assert not gc.isenabled(), "who has switched it off finds it so"
        finally:
            gc.enable()


async def test_whoever_looks_from_outside_at_a_loop_in_full_motion_is_told_something() -> None:
    """Children come, crash, wait and go all the time, and no look raises."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that the threads meet in the middle of everything
    over = threading.Event()
    looks: list[tuple[Node, dict[str, str]]] = []
    raised: list[BaseException] = []

    def look_on(tree: Any) -> None:
        try:
            while not over.is_set():
                looks.append((tree.look_from_outside(), tree.stacks_from_outside()))
        except BaseException as error:
            raised.append(error)

    async def restless(context: Context) -> None:
        context.started()
        await trio.lowlevel.checkpoint()
        raise Retryable("lost")

    try:
        async with tree_of(SupervisorSpec("s", dynamic=True), dynamic=True, intensity=10**6) as tree:
            watcher = threading.Thread(target=look_on, args=(tree,))
            watcher.start()
            end = time.monotonic() + BOUND
            number = 0
            while (len(looks) < 50 or number < 200) and time.monotonic() < end:
                number += 1
                await tree.start_child("s", ChildSpec(f"c{number}", restless))
                if number > 20:
                    await tree.terminate_child(f"s/c{number - 20}")
            over.set()
            await trio.to_thread.run_sync(watcher.join)
    finally:
        over.set()
        sys.setswitchinterval(before)
    assert raised == []
    assert len(looks) >= 50
    assert any(node.find("s") for node, _ in looks)
    for node, stacks in looks:
        assert node.last_reason in (None, MOVED)
        assert all(stack == MOVED or stack.startswith("task ") for stack in stacks.values())


class Restless(dict[str, Any]):
    """Children that change while anybody looks, for so many looks."""

    def __init__(self, children: dict[str, Any], left: int) -> None:
        super().__init__(children)
        self.left = left

    def values(self) -> Any:
        self.left -= 1
        if self.left < 0:
            return super().values()
        return self._changing()

    def _changing(self) -> Iterator[Any]:
        yield from list(super().values())[:1]
        raise RuntimeError("dictionary changed size during iteration")


async def test_a_look_that_meets_a_change_is_taken_again_and_at_last_given_up(autojump_clock) -> None:
    """With a word for it, and without an error."""
    async with tree_of(ChildSpec("a", quiet)) as tree:
        await settled()
        control, before = tree._control, tree.snapshot()
        children = control.children
        try:
            control.children = Restless(children, TRIES - 1)
            assert tree.look_from_outside() == before
            control.children = Restless(children, TRIES - 1)
            assert list(tree.stacks_from_outside()) == ["a", ""]
            control.children = Restless(children, TRIES)
            assert tree.stacks_from_outside() == {"": MOVED}
            control.children = Restless(children, TRIES)
            node = tree.look_from_outside()
            assert (node.id, node.path, node.children, node.last_reason) == ("root", "", (), MOVED)
        finally:
            control.children = children
