"""What it means that a person has waits and failures forgotten, and says who did it."""

from contextlib import suppress

import pytest
import trio
import trio.testing

from feedtree.supervisors import (
    AdminRefused,
    ChildNotFound,
    ChildState,
    EventKind,
    Retryable,
    SupervisorDown,
    SupervisorSpec,
)
from tests.supervisors.by_hand import (
    KINDS,
    STATES,
    bring_into,
    family,
    generations,
    home,
    lost,
    settled,
    states,
)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_reset_starts_whoever_waits_and_forgets_its_failures(autojump_clock, cast, kind: str) -> None:
    """At once; the next retry comes at once, too."""
    async with cast.open(home(kind, cast.child("a"), cast.child("b"))) as tree:
        for _ in range(5):
            cast.order("b", cast.crash(Retryable("lost")))
            await trio.sleep(3)
        cast.order("b", lost(cast))
        await settled()
        assert await tree.reset_backoff("s/a") == 0
        assert states(tree)["b"] == "restarting"
        assert await tree.reset_backoff("s/b") == 1
        await settled()
        assert set(states(tree).values()) == {"running"}
        cast.order("b", cast.crash(Retryable("lost")))
        await settled()
        assert tree.node("s/b").state is ChildState.RUNNING
        assert await tree.reset_backoff("s/b") == 0
        await trio.sleep(100)  # no timer is left
        assert (tree.node("s/b").generation, trio.current_time()) == (8, 115.0)


async def test_a_reset_of_a_branch_reaches_all_below_it(autojump_clock, cast) -> None:
    """And no other; of the whole tree, everybody. A branch that waits itself is started, too."""
    inner = SupervisorSpec("t", [cast.child("x")])
    waiting = SupervisorSpec("w", [cast.child("y")], intensity=0)
    async with cast.open(
        home("one_for_one", cast.child("a"), inner), waiting, cast.child("b"), intensity=50
    ) as tree:
        for each in ("a", "x", "b"):
            cast.order(each, lost(cast))
        for _ in range(2):  # the second time, the branch has to wait for its restart
            cast.order("y", cast.crash())
            await trio.sleep(0.001)
        assert tree.node("w").state is ChildState.RESTARTING
        assert await tree.reset_backoff("s") == 2
        await settled()
        assert (states(tree)["a"], states(tree, "s/t")["x"]) == ("running", "running")
        assert tree.node("b").state is ChildState.RESTARTING
        assert await tree.reset_backoff("") == 2
        await settled()
        assert all(each.state is ChildState.RUNNING for each in tree.snapshot().children)


async def test_a_group_waits_on_for_those_that_nobody_reset(autojump_clock, cast) -> None:
    """It is started when the last wait of it is over."""
    children = [cast.child("a"), cast.child("b"), cast.child("c", [cast.ready, cast.slow_cleanup(2)], [])]
    async with cast.open(home("one_for_all", *children)) as tree:
        cast.order("b", lost(cast, 30.0))
        await trio.sleep(1)
        cast.order("a", lost(cast, 50.0))
        await trio.sleep(3)
        assert states(tree) == {"a": "restarting", "b": "restarting", "c": "stopped"}
        assert await tree.reset_backoff("s/b") == 1
        assert await tree.reset_backoff("s/b") == 0
        await trio.sleep(40)
        assert states(tree) == {"a": "restarting", "b": "restarting", "c": "stopped"}
        assert await tree.reset_backoff("s/a") == 1
        await settled()
        assert set(states(tree).values()) == {"running"}
        assert trio.current_time() == 44.0


@pytest.mark.parametrize("state", [each for each in STATES if each != "restarting"])
async def test_a_reset_of_a_child_that_does_not_wait_changes_nothing(
    autojump_clock, cast, state: str
) -> None:
    """Whatever it does."""
    async with cast.open(home("rest_for_one", *family(cast, state))) as tree, trio.open_nursery() as nursery:
        await bring_into(tree, cast, nursery, state)
        before = states(tree), generations(tree)
        assert await tree.reset_backoff("s/b") == 0
        await settled()
        assert (states(tree), generations(tree)) == before


async def test_a_reset_is_refused_where_there_is_nobody(autojump_clock, cast) -> None:
    """An unknown path, a branch that does not run, a tree that has ended; a branch itself may be down."""
    branch = SupervisorSpec("s", [cast.child("x")])
    async with cast.open(branch) as tree:
        with pytest.raises(ChildNotFound):
            await tree.reset_backoff("nobody")
        await tree.halt_child("s")
        with pytest.raises(SupervisorDown):
            await tree.reset_backoff("s/x")
        assert await tree.reset_backoff("s") == 0
    with pytest.raises(SupervisorDown):
        await tree.reset_backoff("")


async def test_a_reset_of_a_branch_that_stops_is_answered(autojump_clock, cast) -> None:
    """Whatever ends meanwhile."""

    async def halt(path: str) -> None:
        with suppress(AdminRefused):
            await tree.halt_child(path)

    for _ in range(30):  # trio shuffles the tasks of one instant
        branch = SupervisorSpec("s", [SupervisorSpec("t", [cast.child("x")])])
        async with cast.open(branch) as tree, trio.open_nursery() as nursery:
            nursery.start_soon(halt, "s/t")
            nursery.start_soon(halt, "s")
            assert await tree.reset_backoff("") == 0
    assert trio.current_time() == 0.0


async def test_an_audit_is_an_event_and_a_log_line(autojump_clock, cast, heard) -> None:
    """Of the child, its present generation, in one line of bounded length; also of what is not there."""
    async with cast.open(cast.child("a")) as tree:
        await tree.cycle_child("a")
        async with heard(tree) as events:
            tree.audit("a", "restart by\n  uid 1000")
            tree.audit("gone/b", "x" * 400)
            tree.audit("", "stop")
        assert [(each.kind, each.path, each.generation, each.reason) for each in events] == [
            (EventKind.AUDITED, "a", 2, "restart by uid 1000"),
            (EventKind.AUDITED, "gone/b", 0, "x" * 299 + "…"),
            (EventKind.AUDITED, "", 1, "stop"),
        ]
        logged = [each for each in cast.logged() if each["event"] == "audited"]
        assert [(each["path"], each["reason"]) for each in logged] == [
            (each.path, each.reason) for each in events
        ]
