"""Too many restarts: who gives up, who is parked, who pays."""

import pytest
import trio
import trio.testing

from feedtree.supervisors import (
    BackoffPolicy,
    ChildState,
    EventKind,
    Fatal,
    Herd,
    IntensityExceeded,
    Restart,
    Retryable,
    Shutdown,
    StartFailed,
    Strategy,
    SupervisorSpec,
    Throttled,
    TreeFailed,
)

settled = trio.testing.wait_all_tasks_blocked
STRATEGIES = [{"strategy": each} for each in Strategy] + [{"dynamic": True}]
AT_ONCE = BackoffPolicy(initial=0.0)


async def crash_again_and_again(cast, tree, child_id: str, times: int, error=None) -> None:
    for _ in range(times):
        cast.order(child_id, cast.crash(error))
        await settled()


@pytest.mark.row("SUP-055")
@pytest.mark.row("SUP-069")
@pytest.mark.parametrize("options", STRATEGIES)
async def test_one_restart_too_many_stops_all_and_fails_the_supervisor(autojump_clock, cast, options) -> None:
    """The error carries the path, the last crashes, the window and the cause."""
    boom = ValueError("boom")
    running: list[bool] = []

    async def run() -> None:
        children = [cast.child("a", backoff=AT_ONCE), cast.child("b")]
        async with cast.open(*children, intensity=2, period=10.0, **options) as tree:
            await crash_again_and_again(cast, tree, "a", 2)
            running.append(tree.node("a").state is ChildState.RUNNING)
            cast.order("a", cast.crash(boom))
            await trio.sleep(1000)

    with pytest.raises(TreeFailed) as caught:
        await run()
    assert running == [True]
    assert caught.value.path == "a"
    cause = caught.value.__cause__
    assert isinstance(cause, IntensityExceeded)
    assert (cause.path, cause.intensity, cause.period) == ("a", 2, 10.0)
    assert cause.reasons == ("ValueError: scripted", "ValueError: scripted", "ValueError: boom")
    assert cause.__cause__ is boom
    assert "more than 2 restarts within 10 s" in str(caught.value)
    assert [each for each in cast.diary if each.startswith("-")][-1].startswith("-b")


@pytest.mark.row("SUP-056")
async def test_restarts_wider_apart_than_the_period_never_trip_it(autojump_clock, cast) -> None:
    """However many."""
    async with cast.open(cast.child("a"), intensity=1, period=2.0) as tree:
        for _ in range(20):
            await crash_again_and_again(cast, tree, "a", 1)
            await trio.sleep(5)
        assert tree.node("a").generation == 21


@pytest.mark.row("SUP-067")
@pytest.mark.parametrize(("apart", "fails"), [(2.0, True), (2.001, False)])
async def test_the_window_goes_by_the_clock_of_the_loop_to_the_instant(
    autojump_clock, cast, apart: float, fails: bool
) -> None:
    """A restart exactly one period back still counts; a millisecond later it does not."""
    generations: list[int] = []

    async def run() -> None:
        async with cast.open(cast.child("a", backoff=AT_ONCE), intensity=1, period=2.0) as tree:
            await crash_again_and_again(cast, tree, "a", 1)
            await trio.sleep(apart)
            await crash_again_and_again(cast, tree, "a", 1)
            generations.append(tree.node("a").generation)

    if fails:
        with pytest.raises(TreeFailed, match="more than 1 restarts within 2 s"):
            await run()
    else:
        await run()
    assert generations == ([] if fails else [3])


@pytest.mark.row("SUP-057")
@pytest.mark.parametrize("options", STRATEGIES)
async def test_intensity_zero_ends_at_the_first_restartable_end(autojump_clock, cast, options) -> None:
    """Also an orderly one of a permanent child; but not a Retryable, which costs nothing."""
    generations: list[int] = []

    async def run() -> None:
        async with cast.open(cast.child("a"), intensity=0, **options) as tree:
            await crash_again_and_again(cast, tree, "a", 1, Retryable("lost"))
            generations.append(tree.node("a").generation)
            cast.order("a", cast.crash(Shutdown()))
            await trio.sleep(1000)

    with pytest.raises(TreeFailed, match="Shutdown"):
        await run()
    assert generations == [2]


