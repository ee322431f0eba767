"""A model of supervision: events change what is known, and must be what supervision allows there."""

import math
from typing import Any

from feedtree.supervisors import EventKind as K
from feedtree.supervisors import (
    IntensityExceeded,
    LifecycleEvent,
    StartTimeout,
    SupervisorSpec,
    Verdict,
)
from tree_model.known import STATES, Known
from tree_model.looks import see
from tree_model.reading import below, refused, verdict_of
from tree_model.sights import ENDS, FREE, MOMENT, Home, S, Sight

STUCK_AFTER = 0.1
FOLLOWS = {
    None: {K.STARTING},
    K.STARTING: {K.READY, K.CRASHED, K.IGNORED, K.STOPPING, K.STOPPED, K.GAVE_UP},
    K.READY: {K.CRASHED, K.EXITED, K.STOPPING, K.STOPPED, K.GAVE_UP},
    K.GAVE_UP: {K.READY, K.CRASHED, K.STOPPING, K.STOPPED},
    K.CRASHED: {K.RESTARTING, K.FAILED, K.STOPPED, K.REMOVED},
    K.EXITED: {K.RESTARTING, K.FAILED, K.STARTING, K.STOPPED, K.REMOVED},
    K.IGNORED: {K.STARTING, K.STOPPED, K.REMOVED},
    K.RESTARTING: {K.STARTING, K.STOPPED},
    K.STOPPING: {K.STOPPED, K.STUCK, K.CRASHED, K.GAVE_UP},
    K.STUCK: {K.STOPPED, K.CRASHED},
    K.STOPPED: {K.STARTING, K.REMOVED},
    K.FAILED: {K.STARTING, K.REMOVED, K.STOPPED},
    K.REMOVED: {K.STARTING},
}


