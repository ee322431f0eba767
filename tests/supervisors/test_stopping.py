"""Stopping: order, grace, and children that do not end."""

import json
import math
import subprocess
import sys

import pytest
import trio
import trio.testing

from feedtree.actors.context import Context
from feedtree.supervisors import (
    EXIT_STUCK,
    CalledDuringStart,
    ChildSpec,
    ChildState,
    EventKind,
    InvalidSpec,
    Retryable,
    Shutdown,
    Strategy,
    Supervisor,
    SupervisorDown,
    SupervisorSpec,
    grace,
)

settled = trio.testing.wait_all_tasks_blocked


def family(cast) -> list:
    """Five actors on two levels, each of which takes a second to end."""

    def slow(child_id: str) -> ChildSpec:
        return cast.child(child_id, [cast.ready, cast.slow_cleanup(1)])

    inner = SupervisorSpec("s", [slow("x"), slow("y")], strategy=Strategy.REST_FOR_ONE)
    return [slow("a"), inner, slow("b"), slow("c")]


REVERSE = {"-c1": 1.0, "-b1": 2.0, "-s/y1": 3.0, "-s/x1": 4.0, "-a1": 5.0}


def ends(cast) -> dict[str, float]:
    return {each: at for each, at in cast.times.items() if each.startswith("-")}


@pytest.mark.row("SUP-052")
async def test_children_stop_in_exact_reverse_each_fully_ended_before_the_next(autojump_clock, cast) -> None:
    """Through the levels of the tree."""
    async with cast.open(*family(cast)):
        pass
    assert list(ends(cast).items()) == list(REVERSE.items())


@pytest.mark.row("SUP-052")
async def test_no_child_is_stopped_early_because_something_else_happens(autojump_clock, cast) -> None:
    """A sibling ends by itself, and a second order to stop comes, while one cleans up."""
    slow = [cast.ready, cast.slow_cleanup(3)]
    children = [cast.child("a", slow), cast.child("b", slow), cast.child("c"), cast.child("d", slow)]
    async with cast.open(*children) as tree, trio.open_nursery() as nursery:
        nursery.start_soon(tree.stop)
        await trio.sleep(1)
        cast.order("c", cast.crash())
        await trio.sleep(1)
        nursery.start_soon(tree.stop)
    assert ends(cast) == {"-c1": 1.0, "-d1": 3.0, "-b1": 6.0, "-a1": 9.0}


@pytest.mark.row("SUP-054")
async def test_the_order_holds_under_an_outer_cancel_scope(autojump_clock, cast) -> None:
    """A deadline, Ctrl-C or a failed parent does not stop all at once."""
    with trio.CancelScope() as scope:
        async with cast.open(*family(cast)):
            scope.cancel()
            await trio.sleep(1000)
    assert scope.cancelled_caught
    assert list(ends(cast).items()) == list(REVERSE.items())


@pytest.mark.row("SUP-054")
async def test_the_order_holds_when_a_sibling_of_the_tree_fails(autojump_clock, cast) -> None:
    """The nursery around the tree is cancelled by another task's crash."""

    async def live() -> None:
        async with cast.open(*family(cast)):
            await trio.sleep(1000)

    async def crash() -> None:
        raise KeyError("app")

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(live)
            await settled()
            nursery.start_soon(crash)

    with pytest.RaisesGroup(KeyError):
        await run()
    assert list(ends(cast)) == list(REVERSE)


@pytest.mark.row("SUP-053")
async def test_a_dynamic_supervisor_stops_all_at_once(autojump_clock, cast) -> None:
    """The whole takes as long as the slowest, not the sum."""
    slow = [cast.child(f"c{number}", [cast.ready, cast.slow_cleanup(number)]) for number in range(1, 5)]
    async with cast.open(SupervisorSpec("d", slow, dynamic=True)):
        pass
    assert trio.current_time() == 4.0


