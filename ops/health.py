"""Whether a tree is well: every stream live, every account consistent, nothing parked or stopped."""

from collections.abc import Iterable, Iterator

from feedtree.ops.facts import Facts, StreamFacts
from feedtree.supervisors.snapshot import ChildState, Node

_DOWN = {ChildState.FAILED: "parked", ChildState.STOPPED: "stopped"}  # until somebody starts it


def ailments(facts: Facts, tree: Node) -> list[str]:
    """Return a line for each thing that is not as it should be; none where all is well.

    Args:
        facts: of the streams and accounts.
        tree: every child, at the same instant.
    """
    unexplained = {account.path: account.unexplained for account in facts.accounts}
    ill = [_ailment(stream, unexplained.get(stream.path, ())) for stream in facts.streams if not stream.live]
    ill += [
        f"{node.path} is {_DOWN[node.state]}: {node.last_reason or 'no reason'}"
        for node in _down(tree, facts.streams)
    ]
    return ill


def _ailment(stream: StreamFacts, unexplained: Iterable[str]) -> str:
    why = "; ".join(unexplained)
    if stream.side == "public":
        why = f"{stream.confirmed} of {stream.topics} topics live"
    return f"{stream.path} is {stream.state}: {why}" if why else f"{stream.path} is {stream.state}"


def _down(tree: Node, streams: Iterable[StreamFacts]) -> Iterator[Node]:
    """Yield the topmost parts of a tree that stay down, but no streams: those have been told."""
    told = {stream.path for stream in streams if not stream.live}
    if tree.state in _DOWN:
        if tree.path not in told:
            yield tree
        return
    for child in tree.children:
        yield from _down(child, streams)
