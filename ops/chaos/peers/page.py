"""Writes docs/recovery.md and its chart from one run."""

from collections.abc import Iterator
from pathlib import Path

from feedtree.ops.bench.charts import Bar, Heading, bars
from feedtree.ops.bench.parts import Table
from feedtree.ops.bench.performance import filled, machine_table, markdown
from feedtree.ops.chaos.peers.environments import CLIENTS
from feedtree.ops.chaos.peers.findings import grouped
from feedtree.ops.chaos.peers.ordeals import ORDEALS
from feedtree.ops.chaos.peers.record import Record
from feedtree.ops.chaos.peers.tables import NEVER, ordeals, remarks, seconds, tables

PAGE = "recovery.md"
CHART = "recovery.svg"
STORY = Path(__file__).with_name("recovery_story.md")  # what no run changes
_TITLE = "From the fault's begin to the first fresh datum, median seconds, logarithmic (less is better)"
_FROM_S = 0.001  # where the chart's scale begins


def write_page(record: Record, folder: Path) -> None:
    """Write the page and its chart below a folder."""
    (folder / CHART).write_text(chart(record))
    (folder / PAGE).write_text(page(record, STORY.read_text()))


def page(record: Record, story: str) -> str:
    """Return the whole page: the story, with the results where it says.

    Raises:
        ValueError: the story does not say where.
    """
    return filled(story, _results(record))


def chart(record: Record) -> str:
    """Return the chart: a bar for each client under each fault."""
    cells = grouped(record.trials)
    drawn: list[Bar | Heading] = []
    for ordeal in ordeals(record):
        drawn.append(Heading(ordeal.title))
        for client in CLIENTS:
            cell = cells.get((client.name, ordeal.name))
            if cell is not None:
                back = cell.recovered
                text = NEVER if back is None else f"{seconds(back)} s"
                drawn.append(
                    Bar(client.name, record.cap if back is None else back, not client.requirements, text)
                )
    return bars(_TITLE, "s", drawn, decades_from=_FROM_S)


def _results(record: Record) -> Iterator[str]:
    yield f"Run of {record.at}, {record.each} processes of each client at the same time, cap {record.cap:g} s."
    yield from ["", f"![{_TITLE}]({CHART})"]
    for table in tables(record):
        yield from ["", f"{_capital(table.title)}:", "", *markdown(table)]
    yield ""
    yield from (f"- {_capital(remark)}." for remark in remarks(record))
    yield from ["", "It ran on:", "", *machine_table({**record.machine, **record.versions})]
    yield from ["", "## The faults", ""]
    rows = [(ordeal.title, ordeal.says, ordeal.passes) for ordeal in ORDEALS]
    yield from markdown(Table("", ("fault", "what happens", "times"), [*rows]))
    yield from ["", "## The clients", ""]
    yield from markdown(
        Table("", ("client", "is run as"), [(client.name, client.is_run_as) for client in CLIENTS])
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
