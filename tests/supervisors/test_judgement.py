"""What the end of an incarnation means."""

import math
from typing import Any

import pytest
import trio

from feedtree.actors.context import Ignored
from feedtree.supervisors import Fatal, Judgement, Retryable, Shutdown, Throttled, Verdict
from feedtree.supervisors.judgement import describe, judge, leaves_of


def running(error: BaseException | None) -> Judgement:
    return judge(error, ready=True, stop_requested=False)


def starting(error: BaseException | None) -> Judgement:
    return judge(error, ready=False, stop_requested=False)


def stopping(error: BaseException | None) -> Judgement:
    return judge(error, ready=True, stop_requested=True)


async def cancelled() -> BaseException:
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.sleep_forever()
        except trio.Cancelled as error:
            return error
    raise AssertionError


@pytest.mark.row("SUP-042")
@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (None, Verdict.RETURNED),
        (Shutdown("done"), Verdict.SHUTDOWN),
        (Retryable("lost"), Verdict.RETRYABLE),
        (Throttled("429"), Verdict.THROTTLED),
        (Fatal("key"), Verdict.FATAL),
        (ValueError("bug"), Verdict.BUG),
        (KeyboardInterrupt(), Verdict.INTERRUPTED),
        (SystemExit(1), Verdict.INTERRUPTED),
        (BaseExceptionGroup("", [ValueError(), KeyboardInterrupt()]), Verdict.INTERRUPTED),
        (trio.ClosedResourceError(), Verdict.BUG),
    ],
)
def test_an_end_while_running_is_judged_by_its_class(error: BaseException | None, verdict: Verdict) -> None:
    """The class of an exception is its verdict; an interrupt is never a child's failure."""
    assert running(error).verdict is verdict


@pytest.mark.row("SUP-043")
@pytest.mark.parametrize(
    ("leaves", "verdict"),
    [
        ([Retryable(), ValueError(), Fatal("x")], Verdict.FATAL),
        ([Retryable(), ValueError()], Verdict.BUG),
        ([Retryable(), Shutdown()], Verdict.RETRYABLE),
        ([Shutdown(), Shutdown()], Verdict.SHUTDOWN),
        ([Retryable(), ExceptionGroup("inner", [KeyError("deep")])], Verdict.BUG),
        ([Retryable(), trio.BrokenResourceError()], Verdict.RETRYABLE),
        ([trio.BrokenResourceError(), trio.BusyResourceError()], Verdict.BUG),
    ],
)
def test_the_gravest_leaf_of_a_group_decides(leaves: list[Exception], verdict: Verdict) -> None:
    """Fatal goes before bug, bug before Retryable, Retryable before Shutdown."""
    assert running(ExceptionGroup("g", leaves)).verdict is verdict


@pytest.mark.row("SUP-043")
def test_consequences_are_kept_apart_from_the_cause() -> None:
    """An error of a resource that is closed already is attached, and not judged."""
    lost, closed = Retryable("lost"), trio.ClosedResourceError()
    judgement = running(ExceptionGroup("g", [closed, lost]))
    assert (judgement.cause, judgement.consequences) == (lost, (closed,))


def test_a_group_of_any_depth_is_judged_with_its_leaves_in_order() -> None:
    """Deeper than Python's own stack: the supervisor would break on what an actor raised."""
    first, second = Retryable("first"), ValueError("second")
    group: Exception = ExceptionGroup("inner", [first, ExceptionGroup("innermost", [second])])
    for _ in range(3000):
        group = ExceptionGroup("outer", [group])
    assert running(group).cause is second
    assert list(leaves_of(group)) == [first, second]


def test_the_longest_pause_of_a_group_counts() -> None:
    """A throttled leaf makes the group throttled, unless something graver is in it."""
    leaves = [Retryable(), Throttled("a", retry_after=3), Throttled("b", retry_after=9), Throttled("c")]
    judgement = running(ExceptionGroup("g", leaves))
    assert (judgement.verdict, judgement.retry_after) == (Verdict.THROTTLED, 9)
    assert running(ExceptionGroup("g", [*leaves, ValueError()])).retry_after is None


