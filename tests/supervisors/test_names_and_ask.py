"""Names and questions of supervised actors: both end with the incarnation, before the next one begins."""

import gc
import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

import pytest
import trio
import trio.testing

from feedtree.actors.context import Context
from feedtree.supervisors import (
    AskTimeout,
    Inbox,
    NameNotFound,
    NameTaken,
    Registration,
    Shutdown,
    StartFailed,
    StartTimeout,
    Strategy,
    Supervisor,
    SupervisorSpec,
    TargetEnded,
    Throttled,
    TreeFailed,
    open_supervisor,
)

settled = trio.testing.wait_all_tasks_blocked
Step = Callable[[Any, Context], Awaitable[None]]


def register(name: str, value: Any = None) -> Step:
    async def step(_: Any, context: Context) -> None:
        context.register(name, value)

    return step


async def offer(_: Any, context: Context) -> None:
    """Step: take questions under the name `x`, but answer none."""
    inbox: Inbox[str, str] = context.inbox(capacity=1)
    context.register("x", inbox)


async def offer_and_take(actor: Any, context: Context) -> None:
    """Step: as `offer`, and take the first question."""
    await offer(actor, context)
    context.started()
    await anext(context.whereis("x").value)


async def echo(actor: Any, context: Context) -> None:
    """Step: answer every question under the name `x`."""
    await offer(actor, context)
    context.started()
    async for request in context.whereis("x").value:
        request.reply(f"{request.question} from {context.generation}")


def is_free(tree: Supervisor, name: str = "x") -> bool:
    try:
        tree.whereis(name)
    except NameNotFound:
        return True
    return False


class Asker:
    """Asks whoever holds the name `x`, with a minute to wait, and keeps what comes of it and when."""

    def __init__(self, tree: Supervisor, nursery: trio.Nursery) -> None:
        self.inbox: Inbox[str, str] = tree.whereis("x").value
        self.outcome: Any = None
        self.at = math.nan
        nursery.start_soon(self._ask)

    async def _ask(self) -> None:
        try:
            self.outcome = await self.inbox.ask("?", timeout=60.0)
        except (TargetEnded, AskTimeout) as error:
            self.outcome = error
        self.at = trio.current_time()


async def ask_and_end(
    opening: AbstractAsyncContextManager[Supervisor], nursery: trio.Nursery, strike: Callable[[], None]
) -> Asker:
    """Ask in a tree that comes to a bad end, and return the asker, which outlives it."""
    asker = tree = None
    try:
        async with opening as tree:
            asker = Asker(tree, nursery)
            await trio.sleep(1)
            strike()
            await trio.sleep(1000)
    except (KeyboardInterrupt, TreeFailed):
        await settled()
    assert asker is not None
    assert tree is not None
    assert is_free(tree)
    return asker


def assert_ended(asker: Asker, at: float, reason: str, cause: type[BaseException] | None = None) -> None:
    assert isinstance(asker.outcome, TargetEnded)
    assert asker.at == at
    assert asker.outcome.path == "a"
    assert asker.outcome.reason == reason
    assert type(asker.outcome.__cause__) is (type(None) if cause is None else cause)


# Names


@pytest.mark.row("SUP-113")
async def test_a_second_live_registration_fails_and_names_the_holder(autojump_clock, cast) -> None:
    """The one that is refused fails its start where it does not catch that; the holder keeps the name."""
    async with cast.open(cast.child("a", [register("x", 1)])) as tree:
        with pytest.raises(StartFailed, match="'x' is taken by a, generation 1") as caught:
            await tree.start_child("", cast.child("b", [register("x", 2)]))
        assert isinstance(caught.value.__cause__, NameTaken)
        assert tree.whereis("x") == Registration("x", 1, "a", 1)