@pytest.mark.row("SUP-070")
async def test_an_unlimited_grace_waits_as_long_as_it_takes(autojump_clock, cast, heard) -> None:
    """For workers and supervisors; nobody is called stuck."""
    slow = cast.child("a", [cast.ready, cast.slow_cleanup(10_000)], shutdown=math.inf)
    async with cast.open(SupervisorSpec("s", [slow])) as tree, heard(tree) as events:
        await tree.terminate_child("s")
        assert trio.current_time() == 10_000
    assert EventKind.STUCK not in [each.kind for each in events]
    reasons = {each.path: each.reason for each in events if each.kind is EventKind.STOPPED}
    assert reasons == {"s/a": "stopped", "s": "stopped"}


async def cleans_up(context: Context, seconds: float) -> None:
    context.started()
    try:
        await trio.sleep_forever()
    finally:
        with grace():
            await trio.sleep(seconds)


def cleaner(child_id: str, seconds: float, shutdown: float) -> ChildSpec:
    async def start(context: Context) -> None:
        await cleans_up(context, seconds)

    return ChildSpec(child_id, start, shutdown=shutdown)


@pytest.mark.row("SUP-071")
@pytest.mark.row("SUP-072")
@pytest.mark.row("SUP-073")
@pytest.mark.parametrize("dynamic", [False, True])
async def test_cleanup_lasts_as_long_as_its_grace(autojump_clock, cast, heard, dynamic: bool) -> None:
    """The polite one ends by itself, the one over its grace is force-stopped; a grace of 0 gives none."""
    children = [cleaner("polite", 2, 3), cleaner("slow", 9, 1), cleaner("brutal", 9, 0)]
    spec = SupervisorSpec("s", children, dynamic=dynamic)
    async with cast.open(spec) as tree, heard(tree) as events:
        await tree.terminate_child("s")
        assert trio.current_time() == (2.0 if dynamic else 3.0)
    reasons = {each.path: each.reason for each in events if each.kind is EventKind.STOPPED}
    assert reasons == {
        "s/polite": "stopped",
        "s/slow": "killed: its grace was over",
        "s/brutal": "killed: its grace was over",
        "s": "stopped",
    }
    assert EventKind.STUCK not in [each.kind for each in events]


@pytest.mark.row("SUP-071")
async def test_grace_has_no_deadline_before_the_stop_and_gets_one_with_it(autojump_clock, cast) -> None:
    """Cleanup that began on a crash is cut short when the supervisor stops."""

    async def crashing(context: Context) -> None:
        context.started()
        with grace() as scope:
            assert scope.deadline == math.inf
            await trio.sleep(1000)

    async with cast.open(ChildSpec("a", crashing, shutdown=2.0)):
        await trio.sleep(10)
    assert trio.current_time() == 12.0


async def test_grace_outside_a_tree_is_a_shield_without_end(autojump_clock) -> None:
    """So that an actor can be run alone."""
    with trio.move_on_after(1), grace() as scope:
        assert scope.deadline == math.inf
        await trio.sleep(5)
    assert trio.current_time() == 5.0


@pytest.mark.row("SUP-074")
@pytest.mark.row("SUP-075")
@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize(
    ("error", "reported"),
    [
        (None, []),
        (Shutdown("done"), []),
        (ValueError("x"), ["ValueError: x"]),
        (Retryable("x"), ["Retryable: x"]),
        (ExceptionGroup("g", [Shutdown(), KeyError()]), ["KeyError"]),
    ],
)
async def test_children_that_end_by_themselves_during_a_stop_are_not_restarted(
    autojump_clock, cast, heard, error, reported: list[str], dynamic: bool
) -> None:
    """They neither hang the stop nor come back; only the abnormal ones are reported."""
    if dynamic:  # all are asked at once
        end = [cast.swallow_cancel if error is None else cast.crash_on_cancel(error)]
    else:
        end = [cast.sleep(1), cast.leave if error is None else cast.crash(error)]
    children = [cast.child("a", [cast.ready, *end]), cast.child("b", [cast.ready, cast.slow_cleanup(2)])]
    async with (
        cast.open(SupervisorSpec("s", children, dynamic=dynamic)) as tree,
        heard(tree, "s/a") as events,
    ):
        await tree.terminate_child("s")
        assert trio.current_time() == 2.0
        assert [each.state for each in tree.node("s").children] == [ChildState.STOPPED] * 2
        assert [each.reason for each in tree.crash_reports("s/a")] == reported
        assert len(cast.actors["a"].contexts) == 1
    assert [each.kind for each in events if each.kind is not EventKind.STOPPING] == [EventKind.STOPPED]
    assert [each["event"] for each in cast.logged()] == ["failed while stopping"] * len(reported)


