"""What is kept and told of each crash."""

import pytest
import trio
import trio.testing

from feedtree.supervisors import (
    ChildNotFound,
    Course,
    EventKind,
    Fatal,
    InvalidSpec,
    Restart,
    Retryable,
    Shutdown,
    Strategy,
    SupervisorSpec,
    TreeFailed,
    Verdict,
    open_supervisor,
)

settled = trio.testing.wait_all_tasks_blocked


@pytest.mark.row("SUP-108")
async def test_a_report_says_who_ended_how_and_what_was_done(autojump_clock, cast) -> None:
    """Path, generation, verdict, the exceptions in full, causes apart from consequences, the window, the course."""
    group = ExceptionGroup("two", [trio.ClosedResourceError("wire"), ValueError("bad"), Retryable("lost")])
    inner = SupervisorSpec("s", [cast.child("a", shutdown=3.0)], intensity=4, period=30.0)
    async with cast.open(inner) as tree:
        await trio.sleep(2)
        cast.order("a", cast.crash(group))
        await settled()
        (report,) = tree.crash_reports("s/a")
    assert (report.path, report.generation, report.supervisor) == ("s/a", 1, "s")
    assert (report.at, report.at_ns, report.uptime, report.phase) == (2.0, 1_000, 2.0, "run")
    assert (report.verdict, report.reason) == (Verdict.BUG, "ValueError: bad")
    assert report.causes == ("ValueError: bad", "Retryable: lost")
    assert report.consequences == ("ClosedResourceError: wire",)
    assert [each.type for each in report.error.parts] == ["ClosedResourceError", "ValueError", "Retryable"]
    assert (report.restarts_in_window, report.intensity, report.period) == (1, 4, 30.0)
    assert (report.course, report.wait) == (Course.RESTART, 0.0)
    assert (report.kind, report.restart, report.shutdown, report.significant) == (
        "worker",
        "permanent",
        3.0,
        False,
    )
    assert report.line() == (
        "s/a generation 1 bug: ValueError: bad; restart in 0.000 s, 1 of 4 counted in 30 s"
    )
    text = report.text()
    assert "causes:\n    ValueError: bad\n    Retryable: lost\n  consequences:\n    Closed" in text
    assert "ExceptionGroup: two" in text
    assert ", in step" not in text
    assert f"at {__file__.replace('test_crash_reports', 'conftest')}:" in text


@pytest.mark.row("SUP-108")
async def test_every_way_to_end_has_its_course(autojump_clock, cast, heard, temporary) -> None:
    """Each crash is told with a report of what its supervisor did."""
    group = SupervisorSpec(
        "g",
        [cast.child("x"), cast.child("y", [cast.ready, cast.slow_cleanup(1)])],
        strategy=Strategy.ONE_FOR_ALL,
    )
    tired = SupervisorSpec("tired", [cast.child("z")], intensity=0, bulkhead=True)
    children = [cast.child("lost"), cast.child("key"), cast.child("once", **temporary), group, tired]
    async with cast.open(*children) as tree, heard(tree) as events:
        cast.order("lost", cast.crash(Retryable("gone")))
        cast.order("key", cast.crash(Fatal("refused")))
        cast.order("once", cast.crash())
        cast.order("z", cast.crash())
        cast.order("x", cast.crash())
        await settled()
        cast.order("x", cast.crash())
        await trio.sleep(3)
        with pytest.raises(Exception, match="scripted"):
            await tree.start_child("", cast.child("asked", [cast.crash()]))
    courses = {each.path: each.report.course for each in events if each.report is not None}
    assert courses == {
        "lost": Course.RESTART,
        "key": Course.PARK,
        "once": Course.FORGET,
        "g/x": Course.RESTART,
        "tired/z": Course.GIVE_UP,
        "tired": Course.PARK,
        "asked": Course.REFUSE,
    }
    assert {each.report.phase for each in events if each.path == "asked" and each.report} == {"start"}


@pytest.mark.row("SUP-108")
async def test_a_supervisor_that_gives_up_tells_so_before_it_stops_its_children(
    autojump_clock, cast, heard
) -> None:
    """With the reason; the root, too."""
    events = []

    async def run() -> None:
        inner = SupervisorSpec("s", [cast.child("a"), cast.child("b")], intensity=0)
        async with cast.open(inner, intensity=0) as tree:
            events.append(tree.events())
            cast.order("a", cast.crash())
            await trio.sleep(1000)

    with pytest.raises(TreeFailed):
        await run()
    heard_ones = [each async for each in events[0]]
    told = [(each.kind.value, each.path, each.generation) for each in heard_ones]
    assert told[:6] == [
        ("crashed", "s/a", 1),
        ("gave_up", "s", 1),
        ("stopped", "s/a", 1),
        ("stopping", "s/b", 1),
        ("stopped", "s/b", 1),
        ("crashed", "s", 1),
    ]
    assert told[6] == ("gave_up", "", 1)
    assert "s/a: more than 0 restarts within 60 s" in heard_ones[1].reason


@pytest.mark.row("SUP-108")
@pytest.mark.row("SUP-041")
async def test_a_failure_while_stopping_is_reported_and_not_counted(autojump_clock, cast, heard) -> None:
    """In the phase stop, with the event of the stop."""
    child = cast.child("a", [cast.ready, cast.crash_on_cancel(ValueError("at the end"))])
    async with cast.open(child) as tree, heard(tree) as events:
        with trio.fail_after(1):
            await tree.terminate_child("a")
        (report,) = tree.crash_reports("a")
        assert (report.phase, report.course, report.reason) == ("stop", Course.STOP, "ValueError: at the end")
        assert tree.snapshot().restarts_in_window == 0
    assert [each.report for each in events if each.kind is EventKind.STOPPED] == [report]


