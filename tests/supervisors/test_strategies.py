"""Who is restarted together with whom, and in which order."""

import pytest
import trio
import trio.testing

from feedtree.supervisors import (
    ChildState,
    Fatal,
    Restart,
    Retryable,
    StartFailed,
    Strategy,
    SupervisorSpec,
    Throttled,
)

settled = trio.testing.wait_all_tasks_blocked


def generations(tree) -> dict[str, int]:
    return {each.id: each.generation for each in tree.snapshot().children}


def states(tree) -> dict[str, str]:
    return {each.id: each.state.value for each in tree.snapshot().children}


@pytest.mark.row("SUP-045")
async def test_one_for_one_restarts_only_the_crashed_child(autojump_clock, cast) -> None:
    """The siblings' incarnations stay."""
    async with cast.open(cast.child("a"), cast.child("b"), cast.child("c")) as tree:
        cast.take_diary()
        cast.order("b", cast.crash())
        await settled()
        assert cast.diary == ["-b1", "+b2"]
        assert generations(tree) == {"a": 1, "b": 2, "c": 1}


@pytest.mark.row("SUP-046")
@pytest.mark.row("SUP-051")
async def test_one_for_all_stops_all_in_reverse_and_starts_all_in_order(autojump_clock, cast) -> None:
    """Every incarnation is new, and the whole costs one unit."""
    async with cast.open(
        cast.child("a"), cast.child("b"), cast.child("c"), strategy=Strategy.ONE_FOR_ALL
    ) as tree:
        cast.take_diary()
        cast.order("b", cast.crash())
        await settled()
        assert cast.diary == ["-b1", "-c1", "-a1", "+a2", "+b2", "+c2"]
        assert tree.snapshot().restarts_in_window == 1


@pytest.mark.row("SUP-047")
@pytest.mark.row("SUP-051")
async def test_rest_for_one_restarts_the_later_ones_too(autojump_clock, cast) -> None:
    """Those after the crashed one are stopped in reverse, then started in order; earlier ones stay."""
    async with cast.open(*[cast.child(each) for each in "abcd"], strategy=Strategy.REST_FOR_ONE) as tree:
        cast.take_diary()
        cast.order("b", cast.crash())
        await settled()
        assert cast.diary == ["-b1", "-d1", "-c1", "+b2", "+c2", "+d2"]
        assert generations(tree)["a"] == 1
        assert tree.snapshot().restarts_in_window == 1


@pytest.mark.row("SUP-048")
async def test_a_dynamic_supervisor_restarts_only_the_crashed_child(autojump_clock, cast) -> None:
    """With the spec that it was added with."""
    async with cast.open(dynamic=True) as tree:
        await tree.start_child("", cast.child("a", shutdown=3))
        await tree.start_child("", cast.child("b"))
        cast.order("a", cast.crash())
        await settled()
        assert generations(tree) == {"a": 2, "b": 1}
        assert tree.node("a").worst_stop == 3


@pytest.mark.row("SUP-049")
async def test_one_for_all_stops_the_restarted_ones_again_when_another_fails(autojump_clock, cast) -> None:
    """The whole group is retried, and each attempt costs one unit."""
    async with cast.open(
        cast.child("a"),
        cast.child("b", [], [cast.crash()], []),
        cast.child("c"),
        strategy=Strategy.ONE_FOR_ALL,
    ) as tree:
        cast.take_diary()
        cast.order("a", cast.crash())
        await trio.sleep(1)
        assert cast.diary == ["-a1", "-c1", "-b1", "+a2", "+b2", "-b2", "-a2", "+a3", "+b3", "+c2"]
        assert tree.snapshot().restarts_in_window == 2


@pytest.mark.row("SUP-050")
async def test_rest_for_one_goes_on_at_the_child_that_failed(autojump_clock, cast) -> None:
    """The one that was restarted before it stays up."""
    async with cast.open(
        cast.child("a"),
        cast.child("b", [], [cast.crash()], []),
        cast.child("c"),
        strategy=Strategy.REST_FOR_ONE,
    ) as tree:
        cast.take_diary()
        cast.order("a", cast.crash())
        await trio.sleep(1)
        assert cast.diary == ["-a1", "-c1", "-b1", "+a2", "+b2", "-b2", "+b3", "+c2"]
        assert tree.snapshot().restarts_in_window == 2


