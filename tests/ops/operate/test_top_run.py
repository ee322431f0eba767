"""`feedtree top` against a real app: how it begins, the threads that ask, and the picture of the docs."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from feedtree.ops.inspect.answers import line, read_request
from feedtree.ops.inspect.client import Client, InspectFailed, RunningApp, running_apps
from feedtree.ops.inspect.protocol import Control, Done, Look, Overview
from feedtree.ops.operate.top.picture import main
from feedtree.ops.operate.top.poller import Poller
from feedtree.ops.operate.top.run import print_top
from feedtree.ops.operate.top.said import Acted, Attached, Happened, Looked, Lost, Said, Shown
from feedtree.ops.operate.top.scene import APP, open_scene

WITHIN = 30.0  # s; what is waited for comes much sooner
SHARD = "public/gateio.spot/shard-1"


class Ear:
    """Keeps what is told, and waits for what is to come."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self._changed = threading.Condition()

    def __call__(self, said: Said) -> None:
        with self._changed:
            self.said.append(said)
            self._changed.notify_all()

    def wait(self, wanted: Callable[[Said], bool], after: int = 0) -> int:
        """Wait for something; return its place."""

        def place() -> int | None:
            return next((at for at in range(after, len(self.said)) if wanted(self.said[at])), None)

        with self._changed:
            assert self._changed.wait_for(lambda: place() is not None, WITHIN), self.said[-3:]
            found = place()
            assert found is not None
            return found


@pytest.fixture(scope="module")
def scene() -> Iterator[RunningApp]:
    """An app that runs in this process, with trouble far off."""
    with open_scene(3600):
        yield running_apps(APP)[0]


@contextmanager
def polling(app: RunningApp, ear: Ear, path: str = "", every: float = 0.05) -> Iterator[Poller]:
    poller = Poller(app, path, every, ear)
    poller.start()
    try:
        yield poller
    finally:
        poller.stop()
    for thread in threading.enumerate():
        if thread.name.startswith("feedtree top"):
            thread.join(WITHIN)
            assert not thread.is_alive()


def test_looks_details_and_events_of_a_real_app(scene: RunningApp) -> None:
    """What the screen is told: who answers, looks again and again, details when asked, events as they happen."""
    ear = Ear()
    with polling(scene, ear) as poller:
        assert ear.wait(lambda said: said == Attached(scene)) == 0
        first = ear.wait(lambda said: isinstance(said, Looked))
        ear.wait(lambda said: isinstance(said, Looked), after=first + 1)
        ear.wait(lambda said: isinstance(said, Happened) and said.anew)
        ear.wait(
            lambda said: (
                isinstance(said, Happened) and any(each.path.startswith("private/") for each in said.events)
            )
        )
        poller.show("private/gateio.spot/main")
        poller.show(SHARD)
        ear.wait(lambda said: isinstance(said, Shown) and said.details is not None and said.path == SHARD)
        poller.show("public/nothing")
        at = ear.wait(lambda said: isinstance(said, Shown) and said.path == "public/nothing")
        refused = ear.said[at]
        assert isinstance(refused, Shown)
        assert "nothing runs at public/nothing" in refused.problem


def test_mailboxes_are_told_with_what_they_listen_to(scene: RunningApp) -> None:
    """A look says which streams a full mailbox holds up."""
    with Client(scene) as client:
        look = client.ask(Look(), Overview)
    sources = {box.name: set(box.sources) for box in look.facts.mailboxes if box.name}
    assert sources["strategy"] == {"public/gateio.spot", "public/mexc.spot"}
    assert sources["recorder"] == {"public/gateio.spot"}


def test_nothing_is_asked_while_paused(scene: RunningApp) -> None:
    """Not one look, not the details; then both."""
    ear = Ear()
    poller = Poller(scene, "", 0.05, ear)
    poller.pause(True)
    poller.show(SHARD)
    poller.start()
    try:
        time.sleep(0.3)  # six looks' time
        assert ear.said == []
        poller.pause(False)
        ear.wait(lambda said: isinstance(said, Looked))
        ear.wait(lambda said: isinstance(said, Shown))
    finally:
        poller.stop()


