"""A tree in lines, for a terminal or a pipe."""

import math

from msgspec import Struct

from feedtree.supervisors.snapshot import ChildState, Node


class TreeLine(Struct, frozen=True):
    """One node: its branch drawing and id, its state, and what else is to be said."""

    name: str
    state: str
    rest: str


def tree_lines(root: Node, title: str) -> list[TreeLine]:
    """Return a line for each node, the root first.

    Args:
        root: the tree.
        title: stands in the root's place.
    """
    worst = f", stops within {root.worst_stop:g} s" if math.isfinite(root.worst_stop) else ""
    lines = [TreeLine(title, _state(root), _facts(root) + worst)]
    _add(lines, root, "")
    return lines


def plain(lines: list[TreeLine]) -> list[str]:
    """Return lines as text in columns."""
    names = max(len(line.name) for line in lines)
    states = max(len(line.state) for line in lines)
    return [f"{line.name:<{names}}  {line.state:<{states}}  {line.rest}".rstrip() for line in lines]


def _add(lines: list[TreeLine], node: Node, indent: str) -> None:
    for child in node.children:
        last = child is node.children[-1]
        name = f"{indent}{'└── ' if last else '├── '}{child.id}"
        lines.append(TreeLine(name, _state(child), _facts(child)))
        _add(lines, child, indent + ("    " if last else "│   "))


def _state(node: Node) -> str:
    """The actor's own word while it runs, else its supervisor's."""
    return node.report if node.report and node.state is ChildState.RUNNING else str(node.state)


def _facts(node: Node) -> str:
    parts: list[str] = []
    if node.uptime is not None:
        parts.append(f"up {span(node.uptime)}")
    if node.strategy:
        parts.append(node.strategy)
    if node.generation > 1:
        parts.append(f"generation {node.generation}")
    if node.restarts:
        parts.append(f"{node.restarts} restarts")
    if node.restarts_in_window and node.intensity is not None and node.period is not None:
        parts.append(f"{node.restarts_in_window} of {node.intensity} counted in {node.period:g} s")
    if node.wait is not None:
        parts.append(f"starts in {node.wait:.1f} s")
    if node.stalls:
        parts.append(f"{node.stalls} stalls of the event loop, up to {node.longest_stall:.3g} s")
    parts += [f"{key} {value}" for key, value in node.facts.items()]
    if node.last_reason:
        running = node.state is ChildState.RUNNING
        parts.append(f"last failure: {node.last_reason}" if running else node.last_reason)
    return ", ".join(parts)


def span(seconds: float) -> str:
    """Return a time span in its two greatest units, ``3 h 5 min``."""
    whole = int(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    parts: list[str] = []
    for name, size in units:
        count, whole = divmod(whole, size)
        if count or parts:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2])
