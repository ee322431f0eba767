"""What the user of `feedtree top` may do to the app: by keys, after a question, and where the app allows it."""

import pytest
from msgspec.structs import replace
from rich.text import Text
from textual.widgets import Static

from feedtree.ops.inspect.protocol import Action
from feedtree.ops.operate.top.dialogs import Confirm, Help
from feedtree.ops.operate.top.panels import TreePane
from feedtree.ops.operate.top.said import Acted, Looked
from tests.ops.operate.screens import BEFORE, LATER, Screen, shown


@pytest.mark.parametrize(
    ("key", "action"), [("R", "restart"), ("D", "stop"), ("U", "start"), ("B", "reset-backoff")]
)
def test_an_action_on_one_child(key: str, action: Action) -> None:
    """The question names the child and the app; a yes does it."""

    async def scenario(screen: Screen) -> None:
        path = "public/mexc.spot/shard-1"
        await screen.press(key)
        question = screen.app.screen.query_one("#question", Static)
        assert isinstance(question.content, Text)
        assert question.content.plain == f"{action} {path} of app-7?"
        assert screen.source.acted == []
        await screen.press("y")
        assert screen.source.acted == [(action, path)]

    shown(scenario, BEFORE, LATER)


def test_nothing_is_done_without_a_yes() -> None:
    """No is at hand, and whatever is no yes is a no."""

    async def scenario(screen: Screen) -> None:
        for refusal in ("enter", "n", "escape"):
            await screen.press("D")
            assert isinstance(screen.app.screen, Confirm)
            await screen.press(refusal)
            assert not isinstance(screen.app.screen, Confirm)
        assert screen.source.acted == []
        await screen.press("D", "right", "enter")
        assert screen.source.acted == [("stop", "public/mexc.spot/shard-1")]

    shown(scenario, BEFORE, LATER)


def test_what_an_action_came_to() -> None:
    """It is said, whether it went well or not; what looks like markup is text."""

    async def scenario(screen: Screen) -> None:
        await screen.tell(Acted("it is stopped [b]"), Acted("it is not there", failed=True))
        told = [(each.message, each.severity) for each in screen.app._notifications]
        assert told == [("it is stopped [b]", "information"), ("it is not there", "error")]

    shown(scenario, BEFORE, LATER)


def test_the_whole_tree_is_not_restarted() -> None:
    """It is stopped by stopping its app: that is said, nothing is asked."""

    async def scenario(screen: Screen) -> None:
        screen.app.query_one(TreePane).focus()
        await screen.press("home", "R")
        assert not isinstance(screen.app.screen, Confirm)
        assert len(screen.app._notifications) == 1

    shown(scenario, BEFORE, LATER)


def test_no_control_where_the_app_allows_none() -> None:
    """Its keys do nothing, and are not shown; an app that takes its place may allow it."""

    async def scenario(screen: Screen) -> None:
        await screen.press("R", "D", "U", "B")
        assert not isinstance(screen.app.screen, Confirm)
        assert "restart" not in screen.text("Footer")
        await screen.press("question_mark")
        assert isinstance(screen.app.screen, Help)
        await screen.press("escape")
        await screen.tell(Looked(replace(BEFORE, at=1.0, pid=8)))
        assert "restart" in screen.text("Footer")
        await screen.press("R")
        assert isinstance(screen.app.screen, Confirm)

    shown(scenario, replace(BEFORE, control=False), replace(LATER, control=False))
