"""What is remembered of what has happened."""

from typing import Any

from feedtree.ops.inspect import history as module
from feedtree.ops.inspect.history import History
from feedtree.ops.inspect.protocol import Happening
from feedtree.supervisors import EventKind, LifecycleEvent
from feedtree.supervisors.judgement import Verdict
from feedtree.supervisors.reports import Course, CrashReport


def report(path: str = "a", reason: str = "Boom: 1", at_ns: int = 1) -> CrashReport:
    return CrashReport(
        path=path, generation=2, at=0.0, at_ns=at_ns, phase="run", uptime=1.0, verdict=Verdict.BUG, reason=reason,
        error=None, causes=(), consequences=(), supervisor="", restarts_in_window=1, intensity=5, period=60.0,
        course=Course.RESTART, wait=0.0, kind="worker", restart="permanent", shutdown=1.0, significant=False,
    )  # fmt: skip


def event(kind: EventKind = EventKind.READY, path: str = "a", **fields: Any) -> LifecycleEvent:
    return LifecycleEvent(kind, path, 1, 0.0, 5, **fields)


def crashed(**fields: Any) -> LifecycleEvent:
    made = report(**fields)
    return event(EventKind.CRASHED, made.path, report=made)


def test_events_are_numbered_and_found_by_branch() -> None:
    """The newest are kept; a branch is its path and what is below it, not what begins alike."""
    history = History()
    for path in ("a", "a/b", "ab", "c"):
        history.take(event(path=path))
    assert [each.path for each in history.events("a", 10)] == ["a", "a/b"]
    assert [each.number for each in history.events("", 2)] == [3, 4]
    assert history.events("", 0) == []
    assert history.events("", -1) == []


def test_a_state_that_is_reported_again_is_no_event() -> None:
    """Until it changes, or another incarnation reports it, or the actor was removed meanwhile."""
    history = History()
    for reason in ("ready", "ready", "busy", "ready"):
        history.take(event(EventKind.REPORTED, reason=reason))
    history.take(event(EventKind.REMOVED))
    history.take(event(EventKind.REPORTED, reason="ready"))
    assert [each.reason for each in history.events("", 10)] == ["ready", "busy", "ready", "", "ready"]


def test_no_more_events_are_kept_than_fit() -> None:
    """Their numbers go on."""
    history = History()
    for _ in range(module.EVENTS_KEPT + 5):
        history.take(event())
    kept = history.events("", 10_000)
    assert (len(kept), kept[0].number) == (module.EVENTS_KEPT, 6)


def test_a_crash_that_repeats_is_one_with_a_count() -> None:
    """Same child, verdict and reason; the latest stands last."""
    history = History()
    for reason, at_ns in (("x", 1), ("y", 2), ("x", 3)):
        history.take(crashed(reason=reason, at_ns=at_ns))
    y, x = history.crashes("a", 10)
    assert (x.reason, x.count, x.first_ns, x.last_ns) == ("x", 2, 1, 3)
    assert (y.reason, y.count) == ("y", 1)
    assert history.crashes("b", 10) == []
    assert [each.reason for each in history.crashes("", 1)] == ["x"]


def test_kinds_of_crashes_are_bounded() -> None:
    """Reasons that are all different push the oldest out."""
    history = History()
    for number in range(module.CRASHES_KEPT + 1):
        history.take(crashed(reason=str(number)))
    kept = history.crashes("", 10_000)
    assert (len(kept), kept[0].reason) == (module.CRASHES_KEPT, "1")


def test_a_secret_in_a_crash_report_is_not_told() -> None:
    """Whoever attaches sees the reason, and no key."""
    history = History()
    history.take(crashed(reason="GET /x?listenKey=0123456789abcdef failed"))
    (crash,) = history.crashes("", 1)
    assert "0123456789abcdef" not in crash.text


def test_listeners_hear_until_they_leave() -> None:
    """Each event once."""
    history, heard = History(), list[Happening]()
    history.listen(heard.append)
    history.take(event(path="a"))
    history.leave(heard.append)
    history.take(event(path="b"))
    assert [each.path for each in heard] == ["a"]


def test_what_looks_like_a_secret_shows_in_no_reason() -> None:
    """Neither in an event nor in a crash."""
    history = History()
    history.take(event(reason="refused: api_key=abcdef123"))
    history.take(crashed(reason="refused: api_key=abcdef123"))
    hidden = "refused: api_key=***"
    assert [each.reason for each in history.events("", 2)] == [hidden, ""]
    assert [each.reason for each in history.crashes("", 1)] == [hidden]
