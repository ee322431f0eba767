"""Ending a supervisor because a significant child has ended: OTP's ``auto_shutdown``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedtree.supervisors.children import Child
from feedtree.supervisors.judgement import Judgement, Verdict
from feedtree.supervisors.reports import Course
from feedtree.supervisors.snapshot import ChildState
from feedtree.supervisors.specs import AutoShutdown
from feedtree.supervisors.verdicts import Shutdown

if TYPE_CHECKING:
    from feedtree.supervisors.control import Control


def note_end(control: Control, child: Child, judgement: Judgement, course: Course) -> None:
    """Let a supervisor end when a child, of whose end it is told, was significant and ended for good."""
    if not child.spec.significant or course not in (Course.FORGET, Course.REST):
        return
    if judgement.verdict is Verdict.IGNORED:
        return
    if control.spec.auto_shutdown is AutoShutdown.ALL_SIGNIFICANT and _others(control, child):
        return
    control.shut_down(Shutdown(f"{child.path} has ended: {judgement.reason}"))


def _others(control: Control, child: Child) -> bool:
    """Tell whether another significant child runs, or is about to run again."""
    return any(
        each is not child
        and each.spec.significant
        and (each.incarnation is not None or each.state is ChildState.RESTARTING or control.is_planned(each))
        for each in control.children.values()
    )