@pytest.mark.row("SUP-058")
@pytest.mark.row("SUP-059")
@pytest.mark.parametrize("options", STRATEGIES)
async def test_failed_restarts_are_retried_and_each_costs(autojump_clock, cast, options) -> None:
    """A persistent failure before ready ends the supervisor, also where it claims to be Retryable."""

    async def run() -> None:
        child = cast.child("a", [], [cast.crash(Retryable("too early"))])
        async with cast.open(child, intensity=3, **options):
            cast.order("a", cast.crash(Retryable("lost")))
            await trio.sleep(1000)

    with pytest.raises(TreeFailed, match="too early"):
        await run()
    assert len(cast.actors["a"].contexts) == 5  # the first, one free restart, three that cost


@pytest.mark.row("SUP-060")
async def test_a_child_that_fails_one_restart_and_then_succeeds_runs(autojump_clock, cast) -> None:
    """A failed attempt is not the end."""
    async with cast.open(cast.child("a", [], [cast.crash()], [])) as tree:
        cast.order("a", cast.crash())
        await trio.sleep(1)
        assert (tree.node("a").state, tree.node("a").generation) == (ChildState.RUNNING, 3)


@pytest.mark.row("SUP-057")
async def test_a_retryable_after_ready_never_costs(autojump_clock, cast) -> None:
    """An outage of hours does not exhaust anything."""
    async with cast.open(
        cast.child("a", [cast.ready, cast.crash(Retryable("refused"))]), intensity=0
    ) as tree:
        await trio.sleep(3600)
        assert tree.snapshot().restarts_in_window == 0
        assert tree.node("a").generation > 1800


@pytest.mark.row("SUP-068")
async def test_the_first_retry_is_immediate_then_waits_grow_to_two_seconds(
    autojump_clock, cast, heard
) -> None:
    """0, at most 0.1, 0.2, ... at most 2 s; 10 s of useful data start over."""
    child = cast.child("a", [cast.useful])
    async with cast.open(child) as tree, heard(tree) as events:
        for _ in range(8):
            cast.order("a", cast.crash(Retryable("lost")))
            await trio.sleep(3)
        await trio.sleep(10)
        cast.order("a", cast.crash(Retryable("lost")))
        await settled()
        waits = [each.wait for each in events if each.kind is EventKind.RESTARTING]
        bounds = [0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 0.0]
        assert all(0 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))
        assert waits[0] == waits[-1] == 0.0
        assert all(wait > 0 for wait in waits[1:-1])


@pytest.mark.row("SUP-057")
@pytest.mark.row("SUP-068")
async def test_a_throttled_child_pauses(autojump_clock, cast) -> None:
    """As long as it was told, else a minute; and it costs nothing."""
    async with cast.open(cast.child("a"), intensity=0) as tree:
        cast.order("a", cast.crash(Throttled("429", retry_after=7.0)))
        await settled()
        assert tree.node("a").wait == 7.0
        await trio.sleep(7.5)
        cast.order("a", cast.crash(Throttled("418")))
        await settled()
        assert tree.node("a").wait == pytest.approx(60.0)


@pytest.mark.row("SUP-068")
async def test_a_flapping_child_is_called_so(autojump_clock, cast, heard) -> None:
    """Once, with an alert; it is retried every 30 s at most, until useful data comes."""
    script = [cast.connected, cast.ready, cast.crash(Retryable("reset"))]
    child = cast.child("a", *[script] * 22, [cast.useful])
    async with cast.open(child) as tree, heard(tree) as events:
        await trio.sleep(60)
        assert tree.node("a").report == "flapping" or tree.node("a").generation == 23
        await trio.sleep(60)
        assert tree.node("a").report is None
    assert [each.kind for each in events].count(EventKind.FLAPPING) == 1
    assert "flapping" in [each["event"] for each in cast.logged()]


