"""What it means that a person starts one child of a running tree anew."""

from typing import Any

import pytest
import trio
import trio.testing

from feedtree.supervisors import (
    ChildState,
    Fatal,
    Restart,
    Retryable,
    StartFailed,
    SupervisorDown,
)
from tests.supervisors.by_hand import (
    CASES,
    KINDS,
    Ask,
    bring_into,
    expected,
    family,
    generations,
    home,
    lost,
    settled,
    states,
)


@pytest.mark.parametrize(("kind", "state"), CASES)
async def test_a_cycled_child_runs_again(autojump_clock, cast, heard, kind: str, state: str) -> None:
    """Whatever it was doing; the answer comes when it is ready; nothing is counted, and nothing is a crash."""
    async with cast.open(home(kind, *family(cast, state))) as tree, trio.open_nursery() as nursery:
        await bring_into(tree, cast, nursery, state)
        assert states(tree)["b"] == expected(state)
        generation = tree.node("s/b").generation
        reports = len(tree.crash_reports("s/b"))
        async with heard(tree, "s/b") as events:
            handle = await tree.cycle_child("s/b")
        assert str(handle) == ("s/a" if state == "held" else "s/b")
        await settled()
        assert set(states(tree).values()) == {"running"}
        assert tree.node("s/b").generation == generation + 1
        assert tree.node("s").restarts_in_window == 0
        assert len(tree.crash_reports("s/b")) == reports
        runs = [each.kind.value for each in events]
        assert runs[-2:] == ["starting", "ready"]
        assert runs[:-2] in ([], ["stopping", "stopped"], ["stopped"])
        assert trio.current_time() < 30.0
        generations_then = generations(tree)
        await trio.sleep(100)  # no timer of what it was doing is left
        assert generations(tree) == generations_then


@pytest.mark.parametrize(
    ("kind", "diary"),
    [
        ("one_for_one", "-b1 +b2"),
        ("dynamic", "-b1 +b2"),
        ("rest_for_one", "-c1 -b1 +b2 +c2"),
        ("one_for_all", "-c1 -b1 -a1 +a2 +b2 +c2"),
    ],
)
async def test_a_group_is_cycled_as_a_whole(autojump_clock, cast, kind: str, diary: str) -> None:
    """In the order of its strategy, without a child that was halted before, and again and again at no cost."""
    children = [cast.child(each) for each in "abcd"]
    async with cast.open(home(kind, *children, intensity=0)) as tree:
        await tree.halt_child("s/d")
        cast.take_diary()
        await tree.cycle_child("s/b")
        await settled()
        assert " ".join(cast.take_diary()).replace("s/", "") == diary
        for _ in range(5):
            await tree.cycle_child("s/b")
        await settled()
        assert states(tree) == {"a": "running", "b": "running", "c": "running", "d": "stopped"}
        assert tree.node("s").generation == 1


async def test_a_cycle_ends_the_waits_of_its_group(autojump_clock, cast) -> None:
    """As of one that relies on it and was told to wait."""
    async with cast.open(home("rest_for_one", *family(cast, "running"))) as tree:
        cast.order("c", lost(cast))
        await settled()
        await tree.cycle_child("s/b")
        await settled()
        assert states(tree) == {"a": "running", "b": "running", "c": "running"}
        assert trio.current_time() == 0.0


@pytest.mark.parametrize("ask", ["halt_child", "terminate_child"])
async def test_a_group_waits_no_more_for_one_that_was_stopped_as_it_waited(
    autojump_clock, cast, ask: str
) -> None:
    """The others are started at once, or when the wait of another one is over."""
    children = [cast.child("a"), cast.child("b"), cast.child("c", [cast.ready, cast.slow_cleanup(2)], [])]
    async with cast.open(home("one_for_all", *children)) as tree:
        cast.order("b", lost(cast, 30.0))
        await trio.sleep(1)
        cast.order("a", lost(cast, 10.0))
        await trio.sleep(3)
        await getattr(tree, ask)("s/b")
        await settled()
        assert states(tree) == {"a": "restarting", "b": "stopped", "c": "stopped"}
        await trio.sleep(7.5)
        assert states(tree) == {"a": "running", "b": "stopped", "c": "running"}