@pytest.mark.row("SUP-113")
async def test_a_name_is_unique_in_its_whole_tree_and_in_no_other(autojump_clock, cast) -> None:
    """Branches share the names; a tree beside it has its own."""
    branch = SupervisorSpec("s", [cast.child("a", [register("x", "one")])])
    async with cast.open(branch) as tree, cast.open(cast.child("b", [register("x", "other")])) as other:
        assert tree.whereis("x").path == "s/a"
        assert (tree.whereis("x").value, other.whereis("x").value) == ("one", "other")
        with pytest.raises(StartFailed, match="taken by s/a"):
            await tree.start_child("", cast.child("c", [register("x")]))


@pytest.mark.row("SUP-114")
@pytest.mark.parametrize("end", ["crash", "leave"])
async def test_the_replacement_registers_the_name_in_its_init(autojump_clock, cast, end: str) -> None:
    """Restarted at once, again and again, it never finds its name taken."""
    ending = cast.crash() if end == "crash" else cast.leave
    async with cast.open(cast.child("a", [register("x")]), intensity=100) as tree:
        for generation in range(2, 20):
            cast.order("a", ending)
            await trio.sleep(30)
            assert tree.whereis("x").generation == generation
    assert all("NameTaken" not in str(line) for line in cast.logged())


@pytest.mark.row("SUP-114")
async def test_a_group_finds_all_its_names_free_when_it_is_restarted(autojump_clock, cast) -> None:
    """Even where its members change names with each other."""
    async with cast.open(
        cast.child("a", [register("x")], [register("y")]),
        cast.child("b", [register("y")], [register("z")]),
        cast.child("c", [register("z")], [register("x")]),
        strategy=Strategy.ONE_FOR_ALL,
    ) as tree:
        cast.order("b", cast.crash())
        await settled()
        found = {name: (tree.whereis(name).path, tree.whereis(name).generation) for name in "xyz"}
        assert found == {"y": ("a", 2), "z": ("b", 2), "x": ("c", 2)}


@pytest.mark.row("SUP-114")
async def test_a_rest_for_one_group_frees_its_own_names_only(autojump_clock, cast) -> None:
    """The earlier sibling keeps what it holds."""
    async with cast.open(
        *[cast.child(each, [register(each)]) for each in "abc"], strategy=Strategy.REST_FOR_ONE
    ) as tree:
        cast.order("b", cast.crash())
        await settled()
        assert [tree.whereis(each).generation for each in "abc"] == [1, 2, 2]


@pytest.mark.row("SUP-114")
async def test_a_restarted_supervisor_finds_the_names_of_all_below_it_free(autojump_clock, cast) -> None:
    """Also those of children that clean up slowly, which are waited for."""
    slow = cast.child("slow", [register("y"), cast.ready, cast.slow_cleanup(3)])
    inner = SupervisorSpec("t", [slow])
    async with cast.open(SupervisorSpec("s", [inner, cast.child("a", [register("x")])], intensity=0)) as tree:
        cast.order("a", cast.crash())
        await trio.sleep(2)
        assert is_free(tree, "x")
        assert tree.whereis("y").generation == 1
        await trio.sleep(5)
        assert tree.whereis("x") == Registration("x", None, "s/a", 2)
        assert tree.whereis("y") == Registration("y", None, "s/t/slow", 2)


@pytest.mark.row("SUP-115")
async def test_a_crash_frees_the_name_while_the_child_waits_for_its_restart(autojump_clock, cast) -> None:
    """Whoever asks meanwhile is told, and finds the next incarnation later."""
    async with cast.open(cast.child("a", [register("x")])) as tree:
        cast.order("a", cast.crash(Throttled("slow down", retry_after=10.0)))
        await trio.sleep(5)
        with pytest.raises(NameNotFound, match="'x'"):
            tree.whereis("x")
        await trio.sleep(10)
        assert tree.whereis("x").generation == 2


@pytest.mark.row("SUP-115")
async def test_a_stop_frees_the_name_when_the_child_has_ended(autojump_clock, cast) -> None:
    """Not before: while it cleans up, it is alive."""
    slow = cast.child("a", [register("x"), cast.ready, cast.slow_cleanup(2)])
    async with cast.open(slow) as tree, trio.open_nursery() as nursery:
        nursery.start_soon(tree.terminate_child, "a")
        await trio.sleep(1)
        assert tree.whereis("x").path == "a"
        await trio.sleep(2)
        assert is_free(tree)
        await tree.restart("a")
        assert tree.whereis("x").generation == 2


