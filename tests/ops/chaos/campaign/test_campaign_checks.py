"""Each check notices the broken thing that it is for, and says nothing where all holds."""

from decimal import Decimal

import pytest

from feedtree.exchanges.gaps import Gap
from feedtree.exchanges.private.messages import Fill
from feedtree.ops.campaign.truth import TrueFill
from feedtree.ops.chaos.campaign.checks import by_kind, causeless, fills_apart, left_behind, unledgered
from feedtree.ops.chaos.campaign.coverage import Interval, delivered
from feedtree.ops.chaos.campaign.footprint import Footprint
from feedtree.ops.chaos.campaign.observation import Window
from feedtree.ops.chaos.campaign.outages import Outage
from tests.fills import told_fill

S = 10**9


def outage(lost: float = 10.0, live: float | None = 12.0, cause: str = "reset") -> Outage:
    return Outage(
        lost=lost,
        last_ns=int((lost - 0.1) * S),
        cause=cause,
        generation=1,
        live=live,
        live_ns=int((live or 0) * S),
    )


def window(begun: float = 9.9, over: float = 13.0, kind: str = "reset") -> Window:
    return Window(kind, begun, begun, over, int(begun * S), int(over * S))


# What was to be delivered


def test_what_came_and_what_passed_in_an_outage_is_not_lost() -> None:
    found = delivered([("1", 5 * S), ("2", 6 * S), ("3", 8 * S)], ["1", "3"], [Interval(int(5.5 * S), 7 * S)])
    assert (found.told, found.passed, found.lost, found.doubled) == (2, 1, (), 0)


def test_what_is_missing_outside_of_every_outage_is_lost() -> None:
    found = delivered([("1", 5 * S), ("2", 6 * S)], ["1"], [Interval(7 * S, 8 * S)])
    assert found.lost == (6 * S,)


def test_an_outage_that_lasts_holds_everything_behind_its_begin() -> None:
    assert delivered([("2", 60 * S)], [], [Interval(7 * S, None)]).passed == 1


def test_what_came_twice_is_doubled() -> None:
    assert delivered([("1", 5 * S)], ["1", "1", "1"], []).doubled == 2


# Outages without a fault


def test_an_outage_within_a_fault_has_a_cause() -> None:
    assert list(causeless("gateio.spot/1", [outage()], [window()])) == []


def test_an_outage_outside_of_every_fault_is_told() -> None:
    (sentence,) = causeless("gateio.spot/1", [outage(lost=20.0)], [window()])
    assert sentence == "gateio.spot/1 was lost though nothing was wrong: reset"


# What is left behind

BEFORE = Footprint(tasks=500, descriptors=120, rss_kib=80_000)


def test_a_process_as_before_left_nothing_behind() -> None:
    assert list(left_behind(BEFORE, Footprint(500, 160, 90_000), lines=46, kept=0)) == []
    assert list(left_behind(BEFORE, Footprint(500, 160, 180_000), lines=46, kept=200_000)) == []


@pytest.mark.parametrize(
    ("after", "word"),
    [
        (Footprint(501, 120, 80_000), "1 tasks"),
        (Footprint(500, 320, 80_000), "200 descriptors"),
        (Footprint(500, 120, 180_000), "98 MiB"),
    ],
)
def test_a_task_a_descriptor_for_each_fault_and_memory_that_grows_are_told(
    after: Footprint, word: str
) -> None:
    (sentence,) = left_behind(BEFORE, after, lines=46, kept=10_000)
    assert word in sentence


# Fills


def fill(order: str, at: int = 5) -> Fill:
    return told_fill(trade_id=f"{order}-{at}", order_id=order, price=Decimal(10), venue_ns=at * S)


def true_fill(order: str, at: int = 5) -> TrueFill:
    return TrueFill(order, "BTC/USDT", "buy", Decimal(10), Decimal(1), at * S)


def test_fills_that_came_once_each_are_neither_lost_nor_doubled() -> None:
    assert fills_apart([fill("a"), fill("b")], [true_fill("b"), true_fill("a")]) == ([], [])


def test_a_fill_that_never_came_is_lost_and_one_too_many_is_doubled() -> None:
    lost, doubled = fills_apart([fill("a", 5), fill("a", 6)], [true_fill("a", 5), true_fill("b", 7)])
    assert (lost, doubled) == ([7 * S], [6 * S])


def test_what_is_lost_counts_for_the_fault_of_its_time() -> None:
    windows = [window(9.9, 13.0, "reset"), window(30.0, 33.0, "away")]
    assert by_kind([10 * S, 31 * S, 31 * S, 20 * S], windows) == {"reset": 1, "away": 2, "": 1}


# The ledger


def gap(begin: float = 9.9, end: float | None = 12.0, cause: str = "reset", closed: str = "snapshot") -> Gap:
    return Gap(
        "gateio.spot BTC/USDT book",
        "gateio.spot",
        cause,
        int(begin * S),
        None if end is None else int(end * S),
        closed,
    )  # type: ignore[arg-type]


def test_a_ledger_that_tells_what_was_seen_is_complete() -> None:
    assert list(unledgered("gateio.spot/1", [outage()], [window()], [gap()])) == []


@pytest.mark.parametrize(
    ("gaps", "word"),
    [
        ([], "is not in the ledger"),
        ([gap(), gap(cause="")], "has no cause"),
        ([gap(), gap(begin=11.0, end=None, closed="")], "is open"),
        ([gap(), gap(begin=40.0, end=41.0)], "nobody saw"),
        ([gap(), gap(begin=9.9, end=14.5)], "too long"),
    ],
)
def test_a_ledger_that_tells_less_or_more_than_was_seen_is_noticed(gaps: list[Gap], word: str) -> None:
    sentences = list(unledgered("gateio.spot/1", [outage()], [window()], gaps))
    assert len(sentences) == 1
    assert word in sentences[0]


def test_a_gap_may_reach_back_to_when_its_fault_began_and_no_further() -> None:
    """A book that stands still is told of when it is found, and its gap begins when it stood still."""
    windows, late = [window(begun=4.0)], outage(lost=10.0)
    assert list(unledgered("gateio.spot/1", [late], windows, [gap(begin=4.1)])) == []
    (sentence,) = unledgered("gateio.spot/1", [late], windows, [gap(begin=1.5)])
    assert "too long" in sentence
