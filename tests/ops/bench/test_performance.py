import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from feedtree.ops.bench import __main__ as command
from feedtree.ops.bench.charts import Bar, Heading, bars
from feedtree.ops.bench.parts import Figure, Part, Table
from feedtree.ops.bench.performance import CHARTS, STORY, document, markdown, write_document
from feedtree.ops.bench.printing import part_lines, rendered, verdict
from feedtree.ops.bench.record import Record
from feedtree.ops.bench.record_file import write_record
from feedtree.ops.bench.registry import PARTS

Make = Callable[..., Record]

SVG = "{http://www.w3.org/2000/svg}"
MISSED = Figure("tls whole pipeline: CPU / picows", 1.5, "x", "cpu", 1.2)


def found(record: Make) -> Record:
    """A run with everything that a document can show."""
    columns = ("client", "transport", "symbols", "CPU µs/message", "runs")
    rows = [
        ("feedtree whole", "tls", 10, 6.0, "5"),
        ("picows whole", "tls", 10, 5.0, "5"),
        ("x", "tcp", 10, 1.0, "5"),
    ]
    part = Part(
        "messages",
        [Table("One message", columns, [*rows])],
        [MISSED, Figure("shown", 3.0, "x", "cpu")],
        faults=["a run was wrong"],
        profiles={MISSED.name: "20% book.apply"},
        runs=[{"disturbed": True}, {"disturbed": False}, {"connection_ms": 1.0}],
    )
    return record(machine={"cpu": "some | cpu", "load": [0.5, 1.0]}, parts=[part])


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, "-"),
        ("text", "text"),
        (1_234, "1,234"),
        (1_234.5, "1,234"),
        (12.34, "12.3"),
        (0.0123, "0.0123"),
        (0.0, "0"),
    ],
)
def test_numbers_have_three_significant_digits(cell: str | float | None, text: str) -> None:
    """Whole ones are not cut off."""
    assert rendered(cell) == text


def test_a_verdict_says_yes_or_no() -> None:
    """With the bound; without one it says nothing."""
    assert verdict(MISSED) == "<= 1.20: NO"
    assert verdict(Figure("rate", 7.0, "x", "rate", least=6.0)) == ">= 6.00: yes"
    assert verdict(Figure("shown", 7.0, "x", "rate")) == ""


def test_a_part_is_printed_whole(record: Make) -> None:
    """Table, verdicts, the profile behind a miss, and what was wrong."""
    text = "\n".join(part_lines(found(record).parts[0]))
    for expected in (
        "One message",
        "<= 1.20: NO",
        f"missed: {MISSED.name}",
        "20% book.apply",
        "WRONG a run was wrong",
    ):
        assert expected in text


def test_a_table_becomes_markdown() -> None:
    """A bar in a cell does not end it."""
    table = Table("", ("what", "value"), [("a|b", 1.0)])
    assert list(markdown(table)) == ["| what | value |", "| --- | --- |", "| a/b | 1.00 |"]


def test_a_chart_is_svg_on_one_scale() -> None:
    """Twice the value is twice the length, and text is escaped."""
    root = ElementTree.fromstring(bars("a < b", "µs", [Bar("one", 1.0, True), Bar("two", 2.0, False)]))
    _, first, second = root.findall(f"{SVG}rect")
    assert float(second.attrib["width"]) == pytest.approx(2 * float(first.attrib["width"]), rel=0.01)
    assert first.attrib["fill"] != second.attrib["fill"]
    assert root.findtext(f"{SVG}title") == "a < b"


def test_a_chart_may_count_in_decades_and_have_headings() -> None:
    """Ten times the value is one step more; what is below the scale is a line; a text may stand for a value."""
    values = [
        Heading("one"),
        Bar("a", 0.01, True),
        Bar("b", 0.1, True),
        Heading("two"),
        Bar("c", 1.0, False, "never"),
    ]
    root = ElementTree.fromstring(bars("title", "s", [*values, Bar("d", 0.0, False)], decades_from=0.01))
    lengths = [float(each.attrib["width"]) for each in root.findall(f"{SVG}rect")[1:]]
    assert lengths[0] == lengths[3] == 1.0
    assert lengths[2] == pytest.approx(2 * lengths[1], rel=0.01)
    texts = [each.text for each in root.findall(f"{SVG}text")]
    assert texts == ["title", "one", "a", "0.0100 s", "b", "0.100 s", "two", "c", "never", "d", "0 s"]


def test_the_document_has_the_run_and_the_story(record: Make, tmp_path: Path) -> None:
    """Machine, targets, tables, profiles, charts, and how to repeat it."""
    write_document(found(record), tmp_path)
    text = (tmp_path / "performance.md").read_text()
    for expected in (
        "| cpu | some / cpu |",
        "0 of 1 are held",
        "1 of its 2 runs were disturbed",
        "| feedtree whole | tls | 10 | 6.00 | 5 |",
        "20% book.apply",
        "- a run was wrong",
        "make bench-compare",
    ):
        assert expected in text
    (chart,) = (chart for chart in CHARTS if chart.file in text)
    labels = [each.text for each in ElementTree.parse(tmp_path / chart.file).iter(f"{SVG}text")]
    assert "feedtree whole" in labels
    assert "x" not in labels


def test_a_story_without_a_place_for_results_is_refused(record: Make) -> None:
    """Else a run would be lost."""
    assert "<!-- results -->" in STORY.read_text()
    with pytest.raises(ValueError, match="has no <!-- results -->"):
        document(found(record), "a story")


def test_a_recorded_run_can_be_shown_and_compared_again(
    record: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The guard fails on a worse figure, and on a run that was wrong."""
    base, now = tmp_path / "base.json", tmp_path / "now.json"
    write_record(record(Figure(MISSED.name, 1.0, "x", "cpu", 1.2)), base)
    write_record(record(MISSED), now)
    monkeypatch.setattr(sys, "argv", ["bench", "--read", str(now), "--compare", str(base)])
    assert command.main() == 1
    assert f"WORSE {MISSED.name}" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["bench", "--read", str(base), "--compare", str(now)])
    assert command.main() == 0
    monkeypatch.setattr(sys, "argv", ["bench", "--read", str(base), "--compare", str(tmp_path / "none")])
    assert command.main() == 2


def test_parts_can_be_asked_for_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only those run; one that there is not is refused with what there is."""
    ran: list[str] = []
    for name, entry in PARTS.items():
        monkeypatch.setitem(
            PARTS, name, type(entry)(lambda core, rounds, name=name: ran.append(name) or Part(name, [], []))
        )
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "imports,latency", "--rounds", "1"])
    assert command.main() == 0
    assert ran == ["imports", "latency"]
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "nothing"])
    with pytest.raises(SystemExit):
        command.main()
    assert "there are messages, latency" in capsys.readouterr().err
