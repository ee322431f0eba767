"""What it means that a person halts one child of a running tree."""

import pytest
import trio
import trio.testing

from feedtree.supervisors import (
    AlreadyPresent,
    ChildNotFound,
    ChildState,
    NotSupported,
    Restart,
    Retryable,
    SupervisorDown,
    SupervisorSpec,
)
from tests.supervisors.by_hand import (
    CASES,
    KINDS,
    bring_into,
    expected,
    family,
    generations,
    home,
    settled,
    states,
)


@pytest.mark.parametrize(("kind", "state"), CASES)
async def test_a_halted_child_stays_down_and_listed(autojump_clock, cast, kind: str, state: str) -> None:
    """Whatever it was doing, in any kind of supervisor; a restart of its group leaves it out, one by hand does not."""
    async with cast.open(home(kind, *family(cast, state))) as tree, trio.open_nursery() as nursery:
        await bring_into(tree, cast, nursery, state)
        assert states(tree)["b"] == expected(state)
        await tree.halt_child("s/b")
        down = "failed" if state == "parked" else "stopped"
        assert states(tree)["b"] == down
        await settled()
        if state == "held":
            await tree.restart("s/a")
        elif states(tree)["a"] == "running":
            cast.order("a", cast.crash(Retryable("lost")))
        await trio.sleep(100)
        held = {"rest_for_one": ["c"], "one_for_all": ["a", "c"]}.get(kind, []) if state == "parked" else []
        assert states(tree) == {
            each: down if each == "b" else "stopped" if each in held else "running" for each in "abc"
        }
        generation = tree.node("s/b").generation
        handle = await tree.restart("s/b")
        assert str(handle) == "s/b"
        assert tree.node("s/b").generation == generation + 1
        await settled()
        assert set(states(tree).values()) == {"running"}
        assert tree.node("s").restarts_in_window == 0


async def test_a_halted_child_of_a_dynamic_supervisor_holds_its_id_and_can_be_taken_away(
    autojump_clock, cast
) -> None:
    """A second halt changes nothing; terminate forgets it after all."""
    async with cast.open(home("dynamic", cast.child("a"), max_children=1)) as tree:
        handle = await tree.cycle_child("s/a")
        await tree.halt_child(handle)
        await tree.halt_child(handle)
        assert tree.count_children("s") == (1, 0, 0, 1)
        with pytest.raises(AlreadyPresent, match="stopped"):
            await tree.start_child("s", cast.child("a"))
        await tree.terminate_child(handle)
        assert tree.count_children("s").specs == 0


async def test_once_started_again_it_is_a_child_of_a_dynamic_supervisor_as_before(
    autojump_clock, cast
) -> None:
    """It is forgotten when it ends for good."""
    async with cast.open(home("dynamic", cast.child("a", restart=Restart.TRANSIENT))) as tree:
        await tree.halt_child("s/a")
        await tree.restart("s/a")
        cast.order("a", cast.leave)
        await settled()
        assert tree.count_children("s").specs == 0


@pytest.mark.parametrize("last", ["halt", "terminate"])
async def test_who_stops_a_child_last_decides_whether_it_is_kept(autojump_clock, cast, last: str) -> None:
    """Both are answered at its end."""
    child = cast.child("a", [cast.ready, cast.slow_cleanup(1)])
    async with cast.open(home("dynamic", child)) as tree:
        wishes = (
            [tree.terminate_child, tree.halt_child]
            if last == "halt"
            else [tree.halt_child, tree.terminate_child]
        )
        async with trio.open_nursery() as nursery:
            for wish in wishes:
                nursery.start_soon(wish, "s/a")
                await settled()
        assert trio.current_time() == 1.0
        assert states(tree) == ({"a": "stopped"} if last == "halt" else {})


@pytest.mark.parametrize("kind", KINDS)
async def test_a_halted_branch_shows_what_stood_in_it(autojump_clock, cast, kind: str) -> None:
    """As a venue's shard with its connection; started again, it brings its children back."""
    shard = SupervisorSpec("shard", [cast.child("x")], dynamic=True)
    async with cast.open(home(kind, shard)) as tree:
        await tree.halt_child("s/shard")
        assert states(tree) == {"shard": "stopped"}
        assert states(tree, "s/shard") == {"x": "stopped"}
        with pytest.raises(SupervisorDown):
            await tree.halt_child("s/shard/x")
        await tree.restart("s/shard")
        assert states(tree, "s/shard") == {"x": "running"}
        assert generations(tree, "s/shard") == [2]


async def test_a_halted_child_comes_back_with_its_supervisor(autojump_clock, cast) -> None:
    """Whose restart brings back what is listed."""
    async with cast.open(home("dynamic", cast.child("a"), cast.child("b"))) as tree:
        await tree.halt_child("s/b")
        await tree.cycle_child("s")
        assert states(tree) == {"a": "running", "b": "running"}


@pytest.mark.parametrize("ask", ["halt_child", "cycle_child"])
async def test_a_child_that_is_gone_when_it_ends_is_neither_halted_nor_cycled(
    autojump_clock, cast, temporary, ask: str
) -> None:
    """Temporary children, and those that are being removed; what is made from a template is not halted."""
    gone = cast.child("b", [cast.ready, cast.slow_cleanup(1)])
    made = SupervisorSpec("m", template=cast.child("t"))
    async with cast.open(cast.child("a", **temporary), gone, made) as tree, trio.open_nursery() as nursery:
        with pytest.raises(NotSupported, match="temporary"):
            await getattr(tree, ask)("a")
        nursery.start_soon(tree.remove, "b")
        await settled()
        with pytest.raises(ChildNotFound, match="being removed"):
            await getattr(tree, ask)("b")
        with pytest.raises(ChildNotFound):
            await getattr(tree, ask)("nobody")
        instance = await tree.start_instance("m")
        if ask == "halt_child":
            with pytest.raises(NotSupported, match="template"):
                await tree.halt_child(instance)
        else:
            assert str(await tree.cycle_child(instance)) == "m/t-1"
        assert tree.node("a").generation == 1
        assert tree.node(instance).state is ChildState.RUNNING