def test_an_action_that_is_refused_is_told(scene: RunningApp) -> None:
    """With the app's own words."""
    ear = Ear()
    with polling(scene, ear) as poller:
        ear.wait(lambda said: isinstance(said, Looked))
        poller.act("restart", "public/nothing")
        at = ear.wait(lambda said: isinstance(said, Acted))
    refused = ear.said[at]
    assert isinstance(refused, Acted)
    assert refused.failed
    assert "nothing runs at public/nothing" in refused.text


def test_a_child_is_stopped_and_started_by_hand(scene: RunningApp) -> None:
    """For real; it is seen in the next look, and among the events, with who wanted it."""
    path = "public/mexc.spot/shard-2"
    ear = Ear()
    with polling(scene, ear) as poller:

        def state_is(state: str) -> Callable[[Said], bool]:
            def seen(said: Said) -> bool:
                node = said.overview.tree.find(path) if isinstance(said, Looked) else None
                return node is not None and node.state == state

            return seen

        ear.wait(state_is("running"))
        poller.act("stop", path)
        at = ear.wait(lambda said: isinstance(said, Acted) and not said.failed)
        at = ear.wait(state_is("stopped"), after=at)
        ear.wait(
            lambda said: (
                isinstance(said, Happened)
                and any(each.kind == "audited" and "stop by" in each.reason for each in said.events)
            )
        )
        poller.act("start", path)
        ear.wait(state_is("running"), after=at)


def test_an_action_that_is_done_is_told(folder: Path) -> None:
    """It is asked for on a connection of its own, and what came of it is told."""
    listener = socket.create_server(str(folder / "app-7.sock"), family=socket.AF_UNIX)
    asked: list[bytes] = []

    def answer() -> None:
        client, _ = listener.accept()
        with client:
            asked.append(client.recv(4096))
            client.sendall(line(Done("it is stopped")))

    server = threading.Thread(target=answer)
    server.start()
    ear = Ear()
    Poller(RunningApp("app", 7, folder / "app-7.sock"), "", 1.0, ear).act("stop", SHARD)
    ear.wait(lambda said: said == Acted("it is stopped"))
    server.join(WITHIN)
    listener.close()
    assert read_request(asked[0]) == Control(action="stop", path=SHARD)


def test_a_poller_that_is_stopped_at_once(scene: RunningApp) -> None:
    """Nothing is left of it, and it tells nothing any more."""
    ear = Ear()
    with polling(scene, ear):
        pass
    told = len(ear.said)
    time.sleep(0.2)
    assert len(ear.said) == told


PLAY = """
import trio
from threading import Event
from feedtree.ops.operate.top.scene import play
trio.run(play, 3600.0, Event(), Event())
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for sockets, with a path short enough for them."""
    with tempfile.TemporaryDirectory(prefix="ft-", dir="/tmp") as path:
        monkeypatch.setenv("XDG_RUNTIME_DIR", path)
        yield Path(path)


@contextmanager
def started() -> Iterator[tuple[subprocess.Popen[bytes], RunningApp]]:
    """An app in a process of its own, which is killed at the end."""
    process = subprocess.Popen([sys.executable, "-c", PLAY])
    try:
        yield process, found(process.pid)
    finally:
        process.kill()
        process.wait()


def found(pid: int) -> RunningApp:
    """Return a process's app, once it answers."""
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        for app in running_apps(str(pid)):
            with suppress(InspectFailed), Client(app) as client:
                client.ask(Look(), Overview)
                return app
        time.sleep(0.05)
    raise AssertionError(f"no app answers under {pid}")