@pytest.mark.row("SUP-109")
@pytest.mark.parametrize("order", ["leave", "shutdown"])
@pytest.mark.parametrize("restart", Restart)
async def test_orderly_ends_are_reported_of_permanent_children_only(
    autojump_clock, cast, heard, restart: Restart, order: str
) -> None:
    """They alone are not meant to end."""
    async with cast.open(cast.child("a", restart=restart)) as tree, heard(tree) as events:
        cast.order("a", cast.leave if order == "leave" else cast.crash(Shutdown("done")))
        await settled()
    (end,) = [each for each in events if each.kind is EventKind.EXITED]
    assert (end.report is not None) == (restart is Restart.PERMANENT)
    assert bool(cast.logged()) == (restart is Restart.PERMANENT)


@pytest.mark.row("SUP-110")
async def test_failures_of_many_children_stopped_at_once_are_one_log_line(autojump_clock, cast) -> None:
    """With their number, and the first few reasons with theirs."""
    many = [
        cast.child(f"c{each}", [cast.ready, cast.crash_on_cancel(ValueError(f"v{each % 8}"))])
        for each in range(300)
    ]
    async with cast.open(SupervisorSpec("d", many, dynamic=True)) as tree:
        await tree.terminate_child("d")
    (line,) = cast.logged()
    assert (line["event"], line["path"], line["count"]) == ("failed while stopping", "d", 300)
    assert line["reason"].count(" x ValueError: v") == 5
    assert line["reason"].endswith("others")
    assert len(line["reason"]) < 200


async def test_a_failure_of_one_dynamic_child_stopped_by_itself_is_logged_at_once(
    autojump_clock, cast
) -> None:
    """Only a stop of all sums up."""
    child = cast.child("a", [cast.ready, cast.crash_on_cancel(ValueError("x"))])
    async with cast.open(child, dynamic=True) as tree:
        await tree.terminate_child("a")
        assert [each["event"] for each in cast.logged()] == ["failed while stopping"]


@pytest.mark.row("SUP-110")
async def test_a_report_is_bounded(autojump_clock, cast) -> None:
    """However much a child raises."""
    bomb = ExceptionGroup("g", [ExceptionGroup("h", [ValueError("x\n" * 9000)] * 500)] * 20)
    async with cast.open(cast.child("a")) as tree:
        cast.order("a", cast.crash(bomb))
        await settled()
        (report,) = tree.crash_reports("a")
    assert (len(report.causes), report.causes[-1]) == (20, "(9981 more)")
    assert len(report.text().splitlines()) < 440
    assert len(report.text()) < 60_000
    assert "\n" not in report.line()
    assert len(report.line()) < 500


@pytest.mark.row("SUP-110")
@pytest.mark.parametrize("kept", [0, 3])
async def test_the_last_reports_of_a_child_are_kept(autojump_clock, cast, kept: int) -> None:
    """Over restarts of its supervisor; they are gone with the child."""
    inner = SupervisorSpec("s", [cast.child("a")], intensity=0)
    async with cast.open(inner, supervisor={"reports_kept": kept}) as tree:
        for number in range(5):
            cast.order("a", cast.crash(Retryable(f"{number}")))
            await trio.sleep(3)
        cast.order("a", cast.crash(ValueError("bug")))
        await trio.sleep(1)
        assert tree.node("s").generation == 2
        reasons = [each.reason for each in tree.crash_reports("s/a")]
        assert reasons == (["Retryable: 3", "Retryable: 4", "ValueError: bug"] if kept else [])
        await tree.remove("s/a")
        with pytest.raises(ChildNotFound):
            tree.crash_reports("s/a")
        await tree.start_child("s", cast.child("a"))
        assert tree.crash_reports("s/a") == ()


@pytest.mark.parametrize("kept", [-1, 1.5, True, None])
async def test_a_number_of_reports_that_cannot_be_is_refused(kept: object) -> None:
    """Before anything starts, naming it."""
    with pytest.raises(InvalidSpec, match="reports_kept"):
        async with open_supervisor(SupervisorSpec("root"), reports_kept=kept):
            raise AssertionError


@pytest.mark.row("SUP-069")
async def test_an_escalation_carries_the_last_reasons_in_its_bound(autojump_clock, cast) -> None:
    """As many as reports are kept, the newest last."""

    async def run() -> None:
        async with cast.open(cast.child("a"), intensity=7, period=1000.0, supervisor={"reports_kept": 3}):
            for number in range(8):
                cast.order("a", cast.crash(ValueError(f"{number}")))
                await trio.sleep(3)
            await trio.sleep(1000)

    with pytest.raises(TreeFailed) as caught:
        await run()
    assert caught.value.__cause__.reasons == ("ValueError: 5", "ValueError: 6", "ValueError: 7")


@pytest.mark.row("SUP-074")
async def test_a_crash_before_its_turn_to_be_stopped_is_no_failure_to_stop(autojump_clock, cast) -> None:
    """It was not asked to end yet; it stays down because its supervisor stops."""
    children = [cast.child("a"), cast.child("b", [cast.ready, cast.slow_cleanup(2)])]
    async with cast.open(SupervisorSpec("s", children)) as tree, trio.open_nursery() as nursery:
        nursery.start_soon(tree.terminate_child, "s")
        await trio.sleep(1)
        cast.order("a", cast.crash())
        await trio.sleep(5)
        (report,) = tree.crash_reports("s/a")
    assert (report.phase, report.course) == ("run", Course.STAND_DOWN)
