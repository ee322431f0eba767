"""What actors cost: steps are counted exactly, and stand on the right account."""

import gc
import time
import weakref

import pytest
import trio
import trio.lowlevel
import trio.testing
from trio._core._run import GLOBAL_RUN_CONTEXT

from feedtree.actors.context import Context
from feedtree.supervisors import (
    AccountingOff,
    ChildNotFound,
    ChildSpec,
    InvalidSpec,
    Restart,
    SupervisorSpec,
    Usage,
)
from feedtree.supervisors.specs import Start
from feedtree.supervisors.usage import Account, total

settled = trio.testing.wait_all_tasks_blocked
ON = {"accounting": True}


def instruments() -> list[trio.abc.Instrument]:
    return list(GLOBAL_RUN_CONTEXT.runner.instruments["_all"])


async def checkpoints(count: int) -> None:
    for _ in range(count):
        await trio.lowlevel.checkpoint()


def stepping(go: trio.Event, count: int) -> Start:
    """An actor that makes `count` + 1 steps when it is let go."""

    async def actor(context: Context) -> None:
        context.started()
        await go.wait()
        await checkpoints(count)
        await trio.sleep_forever()

    return actor


async def test_the_steps_of_an_actor_are_counted(autojump_clock, cast) -> None:
    """Every one, and every one was due before it began."""
    go = trio.Event()
    async with cast.open(ChildSpec("a", stepping(go, 10)), supervisor=ON) as tree:
        await settled()
        before = tree.usage("a")
        go.set()
        await settled()
        after = tree.usage("a")
    assert before.steps == 1
    assert after.steps - before.steps == 11
    assert after.wakes - before.wakes == 11
    assert after.cpu_ns > before.cpu_ns > 0
    assert 0 < after.wake_latency_mean_ns <= after.wake_latency_highest_ns
    assert after.longest_step_ns > 0


async def test_tasks_of_the_actors_own_nurseries_count_for_it(autojump_clock, cast) -> None:
    """Also those of nurseries in these, while the app's own tasks count for nobody."""
    go = trio.Event()

    async def nested() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(checkpoints, 4)
            await trio.sleep_forever()

    async def actor(context: Context) -> None:
        async with trio.open_nursery() as nursery:
            context.started()
            await go.wait()
            nursery.start_soon(nested)
            await trio.sleep_forever()

    async with cast.open(ChildSpec("a", actor), supervisor=ON) as tree:
        await settled()
        before = tree.usage("a").steps
        go.set()
        await checkpoints(50)
        await settled()
        assert tree.usage("a").steps - before == 1 + 1 + 5
        assert tree.usage() == tree.usage("a")


async def test_a_supervisor_costs_what_all_below_it_cost(autojump_clock, cast) -> None:
    """Sums, the longest of the longest, the mean of all; in the tree's picture, too."""
    go = trio.Event()
    inner = SupervisorSpec("s", [ChildSpec("b", stepping(go, 3)), ChildSpec("c", stepping(go, 5))])
    async with cast.open(ChildSpec("a", stepping(go, 1)), inner, supervisor=ON) as tree:
        go.set()
        await settled()
        each = [tree.usage(path) for path in ("a", "s/b", "s/c")]
        whole = tree.usage()
        assert [usage.steps for usage in each] == [3, 5, 7]
        assert (tree.usage("s").steps, whole.steps) == (12, 15)
        assert whole.cpu_ns == sum(usage.cpu_ns for usage in each)
        assert whole.longest_step_ns == max(usage.longest_step_ns for usage in each)
        assert whole.wake_latency_highest_ns == max(usage.wake_latency_highest_ns for usage in each)
        root = tree.snapshot()
        assert root.usage == whole
        assert [root.find(path).usage for path in ("a", "s/b", "s/c")] == each
        assert root.find("s").usage == tree.usage("s")
    assert tree.usage() != Usage(0, 0, 0, 0, 0, 0)


async def test_an_account_goes_on_over_restarts(autojump_clock, cast) -> None:
    """Of the child, and of its supervisor, which makes all its children anew."""

    def family(child_id: str) -> SupervisorSpec:
        return SupervisorSpec(child_id, [cast.child("a", [cast.ready])], intensity=0)

    async with cast.open(family("s"), supervisor=ON) as tree:
        for generation in range(1, 4):
            await settled()
            assert tree.node("s/a").generation == generation
            before = tree.usage("s/a").steps
            cast.order("a", cast.crash())
            await trio.sleep(10)
            assert tree.usage("s/a").steps == before + 2  # its fall, and the first step of the next one


