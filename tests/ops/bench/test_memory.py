import msgspec
import pytest
import trio
from trio.testing import MockClock

from feedtree.ops.bench import memory, reconnects, topics
from feedtree.ops.bench.crowd import addressee
from feedtree.ops.bench.grid import Cell, Run, faults, open_grid
from feedtree.ops.bench.load import Footprint, Sample
from feedtree.ops.bench.looks import Look
from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.memory import LARGE, SMALL, WIDE, grid_figures, grid_table
from feedtree.ops.bench.pairs import PAIRS, pairs_of
from feedtree.ops.bench.parts import Figure
from feedtree.ops.bench.traffic import make_traffic

KIB = Footprint(1024.0, 100)


def sample(us: float, *, kib: float = 1024.0, connections: int = 1) -> Sample:
    return Sample(
        connections=connections,
        ready_s=0.5,
        us=us,
        burst=100.0,
        start=KIB,
        live=KIB,
        end=Footprint(kib, 100),
        received=1_100,
        books={},
        looks=[Look(1_000.0, 4_000.0, 2_000.0, 200_000)],
    )


def named(figures: list[Figure], name: str) -> Figure:
    (found,) = (figure for figure in figures if figure.name == name)
    return found


def test_pairs_fall_in_popularity_and_begin_with_the_ten() -> None:
    """Any number of symbols, each once; the tail has less traffic than the head."""
    pairs = pairs_of(1_000)
    assert pairs[:10] == PAIRS
    assert pairs_of(3) == PAIRS[:3]
    assert len({pair.name for pair in pairs}) == 1_000
    weights = [pair.weight for pair in pairs]
    assert weights[10:] == sorted(weights[10:], reverse=True)
    assert sum(weights[:10]) > sum(weights) / 2


def test_every_frame_names_who_gets_it() -> None:
    """Frames of a crowd are routed by channel and name, as clients ask for them."""
    traffic = make_traffic(300, 1, pairs_of(12))
    asked = {
        (channel, name)
        for pair in traffic.snapshots
        for channel, name in (
            ("spot.obu", f"ob.{pair}.400"),
            ("spot.trades", pair),
            ("spot.tickers", pair),
        )
    }
    assert {addressee(frame) for frame in traffic.frames} <= asked


def test_a_small_cell_is_run_from_end_to_end() -> None:
    """Two connections, all messages, and books that equal the server's; others get no traffic."""
    with open_grid(Cores(None, None), timed=300) as grid:
        run = grid.run(Cell(2, 4), profile=True)
        quiet = grid.run(Cell(1, 4, busy=2))
    assert run.faults == quiet.faults == []
    assert run.sample is not None
    assert run.sample.connections == 2
    assert "tottime" in run.sample.profile[0]


def test_a_run_that_is_not_what_it_should_be_does_not_count() -> None:
    """Messages that did not come, connections that are missing, and books that differ are named."""
    traffic = make_traffic(1_000, 1)
    found = faults(Cell(2, 10), traffic, msgspec.structs.replace(sample(5.0), received=7))
    assert found[:2] == ["1 connections, not 2", "7 of 1100 messages came"]
    assert "BTC/USDT: no book" in found


def test_figures_are_ratios_of_a_round_and_slopes_between_cells() -> None:
    """A machine that changes its pace between rounds changes both of a pair; a wrong run is in no figure."""
    runs = [
        Run(cell, sample(us * pace, kib=kib), [])
        for pace in (1.0, 3.0)
        for cell, us, kib in ((SMALL, 5.0, 1_000.0), (WIDE, 6.0, 40_600.0), (LARGE, 5.5, 139_600.0))
    ]
    runs.append(Run(LARGE, None, ["it failed"]))
    figures = grid_figures(runs)
    assert named(figures, "scale 1 x 1,000 / 1 x 10").value == pytest.approx(1.2)
    assert named(figures, "scale 1 x 1,000 / 1 x 10").held is False
    assert named(figures, "scale 100 x 1,000 / 1 x 10").held is True
    assert named(figures, "memory per connection").value == pytest.approx(1_000.0)
    assert named(figures, "memory per symbol in a tree").value == pytest.approx(40.0)
    assert named(figures, "a look at 100 x 1,000").value == pytest.approx(7.0)
    assert "200,000 bytes" in named(figures, "a look at 100 x 1,000").note
    assert len({figure.name for figure in figures}) == len(figures)
    assert grid_figures([]) == []
    assert [row[0] for row in grid_table(runs).rows] == ["1 x 10", "1 x 1,000", "100 x 1,000"]


def test_a_symbol_is_measured_with_its_book_at_a_constant_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred levels a side, however many were replaced; all books stay live."""
    monkeypatch.setattr(topics, "WARM_UP", 1)
    found = topics.measure(1)
    assert found.levels == 100
    assert found.heap > 0


def test_reconnects_are_counted_and_leave_nothing_unnamed() -> None:
    """Every reset is one generation more."""
    found = trio.run(reconnects.measure, 4, 2, clock=MockClock(autojump_threshold=0))
    assert found.generations == 7
    assert all(":" in place for place in found.places)


def test_commands_are_timed() -> None:
    """Both of them start, and end."""
    assert all(memory._timed(arguments, None) > 0 for arguments in memory._COMMANDS.values())