@pytest.mark.row("SUP-068")
async def test_streams_of_a_herd_that_fall_together_come_back_one_by_one(autojump_clock, cast, heard) -> None:
    """All but the first get a jitter of up to 50 ms."""
    policy = BackoffPolicy(herd=Herd())
    children = [cast.child(each, backoff=policy) for each in "abcd"]
    async with cast.open(*children) as tree, heard(tree) as events:
        for each in "abcd":
            cast.order(each, cast.crash(Retryable("venue gone")))
        await trio.sleep(1)
        waits = sorted(each.wait for each in events if each.kind is EventKind.RESTARTING)
        assert waits[0] == 0.0
        assert 0.0 < waits[1] < waits[-1] <= 0.05


@pytest.mark.row("SUP-061")
@pytest.mark.row("SUP-095")
async def test_a_waiting_child_blocks_nothing(autojump_clock, cast) -> None:
    """The supervisor answers, shows the time left, and restarts others meanwhile."""
    async with cast.open(cast.child("a"), cast.child("b")) as tree:
        cast.order("a", cast.crash(Throttled("429", retry_after=50.0)))
        await trio.sleep(20)
        assert (tree.node("a").state, tree.node("a").wait) == (ChildState.RESTARTING, 30.0)
        cast.order("b", cast.crash())
        await settled()
        assert tree.node("b").generation == 2
        await tree.start_child("", cast.child("c"))
        assert trio.current_time() == 20.0


@pytest.mark.row("SUP-064")
@pytest.mark.row("SUP-068")
@pytest.mark.parametrize("options", STRATEGIES)
async def test_a_stop_in_mid_wait_ends_promptly(autojump_clock, cast, options) -> None:
    """Nobody waits for a restart that will not come."""
    async with cast.open(cast.child("a"), cast.child("b"), **options) as tree:
        cast.order("a", cast.crash(Throttled("429", retry_after=50.0)))
        await settled()
    assert trio.current_time() == 0.0
    assert tree.node("a").state is ChildState.STOPPED


@pytest.mark.row("SUP-064")
@pytest.mark.parametrize("options", STRATEGIES)
async def test_a_wait_does_not_outlast_the_order_to_stop(autojump_clock, cast, options) -> None:
    """Nobody is started again while siblings take longer to end than the wait would have lasted."""
    slow = cast.child("b", [cast.ready, cast.slow_cleanup(90)], shutdown=100.0)
    async with cast.open(cast.child("a", [], [cast.leave]), slow, **options) as tree:
        cast.order("a", cast.crash(Throttled("429", retry_after=50.0)))
        await settled()
    assert trio.current_time() == 90.0
    assert tree.node("a").generation == 1


@pytest.mark.row("SUP-065")
async def test_a_failed_supervisor_comes_back_with_its_static_children(autojump_clock, cast) -> None:
    """Those added at run time are gone; the parent pays one unit."""
    inner = SupervisorSpec("s", [cast.child("x", backoff=AT_ONCE), cast.child("y")], intensity=1)
    async with cast.open(cast.child("a"), inner) as tree:
        await tree.start_child("s", cast.child("z"))
        await crash_again_and_again(cast, tree, "x", 2)
        assert [(each.id, each.generation) for each in tree.node("s").children] == [("x", 3), ("y", 2)]
        assert tree.node("s").generation == 2
        assert tree.node("a").generation == 1
        assert tree.snapshot().restarts_in_window == 1


@pytest.mark.row("SUP-066")
async def test_exhausted_intensity_is_abnormal_for_a_transient_supervisor(autojump_clock, cast) -> None:
    """It is restarted by its parent: a documented divergence from OTP."""
    inner = SupervisorSpec("s", [cast.child("x")], intensity=0, restart=Restart.TRANSIENT)
    async with cast.open(inner) as tree:
        cast.order("x", cast.crash())
        await settled()
        assert tree.node("s").generation == 2


