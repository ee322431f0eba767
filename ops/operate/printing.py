"""One line on stdout, in colours and as wide as the terminal there, whole and plain in a pipe."""

import os
import shutil
import sys

from msgspec import Struct

from feedtree.ops.styles import STYLES

KIND_WIDTH = 10
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_KINDS = {"crashed": "red", "gave_up": "red", "flapping": "yellow", "stalled": "yellow", "audited": "yellow"}


class Line(Struct, frozen=True):
    """What happened, when, to whom, and what more there is to say."""

    at: str
    kind: str
    path: str
    rest: str = ""


def print_line(line: Line) -> None:
    """Print it now, also where a pipe would wait for more."""
    text = f"{line.at}  {line.kind:<{KIND_WIDTH}}  {line.path}  {line.rest}".rstrip()
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
        text = text if len(text) <= width else text[: width - 1] + "…"
        text = text.replace(line.kind, coloured(line.kind, _style(line.kind)), 1)
    print(text, flush=True)


def coloured(text: str, style: str) -> str:
    """Return a text in a style: names of colours, ``bold``, ``dim``; none where it is empty, or ``NO_COLOR`` is set."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    codes = [code for name, code in _CODES.items() if name in style]
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if codes else text


def _style(kind: str) -> str:
    return _KINDS.get(kind) or STYLES.get(kind, "")
