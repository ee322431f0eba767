"""The rules: what must hold in every story. Those about order, counting and snapshots are the model's."""

import math
from itertools import pairwise
from typing import Any

import trio

from feedtree.actors.context import Ignored
from feedtree.supervisors import (
    Handle,
    IntensityExceeded,
    Node,
    Shutdown,
    StartFailed,
    StartTimeout,
    TreeFailed,
)
from tree_model.model import Model
from tree_model.reading import below, listed_workers, walk, walk_nodes
from tree_model.sights import MOMENT, S


def check(story: Any) -> None:
    """Check a whole story."""
    assert story.tasks_left == 0
    check_outcome(story)
    check_nothing_is_lost(story)
    check_requests(story)
    check_stop_time(story)
    check_runs(story)
    if story.listening is not None and calm(story.looks[0].node):
        Model(story).replay()


def calm(node: Node) -> bool:
    """Tell whether nothing is being started or stopped, so that the story can be followed from here."""
    return all(each.state not in (S.STARTING, S.STOPPING, S.STUCK) for each in walk_nodes(node))


def check_outcome(story: Any) -> None:
    """What leaves the tree is what it failed with, what the body raised, an interrupt, or nothing."""
    interrupted = [
        run for run in story.runs if any(isinstance(leaf, KeyboardInterrupt) for leaf in run.leaves)
    ]
    found = list(walk(story.outcome))
    assert bool(interrupted) is any(isinstance(each, KeyboardInterrupt) for each in found), story.outcome
    if story.body_raised is not None:
        assert story.body_raised in found
        failed = interrupted or any(isinstance(each, TreeFailed) for each in found)
        assert failed or story.outcome is story.body_raised
    for each in found:
        if isinstance(each, TreeFailed):
            assert isinstance(each.__cause__, StartFailed | IntensityExceeded), each.__cause__


def check_nothing_is_lost(story: Any) -> None:
    """Every exception that left a child is in the event of its end; before anybody listened, raised or logged."""
    told: dict[tuple[str, int], list[BaseException]] = {}
    for event in story.events:
        if event.judgement is not None:
            told.setdefault((event.path, event.generation), []).extend(walk(event.judgement.error))
    for run in story.runs:
        assert run.ended is not None, run
        known = told.get((run.path, run.generation), [])
        early = story.listening is None or run.ended < story.listening
        for leaf in run.leaves:
            heard = any(leaf is each for each in known)
            assert heard or (early and _known_without_events(story, run)), ("lost", leaf, run)


def _known_without_events(story: Any, run: Any) -> bool:
    """Tell whether an end before anybody could listen was raised or logged, or is none to speak of.

    What a child raises that is stopped because it was not ready in time is told as the cause in its event only.
    """
    raised = list(walk(story.outcome))
    if run.ready is None and run.ended_at - run.began_at >= story.specs[run.path].start_timeout:
        return True
    for leaf in run.leaves:
        if isinstance(leaf, Shutdown | Ignored | trio.ClosedResourceError) or any(
            leaf is each for each in raised
        ):
            return True
        if any(str(leaf) in line for line in story.log):
            return True
    return False


def check_requests(story: Any) -> None:
    """Everybody is answered; what was to be stopped has ended then; a failed start names what failed."""
    for each in story.requests:
        assert each.answered is not None, each
        if isinstance(each.result, StartFailed) and type(each.result) is StartFailed:
            causes = list(walk(each.result))
            raised = [
                leaf for run in story.runs for leaf in run.leaves if any(leaf is cause for cause in causes)
            ]
            other = (RuntimeError, StartTimeout, IntensityExceeded)
            known = raised or any(isinstance(cause, other) for cause in causes)
            assert known or "held by" in str(each.result), each.result
        stopped = each.action in ("terminate", "halt", "remove") and each.result is None
        if stopped or (each.action == "cycle" and isinstance(each.result, Handle)):
            for run in story.runs:
                before = below(each.path, run.path) and run.began < each.called
                assert not before or run.ended < each.answered, ("still runs", run, each)


def check_stop_time(story: Any) -> None:
    """An orderly stop takes no longer than the snapshot at its beginning says."""
    look = story.stopping
    failed = story.outcome is not None and story.outcome is not story.body_raised
    if look is None or story.unruly or failed:
        return
    starts = ("add", "restart", "cycle", "reset")
    if any(each.action in starts and each.called_at == look.at for each in story.requests):
        return
    limit = min([look.node.worst_stop, *(limit - look.at for _, limit in story.stops)])
    assert story.ended_at - look.at <= limit + MOMENT, (story.ended_at - look.at, limit)


def check_runs(story: Any) -> None:
    """One incarnation of a child at a time, and before anybody listens they begin in listed order."""
    last: dict[str, Any] = {}
    for run in story.runs:
        before = last.get(run.path)
        assert before is None or before.ended < run.began, ("two at once", before, run)
        last[run.path] = run
    early = [run for run in story.runs if story.listening is None or run.began < story.listening]
    if not story.plan["open"]:
        return
    listed = list(listed_workers(story, ""))
    first: list[Any] = []
    for run in early:  # up to the first restart
        if run.path in [each.path for each in first]:
            break
        first.append(run)
    places = [listed.index(run.path) for run in first]
    assert places == sorted(places), first
    for one, two in pairwise(first):
        assert min(one.ready or math.inf, one.ended) < two.began, (one, two)
