"""The tree's lines: which of its nodes are shown, how deep, and what is unwell below each. Knows no terminal."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from feedtree.ops.operate.top.columns import badness, matches
from feedtree.ops.operate.tree_lines import node_state
from feedtree.supervisors.snapshot import Node


class Branch(Struct, frozen=True):
    """A line of the tree.

    Args:
        path: of the node.
        name: its id, or the app's name at the top.
        depth: how far it is indented; 0 for the first line.
        folded: whether what is below it is hidden; None where there is nothing below.
        state: in a word; of a supervisor that runs, the worst state below it, where one needs an eye.
        below: how many below it are in that state; 0 where the state is its own.
    """

    path: str
    name: str
    depth: int
    folded: bool | None
    state: str
    below: int = 0


class Folding:
    """Remembers what is folded: what the user chose, else whatever is part of a stream.

    Args:
        streams: paths of streams; what is at and below them is folded at first.
    """

    def __init__(self) -> None:
        self.streams: frozenset[str] = frozenset()
        self._chosen: dict[str, bool] = {}
        self._all: bool | None = None

    def __call__(self, path: str) -> bool:
        """Tell whether a node is folded."""
        default = path in self.streams if self._all is None else self._all
        return self._chosen.get(path, default)

    def set(self, path: str, folded: bool) -> None:
        """Fold or unfold a node."""
        self._chosen[path] = folded

    def set_all(self, folded: bool) -> None:
        """Fold or unfold everything; of a fold the first line is spared."""
        self._chosen.clear()
        self._all = folded


def tree_branches(
    root: Node, title: str, states: Mapping[str, str], folded: Callable[[str], bool], wanted: str = ""
) -> list[Branch]:
    """Return the lines of a tree, from the top.

    Args:
        root: the tree, or a branch of it; it is never folded.
        title: stands in the root's place.
        states: of streams, by path.
        folded: whether a path is.
        wanted: a filter; it leaves what matches it, unfolded down to that.
    """
    worst: dict[str, tuple[str, int]] = {}
    _survey(root, states, worst)
    kept = _kept(root, states, wanted) if wanted.strip() else None
    lines: list[Branch] = []

    def add(node: Node, depth: int) -> None:
        state, below = worst[node.path]
        closed = depth > 0 and kept is None and folded(node.path)
        name = node.id if depth else title
        lines.append(Branch(node.path, name, depth, closed if node.children else None, state, below))
        if closed:
            return
        for child in node.children:
            if kept is None or child.path in kept:
                add(child, depth + 1)

    add(root, 0)
    return lines


def _survey(node: Node, states: Mapping[str, str], found: dict[str, tuple[str, int]]) -> tuple[str, int]:
    """Find, for a node and all below it, the state that is shown, and how many below it are in that state."""
    counts: dict[str, int] = {}
    for child in node.children:
        state, below = _survey(child, states, found)
        counts[state] = counts.get(state, 0) + (below or 1)
    own = node_state(node, states)
    worst = max(counts, key=badness, default="")
    own_counts = badness(own) or node.path in states or not badness(worst)
    found[node.path] = shown = (own, 0) if own_counts else (worst, counts[worst])
    return shown


def _kept(node: Node, states: Mapping[str, str], wanted: str) -> set[str]:
    """Return the paths that match, and those above them."""
    kept: set[str] = set()

    def look(node: Node) -> bool:
        below = [look(child) for child in node.children]
        found = any(below) or matches(wanted, node.path, node_state(node, states))
        if found:
            kept.add(node.path)
        return found

    look(node)
    return kept
