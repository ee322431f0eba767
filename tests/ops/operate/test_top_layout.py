"""What stands where on the screen of `feedtree top`, and what gives way where there is little room."""

from typing import Any

import pytest
from msgspec.structs import replace
from rich.text import Text

from feedtree.ops.operate.top.panels import TablePane
from feedtree.ops.operate.top.said import Looked
from tests.ops.operate.overviews import cost, node, overview, stream
from tests.ops.operate.screens import BEFORE, GATE, LATER, Screen, shown


def test_the_whole_screen() -> None:
    """Which app it is, its tree, its streams with their figures, and the rates of the last minutes."""

    async def scenario(screen: Screen) -> None:
        assert (
            screen.lines("#bar")[0].strip() == "app 7 │ up 12.0s │ 3 of 4 live │ 150 msg/s │ cpu 0% │ 50 MB"
        )
        assert [line.split() for line in screen.lines("#tree")[1:6]] == [
            ["▾", "app", "down"],
            ["▾", "public", "down"],
            ["▾", "gateio.spot", "running"],
            ["▸", "shard-1", "live"],
            ["▸", "shard-2", "live"],
        ]
        assert screen.head().split() == [
            "path",
            "state▼",
            "msg/s",
            "p50",
            "ms",
            "p99",
            "ms",
            "queue",
            "drops",
            "restarts",
        ]
        assert [line.replace("▌", "").split() for line in screen.lines("#table")[2:7]] == [
            ["public/mexc.spot/shard-1", "down", "50", "0.50", "1.80", "0"],
            ["private/gateio.spot/main", "live", "75", "0"],
            ["public/gateio.spot/shard-1", "live", "0", "0.50", "1.80", "12", "7", "3"],
            ["public/gateio.spot/shard-2", "live", "25", "0.50", "1.80", "12", "7", "0"],
            ["ops/inspect", "serving", "0"],
        ]
        assert "all streams 150 msg/s, at most 150" in screen.text("#rates")
        assert "…/mexc.spot/shard-1 50 msg/s, at most 50" in screen.text("#rates")
        assert "█" in screen.text("#rates")

    shown(scenario, BEFORE, LATER)


def test_cpu_has_a_column_where_it_is_accounted_for() -> None:
    """The share of each actor."""
    path = f"{GATE}/shard-1"

    def look(at: float, spent: float) -> Any:
        shard = node(path, usage=cost(spent), kind="supervisor")
        return overview(
            stream(path), tree=node("", node("public", node(GATE, shard)), usage=cost(spent)), at=at
        )

    async def scenario(screen: Screen) -> None:
        assert screen.head().split()[-1] == "cpu"
        assert screen.lines("#table")[2].split()[-1] == "25%"

    shown(scenario, look(10.0, 1.0), look(12.0, 1.5))


def test_a_terminal_of_80_columns() -> None:
    """What tells the least is left out; the state and the rate stay."""

    async def scenario(screen: Screen) -> None:
        assert screen.head().split() == ["path", "state▼", "msg/s", "p99", "ms", "restarts"]
        assert not screen.app.query_one("#rates").display or screen.app.query_one("#rates").size.width == 0
        assert screen.table()[0] == "…/mexc.spot/shard-1"
        assert all(len(line) <= 80 for line in screen.lines("#table"))

    shown(scenario, BEFORE, LATER, size=(80, 24))


@pytest.mark.parametrize("size", [(59, 40), (120, 15), (20, 4), (5, 1)])
def test_a_terminal_that_is_too_small(size: tuple[int, int]) -> None:
    """One line instead of a mess; all is there again when it is enlarged."""

    async def scenario(screen: Screen) -> None:
        base = screen.app.screen_stack[0]
        assert [each.id for each in base.children if each.display] == ["small"]
        await screen.pilot.resize_terminal(120, 36)
        await screen.settle()
        assert screen.table()[0] == "public/mexc.spot/shard-1"
        await screen.pilot.resize_terminal(50, 12)
        await screen.settle()
        assert "50 x 12 is too small: make this 60 x 16" in screen.text("#small")

    shown(scenario, BEFORE, LATER, size=size)


def test_thousands_of_streams() -> None:
    """Only what is in view is drawn; the ends are reached, and the cursor stays where it is."""
    many = [stream(f"public/venue-{number % 20}.spot/shard-{number}", messages=0) for number in range(3_000)]
    drawn: list[int] = []

    async def scenario(screen: Screen) -> None:
        table = screen.app.query_one(TablePane)
        draw = table.draw_line

        def counted(place: int, width: int) -> Text:
            drawn.append(place)
            return draw(place, width)

        table.draw_line = counted  # type: ignore[method-assign]
        await screen.press("end")
        assert table.cursor == 3_000
        assert table.key == "ops/inspect"
        await screen.press("home", "down")
        drawn.clear()
        later = [replace(each, messages=100) for each in many]
        await screen.tell(Looked(overview(*later, at=101.0)))
        assert table.key == "public/venue-0.spot/shard-20"
        assert 0 < len(drawn) <= 5 * table.size.height
        assert "300,000 msg/s" in screen.lines("#bar")[0]

    shown(scenario, overview(*many))
