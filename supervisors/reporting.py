"""Telling how an incarnation ended: the event, the log line, and the report that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import trio

from feedtree.supervisors.children import Incarnation
from feedtree.supervisors.events import EventKind
from feedtree.supervisors.faults import picture
from feedtree.supervisors.judgement import Judgement, Verdict, describe, leaves_of
from feedtree.supervisors.reports import Course, CrashReport
from feedtree.supervisors.specs import ChildSpec, Restart

if TYPE_CHECKING:
    from feedtree.supervisors.control import Control

_LISTED = 20  # causes, and consequences, of one report


def tell_end(
    control: Control, incarnation: Incarnation, judgement: Judgement, course: Course, wait: float | None
) -> None:
    """Tell of an end that nobody asked for, and what follows."""
    child = incarnation.child
    child.last_reason = reason = judgement.reason
    if judgement.verdict is Verdict.IGNORED:
        control.tell(EventKind.IGNORED, child, judgement=judgement)
        return
    if judgement.orderly and child.spec.restart is not Restart.PERMANENT:
        control.tell(EventKind.EXITED, child, reason, judgement=judgement)
        return
    report = keep_report(control, incarnation, judgement, course, wait)
    kind = EventKind.EXITED if judgement.orderly else EventKind.CRASHED
    log = control.around.journal.warning if judgement.counted else control.around.journal.info
    log(
        kind.value,
        path=child.path,
        generation=child.lineage.generation,
        verdict=judgement.verdict.value,
        reason=reason,
        then=course.value,
    )
    control.tell(kind, child, reason, judgement=judgement, report=report)


def keep_report(
    control: Control,
    incarnation: Incarnation,
    judgement: Judgement,
    course: Course,
    wait: float | None = None,
) -> CrashReport:
    """Make the report of an end, and keep it with the child."""
    child, spec = incarnation.child, incarnation.child.spec
    window = control.window_of(child)
    now = trio.current_time()
    causes, consequences = _lines(judgement)
    report = CrashReport(
        path=child.path,
        generation=child.lineage.generation,
        at=now,
        at_ns=control.around.bus.wall_ns(),
        phase=_phase(incarnation),
        uptime=None if incarnation.ready_at is None else now - incarnation.ready_at,
        verdict=judgement.verdict,
        reason=judgement.reason,
        error=None if judgement.error is None else picture(judgement.error),
        causes=causes,
        consequences=consequences,
        supervisor=control.path,
        restarts_in_window=window.count(now),
        intensity=window.limit,
        period=window.period,
        course=course,
        wait=wait,
        kind="worker" if isinstance(spec, ChildSpec) else "supervisor",
        restart=spec.restart.value,
        shutdown=spec.shutdown,
        significant=spec.significant,
    )
    child.lineage.keep(report, control.around.reports_kept)
    return report


def _phase(incarnation: Incarnation) -> Literal["start", "run", "stop"]:
    if incarnation.stop_requested and not incarnation.timed_out:
        return "stop"
    return "start" if incarnation.ready_at is None else "run"


def _lines(judgement: Judgement) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the causes and the consequences of an end, a line each."""
    if judgement.error is None or judgement.error is judgement.cause:
        return (() if judgement.cause is None else (judgement.reason,)), ()
    apart = {id(each) for each in judgement.consequences}
    causes = [each for each in leaves_of(judgement.error) if id(each) not in apart]
    return _described(causes), _described(judgement.consequences)


def _described(errors: tuple[BaseException, ...] | list[BaseException]) -> tuple[str, ...]:
    lines = [describe(each) for each in errors[:_LISTED]]
    if len(errors) > _LISTED:
        lines[-1] = f"({len(errors) - _LISTED + 1} more)"
    return tuple(lines)
