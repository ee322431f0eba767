"""Whole random trees through random misfortune, checked from outside against a model of supervision."""

import math
from types import ModuleType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from feedtree.supervisors import Restart

pick = st.sampled_from
# Moments are sums of quarters, so that what is exactly one period back is so in floats, too.
ENDS = [
    *["return", "bug", "lost", "bug", "lost", "bug", "lost", "bug", "lost", "shutdown", "throttled"],
    *["fatal", "closed", "interrupt"],
    *["lost+lost", "lost+bug", "closed+lost", "shutdown+throttled", "bug+fatal", "lost+interrupt+bug"],
]
STARTS = ["ready"] * 8 + ["bug", "lost", "fatal", "return", "ignore"]
lengths = pick([math.inf, math.inf, 0.0, 0.25, 0.25, 1.0, 1.0, 1.0, 3.0])
delays = pick([0.0, 0.0, 0.25, 1.0])
first_life = st.tuples(delays, pick(["ready"] * 30 + STARTS[8:]), lengths, pick(ENDS))
later_life = st.tuples(delays, pick(STARTS), lengths, pick(ENDS))
restarts = pick([Restart.PERMANENT] * 3 + [Restart.TRANSIENT, Restart.TEMPORARY])
workers = st.fixed_dictionaries(
    {
        "lives": st.tuples(first_life, st.lists(later_life, min_size=1, max_size=4)).map(
            lambda each: [each[0], *each[1]]
        ),
        "restart": restarts,
        "bulkhead": pick([False, False, False, True]),
        "shutdown": pick([5.0, 0.0, 1.0, math.inf]),
        "start_timeout": pick([10.0, 10.0, 0.5]),
        "backoff": pick([0.0, 0.1]),
        "cleanup": pick(
            [("none", 0.0), ("none", 0.0), ("grace", 0.25), ("grace", 3.0), ("shield", 0.25), ("shield", 3.0)]
        ),
        "cancelled": pick(["pass", "pass", "swallow", "crash", "crash in a group"]),
    }
)


def supervisors(children: st.SearchStrategy[Any], least: int = 1) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "children": st.lists(children, min_size=least, max_size=4),
            "strategy": pick(
                ["one_for_one", "one_for_all", "rest_for_one", "one_for_all", "rest_for_one", "dynamic"]
            ),
            "intensity": pick([50, 0, 1, 2, 4]),
            "period": pick([60.0, 0.25, 1.0, 4.0]),
            "restart": restarts,
            "bulkhead": pick([False, False, True]),
            "shutdown": pick([math.inf, math.inf, 0.0, 1.0, 5.0]),
            "start_timeout": pick([math.inf, math.inf, math.inf, 1.0]),
            "backoff": pick([0.0, 0.1]),
        }
    )


twigs = supervisors(workers, least=0)
branches = supervisors(st.one_of(workers, workers, twigs))
trees = supervisors(st.one_of(workers, branches), least=2)
actions = pick(
    [
        *["look", "terminate", "restart", "terminate", "restart", "restart"],
        *["remove", "delete", "add", "add again", "add impatiently"],
        *["halt", "cycle", "cycle", "cycle impatiently", "reset"],
    ]
)
pauses = pick([0.25, 0.0, 0.5, 1.0, 5.0])
steps = st.tuples(pauses, actions, st.integers(0, 15), st.one_of(workers, twigs))
stops = st.tuples(
    pick([2.0, 0.0, 0.25, 20.0, 200.0]),
    pick(["leave", "stop", "raise"]),
    pick([math.inf, 5.0, 1.0, 0.25, 0.0]),
    pick([None, None, 0.0, 0.25]),
)
plans = st.fixed_dictionaries(
    {
        "tree": trees,
        "open": pick([False, False, False, True]),
        "steps": st.lists(steps, max_size=8),
        "stop": stops,
        "outer": pick([math.inf, math.inf, math.inf, 0.25, 1.0, 3.0, 10.0]),
        "interrupts": pick([False, False, True]),
    }
)


@settings(max_examples=max(500, settings().max_examples))
@given(plans, st.random_module())  # trio shuffles the tasks of one instant
def test_a_tree_obeys_the_rules_whatever_happens(
    tree_model: ModuleType, plan: dict[str, Any], chance: object
) -> None:
    """Order, counting, escalation, bounded stops, a legal life for every child, and nothing lost."""
    tree_model.check(tree_model.tell(plan))
