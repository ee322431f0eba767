import gc
import shutil
import sys

import msgspec
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from feedtree.ops.bench import otp, scaling_report
from feedtree.ops.bench.programs import ProgramFailed, output
from feedtree.ops.bench.scaling import Run, faults, run_all
from feedtree.ops.bench.scaling_report import Ratio, against_rival, growth, rows, table
from feedtree.ops.bench.supervision import PROGRAMS, Census, Sample, measure
from feedtree.ops.bench.ward import PHASES, Lap, Laps, Ward

SMALL = 20


def sample(us: float, *, children: int = 1_000, gc_us: float = 0.0) -> Sample:
    """A right run of 1,000 crashes in which everything costs the same."""
    cpu_s = (us + gc_us) * 1e-6
    laps = {
        phase: Lap(units, cpu_s * units, cpu_s * units, gc_us * 1e-6 * units)
        for phase, units in zip(PHASES, (children, 1_000, 1_000, children), strict=True)
    }
    census = Census(children + 2_000, children)
    return Sample(laps=laps, census=census, starts=children + 2_000, left=0, in_reverse=True)


def run(program: str, us: float, *, children: int = 1_000, number: int = 0, gc_us: float = 0.0) -> Run:
    return Run(program, children, sample(us, children=children, gc_us=gc_us), [], number)


def found(ratios: list[Ratio], phase: str) -> dict[int, float]:
    (ratio,) = (each for each in ratios if each.program == "feedtree" and each.phase == phase)
    return ratio.found


@pytest.mark.parametrize("program", PROGRAMS)
async def test_every_program_does_the_whole_work(program: str) -> None:
    """Each starts all children, restarts those that crash, and ends them all."""
    small = await measure(program, SMALL, SMALL)
    assert faults(small, SMALL, SMALL) == []
    assert set(small.laps) == set(PHASES)


def test_programs_run_in_processes_of_their_own_and_become_a_table() -> None:
    """A small run from end to end, with OTP where it is installed."""
    runs = list(run_all(None, sizes=(SMALL,), crashes=SMALL, rounds=1))
    assert [each.faults for each in runs] == [[] for _ in runs]
    assert {each.program for each in runs} >= set(PROGRAMS)
    found = scaling_report.part(runs)
    assert (otp.MISSING in found.tables[0].title) == (shutil.which("erl") is None)
    assert found.faults == []
    msgspec.json.encode(found)


def test_a_right_sample_has_no_faults() -> None:
    """1,000 children that crashed twice were ready 3,000 times."""
    assert faults(sample(1.0), 1_000, 1_000) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"starts": 2_999}, "children were ready 2999 times, not 3000"),
        ({"census": Census(2_999, 1_000)}, "the supervisor counts 2999 generations, not 3000"),
        ({"census": Census(3_000, 999)}, "999 of 1000 children ran before the stop"),
        ({"left": 1}, "1 children ran on after the stop"),
        ({"in_reverse": False}, "children were not stopped in reverse start order"),
    ],
)
def test_every_way_of_doing_less_is_a_fault(change: dict[str, object], fault: str) -> None:
    """A run whose counts are wrong does not count."""
    wrong = msgspec.structs.replace(sample(1.0), **change)
    assert faults(wrong, 1_000, 1_000) == [fault]


def test_what_is_not_seen_is_no_fault() -> None:
    """OTP counts no generations, and a dynamic supervisor promises no order."""
    unseen = msgspec.structs.replace(sample(1.0), census=Census(None, 1_000), in_reverse=None)
    assert faults(unseen, 1_000, 1_000) == []


def test_ratios_are_medians_over_the_pairs_of_a_round() -> None:
    """A machine that changes its pace between rounds changes both of a pair, and no ratio."""
    runs = [
        run(program, us * pace, number=number)
        for number, pace in enumerate((1.0, 3.0, 2.0))
        for program, us in (("feedtree", 14.0), ("bare trio", 10.0))
    ]
    assert found(against_rival(runs), "start") == {1_000: pytest.approx(1.4)}


