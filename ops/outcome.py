"""What counts as failed when a run ends."""

import time
from collections.abc import Iterable, Mapping, Sequence

from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.records import TopicState, TopicStatus
from feedtree.exchanges.public.shard import StreamReport
from feedtree.ops.report import Report
from feedtree.supervisors.snapshot import ChildState, Node

LONG_DOWN = 5.0  # s; a stream that is down for longer when the time is over has not healed


def failures(report: Report, tree: Node, *, time_is_over: bool, now_ns: int | None = None) -> list[str]:
    """Return a sentence for each thing that failed; none where all is fine.

    Args:
        report: of the run.
        tree: as it stood at the end.
        time_is_over: whether the run lasted as long as it was asked to; a run that was stopped early may
            have streams that never came up.
        now_ns: UTC nanoseconds; the clock's where it is None.
    """
    found = [f"{node.path} is parked: {node.last_reason or 'no reason'}" for node in _parked(tree)]
    if report.books.diverged:
        found.append(f"{report.books.diverged} of {report.books.checked} books differed from the exchange's")
    if time_is_over:
        found += _unhealed(report.streams, tree, time.time_ns() if now_ns is None else now_ns)
    return found


def refusals(venue: str, topics: Mapping[Topic, TopicStatus]) -> list[str]:
    """Return a sentence where a venue refused everything that was asked of it: its connection brings nothing."""
    refused = [status for status in topics.values() if status.state is TopicState.REJECTED]
    if not refused or len(refused) < len(topics):
        return []
    return [f"{venue} refused every topic: {refused[0].reason}"]


def _parked(node: Node) -> Iterable[Node]:
    if node.state is ChildState.FAILED:
        yield node
    for child in node.children:
        yield from _parked(child)


def _unhealed(streams: Sequence[StreamReport], tree: Node, now_ns: int) -> Iterable[str]:
    for stream in streams:
        last = stream.recoveries[-1] if stream.recoveries else None
        if not stream.messages:
            yield f"{stream.path} got no data: {_reason(tree, stream.path)}"
        elif last is not None and last.live_ns is None and now_ns - last.lost_ns > LONG_DOWN * 1e9:
            yield f"{stream.path} is {stream.state} for {(now_ns - last.lost_ns) / 1e9:.0f} s: {last.cause}"


def _reason(tree: Node, path: str) -> str:
    """Return why the lowest node that knows a reason stands as it does."""
    node = tree.find(path)
    while node is not None and not node.last_reason and node.children:
        node = node.children[0]
    return (node.last_reason if node else None) or "no reason known"
