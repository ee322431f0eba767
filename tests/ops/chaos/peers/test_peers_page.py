"""The tables, the chart and docs/recovery.md, and the command that writes them."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from feedtree.ops.bench.record_file import UnreadableRecord, read_file, write_record
from feedtree.ops.chaos.page import PAGE as CHAOS_PAGE
from feedtree.ops.chaos.peers import __main__ as command
from feedtree.ops.chaos.peers.findings import Trial
from feedtree.ops.chaos.peers.ordeals import ORDEALS
from feedtree.ops.chaos.peers.page import CHART, PAGE, STORY, chart, page, write_page
from feedtree.ops.chaos.peers.record import Record
from feedtree.ops.chaos.peers.tables import remarks, seconds, tables

SVG = "{http://www.w3.org/2000/svg}"
ROOT = CHAOS_PAGE.parent


def made(**changes: Any) -> Record:
    trials = [
        Trial(
            client="feedtree", ordeal="close", detected=0.0012, recovered=0.0123, lost=2, told="StreamLost"
        ),
        Trial(client="feedtree", ordeal="mute", detected=1.5, recovered=1.55, lost=40, told="StreamLost"),
        Trial(client="websockets", ordeal="close", detected=0.002, recovered=0.01),
        Trial(client="websockets", ordeal="mute", detected=None, recovered=None, lost=9_000),
    ]
    values: dict[str, Any] = {
        "at": "2026-01-01T00:00:00Z",
        "cap": 200.0,
        "each": 3,
        "machine": {"cpu": "some", "load": [0.5, 1.0]},
        "versions": {"feedtree": "0.1.0", "websockets": "17.4"},
        "missing": {"cryptofeed": "ERROR: no such thing"},
        "trials": trials,
    }
    return Record(**(values | changes))


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "never"), (0.00123, "0.001"), (0.5, "0.500"), (1.234, "1.23"), (12.34, "12.3"), (139.4, "139")],
)
def test_times_have_as_many_digits_as_say_something(value: float | None, text: str) -> None:
    """Three at least, milliseconds at most."""
    assert seconds(value) == text


def test_the_tables_stand_side_by_side() -> None:
    """A row for each client, also for one that could not be installed; a column for each fault that was tried."""
    times, slowest, lost = tables(made())
    assert times.title.endswith("(never: not within 200 s)")
    assert times.columns == ("client", "close", "pings answered, no data")
    assert times.rows == [
        ("feedtree 0.1.0", "0.001 -> 0.012", "1.50 -> 1.55"),
        ("websockets 17.4", "0.002 -> 0.010", "never -> never"),
        ("cryptofeed", "not installed", "not installed"),
    ]
    assert slowest.rows[1] == ("websockets 17.4", "0.010", "never")
    assert lost.rows[0] == ("feedtree 0.1.0", "2, told", "40, told")
    assert lost.rows[1] == ("websockets 17.4", "0", "9000, not told")


def test_a_client_that_was_left_out_once_has_no_figure_there() -> None:
    """It was not live when the fault came."""
    trials = [each for each in made().trials if (each.client, each.ordeal) != ("websockets", "mute")]
    trials.append(Trial(client="feedtree", ordeal="close", detected=1.0, recovered=1.0))
    times, _, lost = tables(made(trials=trials))
    assert times.rows[1] == ("websockets 17.4", "0.002 -> 0.010", "-")
    assert lost.rows[0][1] == "1, told 1 of 2 times"


def test_what_was_wrong_is_named() -> None:
    """The client, the fault and the book; a run that was disturbed for the most part stands out."""
    trials = [Trial(client="one", ordeal="close", detected=1.0, recovered=2.0, wrong=["BTC/USDT: no bids"])]
    assert list(remarks(made(trials=trials, missing={}))) == [
        "0 of 1 trials were disturbed: others had the machine for a noticeable time",
        "WRONG after close: one, BTC/USDT: no bids",
    ]
    trials = [Trial(client="one", ordeal="close", detected=1.0, recovered=2.0, disturbed=True)]
    first, missing, right = remarks(made(trials=trials))
    assert first.startswith("**1 of 1 trials")
    assert missing == "cryptofeed could not be installed: ERROR: no such thing"
    assert right.startswith("all books of all clients were the exchange's")


def test_the_chart_has_a_bar_for_each_client_under_each_fault() -> None:
    """Never is as long as the cap, and says so."""
    root = ElementTree.fromstring(chart(made()))
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert texts[1:] == [
        *("close", "feedtree", "0.012 s", "websockets", "0.010 s"),
        *("pings answered, no data", "feedtree", "1.55 s", "websockets", "never"),
    ]
    lengths = [float(each.attrib["width"]) for each in root.iter(f"{SVG}rect")][1:]
    assert lengths[3] == max(lengths)
    assert lengths[1] < lengths[0] < lengths[2] < lengths[3]


def test_the_page_has_the_run_the_faults_the_clients_and_how_to_repeat_it(tmp_path: Path) -> None:
    """Written by the command itself, with the chart beside it."""
    write_page(made(), tmp_path)
    text = (tmp_path / PAGE).read_text()
    for expected in (
        "Run of 2026-01-01T00:00:00Z, 3 processes of each client at the same time, cap 200 s.",
        f"]({CHART})",
        "| websockets 17.4 | 0.002 -> 0.010 | never -> never |",
        "- Cryptofeed could not be installed: ERROR: no such thing.",
        "| cpu | some |",
        "| websockets | 17.4 |",
        "make chaos-peers",
        *(f"| {ordeal.title} | {ordeal.says} | {ordeal.passes} |" for ordeal in ORDEALS),
    ):
        assert expected in text
    assert "<!-- results -->" not in text
    assert (tmp_path / CHART).read_text() == chart(made())


def test_a_story_without_a_place_for_results_is_refused() -> None:
    """Else a run would be lost."""
    with pytest.raises(ValueError, match="has no <!-- results -->"):
        page(made(), "a story")


def test_the_tracked_page_is_of_this_story() -> None:
    """Where this fails: make chaos-peers, or --read with --write."""
    text = (ROOT / PAGE).read_text()
    before, _, behind = STORY.read_text().partition("<!-- results -->\n")
    assert text.startswith(before)
    assert text.endswith(behind)
    assert re.search(r"^Run of \d{4}-\d\d-\d\dT", text, re.MULTILINE)
    ElementTree.parse(ROOT / CHART)


def test_a_record_can_be_shown_and_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--read measures nothing."""
    file = tmp_path / "run.json"
    write_record(made(), file)
    assert read_file(file, Record) == made()
    monkeypatch.setattr(command, "DOCS", tmp_path)
    assert command.main(["--read", str(file), "--write"]) == 0
    assert "never -> never" in capsys.readouterr().out
    assert (tmp_path / PAGE).exists()