def test_a_run_that_does_not_count_is_in_no_figure() -> None:
    """Only its row says that there was one."""
    wrong = Run("feedtree", 1_000, sample(99.0), ["children ran on"], 1)
    runs = [run("feedtree", 10.0), run("bare trio", 10.0), wrong, run("bare trio", 10.0, number=1)]
    (row, _) = rows(runs)
    assert (row.runs, row.wrong) == (1, 1)
    assert row.us["stop"] == pytest.approx(10.0)
    assert found(against_rival(runs), "stop") == {1_000: pytest.approx(1.0)}


def test_growth_compares_the_most_children_with_the_least() -> None:
    """In pairs of one round, too."""
    runs = [run("feedtree", us, children=size) for size, us in ((1_000, 10.0), (10_000, 13.0))]
    assert found(growth(runs), "restart") == {10_000: pytest.approx(1.3)}


def test_the_part_has_verdicts_and_says_where_to_get_otp() -> None:
    """A figure for each phase and size; one line where Erlang is missing."""
    runs = [
        run(program, us, children=size)
        for size in (1_000, 10_000)
        for program, us in (("feedtree", 16.0), ("bare trio", 10.0))
    ]
    found = {figure.name: figure for figure in scaling_report.part(runs).figures}
    assert found["feedtree stop, 1,000 children / bare trio"].held is False
    assert found["feedtree stop, 10,000 children / 1,000"].held is True
    assert found["feedtree start with gc, 10,000 children / 1,000"].held is None
    assert "apt install erlang-base" in table(runs).title
    assert otp.MISSING not in table([*runs, run("OTP", 1.0)]).title


def test_collections_are_no_part_of_a_phase_but_of_the_whole() -> None:
    """The garbage collector is shown apart, and judged with all phases together."""
    runs = [run("feedtree", 10.0, gc_us=10.0), run("bare trio", 10.0)]
    assert found(against_rival(runs), "start") == {1_000: pytest.approx(1.0)}
    assert found(against_rival(runs), "all phases with gc") == {1_000: pytest.approx(2.0)}


def test_the_stopwatch_tells_collections_apart() -> None:
    """Whether they are asked for or come by themselves."""
    laps = Laps()
    laps.begin()
    gc.collect()
    laps.end("start", 10)
    lap = laps.done["start"]
    assert lap.cpu_s is not None
    assert 0 < lap.gc_s <= lap.cpu_s
    assert lap.us == pytest.approx((lap.cpu_s - lap.gc_s) / 10 * 1e6)


@pytest.mark.parametrize(("order", "in_reverse"), [((0, 1), False), ((1, 0), True)])
async def test_a_ward_sees_in_which_order_children_end(order: tuple[int, int], *, in_reverse: bool) -> None:
    """First started, first stopped is not the reverse order."""
    ward = Ward(2)
    scopes = [trio.CancelScope() for _ in range(2)]

    async def live(number: int) -> None:
        with scopes[number]:
            await ward.live(number, lambda: None)

    async with trio.open_nursery() as nursery:
        for number in range(2):
            nursery.start_soon(live, number)
        await wait_all_tasks_blocked()
        assert ward.left == 2
        for number in order:
            scopes[number].cancel()
            await wait_all_tasks_blocked()
    assert ward.left == 0
    assert ward.stopped_in_reverse == in_reverse


def test_without_erlang_there_is_no_otp_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its absence is no failure."""
    empty = tmp_path_factory.mktemp("empty")
    monkeypatch.setenv("PATH", str(empty))
    assert otp.otp_commands(empty) == {}


def test_a_program_that_fails_says_why() -> None:
    """The last line of its stderr is the reason."""
    with pytest.raises(ProgramFailed, match="it failed: ValueError: no"):
        output([sys.executable, "-c", "raise ValueError('no')"])
