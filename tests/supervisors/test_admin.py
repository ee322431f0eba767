"""What may be asked of a running tree, and what is refused."""

from contextlib import nullcontext, suppress

import pytest
import trio
import trio.testing

from feedtree.supervisors import (
    AdminRefused,
    AlreadyPresent,
    AlreadyStarted,
    ChildNotFound,
    ChildRestarting,
    ChildRunning,
    ChildState,
    Fatal,
    InvalidSpec,
    NotASupervisor,
    Retryable,
    StartFailed,
    Strategy,
    SupervisorDown,
    SupervisorSpec,
    Throttled,
    TooManyChildren,
)

settled = trio.testing.wait_all_tasks_blocked


def paused(cast):
    return cast.crash(Throttled("429", retry_after=50.0))


@pytest.mark.row("SUP-062")
async def test_requests_about_a_child_that_is_about_to_be_restarted(autojump_clock, cast) -> None:
    """The same id is taken; restart and delete are refused; terminate ends the loop."""
    async with cast.open(cast.child("a")) as tree:
        cast.order("a", paused(cast))
        await settled()
        with pytest.raises(AlreadyPresent, match="restarting"):
            await tree.start_child("", cast.child("a"))
        with pytest.raises(ChildRestarting):
            await tree.restart("a")
        with pytest.raises(ChildRestarting):
            await tree.delete_child("a")
        await tree.terminate_child("a")
        assert tree.node("a").state is ChildState.STOPPED
        await trio.sleep(100)
        assert tree.node("a").generation == 1


@pytest.mark.row("SUP-062")
async def test_a_group_member_waiting_for_its_turn_counts_as_restarting(autojump_clock, cast) -> None:
    """Terminated, it is left out when its group starts."""
    children = [cast.child(each) for each in "abc"]
    async with cast.open(*children, strategy=Strategy.ONE_FOR_ALL) as tree:
        cast.order("a", paused(cast))
        await settled()
        with pytest.raises(ChildRestarting):
            await tree.restart("b")
        await tree.terminate_child("b")
        await trio.sleep(100)
        assert [each.generation for each in tree.snapshot().children] == [2, 1, 2]


@pytest.mark.row("SUP-081")
async def test_adding_an_id_that_is_taken_is_refused(autojump_clock, cast) -> None:
    """Running: already started. Stopped: already present."""
    async with cast.open(cast.child("a")) as tree:
        with pytest.raises(AlreadyStarted, match="generation 1"):
            await tree.start_child("", cast.child("a"))
        await tree.terminate_child("a")
        with pytest.raises(AlreadyPresent, match="stopped"):
            await tree.start_child("", cast.child("a"))


@pytest.mark.row("SUP-082")
async def test_terminate(autojump_clock, cast) -> None:
    """Unknown: not found. Stopped: fine. The spec stays and shows that it does not run."""
    async with cast.open(cast.child("a")) as tree:
        with pytest.raises(ChildNotFound):
            await tree.terminate_child("b")
        await tree.terminate_child("a")
        await tree.terminate_child("a")
        assert tree.count_children() == (1, 0, 0, 1)


@pytest.mark.row("SUP-083")
async def test_restart(autojump_clock, cast) -> None:
    """Running: refused. Unknown: not found. Stopped: a new incarnation."""
    async with cast.open(cast.child("a")) as tree:
        with pytest.raises(ChildRunning):
            await tree.restart("a")
        with pytest.raises(ChildNotFound):
            await tree.restart("b")
        await tree.terminate_child("a")
        await tree.restart("a")
        assert tree.node("a").generation == 2


@pytest.mark.row("SUP-083")
async def test_a_restart_by_hand_during_a_group_restart_loses_nobody(autojump_clock, cast) -> None:
    """Those that the group is still to start come up as well, in order."""
    children = [cast.child("a", [], [cast.sleep(2)]), cast.child("b"), cast.child("c")]
    async with cast.open(*children, strategy=Strategy.ONE_FOR_ALL) as tree:
        await tree.terminate_child("c")
        cast.take_diary()
        cast.order("a", cast.crash())
        await trio.sleep(1)
        await tree.restart("c")
        assert cast.diary == ["-a1", "-b1", "+a2", "+b2", "+c2"]


@pytest.mark.row("SUP-084")
async def test_delete(autojump_clock, cast) -> None:
    """Running: refused. Unknown: not found. Stopped: gone."""
    async with cast.open(cast.child("a")) as tree:
        with pytest.raises(ChildRunning):
            await tree.delete_child("a")
        with pytest.raises(ChildNotFound):
            await tree.delete_child("b")
        await tree.terminate_child("a")
        await tree.delete_child("a")
        assert tree.count_children().specs == 0


