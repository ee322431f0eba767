"""Naming one child and no later one of the same id."""

from typing import TypeAlias

from feedtree.supervisors.children import Lineage


class Handle:
    """One child of a running tree, through all its incarnations, until it is removed.

    A path names whatever child stands there; a handle is good for the child that it was given for, and refused
    once that one is gone, also where another has taken its id. It keeps nothing of the child alive.

    Attributes:
        path: where the child stands.
        info: what it gave to ``context.started`` at the start that this handle was given for.
    """

    __slots__ = ("_lineage", "info", "path")

    def __init__(self, path: str, lineage: Lineage, info: object = None) -> None:
        self.path = path
        self.info = info
        self._lineage = lineage

    def names(self, lineage: Lineage) -> bool:
        """Tell whether it is the handle of the child of that lineage."""
        return self._lineage is lineage

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"<Handle {self.path}>"


Target: TypeAlias = str | Handle  # a path, or a handle
