"""``feedtree chaos run``: what it prints and returns, and that Ctrl-C leaves a table."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from feedtree.ops import chaos_run_command
from feedtree.ops.chaos.campaign.lines import Scale, scale_of
from feedtree.ops.chaos.campaign.observation import Observation
from feedtree.ops.chaos.campaign.reproduction import command_line
from feedtree.ops.chaos.campaign.run import Outcome, Setting
from feedtree.ops.chaos.campaign.settling import Books
from feedtree.ops.chaos.campaign.spread import Spread
from feedtree.ops.chaos.campaign.table import rows_of
from feedtree.ops.chaos.campaign.telling import line_of, told
from feedtree.ops.chaos_report import check_writable, write_all
from feedtree.ops.cli import command
from feedtree.ops.sim_process import SimulatorFailed


def test_ctrl_c_prints_what_there_is_and_exits_1() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "feedtree.ops", "chaos", "run", "--faults", "50", "--venue", "gateio.spot"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("50 faults by seed 1")
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 1
    assert "broken off after 0 of 50 faults" in stdout
    assert "nothing was judged" in stdout
    assert "Traceback" not in stderr


# What it prints and returns


def seen(number: int, **measures: float) -> Observation:
    return Observation(
        number=number,
        kind="reset",
        line="gateio.spot/7",
        venue="gateio.spot",
        side="public",
        variant=0,
        at=12.0,
        measures=measures,  # type: ignore[arg-type]
        wrong=[],
    )


def outcome(*observations: Observation, broken: Sequence[str] = (), interrupted: bool = False) -> Outcome:
    return Outcome(
        Setting(seed=7, faults=2, scale=Scale(venues=("gateio.spot",))),
        2,
        observations=list(observations),
        rows=rows_of(observations),
        books=Books(trades=1_000, passed=10, fills=5),
        broken=list(broken),
        late=Spread(0.0002, 0.001, 0.01),
        bare=Spread(0.024, None, 0.09),
        took_s=61.0,
        interrupted=interrupted,
    )


def test_a_campaign_that_holds_is_told_with_what_was_compared() -> None:
    text = told(outcome(seen(1, found=0.001, live=0.02), seen(2, found=0.001, live=0.02)))
    assert (
        "1,000 trades told, 10 passed in gaps of the ledger; 5 fills\n0 lost, 0 doubled; 0 books diverged"
        in text
    )
    assert "our event loop was late by 0.2 ms in the median, 10.0 ms at most" in text
    assert "a bare client beside it had its first datum after 24.0 ms in the median, 90.0 ms at most" in text
    assert text.endswith(
        "2 faults in 61 s: all figures reached; again: feedtree chaos run --seed 7 --faults 2 --venue gateio.spot"
    )


def test_of_much_that_does_not_hold_the_first_is_told() -> None:
    text = told(outcome(seen(1, found=0.001), broken=[f"wrong {number}" for number in range(1, 51)]))
    assert "wrong 1\nwrong 2\n" in text
    assert "wrong 20\nand 30 more; a report has all" in text


def test_a_fault_is_told_in_a_line() -> None:
    assert (
        line_of(seen(1, found=0.001, live=0.02))
        == "  12.0 s  reset on gateio.spot/7: found 0.001 s, live 0.020 s"
    )
    nothing = seen(1)
    nothing.wrong.append("the fault was never found")
    assert line_of(nothing) == "  12.0 s  reset on gateio.spot/7: nothing lost; the fault was never found"


def test_the_command_that_runs_it_again_names_what_differs() -> None:
    setting = Setting(seed=7, faults=30, only="away", pick=(3, 17), scale=Scale(venues=("mexc.spot",)))
    assert command_line(setting) == (
        "feedtree chaos run --seed 7 --faults 30 --venue mexc.spot --only away --pick 3,17"
    )
    thousand = Setting(seed=7, faults=30, scale=scale_of(1_000, ("mexc.spot",)))
    assert command_line(thousand).endswith("--venue mexc.spot --symbols 1005")


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (outcome(seen(1, found=0.001, live=0.02)), 0),
        (outcome(seen(1, found=0.9, live=1.0)), 1),
        (outcome(seen(1, found=0.001, live=0.02), interrupted=True), 1),
    ],
)
def test_the_exit_code_is_1_where_a_figure_is_missed_or_it_was_broken_off(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    found: Outcome,
    code: int,
) -> None:
    """The report is written all the same."""
    monkeypatch.setattr(chaos_run_command.trio, "run", lambda *_: found)
    report = tmp_path / "out.json"
    assert command(["chaos", "run", "--report", str(report)]) == code
    assert '"seed": 7' in report.read_text()
    assert "reset" in capsys.readouterr().out


def test_what_fails_is_shrunk_unless_that_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        chaos_run_command.trio, "run", lambda *_: outcome(seen(1), broken=["a task was left"])
    )
    monkeypatch.setattr(chaos_run_command, "reproduce", lambda *_: "async def test_it()")
    assert command(["chaos", "run"]) == 1
    assert "to see it again:\n\nasync def test_it()" in capsys.readouterr().out
    assert command(["chaos", "run", "--no-shrink"]) == 1
    assert "to see it again" not in capsys.readouterr().out


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BaseExceptionGroup("", [KeyboardInterrupt()])])
def test_ctrl_c_ends_the_search_for_fewer_faults_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    """The table is printed by then."""

    def broken_off(*_: object) -> str:
        raise error

    monkeypatch.setattr(
        chaos_run_command.trio, "run", lambda *_: outcome(seen(1), broken=["a task was left"])
    )
    monkeypatch.setattr(chaos_run_command, "reproduce", broken_off)
    assert command(["chaos", "run"]) == 1
    said = capsys.readouterr()
    assert "reset" in said.out
    assert said.err.endswith("the search for fewer faults was broken off; --no-shrink leaves it out\n")


def test_exchanges_that_do_not_start_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise SimulatorFailed("cannot listen")

    monkeypatch.setattr(chaos_run_command.trio, "run", fails)
    assert command(["chaos", "run"]) == 1
    assert "feedtree: the campaign did not start: cannot listen" in capsys.readouterr().err


def test_a_look_whether_a_report_can_be_written_leaves_no_trace(tmp_path: Path) -> None:
    """A report of yesterday is there until the new one is."""
    there, new = tmp_path / "there.json", tmp_path / "new.json"
    there.write_text("yesterday")
    check_writable(there)
    check_writable(new, charts=".svg")
    assert there.read_text() == "yesterday"
    assert [path.name for path in tmp_path.iterdir()] == ["there.json"]


def test_a_report_that_cannot_be_written_in_the_end_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder may be gone by then; the table is printed all the same."""
    assert not write_all({tmp_path / "gone" / "out.json": b"{}"})
    assert 'out.json" was not written: No such file or directory' in capsys.readouterr().err
    assert write_all({tmp_path / "out.json": b"{}"})


def test_what_was_broken_off_is_judged_as_far_as_it_came() -> None:
    """What is missing may have failed."""
    outcome = Outcome(Setting(seed=7), 200, observations=[seen(1)], interrupted=True)
    assert "broken off after 1 of 200 faults in 0 s: so far all figures reached" in told(outcome)