@pytest.mark.row("SUP-115")
async def test_a_failed_init_frees_the_name(autojump_clock, cast) -> None:
    """At a start by hand, where it is free as soon as the asker is told, and at a restart."""
    async with cast.open(cast.child("a", [], [register("x"), cast.crash()], [register("x")])) as tree:
        with pytest.raises(StartFailed):
            await tree.start_child("", cast.child("b", [register("x"), cast.crash()]))
        assert is_free(tree)
        cast.order("a", cast.crash())
        await trio.sleep(5)
        assert tree.whereis("x").generation == 3


@pytest.mark.row("SUP-115")
@pytest.mark.parametrize("end", ["ignore", "leave"])
async def test_an_init_without_anything_to_run_frees_the_name(autojump_clock, cast, end: str) -> None:
    """Where it says so, and where it just returns."""
    async with cast.open(dynamic=True) as tree:
        try:
            await tree.start_child("", cast.child("a", [register("x"), getattr(cast, end)]))
        except StartFailed:
            assert end == "leave"
        assert is_free(tree)


@pytest.mark.row("SUP-115")
async def test_a_start_timeout_frees_the_name(autojump_clock, cast) -> None:
    """Once the late child is gone."""
    late = cast.child("a", [register("x"), cast.slow_cleanup(1)], start_timeout=2)
    async with cast.open() as tree:
        with pytest.raises(StartTimeout):
            await tree.start_child("", late)
        assert trio.current_time() == 3.0
        assert is_free(tree)


@pytest.mark.row("SUP-115")
async def test_the_end_of_the_tree_frees_all_names(autojump_clock, cast) -> None:
    """The handle can still be asked."""
    inner = SupervisorSpec("s", [cast.child("b", [register("y")])], dynamic=True)
    async with cast.open(cast.child("a", [register("x")]), inner) as tree:
        assert not is_free(tree, "y")
    assert is_free(tree, "x")
    assert is_free(tree, "y")


@pytest.mark.row("SUP-115")
async def test_nothing_grows_with_failed_registrations_and_restarts(autojump_clock, cast) -> None:
    """A hundred of each leave one registration and one inbox."""
    async with cast.open(cast.child("a", [offer]), intensity=1000) as tree:
        for _ in range(100):
            with pytest.raises(StartFailed):
                await tree.start_child("", cast.child("b", [offer]))
            cast.order("a", cast.crash())
            await trio.sleep(3)
        gc.collect()
        kept = [each for each in gc.get_objects() if isinstance(each, Registration | Inbox)]
        assert [type(each) for each in kept].count(Registration) == 1
        assert [type(each) for each in kept].count(Inbox) == 1
        assert tree.whereis("x").generation == 101


# Questions


@pytest.mark.row("SUP-118")
async def test_a_timeout_leaves_no_late_reply_behind(autojump_clock, cast) -> None:
    """Neither for the asker, which goes on asking, nor for the target."""

    async def slow(actor: Any, context: Context) -> None:
        await offer(actor, context)
        context.started()
        async for request in context.whereis("x").value:
            await trio.sleep(2)
            request.reply(request.question)

    async with cast.open(cast.child("a", [slow])) as tree:
        inbox: Inbox[str, str] = tree.whereis("x").value
        with pytest.raises(AskTimeout, match="taken"):
            await inbox.ask("first", timeout=1.0)
        assert await inbox.ask("second", timeout=5.0) == "second"
        assert trio.current_time() == 4.0
        assert tree.whereis("x").generation == 1


