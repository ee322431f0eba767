"""Starting a tree, and children of a running one."""

from contextvars import ContextVar

import pytest
import trio
import trio.testing

from feedtree.actors.context import Context
from feedtree.supervisors import (
    CalledDuringStart,
    ChildNotFound,
    ChildSpec,
    ChildState,
    Ignored,
    Restart,
    Retryable,
    StartFailed,
    StartTimeout,
    Supervisor,
    SupervisorDown,
    SupervisorSpec,
    TreeFailed,
    open_supervisor,
)


@pytest.mark.row("SUP-001")
async def test_an_empty_tree_starts_and_stops(autojump_clock, cast) -> None:
    """No children, no trouble."""
    async with cast.open() as tree:
        assert tree.count_children() == (0, 0, 0, 0)
        assert tree.snapshot().state is ChildState.RUNNING
    assert tree.snapshot().state is ChildState.STOPPED


def nothing() -> list[ChildSpec]:
    raise Ignored("no venue is enabled")


@pytest.mark.row("SUP-002")
async def test_a_supervisor_with_nothing_to_supervise_does_not_run(autojump_clock, cast) -> None:
    """In a list, added at run time, and at its restart: no task is left, and it is no error."""
    wanted = [nothing]
    late = SupervisorSpec("late", lambda: [cast.child("x")] if not wanted else wanted[0](), intensity=0)
    async with cast.open(
        SupervisorSpec("s", nothing), cast.child("a"), SupervisorSpec("d", dynamic=True)
    ) as tree:
        assert (tree.node("s").state, tree.node("s").last_reason) == (ChildState.STOPPED, "ignored")
        assert tree.count_children() == (3, 2, 2, 1)
        assert await tree.start_child("d", SupervisorSpec("s", nothing)) is None
        assert tree.count_children("d").specs == 0
        held = wanted.pop()
        await tree.start_child("d", late)
        wanted.append(held)
        cast.order("x", cast.crash())
        await trio.testing.wait_all_tasks_blocked()
        assert tree.count_children("d").specs == 0
    assert [each["event"] for each in cast.logged()] == ["crashed", "crashed"]


@pytest.mark.row("SUP-002")
async def test_a_tree_with_nothing_to_supervise_ends_at_once_and_its_body_runs(autojump_clock, cast) -> None:
    """The body can see it, and is not disturbed."""
    async with open_supervisor(SupervisorSpec("root", nothing)) as tree:
        await trio.sleep(1)
        assert tree.snapshot().state is ChildState.STOPPED
        with pytest.raises(SupervisorDown):
            await tree.start_child("", cast.child("a"))
    assert trio.current_time() == 1.0


@pytest.mark.row("SUP-016")
async def test_each_child_is_ready_before_the_next_begins(autojump_clock, cast) -> None:
    """Children start in listed order, also those of a supervisor among them."""
    inner = SupervisorSpec("s", [cast.child("b", [cast.sleep(1)]), cast.child("c", [cast.sleep(1)])])
    async with cast.open(cast.child("a", [cast.sleep(1)]), inner, cast.child("d")):
        assert cast.times == {"+a1": 0.0, "+s/b1": 1.0, "+s/c1": 2.0, "+d1": 3.0}


@pytest.mark.row("SUP-016")
async def test_no_child_begins_early_because_something_else_happens(autojump_clock, cast) -> None:
    """An earlier one crashes and is restarted while a later one is not ready yet."""
    children = [
        cast.child("a", [cast.ready, cast.sleep(1), cast.crash()], []),
        cast.child("b", [cast.sleep(3)]),
        cast.child("c"),
    ]
    async with cast.open(*children):
        assert cast.times["+a2"] == 1.0
        assert cast.times["+c1"] == 3.0


@pytest.mark.row("SUP-003")
async def test_a_child_that_ignores_keeps_its_spec(autojump_clock, cast) -> None:
    """Nothing to run is no error; siblings start."""
    async with cast.open(cast.child("a", [cast.ignore]), cast.child("b")) as tree:
        assert tree.count_children() == (2, 1, 0, 2)
        assert tree.node("a").state is ChildState.STOPPED
        assert tree.node("b").state is ChildState.RUNNING