@pytest.mark.row("SUP-084")
@pytest.mark.parametrize("dynamic", [False, True])
async def test_remove_stops_and_forgets(autojump_clock, cast, dynamic: bool) -> None:
    """In one call, in any kind of supervisor; the id is free then."""
    async with cast.open(cast.child("a", [cast.ready, cast.slow_cleanup(1)]), dynamic=dynamic) as tree:
        await tree.remove("a")
        assert trio.current_time() == 1.0
        assert tree.count_children().specs == 0
        with pytest.raises(ChildNotFound):
            await tree.remove("a")
        await tree.start_child("", cast.child("a"))


@pytest.mark.row("SUP-085")
async def test_wrong_paths_are_refused_without_effect(autojump_clock, cast) -> None:
    """A worker has no children, and the root is nobody's child."""
    async with cast.open(cast.child("a"), SupervisorSpec("s", [cast.child("x")])) as tree:
        with pytest.raises(NotASupervisor):
            await tree.start_child("a", cast.child("b"))
        with pytest.raises(NotASupervisor):
            tree.count_children("a")
        for path in ("", "a/b", "s/y", "/", "s/"):
            with pytest.raises(AdminRefused):
                await tree.terminate_child(path)
        with pytest.raises(ChildNotFound):
            tree.node("s/x/y")
        with pytest.raises(InvalidSpec, match="start_child"):
            await tree.start_child("", "a")
        assert tree.count_children() == (2, 2, 1, 1)


@pytest.mark.row("SUP-086")
@pytest.mark.row("SUP-092")
async def test_terminating_a_dynamic_child_removes_it(autojump_clock, cast) -> None:
    """Running, restarting or parked; a second time it is not found."""
    async with cast.open(*[cast.child(each) for each in "abc"], dynamic=True) as tree:
        cast.order("b", paused(cast))
        cast.order("c", cast.crash(Fatal("key")))
        await settled()
        for each in "abc":
            await tree.terminate_child(each)
            with pytest.raises(ChildNotFound):
                await tree.terminate_child(each)
        await trio.sleep(100)
        assert tree.count_children().specs == 0


@pytest.mark.row("SUP-087")
async def test_requests_to_a_branch_that_does_not_run_are_refused(autojump_clock, cast) -> None:
    """Parked, stopped or stopping: a typed error."""
    branch = SupervisorSpec("s", [cast.child("x", [cast.ready, cast.slow_cleanup(2)])], bulkhead=True)
    async with cast.open(branch) as tree, trio.open_nursery() as nursery:
        nursery.start_soon(tree.terminate_child, "s")
        await trio.sleep(1)
        for call in (tree.terminate_child("s/x"), tree.restart("s/x")):
            with pytest.raises(SupervisorDown):
                await call
        await trio.sleep(5)
        with pytest.raises(SupervisorDown, match="stopped"):
            await tree.start_child("s", cast.child("y"))


@pytest.mark.row("SUP-087")
async def test_requests_that_arrive_while_the_tree_stops_are_answered(autojump_clock, cast) -> None:
    """Whatever the order of arrival, nobody is left waiting."""

    async def ask(call) -> None:
        with suppress(AdminRefused):
            await call

    for _ in range(30):  # trio shuffles the tasks of one instant
        async with cast.open(cast.child("a"), cast.child("b")) as tree, trio.open_nursery() as nursery:
            await tree.terminate_child("b")
            nursery.start_soon(tree.stop)
            nursery.start_soon(ask, tree.start_child("", cast.child("c")))
            nursery.start_soon(ask, tree.restart("b"))
            nursery.start_soon(ask, tree.delete_child("a"))
            nursery.start_soon(ask, tree.terminate_child("a"))
    assert trio.current_time() == 0.0


@pytest.mark.row("SUP-088")
async def test_counts(autojump_clock, cast) -> None:
    """Restarting children count as workers, not as active; supervisors are told apart."""
    async with cast.open(cast.child("a"), cast.child("b"), SupervisorSpec("s")) as tree:
        cast.order("a", paused(cast))
        await settled()
        assert tree.count_children() == (3, 2, 1, 2)


@pytest.mark.row("SUP-089")
async def test_a_thousand_children(autojump_clock, cast) -> None:
    """Counts and listing hold, through additions, crashes and removals."""
    async with cast.open(*[cast.child(f"c{n}") for n in range(1000)], dynamic=True) as tree:
        for number in range(0, 1000, 10):
            cast.order(f"c{number}", cast.crash(Retryable("lost")))
        await settled()
        for number in range(1, 1000, 10):
            await tree.terminate_child(f"c{number}")
        await tree.start_child("", cast.child("last"))
        assert tree.count_children() == (901, 901, 0, 901)
        nodes = tree.snapshot().children
        assert [each.id for each in nodes[:3]] == ["c0", "c2", "c3"]
        assert nodes[-1].id == "last"
        assert sum(each.restarts for each in nodes) == 100


