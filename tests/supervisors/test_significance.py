"""Significant children, whose end for good ends their supervisor."""

import pytest
import trio
import trio.testing

from feedtree.supervisors import (
    AutoShutdown,
    ChildSpec,
    ChildState,
    EventKind,
    InvalidSpec,
    Restart,
    Shutdown,
    Strategy,
    SupervisorSpec,
)

settled = trio.testing.wait_all_tasks_blocked
ANY, ALL = AutoShutdown.ANY_SIGNIFICANT, AutoShutdown.ALL_SIGNIFICANT
TEMPORARY = {"restart": Restart.TEMPORARY}
TRANSIENT = {"restart": Restart.TRANSIENT}


def branch(children, mode: AutoShutdown, **options) -> SupervisorSpec:
    """A branch that is not restarted when it has shut itself down."""
    return SupervisorSpec("s", children, auto_shutdown=mode, restart=Restart.TRANSIENT, **options)


async def start(context) -> None:
    raise AssertionError


@pytest.mark.row("SUP-028")
@pytest.mark.row("SUP-029")
async def test_significance_is_refused_where_it_cannot_mean_anything(autojump_clock, cast) -> None:
    """For permanent children, and where the supervisor never shuts itself down; at start and at run time."""
    with pytest.raises(InvalidSpec, match="restart = permanent"):
        ChildSpec("a", start, significant=True)
    spec = ChildSpec("a", start, significant=True, **TRANSIENT)
    with pytest.raises(InvalidSpec, match="auto_shutdown = never"):
        SupervisorSpec("s", [spec])
    with pytest.raises(InvalidSpec, match="auto_shutdown = never"):
        SupervisorSpec("s", template=spec)
    with pytest.raises(InvalidSpec, match="auto_shutdown"):
        SupervisorSpec("s", auto_shutdown="any_significant")
    async with cast.open() as tree:
        with pytest.raises(InvalidSpec, match="auto_shutdown = never"):
            await tree.start_child("", spec)
        assert tree.count_children().specs == 0


@pytest.mark.row("SUP-097")
@pytest.mark.parametrize("mode", AutoShutdown)
async def test_ends_of_other_children_change_nothing(autojump_clock, cast, mode: AutoShutdown) -> None:
    """In any mode."""
    children = [cast.child("a", **TEMPORARY), cast.child("b", **TRANSIENT), cast.child("c")]
    async with cast.open(branch(children, mode)):
        cast.order("a", cast.crash())
        cast.order("b", cast.leave)
        await trio.sleep(5)
    # Looked at here, since a root that shut itself down would leave its body without an error.
    assert len(cast.actors["c"].contexts) == 1
    assert cast.diary[-1] == "-s/c1"
    assert cast.times["-s/c1"] == 5.0


@pytest.mark.row("SUP-098")
@pytest.mark.parametrize("crash", [False, True])
async def test_any_end_of_a_significant_temporary_child_ends_its_supervisor(
    autojump_clock, cast, heard, crash: bool
) -> None:
    """In good order: the rest is stopped in reverse, and a transient supervisor rests."""
    children = [cast.child("a"), cast.child("b"), cast.child("c", significant=True, **TEMPORARY)]
    async with cast.open(branch(children, ANY)) as tree, heard(tree, "s") as events:
        cast.take_diary()
        cast.order("c", cast.crash() if crash else cast.leave)
        await settled()
        assert cast.diary == ["-s/c1", "-s/b1", "-s/a1"]
        assert tree.node("s").state is ChildState.STOPPED
        assert tree.snapshot().restarts_in_window == 0
        await tree.restart("s")
        assert tree.node("s").generation == 2
    (end,) = [each for each in events if each.path == "s" and each.kind is EventKind.EXITED]
    assert end.reason.startswith("Shutdown: s/c has ended: ")
    assert EventKind.GAVE_UP not in [each.kind for each in events]


@pytest.mark.row("SUP-103")
async def test_a_bulkhead_that_shuts_itself_down_has_not_failed(autojump_clock, cast, heard) -> None:
    """A permanent one is restarted and counted as after any orderly end; parked where that happens too often."""
    child = cast.child("a", significant=True, **TRANSIENT)
    bulkhead = SupervisorSpec("s", [child], auto_shutdown=ANY, bulkhead=True)
    async with cast.open(bulkhead, intensity=1) as tree:
        cast.order("a", cast.leave)
        await settled()
        assert tree.node("s").state is ChildState.RUNNING
        assert (tree.node("s").generation, tree.snapshot().restarts_in_window) == (2, 1)
        cast.order("a", cast.leave)
        assert "more than 1 restarts" in await tree.failed("s")


@pytest.mark.row("SUP-099")
async def test_only_an_orderly_end_of_a_significant_transient_child_counts(autojump_clock, cast) -> None:
    """After a crash it is restarted."""
    async with cast.open(branch([cast.child("a", significant=True, **TRANSIENT)], ANY)) as tree:
        cast.order("a", cast.crash())
        await settled()
        assert tree.node("s/a").generation == 2
        assert tree.node("s").state is ChildState.RUNNING
        cast.order("a", cast.crash(Shutdown()))
        await settled()
        assert tree.node("s").state is ChildState.STOPPED