@pytest.mark.row("SUP-063")
async def test_rest_for_one_in_retry_shows_later_ones_stopped_and_earlier_running(
    autojump_clock, cast
) -> None:
    """Only the child that failed is restarting."""
    async with cast.open(*[cast.child(each) for each in "abc"], strategy=Strategy.REST_FOR_ONE) as tree:
        cast.order("b", cast.crash(Retryable("1")))
        await settled()
        cast.order("b", cast.crash(Retryable("2")))
        await settled()
        assert states(tree) == {"a": "running", "b": "restarting", "c": "stopped"}
        assert 0 < tree.node("b").wait < 0.1
        await trio.sleep(1)
        assert set(states(tree).values()) == {"running"}


@pytest.mark.row("SUP-046")
@pytest.mark.row("SUP-068")
async def test_a_group_waits_the_backoff_of_its_trigger(autojump_clock, cast) -> None:
    """Siblings stop at once, and nobody starts before the wait is over."""
    async with cast.open(cast.child("a"), cast.child("b"), strategy=Strategy.ONE_FOR_ALL) as tree:
        for _ in range(4):
            cast.order("a", cast.crash(Retryable("x")))
            await trio.sleep(3)
        cast.order("a", cast.crash(Retryable("x")))
        await settled()
        wait = tree.node("a").wait
        assert wait > 0
        assert states(tree) == {"a": "restarting", "b": "stopped"}
        began = trio.current_time()
        await trio.sleep(3)
        assert cast.times["+a6"] == cast.times["+b6"] == pytest.approx(began + wait)
        assert tree.snapshot().restarts_in_window == 0


@pytest.mark.row("SUP-051")
@pytest.mark.parametrize(
    ("first", "second", "cost"),
    [("lost", "lost", 0), ("lost", "bug", 1), ("bug", "lost", 1), ("bug", "bug", 1)],
)
async def test_a_group_costs_one_if_any_of_its_triggers_was_a_bug(
    autojump_clock, cast, first: str, second: str, cost: int
) -> None:
    """However many children fall together."""
    ends = {"lost": lambda: cast.crash(Retryable("x")), "bug": lambda: cast.crash()}
    async with cast.open(
        cast.child("a"), cast.child("b"), cast.child("c"), strategy=Strategy.ONE_FOR_ALL
    ) as tree:
        cast.order("a", ends[first]())
        cast.order("b", ends[second]())
        await trio.sleep(1)
        assert generations(tree) == {"a": 2, "b": 2, "c": 2}
        assert tree.snapshot().restarts_in_window == cost


@pytest.mark.row("SUP-051")
async def test_a_group_that_was_paid_for_costs_no_more(autojump_clock, cast) -> None:
    """A first trigger that is free does not make every later one pay."""
    children = [cast.child(each) for each in "abc"]
    slow = cast.child("d", [cast.ready, cast.slow_cleanup(1)], [])
    async with cast.open(*children, slow, strategy=Strategy.ONE_FOR_ALL) as tree:
        cast.order("a", cast.crash(Retryable("lost")))
        await settled()
        for each in "bc":
            cast.order(each, cast.crash())
            await settled()
        await trio.sleep(3)
        assert set(generations(tree).values()) == {2}
        assert tree.snapshot().restarts_in_window == 1


@pytest.mark.row("SUP-068")
async def test_a_group_waits_for_the_longest_of_its_waits(autojump_clock, cast) -> None:
    """Also where a later trigger was told to pause."""
    slow = cast.child("c", [cast.ready, cast.slow_cleanup(1)], [])
    async with cast.open(cast.child("a"), cast.child("b"), slow, strategy=Strategy.ONE_FOR_ALL) as tree:
        cast.order("a", cast.crash(Retryable("lost")))
        await settled()
        cast.order("b", cast.crash(Throttled("429", retry_after=20.0)))
        await trio.sleep(30)
        assert set(generations(tree).values()) == {2}
        assert cast.times["+a2"] == cast.times["+b2"] == cast.times["+c2"] == 20.0