class Model(Known):
    """Replays a story: events change what is known, snapshots must agree with it."""

    def replay(self) -> None:
        heard = [(event.at_ns, self.hear, event) for event in self.story.events]
        looks = [(look.number, self.see, look) for look in self.story.looks]
        seeded = False
        for _, act, what in sorted([*heard, *looks], key=lambda each: each[0]):
            if not seeded:
                self.seed("", what.node)
                seeded = True
            act(what)
        for path, (kind, _) in self.lives.items():
            assert kind in (K.STOPPED, K.FAILED, K.REMOVED, K.EXITED, K.IGNORED), (path, kind)

    def see(self, look: Any) -> None:
        """Compare a snapshot with what is known."""
        see(self, look)

    def hear(self, event: LifecycleEvent) -> None:
        """Take an event into account."""
        if event.kind in (K.REPORTED, K.FLAPPING):
            return
        if event.kind is K.GAVE_UP:
            self.homes[event.path].stopped_at = event.at
        if not event.path:
            return
        home = self.homes[event.path.rpartition("/")[0]]
        assert home.live, ("an event below a supervisor that does not run", event)
        if event.kind is K.REMOVED and event.path not in home.sights:
            self._check_left_out(home, event)
            return
        sight = home.sights.get(event.path) or self.meet(home, event)
        self._check_life(home, sight, event)
        home.heard = True
        self.lives[event.path] = (event.kind, event.generation)
        if event.kind is K.GAVE_UP:
            return
        getattr(self, f"_on_{event.kind.value}")(home, sight, event)
        sight.state = STATES.get(event.kind, S.STOPPED)
        sight.generation = event.generation

    def _check_left_out(self, home: Home, event: LifecycleEvent) -> None:
        """A restart of a supervisor removes the children that were added to its former incarnation, and no others."""
        kind, generation = self.lives.pop(event.path)
        assert event.path not in self.story.static[home.path], event
        assert (event.kind in FOLLOWS[kind], event.generation) == (True, generation), (kind, event)

    def _check_life(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        """The events of a path are a legal life, and generations only grow."""
        kind, generation = self.lives.get(event.path, (None, 0))
        assert event.kind in FOLLOWS[kind], (kind, event)
        if event.kind is not K.STARTING:
            assert event.generation == generation, event
        elif kind in (None, K.REMOVED):
            assert event.generation == 1, event
        else:
            assert event.generation == generation + 1, (generation, event)

    def _on_starting(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        in_time = home.stopped_at is None or event.at <= home.stopped_at + MOMENT
        assert in_time, ("a start while its supervisor stops", event)
        assert sight.end is None or not self.must_return(home, sight), ("a restart that was not told", event)
        self._check_by_hand(home, sight, event)
        if sight.failed is not None:
            self._check_parked(sight, event)
        self._check_first_start(home, sight, event)
        if home.grouped:
            self._check_group_start(home, sight, event)
        if sight.waiting is not None:
            self._check_wait(home, sight, sight.waiting, event)
        elif sight.bulkhead_worker and self.asked("restart", sight, event.at_ns, exact=home.grouped is False):
            home.own[sight.path] = []
            if home.grouped:  # it may have been asked for a sibling
                home.doubtful.add(sight.path)
        sight.waiting = sight.end = None
        sight.ready, sight.deadline = False, math.inf
        sight.since, sight.started_at = event.at_ns, event.at
        if isinstance(sight.spec, SupervisorSpec):
            self.open_home(sight.path, sight.spec).since = event.at_ns

    def _check_wait(self, home: Home, sight: Sight, waiting: LifecycleEvent, event: LifecycleEvent) -> None:
        """A child waits as long as was told, or until somebody ends that by hand."""
        due = waiting.at + (waiting.wait or 0.0)
        hastened = self.hastened(sight, event.at_ns)
        assert hastened or event.at >= due - MOMENT, ("too early", event)
        asked = [
            each.called_at for each in hastened if each.path == sight.path and each.called > waiting.at_ns
        ]
        assert home.grouped or event.at <= min([due, *asked]) + MOMENT, ("too late", event)
        if any(each.action == "cycle" for each in hastened):
            home.doubtful.add(sight.path)  # it may have been before the end that is waited for

    def _check_first_start(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        """Children begin in listed order, each ready before the next begins."""
        if sight.settled or sight.added or sight.since:
            return
        for each in home.sights.values():
            if each.order < sight.order and not each.settled:
                assert self.asked("stop", each, event.at_ns), (
                    "began before an earlier one was ready",
                    each.path,
                    event,
                )

    def _check_parked(self, sight: Sight, event: LifecycleEvent) -> None:
        """A parked child is started by hand only: it, or a sibling that it holds."""
        failed, parent = sight.failed, event.path.rpartition("/")[0]
        assert failed is not None
        asked = [
            each
            for each in self.story.requests
            if each.action in ("restart", "cycle") and each.path.rpartition("/")[0] == parent
            if each.called < event.at_ns and each.called_at >= failed.at - MOMENT
        ]
        assert asked, ("a parked child was started", event)
        sight.failed = None

    def _check_by_hand(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        """A child that somebody terminated stays down until somebody wants it up again."""
        stopped = [
            each.called
            for each in self.story.requests
            if each.action in ("terminate", "halt") and each.path == event.path and not refused(each)
            if max(sight.since, home.since) < each.called < event.at_ns and each.called_at < event.at - MOMENT
        ]
        parent = event.path.rpartition("/")[0]
        wanted = [
            each.called
            for each in self.story.requests
            if each.called < event.at_ns and each.path.rpartition("/")[0] == parent
            if each.action in ("restart", "cycle") or (each.action == "add" and each.path == event.path)
        ]
        last = max(wanted, default=0)
        assert not stopped or max(stopped) < last, ("started though terminated", event)

    def _check_group_start(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        """A group is stopped before it is started, and started in order, one after the other."""
        for each in home.sights.values():
            if (
                each is sight
                or (each.added and not each.ready_once)
                or (sight.added and not sight.ready_once)
            ):
                continue
            assert each.state is not S.STARTING, ("two start at once", each.path, event)
            stopping = each.state in (S.STOPPING, S.STUCK) and not self.asked("stop", each, event.at_ns)
            assert not stopping, ("started while another is still being stopped", each.path, event)
            early = each.order < sight.order and each.state is S.RESTARTING
            assert not early, ("started before an earlier one", each.path, event)
        if sight.waiting is not None:
            for each in home.members(sight):
                assert not each.live or each.since > sight.waiting.at_ns, (
                    "was not restarted",
                    each.path,
                    event,
                )

    def _on_ready(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        sight.ready = sight.ready_once = sight.settled = True
        if sight.path in self.homes:
            below = self.homes[sight.path]
            below.ready = True
            for each in below.sights.values():
                known = each.settled or each.added or self.asked("stop", each, event.at_ns)
                assert known, ("ready before its child", each.path, event)
        else:
            run = self.run(sight)
            assert run is not None
            assert run.ready is not None, ("ready before it said so", event)
            assert run.ready < event.at_ns, event

    def _on_stopping(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        sight.deadline = event.at + sight.spec.shutdown
        excused = self.asked("stop", sight, event.at_ns) or self.late(sight, event)
        hurried = self.deadline(sight.path, event, own=False) <= event.at + MOMENT
        if home.spec.dynamic:
            at_once = home.stopped_at is None or event.at <= home.stopped_at + MOMENT
            assert at_once or excused or hurried, ("not stopped at once", event)
        elif not excused and not hurried:
            for each in home.sights.values():
                if each.order > sight.order:
                    running = [run for run in self.running(event.at_ns) if below(each.path, run.path)]
                    assert not running, ("stopped before a later one had ended", running, event)
        if sight.path in self.homes:
            self.homes[sight.path].stopped_at = event.at

    def _on_stuck(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        due = self.deadline(sight.path, event) + STUCK_AFTER
        assert abs(event.at - due) < MOMENT, ("stuck at the wrong time", due, event)
        assert self.run(sight) in self.running(event.at_ns), ("stuck, and does not run", event)

    def _on_crashed(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        assert event.judgement is not None
        late = isinstance(event.judgement.error, StartTimeout) and self.late(sight, event)
        assert sight.state not in (S.STOPPING, S.STUCK) or late, ("crashed though asked to stop", event)
        self._has_ended(home, sight, event)
        sight.end, sight.settled = event, True
        sight.absorbed = sight.path in home.group
        home.group.discard(sight.path)
        failure = self.gave_up.get(event.at_ns)
        if isinstance(failure, IntensityExceeded):
            assert self.must_return(home, sight), ("gave up on a child that needs no restart", event)
            assert self.costs(home, sight), ("gave up on a restart that costs nothing", event)
            self.charge(home, sight, event, too_much=True)

    _on_exited = _on_ignored = _on_crashed

    def _on_restarting(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        assert sight.end is not None, ("restarting without an end", event)
        assert self.must_return(home, sight), ("restarting though it should rest", event)
        counted = self.costs(home, sight)
        if counted:
            self.charge(home, sight, event, too_much=False)
        fault = sight.end.judgement is not None and sight.end.judgement.verdict not in FREE
        if sight.absorbed:
            home.charged = home.charged or fault
        elif home.grouped:
            home.group |= {each.path for each in home.members(sight) if each.live and each is not sight}
            home.charged = fault
        sight.waiting, sight.end = event, None

    def _on_failed(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        assert sight.end is not None, ("failed without an end", event)
        sight.failed = event
        verdict = self.verdict(sight)
        branch = sight.spec.bulkhead and isinstance(sight.spec, SupervisorSpec)
        at_start = not sight.ready and (
            sight.spec.bulkhead or self.asked("restart", sight, event.at_ns, exact=False)
        )
        if "more than" in event.reason and not branch:
            assert self.costs(home, sight), ("parked for a restart that costs nothing", event)
            self.charge(home, sight, event, too_much=True)
        else:
            assert verdict is Verdict.FATAL or branch or at_start, ("parked without a reason", event)
        if home.grouped:
            home.held = True
            for each in home.members(sight):
                each.settled = True  # it is held, and will be started with this one
            if verdict is Verdict.FATAL:
                home.group |= {each.path for each in home.members(sight) if each.live}
        sight.end = None

    def _on_stopped(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        if sight.end is not None and self.must_return(home, sight):
            known = home.stopped_at is not None or sight.end.at_ns in self.gave_up or self.interrupted
            group = sight.absorbed and (home.held or self.asked("stop", sight, event.at_ns))
            held = home.held and event.reason.startswith("held by")
            cycled = self.cycling(sight, event.at_ns)
            assert known or held or group or sight.absorbed or cycled, ("not restarted", event)
        self._has_ended(home, sight, event)
        home.group.discard(sight.path)
        sight.end = sight.waiting = None
        sight.settled = True

    def _on_removed(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        if sight.end is not None and self.must_return(home, sight):
            gone = sight.added and not sight.ready_once
            assert gone or self.asked("stop", sight, event.at_ns), ("removed, not restarted", event)
        self.drop(sight.path, keep_life=False)
        self.lives[sight.path] = (K.REMOVED, event.generation)
        del home.sights[sight.path]
        home.own.pop(sight.path, None)

    def _has_ended(self, home: Home, sight: Sight, event: LifecycleEvent) -> None:
        """Nothing is said to have ended that still runs, and it was stuck where its grace was over."""
        running = [run for run in self.running(event.at_ns) if below(sight.path, run.path)]
        assert not running, ("said to have ended", running, event)
        if sight.path in self.homes:
            kept = self.homes[sight.path]
            kept.live = False
            left = [each.path for each in kept.sights.values() if each.live or each.state is S.RESTARTING]
            assert not left, ("ended before its children", left, event)
            return
        run = self.run(sight)
        if run is None or not sight.live:
            return
        if sight.state is not S.STARTING or run.error is not None:
            self._check_verdict(sight, run, event)
        overdue = self.deadline(sight.path, event) + STUCK_AFTER
        if sight.state is S.STOPPING:
            assert event.at <= overdue + MOMENT, ("was not called stuck", event)
        elif sight.state is S.STUCK:
            assert event.at >= overdue - MOMENT, ("was called stuck", event)

    def _check_verdict(self, sight: Sight, run: Any, event: LifecycleEvent) -> None:
        if event.judgement is None or isinstance(event.judgement.error, StartTimeout):
            return
        if event.kind in ENDS:
            expected = verdict_of(run.leaves, ready=sight.ready)
            assert event.judgement.verdict is expected, (expected, event)
