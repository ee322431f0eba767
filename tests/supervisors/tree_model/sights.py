"""What is known of a supervisor and its children at one moment of a story."""

import math
from typing import Any

from feedtree.supervisors import ChildSpec, ChildState, LifecycleEvent, Strategy, SupervisorSpec, Verdict
from feedtree.supervisors import EventKind as K

S = ChildState
FREE = (Verdict.RETRYABLE, Verdict.THROTTLED)
MOMENT = 1e-6
LIVE = (S.STARTING, S.RUNNING, S.STOPPING, S.STUCK)
ENDS = (K.CRASHED, K.EXITED, K.IGNORED)


class Sight:
    """What is known of one child of one incarnation of a supervisor."""

    def __init__(self, path: str, spec: Any, order: tuple[int, int], *, added: bool) -> None:
        self.path = path
        self.spec = spec
        self.order = order
        self.added = added
        self.state = S.STOPPED
        self.generation = 0
        self.since = 0  # the number of its last start
        self.started_at = 0.0
        self.ready = False  # this incarnation
        self.ready_once = False
        self.settled = False  # its first start is over
        self.deadline = math.inf  # of its grace
        self.end: LifecycleEvent | None = None  # of its own, that something must follow
        self.absorbed = False  # that end came while its group was being stopped
        self.waiting: LifecycleEvent | None = None
        self.failed: LifecycleEvent | None = None

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def bulkhead_worker(self) -> bool:
        return self.spec.bulkhead and isinstance(self.spec, ChildSpec)


class Home:
    """What is known of one incarnation of a supervisor."""

    def __init__(self, path: str, spec: SupervisorSpec) -> None:
        self.path = path
        self.spec = spec
        self.sights: dict[str, Sight] = {}
        self.since = 0  # the number of its start
        self.live = True
        self.ready = False
        self.stopped_at: float | None = None
        self.heard = False
        self.window: list[tuple[float, str]] = []
        self.own: dict[str, list[tuple[float, str]]] = {}
        self.doubtful: set[str] = set()  # whose own windows may or may not have been cleared by hand
        self.group: set[str] = set()  # runs, and is to be stopped for a group restart
        self.charged = False
        self.held = False  # some child was parked, and holds others
        self.unsure = False  # counted before anybody listened

    @property
    def grouped(self) -> bool:
        return self.spec.strategy is not Strategy.ONE_FOR_ONE

    def window_of(self, sight: Sight) -> list[tuple[float, str]]:
        return self.own.setdefault(sight.path, []) if sight.bulkhead_worker else self.window

    def count(self, window: list[tuple[float, str]], now: float, path: str | None = None) -> int:
        """Count what lies within the period; exactly one period back still counts."""
        return sum(1 for at, who in window if now - at <= self.spec.period and path in (None, who))

    def members(self, sight: Sight) -> list[Sight]:
        """Return those that are restarted together with a child."""
        if not self.grouped:
            return [sight]
        everybody = list(self.sights.values())
        if self.spec.strategy is Strategy.ONE_FOR_ALL:
            return everybody
        return [each for each in everybody if each.order >= sight.order]