@pytest.mark.row("SUP-004")
@pytest.mark.row("SUP-005")
async def test_a_temporary_child_that_ignores_leaves_nothing(autojump_clock, cast, temporary) -> None:
    """Neither in the first list nor when added at run time."""
    async with cast.open(cast.child("a", [cast.ignore], **temporary)) as tree:
        assert tree.count_children().specs == 0
        assert await tree.start_child("", cast.child("b", [cast.ignore], **temporary)) is None
        assert tree.count_children().specs == 0


@pytest.mark.row("SUP-006")
@pytest.mark.row("SUP-093")
@pytest.mark.parametrize("restart", Restart)
async def test_ignore_leaves_no_entry_in_a_dynamic_supervisor(autojump_clock, cast, restart) -> None:
    """Whatever the restart type, at the first start and at a restart; a later stop has nothing to do."""
    async with cast.open(cast.child("a", [cast.ignore], restart=restart), dynamic=True) as tree:
        assert await tree.start_child("", cast.child("b", [cast.ignore], restart=restart)) is None
        await tree.start_child("", cast.child("c", [], [cast.ignore], restart=restart))
        cast.order("c", cast.crash())
        await trio.testing.wait_all_tasks_blocked()
        assert len(cast.actors["c"].contexts) == (1 if restart is Restart.TEMPORARY else 2)
        assert tree.count_children().specs == 0
    assert tree.snapshot().state is ChildState.STOPPED


@pytest.mark.row("SUP-009")
async def test_a_failed_start_stops_those_before_in_reverse_and_names_the_child(autojump_clock, cast) -> None:
    """The start fails with the child's path and the cause."""
    broken = ValueError("broken")
    children = [cast.child("a"), cast.child("b"), cast.child("c", [cast.crash(broken)]), cast.child("d")]
    with pytest.raises(TreeFailed) as caught:
        async with cast.open(*children):
            raise AssertionError
    assert cast.diary == ["+a1", "+b1", "+c1", "-c1", "-b1", "-a1"]
    assert caught.value.path == "c"
    assert isinstance(caught.value.__cause__, StartFailed)
    assert caught.value.__cause__.__cause__ is broken


@pytest.mark.row("SUP-009")
async def test_a_failed_start_of_a_branch_fails_the_start_of_the_tree(autojump_clock, cast) -> None:
    """The path leads to the child itself, however deep."""
    inner = SupervisorSpec("s", [cast.child("b", [cast.crash(Retryable("too early"))])])
    with pytest.raises(TreeFailed) as caught:
        async with cast.open(cast.child("a"), inner):
            raise AssertionError
    assert caught.value.path == "s/b"
    assert cast.diary == ["+a1", "+s/b1", "-s/b1", "-a1"]


@pytest.mark.row("SUP-010")
@pytest.mark.row("SUP-011")
@pytest.mark.parametrize("dynamic", [False, True])
async def test_an_added_child_that_fails_to_start_is_discarded(autojump_clock, cast, dynamic: bool) -> None:
    """The caller gets the cause; nobody else is concerned."""
    broken = ValueError("broken")
    async with cast.open(cast.child("a"), dynamic=dynamic) as tree:
        with pytest.raises(StartFailed) as caught:
            await tree.start_child("", cast.child("b", [cast.crash(broken)]))
        assert caught.value.__cause__ is broken
        assert [each.path for each in tree.snapshot().children] == ["a"]
        assert tree.node("a").generation == 1
        assert tree.snapshot().restarts_in_window == 0


@pytest.mark.row("SUP-012")
async def test_a_manual_restart_that_fails_keeps_the_spec(autojump_clock, cast) -> None:
    """The error goes to the caller; the child is there, and does not run."""
    async with cast.open(cast.child("a", [], [cast.crash()], [])) as tree:
        await tree.terminate_child("a")
        with pytest.raises(StartFailed, match="scripted"):
            await tree.restart("a")
        assert tree.node("a").state is ChildState.FAILED
        await tree.restart("a")
        assert tree.node("a").state is ChildState.RUNNING
        assert tree.node("a").generation == 3


