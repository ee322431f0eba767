"""Who is restarted after which end."""

import gc
import weakref
from typing import Any

import pytest
import trio
import trio.testing

from feedtree.actors.context import Context
from feedtree.supervisors import (
    ChildNotFound,
    ChildSpec,
    ChildState,
    EventKind,
    Restart,
    Retryable,
    Shutdown,
    Strategy,
    SupervisorSpec,
    Throttled,
    TreeFailed,
)

settled = trio.testing.wait_all_tasks_blocked
ENDS = {
    "return": lambda cast: cast.leave,
    "shutdown": lambda cast: cast.crash(Shutdown()),
    "shutdown with payload": lambda cast: cast.crash(Shutdown({"why": "done"})),
    "crash": lambda cast: cast.crash(),
    "lost": lambda cast: cast.crash(Retryable("lost")),
}


async def run_until_it_fails(cast, order, *children) -> None:
    async with cast.open(*children):
        cast.order("b", order)
        await trio.sleep(1000)


@pytest.mark.row("SUP-031")
@pytest.mark.row("SUP-032")
@pytest.mark.row("SUP-033")
@pytest.mark.parametrize("end", ENDS)
async def test_a_permanent_child_is_always_restarted(autojump_clock, cast, end: str) -> None:
    """After a return, a Shutdown and a crash alike; all but a Retryable are counted."""
    async with cast.open(cast.child("a")) as tree:
        cast.order("a", ENDS[end](cast))
        await settled()
        assert (tree.node("a").state, tree.node("a").generation) == (ChildState.RUNNING, 2)
        assert tree.node("a").restarts == 1
        assert tree.snapshot().restarts_in_window == (0 if end == "lost" else 1)


@pytest.mark.row("SUP-034")
@pytest.mark.row("SUP-035")
@pytest.mark.parametrize("end", ["return", "shutdown", "shutdown with payload"])
async def test_a_transient_child_rests_after_an_orderly_end(autojump_clock, cast, end: str) -> None:
    """Its spec is kept, and a restart by hand works."""
    async with cast.open(cast.child("a", restart=Restart.TRANSIENT)) as tree:
        cast.order("a", ENDS[end](cast))
        await settled()
        assert tree.count_children() == (1, 0, 0, 1)
        assert tree.node("a").state is ChildState.STOPPED
        await tree.restart("a")
        assert tree.node("a").generation == 2


@pytest.mark.row("SUP-036")
@pytest.mark.parametrize("end", ["crash", "lost"])
async def test_a_transient_child_is_restarted_after_a_failure(autojump_clock, cast, end: str) -> None:
    """A crash and a lost connection are no orderly ends."""
    async with cast.open(cast.child("a", restart=Restart.TRANSIENT)) as tree:
        cast.order("a", ENDS[end](cast))
        await settled()
        assert tree.node("a").generation == 2


@pytest.mark.row("SUP-037")
@pytest.mark.parametrize("end", ENDS)
async def test_a_temporary_child_is_never_restarted(autojump_clock, cast, temporary, end: str) -> None:
    """Nothing of it is kept, and its id is free again."""
    async with cast.open(cast.child("a", **temporary)) as tree:
        cast.order("a", ENDS[end](cast))
        await settled()
        assert tree.count_children().specs == 0
        await tree.start_child("", cast.child("a", **temporary))
        assert tree.node("a").generation == 1


async def test_a_transient_child_of_a_dynamic_supervisor_is_forgotten_after_an_orderly_end(
    autojump_clock, cast
) -> None:
    """Dynamic supervisors keep no specs of children that have ended for good."""
    async with cast.open(cast.child("a", restart=Restart.TRANSIENT), dynamic=True) as tree:
        cast.order("a", cast.leave)
        await settled()
        assert tree.count_children().specs == 0


@pytest.mark.row("SUP-038")
@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
async def test_a_temporary_bystander_of_a_group_restart_is_gone(
    autojump_clock, cast, temporary, strategy: Strategy
) -> None:
    """It is not brought back, and does not use up the budget."""
    async with cast.open(
        cast.child("a"), cast.child("b", **temporary), cast.child("c"), strategy=strategy
    ) as tree:
        cast.order("a", cast.crash())
        await settled()
        assert [each.id for each in tree.snapshot().children] == ["a", "c"]
        assert tree.snapshot().restarts_in_window == 1


@pytest.mark.row("SUP-038")
async def test_a_temporary_child_does_not_trigger_a_group_restart(autojump_clock, cast, temporary) -> None:
    """Its crash is its own affair."""
    async with cast.open(
        cast.child("a", **temporary), cast.child("b"), strategy=Strategy.ONE_FOR_ALL
    ) as tree:
        cast.order("a", cast.crash())
        await settled()
        assert tree.node("b").generation == 1


@pytest.mark.row("SUP-039")
async def test_nothing_of_a_temporary_child_is_retained(autojump_clock, cast, temporary) -> None:
    """Its start function, and what that holds, can be collected."""

    class Payload:
        pass

    payload = Payload()
    gone = weakref.ref(payload)

    async def actor(context: Context, payload: Any = payload) -> None:
        context.started()
        await trio.sleep(1)

    async with cast.open(cast.child("b")) as tree:
        cast.order(
            "b", cast.crash(Throttled("429", retry_after=5.0))
        )  # its wait ends before a's start timeout
        await settled()
        await tree.start_child("", ChildSpec("a", actor, **temporary))
        del actor, payload
        await trio.sleep(2)
        await settled()
        gc.collect()
        assert gone() is None


