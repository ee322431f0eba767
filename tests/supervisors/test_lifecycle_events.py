"""What listeners hear, and what a look at the tree shows."""

import json
import math

import msgspec
import pytest
import trio
import trio.testing

from feedtree.actors.context import Context
from feedtree.supervisors import (
    ChildSpec,
    ChildState,
    EventKind,
    Fatal,
    InvalidSpec,
    Restart,
    Retryable,
    StartFailed,
    Strategy,
    SupervisorSpec,
    Throttled,
    Verdict,
)

settled = trio.testing.wait_all_tasks_blocked
K = EventKind


def told(events, path: str) -> list[tuple[EventKind, int]]:
    return [(each.kind, each.generation) for each in events if each.path == path]


@pytest.mark.row("SUP-108")
@pytest.mark.row("SUP-111")
async def test_the_life_of_a_child_is_told_in_order(autojump_clock, cast, heard) -> None:
    """Starting, ready, its ends and restarts, its stop; each with generation, reason and judgement."""
    async with cast.open() as tree, heard(tree, "a") as events:
        await tree.start_child("", cast.child("a", restart=Restart.TRANSIENT))
        cast.order("a", cast.crash())
        await settled()
        cast.order("a", cast.leave)
        await settled()
        await tree.restart("a")
        await tree.remove("a")
    assert told(events, "a") == [
        (K.STARTING, 1),
        (K.READY, 1),
        (K.CRASHED, 1),
        (K.RESTARTING, 1),
        (K.STARTING, 2),
        (K.READY, 2),
        (K.EXITED, 2),
        (K.STARTING, 3),
        (K.READY, 3),
        (K.STOPPING, 3),
        (K.STOPPED, 3),
        (K.REMOVED, 3),
    ]
    crashed = events[2]
    assert (crashed.reason, crashed.judgement.verdict) == ("ValueError: scripted", Verdict.BUG)
    assert (crashed.at, crashed.at_ns) == (0.0, 1_000)
    assert events[3].wait == 0.0


@pytest.mark.row("SUP-111")
async def test_nothing_is_told_of_a_child_after_its_removal(autojump_clock, cast, heard) -> None:
    """Neither the restart that it waited for, nor what its late words say."""
    async with cast.open(cast.child("a")) as tree, heard(tree, "a") as events:
        cast.order("a", cast.crash(Throttled("429", retry_after=5.0)))
        await settled()
        await tree.remove("a")
        cast.actors["a"].contexts[0].report("late")
        await trio.sleep(100)
    assert told(events, "a") == [(K.CRASHED, 1), (K.RESTARTING, 1), (K.STOPPED, 1), (K.REMOVED, 1)]


@pytest.mark.row("SUP-109")
async def test_orderly_ends_are_not_told_as_crashes(autojump_clock, cast, heard) -> None:
    """A return is an exit, reported only of a permanent child, whose restart it costs."""
    async with cast.open(cast.child("a", restart=Restart.TRANSIENT), cast.child("b")) as tree:
        async with heard(tree) as events:
            cast.order("a", cast.leave)
            await settled()
            cast.order("b", cast.leave)
            await settled()
    assert [each.kind for each in events] == [K.EXITED, K.EXITED, K.RESTARTING, K.STARTING, K.READY]
    assert [each.report is not None for each in events] == [False, True, False, False, False]
    (line,) = cast.logged()
    assert (line["event"], line["path"], line["reason"], line["then"]) == (
        "exited",
        "b",
        "returned",
        "restart",
    )


@pytest.mark.row("SUP-108")
async def test_a_parked_child_and_those_held_by_it(autojump_clock, cast, heard) -> None:
    """The parked one has failed with its reason; the held ones say who holds them."""
    children = [cast.child("a"), cast.child("b")]
    async with cast.open(*children, strategy=Strategy.REST_FOR_ONE) as tree, heard(tree) as events:
        cast.order("a", cast.crash(Fatal("key refused", remedy="enter a new key")))
        await settled()
    assert told(events, "a") == [(K.CRASHED, 1), (K.FAILED, 1)]
    assert told(events, "b") == [(K.STOPPING, 1), (K.STOPPED, 1)]
    assert [each.reason for each in events if each.kind in (K.FAILED, K.STOPPED)] == [
        "Fatal: key refused (enter a new key)",
        "held by a",
    ]


async def test_an_actors_own_words_are_told_and_shown(autojump_clock, cast, heard) -> None:
    """Its state and facts, as it reported them last."""

    async def actor(context: Context) -> None:
        context.started()
        context.report("connecting")
        await trio.sleep(1)
        context.report("live", topics=3)
        await trio.sleep_forever()

    async with cast.open() as tree, heard(tree) as events:
        await tree.start_child("", ChildSpec("a", actor))
        await trio.sleep(2)
        node = tree.node("a")
        assert (node.report, node.facts) == ("live", {"topics": 3})
    assert [each.reason for each in events if each.kind is K.REPORTED] == ["connecting", "live"]