@pytest.mark.row("SUP-015")
async def test_start_information_is_kept_for_whoever_asks(autojump_clock, cast) -> None:
    """The supervisor hands it on unchanged, and an automatic restart replaces it."""

    async def actor(context: Context) -> None:
        context.started(("port", context.generation))
        await (crash if context.generation == 1 else trio.Event()).wait()
        raise Retryable("next")

    crash = trio.Event()
    async with cast.open() as tree:
        handle = await tree.start_child("", ChildSpec("a", actor))
        assert (handle.path, handle.info) == ("a", ("port", 1))
        assert tree.info("a") == ("port", 1)
        crash.set()
        await trio.testing.wait_all_tasks_blocked()
        assert tree.info("a") == tree.info(handle) == ("port", 2)
        await tree.terminate_child("a")
        assert (await tree.restart("a")).info == ("port", 3)


@pytest.mark.row("SUP-017")
async def test_a_return_before_ready_fails_the_start(autojump_clock, cast) -> None:
    """It is no normal end."""
    with pytest.raises(TreeFailed, match="before it said that it started"):
        async with cast.open(cast.child("a", [cast.leave])):
            raise AssertionError


@pytest.mark.row("SUP-018")
async def test_a_child_that_is_not_ready_in_time_is_gone_before_the_error(autojump_clock, cast) -> None:
    """Also where it takes its time to end, and says late that it started."""

    async def late(context: Context) -> None:
        try:
            await trio.sleep_forever()
        finally:
            context.started()
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
            cast.note("gone")

    async with cast.open() as tree:
        with pytest.raises(StartTimeout):
            await tree.start_child("", ChildSpec("a", late, start_timeout=3.0))
        assert cast.times == {"gone": 4.0}
        assert tree.count_children().specs == 0


@pytest.mark.row("SUP-018")
async def test_a_timeout_at_the_first_start_fails_the_tree(autojump_clock, cast) -> None:
    """A child that never gets ready does not hang its tree."""
    with pytest.raises(TreeFailed, match="not ready in time"):
        async with cast.open(cast.child("a", [cast.sleep(100)], start_timeout=3.0)):
            raise AssertionError
    assert trio.current_time() == 3.0


@pytest.mark.row("SUP-018")
async def test_the_deadline_of_a_start_is_over_when_the_child_is_ready(autojump_clock, cast) -> None:
    """It runs on, however long."""
    async with cast.open(cast.child("a", [cast.sleep(2)], start_timeout=3.0)) as tree:
        await trio.sleep(100)
        assert (tree.node("a").state, tree.node("a").generation) == (ChildState.RUNNING, 1)


@pytest.mark.row("SUP-019")
@pytest.mark.parametrize("dynamic", [False, True])
async def test_a_cancelled_caller_leaves_no_orphan_and_no_entry(autojump_clock, cast, dynamic: bool) -> None:
    """The child is gone when the cancellation leaves the call."""
    async with cast.open(dynamic=dynamic) as tree:
        with trio.move_on_after(2):
            await tree.start_child("", cast.child("a", [cast.slow_cleanup(1)]))
        assert trio.current_time() == 3.0
        assert cast.diary == ["+a1", "-a1"]
        assert tree.count_children().specs == 0


@pytest.mark.row("SUP-019")
async def test_a_caller_cancelled_at_once_leaves_nothing(autojump_clock, cast) -> None:
    """Also before the request was even looked at, and where it is refused."""
    async with cast.open(cast.child("a")) as tree:
        for child_id in ("a", "b"):
            with trio.CancelScope() as scope:
                scope.cancel()
                await tree.start_child("", cast.child(child_id))
        assert [each.id for each in tree.snapshot().children] == ["a"]


@pytest.mark.row("SUP-020")
async def test_every_incarnation_sees_the_context_of_the_supervisor(autojump_clock, cast) -> None:
    """Not that of whoever asked for it, nor what an earlier incarnation set."""
    variable: ContextVar[str] = ContextVar("variable", default="unset")
    seen: list[str] = []

    async def actor(context: Context) -> None:
        seen.append(variable.get())
        variable.set("the child's own")
        context.started()
        await trio.sleep(1)
        raise Retryable("again")

    variable.set("opener's")
    async with cast.open(ChildSpec("a", actor), SupervisorSpec("s", dynamic=True)) as tree:
        variable.set("caller's")
        await tree.start_child("s", ChildSpec("b", actor))
        await trio.sleep(10)
    assert len(seen) > 4
    assert set(seen) == {"opener's"}