@pytest.mark.row("SUP-040")
async def test_specs_are_kept_as_the_restart_type_says(autojump_clock, cast, temporary) -> None:
    """Stopped by the supervisor: permanent and transient are kept, temporary is not. Transient also after a return."""
    transient = {"restart": Restart.TRANSIENT}
    children = [
        cast.child("p"),
        cast.child("t", **transient),
        cast.child("x", **temporary),
        cast.child("r", **transient),
    ]
    async with cast.open(*children) as tree:
        for each in ("p", "t", "x"):
            await tree.terminate_child(each)
        cast.order("r", cast.leave)
        await settled()
        kept = [children[0], children[1], children[3]]
        assert [tree.spec(each.id) for each in tree.snapshot().children] == kept
        with pytest.raises(ChildNotFound):
            await tree.restart("x")


@pytest.mark.row("SUP-041")
async def test_a_crash_during_a_requested_stop_is_reported_and_not_counted(
    autojump_clock, cast, heard
) -> None:
    """The child is stopped, not crashed."""
    async with cast.open(cast.child("a", [cast.ready, cast.crash_on_cancel(OSError("cleanup"))])) as tree:
        async with heard(tree) as events:
            await tree.terminate_child("a")
        assert [each.kind for each in events] == [EventKind.STOPPING, EventKind.STOPPED]
        assert events[-1].reason == "OSError: cleanup"
        assert tree.snapshot().restarts_in_window == 0
        assert tree.node("a").state is ChildState.STOPPED
    assert cast.logged()[-1]["reason"] == "OSError: cleanup"


@pytest.mark.row("SUP-042")
async def test_a_child_that_swallows_its_cancellation_is_stopped(autojump_clock, cast, heard) -> None:
    """A return after a request to stop is an end as asked."""
    async with cast.open(cast.child("a", [cast.ready, cast.swallow_cancel])) as tree:
        async with heard(tree) as events:
            await tree.terminate_child("a")
        assert [each.kind for each in events] == [EventKind.STOPPING, EventKind.STOPPED]


@pytest.mark.row("SUP-043")
async def test_a_group_with_a_crash_among_lost_connections_is_a_crash(autojump_clock, cast) -> None:
    """Retryable holds only where all leaves are."""
    async with cast.open(cast.child("a"), cast.child("b")) as tree:
        cast.order("a", cast.crash(ExceptionGroup("g", [Retryable("x"), Retryable("y")])))
        cast.order("b", cast.crash(ExceptionGroup("g", [Retryable("x"), KeyError("y")])))
        await settled()
        assert tree.node("a").restarts_in_window == 0
        assert tree.node("b").restarts_in_window == 1


@pytest.mark.row("SUP-044")
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), SystemExit(3)])
async def test_an_interrupt_in_a_child_stops_the_siblings_in_order_and_goes_on(
    autojump_clock, cast, interrupt
) -> None:
    """It is never restarted, and leaves the tree as it is."""
    children = [cast.child("a"), cast.child("b"), cast.child("c", [cast.ready, cast.slow_cleanup(1)])]
    with pytest.raises(type(interrupt)) as caught:
        await run_until_it_fails(cast, cast.crash(interrupt), *children)
    assert caught.value is interrupt
    assert cast.diary == ["+a1", "+b1", "+c1", "-b1", "-c1", "-a1"]


@pytest.mark.row("SUP-044")
async def test_an_interrupt_deep_in_the_tree_and_in_a_group_goes_on_alone(autojump_clock, cast) -> None:
    """What came with it is in the events; the interrupt itself leaves unwrapped."""
    group = BaseExceptionGroup("g", [ValueError("beside"), KeyboardInterrupt()])
    children = [cast.child("a"), SupervisorSpec("s", [cast.child("b"), cast.child("c")])]
    with pytest.raises(KeyboardInterrupt):
        await run_until_it_fails(cast, cast.crash(group), *children)
    assert cast.diary[-3:] == ["-s/b1", "-s/c1", "-a1"]


@pytest.mark.row("SUP-044")
@pytest.mark.parametrize("deep", [False, True])
async def test_an_interrupt_of_a_child_that_was_not_ready_in_time_goes_on(
    autojump_clock, cast, deep: bool
) -> None:
    """It is no start that came too late, whoever of the two was asked to end."""
    late = cast.child("x", [cast.crash_on_cancel(KeyboardInterrupt())], start_timeout=50.0 if deep else 3.0)
    branch = SupervisorSpec("s", [late], start_timeout=3.0)
    with pytest.raises(KeyboardInterrupt):
        async with cast.open(cast.child("a")) as tree:
            await tree.start_child("", branch if deep else late)
    assert cast.diary == ["+a1", "+s/x1" if deep else "+x1", "-s/x1" if deep else "-x1", "-a1"]


@pytest.mark.row("SUP-044")
async def test_an_interrupt_goes_before_the_failure_for_which_the_tree_was_stopping(
    autojump_clock, cast
) -> None:
    """A child is hit by it in its cleanup."""

    async def run() -> None:
        late = cast.child("b", [cast.ready, cast.crash_on_cancel(KeyboardInterrupt())])
        async with cast.open(cast.child("a"), late, intensity=0):
            cast.order("a", cast.crash())
            await trio.sleep(1000)

    with pytest.raises(KeyboardInterrupt) as caught:
        await run()
    assert not isinstance(caught.value, TreeFailed)
