"""The commands where there is no app to ask, or one that cannot answer: one line, and what to do."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from feedtree.ops.cli import command
from feedtree.ops.inspect import client
from feedtree.ops.inspect.sockets import runtime_dir
from feedtree.ops.operate import steering


@pytest.fixture(autouse=True)
def own_runtime_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Apps of this machine's user are not seen."""
    with tempfile.TemporaryDirectory(prefix="ft-", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield


def path_of(name: str) -> Path:
    return runtime_dir() / f"{name}-{os.getpid()}.sock"


@contextmanager
def saying(answer: bytes | None, name: str = "mute") -> Iterator[None]:
    """An app that accepts, and says this to whatever it is asked; None says nothing."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path_of(name)))
        listener.listen(10)
        listener.settimeout(20)
        kept: list[socket.socket] = []
        over = Event()

        def serve() -> None:
            while not over.is_set():
                peer, _ = listener.accept()
                kept.append(peer)
                if answer is not None and not over.is_set() and peer.recv(4096):
                    peer.sendall(answer)
                    peer.close()

        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(str(path_of(name)))
                thread.join(20)
            for peer in kept:
                peer.close()


@pytest.mark.parametrize(
    "tokens",
    [
        ["tree"],
        ["show", "public"],
        ["events"],
        ["crashes"],
        ["stack", "public"],
        ["dump"],
        ["trace", "public"],
        ["gaps"],
        ["health"],
        ["restart", "public"],
        ["stop", "public"],
        ["start", "public"],
        ["reset-backoff", "public"],
    ],
)
def test_without_an_app_it_is_said_how_to_have_one(
    tokens: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, exit code 1."""
    assert command(tokens) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "feedtree run" in said.err


def test_ps_says_that_none_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, for scripts."""
    assert command(["ps"]) == 1
    assert "no app runs" in capsys.readouterr().err


def test_of_several_apps_one_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2."""
    with saying(None, "one"), saying(None, "two"):
        assert command(["tree"]) == 2
    pid = os.getpid()
    assert f"2 apps run (one-{pid}, two-{pid}): say which with --app" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "ended, or gives no answer"),
        (b"\xff\n", "says what cannot be read"),
        (b'{"schema": 2, "body": 5}\n', "says what cannot be read"),
        (b'{"schema": 1, "body": {}}\n', "runs an older feedtree"),
        (b'{"app": "x", "pid": 1, "tree": {}}\n', "runs an older feedtree"),
        (b'{"schema": 3, "body": {}}\n', "runs a newer feedtree"),
        (
            b'{"schema": 2, "error": {"code": "starting", "text": "the tree is starting; ask again"}}\n',
            "is starting",
        ),
    ],
)
def test_an_answer_of_another_kind_is_named(
    answer: bytes, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a line, with what to do."""
    with saying(answer):
        assert command(["tree"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


def test_an_app_that_does_not_answer_points_to_the_dump(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its loop may be stuck."""
    monkeypatch.setattr(client, "TIMEOUT", 0.1)
    with saying(None):
        assert command(["health"]) == 1
    assert "feedtree dump shows what it is at" in capsys.readouterr().err


def test_what_takes_long_points_to_the_events(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The app is not stuck: a child takes its time."""
    monkeypatch.setattr(steering, "PATIENCE", 0.1)
    with saying(None):
        assert command(["restart", "public/"]) == 1
    said = capsys.readouterr().err
    assert said == "feedtree: restart public takes longer than 0.1 s: see feedtree events public\n"


def test_a_folder_that_others_can_enter_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody's sockets are trusted there."""
    runtime_dir().chmod(0o755)
    assert command(["tree"]) == 1
    assert command(["ps"]) == 1
    assert capsys.readouterr().err.count("chmod 700") == 2


def test_the_socket_of_another_user_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who may not connect is told as whom to ask."""
    app = client.RunningApp("theirs", 1, Path("/x.sock"))
    said = client._unreachable(app, PermissionError(13, "Permission denied"))
    assert str(said) == "theirs-1 belongs to another user: ask as that user"
    gone = client._unreachable(app, ConnectionRefusedError(111, "Connection refused"))
    assert "has ended" in str(gone)


def test_a_mistyped_command_or_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """In a line; exit code 2."""
    assert command(["tre"]) == 2
    assert command(["tree", "--wach"]) == 2
    assert command(["restart"]) == 2
    assert command(["completion", "fish"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 4


def test_json_is_not_watched(capsys: pytest.CaptureFixture[str]) -> None:
    """Rather than that one of both is passed over."""
    assert command(["tree", "--watch", "--json"]) == 2
    assert "--watch draws for people" in capsys.readouterr().err


@pytest.mark.parametrize("tokens", [["events", "-n", "-1"], ["crashes", "-n", "0"], ["gaps", "-n", "0"]])
def test_a_count_of_nothing_is_refused(tokens: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Else it would be said that nothing is on record."""
    assert command(tokens) == 2
    assert "or more" in capsys.readouterr().err


def test_a_completion_of_no_word_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a shell passes on."""
    for position in ("0", "2", "9"):
        assert command(["complete", position, "--", "feedtree"]) == 0
    assert capsys.readouterr() == ("", "")