@pytest.mark.row("SUP-091")
async def test_max_children(autojump_clock, cast) -> None:
    """A restarting child holds its place; a removed one frees it."""
    async with cast.open(cast.child("a"), dynamic=True, max_children=2) as tree:
        await tree.start_child("", cast.child("b"))
        cast.order("b", paused(cast))
        await settled()
        with pytest.raises(TooManyChildren, match="max_children = 2"):
            await tree.start_child("", cast.child("c"))
        await tree.terminate_child("b")
        await tree.start_child("", cast.child("c"))


async def test_deleting_a_parked_child_frees_those_that_were_held_by_it(autojump_clock, cast) -> None:
    """They can be started by hand then, each by itself."""
    children = [cast.child(each) for each in "abc"]
    async with cast.open(*children, strategy=Strategy.REST_FOR_ONE) as tree:
        cast.order("a", cast.crash(Fatal("key")))
        await tree.failed("a")
        await settled()
        await tree.delete_child("a")
        assert tree.node("b").last_reason == tree.node("c").last_reason == "let go: a is gone"
        await tree.restart("c")
        assert {each.id: each.state.value for each in tree.snapshot().children} == {
            "b": "stopped",
            "c": "running",
        }


async def test_a_child_let_go_on_its_way_down_that_falls_by_itself_rests(autojump_clock, cast) -> None:
    """It was to be stopped, and nobody is left who would start it again."""
    children = [cast.child("a"), cast.child("b"), cast.child("c", [cast.ready, cast.slow_cleanup(1)])]
    async with cast.open(*children, strategy=Strategy.ONE_FOR_ALL) as tree:
        cast.order("a", cast.crash(Fatal("key")))
        await tree.failed("a")
        await tree.remove("a")
        cast.order("b", cast.crash(Retryable("lost")))
        await trio.sleep(100)
        assert [each.state for each in tree.snapshot().children] == [ChildState.STOPPED] * 2
        assert [each.last_reason for each in tree.snapshot().children] == ["let go: a is gone"] * 2
        await tree.restart("b")


async def test_several_who_terminate_the_same_child_are_all_answered(autojump_clock, cast) -> None:
    """They wait for the same end."""
    child = cast.child("a", [cast.ready, cast.slow_cleanup(1)])
    async with cast.open(child) as tree:
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(tree.terminate_child, "a")
        assert trio.current_time() == 1.0


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_a_child_terminated_while_it_ends_for_a_late_start_stays_down(
    autojump_clock, cast, strategy: Strategy
) -> None:
    """Whoever terminates it is answered when it has ended, and no sibling is restarted for it."""
    late = cast.child("a", [], [cast.slow_cleanup(3)], start_timeout=1.0)
    async with cast.open(late, cast.child("b"), strategy=strategy) as tree:
        cast.order("a", cast.crash())
        await trio.sleep(2)
        with trio.fail_after(50):
            await tree.terminate_child("a")
        assert trio.current_time() == 4.0
        generation = tree.node("b").generation
        await trio.sleep(100)
        assert (tree.node("a").state, tree.node("a").generation) == (ChildState.STOPPED, 2)
        assert (tree.node("b").state, tree.node("b").generation) == (ChildState.RUNNING, generation)


@pytest.mark.row("SUP-082")
async def test_terminating_a_child_that_is_being_started_answers_both(autojump_clock, cast) -> None:
    """Who waits for its start is told that it was stopped."""
    async with cast.open() as tree, trio.open_nursery() as nursery:

        async def add() -> None:
            with pytest.raises(SupervisorDown, match="stopped"):
                await tree.start_child("", cast.child("a", [cast.sleep(5)]))

        nursery.start_soon(add)
        await trio.sleep(1)
        await tree.terminate_child("a")
        assert tree.node("a").state is ChildState.STOPPED


@pytest.mark.row("SUP-068")
async def test_a_restart_by_hand_forgets_former_failures(autojump_clock, cast) -> None:
    """The next retry after it comes at once again."""
    async with cast.open(cast.child("a")) as tree:
        for _ in range(6):
            cast.order("a", cast.crash(Retryable("x")))
            await trio.sleep(3)
        await tree.terminate_child("a")
        await tree.restart("a")
        cast.order("a", cast.crash(Retryable("x")))
        await settled()
        assert tree.node("a").state is ChildState.RUNNING


