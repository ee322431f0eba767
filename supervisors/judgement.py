"""What the end of an incarnation means: one exception, or a group of them, becomes one verdict.

In a group the gravest cause decides: Fatal, then bug, then Retryable, then Shutdown. Cancellations are never a
cause. Errors that say "this resource is already closed" beside another failure are its consequences: they
are kept, and not judged.
"""

from collections.abc import Iterator
from enum import StrEnum

import msgspec
import trio
from msgspec import Struct

from feedtree.actors.context import Ignored
from feedtree.supervisors.faults import text_of
from feedtree.supervisors.verdicts import Fatal, Retryable, Shutdown, Throttled

_CONSEQUENCES = (trio.ClosedResourceError, trio.BrokenResourceError, trio.BusyResourceError)
_REASON_LENGTH = 300


class Verdict(StrEnum):
    """How an incarnation ended."""

    RETURNED = "returned"
    SHUTDOWN = "shutdown"
    RETRYABLE = "retryable"
    THROTTLED = "throttled"
    BUG = "bug"
    FATAL = "fatal"
    IGNORED = "ignored"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


_UNCOUNTED = (Verdict.RETRYABLE, Verdict.THROTTLED)
_ORDERLY = (Verdict.RETURNED, Verdict.SHUTDOWN)


class Judgement(Struct, frozen=True, eq=False):
    """A verdict and what it rests on.

    Args:
        verdict: how the incarnation ended.
        error: what it raised, as raised; None where it returned.
        cause: the leaf of `error` that decided; None where there is none.
        consequences: leaves of `error` that only followed from the cause.
        retry_after: the longest pause in seconds that a `Throttled` leaf asked for, None where none did.
    """

    verdict: Verdict
    error: BaseException | None = None
    cause: BaseException | None = None
    consequences: tuple[BaseException, ...] = ()
    retry_after: float | None = None
    _reason: str | None = None

    @property
    def counted(self) -> bool:
        """Whether a restart after it takes from the supervisor's intensity."""
        return self.verdict not in _UNCOUNTED

    @property
    def throttled(self) -> bool:
        """Whether the peer asked for a pause."""
        return self.verdict is Verdict.THROTTLED

    @property
    def orderly(self) -> bool:
        """Whether a transient child is left alone after it."""
        return self.verdict in _ORDERLY

    @property
    def reason(self) -> str:
        """The verdict's cause in one line of bounded length."""
        if self._reason is None:
            reason = self.verdict.value if self.cause is None else describe(self.cause)
            msgspec.structs.force_setattr(self, "_reason", reason)
            return reason
        return self._reason


RETURNED = Judgement(Verdict.RETURNED)
STOPPED = Judgement(Verdict.STOPPED)


def describe(error: BaseException) -> str:
    """Render an exception in one line of at most 300 characters; a broken ``__str__`` does not matter."""
    text = " ".join(text_of(error).split())
    name = type(error).__name__
    return in_bounds(f"{name}: {text}" if text else name)


def in_bounds(line: str) -> str:
    """Cut a line off after 300 characters."""
    return line if len(line) <= _REASON_LENGTH else line[: _REASON_LENGTH - 1] + "…"


def judge(error: BaseException | None, *, ready: bool, stop_requested: bool) -> Judgement:
    """Judge how an incarnation ended.

    Args:
        error: what left its start function; None where that returned.
        ready: it had said that it started.
        stop_requested: its supervisor had asked it to stop. Only this tells stopped from crashed.
    """
    if error is None:
        return _judge_return(ready=ready, stop_requested=stop_requested)
    if (
        ready
        and not stop_requested
        and isinstance(error, Exception)
        and not isinstance(error, ExceptionGroup)
    ):
        return _judge_cause(error, error, ())
    leaves = list(leaves_of(error))
    for leaf in leaves:
        if not isinstance(leaf, Exception):
            return Judgement(Verdict.INTERRUPTED, error, leaf)
    causes, consequences = _split(leaves)
    if stop_requested:
        return _judge_stop(error, causes, consequences)
    if not ready:
        return _judge_start(error, causes, consequences)
    return _judge_causes(error, causes or list(consequences), consequences if causes else ())