@pytest.mark.row("SUP-050")
@pytest.mark.row("SUP-051")
async def test_a_restart_by_hand_amid_a_group_restart_does_not_make_it_cost_twice(
    autojump_clock, cast
) -> None:
    """A sibling that falls before its turn to be stopped belongs to the restart that was paid for."""
    slow = cast.child("d", [cast.ready, cast.slow_cleanup(2)], [])
    children = [cast.child("a"), cast.child("b"), cast.child("c"), slow]
    async with cast.open(*children, strategy=Strategy.ONE_FOR_ALL) as tree:
        await tree.terminate_child("c")
        cast.order("a", cast.crash())
        await settled()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(tree.restart, "c")
            await settled()
            cast.order("b", cast.crash())
        await settled()
        assert set(states(tree).values()) == {"running"}
        assert tree.snapshot().restarts_in_window == 1


@pytest.mark.row("SUP-051")
@pytest.mark.row("SUP-058")
async def test_a_start_that_failed_is_not_paid_for_by_the_restart_that_began_it(autojump_clock, cast) -> None:
    """A later, free restart of the group does not make it free, either."""
    late = cast.child("c", [], [cast.slow_cleanup(3)], [], start_timeout=0.5)
    async with cast.open(cast.child("a"), cast.child("b"), late, strategy=Strategy.ONE_FOR_ALL) as tree:
        cast.order("a", cast.crash())
        await trio.sleep(2)
        cast.order("b", cast.crash(Retryable("lost")))
        await trio.sleep(10)
        assert set(states(tree).values()) == {"running"}
        assert tree.snapshot().restarts_in_window == 2


async def test_a_crash_of_an_earlier_child_widens_the_restart_of_the_rest(autojump_clock, cast) -> None:
    """While later ones wait, an earlier child takes them along with itself."""
    children = [cast.child("a"), cast.child("b"), cast.child("c", [], [cast.sleep(5)])]
    async with cast.open(*children, strategy=Strategy.REST_FOR_ONE) as tree:
        cast.take_diary()
        cast.order("b", cast.crash())
        await trio.sleep(1)
        cast.order("a", cast.crash())
        await trio.sleep(10)
        assert cast.diary == ["-b1", "-c1", "+b2", "+c2", "-a1", "-c2", "-b2", "+a2", "+b3", "+c3"]
        assert set(states(tree).values()) == {"running"}


@pytest.mark.row("SUP-049")
async def test_a_crash_of_a_ready_child_while_later_ones_start_for_the_first_time(
    autojump_clock, cast
) -> None:
    """The start goes on from that child, in order."""
    children = [
        cast.child("a", [cast.ready, cast.sleep(1), cast.crash()], []),
        cast.child("b", [cast.sleep(5)]),
        cast.child("c"),
    ]
    async with cast.open(*children, strategy=Strategy.ONE_FOR_ALL):
        assert cast.diary == ["+a1", "+b1", "-a1", "-b1", "+a2", "+b2", "+c1"]


@pytest.mark.row("SUP-045")
async def test_fatal_in_one_for_one_parks_that_child_alone(autojump_clock, cast) -> None:
    """Nothing hammers a venue with a bad key; the reason and the remedy are shown."""
    async with cast.open(cast.child("a"), cast.child("b")) as tree:
        cast.order("a", cast.crash(Fatal("bad key", remedy="make a new one")))
        with trio.fail_after(1):
            assert await tree.failed("a") == "Fatal: bad key (make a new one)"
        await trio.sleep(100)
        assert states(tree) == {"a": "failed", "b": "running"}
        await tree.restart("a")
        assert generations(tree) == {"a": 2, "b": 1}


async def test_a_remedy_that_the_message_tells_already_is_not_told_twice(autojump_clock, cast) -> None:
    """An error that its callers read has its remedy in its text."""
    async with cast.open(cast.child("a")) as tree:
        cast.order("a", cast.crash(Fatal("bad key: make a new one", remedy="make a new one")))
        with trio.fail_after(1):
            assert await tree.failed("a") == "Fatal: bad key: make a new one"


@pytest.mark.row("SUP-047")
async def test_fatal_in_rest_for_one_holds_the_later_ones(autojump_clock, cast) -> None:
    """They are stopped in reverse, and started in order when the parked one is restarted by hand."""
    async with cast.open(*[cast.child(each) for each in "abcd"], strategy=Strategy.REST_FOR_ONE) as tree:
        cast.take_diary()
        cast.order("b", cast.crash(Fatal("bad key")))
        await tree.failed("b")
        await settled()
        assert cast.take_diary() == ["-b1", "-d1", "-c1"]
        assert states(tree) == {"a": "running", "b": "failed", "c": "stopped", "d": "stopped"}
        assert tree.node("c").last_reason == "held by b"
        await tree.restart("b")
        await settled()
        assert cast.take_diary() == ["+b2", "+c2", "+d2"]
        assert set(states(tree).values()) == {"running"}


