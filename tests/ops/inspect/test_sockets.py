"""Where apps serve their trees: a folder of the user's own, and sockets that the dead leave behind."""

import errno
import os
import socket
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Timer

import pytest

from feedtree.ops.inspect import client
from feedtree.ops.inspect.client import Client, InspectFailed, running_apps
from feedtree.ops.inspect.sockets import (
    UnsafeDirectory,
    dump_path,
    live_sockets,
    peer_words,
    runtime_dir,
    socket_path,
    unix_listener,
)


def test_what_dead_processes_left_is_removed(own_runtime_dir: Path) -> None:
    """Its sockets are removed, each without the other as well; those of a living process that does not answer stay."""
    dead, living = runtime_dir() / "old-4194305.sock", runtime_dir() / f"young-{os.getpid()}.sock"
    alone = runtime_dir() / "older-4194306.dump"
    for path in (dead, living, dump_path(dead), dump_path(living), alone):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(path))
    (runtime_dir() / "nonsense.sock").touch()
    assert live_sockets() == []
    assert {path.name for path in own_runtime_dir.iterdir()} == {living.name, dump_path(living).name}


def test_a_folder_that_others_can_enter_is_refused(own_runtime_dir: Path) -> None:
    """The sockets never stand where another user could put or read one."""
    own_runtime_dir.mkdir(mode=0o755)
    own_runtime_dir.chmod(0o755)
    with pytest.raises(UnsafeDirectory, match="chmod 700"):
        runtime_dir()
    own_runtime_dir.rmdir()
    own_runtime_dir.symlink_to("/tmp")
    with pytest.raises(UnsafeDirectory, match="remove it"):
        runtime_dir()


def test_without_a_session_the_folder_is_the_users_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where there is no XDG_RUNTIME_DIR the folder carries the user's id; long paths are avoided."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert runtime_dir() == Path(tempfile.gettempdir()) / f"feedtree-{os.getuid()}"
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/tmp/" + "long" * 30)
    assert len(str(socket_path("a" * 200))) <= 100


@pytest.mark.parametrize("elsewhere", ["/nonexistent", "/dev/null"])
def test_a_session_folder_that_is_not_the_users_counts_as_none(
    monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    """`su` leaves the variable of another user, a container one that names nothing: the app is found all the same."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", elsewhere)
    assert runtime_dir() == Path(tempfile.gettempdir()) / f"feedtree-{os.getuid()}"


def test_a_folder_that_cannot_be_made_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is told as what it is."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(OSError, match="No space left"):
        live_sockets()


def test_who_asks_is_known_by_user_and_process() -> None:
    """Control leaves an event that says who wanted it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_words(ours) == f"user {os.getuid()}, process {os.getpid()}"


def test_an_app_that_lets_nobody_in_is_found_and_waited_for(own_runtime_dir: Path) -> None:
    """A stuck one whose clients gave up: as many of them wait as may, and the dump has to be reached all the same."""
    path = runtime_dir() / f"full-{os.getpid()}.sock"
    with unix_listener(path, 1) as listener, ExitStack() as waiting:
        with suppress(BlockingIOError):
            while True:
                peer = waiting.enter_context(socket.socket(socket.AF_UNIX))
                peer.setblocking(False)
                peer.connect(str(path))
        assert live_sockets() == [path]
        letting_in = Timer(0.1, lambda: waiting.enter_context(listener.accept()[0]))
        letting_in.start()
        (app,) = running_apps("full")
        Client(app).close()
        letting_in.join()


def test_who_waits_in_vain_is_told_of_the_dump(
    own_runtime_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is let in and gets no answer."""
    monkeypatch.setattr(client, "TIMEOUT", 0.1)
    path = runtime_dir() / f"full-{os.getpid()}.sock"
    with unix_listener(path, 0), socket.socket(socket.AF_UNIX) as first:
        first.connect(str(path))
        (app,) = running_apps("full")
        with pytest.raises(InspectFailed, match="feedtree dump shows"):
            Client(app)