@pytest.mark.row("SUP-069")
async def test_an_escalation_through_the_levels_leads_to_the_first_cause(autojump_clock, cast) -> None:
    """Each level names its own child; the chain of causes ends at what the actor raised."""
    boom = ValueError("boom")

    async def run() -> None:
        inner = SupervisorSpec("s", [cast.child("x")], intensity=0)
        async with cast.open(inner, intensity=0):
            cast.order("x", cast.crash(boom))
            await trio.sleep(1000)

    with pytest.raises(TreeFailed) as caught:
        await run()
    upper = caught.value.__cause__
    assert isinstance(upper, IntensityExceeded)
    lower = upper.__cause__
    assert isinstance(lower, IntensityExceeded)
    assert (caught.value.path, upper.path, lower.path) == ("s", "s", "s/x")
    assert lower.__cause__ is boom


@pytest.mark.row("SUP-058")
async def test_a_supervisor_whose_restart_fails_is_retried_at_the_parents_cost(autojump_clock, cast) -> None:
    """A failed start of a branch is a failed restart like any other."""
    inner = SupervisorSpec("s", [cast.child("x", [], [cast.crash()], [])], intensity=0)
    async with cast.open(inner) as tree:
        cast.order("x", cast.crash())
        await trio.sleep(1)
        assert tree.node("s").generation == 3
        assert tree.snapshot().restarts_in_window == 2


@pytest.mark.row("SUP-037")
async def test_a_temporary_supervisor_that_fails_is_gone(autojump_clock, cast, temporary) -> None:
    """A restart type goes before everything else."""
    inner = SupervisorSpec("s", [cast.child("x")], intensity=0, **temporary)
    async with cast.open(inner, cast.child("a")) as tree:
        cast.order("x", cast.crash())
        await settled()
        assert [each.id for each in tree.snapshot().children] == ["a"]


@pytest.mark.row("SUP-055")
async def test_a_bulkhead_that_gives_up_is_parked_and_costs_its_siblings_nothing(
    autojump_clock, cast
) -> None:
    """Siblings keep their generation; the branch comes back by hand, with what is wanted then."""
    plan = [cast.child("x"), cast.child("y")]
    venue = SupervisorSpec("venue", lambda: plan, intensity=0, bulkhead=True)
    async with cast.open(cast.child("a"), venue, cast.child("b"), strategy=Strategy.ONE_FOR_ALL) as tree:
        cast.order("x", cast.crash())
        with trio.fail_after(1):
            assert "more than 0 restarts" in await tree.failed("venue")
        assert tree.node("venue").state is ChildState.FAILED
        assert (tree.node("a").generation, tree.node("b").generation) == (1, 1)
        assert tree.snapshot().restarts_in_window == 0
        plan.pop()
        await trio.sleep(1000)
        await tree.restart("venue")
        assert [(each.id, each.generation) for each in tree.node("venue").children] == [("x", 2)]
        assert tree.node("venue").state is ChildState.RUNNING
    assert "failed" in [each["event"] for each in cast.logged()]


@pytest.mark.row("SUP-009")
async def test_a_bulkhead_that_fails_its_first_start_is_parked_and_the_tree_starts(
    autojump_clock, cast
) -> None:
    """One venue with a broken plan does not keep the others from starting."""

    def plan() -> list:
        raise RuntimeError("no such symbol")

    venue = SupervisorSpec("venue", plan, bulkhead=True)
    worker = cast.child("w", [cast.crash()], bulkhead=True)
    async with cast.open(venue, worker, cast.child("a")) as tree:
        assert "no such symbol" in await tree.failed("venue")
        assert tree.node("w").state is ChildState.FAILED
        assert tree.node("a").state is ChildState.RUNNING


@pytest.mark.row("SUP-055")
async def test_a_worker_that_is_a_bulkhead_has_a_window_of_its_own(autojump_clock, cast) -> None:
    """Its crashes neither fail the supervisor nor use up what its siblings may spend."""
    children = [cast.child("a", bulkhead=True, backoff=AT_ONCE), cast.child("b", backoff=AT_ONCE)]
    async with cast.open(*children, intensity=2) as tree:
        await crash_again_and_again(cast, tree, "a", 3)
        assert tree.node("a").state is ChildState.FAILED
        await crash_again_and_again(cast, tree, "b", 2)
        assert tree.node("b").state is ChildState.RUNNING
        await tree.restart("a")
        await crash_again_and_again(cast, tree, "a", 2)
        assert tree.node("a").state is ChildState.RUNNING