@pytest.mark.row("SUP-100")
async def test_all_significant_waits_for_the_last_of_them(autojump_clock, cast) -> None:
    """One that is about to be restarted still counts as running."""
    children = [
        cast.child("a", significant=True, **TEMPORARY),
        cast.child("b", [], [], [cast.sleep(5)], significant=True, **TRANSIENT),
        cast.child("c", significant=True, **TRANSIENT),
        cast.child("d"),
    ]
    async with cast.open(branch(children, ALL)) as tree:
        cast.order("b", cast.crash())
        await settled()
        cast.order("a", cast.leave)
        cast.order("b", cast.crash())
        cast.order("c", cast.leave)
        await trio.sleep(8)
        assert tree.node("s").state is ChildState.RUNNING
        cast.order("b", cast.leave)
        await settled()
        assert tree.node("s").state is ChildState.STOPPED


@pytest.mark.row("SUP-101")
async def test_being_stopped_never_counts(autojump_clock, cast) -> None:
    """By hand, or because of a sibling."""
    children = [cast.child("a"), cast.child("b", significant=True, **TRANSIENT)]
    spec = branch(children, ANY, strategy=Strategy.ONE_FOR_ALL)
    async with cast.open(spec) as tree:
        cast.order("a", cast.crash())
        await settled()
        assert tree.node("s/b").generation == 2
        await tree.terminate_child("s/b")
        assert tree.node("s").state is ChildState.RUNNING


@pytest.mark.row("SUP-101")
async def test_a_child_with_nothing_to_run_does_not_count(autojump_clock, cast) -> None:
    """It never ran."""
    children = [cast.child("a", [cast.ignore], significant=True, **TRANSIENT), cast.child("b")]
    async with cast.open(branch(children, ANY)) as tree:
        assert tree.node("s").state is ChildState.RUNNING


@pytest.mark.row("SUP-102")
async def test_instances_of_a_template_may_be_significant(autojump_clock, cast) -> None:
    """The end of the last one ends their supervisor."""
    template = cast.child("conn", significant=True, **TRANSIENT)
    spec = SupervisorSpec("s", template=template, auto_shutdown=ALL, restart=Restart.TRANSIENT)
    async with cast.open(spec) as tree:
        for _ in range(2):
            await tree.start_instance("s")
        cast.order("conn", cast.leave)
        await settled()
        assert tree.count_children("s").active == 1
        cast.order("conn", cast.leave)
        await settled()
        assert tree.node("s").state is ChildState.STOPPED


@pytest.mark.row("SUP-103")
@pytest.mark.parametrize("significant", [False, True])
async def test_the_end_of_a_significant_supervisor_goes_on_upwards(
    autojump_clock, cast, significant: bool
) -> None:
    """And that of another one does not."""
    leaf = cast.child("x", significant=True, **TRANSIENT)
    inner = SupervisorSpec("t", [leaf], auto_shutdown=ANY, significant=significant, **TRANSIENT)
    async with cast.open(branch([inner, cast.child("y")], ANY)) as tree:
        cast.order("x", cast.leave)
        await settled()
        assert tree.node("s/t").state is ChildState.STOPPED
        assert tree.node("s").state is (ChildState.STOPPED if significant else ChildState.RUNNING)


async def test_a_permanent_supervisor_that_shut_itself_down_is_restarted_at_a_cost(
    autojump_clock, cast
) -> None:
    """As after any orderly end of a permanent child."""
    leaf = cast.child("x", significant=True, **TRANSIENT)
    async with cast.open(SupervisorSpec("s", [leaf], auto_shutdown=ANY)) as tree:
        cast.order("x", cast.leave)
        await settled()
        assert (tree.node("s").generation, tree.snapshot().restarts_in_window) == (2, 1)


@pytest.mark.row("SUP-103")
async def test_a_root_that_shuts_itself_down_ends_its_body_without_an_error(autojump_clock, cast) -> None:
    """The body is cancelled, and the tree stopped in order."""
    children = [cast.child("a"), cast.child("b", significant=True, **TRANSIENT)]
    async with cast.open(*children, auto_shutdown=ANY) as tree:
        cast.order("b", cast.leave)
        await trio.sleep(1000)
    assert cast.diary[-2:] == ["-b1", "-a1"]
    assert tree.snapshot().state is ChildState.STOPPED


async def test_a_shutdown_in_the_middle_of_the_start_waits_for_its_end(autojump_clock, cast) -> None:
    """All are ready first, also those of a root; its body is cancelled at its first checkpoint."""
    children = [
        cast.child("a", [cast.ready, cast.leave], significant=True, **TRANSIENT),
        cast.child("b", [cast.sleep(2)]),
    ]
    async with cast.open(branch(children, ANY)) as tree:
        assert trio.current_time() == 2.0
        await settled()
        assert tree.node("s").state is ChildState.STOPPED
    async with cast.open(*children, auto_shutdown=ANY):
        cast.note("body")
        await trio.sleep(1000)
    assert sorted(cast.diary[-2:]) == ["-b1", "body"]