async def test_a_child_cycled_as_it_ends_for_a_late_start_has_not_failed(autojump_clock, cast) -> None:
    """It is stopped by hand now, whatever it was stopped for before."""
    late = cast.child("a", [], [cast.slow_cleanup(3)], [], start_timeout=1.0)
    async with cast.open(home("one_for_one", late, intensity=1)) as tree:
        cast.order("a", cast.crash())
        await trio.sleep(2)
        await tree.cycle_child("s/a")
        assert trio.current_time() == 4.0
        assert len(tree.crash_reports("s/a")) == 1


async def test_a_slow_cycle_delays_no_sibling_of_a_dynamic_supervisor(autojump_clock, cast) -> None:
    """Neither one that is added, nor one that is cycled, too."""
    slow = cast.child("a", [cast.ready, cast.slow_cleanup(3)], [cast.sleep(3)])
    async with cast.open(home("dynamic", slow, cast.child("b"))) as tree, trio.open_nursery() as nursery:
        nursery.start_soon(tree.cycle_child, "s/a")
        await settled()
        await tree.cycle_child("s/b")
        await tree.start_child("s", cast.child("c"))
        assert trio.current_time() == 0.0
        await trio.sleep(7)
        assert states(tree) == {"a": "running", "b": "running", "c": "running"}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cycle_forgets_former_failures(autojump_clock, cast, kind: str) -> None:
    """Those of its backoff, and of a bulkhead's own window; the next retry comes at once."""
    child = cast.child("a", bulkhead=True)
    async with cast.open(home(kind, child, intensity=5)) as tree:
        for _ in range(5):
            cast.order("a", cast.crash())
            await trio.sleep(3)
        await tree.cycle_child("s/a")
        assert tree.node("s/a").restarts_in_window == 0
        cast.order("a", cast.crash())
        await settled()
        assert tree.node("s/a").state is ChildState.RUNNING


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cycle_whose_start_fails_parks_the_child(autojump_clock, cast, kind: str) -> None:
    """Whoever asked learns why, and its supervisor goes on."""
    child = cast.child("b", [], [cast.crash(ValueError("no port"))], [])
    async with cast.open(home(kind, cast.child("a"), child, intensity=0)) as tree:
        with pytest.raises(StartFailed, match="no port"):
            await tree.cycle_child("s/b")
        assert states(tree)["b"] == "failed"
        await tree.cycle_child("s/b")
        assert set(states(tree).values()) == {"running"}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cycle_of_a_child_that_has_nothing_to_run_any_more(autojump_clock, cast, kind: str) -> None:
    """Is answered with None."""
    async with cast.open(home(kind, cast.child("a", [], [cast.ignore]))) as tree:
        assert await tree.cycle_child("s/a") is None
        assert states(tree) == ({} if kind == "dynamic" else {"a": "stopped"})


