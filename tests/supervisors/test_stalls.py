"""The watchdog: who blocks the event loop is named, at once and by the right name; in real time, never by timing.

A child that is to be seen blocks until the watchdog has spoken, at most `BOUND` seconds.
"""

import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
import structlog
import trio
import trio.lowlevel
import trio.testing

from feedtree.actors.context import Context
from feedtree.supervisors import (
    ChildSpec,
    EventKind,
    InvalidSpec,
    LifecycleEvent,
    Supervisor,
    SupervisorSpec,
    open_supervisor,
)
from feedtree.supervisors.specs import Start
from feedtree.supervisors.stalls import THREAD, LoopThread, running_task
from feedtree.supervisors.suspicion import LINE_PERIOD

BOUND = 10.0  # s
THRESHOLD = 0.01


class Log:
    """What the watchdog said; told from its thread."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.logger = structlog.wrap_logger(self, processors=[self._keep])

    def _keep(self, _: object, __: str, event: dict[str, Any]) -> dict[str, Any]:
        self.lines.append(event | {"thread": threading.current_thread().name})
        return event

    def msg(self, **_: object) -> None:
        """Drop what was kept already."""

    debug = info = warning = error = msg

    def named(self, path: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["path"] == path and line.get("certain", True)]


def block(seen: Callable[[], object]) -> None:
    """Block the loop in one step until something was seen."""
    end = time.monotonic() + BOUND
    while not seen() and time.monotonic() < end:
        time.sleep(THRESHOLD)


class Scene:
    """A tree, and what blocks in it as soon as somebody listens."""

    def __init__(self) -> None:
        self.log = Log()
        self.go = trio.Event()

    def open(self, *children: Any, stall_after: float | None = THRESHOLD) -> Any:
        spec = SupervisorSpec("root", children)
        return open_supervisor(spec, log=self.log.logger, rng=Random(7), stall_after=stall_after)

    def blocker(self, path: str) -> Start:
        """An actor that blocks until that path is named."""

        async def blocking_actor(context: Context) -> None:
            context.started()
            await self.go.wait()
            if context.generation == 1:
                block(lambda: self.log.named(path))
            await trio.sleep_forever()

        return blocking_actor

    async def listen(
        self, tree: Supervisor, kind: EventKind = EventKind.STALLED, generation: int = 1
    ) -> list[LifecycleEvent]:
        """Let the blocking begin, and listen until that happens."""
        told: list[LifecycleEvent] = []
        with trio.fail_after(2 * BOUND):
            async with tree.events() as events:
                self.go.set()
                async for event in events:
                    told.append(event)
                    if (event.kind, event.generation) == (kind, generation):
                        return told
        raise AssertionError("the tree ended")


async def idle(context: Context) -> None:
    context.started()
    await trio.sleep_forever()


def watchdogs() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == THREAD]


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """After every tree its thread is gone."""
    yield
    end = time.monotonic() + BOUND
    while watchdogs() and time.monotonic() < end:
        time.sleep(0.01)
    assert watchdogs() == []


async def test_a_child_that_blocks_the_loop_is_named_with_its_stack(scene: Scene) -> None:
    """At once by a log line from another thread; by an event when the loop is back; and in the tree's picture."""
    spec = SupervisorSpec("s", [ChildSpec("a", scene.blocker("s/a"))])
    async with scene.open(spec) as tree:
        event = (await scene.listen(tree))[-1]
        line = scene.log.named("s/a")[0]  # it came first: the child blocked until then
        assert (line["event"], line["generation"], line["thread"]) == ("stalled", 1, THREAD)
        assert line["pass_ms"] >= THRESHOLD * 1000
        assert THRESHOLD * 1000 / 2 <= line["blocked_ms"] <= line["pass_ms"]
        assert "blocking_actor" in line["stack"]
        assert line["stack"].splitlines()[-1] == line["at"]
        assert line["at"].endswith((" block", " <lambda>", " named", " <listcomp>"))
        assert (event.path, event.generation, event.reason) == ("s/a", 1, line["stack"])
        assert event.blocked is not None
        assert event.blocked >= line["blocked_ms"] / 1000
        node = tree.node("s/a")
        assert node.stalls >= 1
        assert node.longest_stall >= event.blocked
        assert tree.node("s").stalls == 0


async def test_a_task_in_a_nursery_of_the_child_counts_as_the_child(scene: Scene) -> None:
    """Most of what an actor does happens there."""

    async def deeper() -> None:
        await scene.go.wait()
        block(lambda: scene.log.named("a"))

    async def actor(context: Context) -> None:
        async with trio.open_nursery() as outer, trio.open_nursery() as inner:
            inner.start_soon(deeper)
            outer.start_soon(trio.sleep_forever)
            context.started()

    async with scene.open(ChildSpec("a", actor)) as tree:
        event = (await scene.listen(tree))[-1]
    assert event.path == "a"
    assert event.reason.splitlines()[0].endswith(" deeper")


