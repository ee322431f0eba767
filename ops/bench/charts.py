"""Bar charts as SVG: plain rectangles and text, readable on a light and on a dark page."""

from collections.abc import Iterator, Sequence
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
    """

    label: str
    value: float
    ours: bool


def bars(title: str, unit: str, values: Sequence[Bar]) -> str:
    """Return a chart of horizontal bars, the first on top, all on one scale that begins at 0."""
    height = _TOP + _ROW * len(values) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" font-weight="bold" fill="#222222">{escape(title)}</text>',
        *_rows(unit, values),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _rows(unit: str, values: Sequence[Bar]) -> Iterator[str]:
    scale = (WIDTH - _LEFT - _RIGHT) / max((bar.value for bar in values), default=1.0)
    for number, bar in enumerate(values):
        top = _TOP + number * _ROW
        base = top + _BAR - 3
        length = max(bar.value * scale, 1.0)
        yield f'<text x="{_LEFT - 8}" y="{base}" text-anchor="end" fill="#222222">{escape(bar.label)}</text>'
        yield (
            f'<rect x="{_LEFT}" y="{top}" width="{length:.1f}" height="{_BAR}"'
            f' fill="{_OURS if bar.ours else _OTHERS}"/>'
        )
        text = escape(f"{rendered(bar.value)} {unit}")
        yield f'<text x="{_LEFT + length + 6:.1f}" y="{base}" fill="#222222">{text}</text>'