@pytest.mark.row("SUP-069")
async def test_an_essential_child_that_is_parked_fails_the_tree(autojump_clock, cast) -> None:
    """All is stopped in order, and the body learns which child it was."""

    async def run() -> None:
        async with cast.open(cast.child("a", essential=True), cast.child("b")):
            cast.order("a", cast.crash(Fatal("bad key")))
            await trio.sleep(1000)

    with pytest.raises(TreeFailed, match="a is essential and failed") as caught:
        await run()
    assert caught.value.path == "a"
    assert isinstance(caught.value.__cause__, Fatal)
    assert cast.diary[-1] == "-b1"


@pytest.mark.row("SUP-069")
async def test_an_essential_child_that_fails_too_often_fails_the_tree_through_a_bulkhead(
    autojump_clock, cast
) -> None:
    """A bulkhead does not hide it, neither when it fails itself nor when a sibling takes it down."""

    async def run(fallen: str) -> None:
        children = [cast.child("x", essential=True), cast.child("y")]
        branch = SupervisorSpec("s", children, bulkhead=True, intensity=0)
        async with cast.open(branch, cast.child("b")):
            cast.order(fallen, cast.crash())
            await trio.sleep(1000)

    with pytest.raises(TreeFailed) as caught:
        await run("x")
    assert (caught.value.path, type(caught.value.__cause__)) == ("s/x", IntensityExceeded)
    with pytest.raises(TreeFailed) as caught:
        await run("y")
    assert caught.value.path == "s"


async def test_a_transient_child_with_a_fatal_end_is_parked_and_a_temporary_one_is_gone(
    autojump_clock, cast, temporary
) -> None:
    """Verdicts never override restart types."""
    children = [cast.child("t", restart=Restart.TRANSIENT), cast.child("x", **temporary)]
    async with cast.open(*children) as tree:
        for each in "tx":
            cast.order(each, cast.crash(Fatal("key")))
        await settled()
        assert [(each.id, each.state) for each in tree.snapshot().children] == [("t", ChildState.FAILED)]


@pytest.mark.row("SUP-009")
async def test_a_start_failure_names_its_cause_through_the_levels(autojump_clock, cast) -> None:
    """The chain of causes leads to what the child raised."""
    broken = KeyError("deep")
    inner = SupervisorSpec("s", [SupervisorSpec("t", [cast.child("x", [cast.crash(broken)])])])
    with pytest.raises(TreeFailed) as caught:
        async with cast.open(inner):
            raise AssertionError
    assert caught.value.path == "s/t/x"
    assert isinstance(caught.value.__cause__, StartFailed)
    assert caught.value.__cause__.__cause__ is broken


async def test_an_essential_child_that_is_held_by_a_parked_sibling_fails_the_tree(
    autojump_clock, cast
) -> None:
    """It is down until a person acts, as if it were parked itself."""

    async def run() -> None:
        children = [cast.child("a"), cast.child("b", essential=True)]
        async with cast.open(*children, strategy=Strategy.REST_FOR_ONE):
            cast.order("a", cast.crash(Fatal("bad key")))
            await trio.sleep_forever()

    with pytest.raises(TreeFailed, match="b is essential") as caught:
        await run()
    assert caught.value.path == "b"


async def test_a_temporary_bulkhead_that_fails_its_first_start_is_gone(
    autojump_clock, cast, temporary
) -> None:
    """A restart type goes before everything else; its siblings start."""
    async with cast.open(
        cast.child("a", [cast.crash()], bulkhead=True, **temporary), cast.child("b")
    ) as tree:
        assert [each.id for each in tree.snapshot().children] == ["b"]