@pytest.mark.row("SUP-021")
async def test_adding_to_a_stopping_supervisor_fails_at_once(autojump_clock, cast) -> None:
    """It neither hangs nor starts anything."""
    async with cast.open(
        SupervisorSpec("s", [cast.child("a", [cast.ready, cast.slow_cleanup(3)])], dynamic=True)
    ) as tree:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(tree.terminate_child, "s")
            await trio.sleep(1)
            with pytest.raises(SupervisorDown), trio.fail_after(1):
                await tree.start_child("s", cast.child("b"))
            assert trio.current_time() == 1.0
        with pytest.raises(SupervisorDown):
            await tree.start_child("s", cast.child("b"))


@pytest.mark.row("SUP-021")
async def test_a_start_in_progress_is_refused_when_the_supervisor_stops(autojump_clock, cast) -> None:
    """The caller is told, and the half-started child is gone."""
    async with cast.open(SupervisorSpec("s", dynamic=True)) as tree, trio.open_nursery() as nursery:

        async def add() -> None:
            with pytest.raises(SupervisorDown):
                await tree.start_child("s", cast.child("a", [cast.sleep(60)], start_timeout=100))
            cast.note("refused")

        nursery.start_soon(add)
        await trio.sleep(1)
        await tree.terminate_child("s")
        await trio.testing.wait_all_tasks_blocked()
        assert sorted(cast.diary) == ["+s/a1", "-s/a1", "refused"]
        assert trio.current_time() == 1.0


@pytest.mark.row("SUP-096")
async def test_a_child_cannot_ask_its_supervisor_before_it_is_ready(autojump_clock, cast) -> None:
    """It is refused at once instead of waiting for itself; once ready it may."""
    trees: list[Supervisor] = []

    async def curious(context: Context) -> None:
        (tree,) = trees
        for ask in (tree.terminate_child, tree.restart, tree.delete_child, tree.remove):
            with pytest.raises(CalledDuringStart):
                await ask("s/curious")
        for parent in ("", "s"):
            with pytest.raises(CalledDuringStart):
                await tree.start_child(parent, cast.child("never"))
            with pytest.raises(CalledDuringStart):
                await tree.run_task(parent, trio.sleep, 1)
        context.started()
        await tree.start_child("s", cast.child("fine"))
        await trio.sleep_forever()

    async with cast.open() as tree:
        trees.append(tree)
        await tree.start_child("", SupervisorSpec("s", [ChildSpec("curious", curious)]))
        await trio.testing.wait_all_tasks_blocked()
        assert tree.node("s/fine").state is ChildState.RUNNING


@pytest.mark.row("SUP-054")
async def test_an_outer_cancellation_during_the_start_stops_what_has_started(autojump_clock, cast) -> None:
    """The body is never entered, and no task is left."""
    with trio.move_on_after(2) as scope:
        async with cast.open(cast.child("a"), cast.child("b", [cast.sleep(9)])):
            raise AssertionError
    assert scope.cancelled_caught
    assert cast.diary == ["+a1", "+b1", "-b1", "-a1"]


@pytest.mark.row("SUP-065")
async def test_children_of_a_function_are_asked_for_at_every_start(autojump_clock, cast) -> None:
    """A restart of a supervisor brings back what is wanted now, with generations that go on."""
    wanted = ["a", "b"]

    def plan() -> list[ChildSpec]:
        return [cast.child(each) for each in wanted]

    async with cast.open(SupervisorSpec("s", plan, intensity=0)) as tree:
        wanted[:] = ["b", "c"]
        cast.order("a", cast.crash())
        await trio.testing.wait_all_tasks_blocked()
        assert [(each.id, each.generation) for each in tree.node("s").children] == [("b", 2), ("c", 1)]
        with pytest.raises(ChildNotFound):
            tree.node("s/a")