@pytest.mark.row("SUP-076")
async def test_a_permanent_child_that_returns_when_asked_to_stop_is_no_error(autojump_clock, cast) -> None:
    """The documented choice: no report."""
    async with cast.open(cast.child("a", [cast.ready, cast.swallow_cancel])):
        pass
    assert cast.logged() == []


@pytest.mark.row("SUP-077")
@pytest.mark.row("SUP-078")
async def test_a_child_that_ignores_its_cancellation_is_stuck_and_never_claimed_gone(
    autojump_clock, cast, heard
) -> None:
    """It is reported with its stack when its grace is over; once it ends, it is stopped after all.

    Whoever asked for its end waits for that end, and for nothing that the child would have to say.
    """
    child = cast.child("a", [cast.ready, cast.shield_forever], shutdown=2.0)
    async with cast.open(child) as tree, heard(tree) as events, trio.open_nursery() as nursery:

        async def terminate() -> None:
            await tree.terminate_child("a")
            cast.note("answered")

        nursery.start_soon(terminate)
        await trio.sleep(2.05)
        assert tree.node("a").state is ChildState.STOPPING
        await trio.sleep(1000)
        assert tree.node("a").state is ChildState.STUCK
        assert EventKind.STOPPED not in [each.kind for each in events]
        (stuck,) = [each for each in events if each.kind is EventKind.STUCK]
        assert "shield_forever" in stuck.reason
        assert cast.diary == ["+a1"]
        cast.release.set()
        await settled()
        assert cast.diary == ["+a1", "-a1", "answered"]
        assert tree.node("a").state is ChildState.STOPPED
    assert "stuck" in [each["event"] for each in cast.logged()]


@pytest.mark.row("SUP-078")
async def test_the_stack_of_a_stuck_child_shows_the_tasks_below_it(autojump_clock, cast, heard) -> None:
    """What hangs is often a task of the actor's own nursery; the report is bounded."""

    async def hangs() -> None:
        with trio.CancelScope(shield=True):
            await cast.release.wait()

    async def actor(context: Context) -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(30):
                nursery.start_soon(hangs)
            context.started()

    async with cast.open(ChildSpec("a", actor, shutdown=0)) as tree, heard(tree) as events:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(tree.terminate_child, "a")
            await trio.sleep(1)
            cast.release.set()
    (stuck,) = [each for each in events if each.kind is EventKind.STUCK]
    assert "hangs" in stuck.reason
    assert stuck.reason.splitlines()[-1] == "..."


STUCK_PROCESS = """
import logging, sys
import structlog, trio
from feedtree.supervisors import ChildSpec, SupervisorSpec, open_supervisor

async def ignores(context):
    context.started()
    with trio.CancelScope(shield=True):
        await trio.sleep_forever()

async def main():
    async with open_supervisor(SupervisorSpec("root", [ChildSpec("a", ignores, shutdown=0)]), on_stuck="exit"):
        sys.stdout.write("buffered")
        handler.buffer.append(logging.makeLogRecord({"msg": "held back"}))
    print("the tree ended")

import logging.handlers
handler = logging.handlers.MemoryHandler(100, target=logging.StreamHandler())
structlog.configure(
    processors=[structlog.stdlib.add_log_level, structlog.processors.JSONRenderer()],
    logger_factory=structlog.PrintLoggerFactory(sys.stderr),
)
try:
    trio.run(main)
finally:
    print("cleanup ran")
"""