@pytest.mark.row("SUP-042")
async def test_cancellations_in_a_group_are_ignored() -> None:
    """A crash while being cancelled is judged by the crash alone."""
    group = BaseExceptionGroup("g", [await cancelled(), Retryable("lost")])
    assert running(group).verdict is Verdict.RETRYABLE


@pytest.mark.row("SUP-042")
async def test_a_cancellation_that_nobody_asked_for_is_a_bug() -> None:
    """Only a request to stop tells stopped from crashed."""
    error = await cancelled()
    assert running(error).verdict is Verdict.BUG
    assert "did not ask" in running(error).reason
    assert stopping(error).verdict is Verdict.STOPPED


@pytest.mark.row("SUP-042")
async def test_an_end_after_a_request_to_stop_is_stopped_whatever_it_raised() -> None:
    """Return, cancellation and crash during cleanup are all stopped; only the crash leaves a cause."""
    crash = ValueError("cleanup")
    assert (stopping(None).verdict, stopping(None).cause) == (Verdict.STOPPED, None)
    judgement = stopping(BaseExceptionGroup("g", [await cancelled(), crash]))
    assert (judgement.verdict, judgement.cause) == (Verdict.STOPPED, crash)
    assert stopping(trio.ClosedResourceError()).cause is None
    assert stopping(KeyboardInterrupt()).verdict is Verdict.INTERRUPTED


@pytest.mark.row("SUP-075")
def test_only_a_failure_is_the_cause_of_an_end_as_asked() -> None:
    """A Shutdown, or that there was nothing to run, is no failure; of several the gravest counts."""
    bug = ValueError("bug")
    assert [stopping(each).cause for each in (Shutdown(), Ignored())] == [None, None]
    assert stopping(ExceptionGroup("g", [Shutdown(), Retryable(), bug])).cause is bug


@pytest.mark.row("SUP-017")
def test_a_return_before_ready_is_a_failed_start() -> None:
    """A child that returns before it said that it started has failed to start."""
    judgement = starting(None)
    assert judgement.verdict is Verdict.BUG
    assert "before it said that it started" in judgement.reason


@pytest.mark.row("SUP-058")
@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (Retryable(), Verdict.BUG),
        (Throttled("x"), Verdict.BUG),
        (Shutdown(), Verdict.BUG),
        (Fatal("key"), Verdict.FATAL),
        (Ignored("nothing"), Verdict.IGNORED),
        (ExceptionGroup("g", [Ignored("a"), trio.ClosedResourceError()]), Verdict.IGNORED),
        (ExceptionGroup("g", [Ignored("a"), ValueError()]), Verdict.BUG),
    ],
)
def test_before_ready_only_fatal_and_ignore_keep_their_meaning(error: Exception, verdict: Verdict) -> None:
    """Nothing remote belongs before ready, so a Retryable there is a bug."""
    assert starting(error).verdict is verdict


@pytest.mark.row("SUP-110")
def test_reasons_are_single_lines_of_bounded_length() -> None:
    """Line breaks vanish, long texts are cut, and an exception that cannot be rendered does no harm."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert describe(ValueError("a\n b")) == "ValueError: a b"
    assert describe(KeyError()) == "KeyError"
    assert len(describe(ValueError("x" * 10_000))) == 300
    assert describe(Mute()) == "Mute: (its text raised RuntimeError)"


@pytest.mark.parametrize("pause", ["5", b"5", True, -1.0, math.nan, math.inf])
def test_a_pause_that_is_no_number_of_seconds_is_refused_where_it_is_raised(pause: Any) -> None:
    """A header's text would break the supervisor that computes with it; the actor alone is at fault."""
    with pytest.raises(ValueError, match="retry_after = "):
        Throttled("429", retry_after=pause)


def test_a_verdict_of_a_class_with_an_init_of_its_own_is_judged() -> None:
    """One that does not call the class above it: what the supervisor reads has a default."""

    class Limited(Throttled):
        def __init__(self, weight: int) -> None:
            self.weight = weight

    class Refused(Fatal):
        def __init__(self, code: int) -> None:
            self.code = code

    assert running(Limited(3)).verdict is Verdict.THROTTLED
    assert running(Limited(3)).retry_after is None
    assert running(Refused(3)).verdict is Verdict.FATAL
    assert Refused(3).remedy == ""