async def test_a_stall_tells_no_values(scene: Scene) -> None:
    """A stack may pass where a key is; what is told is places only."""

    async def actor(context: Context) -> None:
        context.started()
        secret = "hunter" + "2"
        await scene.go.wait()
        block(lambda: scene.log.named("a") and secret)
        await trio.sleep_forever()

    async with scene.open(ChildSpec("a", actor)) as tree:
        told = await scene.listen(tree)
    assert "hunter" not in str(told) + str(scene.log.lines)


async def test_the_stack_is_bounded(scene: Scene) -> None:
    """The innermost frames say it."""

    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        else:
            block(lambda: scene.log.named("a"))

    async def actor(context: Context) -> None:
        context.started()
        await scene.go.wait()
        deep(50)
        await trio.sleep_forever()

    async with scene.open(ChildSpec("a", actor)) as tree:
        frames = (await scene.listen(tree))[-1].reason.splitlines()
    assert len(frames) == 12
    assert frames[0].endswith(" deep")


async def test_a_task_of_the_app_is_told_of_in_the_log_only(scene: Scene) -> None:
    """It is nobody's child: no path, its own name, no event."""

    async def task_of_the_app() -> None:
        block(lambda: scene.log.named(""))

    async with scene.open(ChildSpec("a", idle)) as tree:
        async with tree.events() as events:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(task_of_the_app)
            await trio.testing.wait_all_tasks_blocked()
            await tree.stop()
            kinds = [event.kind async for event in events]
        line = scene.log.named("")[0]
        assert "task_of_the_app" in line["task"]
        assert "task_of_the_app" in line["stack"]
        assert EventKind.STALLED not in kinds


HANGS = """
import os, time
import structlog, trio
from feedtree.supervisors import ChildSpec, SupervisorSpec, open_supervisor

class Ends:
    def warning(self, **event):
        print(event["event"], event["path"], event["at"], flush=True)
        os._exit(7)

async def hangs(context):
    context.started()
    while True:
        time.sleep(0.05)

log = structlog.wrap_logger(Ends(), processors=[lambda _, __, event: event])

async def main():
    async with open_supervisor(SupervisorSpec("root", [ChildSpec("a", hangs)]), log=log):
        pass

trio.run(main)
"""


def test_a_loop_that_never_comes_back_is_told_of_in_the_log() -> None:
    """That is where it matters most. A process of its own, with the default threshold, which the log ends."""
    ended = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 7, ended.stderr
    assert ended.stdout.startswith("stalled a ")
    assert ended.stdout.endswith(" hangs\n")


async def test_an_incarnation_that_has_ended_is_counted_and_no_event_follows_its_end(scene: Scene) -> None:
    """It blocks and falls in the same step."""

    async def actor(context: Context) -> None:
        context.started()
        await scene.go.wait()
        if context.generation == 1:
            block(lambda: scene.log.named("a"))
            raise ValueError("scripted")
        await trio.sleep_forever()

    async with scene.open(ChildSpec("a", actor)) as tree:
        told = [each.kind for each in await scene.listen(tree, EventKind.READY, generation=2)]
        await trio.testing.wait_all_tasks_blocked()
        assert EventKind.STALLED not in told[told.index(EventKind.CRASHED) : told.index(EventKind.RESTARTING)]
        assert tree.node("a").stalls >= 1


async def test_the_count_survives_the_restart_of_the_supervisor(scene: Scene) -> None:
    """It belongs to the child, not to one incarnation."""
    fall = trio.Event()

    async def falls(context: Context) -> None:
        context.started()
        if context.generation == 1:
            await fall.wait()
            raise ValueError("scripted")
        await trio.sleep_forever()

    children = [ChildSpec("a", scene.blocker("s/a")), ChildSpec("b", falls)]
    async with scene.open(SupervisorSpec("s", children, intensity=0)) as tree:
        await scene.listen(tree)
        fall.set()
        await scene.listen(tree, EventKind.READY, generation=2)
        assert tree.node("s/a").stalls >= 1


async def test_two_trees_in_one_run_each_name_their_own(scene: Scene) -> None:
    """To the other tree it is a task of the app."""
    other = Scene()

    async def actor(context: Context) -> None:
        context.started()
        await scene.go.wait()
        block(lambda: scene.log.named("a") and other.log.named(""))
        await trio.sleep_forever()

    async with other.open(ChildSpec("a", idle)), scene.open(ChildSpec("a", actor)) as tree:
        assert (await scene.listen(tree))[-1].path == "a"
        assert other.log.named("a") == []


async def test_trees_can_be_opened_and_closed_many_times(scene: Scene) -> None:
    """Each with a thread of its own, gone after it."""
    for _ in range(30):
        async with scene.open(ChildSpec("a", idle)):
            assert watchdogs()


async def test_the_thread_ends_however_the_tree_ends(scene: Scene) -> None:
    """By an exception of the body, by a failure of the tree, by an outer cancellation."""
    with pytest.raises(LookupError):
        async with scene.open(ChildSpec("a", idle)):
            raise LookupError
    with trio.CancelScope() as scope:
        async with scene.open(ChildSpec("a", idle)):
            scope.cancel()
            await trio.sleep_forever()
    with pytest.raises(KeyboardInterrupt):
        async with scene.open(ChildSpec("a", idle)):
            raise KeyboardInterrupt


