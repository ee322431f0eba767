"""What asks the app for `feedtree top`: it survives the app's end, and what is not an answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedtree.ops.inspect.client import InspectFailed, RunningApp
from feedtree.ops.inspect.protocol import Look, Show
from feedtree.ops.operate.top.asker import Asker
from feedtree.ops.operate.top.said import Attached, Looked, Lost, Said, Shown
from tests.ops.operate.overviews import details, node, overview, stream

GONE = InspectFailed("it ended", "gone")


class World:
    """Apps that run, and what they answer next: a body, or an error."""

    def __init__(self, *apps: RunningApp) -> None:
        self.apps = list(apps)
        self.answers: list[Any] = []
        self.connected: list[str] = []
        self.closed: list[str] = []
        self.told: list[Said] = []
        self.time = 0.0

    def asker(self) -> Asker:
        """Return one that asks the first app."""
        return Asker(
            self.apps[0],
            self.told.append,
            find=self.find,
            connect=self.connect,  # type: ignore[arg-type]
            clock=lambda: self.time,
        )

    def find(self, name: str) -> list[RunningApp]:
        return [app for app in self.apps if app.name == name]

    def connect(self, app: RunningApp) -> "Connection":
        self.connected.append(str(app))
        return Connection(self, app)


class Connection:
    """Stands where a client does."""

    def __init__(self, world: World, app: RunningApp) -> None:
        self._world = world
        self._app = app

    def ask(self, request: object, kind: type, *, timeout: float) -> object:
        answer = self._world.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    def close(self) -> None:
        self._world.closed.append(str(self._app))


def app(name: str = "app", pid: int = 7, folder: Path = Path("/nowhere")) -> RunningApp:
    return RunningApp(name, pid, folder / f"{name}-{pid}.sock")


LOOK = overview(stream("public/gateio.spot/shard-1"))


def test_one_connection_for_many_looks() -> None:
    """An app is not pressed with connections."""
    world = World(app())
    world.answers = [LOOK, LOOK]
    asker = world.asker()
    assert asker.look()
    assert asker.look()
    assert world.told == [Attached(app()), Looked(LOOK), Looked(LOOK)]
    assert world.connected == ["app-7"]


def test_a_connection_that_ended_meanwhile_is_made_again() -> None:
    """The server closes those that are idle: that is not the app's end."""
    world = World(app())
    world.answers = [LOOK, GONE, LOOK]
    asker = world.asker()
    assert asker.look()
    assert asker.look()
    assert [type(said) for said in world.told] == [Attached, Looked, Attached, Looked]
    assert world.closed == ["app-7"]


def test_an_app_that_ended_and_came_back_under_another_pid() -> None:
    """It says so, and goes on with the new one; apps of the name that ran beside it are not it."""
    world = World(app(pid=7), app(pid=5), app("other", 9))
    world.answers = [LOOK, GONE]
    asker = world.asker()
    asker.note_others()
    assert asker.look()
    world.apps.remove(app(pid=7))
    assert not asker.look()
    assert world.told[-1] == Lost("app-7 has ended")
    assert not asker.look()
    world.apps.append(app(pid=8))
    world.answers = [LOOK]
    assert asker.look()
    assert world.told[-2:] == [Attached(app(pid=8)), Looked(LOOK)]
    assert asker.app == app(pid=8)


def test_of_several_that_came_the_newest(tmp_path: Path) -> None:
    """Whoever started an app twice means the last one."""
    import os

    world = World(app(pid=1))
    asker = world.asker()
    old, new = app(pid=20, folder=tmp_path), app(pid=10, folder=tmp_path)
    for number, each in enumerate((old, new)):
        each.socket.touch()
        os.utime(each.socket, (1_000 + number, 1_000 + number))
    world.apps = [app(pid=30), old, new]  # the first has no socket any more
    world.answers = [LOOK]
    assert asker.look()
    assert asker.app == new


@pytest.mark.parametrize("code", ["schema", "", "user"])
def test_what_is_no_answer_ends_the_connection(code: str) -> None:
    """It is told, and tried again on a new one."""
    world = World(app())
    world.answers = [InspectFailed("what?", code), LOOK]
    asker = world.asker()
    assert not asker.look()
    assert world.told[-1] == Lost("what?")
    assert asker.look()
    assert world.connected == ["app-7", "app-7"]


def test_a_tree_that_starts_is_asked_again_on_the_same_connection() -> None:
    """A refusal is an answer."""
    world = World(app())
    world.answers = [InspectFailed("the tree is starting", "starting"), LOOK]
    asker = world.asker()
    assert not asker.look()
    assert asker.look()
    assert world.connected == ["app-7"]


def test_details_or_why_there_are_none() -> None:
    """A path that is gone is told as such."""
    found = details(node("ops/inspect"))
    asked = []

    def answer(request: object) -> object:
        asked.append(request)
        return found

    world = World(app())
    world.answers = [answer, InspectFailed("nothing runs there", "path")]
    asker = world.asker()
    asker.show("ops/inspect")
    asker.show("ops/gone")
    assert asked == [Show(path="ops/inspect")]
    assert world.told[1:] == [
        Shown("ops/inspect", found),
        Shown("ops/gone", None, "nothing runs there"),
    ]


def test_how_long_an_answer_is_due() -> None:
    """While it is, seconds pass; else there are none."""
    world = World(app())
    asker = world.asker()
    waited = []

    def late(request: object) -> object:
        assert isinstance(request, Look)
        world.time = 12.5
        waited.append(asker.waiting)
        return LOOK

    world.answers = [late, GONE]
    assert asker.waiting == 0.0
    assert asker.look()
    assert waited == [12.5]
    assert asker.waiting == 0.0


def test_a_folder_that_cannot_be_read() -> None:
    """It is told, not raised: the screen stays."""
    world = World(app())
    asker = world.asker()

    def unsafe(name: str) -> list[RunningApp]:
        raise OSError("open to other users")

    asker._find = unsafe
    asker.note_others()
    assert not asker.look()
    asker.show("ops")
    assert world.told == [Lost("open to other users"), Shown("ops", None, "open to other users")]


def test_a_close_while_it_connects() -> None:
    """A connection that is made too late is closed at once."""
    world = World(app())
    asker = world.asker()
    connect: Callable[[RunningApp], Any] = world.connect

    def closing(app: RunningApp) -> Any:
        asker.close()
        return connect(app)

    asker._connect = closing
    assert not asker.look()
    assert world.closed == ["app-7"]