@pytest.mark.row("SUP-046")
async def test_fatal_in_one_for_all_parks_the_group(autojump_clock, cast) -> None:
    """A restart by hand of any of them brings all back, in order."""
    async with cast.open(*[cast.child(each) for each in "abc"], strategy=Strategy.ONE_FOR_ALL) as tree:
        cast.take_diary()
        cast.order("b", cast.crash(Fatal("bad key")))
        await tree.failed("b")
        await settled()
        assert cast.take_diary() == ["-b1", "-c1", "-a1"]
        assert states(tree) == {"a": "stopped", "b": "failed", "c": "stopped"}
        await tree.restart("c")
        await settled()
        assert cast.take_diary() == ["+a2", "+b2", "+c2"]


@pytest.mark.row("SUP-012")
async def test_a_restart_by_hand_that_fails_holds_the_others_again(autojump_clock, cast) -> None:
    """The parked child fails to start: the error goes to the caller, the rest goes on waiting."""
    children = [cast.child("a", [], [cast.crash()], []), cast.child("b")]
    async with cast.open(*children, strategy=Strategy.REST_FOR_ONE) as tree:
        cast.order("a", cast.crash(Fatal("bad key")))
        await tree.failed("a")
        with pytest.raises(Exception, match="scripted"):
            await tree.restart("a")
        await trio.sleep(10)
        assert states(tree) == {"a": "failed", "b": "stopped"}
        await tree.restart("a")
        await settled()
        assert states(tree) == {"a": "running", "b": "running"}


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_a_restart_by_hand_that_fails_is_not_tried_again(
    autojump_clock, cast, strategy: Strategy
) -> None:
    """Whoever asked is told; the child is parked, and costs its siblings nothing."""
    async with cast.open(cast.child("a", [], [cast.crash()]), cast.child("b"), strategy=strategy) as tree:
        await tree.terminate_child("a")
        with pytest.raises(StartFailed, match="scripted"):
            await tree.restart("a")
        await trio.sleep(100)
        assert states(tree) == {"a": "failed", "b": "running"}
        assert generations(tree) == {"a": 2, "b": 1}
        assert tree.snapshot().restarts_in_window == 0


@pytest.mark.row("SUP-047")
async def test_fatal_of_a_child_that_was_to_be_stopped_leaves_the_trigger_to_be_restarted(
    autojump_clock, cast
) -> None:
    """In rest_for_one only what comes after the parked child is held."""
    children = [cast.child("a"), cast.child("b"), cast.child("c", [cast.ready, cast.slow_cleanup(1)], [])]
    async with cast.open(*children, strategy=Strategy.REST_FOR_ONE) as tree:
        cast.order("a", cast.crash())
        await settled()
        cast.order("b", cast.crash(Fatal("bad key")))
        await trio.sleep(5)
        assert states(tree) == {"a": "running", "b": "failed", "c": "stopped"}
        assert generations(tree) == {"a": 2, "b": 1, "c": 1}


@pytest.mark.row("SUP-046")
async def test_fatal_in_one_for_all_holds_the_trigger_too(autojump_clock, cast) -> None:
    """A group restart that is under way ends with a parked group."""
    children = [cast.child("a"), cast.child("b"), cast.child("c", [cast.ready, cast.slow_cleanup(1)], [])]
    async with cast.open(*children, strategy=Strategy.ONE_FOR_ALL) as tree:
        cast.order("a", cast.crash())
        await settled()
        cast.order("b", cast.crash(Fatal("bad key")))
        await trio.sleep(5)
        assert states(tree) == {"a": "stopped", "b": "failed", "c": "stopped"}
        assert tree.node("a").last_reason == tree.node("c").last_reason == "held by b"
        await tree.restart("b")
        await settled()
        assert set(states(tree).values()) == {"running"}


