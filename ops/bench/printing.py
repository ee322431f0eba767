"""Tables, verdicts and profiles as lines for a terminal."""

from collections.abc import Iterator, Sequence
from math import floor, log10

from feedtree.ops.bench.parts import Cell, Figure, Part, Table

_DIGITS = 3


def rendered(cell: Cell) -> str:
    """Write a cell: numbers with three significant digits, none of a whole number cut off."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or cell == 0:
        return f"{cell:,.0f}"
    decimals = _DIGITS - 1 - floor(log10(abs(cell)))
    return f"{cell:,.{min(max(decimals, 0), 6)}f}"


def verdict(figure: Figure) -> str:
    """Write a figure's target and whether it is held; empty where there is none."""
    if figure.held is None:
        return ""
    bound = f"<= {rendered(figure.most)}" if figure.most is not None else f">= {rendered(figure.least)}"
    return f"{bound}: {'yes' if figure.held else 'NO'}"


def valued(figure: Figure) -> str:
    """Write a figure's value with its unit."""
    return f"{rendered(figure.value)} {figure.unit}".rstrip()


def part_lines(part: Part) -> Iterator[str]:
    """Yield all of a part."""
    for table in part.tables:
        yield from table_lines(table)
        yield ""
    yield from figure_lines(part.figures)
    for name, lines in part.profiles.items():
        yield ""
        yield f"missed: {name}"
        yield from (f"  {line}" for line in lines.splitlines())
    if part.faults:
        yield ""
        yield from (f"WRONG {fault}" for fault in part.faults)


def table_lines(table: Table) -> Iterator[str]:
    """Yield a table's title, head and rows; text stands to the left, numbers to the right."""
    rows = [table.columns, *(tuple(map(rendered, row)) for row in table.rows)]
    numeric = [_numeric([row[at] for row in table.rows]) for at in range(len(table.columns))]
    widths = [max(len(row[at]) for row in rows) for at in range(len(table.columns))]
    yield table.title
    for row in rows:
        cells = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _numeric(cells: Sequence[Cell]) -> bool:
    return all(not isinstance(cell, str) or cell.replace(",", "").isdigit() for cell in cells)


def figure_lines(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield a line for each figure: name, value, target."""
    width = max((len(figure.name) for figure in figures), default=0)
    for figure in figures:
        remark = f"  ({figure.note})" if figure.note else ""
        yield f"{figure.name:<{width}}  {valued(figure):>12}  {verdict(figure)}{remark}".rstrip()
