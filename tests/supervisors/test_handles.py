"""Handles, which name one child, and templates, from which many are made."""

import gc
import weakref

import pytest
import trio
import trio.testing

from feedtree.actors.context import Context
from feedtree.supervisors import (
    AdminRefused,
    BackoffPolicy,
    ChildNotFound,
    ChildRestarting,
    ChildRunning,
    ChildSpec,
    ChildState,
    Fatal,
    IntensityExceeded,
    InvalidSpec,
    NotSupported,
    Restart,
    Retryable,
    StartFailed,
    SupervisorSpec,
    Throttled,
    TooManyChildren,
    TreeFailed,
)

settled = trio.testing.wait_all_tasks_blocked


def ids(tree, path: str = "") -> list[str]:
    return [each.id for each in tree.node(path).children]


@pytest.mark.row("SUP-013")
@pytest.mark.row("SUP-014")
@pytest.mark.parametrize("dynamic", [False, True])
async def test_a_spec_can_be_read_back(autojump_clock, cast, dynamic: bool) -> None:
    """By path and by handle, with every default; an unknown path and a foreign handle are not found."""
    async with cast.open(dynamic=dynamic) as tree, cast.open() as other:
        handle = await tree.start_child("", cast.child("a", shutdown=3))
        foreign = await other.start_child("", cast.child("a"))
        spec = tree.spec(handle)
        assert spec is tree.spec("a")
        assert (spec.restart, spec.shutdown, spec.significant) == (Restart.PERMANENT, 3, False)
        for target in ("b", foreign):
            with pytest.raises(ChildNotFound):
                tree.spec(target)


@pytest.mark.row("SUP-086")
async def test_a_handle_names_its_child_and_no_later_one_of_its_id(autojump_clock, cast) -> None:
    """Through restarts; once the child is gone, everything asked with it is refused, and nothing happens."""
    async with cast.open(dynamic=True) as tree:
        old = await tree.start_child("", cast.child("a"))
        cast.order("a", cast.crash())
        await settled()
        assert tree.node(old).generation == 2
        await tree.terminate_child(old)
        new = await tree.start_child("", cast.child("a"))
        for ask in (tree.terminate_child, tree.restart, tree.delete_child, tree.remove):
            with pytest.raises(ChildNotFound, match="another one has its id"):
                await ask(old)
        for look in (tree.node, tree.spec, tree.info, tree.crash_reports):
            with pytest.raises(ChildNotFound, match="another one has its id"):
                look(old)
        assert tree.node(new).state is ChildState.RUNNING
        assert (str(new), repr(new)) == ("a", "<Handle a>")
        await tree.terminate_child(new)
        with pytest.raises(ChildNotFound):
            await tree.terminate_child(new)


@pytest.mark.row("SUP-085")
async def test_a_handle_of_a_supervisor_takes_children(autojump_clock, cast) -> None:
    """It stands for its path wherever one is taken."""
    async with cast.open() as tree:
        branch = await tree.start_child("", SupervisorSpec("s", dynamic=True))
        await tree.start_child(branch, cast.child("x"))
        assert tree.count_children(branch).active == 1
        await tree.remove(branch)
        with pytest.raises(ChildNotFound):
            await tree.start_child(branch, cast.child("y"))


@pytest.mark.row("SUP-065")
async def test_a_static_childs_handle_outlives_its_supervisor_and_an_added_ones_does_not(
    autojump_clock, cast
) -> None:
    """The first comes back when the supervisor is restarted, the second is gone."""
    inner = SupervisorSpec("s", [cast.child("x")], intensity=0)
    async with cast.open(inner) as tree:
        await tree.terminate_child("s/x")
        static = await tree.restart("s/x")
        added = await tree.start_child("s", cast.child("y"))
        cast.order("y", cast.crash())
        await settled()
        assert tree.node("s").generation == 2
        assert tree.node(static).generation == 3
        with pytest.raises(ChildNotFound):
            tree.node(added)