@pytest.mark.row("SUP-078")
def test_a_process_can_be_ended_when_a_child_is_stuck() -> None:
    """With a code of its own, right after the log line, and with what was written so far."""
    ended = subprocess.run([sys.executable, "-c", STUCK_PROCESS], capture_output=True, text=True, timeout=60)
    assert ended.returncode == EXIT_STUCK == 70
    assert ended.stdout == "buffered"
    line, held_back = ended.stderr.splitlines()
    told = json.loads(line)
    assert (told["event"], told["path"], told["level"]) == ("stuck", "a", "error")
    assert "ignores" in told["stack"]
    assert held_back == "held back"


@pytest.mark.parametrize("policy", ["kill", "", None, True, ["exit"]])
async def test_an_unknown_policy_for_stuck_children_is_refused(autojump_clock, cast, policy) -> None:
    """Before anything starts; the error names the option and the value."""
    with pytest.raises(InvalidSpec) as caught:
        async with cast.open(cast.child("a"), supervisor={"on_stuck": policy}):
            pass
    assert (caught.value.field, caught.value.value) == ("on_stuck", policy)
    assert cast.diary == []


@pytest.mark.row("SUP-079")
async def test_a_second_stop_can_hurry_the_first(autojump_clock, cast) -> None:
    """Stopping is idempotent, and a shorter limit ends every grace when it is over."""
    children = [cleaner("a", 100, math.inf), SupervisorSpec("s", [cleaner("b", 100, math.inf)])]
    async with cast.open(*children) as tree, trio.open_nursery() as nursery:
        nursery.start_soon(tree.stop)
        await trio.sleep(1)
        nursery.start_soon(tree.stop)
        await trio.sleep(1)
        await tree.stop(within=3)
        assert trio.current_time() == 5.0


@pytest.mark.parametrize("within", [math.nan, "3", None, True])
async def test_a_limit_that_is_no_number_is_refused_and_nothing_stops(autojump_clock, cast, within) -> None:
    """It would break the supervisor that reckons with it."""
    async with cast.open(cast.child("a")) as tree:
        with pytest.raises(InvalidSpec, match=r"stop\(within\) = "):
            await tree.stop(within)
        assert tree.snapshot().state is ChildState.RUNNING


@pytest.mark.row("SUP-071")
async def test_the_grace_of_a_supervisor_bounds_all_below_it(autojump_clock, cast) -> None:
    """When it is over, every actor below is out of grace at once."""
    inner = SupervisorSpec("s", [cleaner("a", 100, 50), cleaner("b", 100, 50)], shutdown=2.0)
    async with cast.open(inner) as tree:
        assert tree.snapshot().worst_stop == 2.0
    assert trio.current_time() == 2.0


async def test_the_grace_of_the_root_bounds_the_whole_tree(autojump_clock, cast) -> None:
    """As it says; also where it is told to stop with more time, and for children that are asked one by one."""
    children = [cleaner("a", 100, 50), cleaner("b", 100, 50)]
    async with cast.open(*children, shutdown=2.0) as tree:
        assert tree.snapshot().worst_stop == 2.0
    assert trio.current_time() == 2.0
    async with cast.open(*children, shutdown=2.0) as tree:
        await tree.stop(within=30)
        assert trio.current_time() == 4.0


