"""The inspect server: who may ask, what is answered, and that no client can hurt it."""

import json
import math
import os
import socket
import stat
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from feedtree.actors.context import Context
from feedtree.ops.facts import Facts
from feedtree.ops.inspect import answers as answers_module
from feedtree.ops.inspect import server
from feedtree.ops.inspect.answers import Answers, Refused, read_request
from feedtree.ops.inspect.client import Client, InspectFailed, running_apps
from feedtree.ops.inspect.history import History
from feedtree.ops.inspect.protocol import MAX_REQUEST, SCHEMA, Look, Overview, Request, Show
from feedtree.ops.inspect.server import MAX_CLIENTS, serve_inspect
from feedtree.supervisors.verdicts import Fatal
from tests.ops.inspect.asking import ask, raw, with_client
from tests.ops.inspect.conftest import OpenTree

LOOK = msgspec.json.encode(Look()) + b"\n"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def listed(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def the_socket() -> Path:
    (app,) = running_apps()
    return app.socket


def answers(app: str = "app") -> Answers:
    return Answers(app, lambda: None, History(), control=False)


async def test_the_tree_is_served_to_the_client(empty_tree: OpenTree) -> None:
    """What the client gets is the tree as it is, also where JSON knows no such value."""
    async with empty_tree("my app") as tree:
        (app,) = running_apps()
        assert (app.name, app.pid) == ("my_app", os.getpid())
        got = await ask(Look(), Overview)
        assert (got.app, got.pid, got.control) == ("my app", os.getpid(), False)
        assert [child.path for child in got.tree.children] == ["public", "private", "ops"]
        assert got.tree.worst_stop == tree.snapshot().worst_stop
        inspect = got.tree.find("ops/inspect")
        assert inspect is not None
        assert (inspect.report, inspect.facts) == ("serving", {"socket": str(app.socket)})


async def test_an_unbounded_stop_is_told(empty_tree: OpenTree) -> None:
    """JSON has no infinity; the client gets one all the same."""
    from feedtree.supervisors import ChildSpec

    async def forever(context: Context) -> None:
        context.started()
        await trio.sleep_forever()

    async with empty_tree() as tree:
        await tree.supervisor.start_child("public", ChildSpec("slow", forever, shutdown=math.inf))
        got = await ask(Look(), Overview)
    found = got.tree.find("public/slow")
    assert found is not None
    assert found.worst_stop == math.inf


async def test_apps_are_found_by_name_pid_and_both(empty_tree: OpenTree) -> None:
    """`--app` takes what the list of apps shows."""
    async with empty_tree("one"), empty_tree("two"):
        assert [app.name for app in running_apps()] == ["one", "two"]
        assert [app.name for app in running_apps("two")] == ["two"]
        assert [app.name for app in running_apps(f"one-{os.getpid()}")] == ["one"]
        assert len(running_apps(str(os.getpid()))) == 2
        assert running_apps("three") == []


async def test_two_apps_of_one_name_in_a_process_are_both_served(empty_tree: OpenTree) -> None:
    """The second does not take the first one's socket away, and leaves it when it ends."""
    async with empty_tree("twin") as tree:
        async with empty_tree("twin"):
            assert [app.name for app in running_apps()] == ["twin", "twin.2"]
        assert await ask(Look(), Overview)
        assert tree.supervisor.node("ops/inspect").report == "serving"


async def test_only_the_owner_can_reach_the_sockets(empty_tree: OpenTree, own_runtime_dir: Path) -> None:
    """Mode 0600 in a folder of mode 0700; they are gone when the server ends."""
    async with empty_tree():
        path = the_socket()
        assert path.parent == own_runtime_dir
        assert sorted(each.suffix for each in listed(own_runtime_dir)) == [".dump", ".sock"]
        assert {mode(each) for each in listed(own_runtime_dir)} == {0o600}
        assert mode(own_runtime_dir) == 0o700
    assert listed(own_runtime_dir) == []


async def test_another_user_gets_no_answer(empty_tree: OpenTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who can reach the socket all the same is asked for his user id."""
    async with empty_tree():
        monkeypatch.setattr(server, "is_same_user", lambda _: False)
        assert await raw(the_socket(), LOOK) == b""


@pytest.mark.parametrize(
    "request_line",
    [
        b"\n",
        b"garbage\n",
        b'{"get": 5, "schema": 2}\n',
        b'{"get": "secrets", "schema": 2}\n',
        b'{"get": "look", "schema": 2, "more": 1}\n',
        b'{"get": "dump", "schema": 2}\n',
        b'{"get": "trace", "schema": 2, "path": "public", "count": 0}\n',
        b'{"get": "control", "schema": 2, "path": "ops/inspect", "action": "stop"}\n',
        b'{"get": "show", "schema": 2, "path": "nowhere"}\n',
        b"\xff\xfe\x00\n",
        b"[" * 4000 + b"\n",
        b'{"x": ' + b"[" * 4000 + b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b'{"schema": 2, "get": "' + b"x" * 4000 + b'"}\n',
    ],
)
async def test_garbage_is_answered_with_an_error_and_the_server_goes_on(
    empty_tree: OpenTree, request_line: bytes
) -> None:
    """Whatever the line is, the answer is one line with `error`, and the next client is served."""
    async with empty_tree():
        said = json.loads(await raw(the_socket(), request_line))
        assert set(said) == {"schema", "error"}
        assert said["error"]["text"]
        assert b'"body"' in await raw(the_socket(), LOOK)


async def test_a_request_without_a_newline_or_an_end_is_bounded(empty_tree: OpenTree) -> None:
    """A line that is too long is cut; one that a client ends by saying no more is answered."""
    async with empty_tree():
        assert b"error" in await raw(the_socket(), b"x" * (MAX_REQUEST + 1))
        assert b'"body"' in await raw(the_socket(), LOOK[:-1], half_close=True)
        assert await raw(the_socket(), b"", half_close=True) == b""


async def test_requests_of_one_connection_are_answered_in_order(empty_tree: OpenTree) -> None:
    """A client asks as often as it likes, and need not wait for the answer."""
    wrong = msgspec.json.encode(Show(path="x")) + b"\n"
    async with empty_tree():
        async with await trio.open_unix_socket(str(the_socket())) as stream:
            await stream.send_all(LOOK + wrong + LOOK)
            received = b""
            while received.count(b"\n") < 3:
                received += await stream.receive_some()
    said = [json.loads(line) for line in received.splitlines()]
    assert ["body" in each for each in said] == [True, False, True]


async def test_silent_and_vanishing_clients_cost_nothing(
    empty_tree: OpenTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that begins and does not go on is dropped in time; more than so many at once are told so."""
    monkeypatch.setattr(server, "REQUEST_WITHIN", 0.2)
    async with empty_tree():
        path = the_socket()
        silent = [await trio.open_unix_socket(str(path)) for _ in range(MAX_CLIENTS)]
        for stream in silent:
            await stream.send_all(b"{")
        await trio.testing.wait_all_tasks_blocked()
        assert b"clients are attached already" in await raw(path, b"")
        for stream in silent:
            assert await stream.receive_some() == b""
            await stream.aclose()
        for _ in range(50):
            vanishing = socket.socket(socket.AF_UNIX)
            vanishing.connect(str(path))
            vanishing.send(LOOK)
            vanishing.close()
            await trio.lowlevel.checkpoint()
        while b'"body"' not in (said := await raw(path, LOOK)):
            assert b"attached already" in said


async def test_a_client_that_takes_nothing_is_dropped(
    empty_tree: OpenTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers pile up in the client's buffer, then its connection ends, and others go on."""
    monkeypatch.setattr(server, "TAKEN_WITHIN", 0.1)
    async with empty_tree():
        lazy = socket.socket(socket.AF_UNIX)
        lazy.connect(str(the_socket()))
        lazy.setblocking(False)
        while _pushes(lazy):  # noqa: ASYNC110 - a socket has no event
            await trio.sleep(0.01)
        lazy.close()
        assert b'"body"' in await raw(the_socket(), LOOK)


def _pushes(client: socket.socket) -> bool:
    """Ask as much as there is room for; return whether anybody is there to be asked."""
    try:
        while True:
            client.send(LOOK * 20)
    except BlockingIOError:
        return True
    except OSError:
        return False


async def test_an_older_and_a_newer_command_are_told_to_use_the_apps_own(empty_tree: OpenTree) -> None:
    """The first schema had no number."""
    async with empty_tree():
        old = await raw(the_socket(), b'{"get": "tree"}\n')
        new = await raw(the_socket(), b'{"get": "look", "schema": 99}\n')
    assert b"an older feedtree than the app's" in old
    assert b"a newer feedtree than the app's" in new
    assert json.loads(old)["schema"] == SCHEMA


async def test_a_tree_that_is_not_there_yet_is_said_so() -> None:
    """Who asks in the first moment is told to ask again."""
    context = Context("ops/inspect", 1)
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:

            async def serve() -> None:
                await serve_inspect(context, answers=answers())

            nursery.start_soon(serve)
            await context.ready_event.wait()
            with pytest.raises(InspectFailed, match="starting"):
                await with_client(lambda client: client.ask(Look(), Overview))
            nursery.cancel_scope.cancel()


@given(st.binary(max_size=200))
def test_no_request_raises_anything_but_a_refusal(line: bytes) -> None:
    """Every line has an answer."""
    try:
        understood = isinstance(read_request(line), Request)
    except Refused as refused:
        understood = refused.problem.text != ""
    assert understood


@given(
    st.fixed_dictionaries(
        {
            "schema": st.just(SCHEMA),
            "get": st.sampled_from(
                ["look", "show", "events", "crashes", "stack", "gaps", "trace", "control"]
            ),
        },
        optional={
            "path": st.one_of(
                st.text(max_size=20), st.sampled_from(["", "public", "ops/inspect", "/", "//", "../.."])
            ),
            "last": st.integers(-(2**63), 2**63 - 1),
            "since_ns": st.integers(-(2**63), 2**63 - 1),
            "count": st.integers(-10, 2),
            "rate": st.floats(allow_nan=False),
            "symbol": st.text(max_size=10),
            "action": st.sampled_from(["stop", "restart", "start", "reset-backoff", "x"]),
        },
    )
)
def test_any_request_of_an_empty_tree_is_answered_in_a_line(fields: dict[str, object]) -> None:
    """Whatever is asked with whatever values, one line says something, or what is wrong."""
    from feedtree.exchanges.wire.memory import MemoryNetwork
    from feedtree.ops import Config, open_tree

    said: list[bytes] = []

    async def send(line: bytes) -> None:
        said.append(line)

    async def main() -> None:
        async with open_tree(Config(venues={}), network=MemoryNetwork()) as tree:
            with trio.move_on_after(60):
                each = Answers("app", lambda: tree, History(), control=False)
                await each.answer(msgspec.json.encode(fields), "user 1", send)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert len(said) == 1
    assert json.loads(said[0]).keys() <= {"schema", "body", "error"}


async def test_an_unsafe_folder_parks_the_server(own_runtime_dir: Path) -> None:
    """No restart helps: a person has to act, and is told how."""
    own_runtime_dir.symlink_to("/tmp")  # noqa: ASYNC240
    with pytest.raises(Fatal) as caught:
        await serve_inspect(Context("ops/inspect", 1), answers=answers())
    assert "private" in caught.value.remedy


async def test_a_folder_that_cannot_be_made_parks_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no bug: the stated reason says what is wrong, and what to do."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(Fatal, match="No space left") as caught:
        await serve_inspect(Context("ops/inspect", 1), answers=answers())
    assert "XDG_RUNTIME_DIR" in caught.value.remedy


async def test_a_client_outlives_an_answer_that_is_refused(empty_tree: OpenTree) -> None:
    """One connection serves for many questions, wrong ones among them."""

    def act(client: Client) -> int:
        with pytest.raises(InspectFailed, match="nothing runs at publik; is it public"):
            client.ask(Show(path="publik"), Overview)
        return client.ask(Look(), Overview).pid

    async with empty_tree():
        assert await with_client(act) == os.getpid()


async def test_a_defect_in_an_answer_is_told_and_ends_nothing(
    empty_tree: OpenTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are attached: the server goes on, and the log says what went wrong."""

    def broken(_: object) -> Facts:
        raise ZeroDivisionError("a defect")

    async with empty_tree() as tree:
        with monkeypatch.context() as patch:
            patch.setattr(answers_module, "facts_of", broken)
            with pytest.raises(InspectFailed, match="a defect of the inspect server"):
                await ask(Look(), Overview)
        await ask(Look(), Overview)
        assert tree.supervisor.node("ops/inspect").generation == 1


async def test_a_socket_that_was_removed_is_made_anew(
    empty_tree: OpenTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A logout may take the folder away; the app is found again all the same."""
    monkeypatch.setattr(server, "MINDED", 0.01)
    async with empty_tree() as tree:
        the_socket().unlink()
        while tree.supervisor.node("ops/inspect").generation == 1:  # noqa: ASYNC110
            await trio.sleep(0.01)
        while not running_apps():  # noqa: ASYNC110
            await trio.sleep(0.01)
        await ask(Look(), Overview)
        (report,) = tree.supervisor.crash_reports("ops/inspect")
        assert str(report.verdict) == "retryable"