async def test_a_child_that_is_gone_costs_nothing_any_more(autojump_clock, cast) -> None:
    """Its account goes with its record; what runs on in the app's nursery for it keeps nothing alive."""
    dynamic = SupervisorSpec("s", dynamic=True)
    late = trio.Event()

    async with cast.open(dynamic, supervisor=ON) as tree, trio.open_nursery() as nursery:

        async def actor(context: Context) -> None:
            nursery.start_soon(late.wait)
            context.started()

        await tree.start_child("s", ChildSpec("a", actor, restart=Restart.TEMPORARY))
        await settled()
        assert tree.usage("s").steps == 0
        late.set()
        await settled()
        assert tree.usage("s").steps == 0
        with pytest.raises(ChildNotFound):
            tree.usage("s/a")


async def test_nothing_is_kept_of_tasks_that_ended(autojump_clock, cast) -> None:
    """However many an actor starts."""
    tasks: list[weakref.ref[trio.lowlevel.Task]] = []

    async def brief() -> None:
        tasks.append(weakref.ref(trio.lowlevel.current_task()))
        await trio.lowlevel.checkpoint()

    async def actor(context: Context) -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(100):
                nursery.start_soon(brief)
        context.started()
        await trio.sleep_forever()

    async with cast.open(ChildSpec("a", actor), supervisor=ON):
        await settled()
        gc.collect()
        assert len(tasks) == 100
        assert [each for each in tasks if each() is not None] == []


async def test_a_step_that_sleeps_is_long_and_costs_little(autojump_clock, cast) -> None:
    """The longest step goes by the wall clock; who was due meanwhile waited as long."""
    go, due = trio.Event(), trio.Event()
    length = 0.02

    async def sleeps(context: Context) -> None:
        context.started()
        await go.wait()
        due.set()
        time.sleep(length)  # noqa: ASYNC251
        await trio.sleep_forever()

    async with cast.open(ChildSpec("a", sleeps), ChildSpec("b", stepping(due, 0)), supervisor=ON) as tree:
        await settled()
        go.set()
        await settled()
        assert tree.usage("a").longest_step_ns >= length * 1e9
        assert tree.usage("a").cpu_ns < length * 1e9
        assert tree.usage("b").wake_latency_highest_ns >= length * 1e9


async def test_two_trees_keep_accounts_of_their_own(autojump_clock, cast) -> None:
    """In one run, at the same time."""
    go = trio.Event()
    async with cast.open(ChildSpec("a", stepping(go, 10)), supervisor=ON) as busy:
        async with cast.open(ChildSpec("a", stepping(trio.Event(), 10)), supervisor=ON) as idle:
            go.set()
            await settled()
            assert busy.usage("a").steps == 12
            assert idle.usage("a").steps == 1


async def test_where_no_accounts_are_kept_nothing_is_measured(autojump_clock, cast) -> None:
    """A typed error for who asks, and no instrument in trio's loop."""
    before = instruments()
    async with cast.open(cast.child("a")) as tree:
        assert instruments() == before
        for path in ("", "a", "unknown"):
            with pytest.raises(AccountingOff) as caught:
                tree.usage(path)
            assert caught.value.path == path
        assert tree.snapshot().usage is None
        assert tree.node("a").usage is None


async def test_the_accounts_are_closed_with_the_tree_and_can_still_be_read(autojump_clock, cast) -> None:
    """The loop is measured no longer."""
    before = instruments()
    async with cast.open(cast.child("a"), supervisor=ON) as tree:
        assert len(instruments()) == len(before) + 1
    assert instruments() == before
    steps = tree.usage("a").steps
    await checkpoints(10)
    assert tree.usage("a").steps == steps > 0


async def test_an_unknown_path_is_refused(autojump_clock, cast) -> None:
    """As everywhere."""
    async with cast.open(cast.child("a"), supervisor=ON) as tree:
        with pytest.raises(ChildNotFound):
            tree.usage("b")


@pytest.mark.parametrize("value", [None, 1, 0, "yes"])
async def test_accounting_is_on_or_off(autojump_clock, cast, value) -> None:
    """The error names the option and the value; nothing was started."""
    with pytest.raises(InvalidSpec) as caught:
        async with cast.open(cast.child("a"), supervisor={"accounting": value}):
            pass
    assert (caught.value.field, caught.value.value) == ("accounting", value)
    assert cast.diary == []


def test_accounts_are_summed() -> None:
    """The mean is that of all waits, not of the means."""
    one, two = Account(), Account()
    one.add(10, 5, 100)
    one.add(30, 7, 200)
    two.add(20, 1, 900)
    two.add(5, 1, None)
    assert total([one, two]) == Usage(
        cpu_ns=14,
        steps=4,
        longest_step_ns=30,
        wakes=3,
        wake_latency_mean_ns=400,
        wake_latency_highest_ns=900,
    )
    assert total([]) == Usage(0, 0, 0, 0, 0, 0)
