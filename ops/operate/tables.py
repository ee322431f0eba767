"""Tables for people: as wide as the terminal and in colours there, whole and plain in a pipe."""

import shutil
import sys
from collections.abc import Iterable, Sequence

from msgspec import Struct

from feedtree.ops.operate.printing import coloured
from feedtree.ops.styles import STYLES

_GAP = "  "
_ROOMY = 40  # characters of the last column, where there are so many to show
_LEAST = 12  # characters of the last column; where a terminal has no room for it, it is left out


class Column(Struct, frozen=True):
    """A column of a table.

    Args:
        name: its head; a table without any has none.
        right: numbers stand at the right.
        last: gives way where the terminal is too narrow.
        spare: is left out where the last one would have little room beside it.
        states: its cells are states, and have their colours.
    """

    name: str
    right: bool = False
    last: bool = False
    spare: bool = False
    states: bool = False


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in columns."""
    table = list(rows)
    if sys.stdout.isatty():
        lines = rendered(columns, table, shutil.get_terminal_size().columns)
    else:
        lines = plain(columns, table)
    print("\n".join(lines))


def plain(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as lines of text; columns without any content are left out."""
    lines, widths = _measured(columns, rows)
    return [_joined(columns, line, widths) for line in lines]


def rendered(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return a table as lines with colours, none wider than so many columns of a terminal."""
    lines, widths = _measured(columns, rows)
    _fit(columns, widths, width)
    head = [] if len(lines) == len(rows) else [coloured(_joined(columns, lines[0], widths)[:width], "bold")]
    shown = lines[len(head) :]
    return head + [_joined(columns, line, widths, colours=True, room=width) for line in shown]


def _measured(
    columns: Sequence[Column], rows: Sequence[Sequence[str]]
) -> tuple[list[Sequence[str]], dict[int, int]]:
    """Return the lines, with the heads where there are any, and the widths of the columns that have content."""
    head = tuple(column.name for column in columns)
    lines = [head, *rows] if any(head) else list(rows)
    filled = [number for number in range(len(columns)) if any(row[number] for row in rows)]
    shown = filled or range(len(columns))
    return lines, {number: max(len(line[number]) for line in lines) for number in shown}


def _fit(columns: Sequence[Column], widths: dict[int, int], width: int) -> None:
    """Leave out what is spare, take from the last column what is too much; others are cut at the terminal's edge."""
    last = [number for number in widths if columns[number].last]
    if last and widths[last[0]] - _over(widths, width) < min(widths[last[0]], _ROOMY):
        for number in [number for number in widths if columns[number].spare]:
            del widths[number]
    over = _over(widths, width)
    if over > 0 and last:
        left = widths[last[0]] - over
        if left >= _LEAST:
            widths[last[0]] = left
        else:
            del widths[last[0]]


def _over(widths: dict[int, int], width: int) -> int:
    return sum(widths.values()) + len(_GAP) * (len(widths) - 1) - width


def _joined(
    columns: Sequence[Column],
    line: Sequence[str],
    widths: dict[int, int],
    *,
    colours: bool = False,
    room: int | None = None,
) -> str:
    cells: list[str] = []
    used = 0
    for number, width in widths.items():
        text = _cut(line[number], width)
        padded = text.rjust(width) if columns[number].right else text.ljust(width)
        if room is not None:
            padded = padded[: max(0, room - used)]
            used += len(padded) + len(_GAP)
        style = _style(columns[number], text) if colours else ""
        cells.append(padded.replace(text, coloured(text, style), 1) if style and text in padded else padded)
    return _GAP.join(cells).rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _style(column: Column, text: str) -> str:
    if not text:
        return ""
    return STYLES.get(text, "") if column.states else "dim" if column.last else ""
