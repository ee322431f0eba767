"""The screen of `feedtree top`, driven by its keys, over looks that are made by hand."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from rich.text import Text
from textual.geometry import Size
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Static

from feedtree.ops.inspect.client import RunningApp
from feedtree.ops.inspect.protocol import Action, Overview
from feedtree.ops.operate.top.app import TopApp
from feedtree.ops.operate.top.dialogs import Confirm, Help
from feedtree.ops.operate.top.panels import TablePane, TreePane
from feedtree.ops.operate.top.said import Acted, Attached, Happened, Looked, Lost, Said, Shown
from tests.ops.operate.overviews import cost, details, happening, mailbox, node, overview, stream

GATE = "public/gateio.spot"
STREAMS = (
    stream(f"{GATE}/shard-1", messages=100, restarts=3),
    stream(f"{GATE}/shard-2", messages=100),
    stream("public/mexc.spot/shard-1", messages=100, state="down"),
    stream("private/gateio.spot/main", messages=100, latency=None),
)
BOXES = (mailbox("strategy", GATE, depth=12, dropped={"full": 7}),)
BEFORE = overview(*STREAMS, mailboxes=BOXES, control=True)
LATER = overview(
    *(replace(each, messages=100 + 50 * number) for number, each in enumerate(STREAMS)),
    at=102.0,
    mailboxes=BOXES,
    control=True,
)


class FakeSource:
    """Takes the place of the threads: a test says what is told, and sees what is asked."""

    def __init__(self, tell: Callable[[Said], None]) -> None:
        self.tell = tell
        self.asked: list[str] = []
        self.acted: list[tuple[Action, str]] = []
        self.paused: list[bool] = []
        self.running = False
        self.waiting = 0.0

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def pause(self, paused: bool) -> None:
        self.paused.append(paused)

    def show(self, path: str) -> None:
        self.asked.append(path)

    def act(self, action: Action, path: str) -> None:
        self.acted.append((action, path))


class Screen:
    """The screen of a test: what is told to it, pressed on it, and seen of it."""

    def __init__(self, app: TopApp, source: FakeSource, pilot: Pilot[None]) -> None:
        self.app = app
        self.source = source
        self.pilot = pilot

    async def tell(self, *said: Said) -> None:
        for each in said:
            self.source.tell(each)
        await self.settle()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        self.app._beat()  # what a timer does four times a second
        await self.pilot.pause()

    async def settle(self) -> None:
        await self.pilot.pause()
        self.app._beat()
        await self.pilot.pause()

    def lines(self, selector: str) -> list[str]:
        """Return what a part of the screen shows, line by line."""
        region = self._part(selector).region
        screen = self.app.screen_stack[0]
        drawn = screen._compositor.render_strips(Size(*self.app.size))
        return [strip.crop(region.x, region.right).text.rstrip() for strip in drawn[region.y : region.bottom]]

    def text(self, selector: str) -> str:
        return "\n".join(self.lines(selector))

    def table(self) -> list[str]:
        """Return the first words of the table's rows, without its title and its head."""
        return [
            line.removeprefix(" ").lstrip("▌ ").split()[0]
            for line in self.lines("#table")[2:]
            if line.strip()
        ]

    def head(self) -> str:
        return self.lines("#table")[1]

    def _part(self, selector: str) -> Widget:
        return self.app.screen_stack[0].query_one(selector)


Scenario = Callable[[Screen], Awaitable[None]]


def shown(
    scenario: Scenario, *looks: Overview, branch: str = "", size: tuple[int, int] = (120, 36)
) -> FakeSource:
    """Open the screen, tell it looks, and play a scenario; return what the app was asked."""
    sources: list[FakeSource] = []

    def source(tell: Callable[[Said], None]) -> FakeSource:
        sources.append(FakeSource(tell))
        return sources[0]

    async def play() -> None:
        app = TopApp("app-7", branch, 1.0, source)
        async with app.run_test(size=size) as pilot:
            screen = Screen(app, sources[0], pilot)
            assert sources[0].running
            await screen.tell(*(Looked(look) for look in looks))
            await scenario(screen)

    asyncio.run(asyncio.wait_for(play(), 60))
    assert not sources[0].running
    return sources[0]


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


def test_pausing() -> None:
    """Nothing is asked, the picture stands, and it says so; then it goes on."""

    async def scenario(screen: Screen) -> None:
        asked = len(screen.source.asked)
        await screen.press("p")
        assert screen.source.paused == [True]
        assert "paused: p goes on" in screen.text("#notice")
        await screen.press("down")
        await screen.tell(Happened([happening(1, "crashed")]))
        assert len(screen.source.asked) == asked
        assert "crashed" not in screen.text("#events")
        await screen.press("p")
        assert screen.source.paused == [True, False]
        assert screen.source.asked[asked:] == ["private/gateio.spot/main"]
        assert "paused" not in screen.text("#notice")
        assert "crashed" in screen.text("#events")

    shown(scenario, BEFORE, LATER)


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


