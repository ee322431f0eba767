"""What a campaign prints tells where connections were cut, and what did not hold."""

from feedtree.ops.campaign.cuts import Point, points
from feedtree.ops.campaign.report import summary, told
from feedtree.ops.campaign.run import Result
from feedtree.ops.sim.markets import GATEIO, MEXC


def result(venue: str, broken: list[str]) -> Result:
    return Result(
        venue=venue,
        seed=7,
        placed=30,
        others=6,
        fills=10,
        cuts=2,
        points={point: number for number, point in enumerate(points(venue))},
        disturbances=9,
        broken=broken,
    )


def test_a_seed_is_a_line_and_what_is_broken_follows() -> None:
    """A venue without listen keys has no such point."""
    cuts = "2 anywhere, 0 before send, 1 before arrival, 2 before ack, 3 before fill, 4 comparing"
    begin = "30 orders, 6 other calls, 10 fills, 9 disturbances, cuts"
    assert told(result(GATEIO, [])) == f"gateio.spot seed 7: {begin}: {cuts}: held"
    line = f"mexc.spot seed 7: {begin}: {cuts}, 5 renewing: 2 BROKEN"
    assert told(result(MEXC, ["this", "that"])) == f"{line}\n  this\n  that"


def test_the_summary_adds_up() -> None:
    """Each cut at a point is a cut."""
    assert summary([result(GATEIO, []), result(MEXC, ["this"])]) == (
        "2 seeds run, 60 orders, 20 fills, 18 disturbances, 29 cuts made, 1 invariants broken\n"
        "cuts by point: 4 anywhere, 0 before send, 2 before arrival, 4 before ack, 6 before fill, 8 comparing, "
        "5 renewing"
    )
    assert list(Point)[-1] == "renewing"