async def test_a_handle_keeps_nothing_of_its_child_alive(autojump_clock, cast) -> None:
    """Whoever forgets to drop one holds no start function and no arguments."""

    class Start:
        async def __call__(self, context: Context) -> None:
            context.started()
            await trio.sleep_forever()

    start = Start()
    alive = weakref.ref(start)
    async with cast.open(dynamic=True) as tree:
        handle = await tree.start_child("", ChildSpec("a", start))
        del start
        await tree.terminate_child(handle)
        await settled()
        gc.collect()
        assert alive() is None


async def echo(context: Context, *args: object) -> None:
    context.started((context.generation, *args))
    await trio.sleep_forever()


def template_of(cast, *scripts, **options) -> SupervisorSpec:
    return SupervisorSpec("t", template=cast.child("conn", *scripts), **options)


@pytest.mark.row("SUP-026")
@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"template": "conn"}, "template"),
        ({"template": [ChildSpec("a", echo), ChildSpec("b", echo)]}, "template"),
        ({"template": ChildSpec("a", echo), "children": [ChildSpec("b", echo)]}, "children"),
        ({"template": ChildSpec("a", echo), "children": list}, "children"),
    ],
)
def test_a_template_supervisor_has_exactly_one_template_and_no_other_children(options, field: str) -> None:
    """Anything else is refused, naming the field."""
    with pytest.raises(InvalidSpec) as caught:
        SupervisorSpec("t", **options)
    assert caught.value.field == f"SupervisorSpec('t').{field}"


@pytest.mark.row("SUP-026")
@pytest.mark.row("SUP-090")
async def test_instances_are_numbered_and_listed(autojump_clock, cast) -> None:
    """A number is never given twice, not even after a restart of the supervisor."""
    async with cast.open(template_of(cast, intensity=0)) as tree:
        assert tree.spec("t").dynamic
        for _ in range(3):
            await tree.start_instance("t")
        assert ids(tree, "t") == ["conn-1", "conn-2", "conn-3"]
        await tree.terminate_child("t/conn-3")
        cast.order("conn", cast.crash())
        await settled()
        assert (tree.node("t").generation, ids(tree, "t")) == (2, [])
        handle = await tree.start_instance("t")
        assert handle.path == "t/conn-4"


@pytest.mark.row("SUP-048")
@pytest.mark.row("SUP-094")
async def test_an_instance_is_restarted_with_its_own_arguments(autojump_clock, cast) -> None:
    """Each with those that it was started with, beside what the template itself binds."""
    crash = trio.Event()

    async def start(context: Context, *args: object) -> None:
        context.started((context.generation, *args))
        if context.generation == 1 and args == ("b", 2):
            await crash.wait()
            raise Retryable("lost")
        await trio.sleep_forever()

    async with cast.open(SupervisorSpec("t", template=ChildSpec("conn", start))) as tree:
        first = await tree.start_instance("t", "a", 1)
        second = await tree.start_instance("t", "b", 2)
        plain = await tree.start_instance("t")
        crash.set()
        await settled()
        assert tree.info(first) == (1, "a", 1)
        assert tree.info(second) == (2, "b", 2)
        assert tree.info(plain) == (1,)


@pytest.mark.row("SUP-048")
async def test_a_supervisor_may_be_a_template(autojump_clock, cast) -> None:
    """Arguments go to the function that makes its children; without such a function they are refused."""

    def children(*names: str) -> list[ChildSpec]:
        return [cast.child(name) for name in names]

    account = SupervisorSpec("account", children)
    async with cast.open(SupervisorSpec("t", template=account)) as tree:
        handle = await tree.start_instance("t", "x", "y")
        assert ids(tree, handle.path) == ["x", "y"]
    fixed = SupervisorSpec("account", [cast.child("x")])
    async with cast.open(SupervisorSpec("t", template=fixed)) as tree:
        assert ids(tree, (await tree.start_instance("t")).path) == ["x"]
        with pytest.raises(InvalidSpec, match="given arguments"):
            await tree.start_instance("t", "z")


