"""What one look at a tree costs the app, step by step: the same steps that the inspect server goes for ``top``."""

import os
import time
from collections.abc import Sequence
from statistics import median

import trio
from msgspec import Struct

from feedtree.ops.app import Tree
from feedtree.ops.inspect.answers import line
from feedtree.ops.inspect.protocol import Overview
from feedtree.ops.looking import facts_of


class Look(Struct, frozen=True):
    """One look.

    Args:
        nodes_us: to see every child of the tree.
        facts_us: to see streams, mailboxes, accounts, books, process and loop.
        encoding_us: to make a line of it.
        size: of that line, bytes.
    """

    nodes_us: float
    facts_us: float
    encoding_us: float
    size: int

    @property
    def whole_us(self) -> float:
        """For how long the event loop does nothing else."""
        return self.nodes_us + self.facts_us + self.encoding_us


def look(tree: Tree) -> Look:
    """Look at a running tree as the inspect server does, and time it. Call it in the loop that the tree runs on."""
    clock = time.perf_counter_ns
    began = clock()
    nodes = tree.snapshot()
    seen = clock()
    facts = facts_of(tree)
    known = clock()
    said = line(
        Overview(app="bench", pid=os.getpid(), at=trio.current_time(), control=False, tree=nodes, facts=facts)
    )
    return Look((seen - began) / 1e3, (known - seen) / 1e3, (clock() - known) / 1e3, len(said))


def middle(looks: Sequence[Look]) -> Look:
    """Return a look of medians.

    Args:
        looks: at least one.
    """
    return Look(
        median(each.nodes_us for each in looks),
        median(each.facts_us for each in looks),
        median(each.encoding_us for each in looks),
        int(median(each.size for each in looks)),
    )
