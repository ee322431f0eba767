"""What a supervisor remembers of each child, and of the incarnation that runs now."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import trio

from feedtree.actors.context import Context
from feedtree.supervisors.backoff import Attempt, Backoff
from feedtree.supervisors.errors import StartTimeout
from feedtree.supervisors.intensity import Intensity
from feedtree.supervisors.judgement import Judgement, Verdict, judge
from feedtree.supervisors.snapshot import ChildState
from feedtree.supervisors.specs import Spec
from feedtree.supervisors.timers import Timer, Timers
from feedtree.supervisors.usage import Account

if TYPE_CHECKING:
    from feedtree.supervisors.control import Control
    from feedtree.supervisors.reports import CrashReport
    from feedtree.supervisors.requests import Request


class Lineage:
    """What outlives a child's record when its supervisor is itself started anew.

    Generations of one path only ever grow, so that a late task of an earlier one is told apart. It ends when the
    child is removed: a later child of the same id has a lineage of its own.

    Attributes:
        generation: of the latest incarnation, 0 before the first.
        children: id -> lineage, of a supervisor.
        instances: how many children were made from its template so far.
        reports: of its last crashes, oldest first.
        stalls: how often a worker blocked the event loop, all generations together.
        longest_stall: for how many seconds at most.
        account: what a worker has cost, all generations together; None before its first step, and where no
            accounts are kept.
    """

    __slots__ = ("account", "children", "generation", "instances", "longest_stall", "reports", "stalls")

    def __init__(self) -> None:
        self.generation = 0
        self.stalls = 0
        self.longest_stall = 0.0
        self.account: Account | None = None
        self.children: dict[str, Lineage] = {}
        self.instances = 0
        self.reports: tuple[CrashReport, ...] = ()

    def keep(self, report: CrashReport, limit: int) -> None:
        """Keep a report, and at most `limit` of them."""
        self.reports = (*self.reports, report)[-limit:] if limit else ()

    def keep_only(self, ids: list[str]) -> dict[str, Lineage]:
        """Forget the children that are not wanted any more, make room for the new ones, return the forgotten."""
        known = self.children
        self.children = {each: known.pop(each) if each in known else Lineage() for each in ids}
        return known

    def count_stall(self, seconds: float) -> None:
        """Note that the event loop was blocked."""
        self.stalls += 1
        self.longest_stall = max(self.longest_stall, seconds)

    def child(self, child_id: str) -> Lineage:
        """Return the lineage of a child, a new one where there is none."""
        return self.children.setdefault(child_id, Lineage())


class Child:
    """One child of a supervisor: its spec, where it stands, and what it remembers.

    Only the supervisor's control task changes it.
    """

    __slots__ = (
        "added",
        "again",
        "backoff",
        "by_hand",
        "due",
        "forget",
        "halted",
        "held_by",
        "incarnation",
        "last_control",
        "last_reason",
        "let_go_by",
        "lineage",
        "order",
        "path",
        "ready_once",
        "spec",
        "starting",
        "state",
        "stopping",
        "timer",
        "window",
    )

    def __init__(self, spec: Spec, path: str, lineage: Lineage, order: int) -> None:
        self.spec = spec
        self.path = path
        self.lineage = lineage
        self.order = order  # grows in start order
        self.state = ChildState.STOPPED
        self.incarnation: Incarnation | None = None
        self.backoff = Backoff(spec.backoff)
        self.window: Intensity | None = None  # its own restart window, of a worker that is a bulkhead
        self.timer: Timer | None = None  # ends its wait
        self.due = 0.0  # when its wait ends
        self.ready_once = False
        self.added = False  # at run time, and not ready yet
        self.by_hand = False  # stopped by hand: no group restart brings it back
        self.halted = False  # ... and kept, also where a child that has ended is forgotten
        self.again = False  # is started when it has ended, since it is stopped only for that
        self.forget = False  # is removed when it has ended
        self.held_by: str | None = None  # the id of the parked sibling that it waits for
        self.let_go_by: str | None = None  # the id of the one that held it, and is gone
        self.starting: Request | None = None  # waits until it is ready
        self.stopping: list[Request] = []  # wait until it has ended
        self.last_reason: str | None = None
        self.last_control: Control | None = None  # a supervisor's last incarnation, to look at

    @property
    def kept_down(self) -> str:
        """Why it is to stay down, whatever ends it; empty where nothing but its own end decides."""
        if self.held_by is not None:
            return f"held by {self.held_by}"
        return "" if self.let_go_by is None else f"let go: {self.let_go_by} is gone"

    def refuse_start(self, error: Exception) -> None:
        """Tell whoever waits for it to be ready that it will not be."""
        if self.starting is not None:
            self.starting.reject(error)
            self.starting = None


class Incarnation:
    """One run of a child, in a cancel scope of its own.

    Attributes:
        home: the supervisor that runs it.
        context: what a worker was given; None for a supervisor.
        control: what runs a supervisor; None for a worker.
        ready_at: trio time at which it was ready, None before.
        stop_requested: its supervisor asked it to end. Nothing else tells stopped from crashed.
        timed_out: it was asked because it was not ready in time.
        stop_deadline: trio time at which its grace is over.
        error: what left it.
    """

    __slots__ = (
        "child",
        "context",
        "control",
        "error",
        "graces",
        "home",
        "ready_at",
        "scope",
        "stop_deadline",
        "stop_requested",
        "task",
        "timed_out",
        "timer",
    )

    def __init__(self, child: Child, home: Control) -> None:
        self.child = child
        self.home = home
        self.context: Context | None = None
        self.control: Control | None = None
        self.scope = trio.CancelScope()
        self.task: trio.lowlevel.Task | None = None
        self.ready_at: float | None = None
        self.stop_requested = False
        self.timed_out = False
        self.stop_deadline = math.inf
        self.graces: list[trio.CancelScope] = []
        self.timer: Timer | None = None  # start timeout, then grace
        self.error: BaseException | None = None

    def shorten_grace(self, deadline: float) -> None:
        """Let the grace end no later than at `deadline`, for cleanup that has begun, too."""
        self.stop_deadline = min(self.stop_deadline, deadline)
        for scope in self.graces:
            scope.deadline = min(scope.deadline, self.stop_deadline)

    def clear_timer(self, timers: Timers) -> None:
        """Take back the timer that watches it."""
        if self.timer is not None:
            timers.cancel(self.timer)
            self.timer = None

    def judgement(self) -> Judgement:
        """Judge how it ended, and let go of what left it."""
        error, self.error = self.error, None
        judgement = judge(error, ready=self.ready_at is not None, stop_requested=self.stop_requested)
        if not self.timed_out or judgement.verdict is Verdict.INTERRUPTED:
            return judgement
        late = StartTimeout(self.child.path, "it was not ready in time")
        late.__cause__ = error
        return Judgement(Verdict.BUG, late, late)

    def attempt(self, judgement: Judgement, now: float) -> Attempt:
        """Return what this incarnation came to, as far as its backoff cares."""
        useful_since = self.ready_at if self.context is None else self.context.useful_since
        return Attempt(
            connected=self.context is not None and self.context.connected,
            useful_for=None if useful_since is None else now - useful_since,
            throttled=judgement.throttled,
            retry_after=judgement.retry_after,
        )
