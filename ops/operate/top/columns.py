"""The table's columns: what each shows, how it is sorted, and which of them give way. Knows no terminal."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from feedtree.ops.operate.top.rows import Row

PATH_MIN = 17  # columns of the terminal that a path has at least
GAP = 1  # between two columns

WORST_FIRST = (
    "failed",
    "stuck",
    "down",
    "flapping",
    "rejected",
    "inconsistent",
    "stopped",
    "restarting",
    "starting",
    "connecting",
    "syncing",
    "stale",
    "stopping",
)
"""States that need an eye, the worst first. All others are fine."""

_BADNESS = {state: len(WORST_FIRST) - rank for rank, state in enumerate(WORST_FIRST)}


class Column(Struct, frozen=True):
    """A column of the table.

    Args:
        key: the `Row`'s attribute.
        title: its head.
        width: in columns of the terminal; 0 takes what is left.
        text: what a row shows in it.
        gives_way: those with the greatest number are left out first where there is no room; 0 never.
        falling: whether the greatest comes first, until it is reversed.
    """

    key: str
    title: str
    width: int
    text: Callable[[Row], str]
    gives_way: int = 0
    falling: bool = True


def badness(state: str) -> int:
    """Return how much a state needs an eye: 0 for one that is fine."""
    return _BADNESS.get(state, 0)


def count(value: float | None, room: int) -> str:
    """Return a count in so many characters, five at least: whole where that has room."""
    if value is None:
        return ""
    whole = f"{value:,.0f}"
    if len(whole) <= room:
        return whole
    shorter = (
        f"{value / size:.{digits}f}{unit}"
        for size, unit in ((1e3, "k"), (1e6, "M"), (1e9, "G"))
        for digits in (1, 0)
        if value / size < 999.5
    )
    return next((text for text in shorter if len(text) <= room), ">999G")


def milliseconds(value: float | None) -> str:
    """Return milliseconds in at most six characters."""
    if value is None:
        return ""
    if value < 99.95:
        return f"{value:.2f}" if value < 9.995 else f"{value:.1f}"
    return f"{value:.0f}" if value < 99_999.5 else ">99999"


def share(value: float | None) -> str:
    """Return a share in per cent, in at most five characters below a hundred processors."""
    if value is None:
        return ""
    return f"{value:.1%}" if value < 0.0995 else f"{value:.0%}"


COLUMNS = (
    Column("path", "path", 0, lambda row: row.path, falling=False),
    Column("state", "state", 12, lambda row: row.state),
    Column("rate", "msg/s", 7, lambda row: count(row.rate, 7)),
    Column("p50", "p50 ms", 6, lambda row: milliseconds(row.p50), 6),
    Column("p99", "p99 ms", 6, lambda row: milliseconds(row.p99), 2),
    Column("depth", "queue", 5, lambda row: count(row.depth, 5), 4),
    Column("drops", "drops", 6, lambda row: count(row.drops, 6), 3),
    Column("restarts", "restarts", 9, lambda row: count(row.restarts, 9), 1),
    Column("cpu", "cpu", 5, lambda row: share(row.cpu), 5),
)

BY_KEY = {column.key: column for column in COLUMNS}
LEFT = frozenset({"path", "state"})  # the other columns are numbers, which stand at the right


def fitting(width: int, columns: Sequence[Column] = COLUMNS) -> list[tuple[Column, int]]:
    """Return the columns that have room, each with its width."""
    shown = list(columns)
    while len(shown) > 1 and _taken(shown) + PATH_MIN > width:
        going = max(shown, key=lambda column: column.gives_way)
        if not going.gives_way:
            break
        shown.remove(going)
    rest = max(1, width - _taken(shown))
    return [(column, column.width or rest) for column in shown]


def with_content(rows: Iterable[Row]) -> list[Column]:
    """Return the columns, without that of the CPU where no accounts are kept."""
    accounted = any(row.cpu is not None for row in rows)
    return [column for column in COLUMNS if column.key != "cpu" or accounted]


def arranged(rows: Iterable[Row], key: str, *, reverse: bool) -> list[Row]:
    """Return rows in the order of a column; those without a value come last; equals by path, streams first.

    Args:
        rows: in any order.
        key: of the column.
        reverse: the other way round than the column's own.
    """
    column = BY_KEY[key]
    by_path = sorted(rows, key=lambda row: (not row.stream, _natural(row.path)))
    known = [row for row in by_path if getattr(row, key) is not None]
    unknown = [row for row in by_path if getattr(row, key) is None]
    return sorted(known, key=_value(key), reverse=column.falling != reverse) + unknown


def matches(text: str, *fields: str) -> bool:
    """Tell whether each word of a filter stands in one of the fields; case does not count."""
    lowered = [field.lower() for field in fields]
    return all(any(word in field for field in lowered) for word in text.lower().split())


def _value(key: str) -> Callable[[Row], Any]:
    if key == "path":
        return lambda row: _natural(row.path)
    if key == "state":
        return lambda row: badness(row.state)
    return lambda row: getattr(row, key)


def _taken(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)


@lru_cache(maxsize=1 << 16)
def _natural(path: str) -> tuple[tuple[str, int], ...]:
    """Return what sorts shard-2 before shard-10."""
    return tuple(
        (text, int(digits) if digits else -1)
        for text, digits in re.findall(r"(\D*)(\d*)", path)
        if text or digits
    )
