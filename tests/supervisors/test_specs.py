"""Specs are refused before anything starts."""

import itertools
import math
from typing import Any

import pytest
import trio

from feedtree.actors.context import Context
from feedtree.supervisors import (
    AutoShutdown,
    BackoffPolicy,
    ChildSpec,
    InvalidSpec,
    Restart,
    StartFailed,
    Strategy,
    SupervisorSpec,
    TreeFailed,
    open_supervisor,
)


async def actor(context: Context) -> None:
    context.started()


@pytest.mark.row("SUP-013")
def test_defaults_are_those_of_otp() -> None:
    """Permanent; 5 s of grace for a worker, no limit for a supervisor."""
    child, supervisor = ChildSpec("a", actor), SupervisorSpec("s")
    assert (child.restart, child.shutdown, child.significant) == (Restart.PERMANENT, 5.0, False)
    assert (supervisor.restart, supervisor.shutdown) == (Restart.PERMANENT, math.inf)
    assert (supervisor.significant, supervisor.auto_shutdown) == (False, AutoShutdown.NEVER)
    assert (supervisor.strategy, supervisor.children) == (Strategy.ONE_FOR_ONE, ())


@pytest.mark.row("SUP-022")
def test_a_missing_id_or_start_is_a_type_error() -> None:
    """Python itself names the argument that is missing."""
    with pytest.raises(TypeError, match="start"):
        ChildSpec("a")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="id"):
        SupervisorSpec()  # type: ignore[call-arg]


@pytest.mark.row("SUP-030")
def test_an_unknown_option_is_refused() -> None:
    """OTP ignores unknown keys; here a slip of the pen is an error (a documented divergence)."""
    with pytest.raises(TypeError, match="shutdwn"):
        ChildSpec("a", actor, shutdwn=3)  # type: ignore[call-arg]


@pytest.mark.row("SUP-023")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("id", "a/b"),
        ("id", 3),
        ("start", "actor"),
        ("restart", "permanent"),
        ("shutdown", -1),
        ("shutdown", math.nan),
        ("shutdown", "5"),
        ("shutdown", True),
        ("start_timeout", -0.1),
        ("backoff", 1.0),
        ("bulkhead", 1),
        ("essential", "yes"),
    ],
)
def test_a_malformed_child_is_refused_by_field_and_value(field: str, value: Any) -> None:
    """The error names the field, the value, and what is allowed."""
    options = {"id": "a", "start": actor, field: value}
    with pytest.raises(InvalidSpec) as caught:
        ChildSpec(**options)
    assert caught.value.field.endswith(f".{field}")
    assert repr(value) in str(caught.value)


@pytest.mark.row("SUP-027")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("strategy", "one_for_all"),
        ("intensity", -1),
        ("intensity", 1.5),
        ("intensity", True),
        ("period", 0),
        ("period", math.inf),
        ("period", None),
        ("max_children", -1),
        ("dynamic", None),
        ("auto_shutdown", "any_significant"),
        ("auto_shutdown", None),
    ],
)
def test_malformed_flags_are_refused_by_field_and_value(field: str, value: Any) -> None:
    """The error names the supervisor, the field, and the value."""
    with pytest.raises(InvalidSpec, match=rf"SupervisorSpec\('s'\)\.{field} = "):
        SupervisorSpec("s", **{field: value})


@pytest.mark.row("SUP-027")
def test_intensity_zero_is_valid() -> None:
    """No restart at all is a legal wish."""
    assert SupervisorSpec("s", intensity=0).intensity == 0


@pytest.mark.row("SUP-024")
def test_all_valid_combinations_are_accepted() -> None:
    """Restart types and graces combine freely, for workers and supervisors."""
    for restart, shutdown in itertools.product(Restart, (0, 0.5, 3, math.inf)):
        ChildSpec("a", actor, restart=restart, shutdown=shutdown, backoff=BackoffPolicy(cap=1.0))
        SupervisorSpec("a", restart=restart, shutdown=shutdown)


@pytest.mark.row("SUP-025")
@pytest.mark.row("SUP-028")
def test_duplicate_ids_are_refused() -> None:
    """An id names one child."""
    with pytest.raises(InvalidSpec, match="'a'"):
        SupervisorSpec("s", [ChildSpec("a", actor), SupervisorSpec("a")])