def _judge_return(*, ready: bool, stop_requested: bool) -> Judgement:
    if stop_requested:
        return STOPPED
    if ready:
        return RETURNED
    return Judgement(Verdict.BUG, cause=RuntimeError("it returned before it said that it started"))


def _judge_stop(
    error: BaseException, causes: list[BaseException], consequences: tuple[BaseException, ...]
) -> Judgement:
    """Judge an end after a request to stop: only a failure is a cause, and a `Shutdown` is none."""
    failures = [leaf for leaf in causes if not isinstance(leaf, Shutdown | Ignored)]
    return Judgement(Verdict.STOPPED, error, max(failures, key=_gravity, default=None), consequences)


def _judge_start(
    error: BaseException, causes: list[BaseException], consequences: tuple[BaseException, ...]
) -> Judgement:
    """Judge a failure before ready: only Fatal keeps its meaning, since nothing remote belongs there."""
    if causes and all(isinstance(leaf, Ignored) for leaf in causes):
        return Judgement(Verdict.IGNORED, error)
    judgement = _judge_causes(error, causes or list(consequences), consequences if causes else ())
    if judgement.verdict is Verdict.FATAL:
        return judgement
    return Judgement(Verdict.BUG, error, judgement.cause, judgement.consequences)


def _judge_causes(
    error: BaseException, causes: list[BaseException], consequences: tuple[BaseException, ...]
) -> Judgement:
    if not causes:
        foreign = RuntimeError("it ended by a cancellation that its supervisor did not ask for")
        return Judgement(Verdict.BUG, error, foreign)
    cause = max(causes, key=_gravity)
    if not isinstance(cause, Retryable) or isinstance(cause, Fatal):
        return _judge_cause(error, cause, consequences)
    throttled = [leaf for leaf in causes if isinstance(leaf, Throttled)]
    if not throttled:
        return _judge_cause(error, cause, consequences)
    pauses = [leaf.retry_after for leaf in throttled if leaf.retry_after is not None]
    return Judgement(Verdict.THROTTLED, error, throttled[0], consequences, max(pauses, default=None))


def _judge_cause(
    error: BaseException, cause: BaseException, consequences: tuple[BaseException, ...]
) -> Judgement:
    """Judge by the one cause that decided."""
    verdict = _verdict(cause)
    if verdict is Verdict.RETRYABLE and isinstance(cause, Throttled):
        return Judgement(Verdict.THROTTLED, error, cause, consequences, cause.retry_after)
    return Judgement(verdict, error, cause, consequences)


def leaves_of(error: BaseException) -> Iterator[BaseException]:
    """Walk the leaves of a group, without the cancellations; a group in a group in a group may go down any depth."""
    left = [error]
    while left:
        each = left.pop()
        if isinstance(each, BaseExceptionGroup):
            left.extend(reversed(each.exceptions))
        elif not isinstance(each, trio.Cancelled):
            yield each


def _split(leaves: list[BaseException]) -> tuple[list[BaseException], tuple[BaseException, ...]]:
    causes = [leaf for leaf in leaves if not isinstance(leaf, _CONSEQUENCES)]
    consequences = tuple(leaf for leaf in leaves if isinstance(leaf, _CONSEQUENCES))
    return causes, consequences


def _verdict(leaf: BaseException) -> Verdict:
    if isinstance(leaf, Fatal):
        return Verdict.FATAL
    if isinstance(leaf, Retryable):
        return Verdict.RETRYABLE
    if isinstance(leaf, Shutdown):
        return Verdict.SHUTDOWN
    return Verdict.BUG


_GRAVITY = {Verdict.SHUTDOWN: 0, Verdict.RETRYABLE: 1, Verdict.BUG: 2, Verdict.FATAL: 3}


def _gravity(leaf: BaseException) -> int:
    return _GRAVITY[_verdict(leaf)]
