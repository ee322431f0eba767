"""The table: spreads, figures that were reached or missed, and what it says of them."""

from feedtree.ops.chaos.campaign.classes import CLASSES
from feedtree.ops.chaos.campaign.controls import Controlled
from feedtree.ops.chaos.campaign.observation import Observation, Window, judge
from feedtree.ops.chaos.campaign.outages import Outage
from feedtree.ops.chaos.campaign.spread import Spread, spread
from feedtree.ops.chaos.campaign.starts import Start
from feedtree.ops.chaos.campaign.table import render, render_controls, rows_of


def seen(kind: str, number: int = 1, **measures: float) -> Observation:
    return Observation(
        number=number,
        kind=kind,
        line="gateio.spot/1",
        venue="gateio.spot",
        side="public",
        variant=0,
        at=0.0,
        measures=measures,  # type: ignore[arg-type]
        wrong=[],
    )


def test_a_99th_percentile_needs_a_hundred_samples() -> None:
    assert spread(map(float, range(1, 100))) == Spread(50.0, None, 99.0)
    assert spread(map(float, range(1, 101))) == Spread(50.0, 99.0, 100.0)
    assert spread([]) is None


def test_a_class_whose_figures_are_reached_holds() -> None:
    (row,) = rows_of([seen("black_hole", found=1.5, live=1.7, fresh=1.6)] * 3)
    assert row.held
    assert row.count == 3
    assert row.figures == ["found max 1.500, to be at most 2.000", "live max 1.700, to be at most 3.000"]


def test_a_figure_that_is_missed_is_named_with_what_was_reached() -> None:
    rows = rows_of([seen("black_hole", found=1.5, live=1.7), seen("black_hole", found=2.3, live=2.5)])
    assert not rows[0].held
    assert rows[0].missed == ["found max 2.300, to be at most 2.000"]
    text = render(rows)
    assert text.splitlines()[1].split() == [
        "black_hole",
        "2",
        "1.500",
        "-",
        "2.300",
        "-",
        "-",
        "-",
        "1.700",
        "-",
        "2.500",
        "0",
        "0",
        "0",
        "NO",
    ]
    assert "black_hole: found max 2.300, to be at most 2.000" in text


def test_a_median_of_a_few_and_a_percentile_of_dozens_is_not_judged() -> None:
    few = rows_of([seen("reset", found=0.0, fresh=0.5, live=0.5)] * 9)
    ten = rows_of([seen("reset", found=0.0, fresh=0.5, live=0.5)] * 10)
    hundred = rows_of([seen("reset", found=0.0, fresh=0.01, live=0.5)] * 100)
    assert few[0].held
    assert ten[0].missed == ["fresh p50 of gateio.spot public 0.500, to be at most 0.015"]
    assert hundred[0].missed == ["live p99 of gateio.spot public 0.500, to be at most 0.150"]


def test_where_a_bare_client_needs_more_than_a_figure_allows_its_own_time_counts() -> None:
    """The first datum alone: to be found and to be live are the tree's."""
    slow = [seen("reset", found=0.005, fresh=0.042, live=0.1)] * 10
    bare = Spread(0.025, None, 0.09)
    (row,) = rows_of(slow, bare=bare)
    asked = "fresh p50 of gateio.spot public 0.042, to be at most 0.015"
    text = f"{asked}, or 1.5 times a bare client's 0.025 after it was found"
    assert row.held
    assert text in row.figures
    (row,) = rows_of([seen("reset", found=0.005, fresh=0.043, live=0.1)] * 10, bare=bare)
    assert row.missed == [text.replace("0.042", "0.043")]
    (row,) = rows_of(slow, bare=Spread(0.009, None, 0.09))
    assert row.missed == [asked], "the machine is as fast as it takes"
    (row,) = rows_of([seen("reset", found=0.0, fresh=0.01, live=9.0)] * 10, bare=bare)
    assert row.missed == ["live max 9.000, to be at most 3.000"]


def test_a_figure_of_one_venue_looks_at_its_lines_alone() -> None:
    slow = [seen("reset", found=0.0, fresh=0.5, live=0.5) for _ in range(10)]
    for each in slow:
        each.venue = "mexc.spot"
    assert rows_of(slow)[0].held


def test_what_the_venues_budgets_take_is_told_and_not_judged() -> None:
    """A return is judged by what it took beyond them; to be found, and the first datum, are not theirs."""
    slow = seen("black_hole", found=1.5, live=12.0)
    slow.allowed = 10.0
    (row,) = rows_of([slow])
    assert row.held
    assert row.figures[1] == (
        "live max 12.0, to be at most 3.000 beyond what the venue's budgets take: it is 2.000"
    )
    slower = seen("black_hole", found=2.5, live=13.5)
    slower.allowed = 10.0
    (row,) = rows_of([slow, slower])
    assert row.missed == [
        "found max 2.500, to be at most 2.000",
        "live max 13.5, to be at most 3.000 beyond what the venue's budgets take: it is 3.500",
    ]


