"""A tree in lines."""

import math
from typing import Any

from feedtree.ops.operate.tables import plain
from feedtree.ops.operate.tree_lines import COLUMNS, node_state, tree_rows
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
    """A stream's own word counts while it runs; waits, restarts and reasons are said."""
    rows = tree_rows(TREE, "app (pid 7)", {"public": "syncing"}, {"a": 1234.4})
    assert plain(COLUMNS, rows) == [
        "             type         state       generation    up  restarts  msg/s  last reason",
        "app (pid 7)  one_for_one  running              1  3.2s",
        "├─ public    dynamic      syncing              1  3.2s       1/5",
        "│  ├─ a      worker       live                 3  3.2s         2  1,234  Stalled: quiet, topics 4",
        "│  └─ b      worker       restarting           1                         starts in 1.2 s, DialFailed",
        "└─ ops       worker       failed               1                         unsafe",
    ]


def test_who_blocked_the_event_loop_is_told() -> None:
    """How often, and for how long at most."""
    (row,) = tree_rows(node("a", stalls=2, longest_stall=0.2519), "a")
    assert row[-1] == "2 stalls of the event loop, up to 0.252 s"


def test_a_parked_stream_is_failed_whatever_it_said_last() -> None:
    """The supervisor's word counts where it does not run."""
    assert node_state(node("a", state=ChildState.FAILED), {"a": "live"}) == "failed"
    assert node_state(node("a", report="syncing"), {}) == "syncing"
