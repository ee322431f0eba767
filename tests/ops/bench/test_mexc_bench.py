import pytest

from feedtree.exchanges.mexc.proto.spot_pb2 import PushDataV3ApiWrapper
from feedtree.ops.bench import mexc
from feedtree.ops.bench.mexc_paths import Case, read_depth
from feedtree.ops.bench.mexc_traffic import Traffic, changes, mix
from feedtree.ops.bench.truth import Ladder

PUSHES = 60


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    return mix((4, 40), PUSHES, seed=3)


def test_changes_have_the_levels_that_are_promised() -> None:
    """14 levels each, but for an order that moved several at once."""
    made = changes(14, PUSHES, seed=3)
    assert len(made.pushes) == made.changes == PUSHES
    assert made.levels == pytest.approx(14, abs=0.5)


def test_the_mix_has_books_trades_and_best_prices(traffic: Traffic) -> None:
    """Each window tells all three of a symbol, trades only where there were some."""
    bodies = {PushDataV3ApiWrapper.FromString(push).WhichOneof("body") for push in traffic.pushes}
    assert bodies == {"publicAggreDepths", "publicAggreDeals", "publicAggreBookTicker"}
    assert 0 < traffic.changes < len(traffic.pushes)


async def test_the_whole_way_ends_with_every_message_and_the_true_books(traffic: Traffic) -> None:
    """A lap leaves no fault."""
    case = Case(traffic)
    assert await case.whole() > 0
    assert case.faults == []


async def test_a_wrong_book_is_a_fault(traffic: Traffic) -> None:
    """The truth is compared to the last level."""
    name, ladder = next(iter(traffic.final.items()))
    wrong = Ladder(ladder.sequence, ladder.bids[1:], ladder.asks)
    case = Case(Traffic(traffic.first, traffic.pushes, {**traffic.final, name: wrong}, 0, 0.0))
    await case.whole()
    assert case.faults == [f"{name}: 1 bids differ, the best at {ladder.bids[0][0]:g}"]


async def test_a_lost_push_is_a_fault(traffic: Traffic) -> None:
    """A book that misses a change is not live in the end."""
    pushes = [push for push in traffic.pushes if b"aggre.depth" in push]
    case = Case(Traffic(traffic.first, pushes[:20] + pushes[21:], traffic.final, 0, 0.0))
    await case.whole()
    assert case.faults


def test_the_floor_reads_all_that_there_is() -> None:
    """Every field of a change but its channel, which is read to know what it is."""
    push = PushDataV3ApiWrapper.FromString(changes(5, 5, seed=3).pushes[0])
    symbol, sent, event, first, last, created, bids, asks = read_depth(push)
    body = push.publicAggreDepths
    assert (symbol, sent) == (push.symbol, push.sendTime)
    assert (event, created) == ("spot@public.aggre.depth.v3.api.pb@100ms", body.lastOrderCreateTime)
    assert (first, last) == (body.fromVersion, body.toVersion)
    assert bids == [(level.price, level.quantity) for level in body.bids]
    assert asks == [(level.price, level.quantity) for level in body.asks]
    known = {field.name for field, _ in push.ListFields()}
    assert known == {"channel", "symbol", "sendTime", "publicAggreDepths"}


@pytest.mark.slow
def test_a_part_is_right_and_judged() -> None:
    """Figures, a table, a profile for each target that is missed, and no faults."""
    part = mexc.run_part(None, rounds=1)
    assert part.faults == []
    assert {figure.name for figure in part.figures} >= {
        f"mexc {path} / floor, {case}" for path in ("whole", "codec") for case in ("14 levels", "39 levels")
    }
    assert part.profiles.keys() == {figure.name for figure in part.figures if figure.held is False}
