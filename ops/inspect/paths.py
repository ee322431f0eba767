"""Paths of a tree: what is below what, and what a wrong one may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from feedtree.supervisors.snapshot import Node

CLOSE = 3  # paths that may have been meant


def is_below(path: str, branch: str) -> bool:
    """Tell whether a path is a branch's, or below it; everything is below the root, whose path is empty."""
    return not branch or path == branch or path.startswith(branch + "/")


def nodes(root: Node) -> Iterable[Node]:
    """Yield a node and all below it, in the order in which a tree is drawn."""
    yield root
    for child in root.children:
        yield from nodes(child)


def close_paths(root: Node, path: str) -> tuple[str, ...]:
    """Return the paths of a tree that a wrong one meant, perhaps; the best first."""
    known = [node.path for node in nodes(root) if node.path]
    ending = [each for each in known if each.endswith("/" + path.strip("/"))]
    near = get_close_matches(path, known, CLOSE, 0.5)
    return tuple(dict.fromkeys((*ending, *near)))[:CLOSE]
