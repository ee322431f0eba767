"""The body and its tree: who ends whom, and what is raised."""

import signal
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from feedtree.actors.context import Context
from feedtree.supervisors import (
    ChildSpec,
    ChildState,
    EventBus,
    Fatal,
    InvalidSpec,
    Retryable,
    SupervisorDown,
    SupervisorSpec,
    TreeFailed,
    grace,
    open_supervisor,
)
from feedtree.supervisors.incarnation import SupervisorDefect

settled = trio.testing.wait_all_tasks_blocked


async def test_an_exception_of_the_body_leaves_unwrapped_after_an_ordered_stop(autojump_clock, cast) -> None:
    """The very object, not a group around it."""
    error = LookupError("app")
    with pytest.raises(LookupError) as caught:
        async with cast.open(cast.child("a"), cast.child("b")):
            raise error
    assert caught.value is error
    assert cast.diary[-2:] == ["-b1", "-a1"]


async def test_an_exception_of_a_nursery_around_the_tree_leaves_as_it_would_without(
    autojump_clock, cast
) -> None:
    """The tree adds nothing to what the app's own nursery raises."""

    async def run() -> None:
        async with trio.open_nursery() as nursery, cast.open(cast.child("a")):
            nursery.start_soon(trio.sleep, 1)
            raise LookupError("app")

    with pytest.RaisesGroup(LookupError):
        await run()


async def test_a_nursery_inside_the_body_keeps_its_group(autojump_clock, cast) -> None:
    """A group that the body raises is handed on as it is."""

    async def run() -> None:
        async with cast.open(cast.child("a")), trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            raise LookupError("app")

    with pytest.RaisesGroup(LookupError):
        await run()


async def test_the_body_still_finds_a_running_tree_in_its_cleanup(autojump_clock, cast) -> None:
    """The tree is stopped when the body has ended, also when both are cancelled from outside."""
    with trio.move_on_after(1):
        async with cast.open(cast.child("a")) as tree:
            try:
                await trio.sleep(1000)
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(1)
                    assert tree.node("a").state is ChildState.RUNNING
                    await tree.start_child("", cast.child("last"))
    assert cast.diary == ["+a1", "+last1", "-last1", "-a1"]


async def test_a_failed_tree_cancels_its_body_at_once(autojump_clock, cast) -> None:
    """The body does not have to wait for slow siblings to end."""
    times: list[float] = []

    async def run() -> None:
        slow = cast.child("b", [cast.ready, cast.slow_cleanup(3)])
        async with cast.open(cast.child("a"), slow, intensity=0):
            cast.order("a", cast.crash())
            try:
                await trio.sleep(1000)
            finally:
                times.append(trio.current_time())

    with pytest.raises(TreeFailed):
        await run()
    assert times == [0.0]
    assert trio.current_time() == 3.0


async def test_a_body_and_a_tree_that_both_fail_are_both_raised(autojump_clock, cast) -> None:
    """No exception is lost."""

    async def run() -> None:
        async with cast.open(cast.child("a"), intensity=0):
            cast.order("a", cast.crash())
            try:
                await trio.sleep(1000)
            finally:
                raise LookupError("app")

    with pytest.RaisesGroup(LookupError, TreeFailed):
        await run()


async def test_a_tree_fails_with_the_first_of_its_failures(autojump_clock, cast) -> None:
    """What fails while it stops does not hide why it stops."""
    essential = cast.child("e", [cast.ready, cast.sleep(2), cast.crash(Fatal("second"))], essential=True)
    slow = cast.child("slow", [cast.ready, cast.slow_cleanup(3)])

    async def run() -> None:
        async with cast.open(SupervisorSpec("s", [essential]), slow, cast.child("a"), intensity=0):
            await trio.sleep(1)
            cast.order("a", cast.crash(ValueError("first")))
            await trio.sleep_forever()

    with pytest.raises(TreeFailed, match="first") as caught:
        await run()
    assert caught.value.path == "a"


async def test_an_interrupt_goes_before_the_first_failure(autojump_clock, cast) -> None:
    """Whoever asked the process to end is not told of something else."""
    late = cast.child("late", [cast.ready, cast.crash_on_cancel(SystemExit(3))])

    async def run() -> None:
        async with cast.open(late, cast.child("a"), intensity=0):
            cast.order("a", cast.crash())
            await trio.sleep_forever()

    with pytest.raises(SystemExit):
        await run()


async def test_a_tree_that_fails_after_the_body_was_cancelled_is_raised(autojump_clock, cast) -> None:
    """A mere cancellation gives way to it."""
    failing = cast.child("a", [cast.ready, cast.crash_on_cancel(KeyboardInterrupt())])

    async def run() -> None:
        with trio.CancelScope() as scope:
            async with cast.open(failing, cast.child("b")):
                scope.cancel()
                await trio.sleep(1000)

    with pytest.raises(KeyboardInterrupt):
        await run()


