"""How the user of `feedtree top` arranges what it shows: sorted, filtered, folded."""

from feedtree.ops.operate.top.panels import TablePane, TreePane
from tests.ops.operate.screens import BEFORE, GATE, LATER, Screen, shown


def test_sorting() -> None:
    """By number, by the next column, reversed, and by a click on the head."""

    async def scenario(screen: Screen) -> None:
        await screen.press("1")
        assert "path▲" in screen.head()
        assert screen.table()[0] == "ops/inspect"
        await screen.press("3")
        assert "▼msg/s" in screen.head()
        assert screen.table()[0] == "private/gateio.spot/main"
        await screen.press("r")
        assert "▲msg/s" in screen.head()
        assert screen.table()[0] == f"{GATE}/shard-1"
        await screen.press(">", ">", ">", ">", ">")
        assert "▼restarts" in screen.head()
        assert screen.table()[0] == f"{GATE}/shard-1"
        await screen.press(">", "<")
        assert "▼restarts" in screen.head()
        await screen.press("9")
        assert "▼restarts" in screen.head()
        await screen.pilot.click("#table", offset=(6, 1))
        await screen.settle()
        assert "path▲" in screen.head()

    shown(scenario, BEFORE, LATER)


def test_filtering() -> None:
    """While it is typed, in table and tree; enter goes back to the table, escape clears."""

    async def scenario(screen: Screen) -> None:
        await screen.press("slash", *"gate q", "backspace", "backspace")
        assert screen.table() == ["private/gateio.spot/main", f"{GATE}/shard-1", f"{GATE}/shard-2"]
        assert "mexc" not in screen.text("#tree")
        assert '3 of 5 streams and actors, by state, filter "gate"' in screen.lines("#table")[0]
        await screen.press("enter", "down")
        assert screen.app.query_one(TablePane).has_focus
        assert screen.app.query_one("#filter").has_class("open")
        await screen.press("escape")
        assert len(screen.table()) == 5
        assert not screen.app.query_one("#filter").has_class("open")
        await screen.press("slash", "x", "escape")
        assert screen.app.query_one(TablePane).has_focus
        assert len(screen.table()) == 5
        await screen.press("slash", *"no such thing", "enter")
        assert screen.table() == []
        await screen.press("down", "up")  # there is nothing to move in

    shown(scenario, BEFORE, LATER)


def test_folding() -> None:
    """One node, by keys and by the mouse; everything; and at a leaf, the way up."""

    async def scenario(screen: Screen) -> None:
        tree = screen.app.query_one(TreePane)
        tree.focus()
        await screen.press("home", "down", "down", "down", "right")
        assert tree.keys[4] == f"{GATE}/shard-1/a"
        await screen.press("right")
        assert tree.key == f"{GATE}/shard-1/a"
        await screen.press("right")  # there is nothing below it
        await screen.press("left")
        assert tree.key == f"{GATE}/shard-1"
        await screen.press("left")
        assert f"{GATE}/shard-1/a" not in tree.keys
        await screen.press("enter")
        assert f"{GATE}/shard-1/a" in tree.keys
        await screen.press("minus")
        assert list(tree.keys) == ["", "public", "private", "ops"]
        assert tree.key == "public"  # the nearest of what is selected
        await screen.press("plus")
        assert len(tree.keys) == 16
        assert tree.key == f"{GATE}/shard-1"
        await screen.press("home")
        await screen.pilot.click("#tree", offset=(4, 2))  # the sign before "public"
        await screen.settle()
        assert "public" in tree.keys
        assert GATE not in tree.keys
        await screen.pilot.click("#tree", offset=(12, 3))
        await screen.settle()
        assert tree.key == "private"
        assert "private/gateio.spot" in tree.keys

    shown(scenario, BEFORE, LATER)
