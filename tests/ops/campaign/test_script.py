"""What goes wrong is the seed's."""

from random import Random

import pytest

from feedtree.ops.campaign.cuts import HOW, Point, points
from feedtree.ops.campaign.script import AS_BEFORE, Disturbance, script
from feedtree.ops.sim.faults import KINDS as FAULTS
from feedtree.ops.sim.markets import GATEIO, MEXC
from feedtree.ops.sim.switchboard import KINDS


def scripted(seed: int, venue: str = MEXC) -> list[Disturbance]:
    return script(Random(seed), 12.0, points(venue))


@pytest.mark.parametrize("seed", range(20))
def test_a_seed_is_a_script(seed: int) -> None:
    """Equal seeds go wrong equally; times go up, within the time that was asked for."""
    what = scripted(seed)
    assert what == scripted(seed) != scripted(seed + 1)
    assert [each.at for each in what] == sorted(each.at for each in what)
    assert what[0].at >= 0
    assert what[-1].at < 12.0


def test_all_that_goes_wrong_is_known_to_the_exchanges_and_has_a_way_back() -> None:
    """Names of faults and switches, at both venues; what a switch turns back to is where it starts."""
    what = [each for seed in range(200) for each in scripted(seed)]
    assert {each.name for each in what if each.kind == "fault"} <= FAULTS.keys()
    assert {each.name for each in what if each.kind == "switch"} == AS_BEFORE.keys()
    for switches in KINDS.values():
        assert {name: getattr(switches(), name) for name in AS_BEFORE} == AS_BEFORE


def test_every_point_that_a_venue_has_is_cut_in_every_way() -> None:
    """Gate.io has no listen keys to renew."""
    for venue in (GATEIO, MEXC):
        what = [each for seed in range(200) for each in scripted(seed, venue)]
        cuts = {(each.name, each.value) for each in what if each.kind == "cut"}
        assert cuts == {(point, how) for point in points(venue) for how in HOW}
    assert set(points(MEXC)) - set(points(GATEIO)) == {Point.RENEWING}
