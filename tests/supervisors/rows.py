"""The rows of the supervision checklist, and the tests that show them.

``python tests/supervisors/rows.py`` (or ``make rows``) writes both into docs/supervision.md.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
DOCUMENT = ROOT / "docs" / "supervision.md"
BEGIN, END = "<!-- rows: written by make rows -->\n", "<!-- end of rows -->\n"


@dataclass(frozen=True)
class Row:
    """One requirement."""

    id: str
    level: str
    section: str
    requirement: str
    source: str
    skipped: str = ""

    @property
    def due(self) -> bool:
        """Whether it must have a test."""
        return self.level in "MS"


def rows() -> list[Row]:
    """Return all rows in order."""
    text = Path(__file__).with_name("rows.toml").read_text()
    return [Row(**each) for each in tomllib.loads(text)["row"]]


def tests_of_rows() -> dict[str, list[str]]:
    """Return the node ids of the marked tests, relative to the project's root, by row."""
    found: dict[str, list[str]] = {}
    for folder in ("actors", "supervisors"):
        for file in sorted((TESTS / folder).glob("test_*.py")):
            for function, row in _marks(ast.parse(file.read_text())):
                found.setdefault(row, []).append(f"{file.relative_to(ROOT).as_posix()}::{function}")
    return found


def _marks(module: ast.Module) -> Iterator[tuple[str, str]]:
    for function in module.body:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            # Decorators stand from the outermost in; whoever reads them reads from the top.
            for mark in function.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.row":
                    yield function.name, ast.literal_eval(mark.args[0])


def table() -> str:
    """Return the table as Markdown, a section after the other."""
    found = tests_of_rows()
    lines: list[str] = []
    section = ""
    for row in rows():
        if row.section != section:
            section = row.section
            lines += [
                "",
                f"### {section}",
                "",
                "| row | | requirement | shown by |",
                "| --- | --- | --- | --- |",
            ]
        lines.append(f"| {row.id} | {row.level} | {_escaped(row.requirement)} | {_shown_by(row, found)} |")
    return "\n".join(lines[1:]) + "\n"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _shown_by(row: Row, found: dict[str, list[str]]) -> str:
    if row.skipped:
        return f"not built: {row.skipped}"
    tests = found.get(row.id, [])
    return "<br>".join(f"`{Path(node.split('::')[0]).name}` {_words(node)}" for node in tests)


def _words(node: str) -> str:
    return node.partition("::test_")[2].replace("_", " ")


def document(text: str) -> str:
    """Return the document with the table as it is now."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{DOCUMENT.name} lacks the lines {BEGIN.strip()} and {END.strip()}")
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


if __name__ == "__main__":
    DOCUMENT.write_text(document(DOCUMENT.read_text()))
    sys.exit(0)
