"""A series as a small chart: of characters, or as SVG. Pure."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from statistics import median

Points = Sequence[tuple[float, float]]

_BLOCKS = " ▁▂▃▄▅▆▇█"
_WIDTH, _HEIGHT, _MARGIN = 640, 120, 24


def chart(title: str, points: Points, *, width: int = 60, height: int = 6) -> str:
    """Return a chart of so many columns and lines, with the least and the greatest value beside it."""
    if not points:
        return f"{title}: nothing was measured"
    columns = _columns([y for _, y in points], width)
    least, most = min(columns), max(columns)
    room = most - least or 1.0
    eighths = [round((value - least) / room * (height * 8 - 1)) + 1 for value in columns]
    lines = [
        "".join(_BLOCKS[min(max(filled - row * 8, 0), 8)] for filled in eighths)
        for row in reversed(range(height))
    ]
    scale = [f"{most:.6g}", *([""] * (height - 2)), f"{least:.6g}"]
    side = max(map(len, scale))
    return "\n".join(
        [title, *(f"{label.rjust(side)} {line}" for label, line in zip(scale, lines, strict=True))]
    )


def svg(series: Sequence[tuple[str, Points]]) -> str:
    """Return the series below each other, each on a scale of its own."""
    parts = [
        _plot(title, points, number * _HEIGHT) for number, (title, points) in enumerate(series) if points
    ]
    height = _HEIGHT * len(series)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        f'font-size="11">\n<rect width="{_WIDTH}" height="{height}" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _plot(title: str, points: Points, top: float) -> str:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    across, up = max(xs) - min(xs) or 1.0, max(ys) - min(ys) or 1.0
    wide, high = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN
    path = " ".join(
        f"{_MARGIN + (x - min(xs)) / across * wide:.1f},{top + _HEIGHT - _MARGIN - (y - min(ys)) / up * high:.1f}"
        for x, y in points
    )
    label = f"{escape(title)}: {min(ys):.6g} to {max(ys):.6g}"
    return (
        f'<text x="{_MARGIN}" y="{top + _MARGIN - 8:.0f}">{label}</text>\n'
        f'<polyline points="{path}" fill="none" stroke="#246" stroke-width="1"/>'
    )


def _columns(values: Sequence[float], width: int) -> list[float]:
    if len(values) <= width:
        return list(values)
    edges = [round(column * len(values) / width) for column in range(width + 1)]
    return [median(values[begin:end]) for begin, end in pairwise(edges)]