async def test_the_trees_end_by_request_does_not_end_the_body(autojump_clock, cast) -> None:
    """The body goes on without it."""
    async with cast.open(cast.child("a")) as tree:
        await tree.stop()
        await trio.sleep(1)
        assert tree.snapshot().state is ChildState.STOPPED
    assert trio.current_time() == 1.0


async def test_a_failed_tree_is_shown_as_failed(autojump_clock, cast) -> None:
    """With its reason, for whoever still holds the handle."""
    trees = []

    async def run() -> None:
        async with cast.open(cast.child("a", essential=True)) as tree:
            trees.append(tree)
            cast.order("a", cast.crash(Fatal("key")))
            await trio.sleep(1000)

    with pytest.raises(TreeFailed):
        await run()
    root = trees[0].snapshot()
    assert root.state is ChildState.FAILED
    assert "a is essential" in root.last_reason


@pytest.mark.row("SUP-044")
async def test_ctrl_c_in_a_child_stops_in_order(autojump_clock, cast) -> None:
    """The signal may hit any actor's code; here it does."""

    async def busy(context: Context) -> None:
        context.started()
        await settled()
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        async with cast.open(cast.child("a"), ChildSpec("busy", busy), cast.child("b")):
            await trio.sleep(1000)
    assert cast.diary == ["+a1", "+b1", "-b1", "-a1"]


@pytest.mark.row("SUP-054")
async def test_ctrl_c_in_the_body_stops_in_order(autojump_clock, cast) -> None:
    """It leaves unwrapped."""
    with pytest.raises(KeyboardInterrupt):
        async with cast.open(cast.child("a"), cast.child("b")):
            signal.raise_signal(signal.SIGINT)
    assert cast.diary == ["+a1", "+b1", "-b1", "-a1"]


@pytest.mark.row("SUP-079")
def test_a_second_ctrl_c_hurries_a_slow_stop(cast) -> None:
    """No grace is left then, and the first interrupt is raised."""

    async def slow(context: Context) -> None:
        context.started()
        try:
            await trio.sleep_forever()
        finally:
            with grace():
                await trio.sleep(1000)

    async def interrupt_later() -> None:
        await trio.sleep(5)
        trio.lowlevel.spawn_system_task(interrupt)

    async def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(interrupt_later)
            async with cast.open(ChildSpec("a", slow, shutdown=float("inf"))):
                pass

    clock = trio.testing.MockClock(autojump_threshold=0)
    with pytest.RaisesGroup(KeyboardInterrupt):
        trio.run(main, clock=clock)
    assert clock.current_time() == pytest.approx(5.0)


def broken_clock() -> int:
    """A wall clock that makes the supervisor itself raise when it reports a crash."""
    raise ZeroDivisionError("defect")


@pytest.mark.parametrize("branch", [True, False])
async def test_a_defect_of_a_supervisor_ends_the_tree(autojump_clock, cast, branch: bool) -> None:
    """It is no child's failure: nobody restarts it, no bulkhead holds it, and the body learns of it."""

    async def run() -> None:
        child = cast.child("x")
        top = [cast.child("a"), SupervisorSpec("s", [child], bulkhead=True) if branch else child]
        async with open_supervisor(SupervisorSpec("root", top), wall_ns=broken_clock):
            cast.order("x", cast.crash())
            await trio.sleep(1000)

    with pytest.raises(TreeFailed, match="is broken") as caught:
        await run()
    assert isinstance(caught.value.__cause__, SupervisorDefect)
    assert cast.diary[-1] == "-a1"


async def test_a_defect_of_a_supervisor_leaves_nobody_waiting(autojump_clock, cast) -> None:
    """Neither who waits for a start nor who waits for an end, also outside of the body that the tree cancels."""
    errors: dict[str, Exception] = {}

    async def sleep(_: Context) -> None:
        await trio.sleep_forever()

    async def ask(request: Callable[..., Awaitable[object]], *args: object) -> None:
        try:
            await request(*args)
        except SupervisorDown as error:
            errors[error.path] = error

    async def run(nursery: trio.Nursery) -> None:
        slow = cast.child("slow", [cast.ready, cast.slow_cleanup(3)])
        async with open_supervisor(
            SupervisorSpec("root", [slow, cast.child("x")]), wall_ns=broken_clock
        ) as tree:
            nursery.start_soon(ask, tree.start_child, "", ChildSpec("never", sleep))
            nursery.start_soon(ask, tree.terminate_child, "slow")
            await settled()
            cast.order("x", cast.crash())
            await trio.sleep_forever()

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            with pytest.raises(TreeFailed, match="is broken"):
                await run(nursery)
    assert set(errors) == {"never", "slow"}


