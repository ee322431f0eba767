"""The inspect server: who may ask, what is answered, and that no client can hurt it."""

import errno
import json
import math
import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from feedtree.actors.context import Context
from feedtree.ops import inspect, inspect_client
from feedtree.ops.inspect import MAX_CLIENTS, MAX_REQUEST, answer, serve_inspect
from feedtree.ops.inspect_client import InspectFailed, ask_tree, running_apps
from feedtree.ops.inspect_sockets import UnsafeDirectory, live_sockets, runtime_dir, socket_path
from feedtree.ops.tree_command import print_tree
from feedtree.supervisors import ChildState, Node
from feedtree.supervisors.verdicts import Fatal


def node(node_id: str = "root", path: str = "", children: tuple[Node, ...] = ()) -> Node:
    facts = {"socket": Path("/x"), "topics": 3}
    return Node(
        node_id, path, "supervisor", "one_for_one", ChildState.RUNNING, None, facts, 1, 1.0, 0, 0, 5, 60.0,
        None, None, math.inf, children,
    )  # fmt: skip


TREE = node(children=(node("public", "public"),))


@pytest.fixture(autouse=True)
def own_runtime_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Each test has a runtime directory of its own, with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="ft-", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder) / "feedtree"


@asynccontextmanager
async def serving(app: str = "app", tree: Node | None = TREE) -> AsyncIterator[Path]:
    context = Context("ops/inspect", 1)
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:

            async def serve() -> None:
                await serve_inspect(context, app=app, snapshot=lambda: tree)

            nursery.start_soon(serve)
            await context.ready_event.wait()
            yield Path(context.facts["socket"])
            nursery.cancel_scope.cancel()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def asked(path: Path, request: bytes, *, half_close: bool = False) -> bytes:
    """Return all that is answered; a reset, which is how an unread request is refused, ends it too."""
    received = b""
    async with await trio.open_unix_socket(str(path)) as stream:
        with suppress(trio.BrokenResourceError):
            await stream.send_all(request)
            if half_close:
                await stream.send_eof()
            while chunk := await stream.receive_some():
                received += chunk
    return received


async def test_the_tree_is_served_to_the_client() -> None:
    """What the client gets is the tree, also where JSON knows no such value."""
    async with serving("my app"):
        (app,) = running_apps()
        assert (app.name, app.pid) == ("my_app", os.getpid())
        got = await trio.to_thread.run_sync(ask_tree, app)
    assert (got.app, got.pid) == ("my app", os.getpid())
    assert got.tree.worst_stop == math.inf
    assert got.tree.children[0].path == "public"
    assert got.tree.children[0].facts == {"socket": "/x", "topics": 3}


async def test_apps_are_found_by_name_pid_and_both() -> None:
    """`--app` takes what the list of apps shows."""
    async with serving("one"), serving("two"):
        assert [app.name for app in running_apps()] == ["one", "two"]
        assert [app.name for app in running_apps("two")] == ["two"]
        assert [app.name for app in running_apps(f"one-{os.getpid()}")] == ["one"]
        assert len(running_apps(str(os.getpid()))) == 2
        assert running_apps("three") == []


async def test_only_the_owner_can_reach_the_socket(own_runtime_dir: Path) -> None:
    """Mode 0600 in a folder of mode 0700; it is gone when the server ends."""
    async with serving() as path:
        assert path.parent == own_runtime_dir
        assert (mode(path), mode(own_runtime_dir)) == (0o600, 0o700)
    assert not path.exists()


