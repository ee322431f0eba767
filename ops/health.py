"""Whether a tree is well: every stream live, every account consistent, nothing parked."""

from collections.abc import Iterable, Iterator

from feedtree.ops.facts import Facts, StreamFacts
from feedtree.supervisors.snapshot import Node


def ailments(facts: Facts, tree: Node) -> list[str]:
    """Return a line for each thing that is not as it should be; none where all is well.

    Args:
        facts: of the streams and accounts.
        tree: every child, at the same instant.
    """
    unexplained = {account.path: account.unexplained for account in facts.accounts}
    ill = [_ailment(stream, unexplained.get(stream.path, ())) for stream in facts.streams if not stream.live]
    ill += [
        f"{node.path} is parked: {node.last_reason or 'no reason'}" for node in _parked(tree, facts.streams)
    ]
    return ill


def _ailment(stream: StreamFacts, unexplained: Iterable[str]) -> str:
    why = "; ".join(unexplained)
    if stream.side == "public":
        why = f"{stream.confirmed} of {stream.topics} topics live"
    return f"{stream.path} is {stream.state}: {why}" if why else f"{stream.path} is {stream.state}"


def _parked(tree: Node, streams: Iterable[StreamFacts]) -> Iterator[Node]:
    """Yield the parked parts of a tree that are no streams: those have been told."""
    told = {stream.path for stream in streams if not stream.live}
    return (node for node in tree.parked() if node.path not in told)
