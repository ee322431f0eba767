"""Writes docs/performance.md and its charts from one run of the benchmark."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from feedtree.ops.bench.charts import Bar, bars
from feedtree.ops.bench.parts import Cell, Figure, Part, Table
from feedtree.ops.bench.printing import rendered, valued, verdict
from feedtree.ops.bench.record import Record

DOCUMENT = "performance.md"
STORY = Path(__file__).with_name("performance_story.md")  # what no run changes
_RESULTS = "<!-- results -->\n"  # where they stand in it


class Chart(Struct, frozen=True):
    """Bars from the rows of a part's first table.

    Args:
        part: whose.
        file: below docs/.
        title: of the chart.
        where: column -> the value that a row must have.
        label: the column that names a row.
        value: the column that is drawn.
        unit: of the value.
        others: rows whose label begins so are not ours.
    """

    part: str
    file: str
    title: str
    where: dict[str, Cell]
    label: str
    value: str
    unit: str
    others: tuple[str, ...]


OTHERS = ("picows", "trio-websocket", "websockets", "cryptofeed", "ccxt")
CHARTS = (
    Chart(
        "messages",
        "performance-cpu.svg",
        "CPU per message over TLS, 10 symbols (less is better)",
        {"transport": "tls", "symbols": 10},
        "client",
        "CPU µs/message",
        "µs",
        OTHERS,
    ),
    *(
        Chart(
            "latency",
            f"performance-latency-{per_s.replace(',', '')}.svg",
            f"p50 from send to consumer over TLS, {per_s} messages/s (less is better)",
            {"transport": "tls", "per s": per_s},
            "reading, delivery",
            "p50",
            "µs",
            OTHERS,
        )
        for per_s in ("1,000", "5,000")
    ),
)


def write_document(record: Record, folder: Path) -> None:
    """Write the document and its charts below a folder."""
    for file, svg in drawn(record).items():
        (folder / file).write_text(svg)
    (folder / DOCUMENT).write_text(document(record, STORY.read_text()))


def document(record: Record, story: str) -> str:
    """Return the whole document: the story, with the results where it says.

    Raises:
        ValueError: the story does not say where.
    """
    return filled(story, _results(record))


def filled(story: str, results: Iterable[str]) -> str:
    """Return a story with lines of results where it says.

    Raises:
        ValueError: it does not say where.
    """
    before, mark, behind = story.partition(_RESULTS)
    if not mark:
        raise ValueError(f"the story has no {_RESULTS.strip()}")
    return before + "\n".join(results) + "\n" + behind


def drawn(record: Record) -> dict[str, str]:
    """Return the charts of what was measured: file -> SVG."""
    parts = {part.name: part for part in record.parts}
    found: dict[str, str] = {}
    for chart in CHARTS:
        if chart.part in parts and (values := _bars(chart, parts[chart.part].tables[0])):
            found[chart.file] = bars(chart.title, chart.unit, values)
    return found


def _bars(chart: Chart, table: Table) -> list[Bar]:
    at = {name: number for number, name in enumerate(table.columns)}
    return [
        Bar(label, float(value), not label.startswith(chart.others))
        for row in table.rows
        if all(row[at[name]] == wanted for name, wanted in chart.where.items())
        and isinstance(label := row[at[chart.label]], str)
        and isinstance(value := row[at[chart.value]], float | int)
    ]


def _results(record: Record) -> Iterator[str]:
    yield from _machine(record)
    yield from _targets(record.parts)
    charts = drawn(record)
    for part in record.parts:
        yield from ["", f"## {part.name.capitalize()}"]
        for chart in CHARTS:
            if chart.part == part.name and chart.file in charts:
                yield from ["", f"![{chart.title}]({chart.file})"]
        for table in part.tables:
            yield from ["", f"{table.title}:", "", *markdown(table)]
        yield from _others(part)
        if part.faults:
            yield from ["", "These runs were wrong and count in no figure:", ""]
            yield from (f"- {fault}" for fault in part.faults)


def _machine(record: Record) -> Iterator[str]:
    grid = "the whole grid (`make bench-full`)" if record.full else "the rows that matter (`make bench`)"
    yield f"Run of {record.at}, {grid}; {_disturbed(record)}. It ran on:"
    yield ""
    yield from machine_table(record.machine)


def machine_table(machine: Mapping[str, object]) -> Iterator[str]:
    """Yield a table of what something ran on."""
    yield from markdown(
        Table("", ("what", "which"), [(name, _plain(value)) for name, value in machine.items()])
    )


def _disturbed(record: Record) -> str:
    runs = [run for part in record.parts for run in part.runs if "disturbed" in run]
    count = sum(bool(run["disturbed"]) for run in runs)
    if 2 * count > len(runs):
        return f"**{count} of its {len(runs)} runs were disturbed: its figures say little**"
    return f"{count} of its {len(runs)} runs were disturbed"


def _plain(value: object) -> Cell:
    if isinstance(value, list | tuple):
        return ", ".join(rendered(each) for each in value)
    return value if isinstance(value, str | float | int) else str(value)


def _targets(parts: Sequence[Part]) -> Iterator[str]:
    figures = [figure for part in parts for figure in part.figures if figure.held is not None]
    held = sum(figure.held is True for figure in figures)
    yield from ["", "## Targets", "", f"{held} of {len(figures)} are held.", ""]
    yield from markdown(
        Table("", ("figure", "value", "target", "note"), [_judged(figure) for figure in figures])
    )
    for part in parts:
        for name, lines in part.profiles.items():
            yield from ["", f"Where the time of *{name}* goes:", "", "```text", lines, "```"]


def _judged(figure: Figure) -> tuple[Cell, ...]:
    return figure.name, valued(figure), verdict(figure), figure.note


def _others(part: Part) -> Iterator[str]:
    others = [figure for figure in part.figures if figure.held is None]
    if others:
        yield from ["", "Without a target:", ""]
        yield from markdown(
            Table("", ("figure", "value"), [(figure.name, valued(figure)) for figure in others])
        )


def markdown(table: Table) -> Iterator[str]:
    """Yield a table's head and rows; its title is the caller's."""
    yield _line(table.columns)
    yield _line(["---"] * len(table.columns))
    yield from (_line([rendered(cell) for cell in row]) for row in table.rows)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