@pytest.mark.parametrize("kind", KINDS)
async def test_whoever_waits_for_the_start_of_a_child_that_is_cycled_waits_on(
    autojump_clock, cast, kind: str
) -> None:
    """Who added it, and all who cycle it, are answered when it is ready."""
    answers: list[tuple[str, float]] = []
    async with cast.open(home(kind)) as tree:

        async def ask(call: Ask, *args: Any) -> None:
            answers.append((str(await call(*args)), trio.current_time()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, tree.start_child, "s", cast.child("a", [cast.sleep(5)]))
            await trio.sleep(1)
            nursery.start_soon(ask, tree.cycle_child, "s/a")
            await trio.sleep(1)
            nursery.start_soon(ask, tree.cycle_child, "s/a")
        assert answers == [("s/a", 7.0)] * 3
        assert generations(tree) == [3]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_child_cycled_during_the_first_start_of_all_is_still_waited_for(
    autojump_clock, cast, kind: str
) -> None:
    """The supervisor is ready when all of them are."""
    children = [cast.child("a"), cast.child("b", [cast.sleep(5)], []), cast.child("c", [cast.sleep(1)])]
    async with cast.open() as tree, trio.open_nursery() as nursery:
        nursery.start_soon(tree.start_child, "", home(kind, *children))
        await trio.sleep(1)
        await tree.cycle_child("s/b")
        assert states(tree)["b"] == "running"
        assert tree.node("s").state is ChildState.STARTING
        await trio.sleep(2)
        assert tree.node("s").state is ChildState.RUNNING
        assert set(states(tree).values()) == {"running"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ask", ["halt_child", "terminate_child", "remove"])
async def test_a_child_stopped_by_hand_while_it_is_cycled_stays_down(
    autojump_clock, cast, kind: str, ask: str
) -> None:
    """Who cycled it is told."""
    child = cast.child("a", [cast.ready, cast.slow_cleanup(2)])
    async with cast.open(home(kind, child, cast.child("b"))) as tree, trio.open_nursery() as nursery:

        async def cycle() -> None:
            with pytest.raises(SupervisorDown, match="stopped before it was ready"):
                await tree.cycle_child("s/a")

        nursery.start_soon(cycle)
        await trio.sleep(1)
        await getattr(tree, ask)("s/a")
        assert trio.current_time() == 2.0
        await trio.sleep(10)
        kept = ask == "halt_child" or (ask == "terminate_child" and kind != "dynamic")
        assert states(tree) == {**({"a": "stopped"} if kept else {}), "b": "running"}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_supervisor_that_stops_meanwhile_refuses_a_cycle(autojump_clock, cast, kind: str) -> None:
    """The child is not started again, and a later request is refused as well."""
    child = cast.child("a", [cast.ready, cast.slow_cleanup(2)])
    async with cast.open(home(kind, child)) as tree, trio.open_nursery() as nursery:

        async def cycle() -> None:
            with pytest.raises(SupervisorDown, match="stopping"):
                await tree.cycle_child("s/a")

        nursery.start_soon(cycle)
        await trio.sleep(1)
        nursery.start_soon(tree.halt_child, "s")
        nursery.start_soon(cycle)
        await trio.sleep(9)
        assert states(tree) == {"a": "stopped"}
        assert generations(tree) == [1]


async def test_a_cycle_that_reaches_a_supervisor_while_it_stops_is_refused(autojump_clock, cast) -> None:
    """In whatever order the two arrive, nobody is left waiting and nothing starts."""

    async def ask(call: Ask) -> None:
        with pytest.raises(SupervisorDown):
            await call("a")
        assert trio.current_time() == began

    for _ in range(30):  # trio shuffles the tasks of one instant
        child = cast.child("a", [cast.ready, cast.slow_cleanup(1)])
        began = trio.current_time()
        async with cast.open(child) as tree, trio.open_nursery() as nursery:
            nursery.start_soon(tree.stop)
            nursery.start_soon(ask, tree.cycle_child)
        assert tree.snapshot().children[0].generation == 1


@pytest.mark.parametrize("ask", ["halt_child", "cycle_child"])
@pytest.mark.parametrize(("kind", "state"), CASES)
async def test_a_cancelled_caller_leaves_the_request_to_go_on(
    autojump_clock, cast, kind: str, state: str, ask: str
) -> None:
    """The child ends as it would have, and can be asked for anything again."""
    async with cast.open(home(kind, *family(cast, state))) as tree, trio.open_nursery() as nursery:
        await bring_into(tree, cast, nursery, state)
        async with trio.open_nursery() as callers:
            callers.start_soon(getattr(tree, ask), "s/b")
            await settled()
            callers.cancel_scope.cancel()
        await trio.sleep(30)
        down = "failed" if state == "parked" else "stopped"
        assert states(tree)["b"] == (down if ask == "halt_child" else "running")
        await tree.cycle_child("s/b")
        await tree.halt_child("s/b")
        assert states(tree)["b"] == "stopped"


async def test_a_child_may_cycle_itself(autojump_clock, cast) -> None:
    """It is stopped as it waits, and comes back."""

    async def cycle(actor: Any, context: Any) -> None:
        await trees[0].cycle_child("a")

    trees: list[Any] = []
    async with cast.open(cast.child("a", [cast.ready, cast.sleep(1), cycle], [])) as tree:
        trees.append(tree)
        await trio.sleep(5)
        assert (tree.node("a").state, tree.node("a").generation) == (ChildState.RUNNING, 2)
        assert tree.crash_reports("a") == ()


@pytest.mark.parametrize("asks", [False, True])
async def test_a_child_that_gets_ready_on_its_way_down_is_started_again_with_its_group(
    autojump_clock, cast, asks: bool
) -> None:
    """Its siblings go first; who cycled it is answered when it is ready again, who started it at once."""
    children = [
        cast.child("a", [], [cast.sleep(1)]),
        cast.child("b"),
        cast.child("c", [cast.ready, cast.slow_cleanup(3)], []),
    ]
    async with cast.open(home("one_for_all", *children)) as tree, trio.open_nursery() as nursery:
        await tree.halt_child("s/a")
        answers: list[float] = []

        async def start() -> None:
            await tree.restart("s/a")
            answers.append(trio.current_time())

        nursery.start_soon(start)
        await trio.sleep(0.5)
        if asks:
            await tree.cycle_child("s/a")
            assert trio.current_time() == 4.5
        else:
            cast.order("b", cast.crash(Retryable("lost")))
        await trio.sleep(10)
        assert generations(tree) == [3, 2, 2]
        assert set(states(tree).values()) == {"running"}
        assert answers == [4.5 if asks else 1.0]


@pytest.mark.parametrize("end", [Fatal("key"), Retryable("lost"), ValueError("bug"), None])
async def test_a_cycled_child_that_ends_before_its_turn_to_be_stopped_is_started_all_the_same(
    autojump_clock, cast, end: Exception | None
) -> None:
    """Whatever it raises: a person wants it up, and nothing is counted."""
    slow = cast.child("b", [cast.ready, cast.slow_cleanup(2)], [])
    child = cast.child("a", restart=Restart.TRANSIENT)
    async with (
        cast.open(home("rest_for_one", child, slow, intensity=0)) as tree,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(tree.cycle_child, "s/a")
        await trio.sleep(1)
        cast.order("a", cast.leave if end is None else cast.crash(end))
        await trio.sleep(9)
        assert states(tree) == {"a": "running", "b": "running"}
        assert generations(tree) == [2, 2]
        assert [each.course.value for each in tree.crash_reports("s/a")] == (["stand_down"] if end else [])


async def test_a_cycle_is_overtaken_by_a_sibling_that_is_parked(autojump_clock, cast) -> None:
    """The child is held by that one, and whoever cycled it is told."""
    slow = cast.child("c", [cast.ready, cast.slow_cleanup(2)], [])
    async with cast.open(home("one_for_all", cast.child("a"), cast.child("b"), slow)) as tree:

        async def cycle() -> None:
            with pytest.raises(StartFailed, match="held by a"):
                await tree.cycle_child("s/b")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(cycle)
            await trio.sleep(1)
            cast.order("a", cast.crash(Fatal("key")))
        await trio.sleep(9)
        assert states(tree) == {"a": "failed", "b": "stopped", "c": "stopped"}
        assert generations(tree) == [1, 1, 1]
        await tree.restart("s/a")
        await settled()
        assert set(states(tree).values()) == {"running"}
