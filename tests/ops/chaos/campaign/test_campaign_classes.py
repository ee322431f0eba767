"""The classes of faults: what they are made of exists, and the figures are those that were set."""

import pytest

from feedtree.ops.chaos.campaign.classes import CLASSES, Bound
from feedtree.ops.chaos.kinds import PROXY_FAULTS
from feedtree.ops.chaos.names import NAME_FAULTS
from feedtree.ops.chaos.page import PAGE
from feedtree.ops.chaos.spelling import make_fault
from feedtree.ops.sim.faults import KINDS
from feedtree.ops.sim.switchboard import SwitchBoard

STEPS = [(kind, step) for kind in CLASSES.values() for variant in kind.variants for step in variant]


@pytest.mark.parametrize(("kind", "step"), STEPS, ids=[f"{kind.name}-{step.name}" for kind, step in STEPS])
def test_each_step_names_a_fault_that_there_is(kind, step) -> None:
    """With parameters that it takes."""
    match step.place:
        case "proxy":
            make_fault(PROXY_FAULTS, step.name, step.values)
        case "names":
            make_fault(NAME_FAULTS, step.name, step.values)
        case "exchange":
            assert step.name in KINDS
        case "switch":
            board = SwitchBoard()
            for venue in kind.venues:
                board.set(venue, step.name, step.values["value"])


FIGURES = [
    ("close", Bound("fresh", "p50", 0.015, "gateio.spot", "public", 1.5)),
    ("reset", Bound("fresh", "p99", 0.05, "gateio.spot", "public")),
    ("reset", Bound("live", "p99", 0.15, "gateio.spot", "public")),
    ("away", Bound("after", "p50", 1.0)),
    ("away", Bound("after", "max", 3.0)),
    ("black_hole", Bound("found", "max", 2.0)),
    ("black_hole", Bound("live", "max", 3.0)),
    ("half_open", Bound("live", "max", 3.0)),
    ("stall", Bound("live", "max", 3.0)),
    ("swallowed", Bound("live", "max", 4.5)),
    ("mute", Bound("found", "max", 2.0)),
    ("throttled", Bound("after", "max", 3.0)),
    ("maintenance", Bound("after", "max", 3.0)),
    ("refused", Bound("after", "max", 3.0)),
    ("flapping", Bound("attempts", "max", 40)),
    ("flapping", Bound("waited", "max", 30.0)),
]


@pytest.mark.parametrize(("name", "bound"), FIGURES)
def test_the_figures_to_reach_are_those_that_were_set(name: str, bound: Bound) -> None:
    assert bound in CLASSES[name].bounds


@pytest.mark.parametrize("name", ["repeated", "garbage", "hiccup", "long_way", "private_gap"])
def test_what_is_no_fault_of_a_connection_must_cost_none(name: str) -> None:
    assert CLASSES[name].expects == "nothing"


def test_a_hiccup_is_as_long_as_the_control_arm_has_it() -> None:
    assert CLASSES["hiccup"].seconds == 1.2
    (step,) = CLASSES["long_way"].variants[0]
    assert step.values == {"delay": 0.15, "jitter": 0.1}


def test_the_page_tells_of_every_class() -> None:
    page = PAGE.read_text()
    campaigns = page[page.index("## Campaigns") : page.index("### Soaks")]
    assert [name for name in CLASSES if f"`{name}`" not in campaigns] == []