def test_an_app_that_ends_and_one_that_takes_its_place(folder: Path) -> None:
    """It is told that it has ended; the next of its name is looked at, and its events are followed anew."""
    ear = Ear()
    with started() as (process, app), polling(app, ear):
        ear.wait(lambda said: isinstance(said, Looked))
        ear.wait(lambda said: isinstance(said, Happened))
        process.kill()
        process.wait()
        at = ear.wait(lambda said: said == Lost(f"{app} has ended"))
        with started() as (_, other):
            at = ear.wait(lambda said: said == Attached(other), after=at)
            ear.wait(lambda said: isinstance(said, Looked) and said.overview.pid == other.pid, after=at)
            ear.wait(lambda said: isinstance(said, Happened) and said.anew, after=at)


def test_an_app_that_is_stuck(folder: Path) -> None:
    """How long it gives no answer is known; it is gone on with when it answers; and nobody waits for it to quit."""
    ear = Ear()
    with started() as (process, app):
        with polling(app, ear) as poller:
            ear.wait(lambda said: isinstance(said, Looked))
            process.send_signal(signal.SIGSTOP)
            until = time.monotonic() + WITHIN
            while poller.waiting < 0.5:
                assert time.monotonic() < until
                time.sleep(0.01)
            at = len(ear.said)
            process.send_signal(signal.SIGCONT)
            ear.wait(lambda said: isinstance(said, Looked), after=at)
            assert not [said for said in ear.said if isinstance(said, Lost)]
            process.send_signal(signal.SIGSTOP)
            while poller.waiting < 0.1:
                assert time.monotonic() < until
                time.sleep(0.01)


def in_terminal(code: str, *keys: tuple[bytes, bytes]) -> tuple[int, str]:
    """Run some code in a terminal of 120 x 36; return its exit code, and all that it wrote.

    Args:
        code: ends the process.
        keys: what to press, each once something was written.
    """
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (36, 120))
    environment = {**os.environ, "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        start_new_session=True,
    )
    os.close(slave)
    written = b""
    waiting = list(keys)
    with suppress(OSError):  # Linux says so when the other end is closed
        while chunk := os.read(master, 65536):
            written += chunk
            if waiting and waiting[0][0] in written:
                os.write(master, waiting.pop(0)[1])
    os.close(master)
    return process.wait(WITHIN), written.decode(errors="replace")


def top(arguments: str) -> str:
    return f"import sys; from feedtree.ops.operate.top.run import print_top; sys.exit(print_top({arguments}))"


def test_from_the_first_picture_to_the_last_key(scene: RunningApp) -> None:
    """On a terminal of its own: the screen opens, shows the app, and gives the terminal back."""
    code, written = in_terminal(top("None, 'public/mexc.spot'"), (b"12 live", b"q"))
    assert code == 0
    assert written.count("\x1b[?1049h") == written.count("\x1b[?1049l") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ("None, 'public/gateio.spt'", 2, "nothing runs at public/gateio.spt; is it public/gateio.spot"),
        ("'nobody', ''", 1, 'no running app is called "nobody"'),
        ("None, '', every=0.01", 2, "--every 0.01: 0.1 s at least"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(scene: RunningApp, arguments: str, code: int, told: str) -> None:
    """Before the screen opens, and with what to do."""
    ended, written = in_terminal(top(arguments))
    assert ended == code
    assert told in written
    assert written.count("\n") == 1
    assert "\x1b" not in written


def test_no_terminal_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    """What there is instead is named."""
    assert print_top(None, "") == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert (
        told.err
        == "feedtree: top needs a terminal to itself: use feedtree tree --watch where there is none\n"
    )


def test_the_picture_of_the_docs(tmp_path: Path) -> None:
    """It is made of a real run, and has every part of the screen."""
    main([str(tmp_path / "top.svg"), "4"])
    drawn = (tmp_path / "top.svg").read_text()
    words = re.sub(r"<[^>]*>", " ", drawn).replace("&#160;", " ")
    for part in (
        "trading",
        "msg/s",
        "public/mexc.spot/shard-1",
        "restarts",
        "endpoint",
        "events",
        "all streams",
        "█",
    ):
        assert part in words
