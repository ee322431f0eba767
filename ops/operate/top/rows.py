"""The table's rows: what two looks tell of each stream, and of each actor that belongs to none. Knows no terminal."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from feedtree.ops.facts import MailboxFacts, StreamFacts
from feedtree.ops.inspect.protocol import Overview
from feedtree.ops.operate.looks import rates, states
from feedtree.ops.operate.tree_lines import node_state
from feedtree.supervisors.snapshot import Node


class Row(Struct, frozen=True, kw_only=True):
    """One row; None where a thing is not known, or does not apply.

    Args:
        path: of the stream or actor.
        state: in a word.
        stream: whether it is one.
        rate: messages per second since the look before.
        p50: median latency in milliseconds, of all that was measured; where the venue stamps nothing, of processing.
        p99: the 99th percentile of the same.
        depth: messages that wait in the fullest mailbox of those that listen to it.
        drops: messages that those mailboxes dropped, all together.
        restarts: how often it was started again.
        cpu: share of one processor since the look before, where accounts are kept; 1.0 is all of it.
    """

    path: str
    state: str
    stream: bool = False
    rate: float | None = None
    p50: float | None = None
    p99: float | None = None
    depth: int | None = None
    drops: int | None = None
    restarts: int = 0
    cpu: float | None = None


def table_rows(before: Overview | None, now: Overview, branch: str = "") -> list[Row]:
    """Return a row for each stream at or below a branch, then one for each worker there that is part of no stream.

    Args:
        before: an earlier look at the same process; without one there are no rates.
        now: the look that is shown.
        branch: a path; empty for all.
    """
    nodes = {node.path: node for node in _below(now.tree, branch)}
    usage = cpu_shares(before, now)
    per_second = {} if before is None else rates(before, now)
    boxes = _listeners(now.facts.mailboxes)
    said = states(now)
    streams = [stream for stream in now.facts.streams if _is_below(stream.path, branch)]
    rows = [
        _stream_row(stream, nodes.get(stream.path), per_second.get(stream.path), boxes, usage)
        for stream in streams
    ]
    parts = {stream.path for stream in streams}
    rows += [
        Row(path=node.path, state=node_state(node, said), restarts=node.restarts, cpu=usage.get(node.path))
        for node in nodes.values()
        if node.kind == "worker" and not _is_part(node.path, parts)
    ]
    return rows


def cpu_shares(before: Overview | None, now: Overview) -> dict[str, float]:
    """Return the share of a processor of each node between two looks; empty where no accounts are kept."""
    if before is None or now.at <= before.at or now.tree.usage is None:
        return {}
    earlier = {node.path: node.usage.cpu_ns for node in _below(before.tree, "") if node.usage is not None}
    span_ns = (now.at - before.at) * 1e9
    return {
        node.path: max(0, node.usage.cpu_ns - earlier.get(node.path, 0)) / span_ns
        for node in _below(now.tree, "")
        if node.usage is not None
    }


def _stream_row(
    stream: StreamFacts,
    node: Node | None,
    rate: float | None,
    boxes: Mapping[str, Sequence[MailboxFacts]],
    usage: Mapping[str, float],
) -> Row:
    figures = stream.latency or stream.processing
    source = stream.path.rpartition("/")[0] if stream.side == "public" else stream.path
    listening = boxes.get(source, ())
    return Row(
        path=stream.path,
        state=stream.state if node is None else node_state(node, {stream.path: stream.state}),
        stream=True,
        rate=rate,
        p50=None if figures is None else figures.p50_ms,
        p99=None if figures is None else figures.p99_ms,
        depth=max((box.depth for box in listening), default=None),
        drops=sum(sum(box.dropped.values()) for box in listening) if listening else None,
        restarts=stream.restarts,
        cpu=usage.get(stream.path),
    )


def _listeners(mailboxes: Iterable[MailboxFacts]) -> Mapping[str, Sequence[MailboxFacts]]:
    """Return the mailboxes of each feed and account, by its path."""
    found: defaultdict[str, list[MailboxFacts]] = defaultdict(list)
    for box in mailboxes:
        for source in box.sources:
            found[source].append(box)
    return found


def _below(root: Node, branch: str) -> Iterator[Node]:
    """Yield the nodes at and below a branch, without the root of the whole tree."""
    start = root.find(branch)
    waiting = [] if start is None else [start]
    while waiting:
        node = waiting.pop()
        if node.path:
            yield node
        waiting.extend(reversed(node.children))


def _is_below(path: str, branch: str) -> bool:
    return not branch or path == branch or path.startswith(branch + "/")


def _is_part(path: str, streams: set[str]) -> bool:
    """Tell whether a stream is at, or above, a path."""
    parts = path.split("/")
    return any("/".join(parts[:count]) in streams for count in range(len(parts), 0, -1))
