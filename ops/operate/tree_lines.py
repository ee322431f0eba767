"""A tree in rows: what each child is, how it is, and since when."""

from collections.abc import Mapping, Sequence

from feedtree.ops.operate.spans import brief
from feedtree.ops.operate.tables import Column
from feedtree.supervisors.snapshot import ChildState, Node

COLUMNS = (
    Column(""),
    Column("type", spare=True),
    Column("state", states=True),
    Column("generation", right=True, spare=True),
    Column("up", right=True),
    Column("restarts", right=True),
    Column("msg/s", right=True),
    Column("last reason", last=True),
)


def tree_rows(
    root: Node, title: str, states: Mapping[str, str] | None = None, rates: Mapping[str, float] | None = None
) -> list[Sequence[str]]:
    """Return a row for each node, the root first.

    Args:
        root: the tree, or a branch of it.
        title: stands in the root's place.
        states: of streams, by path: their own word counts.
        rates: messages per second of streams, by path.
    """
    rows: list[Sequence[str]] = [_row(title, root, states or {}, rates or {})]
    _add(rows, root, "", states or {}, rates or {})
    return rows


def node_state(node: Node, states: Mapping[str, str]) -> str:
    """Return a node's state: that of the stream it is, the actor's own word while it runs, or its supervisor's."""
    if node.state is not ChildState.RUNNING:
        return str(node.state)
    return states.get(node.path) or node.report or str(node.state)


def reason(node: Node) -> str:
    """Return why a node is as it is, or what it is, in a line."""
    parts: list[str] = []
    if node.wait is not None:
        parts.append(f"starts in {node.wait:.1f} s")
    if node.stalls:
        parts.append(f"{node.stalls} stalls of the event loop, up to {node.longest_stall:.3g} s")
    if node.last_reason:
        parts.append(node.last_reason)
    parts += [f"{key} {value}" for key, value in node.facts.items()]
    return ", ".join(parts)


def _restarts(node: Node) -> str:
    """Its own, and of a supervisor those counted of its children, of how many that are allowed: ``1 2/5``."""
    own = [str(node.restarts)] if node.restarts else []
    below = [] if node.intensity is None else [f"{node.restarts_in_window}/{node.intensity}"]
    return " ".join(own + below)


def _add(
    rows: list[Sequence[str]], node: Node, indent: str, states: Mapping[str, str], rates: Mapping[str, float]
) -> None:
    for child in node.children:
        last = child is node.children[-1]
        rows.append(_row(f"{indent}{'└─ ' if last else '├─ '}{child.id}", child, states, rates))
        _add(rows, child, indent + ("   " if last else "│  "), states, rates)


def _row(name: str, node: Node, states: Mapping[str, str], rates: Mapping[str, float]) -> Sequence[str]:
    rate = rates.get(node.path)
    return (
        name,
        node.strategy or node.kind,
        node_state(node, states),
        str(node.generation) if node.generation else "",
        brief(node.uptime),
        _restarts(node),
        "" if rate is None else f"{rate:,.0f}",
        reason(node),
    )
