"""Crash reports: how a child ended, and what its supervisor did about it."""

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from feedtree.supervisors.faults import Fault
from feedtree.supervisors.judgement import Verdict


class Course(StrEnum):
    """What a supervisor does about a child that has ended."""

    RESTART = "restart"  # it is started again, with its group where the strategy says so
    PARK = "park"  # it is left down until someone restarts it by hand
    REST = "rest"  # it is left down, its spec is kept
    FORGET = "forget"  # it is removed
    REFUSE = "refuse"  # whoever asked for its start is told that it failed
    STAND_DOWN = "stand_down"  # it was to be stopped anyway, or is held by a parked sibling
    GIVE_UP = "give_up"  # its supervisor stops all children, and fails
    STOP = "stop"  # it was asked to end, and failed on its way


class CrashReport(Struct, frozen=True, kw_only=True, gc=False):
    """How one incarnation ended, other than as it should.

    Every crash makes one, and every failure while stopping; and so does each end of a permanent child that was
    not asked to end. It holds no exception, and its length is bounded.

    Args:
        path: the child.
        generation: which incarnation of it.
        at: trio time in seconds.
        at_ns: wall-clock time, UTC nanoseconds.
        phase: ``start`` before it was ready, ``run`` after, ``stop`` once it was asked to end.
        uptime: seconds from ready to its end, None where it was not ready.
        verdict: how it ended.
        reason: the cause in one line.
        error: what it raised, in full; None where it returned.
        causes: one line for each exception in it that may have decided; at most 20.
        consequences: one line for each that only followed from another's end (closed or broken resources);
            at most 20.
        supervisor: the path of its supervisor; empty for the root.
        restarts_in_window: counted restarts within the supervisor's last period (the child's own ones where it
            is a bulkhead), this one included.
        intensity: how many of them are allowed ...
        period: ... within that many seconds.
        course: what the supervisor did.
        wait: seconds until the next start, for ``restart``.
        kind: of the child.
        restart: its restart type.
        shutdown: its grace in seconds.
        significant: whether its end may end its supervisor.
    """

    path: str
    generation: int
    at: float
    at_ns: int
    phase: Literal["start", "run", "stop"]
    uptime: float | None
    verdict: Verdict
    reason: str
    error: Fault | None
    causes: tuple[str, ...]
    consequences: tuple[str, ...]
    supervisor: str
    restarts_in_window: int
    intensity: int
    period: float
    course: Course
    wait: float | None
    kind: Literal["worker", "supervisor"]
    restart: str
    shutdown: float
    significant: bool

    def line(self) -> str:
        """Return it as one line."""
        return f"{self.path} generation {self.generation} {self.verdict}: {self.reason}; {self._done()}"

    def text(self) -> str:
        """Return it as lines, with the exceptions in full."""
        up = "before it was ready" if self.uptime is None else f"{self.uptime:.3f} s after it was ready"
        lines = [
            f"{self.path} generation {self.generation} ended in phase {self.phase}, {up}",
            f"  {self.verdict}: {self.reason}",
            f"  {self.restart} {self.kind}, grace {self.shutdown:g} s, below {self.supervisor or '(root)'}",
            f"  {self._done()}",
            *_listed("causes", self.causes),
            *_listed("consequences", self.consequences),
        ]
        if self.error is not None:
            lines += [f"  {line}" for line in self.error.render().splitlines()]
        return "\n".join(lines)

    def _done(self) -> str:
        window = f"{self.restarts_in_window} of {self.intensity} counted in {self.period:g} s"
        wait = "" if self.wait is None else f" in {self.wait:.3f} s"
        return f"{self.course.value.replace('_', ' ')}{wait}, {window}"


def _listed(title: str, lines: tuple[str, ...]) -> list[str]:
    return [f"  {title}:", *(f"    {line}" for line in lines)] if lines else []


class StopFailures:
    """Failures of many children that were stopped at once, summed up: thousands make one log line."""

    __slots__ = ("_counts", "_others", "total")

    _KINDS = 5

    def __init__(self) -> None:
        self.total = 0
        self._counts: dict[str, int] = {}  # reason -> how often
        self._others = 0

    def add(self, report: CrashReport) -> None:
        """Count one."""
        self.total += 1
        if report.reason in self._counts or len(self._counts) < self._KINDS:
            self._counts[report.reason] = self._counts.get(report.reason, 0) + 1
        else:
            self._others += 1

    def summary(self) -> str:
        """Return the first few reasons, each with its count, in one line."""
        parts = [f"{count} x {reason}" for reason, count in self._counts.items()]
        if self._others:
            parts.append(f"{self._others} others")
        return ", ".join(parts)