def test_what_is_no_record_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the name of the file."""
    file = tmp_path / "run.json"
    with pytest.raises(UnreadableRecord, match=r"run\.json"):
        read_file(file, Record)
    file.write_text("[]")
    assert command.main(["--read", str(file)]) == 2
    assert "run.json: Expected `object`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "close,rest"], "'rest' is no fault; there are close, reset, away, black_hole"),
        (["--clients", "picows"], "'picows' is no client; there are feedtree, websockets"),
        (["--cap", "0"], "'0' is not allowed; allowed: 1 to 3600"),
        (["--cap", "nan"], "'nan' is not allowed"),
        (["--each", "1.5"], "'1.5' is not allowed; allowed: 1 to 20"),
        (["--ech", "1"], "unrecognized arguments: --ech"),
    ],
)
def test_a_bad_option_is_named(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what is allowed."""
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "broken off"),
        (command.SimulatorFailed("the port is taken"), 1, "did not start: the port is taken"),
    ],
)
def test_a_run_that_is_broken_off_prints_what_there_is(
    raised: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """And writes no page."""

    async def broken(
        entrants: object, rules: object, folder: Path, trials: list[Trial], versions: object, tell: object
    ) -> None:
        trials.extend(made().trials[:1])
        raise raised

    monkeypatch.setattr(command, "run_contest", broken)
    monkeypatch.setattr(command, "DOCS", tmp_path)
    assert command.main(["--clients", "feedtree", "--write"]) == code
    told = capsys.readouterr()
    assert said in told.err
    assert "0.001 -> 0.012" in told.out
    assert not (tmp_path / PAGE).exists()


def test_a_client_that_cannot_be_installed_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others run; where nothing was measured, that is said."""

    def refused(client: object) -> list[str]:
        raise command.CannotInstall("ERROR: no such thing")

    async def nothing(entrants: list[object], *_: object) -> None:
        assert entrants == []

    monkeypatch.setattr(command, "prepare", refused)
    monkeypatch.setattr(command, "run_contest", nothing)
    assert command.main(["--clients", "ccxt.pro"]) == 0
    assert capsys.readouterr().out.splitlines() == ["nothing was measured", "ccxt.pro: ERROR: no such thing"]
