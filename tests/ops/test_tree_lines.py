"""A tree in lines."""

import math
from typing import Any

import pytest

from feedtree.ops.tree_lines import plain, span, tree_lines
from feedtree.ops.view import tree_table
from feedtree.supervisors import ChildState, Node


def node(node_id: str, *children: Node, **changes: Any) -> Node:
    values: dict[str, Any] = {
        "id": node_id,
        "path": node_id,
        "kind": "worker",
        "strategy": None,
        "state": ChildState.RUNNING,
        "report": None,
        "facts": {},
        "generation": 1,
        "uptime": 3.25,
        "restarts": 0,
        "restarts_in_window": 0,
        "intensity": None,
        "period": None,
        "wait": None,
        "last_reason": None,
        "worst_stop": math.inf,
        "children": children,
    }
    return Node(**(values | changes))


TREE = node(
    "root",
    node(
        "public",
        node("a", report="live", generation=3, restarts=2, facts={"topics": 4}, last_reason="Stalled: quiet"),
        node(
            "b", report="live", state=ChildState.RESTARTING, uptime=None, wait=1.25, last_reason="DialFailed"
        ),
        strategy="dynamic",
        restarts_in_window=1,
        intensity=5,
        period=60.0,
    ),
    node("ops", state=ChildState.FAILED, uptime=None, last_reason="unsafe"),
    strategy="one_for_one",
    worst_stop=0.6,
)


def test_a_tree_is_drawn_with_state_and_facts() -> None:
    """An actor's own word counts while it runs; waits, restarts and reasons are said."""
    assert plain(tree_lines(TREE, "app (pid 7)")) == [
        "app (pid 7)  running     up 3.2 s, one_for_one, stops within 0.6 s",
        "├── public   running     up 3.2 s, dynamic, 1 of 5 counted in 60 s",
        "│   ├── a    live        up 3.2 s, generation 3, 2 restarts, topics 4, last failure: Stalled: quiet",
        "│   └── b    restarting  starts in 1.2 s, DialFailed",
        "└── ops      failed      unsafe",
    ]


def test_who_blocked_the_event_loop_is_told() -> None:
    """How often, and for how long at most."""
    (line,) = tree_lines(node("a", stalls=2, longest_stall=0.2519), "a")
    assert line.rest == "up 3.2 s, 2 stalls of the event loop, up to 0.252 s"


def test_a_terminal_gets_the_same_in_columns() -> None:
    """One row for each line."""
    assert tree_table(tree_lines(TREE, "app")).row_count == 5


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0.0 s"),
        (59.9, "59.9 s"),
        (60, "1 min 0 s"),
        (3_725, "1 h 2 min"),
        (86_400, "1 d 0 h"),
        (90_061, "1 d 1 h"),
    ],
)
def test_spans_are_told_in_two_units(seconds: float, words: str) -> None:
    """A long time is rounded to what matters."""
    assert span(seconds) == words