@pytest.mark.row("SUP-022")
@pytest.mark.parametrize("children", ["ab", 7, [actor], [None]])
def test_what_is_no_spec_is_refused(children: Any) -> None:
    """Neither a list of something else nor something else than a list passes."""
    with pytest.raises(InvalidSpec, match=r"SupervisorSpec\('s'\).children"):
        SupervisorSpec("s", children)


@pytest.mark.row("SUP-027")
def test_a_dynamic_supervisor_is_one_for_one() -> None:
    """Children that come and go have no order that a group could follow."""
    with pytest.raises(InvalidSpec, match="dynamic"):
        SupervisorSpec("s", dynamic=True, strategy=Strategy.ONE_FOR_ALL)


@pytest.mark.row("SUP-091")
def test_more_children_than_allowed_are_refused() -> None:
    """The first children count as well."""
    with pytest.raises(InvalidSpec, match="max_children = 1"):
        SupervisorSpec("s", [ChildSpec("a", actor), ChildSpec("b", actor)], max_children=1)


@pytest.mark.row("SUP-007")
@pytest.mark.parametrize("made", [None, 7, [actor]])
async def test_a_malformed_result_of_a_children_function_fails_the_start(made: Any) -> None:
    """The start fails with a typed error that names the value."""
    with pytest.raises(TreeFailed) as caught:
        async with open_supervisor(SupervisorSpec("root", lambda: made)):
            raise AssertionError
    assert isinstance(caught.value.__cause__, StartFailed)
    assert isinstance(caught.value.__cause__.__cause__, InvalidSpec)
    assert caught.value.__cause__.__cause__.value in (made, actor)


@pytest.mark.row("SUP-008")
async def test_an_exception_in_a_children_function_fails_the_start() -> None:
    """It is the cause of the failed start."""
    boom = RuntimeError("no plan")

    def plan() -> list[ChildSpec]:
        raise boom

    with pytest.raises(TreeFailed, match="no plan") as caught:
        async with open_supervisor(SupervisorSpec("root", plan)):
            raise AssertionError
    assert caught.value.__cause__ is not None
    assert caught.value.__cause__.__cause__ is boom


@pytest.mark.row("SUP-044")
@pytest.mark.parametrize("interrupt", [SystemExit("no such venue"), KeyboardInterrupt()])
async def test_an_interrupt_in_a_children_function_stops_the_tree_in_order_and_goes_on(
    autojump_clock, cast, interrupt: BaseException
) -> None:
    """It is neither a failed start nor a defect of the supervisor that called it."""
    calls = []

    def plan() -> list[ChildSpec]:
        calls.append(None)
        if len(calls) == 2:
            raise interrupt
        return [cast.child("x")]

    async def run() -> None:
        async with cast.open(cast.child("a"), cast.child("b"), SupervisorSpec("s", plan, intensity=0)):
            cast.order("x", cast.crash())
            await trio.sleep_forever()

    with pytest.raises(type(interrupt)) as caught:
        await run()
    assert caught.value is interrupt
    assert cast.diary[-2:] == ["-b1", "-a1"]


def test_a_temporary_child_cannot_be_essential() -> None:
    """It is never given up: it ends."""
    with pytest.raises(InvalidSpec, match=r"essential = True: False, since restart = temporary"):
        ChildSpec("a", actor, restart=Restart.TEMPORARY, essential=True)


@pytest.mark.row("SUP-008")
async def test_what_has_started_before_a_function_that_raises_is_stopped(autojump_clock, cast) -> None:
    """No task is left, and the error names the supervisor whose function it is."""

    def plan() -> list[ChildSpec]:
        raise RuntimeError("no plan")

    before = trio.lowlevel.current_statistics().tasks_living
    with pytest.raises(TreeFailed, match="no plan") as caught:
        async with cast.open(cast.child("a"), SupervisorSpec("s", plan), cast.child("b")):
            raise AssertionError
    assert caught.value.path == "s"
    assert cast.diary == ["+a1", "-a1"]
    assert trio.lowlevel.current_statistics().tasks_living == before


@pytest.mark.row("SUP-025")
async def test_duplicate_ids_from_a_function_are_refused_before_any_child_starts(
    autojump_clock, cast
) -> None:
    """The start fails; nothing of the list has run."""
    with pytest.raises(TreeFailed, match="once only"):
        async with cast.open(
            SupervisorSpec("s", lambda: [cast.child("a"), cast.child("b"), cast.child("a")])
        ):
            raise AssertionError
    assert cast.diary == []