async def test_the_worst_case_stop_time_is_computed_and_true(autojump_clock, cast) -> None:
    """Ordered supervisors add up, dynamic ones take the longest."""
    dynamic = SupervisorSpec("d", [cleaner("x", 99, 3), cleaner("y", 99, 4)], dynamic=True)
    ordered = SupervisorSpec("o", [cleaner("x", 99, 1), cleaner("y", 99, 2)])
    async with cast.open(cleaner("a", 99, 0.5), dynamic, ordered) as tree:
        assert [each.worst_stop for each in tree.snapshot().children] == [0.5, 4, 3]
        worst = tree.snapshot().worst_stop
    assert trio.current_time() == worst == 7.5


@pytest.mark.row("SUP-080")
async def test_a_child_cannot_wait_for_the_end_of_its_own_tree(autojump_clock, cast) -> None:
    """It would wait for itself."""
    trees: list[Supervisor] = []

    async def actor(context: Context) -> None:
        context.started()
        await settled()
        with pytest.raises(CalledDuringStart):
            await trees[0].stop()
        cast.note("refused")
        await trio.sleep_forever()

    async with cast.open(SupervisorSpec("s", [ChildSpec("a", actor)])) as tree:
        trees.append(tree)
        await trio.sleep(1)
        assert cast.diary == ["refused"]


@pytest.mark.row("SUP-080")
async def test_stop_waits_until_the_whole_tree_is_gone(autojump_clock, cast) -> None:
    """Every actor on every level has ended then."""
    async with cast.open(*family(cast)) as tree:
        await tree.stop()
        assert list(ends(cast).items()) == list(REVERSE.items())
        assert tree.snapshot().state is ChildState.STOPPED


@pytest.mark.row("SUP-087")
async def test_a_stopped_tree_refuses_requests_and_can_still_be_looked_at(autojump_clock, cast) -> None:
    """A typed error, not a hang."""
    async with cast.open(cast.child("a")) as tree:
        await tree.stop()
        for call in (
            tree.start_child("", cast.child("b")),
            tree.terminate_child("a"),
            tree.restart("a"),
            tree.delete_child("a"),
            tree.remove("a"),
            tree.start_instance(""),
            tree.run_task("", trio.sleep, 1),
            tree.failed("a"),
        ):
            with pytest.raises(SupervisorDown), trio.fail_after(1):
                await call
        with pytest.raises(SupervisorDown):
            tree.count_children()
        await tree.stop()
        assert tree.node("a").state is ChildState.STOPPED
        assert [each async for each in tree.events()] == []


@pytest.mark.row("SUP-080")
async def test_whoever_waits_for_a_parked_child_learns_of_the_end_of_the_tree(autojump_clock, cast) -> None:
    """Nothing waits for a tree that is gone."""
    async with cast.open(cast.child("a")) as tree, trio.open_nursery() as nursery:

        async def wait() -> None:
            with pytest.raises(SupervisorDown):
                await tree.failed("a")

        nursery.start_soon(wait)
        await trio.sleep(1)
        await tree.stop()


@pytest.mark.row("SUP-021")
async def test_a_child_asked_to_stop_before_its_first_step_never_runs(autojump_clock, cast) -> None:
    """Not even up to its first checkpoint; or it runs, and is stopped in the usual way."""

    async def add(tree: Supervisor) -> None:
        with pytest.raises(SupervisorDown):
            await tree.start_child("", cast.child("a", [cast.sleep(1)]))

    for _ in range(30):  # trio shuffles the tasks of one instant
        async with cast.open() as tree, trio.open_nursery() as nursery:
            nursery.start_soon(add, tree)
            nursery.start_soon(tree.stop)
        assert cast.take_diary() in ([], ["+a1", "-a1"])


@pytest.mark.row("SUP-079")
async def test_a_hurried_stop_passes_over_children_that_do_not_run(autojump_clock, cast) -> None:
    """Stopped and parked ones need no hurry."""
    async with cast.open(cast.child("a"), cleaner("b", 100, math.inf)) as tree:
        await tree.terminate_child("a")
        await tree.stop(within=0)
        assert trio.current_time() == 0.0
