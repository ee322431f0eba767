"""The catalogue in docs/chaos.md, written from the code: ``python -m feedtree.ops.chaos.page``."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from feedtree.ops.chaos.catalogue import PLACES, Entry, ParameterEntry, catalogue, timing

PAGE = Path(__file__).resolve().parents[2] / "docs" / "chaos.md"
BEGIN, END = "<!-- catalogue: written by make chaos-page -->", "<!-- end of the catalogue -->"
_TITLES = {
    "proxy": "Of connections: the proxy",
    "names": "Of names",
    "exchange": "Of a simulated exchange, now",
    "switch": "Of a simulated exchange, from now on",
}


def tables() -> str:
    """Return the catalogue in Markdown."""
    return "\n".join(
        line for place, group in groupby(catalogue(), _place) for line in _part(place, list(group))
    )


def written(page: str) -> str:
    """Return a page with the catalogue between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


def _place(entry: Entry) -> str:
    return entry.place


def _part(place: str, entries: Sequence[Entry]) -> Iterator[str]:
    yield f"### {_TITLES[place]}"
    yield ""
    yield f"{_code(PLACES[place])}."
    yield ""
    yield from _switches(entries) if place == "switch" else _faults(entries)
    yield ""
    if place == "proxy":
        yield "Each also takes:"
        yield ""
        yield from (f"- {_list([parameter])}" for parameter in timing())
        yield ""


def _faults(entries: Sequence[Entry]) -> Iterator[str]:
    yield "| fault | what it does | parameters |"
    yield "| --- | --- | --- |"
    for entry in entries:
        meets = {
            "": "",
            "all": " Meets all connections.",
            "open": " Meets open ones.",
            "new": " Meets new ones.",
        }
        yield f"| `{entry.name}` | {_cell(entry.what)}.{meets[entry.on]} | {_cell(_list(entry.parameters))} |"


def _switches(entries: Sequence[Entry]) -> Iterator[str]:
    yield "| switch | what it does | allowed | default | venues |"
    yield "| --- | --- | --- | --- | --- |"
    for entry in entries:
        (value,) = entry.parameters
        default = str(value).partition("=")[2]
        cells = (_cell(entry.what), value.allowed, f"`{default}`" if default else "", ", ".join(entry.venues))
        yield f"| `{entry.name}` | {' | '.join(cells)} |"


def _list(parameters: Sequence[ParameterEntry]) -> str:
    return "<br>".join(f"`{parameter}`: {parameter.what}" for parameter in parameters)


def _code(text: str) -> str:
    words, colon, code = text.partition(": ")
    return f"{words[0].upper()}{words[1:]}{colon}`{code}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