async def test_no_task_is_left_behind(autojump_clock, cast) -> None:
    """Whatever happened in the tree."""
    before = trio.lowlevel.current_statistics().tasks_living
    children = [cast.child(each) for each in "abc"]
    async with cast.open(*children, SupervisorSpec("s", [cast.child("x")])) as tree:
        for each in "abx":
            cast.order(each, cast.crash())
        await trio.sleep(5)
        await tree.remove("c")
        assert trio.lowlevel.current_statistics().tasks_living > before
    assert trio.lowlevel.current_statistics().tasks_living == before


@pytest.mark.parametrize("spec", [None, "root", ChildSpec("a", trio.sleep)])
async def test_what_is_no_supervisor_is_refused_as_a_root(spec) -> None:
    """By name, and before anything starts."""
    with pytest.raises(InvalidSpec, match=r"open_supervisor\(spec\) = "):
        async with open_supervisor(spec):
            raise AssertionError


async def test_chance_that_is_no_random_is_refused() -> None:
    """It would break the supervisor at the first jitter."""
    with pytest.raises(InvalidSpec, match=r"open_supervisor\(rng\) = 7"):
        async with open_supervisor(SupervisorSpec("root"), rng=7):  # type: ignore[arg-type]
            raise AssertionError


async def test_what_is_no_bus_is_refused() -> None:
    """A stream of events is none."""
    bus = EventBus()
    with pytest.raises(InvalidSpec, match=r"open_supervisor\(events\) = "):
        async with open_supervisor(SupervisorSpec("root"), events=bus.listen("", 1)):  # type: ignore[arg-type]
            raise AssertionError


async def test_a_bus_that_was_heard_before_tells_the_first_events(autojump_clock, cast) -> None:
    """Of the start itself, by the clock of the bus, to the last one."""
    bus = EventBus(lambda: 77)
    events = bus.listen("", 100)
    async with open_supervisor(SupervisorSpec("root", [cast.child("a")]), events=bus, wall_ns=broken_clock):
        pass
    told = [event async for event in events]
    assert [event.kind for event in told if event.path == "a"] == [
        "starting",
        "ready",
        "stopping",
        "stopped",
    ]
    assert {event.at_ns for event in told} == {77}


async def test_default_clock_log_and_chance(capsys) -> None:
    """None of them has to be given."""

    async def actor(context: Context) -> None:
        context.started()
        await trio.sleep_forever()

    async with open_supervisor(SupervisorSpec("root", [ChildSpec("a", actor)])) as tree:
        async with tree.events() as events:
            await tree.terminate_child("a")
            assert (await anext(events)).at_ns > 1_700_000_000_000_000_000


async def test_a_log_that_fails_costs_no_tree(autojump_clock, cast) -> None:
    """A full disk or a broken pipe is no defect of the supervisor."""

    class FullDisk:
        def bind(self, **_: object) -> "FullDisk":
            return self

        def info(self, *_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        warning = error = info

    children = [cast.child(each) for each in "abc"]
    async with open_supervisor(SupervisorSpec("root", children), log=FullDisk()) as tree:
        for each, error in zip("abc", (ValueError(), Retryable(), Fatal("key")), strict=True):
            cast.order(each, cast.crash(error))
        await tree.failed("c")
        assert [node.generation for node in tree.snapshot().children] == [2, 2, 1]


async def test_an_interrupt_in_a_child_during_the_stop_keeps_what_the_body_raised(
    autojump_clock, cast
) -> None:
    """Both leave together."""
    interrupting = cast.child("a", [cast.ready, cast.crash_on_cancel(KeyboardInterrupt())])
    with pytest.RaisesGroup(ValueError, KeyboardInterrupt):
        async with cast.open(interrupting):
            raise ValueError("body")


async def test_a_tree_in_an_actor_stops_within_the_grace_of_that_actor(autojump_clock, cast) -> None:
    """The actor is not stuck because its own tree would take longer."""

    async def slow(context: Context) -> None:
        context.started()
        try:
            await trio.sleep_forever()
        finally:
            with grace():
                await trio.sleep(60)

    async def outer(context: Context) -> None:
        async with open_supervisor(SupervisorSpec("inner", [ChildSpec("slow", slow, shutdown=50.0)])):
            context.started()
            await trio.sleep_forever()

    async with cast.open(ChildSpec("outer", outer, shutdown=1.0)) as tree:
        await tree.terminate_child("outer")
        assert tree.node("outer").state is ChildState.STOPPED
    assert trio.current_time() == 1.0