async def test_another_user_gets_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who can reach the socket all the same is asked for his user id."""
    async with serving() as path:
        monkeypatch.setattr(inspect, "peer_uid", lambda _: os.getuid() + 1)
        assert await asked(path, b'{"get": "tree"}\n') == b""


@pytest.mark.parametrize(
    "request_line",
    [
        b"\n",
        b"garbage\n",
        b'{"get": 5}\n',
        b'{"get": "secrets"}\n',
        b'{"get": "tree", "more": 1}\n',
        b"\xff\xfe\x00\n",
        b"[" * 4000 + b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b'{"get": "' + b"x" * 4000 + b'"}\n',
    ],
)
async def test_garbage_is_answered_with_an_error_and_the_server_goes_on(request_line: bytes) -> None:
    """Whatever the line is, the answer is one line with `error`, and the next client is served."""
    async with serving() as path:
        said = await asked(path, request_line)
        assert said.endswith(b"\n")
        assert said.count(b"\n") == 1
        assert set(json.loads(said)) == {"error"}
        assert b'"tree"' in await asked(path, b'{"get": "tree"}\n')


async def test_a_request_without_a_newline_or_an_end_is_bounded() -> None:
    """A line that is too long is cut; one that a client ends by closing is answered."""
    async with serving() as path:
        assert b"error" in await asked(path, b"x" * (MAX_REQUEST + 1))
        assert b'"app"' in await asked(path, b'{"get": "tree"}', half_close=True)
        assert await asked(path, b"", half_close=True) == b""


async def test_silent_and_vanishing_clients_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that says nothing is dropped in time; more than so many at once are refused."""
    monkeypatch.setattr(inspect, "CLIENT_TIMEOUT", 0.2)
    async with serving() as path:
        silent = [await trio.open_unix_socket(str(path)) for _ in range(MAX_CLIENTS)]
        await trio.testing.wait_all_tasks_blocked()
        async with await trio.open_unix_socket(str(path)) as surplus:
            assert await surplus.receive_some() == b""
        for stream in silent:
            assert await stream.receive_some() == b""
            await stream.aclose()
        for _ in range(50):
            vanishing = socket.socket(socket.AF_UNIX)
            vanishing.connect(str(path))
            vanishing.send(b'{"get": "tree"}\n')
            vanishing.close()
            await trio.lowlevel.checkpoint()
        while b'"app"' not in (said := await asked(path, b'{"get": "tree"}\n')):
            assert said == b""


async def test_a_tree_that_is_not_there_yet_is_said_so() -> None:
    """Who asks in the first moment is told to ask again."""
    async with serving(tree=None):
        (app,) = running_apps()
        with pytest.raises(InspectFailed, match="starting"):
            await trio.to_thread.run_sync(ask_tree, app)


@given(st.binary(max_size=200))
def test_no_request_raises(line: bytes) -> None:
    """Every line has an answer."""
    assert json.loads(answer(line, "app", lambda: TREE))


def test_what_dead_processes_left_is_removed(own_runtime_dir: Path) -> None:
    """A stale socket is removed; one of a living process that does not answer yet stays."""
    dead, living = runtime_dir() / "old-4194305.sock", runtime_dir() / f"young-{os.getpid()}.sock"
    for path in (dead, living):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(path))
    (runtime_dir() / "nonsense.sock").touch()
    assert live_sockets() == []
    assert [path.name for path in own_runtime_dir.iterdir()] == [living.name]


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


async def test_an_unsafe_folder_parks_the_server(own_runtime_dir: Path) -> None:
    """No restart helps: a person has to act, and is told how."""
    own_runtime_dir.symlink_to("/tmp")  # noqa: ASYNC240
    with pytest.raises(Fatal) as caught:
        await serve_inspect(Context("ops/inspect", 1), app="app", snapshot=lambda: TREE)
    assert "private" in caught.value.remedy


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


async def test_a_folder_that_cannot_be_made_parks_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no bug: the stated reason says what is wrong, and `feedtree tree` says it in a line."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(Fatal, match="No space left") as caught:
        await serve_inspect(Context("ops/inspect", 1), app="app", snapshot=lambda: TREE)
    assert "XDG_RUNTIME_DIR" in caught.value.remedy
    assert print_tree(None, as_json=False) == 1


def test_an_app_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence, a closed door and an answer of another kind are told apart, in a line."""
    monkeypatch.setattr(inspect_client, "TIMEOUT", 0.1)
    path = socket_path("mute")
    app = inspect_client.RunningApp("mute", os.getpid(), path)
    with pytest.raises(InspectFailed, match="cannot be asked"):
        ask_tree(app)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen(5)
        with pytest.raises(InspectFailed, match="did not answer within"):
            ask_tree(app)
    monkeypatch.setattr(inspect_client, "_exchange", lambda *_: b'{"tree": 5}')
    with pytest.raises(InspectFailed, match="another version"):
        ask_tree(app)