def test_events() -> None:
    """Oldest first, the newest in view; those that were not told are counted; an attachment anew forgets."""

    async def scenario(screen: Screen) -> None:
        assert "nothing has happened yet" in screen.text("#events")
        many = [happening(number, "restarting", f"public/x/{number}", wait=0.5) for number in range(1, 41)]
        await screen.tell(Happened([], anew=True), Happened(many))
        assert "public/x/40  in 0.50 s" in screen.lines("#events")[-1]
        assert "public/x/1 " not in screen.text("#events")
        await screen.tell(Happened([happening(44, "crashed", reason="ValueError: x", verdict="bug")]))
        assert "bug, ValueError: x" in screen.lines("#events")[-1]
        assert "events (3 not shown" in screen.lines("#events")[0]
        await screen.tell(Happened([happening(1)], anew=True))
        assert "public/x" not in screen.text("#events")

    shown(scenario, BEFORE)


def test_the_app_ends_and_comes_back() -> None:
    """It says so, keeps the last picture, and goes on with the new process."""

    async def scenario(screen: Screen) -> None:
        await screen.tell(Lost("app-7 has ended"))
        assert "app-7 has ended; tried again every second" in screen.text("#notice")
        assert screen.app.screen.has_class("lost")
        assert len(screen.table()) == 5
        asked = len(screen.source.asked)
        await screen.tell(Attached(RunningApp("app", 8, Path("/x"))), Looked(replace(BEFORE, pid=8)))
        assert screen.text("#notice").strip() == ""
        assert not screen.app.screen.has_class("lost")
        assert screen.lines("#bar")[0].startswith(" app 8")
        assert len(screen.source.asked) == asked + 1
        assert "│ 0 msg/s" in screen.lines("#bar")[0]

    shown(scenario, BEFORE, LATER)


def test_an_app_that_does_not_answer() -> None:
    """How long it has been, and from some time on what to do."""

    async def scenario(screen: Screen) -> None:
        for waiting, told in (
            (1.5, ""),
            (3.2, "no answer for 3 s"),
            (7.0, "no answer for 7 s: see feedtree dump --app app-7"),
        ):
            screen.source.waiting = waiting
            await screen.settle()
            assert screen.text("#notice").strip() == told
        screen.source.waiting = 0.0
        await screen.settle()
        assert screen.text("#notice").strip() == ""

    shown(scenario, BEFORE)


def test_a_branch_that_comes_and_goes() -> None:
    """A branch alone; when it is gone that is said."""

    async def scenario(screen: Screen) -> None:
        assert screen.table() == ["public/mexc.spot/shard-1"]
        assert screen.lines("#tree")[1].split() == ["▌▾", "public/mexc.spot", "down"]
        await screen.tell(Looked(overview(STREAMS[0], at=103.0)))
        assert "nothing runs at public/mexc.spot now" in screen.text("#notice")
        assert "nothing runs at public/mexc.spot now" in screen.text("#details")
        assert screen.table() == []
        await screen.tell(Looked(replace(LATER, at=104.0)))
        assert screen.table() == ["public/mexc.spot/shard-1"]

    shown(scenario, BEFORE, LATER, branch="public/mexc.spot")


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


def test_a_terminal_of_80_columns() -> None:
    """What tells the least is left out; the state and the rate stay."""

    async def scenario(screen: Screen) -> None:
        assert screen.head().split() == ["path", "state▼", "msg/s", "p99", "ms", "restarts"]
        assert not screen.app.query_one("#rates").display or screen.app.query_one("#rates").size.width == 0
        assert screen.table()[0] == "…/mexc.spot/shard-1"
        assert all(len(line) <= 80 for line in screen.lines("#table"))

    shown(scenario, BEFORE, LATER, size=(80, 24))


def test_quitting_from_anywhere() -> None:
    """From the screen, and from a dialog."""

    async def scenario(screen: Screen) -> None:
        await screen.press("question_mark", "ctrl+c")
        assert screen.app.return_code == 0
        screen.source.tell(Looked(LATER))  # a thread that is late does no harm
        screen.source.tell(Lost("gone"))

    shown(scenario, BEFORE)

    async def at_once(screen: Screen) -> None:
        await screen.press("q")
        assert screen.app.return_code == 0

    shown(at_once)


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
