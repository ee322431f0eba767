"""The tree of `feedtree top`: what is folded, what is unwell below, what a filter leaves."""

from feedtree.ops.operate.looks import states
from feedtree.ops.operate.top.branches import Branch, Folding, tree_branches
from feedtree.supervisors import ChildState
from tests.ops.operate.overviews import node, overview, stream

GATE = "public/gateio.spot"
STREAMS = (
    stream(f"{GATE}/shard-1"),
    stream(f"{GATE}/shard-2", state="down"),
    stream(f"{GATE}/shard-3", state="down"),
    stream("private/mexc.spot/main"),
)
LOOK = overview(*STREAMS)


def folding() -> Folding:
    folded = Folding()
    folded.streams = frozenset(each.path for each in STREAMS)
    return folded


def lines(folded: Folding, wanted: str = "", branch: str = "") -> list[Branch]:
    top = LOOK.tree.find(branch)
    assert top is not None
    return tree_branches(top, "app", states(LOOK), folded, wanted)


def test_streams_are_folded_at_first() -> None:
    """A stream's connections are hidden until they are asked for; all above is open."""
    found = [(each.name, each.depth, each.folded) for each in lines(folding())]
    assert found == [
        ("app", 0, False),
        ("public", 1, False),
        ("gateio.spot", 2, False),
        ("shard-1", 3, True),
        ("shard-2", 3, True),
        ("shard-3", 3, True),
        ("private", 1, False),
        ("mexc.spot", 2, False),
        ("main", 3, True),
        ("ops", 1, False),
        ("inspect", 2, None),
    ]


def test_folding_one_and_all() -> None:
    """One node, everything, nothing; the first line never goes."""
    folded = folding()
    folded.set(f"{GATE}/shard-1", False)
    folded.set("private", True)
    assert [each.path for each in lines(folded)][:5] == [
        "",
        "public",
        GATE,
        f"{GATE}/shard-1",
        f"{GATE}/shard-1/a",
    ]
    assert "private/mexc.spot" not in [each.path for each in lines(folded)]
    folded.set_all(True)
    assert [each.path for each in lines(folded)] == ["", "public", "private", "ops"]
    folded.set_all(False)
    assert len(lines(folded)) == 15


def test_a_supervisor_shows_the_worst_below_it() -> None:
    """How many streams are down is seen at every level above them; a supervisor's own trouble comes first."""
    found = {each.path: (each.state, each.below) for each in lines(folding())}
    assert found[""] == found["public"] == found[GATE] == ("down", 2)
    assert found[f"{GATE}/shard-2"] == ("down", 0)
    assert found["private"] == ("running", 0)
    tree = node(
        "", node("public", node(GATE, node(f"{GATE}/shard-1", report="down"), state=ChildState.FAILED))
    )
    parked = tree_branches(tree, "app", {}, lambda _: False)
    assert [(each.state, each.below) for each in parked] == [
        ("failed", 1),
        ("failed", 1),
        ("failed", 0),
        ("down", 0),
    ]


def test_a_filter_leaves_what_matches_and_what_is_above() -> None:
    """Folds do not hide what is looked for."""
    folded = folding()
    folded.set_all(True)
    assert [each.path for each in lines(folded, "down gate")] == [
        "",
        "public",
        GATE,
        f"{GATE}/shard-2",
        f"{GATE}/shard-2/a",
        f"{GATE}/shard-3",
        f"{GATE}/shard-3/a",
    ]
    assert [each.path for each in lines(folded, "nothing at all")] == [""]
    assert len(lines(folded, "   ")) == 4


def test_a_branch_of_the_tree() -> None:
    """The branch that is looked at is the first line."""
    assert [(each.name, each.depth) for each in lines(folding(), branch="ops")] == [
        ("app", 0),
        ("inspect", 1),
    ]
