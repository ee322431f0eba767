"""What is selected on the screen of `feedtree top`: one thing in tree and table, and its details."""

from msgspec.structs import replace

from feedtree.ops.operate.top.panels import TablePane, TreePane
from feedtree.ops.operate.top.said import Looked, Shown
from tests.ops.operate.overviews import details, overview
from tests.ops.operate.screens import BEFORE, GATE, LATER, STREAMS, Screen, shown


def test_details_of_what_is_selected_are_asked_for_once() -> None:
    """The worst is selected at first; looks in which nothing changed ask nothing, a change does."""

    async def scenario(screen: Screen) -> None:
        source, path = screen.source, "public/mexc.spot/shard-1"
        assert source.asked[-1] == path
        asked = len(source.asked)
        await screen.tell(Looked(replace(LATER, at=103.0)))
        assert len(source.asked) == asked
        assert "127.0.0.1:9000" in screen.text("#details")
        assert "permanent" not in screen.text("#details")
        found = LATER.tree.find(path)
        assert found is not None
        await screen.tell(Shown(path, details(found)), Shown(f"{GATE}/shard-1", None, "too late"))
        assert "permanent" in screen.text("#details")
        assert "too late" not in screen.text("#details")
        changed = [replace(each, outages=1) for each in LATER.facts.streams]
        await screen.tell(Looked(overview(*changed, at=104.0)))
        assert source.asked[asked:] == [path]
        await screen.tell(Shown(path, None, "nothing runs there"))
        assert "nothing runs there" in screen.text("#details")

    shown(scenario, BEFORE, LATER)


def test_moving_selects_in_both_parts() -> None:
    """The tree's cursor follows the table's, and the other way round."""

    async def scenario(screen: Screen) -> None:
        tree, table = screen.app.query_one(TreePane), screen.app.query_one(TablePane)
        await screen.press("down")
        assert (table.key, tree.key) == ("private/gateio.spot/main", "private/gateio.spot/main")
        assert screen.source.asked[-1] == "private/gateio.spot/main"
        await screen.press("end")
        assert table.key == tree.key == "ops/inspect"
        await screen.press("home", "pagedown", "pageup", "j", "k")
        assert table.key == "public/mexc.spot/shard-1"
        tree.focus()
        await screen.press("home", "down", "down", "down")
        assert tree.key == table.key == f"{GATE}/shard-1"
        await screen.press("up")
        assert (tree.key, table.key) == (GATE, f"{GATE}/shard-1")
        assert screen.source.asked[-1] == GATE

    shown(scenario, BEFORE, LATER)


def test_the_cursor_stays_with_its_row() -> None:
    """When the order changes, what is selected moves and stays selected."""

    async def scenario(screen: Screen) -> None:
        table = screen.app.query_one(TablePane)
        await screen.press("down", "down")
        assert table.key == f"{GATE}/shard-1"
        worse = [replace(each, state="failed") if each.path == table.key else each for each in STREAMS]
        await screen.tell(Looked(overview(*worse, at=103.0)))
        assert (table.key, table.cursor) == (f"{GATE}/shard-1", 0)

    shown(scenario, BEFORE, LATER)