@pytest.mark.row("SUP-118")
async def test_a_question_that_timed_out_unseen_is_never_seen(autojump_clock, cast) -> None:
    """The target is busy, the asker gives up, the target comes to its queue."""
    async with cast.open(cast.child("a", [offer, cast.ready, cast.sleep(5)])) as tree:
        inbox: Inbox[str, str] = tree.whereis("x").value
        with pytest.raises(AskTimeout, match="not taken"):
            await inbox.ask("early", timeout=1.0)
        seen: list[str] = []

        async def look(_: Any, __: Context) -> None:
            request = await anext(inbox)
            seen.append(request.question)
            request.reply("done")

        cast.order("a", look)
        assert await inbox.ask("late", timeout=20.0) == "done"
        assert seen == ["late"]


@pytest.mark.row("SUP-120")
@pytest.mark.parametrize("part", [offer, offer_and_take], ids=["queued", "taken"])
@pytest.mark.parametrize(
    ("error", "reason"),
    [(ValueError("bug"), "ValueError: bug"), (Shutdown("done"), "Shutdown: done"), (None, "returned")],
)
async def test_an_ask_in_flight_fails_at_once_when_the_target_ends(
    autojump_clock, cast, part: Step, error: Exception | None, reason: str
) -> None:
    """With the reason, whether or not the question was taken; asking again fails at once the same way."""
    async with cast.open(cast.child("a", [part])) as tree, trio.open_nursery() as nursery:
        asker = Asker(tree, nursery)
        await trio.sleep(1)
        cast.order("a", cast.leave if error is None else cast.crash(error))
        await trio.sleep(1)
        assert_ended(asker, 1.0, reason, None if error is None else type(error))
        assert asker.outcome.__cause__ is error
        with pytest.raises(TargetEnded, match=reason):
            await asker.inbox.ask("again", timeout=60)
        assert trio.current_time() == 2.0


@pytest.mark.row("SUP-120")
async def test_a_group_of_exceptions_is_told_by_the_one_that_decided(autojump_clock, cast) -> None:
    """As the supervisor judges it."""
    bug = ValueError("bug")
    group = ExceptionGroup("both", [trio.ClosedResourceError("wire"), bug])
    async with cast.open(cast.child("a", [offer])) as tree, trio.open_nursery() as nursery:
        asker = Asker(tree, nursery)
        await settled()
        cast.order("a", cast.crash(group))
        await settled()
        assert_ended(asker, 0.0, "ValueError: bug", ValueError)


@pytest.mark.row("SUP-120")
async def test_a_stopped_target_may_answer_until_it_has_ended(autojump_clock, cast) -> None:
    """What it leaves open then fails at once."""

    async def answer_one_while_stopping(actor: Any, context: Context) -> None:
        await offer_and_take(actor, context)
        inbox: Inbox[str, str] = context.whereis("x").value
        request = await anext(inbox)
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(2)
                request.reply("goodbye")
                await trio.sleep(2)

    child = cast.child("a", [answer_one_while_stopping])
    async with cast.open(child) as tree, trio.open_nursery() as nursery:
        unanswered = Asker(tree, nursery)
        await settled()
        answered = Asker(tree, nursery)
        await settled()
        await tree.terminate_child("a")
        await settled()
        assert (answered.at, answered.outcome) == (2.0, "goodbye")
        assert_ended(unanswered, 4.0, "stopped")


@pytest.mark.row("SUP-120")
async def test_a_failed_init_fails_what_it_was_asked_already(autojump_clock, cast) -> None:
    """An inbox may be open before its actor is ready."""
    async with cast.open() as tree, trio.open_nursery() as nursery:

        async def start() -> None:
            with pytest.raises(StartFailed):
                await tree.start_child("", cast.child("a", [offer, cast.sleep(2), cast.crash()]))

        nursery.start_soon(start)
        await trio.sleep(1)
        asker = Asker(tree, nursery)
        await trio.sleep(5)
        assert_ended(asker, 2.0, "ValueError: scripted", ValueError)