async def test_waiting_for_a_child_to_be_parked(autojump_clock, cast) -> None:
    """It need not exist yet; where it is parked already, there is nothing to wait for."""
    reasons: list[str] = []
    async with cast.open() as tree, trio.open_nursery() as nursery:

        async def wait() -> None:
            reasons.append(await tree.failed("a"))

        nursery.start_soon(wait)
        await trio.sleep(1)
        await tree.start_child("", cast.child("a"))
        cast.order("a", cast.crash(Fatal("key")))
        await settled()
        nursery.start_soon(wait)
        await settled()
    assert reasons == ["Fatal: key", "Fatal: key"]


@pytest.mark.row("SUP-010")
async def test_a_child_added_to_a_group_that_is_parked_before_its_turn_is_refused(
    autojump_clock, cast
) -> None:
    """Nobody waits for a start that will not come, and nothing is left of the child."""
    children = [cast.child("a", [], [cast.sleep(1), cast.crash(Fatal("key"))], []), cast.child("b")]
    async with cast.open(*children, strategy=Strategy.ONE_FOR_ALL) as tree:
        cast.order("a", cast.crash())
        await settled()
        with pytest.raises(StartFailed, match="held by a"):
            await tree.start_child("", cast.child("c"))
        await settled()
        assert [each.id for each in tree.snapshot().children] == ["a", "b"]
        await tree.restart("a")


async def test_a_restart_by_hand_overtaken_by_a_parked_sibling_is_refused(autojump_clock, cast) -> None:
    """The child is kept, and started with the one that holds it."""
    children = [cast.child("a", [], [cast.sleep(1), cast.crash(Fatal("key"))], []), cast.child("b")]
    async with cast.open(*children, strategy=Strategy.ONE_FOR_ALL) as tree:
        await tree.terminate_child("b")
        cast.order("a", cast.crash())
        await settled()
        with pytest.raises(StartFailed, match="held by a"):
            await tree.restart("b")
        assert tree.node("b").last_reason == "held by a"
        await tree.restart("a")
        await settled()
        assert tree.node("b").state is ChildState.RUNNING


async def test_a_child_terminated_before_its_turn_is_refused_to_whoever_added_it(
    autojump_clock, cast
) -> None:
    """It never ran, and both callers are answered."""
    async with cast.open(cast.child("a", [], [cast.sleep(9)]), strategy=Strategy.ONE_FOR_ALL) as tree:
        cast.order("a", cast.crash())
        await settled()

        async def add() -> None:
            with pytest.raises(SupervisorDown, match="terminated"):
                await tree.start_child("", cast.child("b"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(add)
            await settled()
            await tree.terminate_child("b")
        assert tree.node("b").generation == 0


async def test_a_group_restart_brings_a_child_that_is_being_started_along(autojump_clock, cast) -> None:
    """Whoever waits for it, added or restarted by hand, waits until it is ready."""
    children = [cast.child("a"), cast.child("b", [], [cast.sleep(2)])]
    async with cast.open(*children, strategy=Strategy.ONE_FOR_ALL) as tree:
        cast.order("b", cast.crash(Fatal("key")))
        await tree.failed("b")
        await settled()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(tree.restart, "b")
            await trio.sleep(1)
            nursery.start_soon(tree.start_child, "", cast.child("c", [cast.sleep(2)]))
            await trio.sleep(2)
            cast.order("a", cast.crash())
        assert {each.id: (each.state.value, each.generation) for each in tree.snapshot().children} == {
            "a": ("running", 3),
            "b": ("running", 3),
            "c": ("running", 2),
        }


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
async def test_a_restart_by_hand_waits_for_the_sibling_that_is_being_started(
    autojump_clock, cast, strategy: Strategy, fails: bool
) -> None:
    """In a group one begins after the other; and where the restart fails, the sibling is not concerned."""
    children = [cast.child("a", [], [cast.crash()] if fails else []), cast.child("b", [], [cast.sleep(2)])]
    async with cast.open(*children, strategy=strategy) as tree:
        await tree.terminate_child("a")
        cast.order("b", cast.crash())
        await settled()
        cast.take_diary()
        with pytest.raises(StartFailed, match="scripted") if fails else nullcontext():
            await tree.restart("a")
        assert trio.current_time() == cast.times["+a2"] == 2.0
        await trio.sleep(100)
        assert cast.diary == (["+a2", "-a2"] if fails else ["+a2"])
        assert (tree.node("b").state, tree.node("b").generation) == (ChildState.RUNNING, 2)