async def test_nothing_is_watched_under_a_virtual_clock(autojump_clock, cast) -> None:
    """Time stands still there while work is done."""
    async with cast.open(cast.child("a"), supervisor={"stall_after": THRESHOLD}):
        assert watchdogs() == []
        end = time.monotonic() + 10 * THRESHOLD
        block(lambda: time.monotonic() > end)
    assert cast.logged() == []


async def test_none_turns_it_off(scene: Scene) -> None:
    """No thread, no instrument."""
    async with scene.open(ChildSpec("a", idle), stall_after=None):
        assert watchdogs() == []


@pytest.mark.parametrize("value", [0, 0.0, -1, math.inf, math.nan, True, "0.05", [1], 10**400])
async def test_a_threshold_that_cannot_be_is_refused(cast, value) -> None:
    """The error names the option and the value; nothing was started."""
    with pytest.raises(InvalidSpec) as caught:
        async with cast.open(cast.child("a"), supervisor={"stall_after": value}):
            pass
    assert caught.value.field == "stall_after"
    assert caught.value.value is value
    assert cast.diary == []


async def test_a_log_that_fails_does_not_end_the_watch(scene: Scene) -> None:
    """The event still comes, for this stall and for the next."""
    tried: list[str] = []

    class Broken:
        def warning(self, **event: Any) -> None:
            tried.append(event["path"])
            raise OSError("no space left")

    async def actor(context: Context) -> None:
        context.started()
        for times in (1, 2):
            await scene.go.wait()
            block(lambda times=times: tried.count("a") >= times or tree.node("a").stalls >= times)
            await trio.sleep(LINE_PERIOD)
        await trio.sleep_forever()

    log = structlog.wrap_logger(Broken(), processors=[lambda _, __, event: event])
    spec = SupervisorSpec("root", [ChildSpec("a", actor)])
    async with open_supervisor(spec, log=log, stall_after=THRESHOLD) as tree:
        for _ in range(2):
            assert (await scene.listen(tree))[-1].path == "a"


async def test_what_keeps_the_interpreter_lock_is_told_of_without_a_name(scene: Scene) -> None:
    """The watchdog cannot look meanwhile; what it sees after that it saw once, and it says so."""
    done = trio.Event()

    async def actor(context: Context) -> None:
        context.started()
        end = time.monotonic() + BOUND
        while not uncertain() and time.monotonic() < end:
            await trio.lowlevel.checkpoint()
            sum(range(3_000_000))
        done.set()
        await trio.sleep_forever()

    def uncertain() -> list[dict[str, Any]]:
        return [line for line in scene.log.lines if line.get("certain") is False]

    async with scene.open(ChildSpec("a", actor)):
        await done.wait()
    assert {(line["path"], line["generation"], line.get("task")) for line in uncertain()} == {("", 0, None)}
    assert any("actor" in line["stack"] for line in uncertain())


async def test_trio_tells_which_task_runs() -> None:
    """The detail of trio that this leans on is there, and is checked before it is used."""
    running = running_task()
    assert running is not None
    assert running["task"] is trio.lowlevel.current_task()


async def test_without_that_detail_our_own_frame_names_the_actor(scene: Scene) -> None:
    """For the main task of an actor; others are not told apart within a pass."""
    loop = LoopThread(None)
    looks: list[object] = []

    def look() -> None:
        found = loop.look(0.0)
        assert found is not None
        assert "look_from_a_thread" in loop.stack(found)
        looks.append(found.step)

    def look_from_a_thread() -> None:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    async def actor(context: Context) -> None:
        look_from_a_thread()
        context.started()
        await trio.sleep_forever()

    look_from_a_thread()
    async with scene.open(ChildSpec("a", actor)):
        pass
    whole_pass, incarnation = looks
    assert whole_pass is loop.pulse.now
    assert incarnation.child.path == "a"


async def test_what_the_loop_does_is_summed_up() -> None:
    """Passes, and the seconds in which there was nothing to do; None where nothing watches."""
    scene = Scene()
    async with scene.open(ChildSpec("a", idle)) as tree:
        began = time.perf_counter()
        for _ in range(3):
            await trio.sleep(0.02)
        took = time.perf_counter() - began
        facts = tree.loop()
        assert facts is not None
        assert facts.passes >= 3
        assert 0 < facts.waited_s <= facts.since_s
        assert facts.since_s >= took
        await trio.lowlevel.checkpoint()
        later = tree.loop()
        assert later is not None
        assert later.passes > facts.passes
        assert later.since_s > facts.since_s
    async with scene.open(ChildSpec("a", idle), stall_after=None) as tree:
        assert tree.loop() is None


async def test_a_loop_that_waits_is_not_looked_at() -> None:
    """Neither is one that has moved on."""
    loop = LoopThread(running_task())
    found = loop.look(0.0)
    assert found is not None
    loop.pulse.before_io_wait(0.0)
    assert loop.look(0.0) is None
    assert loop.stack(found) == ""
    loop.pulse.after_io_wait(0.0)
    assert loop.stack(found) == ""
    again = loop.look(0.0)
    assert again is not None
    assert again.number == found.number + 1
