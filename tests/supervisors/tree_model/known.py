"""What is known of a whole tree: the supervisors that run, and what may follow for their children."""

import math
from typing import Any

from feedtree.supervisors import EventKind as K
from feedtree.supervisors import (
    IntensityExceeded,
    LifecycleEvent,
    Node,
    Restart,
    StartFailed,
    SupervisorSpec,
    Verdict,
)
from tree_model.reading import below, refused, siblings, walk
from tree_model.sights import ENDS, FREE, LIVE, MOMENT, Home, S, Sight

STATES = {
    K.STARTING: S.STARTING,
    K.READY: S.RUNNING,
    K.RESTARTING: S.RESTARTING,
    K.STOPPING: S.STOPPING,
    K.STUCK: S.STUCK,
    K.FAILED: S.FAILED,
}
KINDS = {state: kind for kind, state in STATES.items()} | {S.STOPPED: K.STOPPED}


class Known:
    """What is known of a tree, from the events so far and from who asked for what."""

    def __init__(self, story: Any) -> None:
        self.story = story
        self.lives: dict[str, tuple[K, int]] = {}  # path -> last event, generation
        self.homes: dict[str, Home] = {}
        self.gave_up = self._ends_that_were_too_much()
        self.interrupted = any(
            isinstance(leaf, KeyboardInterrupt) for run in story.runs for leaf in run.leaves
        )
        self.open_home("", story.root)

    def open_home(self, path: str, spec: SupervisorSpec) -> Home:
        """A supervisor begins: what it knew before is gone, but for its listed children's generations.

        Those that are not listed any more are told as removed, so their last word counts until then.
        """
        static = self.story.static[path]
        before = self.homes.get(path)
        for each in [] if before is None else before.sights:
            last = self.lives.get(each)
            self.drop(each, keep_life=each in static)
            if last is not None:
                self.lives[each] = last
        home = self.homes[path] = Home(path, spec)
        for place, each in enumerate(static):
            sight = home.sights[each] = Sight(each, self.story.specs[each], (0, place), added=False)
            kind, generation = self.lives.get(each, (K.REMOVED, 0))
            sight.generation = 0 if kind is K.REMOVED else generation
        return home

    def drop(self, path: str, *, keep_life: bool) -> None:
        if not keep_life:
            self.lives.pop(path, None)
        for each in [each for each in self.lives if each.startswith(path + "/") and not keep_life]:
            del self.lives[each]
        for each in [each for each in self.homes if each == path or each.startswith(path + "/")]:
            del self.homes[each]

    def seed(self, path: str, node: Node) -> None:
        """Begin with what the first snapshot shows."""
        home = self.homes[path]
        home.ready = node.state is S.RUNNING
        home.heard = True
        home.unsure = node.restarts_in_window > 0 or any(each.generation > 1 for each in node.children)
        home.live = path == "" or node.state in LIVE
        for gone in set(home.sights) - {each.path for each in node.children}:
            del home.sights[gone]
        for child in node.children:
            sight = home.sights[child.path]
            sight.state, sight.generation = child.state, child.generation
            sight.ready = sight.ready_once = sight.settled = child.uptime is not None
            sight.settled = home.ready
            begun = [run.began for run in self.story.runs if run.path == child.path]
            sight.since = max([each for each in begun if each < self.story.listening], default=1) - 1
            home.unsure = home.unsure or child.state not in (S.RUNNING, S.STOPPED)
            if child.generation:
                self.lives[child.path] = (KINDS[child.state], child.generation)
            if child.kind == "supervisor" and child.generation:
                self.open_home(child.path, sight.spec)
                self.seed(child.path, child)

    def _ends_that_were_too_much(self) -> dict[int, Exception]:
        """Return the ends on which a supervisor gave up, by their number, with what it failed with."""
        last: dict[str, int] = {}
        marks: dict[int, Exception] = {}
        for event in self.story.events:
            if event.kind in ENDS:
                last[event.path] = event.at_ns
            if event.judgement is not None and event.path in self.story.static:
                self.mark(event.path + "/", event.judgement.error, last, marks)
        self.mark("", self.story.outcome, last, marks)
        return marks

    def mark(self, prefix: str, error: Any, last: dict[str, int], marks: dict[int, Exception]) -> None:
        for each in walk(error):
            if isinstance(each, IntensityExceeded | StartFailed) and each.path.startswith(prefix):
                child = prefix + each.path.removeprefix(prefix).split("/")[0]
                if child in last:
                    marks[last[child]] = each
                return

    def meet(self, home: Home, event: LifecycleEvent) -> Sight:
        asked = [each for each in self.story.requests if each.action == "add" and each.path == event.path]
        asked = [each.called for each in asked if not refused(each) and each.called < event.at_ns]
        static = event.path in self.story.static[home.path]
        assert asked or static, ("a child that nobody asked for", event)
        order = (max(asked, default=0), 0)
        sight = Sight(event.path, self.story.specs[event.path], order, added=True)
        home.sights[event.path] = sight
        return sight

    def verdict(self, sight: Sight) -> Verdict:
        assert sight.end is not None
        assert sight.end.judgement is not None
        return sight.end.judgement.verdict

    def must_return(self, home: Home, sight: Sight) -> bool:
        """Tell whether a child that has ended is to be started again, by its restart type and its end."""
        verdict = self.verdict(sight)
        if sight.spec.restart is Restart.TEMPORARY or verdict in (Verdict.FATAL, Verdict.IGNORED):
            return False
        if sight.spec.restart is Restart.TRANSIENT and verdict in (Verdict.RETURNED, Verdict.SHUTDOWN):
            return False
        return not (sight.spec.bulkhead and isinstance(sight.spec, SupervisorSpec))

    def costs(self, home: Home, sight: Sight) -> bool:
        """Tell whether a restart takes from the intensity: one per group, and nothing for lost connections."""
        return self.verdict(sight) not in FREE and not (sight.absorbed and home.charged)

    def charge(self, home: Home, sight: Sight, event: LifecycleEvent, *, too_much: bool) -> None:
        # Which ends a group that is stopped by hand has already paid for is not told.
        home.unsure = home.unsure or (home.grouped and self.cycled(home, event.at_ns))
        window = home.window_of(sight)
        window.append((event.at, sight.path))
        count = home.count(window, event.at)
        unsure = home.unsure or sight.path in home.doubtful
        assert unsure or (count > home.spec.intensity) is too_much, ("miscounted", count, event)

    def asked(self, what: str, sight: Sight, number: int, *, exact: bool = True) -> bool:
        """Tell whether somebody asked by hand for this child to be stopped, or to be restarted."""
        for each in self.story.requests:
            before = each.called < number and not refused(each)
            over = each.answered is not None and each.answered < sight.since
            if not before or (over and not (each.action == "cycle" and each.given_up)):
                continue  # a cycle whose caller gave up goes on all the same
            stops = each.action in ("terminate", "halt", "cycle", "remove", "delete") or (
                each.action == "add" and each.given_up
            )
            if what == "stop" and stops and each.path == sight.path:
                return True
            starts = what == "restart" and each.action in ("restart", "cycle")
            if starts and (each.path == sight.path or (siblings(each.path, sight.path) and not exact)):
                return True
        return False

    def hastened(self, sight: Sight, number: int) -> list[Any]:
        """Return what was asked since a child began to wait for its restart, that may have ended the wait."""
        assert sight.waiting is not None
        begun = sight.waiting.at_ns
        return [
            each
            for each in self.story.requests
            if each.called < number and (each.answered is None or each.answered > begun) and not refused(each)
            if (each.action == "reset" and below(each.path, sight.path))
            or (each.action == "cycle" and siblings(each.path, sight.path))
        ]

    def cycled(self, home: Home, number: int) -> bool:
        """Tell whether somebody had some child stopped and started again."""
        return any(
            each.action == "cycle" and each.called < number and each.path.rpartition("/")[0] == home.path
            for each in self.story.requests
        )

    def cycling(self, sight: Sight, number: int) -> bool:
        """Tell whether this child is to be stopped and started again by hand: its own end changes nothing."""
        return any(
            each.action == "cycle" and each.path == sight.path and each.called < number
            for each in self.story.requests
            if each.given_up or each.answered is None or each.answered > number
        )

    def late(self, sight: Sight, event: LifecycleEvent) -> bool:
        """Tell whether a child was not ready in time."""
        return not sight.ready and event.at >= sight.started_at + sight.spec.start_timeout - MOMENT

    def deadline(self, path: str, event: LifecycleEvent, *, own: bool = True) -> float:
        """Return when the grace of a child is over, as far as is known: its own, and that of those above it."""
        limits = [limit for number, limit in self.story.stops if number < event.at_ns]
        first = True
        while path:
            parent = path.rpartition("/")[0]
            if own or not first:
                limits.append(self.homes[parent].sights[path].deadline)
            path, first = parent, False
        return min(limits, default=math.inf)

    def running(self, number: int) -> list[Any]:
        return [
            run for run in self.story.runs if run.began < number and (run.ended is None or run.ended > number)
        ]

    def run(self, sight: Sight) -> Any:
        """Return the run of a worker's present incarnation, None where it never took a step."""
        found = [run for run in self.story.runs if run.path == sight.path and run.began > sight.since]
        return next((run for run in found if run.generation == sight.generation), None)
