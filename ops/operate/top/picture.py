"""Writes the picture of ``feedtree top`` in the docs: ``python -m feedtree.ops.operate.top.picture [FILE [SECONDS]]``.

The screen is the real one, over a real tree. The exchanges are simulated, and looks are taken four times a second.
"""

import asyncio
import sys
from pathlib import Path

from feedtree.ops.inspect.client import running_apps
from feedtree.ops.operate.top.app import TopApp
from feedtree.ops.operate.top.panels import TablePane
from feedtree.ops.operate.top.poller import Poller
from feedtree.ops.operate.top.scene import APP, open_scene

SIZE = (120, 36)
SECONDS = 62.0  # that the tree runs before the picture is taken
EVERY = 0.25  # s between two looks, so that a minute fills the bars
STREAM = "public/mexc.spot/shard-1"  # whose details are shown
FILE = Path("docs/top.svg")


def write_picture(file: Path, *, seconds: float = SECONDS, size: tuple[int, int] = SIZE) -> None:
    """Run the scene, look at it, and write what is seen as SVG.

    Args:
        file: is overwritten.
        seconds: that the tree runs before.
        size: columns and lines of the terminal.
    """
    with open_scene(seconds):
        file.write_text(asyncio.run(_picture(seconds, size)), encoding="utf-8")


async def _picture(seconds: float, size: tuple[int, int]) -> str:
    app = running_apps(APP)[0]
    screen = TopApp(str(app), "", EVERY, lambda tell: Poller(app, "", EVERY, tell))
    async with screen.run_test(size=size) as pilot:
        await asyncio.sleep(seconds)
        table = screen.query_one(TablePane)
        table.go_to(STREAM)
        table.focus()
        table.action_move(0)
        await asyncio.sleep(3 * EVERY)
        await pilot.pause()
        return screen.export_screenshot(title="feedtree top")


def main(arguments: list[str]) -> None:
    """Write the picture; both the file and how many seconds the tree runs before may be given."""
    file = Path(arguments[0]) if arguments else FILE
    write_picture(file, seconds=float(arguments[1]) if len(arguments) > 1 else SECONDS)
    print(f"{file} is written")


if __name__ == "__main__":
    main(sys.argv[1:])
