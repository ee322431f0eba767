"""Bar charts as SVG: plain rectangles and text, readable on a light and on a dark page."""

from collections.abc import Iterator, Sequence
from math import log
from xml.sax.saxutils import escape

from msgspec import Struct

from feedtree.ops.bench.printing import rendered

WIDTH = 760
_LEFT = 200  # of it for the labels
_RIGHT = 90  # of it for the values
_ROW = 26
_BAR = 16
_TOP = 44
_OURS, _OTHERS = "#2f7ed8", "#9aa5b1"


class Bar(Struct, frozen=True):
    """One value.

    Args:
        label: whose.
        value: 0 or more.
        ours: whether it stands out.
        text: stands at its end in place of the value and its unit.
    """

    label: str
    value: float
    ours: bool
    text: str = ""


class Heading(Struct, frozen=True):
    """A line of text above the bars that follow."""

    text: str


def bars(title: str, unit: str, values: Sequence[Bar | Heading], *, decades_from: float = 0.0) -> str:
    """Return a chart of horizontal bars, the first on top, all on one scale.

    Args:
        title: of the chart.
        unit: of the values.
        values: the bars, with headings among them.
        decades_from: where a logarithmic scale begins; 0: the scale is linear and begins at 0.
    """
    height = _TOP + _ROW * len(values) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" font-weight="bold" fill="#222222">{escape(title)}</text>',
        *_rows(unit, values, decades_from),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _rows(unit: str, values: Sequence[Bar | Heading], decades_from: float) -> Iterator[str]:
    room = WIDTH - _LEFT - _RIGHT
    most = max((bar.value for bar in values if isinstance(bar, Bar)), default=1.0)
    for number, bar in enumerate(values):
        top = _TOP + number * _ROW
        base = top + _BAR - 3
        if isinstance(bar, Heading):
            yield f'<text x="12" y="{base}" font-weight="bold" fill="#222222">{escape(bar.text)}</text>'
            continue
        length = max(room * _share(bar.value, most, decades_from), 1.0)
        yield f'<text x="{_LEFT - 8}" y="{base}" text-anchor="end" fill="#222222">{escape(bar.label)}</text>'
        yield (
            f'<rect x="{_LEFT}" y="{top}" width="{length:.1f}" height="{_BAR}"'
            f' fill="{_OURS if bar.ours else _OTHERS}"/>'
        )
        text = escape(bar.text or f"{rendered(bar.value)} {unit}")
        yield f'<text x="{_LEFT + length + 6:.1f}" y="{base}" fill="#222222">{text}</text>'


def _share(value: float, most: float, decades_from: float) -> float:
    """Return how far along the scale a value stands, 0 to 1."""
    if not decades_from:
        return value / (most or 1.0)
    return log(max(value / decades_from, 1.0)) / log(max(most / decades_from, 1.0) + 1e-9)
