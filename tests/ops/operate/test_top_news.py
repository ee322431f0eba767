"""What reaches the screen of `feedtree top` as time goes on: events, ends, silence; nothing while it is paused."""

from pathlib import Path

from msgspec.structs import replace

from feedtree.ops.inspect.client import RunningApp
from feedtree.ops.operate.top.said import Attached, Happened, Looked, Lost
from tests.ops.operate.overviews import happening, overview
from tests.ops.operate.screens import BEFORE, LATER, STREAMS, Screen, shown


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
