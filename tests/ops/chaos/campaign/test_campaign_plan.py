"""Plans: the same arguments make the same plan, and each fault finds its line at rest."""

from collections import Counter
from itertools import pairwise

import pytest

from feedtree.exchanges.public.doubt import GAP_WINDOW, GAPS_OF_ONE
from feedtree.ops.chaos.campaign.classes import CLASSES
from feedtree.ops.chaos.campaign.lines import Scale, lines_of
from feedtree.ops.chaos.campaign.plan import LONG, SPELL, make_plan
from feedtree.ops.chaos.campaign.run import Setting

LINES = lines_of(Scale(twofold=2, elsewhere=2))


def test_a_tree_has_at_least_forty_streams_public_and_private_at_both_venues() -> None:
    counts = Counter((line.venue, line.side) for line in LINES)
    assert sum(counts.values()) >= 40
    assert set(counts) == {
        (venue, side) for venue in ("gateio.spot", "mexc.spot") for side in ("public", "private")
    }
    carried = [
        symbol
        for line in LINES
        if (line.venue, line.side) == ("gateio.spot", "public") and not (line.twofold or line.second)
        for symbol in line.symbols
    ]
    assert len(carried) == len(set(carried)) == 100, "the figures are for a hundred symbols at each venue"


def test_a_seed_makes_one_plan_and_another_seed_another() -> None:
    assert make_plan(7, 200, LINES) == make_plan(7, 200, LINES)
    assert make_plan(7, 200, LINES) != make_plan(8, 200, LINES)


@pytest.mark.parametrize("seed", range(5))
def test_two_hundred_faults_fit_below_five_minutes(seed: int) -> None:
    """With what comes before and after them, and the control arm: a minute and a half."""
    plan = make_plan(seed, 200, LINES)
    assert len(plan) == 200
    assert [planned.number for planned in plan] == list(range(1, 201))
    assert max(planned.at + planned.seconds for planned in plan) < 200
    assert set(CLASSES) == {planned.kind for planned in plan}, "every class is met"


@pytest.mark.parametrize("seed", range(5))
def test_no_line_is_met_before_it_was_live_for_the_stable_spell(seed: int) -> None:
    free = dict.fromkeys(range(len(LINES)), 0.0)
    for planned in make_plan(seed, 300, LINES):
        kind = CLASSES[planned.kind]
        if not kind.alone:
            assert planned.at >= free[planned.line] - 1e-3
        free[planned.line] = planned.at + max(planned.seconds, kind.pause) + SPELL


@pytest.mark.parametrize("seed", range(20))
def test_no_line_meets_so_many_gaps_within_a_minute_that_it_is_in_doubt(seed: int) -> None:
    """For that is another fault: the whole stream is started anew."""
    for faults, only in ((1_000, ""), (60, "gap"), (60, "standstill")):
        met: dict[int, list[float]] = {}
        for planned in make_plan(seed, faults, LINES, only=only):
            if CLASSES[planned.kind].expects == "resync":
                met.setdefault(planned.line, []).append(planned.at)
        assert all(
            last - first > GAP_WINDOW
            for times in met.values()
            for first, last in zip(sorted(times), sorted(times)[GAPS_OF_ONE - 1 :], strict=False)
        )


@pytest.mark.parametrize("seed", range(5))
def test_a_fault_meets_only_lines_that_it_can_meet_and_has_a_variant(seed: int) -> None:
    for planned in make_plan(seed, 300, LINES):
        kind, line = CLASSES[planned.kind], LINES[planned.line]
        assert line.side in kind.sides
        assert line.venue in kind.venues
        assert line.twofold == kind.twofold
        assert bool(line.second) == kind.elsewhere
        assert planned.variant < len(kind.variants)


@pytest.mark.parametrize("seed", range(5))
def test_what_takes_long_begins_in_time_and_not_all_at_once(seed: int) -> None:
    """Ten streams that flap at once would spend a venue's connections for a minute, and others had to wait."""
    plan = make_plan(seed, 1_000, LINES)
    last = max(planned.at + planned.seconds for planned in plan)
    begins = sorted(planned.at for planned in plan if planned.seconds >= LONG)
    assert len(begins) == 10
    assert begins[-1] + 60.0 < 0.8 * last
    assert min(after - before for before, after in pairwise(begins)) > 15.0


def test_one_class_alone_and_its_time_can_be_asked_for() -> None:
    plan = make_plan(1, 20, LINES, only="away", seconds={"away": 20.0})
    assert {(planned.kind, planned.seconds) for planned in plan} == {("away", 20.0)}


def test_a_pick_leaves_the_others_out_and_changes_nothing_of_what_is_left() -> None:
    whole = Setting(seed=3, faults=50).plan()
    assert Setting(seed=3, faults=50, pick=(3, 17)).plan() == [whole[2], whole[16]]