async def test_a_listener_hears_its_branch_only(autojump_clock, cast, heard) -> None:
    """A path is a branch, not a prefix of letters."""
    children = [SupervisorSpec("s", [cast.child("x")]), SupervisorSpec("s2", [cast.child("y")])]
    async with cast.open(*children) as tree, heard(tree, "s") as events:
        for each in "xy":
            cast.order(each, cast.crash())
        await settled()
    assert {each.path for each in events} == {"s/x"}


async def test_a_slow_listener_loses_the_oldest_and_knows_it(autojump_clock, cast) -> None:
    """It never holds the tree up."""
    async with cast.open(cast.child("a")) as tree:
        stream = tree.events(capacity=3)
        cast.order("a", cast.crash())
        await settled()
        await tree.terminate_child("a")
        assert stream.missed == 3
        kinds = [(await anext(stream)).kind for _ in range(3)]
        assert kinds == [K.READY, K.STOPPING, K.STOPPED]
        stream.close()
        stream.close()
        assert [each async for each in stream] == []


@pytest.mark.row("SUP-111")
async def test_a_context_that_outlives_its_incarnation_tells_nothing(autojump_clock, cast, heard) -> None:
    """Whoever kept it can neither make a parked child look ready nor speak for one that is gone."""

    async def actor(context: Context) -> None:
        kept.append(context)
        if context.generation == 1:
            context.started()
            raise ValueError
        raise Fatal("no")

    kept: list[Context] = []
    async with cast.open() as tree, heard(tree) as events:
        await tree.start_child("", ChildSpec("a", actor))
        await settled()
        before = len(events)
        for late in kept:
            late.report("live")
            with pytest.raises(RuntimeError):
                late.started()
        await settled()
        assert tree.node("a").state is ChildState.FAILED
        await tree.remove("a")
        kept[1].report("live")
        await settled()
        assert [each.kind for each in events[before:]] == [K.REMOVED]


class AtExit(trio.abc.Instrument):
    """Says for an actor that it started, when its task has just ended and its supervisor has not run since."""

    def __init__(self) -> None:
        self.context: Context | None = None

    def task_exited(self, task: trio.lowlevel.Task) -> None:
        if self.context is not None and task.name == self.context.path:
            self.context.started()


@pytest.mark.row("SUP-111")
async def test_who_says_that_it_started_when_it_has_ended_was_never_ready(
    autojump_clock, cast, heard
) -> None:
    """Its supervisor learns of the end first."""

    async def actor(context: Context) -> None:
        late.context = context
        raise Fatal("no")

    late = AtExit()
    trio.lowlevel.add_instrument(late)
    async with cast.open() as tree, heard(tree) as events:
        with pytest.raises(StartFailed):
            await tree.start_child("", ChildSpec("a", actor))
        await settled()
    trio.lowlevel.remove_instrument(late)
    assert told(events, "a") == [(K.STARTING, 1), (K.CRASHED, 1), (K.REMOVED, 1)]


@pytest.mark.parametrize("capacity", [0, -1, True, 1.5, "x", None])
async def test_a_queue_that_cannot_hold_one_event_is_refused(autojump_clock, cast, capacity) -> None:
    """An event that has no room at all would break the supervisor that tells of it."""
    async with cast.open(cast.child("a")) as tree:
        with pytest.raises(InvalidSpec, match=r"events\(capacity\) = "):
            tree.events(capacity=capacity)
        async with tree.events(capacity=math.inf) as events:
            await tree.terminate_child("a")
            assert (await anext(events)).kind is K.STOPPING


async def test_iteration_ends_with_the_tree_after_the_last_event(autojump_clock, cast) -> None:
    """Nothing is lost at the end, and nothing comes after it."""
    async with cast.open(cast.child("a")) as tree:
        stream = tree.events()
    assert [each.kind async for each in stream] == [K.STOPPING, K.STOPPED]


@pytest.mark.row("SUP-090")
@pytest.mark.row("SUP-095")
async def test_a_snapshot_lists_all_children_in_start_order(autojump_clock, cast) -> None:
    """With kind, state and place; a path finds its node."""
    inner = SupervisorSpec(
        "s", [cast.child("x"), cast.child("y")], strategy=Strategy.REST_FOR_ONE, intensity=3
    )
    async with cast.open(cast.child("a"), inner, SupervisorSpec("d", dynamic=True)) as tree:
        await tree.start_child("d", cast.child("z"))
        await trio.sleep(5)
        root = tree.snapshot()
        assert [(each.path, each.kind, each.strategy) for each in root.children] == [
            ("a", "worker", None),
            ("s", "supervisor", "rest_for_one"),
            ("d", "supervisor", "dynamic"),
        ]
        assert [each.path for each in root.children[1].children] == ["s/x", "s/y"]
        assert [each.state for each in root.children] == [ChildState.RUNNING] * 3
        assert root.find("d/z").uptime == 5.0
        assert root.find("s").intensity == 3
        assert root.find("") is root
        assert root.find("s/nothing") is None
        assert tree.node("s/y") == root.find("s/y")
        assert tree.node("") == root