@pytest.mark.row("SUP-047")
async def test_a_held_child_that_falls_by_itself_stays_held(autojump_clock, cast) -> None:
    """Its own crash does not bring it back before the one that it waits for."""
    children = [cast.child("a"), cast.child("b"), cast.child("c", [cast.ready, cast.slow_cleanup(1)], [])]
    async with cast.open(*children, strategy=Strategy.REST_FOR_ONE) as tree:
        cast.order("a", cast.crash(Fatal("bad key")))
        await settled()
        cast.order("b", cast.crash())
        await trio.sleep(5)
        assert states(tree) == {"a": "failed", "b": "stopped", "c": "stopped"}
        assert tree.node("b").last_reason == "held by a"


@pytest.mark.row("SUP-047")
async def test_fatal_at_the_first_start_parks_the_child_and_holds_what_follows(autojump_clock, cast) -> None:
    """The tree starts nevertheless."""
    children = [cast.child("a"), cast.child("b", [cast.crash(Fatal("no permission"))], []), cast.child("c")]
    async with cast.open(*children, strategy=Strategy.REST_FOR_ONE) as tree:
        assert states(tree) == {"a": "running", "b": "failed", "c": "stopped"}
        await tree.restart("b")
        await settled()
        assert states(tree) == {"a": "running", "b": "running", "c": "running"}


@pytest.mark.row("SUP-082")
async def test_a_child_stopped_by_hand_is_not_brought_back_by_its_group(autojump_clock, cast) -> None:
    """Whoever stopped it wants it stopped; one that ended by itself is started again, as in OTP."""
    children = [cast.child("a"), cast.child("b"), cast.child("c", restart=Restart.TRANSIENT)]
    async with cast.open(*children, strategy=Strategy.ONE_FOR_ALL) as tree:
        await tree.terminate_child("b")
        cast.order("c", cast.leave)
        await settled()
        cast.order("a", cast.crash())
        await settled()
        assert states(tree) == {"a": "running", "b": "stopped", "c": "running"}
        await tree.restart("b")
        assert generations(tree) == {"a": 2, "b": 2, "c": 2}


@pytest.mark.parametrize("on_its_way", [False, True])
async def test_a_held_child_that_is_stopped_by_hand_is_held_no_more(autojump_clock, cast, on_its_way) -> None:
    """It stays down when the parked one is started again, and can be started by itself before."""
    slow = [cast.ready, cast.slow_cleanup(1)]
    children = [cast.child("a"), cast.child("b", slow), cast.child("c")]
    async with cast.open(*children, strategy=Strategy.REST_FOR_ONE) as tree:
        cast.order("a", cast.crash(Fatal("bad key")))
        await trio.sleep(0.5 if on_its_way else 2)
        await tree.terminate_child("b")
        await tree.restart("a")
        await settled()
        assert states(tree) == {"a": "running", "b": "stopped", "c": "running"}
        cast.order("a", cast.crash(Fatal("bad key")))
        await settled()
        assert str(await tree.restart("b")) == "b"
        assert states(tree) == {"a": "failed", "b": "running", "c": "stopped"}


@pytest.mark.row("SUP-016")
async def test_a_child_added_during_a_group_restart_comes_after_it(autojump_clock, cast) -> None:
    """Start order holds for those added at run time, too."""
    children = [cast.child("a", [], [cast.sleep(2)]), cast.child("b")]
    async with cast.open(*children, strategy=Strategy.ONE_FOR_ALL) as tree:
        cast.take_diary()
        cast.order("a", cast.crash())
        await settled()
        await tree.start_child("", cast.child("c"))
        assert cast.diary == ["-a1", "-b1", "+a2", "+b2", "+c1"]


@pytest.mark.row("SUP-047")
async def test_a_branch_is_a_member_of_a_group_like_any_other(autojump_clock, cast) -> None:
    """A supervisor among the siblings is stopped with all below it, and started again."""
    inner = SupervisorSpec("s", [cast.child("x"), cast.child("y")])
    async with cast.open(cast.child("a"), inner, strategy=Strategy.REST_FOR_ONE) as tree:
        cast.take_diary()
        cast.order("a", cast.crash())
        await settled()
        assert cast.diary == ["-a1", "-s/y1", "-s/x1", "+a2", "+s/x2", "+s/y2"]
        assert tree.node("s").state is ChildState.RUNNING