def test_of_a_large_tree_a_return_stands_beside_what_the_budgets_take() -> None:
    """It is not judged; what the budgets have no part in is."""
    slow = seen("black_hole", found=2.5, live=70.0)
    slow.allowed = 60.0
    (row,) = rows_of([slow], judged=False)
    assert row.missed == ["found max 2.500, to be at most 2.000"]
    assert row.beside == ["live max 70.0, where the venue's budgets take up to 60.0"]
    assert "black_hole: live max 70.0, where the venue's budgets take up to 60.0" in render([row])
    other = seen("reset", found=0.0, live=30.0)
    other.venue, other.allowed = "mexc.spot", 20.0
    (row,) = rows_of([*[seen("reset", found=0.0, live=0.1)] * 100, other], judged=False)
    assert row.beside[0] == "live p99 of gateio.spot public 0.100, where the venue's budgets take up to 0.000"


def test_what_returns_is_measured_from_the_end_of_the_fault() -> None:
    (row,) = rows_of([seen("away", found=0.01, live=5.4, after=0.4, fresh=5.3, fresh_after=0.3)])
    assert (row.live, row.fresh, row.since) == (Spread(0.4, None, 0.4), Spread(0.3, None, 0.3), "end")
    assert "away*" in render([row])


def test_something_wrong_or_lost_or_diverged_is_no_class_that_holds() -> None:
    wrong = seen("reset", found=0.0)
    wrong.wrong.append("it went wrong")
    assert not rows_of([wrong])[0].held
    assert "reset: fault 1 on gateio.spot/1: it went wrong" in render(rows_of([wrong]))
    diverged = seen("reset", found=0.0)
    diverged.diverged = 1
    assert not rows_of([diverged])[0].held
    lost = rows_of([seen("reset", found=0.0)])[0]
    lost.lost = 1
    assert not lost.held


def test_the_control_arm_holds_without_a_restart() -> None:
    assert Controlled("peak", 6.0, 0, []).held
    text = render_controls(
        [Controlled("peak", 6.0, 1, []), Controlled("quiet", 10.0, 0, ["dropped in silence"])]
    )
    assert [line.split()[-1] for line in text.splitlines()[1:3]] == ["NO", "NO"]
    assert "quiet: dropped in silence" in text


# What is taken down of one fault

WINDOW = Window("reset", 100.0, 105.0, 107.0)


def lost(at: float = 100.2, live: float | None = 106.0, back_in: int = 2) -> Outage:
    return Outage(lost=at, last_ns=0, cause="reset", generation=1, fresh=live, live=live, back_in=back_in)


def judged(kind: str, outages: list[Outage], starts: list[Start]) -> Observation:
    found = seen(kind)
    judge(found, CLASSES[kind], WINDOW, outages, starts)
    return found


def test_an_outage_is_measured_from_the_begin_and_from_the_end_of_its_fault() -> None:
    found = judged("away", [lost()], [Start(100.3, 0.0), Start(105.1, 1.0)])
    assert {name: round(value, 3) for name, value in found.measures.items()} == {
        "found": 0.2,
        "fresh": 6.0,
        "fresh_after": 1.0,
        "live": 6.0,
        "after": 1.0,
        "resync": 5.8,
        "attempts": 2.0,
        "waited": 0.0,
    }
    assert (found.outages, found.reconnects, found.cause, found.wrong) == (1, 1, "reset", [])


def test_the_longest_wait_counts_from_the_21st_attempt_on() -> None:
    starts = [Start(100.0 + number, 40.0 if number < 20 else 25.0) for number in range(22)]
    assert judged("flapping", [lost()], starts).measures["waited"] == 25.0


def test_a_fault_that_is_never_found_or_never_healed_is_wrong() -> None:
    assert judged("reset", [], []).wrong == ["the fault was never found"]
    assert judged("reset", [lost(live=None)], [Start(100.3, 0.0)]).wrong == [
        "not live again 2.0 s after its end"
    ]


def test_a_restart_where_there_is_nothing_to_restart_for_is_wrong() -> None:
    assert judged("hiccup", [], []).wrong == []
    assert "1 restarts where there was nothing" in judged("hiccup", [lost()], [Start(100.3, 0.0)]).wrong[0]
    assert judged("gap", [lost(back_in=1)], []).wrong == []
    assert "1 restarts for a book" in judged("gap", [lost()], [Start(100.3, 0.0)]).wrong[0]


def test_an_outage_while_another_connection_takes_over_is_wrong() -> None:
    takes_over = [Start(100.3, 0.0)]
    assert judged("rollover", [], takes_over).wrong == []
    assert judged("rollover", [lost()], takes_over).wrong == [
        "1 outages while another connection took over: reset"
    ]
