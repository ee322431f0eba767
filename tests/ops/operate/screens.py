"""The screen of `feedtree top` in a test: what is told to it, pressed on it, and seen of it."""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec.structs import replace
from textual.geometry import Size
from textual.pilot import Pilot
from textual.widget import Widget

from feedtree.ops.inspect.protocol import Action, Overview
from feedtree.ops.operate.top.app import TopApp
from feedtree.ops.operate.top.said import Looked, Said
from tests.ops.operate.overviews import mailbox, overview, stream

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