@pytest.mark.row("SUP-086")
async def test_an_instance_is_terminated_by_handle_and_cannot_be_deleted(autojump_clock, cast) -> None:
    """Terminating removes it; a running or restarting one is not restarted by hand, a parked one may be."""
    async with cast.open(template_of(cast)) as tree:
        handle = await tree.start_instance("t")
        with pytest.raises(ChildRunning):
            await tree.restart(handle)
        with pytest.raises(NotSupported, match="terminate"):
            await tree.delete_child(handle)
        cast.order("conn", cast.crash(Throttled("429", retry_after=9)))
        await settled()
        with pytest.raises(ChildRestarting):
            await tree.restart(handle)
        await trio.sleep(10)
        cast.order("conn", cast.crash(Fatal("key")))
        await tree.failed(handle.path)
        await tree.restart(handle)
        assert tree.node(handle).state is ChildState.RUNNING
        await tree.terminate_child(handle)
        assert tree.count_children("t").specs == 0
        with pytest.raises(ChildNotFound):
            await tree.terminate_child(handle)


@pytest.mark.row("SUP-086")
async def test_a_live_handle_of_another_tree_is_not_found(autojump_clock, cast) -> None:
    """Also where a child stands at the same path; that one goes on."""
    async with cast.open(template_of(cast)) as tree, cast.open(template_of(cast)) as other:
        mine, foreign = await tree.start_instance("t"), await other.start_instance("t")
        assert str(mine) == str(foreign)
        with pytest.raises(ChildNotFound):
            await tree.terminate_child(foreign)
        assert (tree.node(mine).state, other.node(foreign).state) == (ChildState.RUNNING,) * 2


@pytest.mark.row("SUP-085")
async def test_templates_and_specs_are_not_mixed_up(autojump_clock, cast) -> None:
    """Each kind of supervisor takes its own kind of child, and says which."""
    async with cast.open(template_of(cast), SupervisorSpec("plain", dynamic=True)) as tree:
        with pytest.raises(NotSupported, match="use start_instance"):
            await tree.start_child("t", cast.child("a"))
        with pytest.raises(NotSupported, match="use start_child"):
            await tree.start_instance("plain")
        with pytest.raises(AdminRefused):
            await tree.start_instance("nobody")
        assert tree.count_children("t").specs == tree.count_children("plain").specs == 0


@pytest.mark.row("SUP-006")
@pytest.mark.row("SUP-011")
@pytest.mark.row("SUP-091")
async def test_an_instance_that_ignores_or_fails_leaves_nothing(autojump_clock, cast) -> None:
    """The caller is told; siblings stay, and a place is taken only by what is there."""
    scripts = [[cast.ignore], [cast.crash()], []]
    async with cast.open(template_of(cast, *scripts, max_children=1)) as tree:
        assert await tree.start_instance("t") is None
        with pytest.raises(StartFailed, match="scripted"):
            await tree.start_instance("t")
        assert ids(tree, "t") == []
        await tree.start_instance("t")
        with pytest.raises(TooManyChildren):
            await tree.start_instance("t")
        assert ids(tree, "t") == ["conn-3"]


@pytest.mark.row("SUP-055")
@pytest.mark.row("SUP-059")
@pytest.mark.parametrize("late", [False, True])
async def test_instances_use_up_their_supervisors_intensity(autojump_clock, cast, late: bool) -> None:
    """By crashes while they run, and by restarts that fail before they are ready."""
    scripts = [[], [cast.crash()]] if late else []
    template = cast.child("conn", *scripts, backoff=BackoffPolicy(initial=0.0))

    async def run() -> None:
        async with cast.open(SupervisorSpec("t", template=template, intensity=2), intensity=0) as tree:
            await tree.start_instance("t")
            for _ in range(1 if late else 3):
                cast.order("conn", cast.crash())
                await settled()

    with pytest.raises(TreeFailed) as caught:
        await run()
    assert isinstance(caught.value.__cause__, IntensityExceeded)
    assert caught.value.path == "t"


@pytest.mark.row("SUP-019")
async def test_a_cancelled_caller_leaves_no_instance(autojump_clock, cast) -> None:
    """The half-started one is gone with the call."""
    async with cast.open(template_of(cast, [cast.sleep(9)])) as tree:
        with trio.move_on_after(1):
            await tree.start_instance("t")
        assert cast.diary == ["+t/conn-11", "-t/conn-11"]
        assert tree.count_children("t").specs == 0