@pytest.mark.row("SUP-120")
async def test_a_start_timeout_fails_what_was_asked(autojump_clock, cast) -> None:
    """The reason says that it was not ready in time."""
    async with cast.open() as tree, trio.open_nursery() as nursery:

        async def start() -> None:
            with pytest.raises(StartTimeout):
                await tree.start_child("", cast.child("a", [offer, cast.sleep(9)], start_timeout=3))

        nursery.start_soon(start)
        await trio.sleep(1)
        asker = Asker(tree, nursery)
        await trio.sleep(5)
        assert_ended(
            asker, 3.0, "StartTimeout: a did not start: it was not ready in time", cause=StartTimeout
        )


@pytest.mark.row("SUP-120")
@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
async def test_a_group_restart_fails_what_its_members_were_asked(autojump_clock, cast, strategy) -> None:
    """Before any of the group is started again; the next incarnation answers under the same name."""
    first = cast.child("first")
    inboxes: list[Inbox[str, str]] = []

    async def check(_: Any, __: Context) -> None:
        assert all(inbox.ended for inbox in inboxes)

    trigger = cast.child("trigger", [check])
    target = cast.child("a", [offer], [echo])
    async with cast.open(first, trigger, target, strategy=strategy) as tree, trio.open_nursery() as nursery:
        asker = Asker(tree, nursery)
        inboxes.append(asker.inbox)
        await trio.sleep(1)
        cast.order("trigger", cast.crash())
        await trio.sleep(1)
        assert_ended(asker, 1.0, "stopped")
        assert tree.node("trigger").generation == 2
        assert await tree.whereis("x").value.ask("hello", timeout=1) == "hello from 2"


@pytest.mark.row("SUP-120")
async def test_the_end_of_the_tree_fails_what_was_asked_from_outside(autojump_clock, cast) -> None:
    """By an asker that outlives the tree."""
    async with trio.open_nursery() as nursery:
        async with cast.open(cast.child("a", [offer])) as tree:
            asker = Asker(tree, nursery)
            await trio.sleep(1)
        await settled()
        assert_ended(asker, 1.0, "stopped")


@pytest.mark.row("SUP-120")
async def test_an_interrupt_in_the_target_fails_what_was_asked(autojump_clock, cast) -> None:
    """Whatever the end is."""
    async with trio.open_nursery() as nursery:
        tree = cast.open(cast.child("a", [offer]))
        asker = await ask_and_end(tree, nursery, partial(cast.order, "a", cast.crash(KeyboardInterrupt())))
        assert_ended(asker, 1.0, "KeyboardInterrupt", KeyboardInterrupt)


def broken_clock() -> int:
    """A wall clock that makes the supervisor itself raise when it reports a crash."""
    raise ZeroDivisionError("defect")


@pytest.mark.row("SUP-115")
@pytest.mark.row("SUP-120")
async def test_even_a_defect_of_the_supervisor_leaves_no_asker_waiting(autojump_clock, cast) -> None:
    """Its children end with it, unjudged; their names are free."""
    spec = SupervisorSpec("root", [cast.child("a", [offer]), cast.child("b")])
    async with trio.open_nursery() as nursery:
        tree = open_supervisor(spec, wall_ns=broken_clock)
        asker = await ask_and_end(tree, nursery, partial(cast.order, "b", cast.crash()))
        assert_ended(asker, 1.0, "its supervisor broke down")


@pytest.mark.row("SUP-120")
async def test_one_actor_asks_another(autojump_clock, cast) -> None:
    """Found by name; where the other ends, the asker learns it at once and looks its next incarnation up."""
    heard: list[str] = []

    async def ask_twice(_: Any, context: Context) -> None:
        context.started()
        try:
            await context.whereis("x").value.ask("?", timeout=60)
        except TargetEnded as error:
            heard.append(error.reason)
        await trio.sleep(1)
        heard.append(await context.whereis("x").value.ask("?", timeout=60))

    async with cast.open(cast.child("a", [offer], [echo]), cast.child("b", [ask_twice])) as tree:
        await settled()
        cast.order("a", cast.crash())
        await trio.sleep(2)
        assert heard == ["ValueError: scripted", "? from 2"]
        assert tree.node("b").generation == 1