async def test_a_snapshot_is_json(autojump_clock, cast) -> None:
    """So that tools outside can show it; a stop without bound has no number."""
    async with cast.open(cast.child("a", shutdown=float("inf"))) as tree:
        decoded = json.loads(msgspec.json.encode(tree.snapshot()))
        assert decoded["children"][0]["state"] == "running"
        assert decoded["worst_stop"] is None


@pytest.mark.row("SUP-095")
async def test_a_snapshot_in_the_middle_of_a_restart_is_consistent(autojump_clock, cast) -> None:
    """At every step of a group restart the states fit together."""
    slow = [cast.ready, cast.slow_cleanup(1)]
    children = [cast.child("a"), cast.child("b", slow, [cast.sleep(1)]), cast.child("c", slow, [])]
    seen = []
    async with cast.open(*children, strategy=Strategy.ONE_FOR_ALL) as tree:
        cast.order("a", cast.crash())
        for _ in range(5):
            await settled()
            seen.append(" ".join(f"{each.state}{each.generation}" for each in tree.snapshot().children))
            await trio.sleep(0.6)
    assert seen == [
        "restarting1 running1 stopping1",
        "restarting1 running1 stopping1",
        "restarting1 stopping1 stopped1",
        "restarting1 stopping1 stopped1",
        "running2 starting2 stopped1",
    ]


async def test_a_failed_branch_shows_what_was_below_it(autojump_clock, cast) -> None:
    """So that the culprit can be seen."""
    branch = SupervisorSpec("s", [cast.child("x"), cast.child("y")], intensity=0, bulkhead=True)
    async with cast.open(branch) as tree:
        cast.order("x", cast.crash())
        await tree.failed("s")
        node = tree.node("s")
        assert [(each.id, each.state, each.last_reason) for each in node.children] == [
            ("x", ChildState.STOPPED, "ValueError: scripted"),
            ("y", ChildState.STOPPED, "stopped"),
        ]
        assert tree.info("s") is None


async def test_a_branch_that_gives_up_is_shown_stopping(autojump_clock, cast) -> None:
    """Its parent has not heard of its end yet, and a look at it is right nevertheless."""
    slow = cast.child("y", [cast.ready, cast.slow_cleanup(5)])
    branch = SupervisorSpec("s", [cast.child("x"), slow], intensity=0)
    async with cast.open(branch) as tree:
        cast.order("x", cast.crash())
        await trio.sleep(1)
        assert tree.node("s").state is ChildState.STOPPING
        assert tree.node("s").uptime == 1.0


@pytest.mark.row("SUP-061")
async def test_the_time_left_of_a_wait_is_shown(autojump_clock, cast) -> None:
    """It runs down to the next start."""
    async with cast.open(cast.child("a")) as tree:
        cast.order("a", cast.crash(Throttled("429", retry_after=10.0)))
        await trio.sleep(4)
        assert tree.node("a").wait == 6.0
        assert tree.node("a").uptime is None
        await trio.sleep(7)
        assert tree.node("a").wait is None


@pytest.mark.row("SUP-110")
async def test_reasons_are_bounded_single_lines(autojump_clock, cast, heard) -> None:
    """Whatever a child raises."""
    async with cast.open(cast.child("a")) as tree, heard(tree) as events:
        cast.order("a", cast.crash(Retryable("line\n" * 1000)))
        await settled()
        assert len(tree.node("a").last_reason) == 300
    assert all("\n" not in each.reason and len(each.reason) <= 300 for each in events)


@pytest.mark.row("SUP-111")
async def test_what_a_child_says_comes_after_that_it_is_ready(autojump_clock, cast, heard) -> None:
    """In the order in which it happened, and nothing of an incarnation that has ended."""

    async def actor(context: Context) -> None:
        context.report("wiring")
        context.started()
        context.report("live")
        if context.generation == 1:
            raise Retryable("lost")
        await trio.sleep_forever()

    async with cast.open() as tree, heard(tree) as events:
        await tree.start_child("", ChildSpec("a", actor))
        await settled()
    told_words = [each.reason or each.kind.value for each in events if each.generation == 2]
    assert told_words == ["starting", "wiring", "ready", "live"]
    kinds = [each.kind for each in events if each.generation == 1]
    assert kinds.index(K.READY) < kinds.index(K.CRASHED)


@pytest.mark.row("SUP-065")
@pytest.mark.row("SUP-111")
async def test_a_child_that_its_supervisors_restart_leaves_out_is_told_as_removed(
    autojump_clock, cast, heard
) -> None:
    """So that a later child of its id begins anew, and not out of nothing."""
    branch = SupervisorSpec("s", [cast.child("x")], intensity=0)
    async with cast.open(branch) as tree, heard(tree, "s/y") as events:
        await tree.start_child("s", cast.child("y"))
        cast.order("x", cast.crash())
        await settled()
        await tree.start_child("s", cast.child("y"))
    assert told(events, "s/y") == [
        (K.STARTING, 1),
        (K.READY, 1),
        (K.STOPPING, 1),
        (K.STOPPED, 1),
        (K.REMOVED, 1),
        (K.STARTING, 1),
        (K.READY, 1),
    ]
