"""One-shot tasks under a supervisor."""

import pytest
import trio
import trio.testing

from feedtree.supervisors import ChildNotFound, EventKind, SupervisorDown, SupervisorSpec, TaskStopped

settled = trio.testing.wait_all_tasks_blocked


async def double(number: int, seconds: float = 1.0) -> int:
    await trio.sleep(seconds)
    return 2 * number


async def fail(seconds: float = 1.0) -> None:
    await trio.sleep(seconds)
    raise KeyError("no such order")


@pytest.mark.row("SUP-117")
async def test_a_result_or_an_error_reaches_whoever_waits(autojump_clock, cast) -> None:
    """As it is; and nothing of the task is kept."""
    async with cast.open(SupervisorSpec("tasks", dynamic=True)) as tree:
        assert await tree.run_task("tasks", double, 21) == 42
        with pytest.raises(KeyError, match="no such order"):
            await tree.run_task("tasks", fail)
        assert tree.count_children("tasks").specs == 0
        assert [each["reason"] for each in cast.logged()] == ["KeyError: 'no such order'"]


@pytest.mark.row("SUP-117")
async def test_a_linked_task_ends_with_its_caller(autojump_clock, cast, heard) -> None:
    """It is gone when the cancellation leaves the call."""
    async with cast.open(SupervisorSpec("tasks", dynamic=True)) as tree, heard(tree) as events:
        with trio.move_on_after(2):
            await tree.run_task("tasks", double, 1, 60.0)
        assert trio.current_time() == 2.0
        assert tree.count_children("tasks").specs == 0
    assert [each.kind for each in events if each.path == "tasks/task-1"][-3:] == [
        EventKind.STOPPING,
        EventKind.STOPPED,
        EventKind.REMOVED,
    ]


@pytest.mark.row("SUP-117")
async def test_a_task_that_is_not_linked_outlives_whoever_started_it(autojump_clock, cast) -> None:
    """Its result is there for anyone, any number of times."""
    tasks = []
    async with cast.open(SupervisorSpec("tasks", dynamic=True)) as tree:
        with trio.move_on_after(1):
            tasks.append(await tree.start_task("tasks", double, 4, 5.0))
            await tasks[0].wait()
        (task,) = tasks
        assert not task.done
        assert await task.wait() == await task.wait() == 8
        assert (task.done, trio.current_time()) == (True, 5.0)
        with pytest.raises(ChildNotFound):
            tree.node(task.handle)


@pytest.mark.row("SUP-118")
async def test_waiting_with_a_deadline_leaves_nothing_behind(autojump_clock, cast) -> None:
    """The task goes on, and nobody who gave up is woken later."""
    async with cast.open(SupervisorSpec("tasks", dynamic=True)) as tree:
        task = await tree.start_task("tasks", double, 3, 5.0)
        for _ in range(3):
            with pytest.raises(trio.TooSlowError), trio.fail_after(1):
                await task.wait()
        assert task._over.statistics().tasks_waiting == 0
        assert await task.wait() == 6


@pytest.mark.row("SUP-117")
@pytest.mark.parametrize("how", ["by hand", "with its supervisor", "with the tree"])
async def test_a_stopped_task_says_so_to_whoever_waits(autojump_clock, cast, how: str) -> None:
    """Nobody waits for a result that will not come."""
    async with trio.open_nursery() as nursery:
        async with cast.open(SupervisorSpec("tasks", dynamic=True)) as tree:
            task = await tree.start_task("tasks", double, 3, 60.0)

            async def wait() -> None:
                with pytest.raises(TaskStopped, match="tasks/task-1"):
                    await task.wait()
                cast.note("told")

            nursery.start_soon(wait)
            await settled()
            if how == "by hand":
                await tree.terminate_child(task.handle)
            elif how == "with its supervisor":
                await tree.terminate_child("tasks")
        await settled()
        assert cast.diary == ["told"]
        assert trio.current_time() == 0.0


@pytest.mark.row("SUP-117")
async def test_a_place_is_free_again_when_the_result_is_there(autojump_clock, cast) -> None:
    """One after the other fits into a supervisor that takes one."""
    async with cast.open(SupervisorSpec("tasks", dynamic=True, max_children=1)) as tree:
        for number in range(30):
            assert await tree.run_task("tasks", double, number, 0.0) == 2 * number


@pytest.mark.row("SUP-087")
async def test_a_supervisor_that_does_not_run_takes_no_tasks(autojump_clock, cast) -> None:
    """The caller is told at once."""
    async with cast.open(SupervisorSpec("tasks", dynamic=True)) as tree:
        await tree.terminate_child("tasks")
        with pytest.raises(SupervisorDown):
            await tree.run_task("tasks", double, 1)


async def test_a_task_takes_an_id_that_no_child_has(autojump_clock, cast) -> None:
    """Whatever the children are called."""
    async with cast.open(cast.child("task-1"), cast.child("task-3")) as tree:
        tasks = [await tree.start_task("", double, number, 60.0) for number in range(2)]
        assert [task.handle.path for task in tasks] == ["task-2", "task-4"]


async def test_a_call_at_the_end_that_fails_is_logged_and_changes_nothing(autojump_clock, cast) -> None:
    """The other calls are made, and the actor is restarted as after any end."""
    calls: list[int] = []

    async def at_ends(_, context) -> None:
        context.at_end(lambda: calls.append(1 // 0))
        context.at_end(lambda: calls.append(2))

    async with cast.open(cast.child("a", [at_ends], [])) as tree:
        cast.order("a", cast.crash())
        await settled()
        assert tree.node("a").generation == 2
    assert calls == [2]
    assert [each["event"] for each in cast.logged()] == ["at_end failed", "crashed"]
