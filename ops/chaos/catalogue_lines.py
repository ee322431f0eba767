"""The catalogue as people read it: tables on a terminal, lines in a pipe."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from feedtree.ops.chaos.catalogue import PLACES, Entry, ParameterEntry, timing


def lines(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield a line for each fault: place, name, parameters with defaults, and what it does, between tabs."""
    for entry in entries:
        yield "\t".join((entry.place, entry.name, _parameters(entry), entry.what))


def tables(entries: Iterable[Entry]) -> str:
    """Return a table for each place, as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    with console.capture() as capture:
        for place, group in groupby(entries, lambda entry: entry.place):
            table = Table(title=PLACES[place], title_justify="left", box=None, pad_edge=False)
            table.add_column("fault", no_wrap=True, style="bold")
            table.add_column("what it does", ratio=3)
            table.add_column("parameters", ratio=2, style="dim")
            for entry in group:
                table.add_row(entry.name, entry.what, _parameters(entry))
            console.print(table)
            if place == "proxy":
                console.print(f"each also: {', '.join(map(str, timing()))}", style="dim")
            console.print()
    return capture.get().rstrip("\n")


def _parameters(entry: Entry) -> str:
    if entry.place == "switch":
        (value,) = entry.parameters
        return f"{value.allowed}; {_default(value)} ({', '.join(entry.venues)})"
    return " ".join(str(parameter).replace(" ", "") for parameter in entry.parameters)


def _default(value: ParameterEntry) -> str:
    text = str(value).partition("=")[2]
    return f"default {text}" if text else "default empty"
