"""A dump tells how a tree stands, also while its event loop is stuck."""

import socket
import threading
import time

import pytest
import trio

from feedtree.actors.context import Context
from feedtree.ops.inspect import dump as module
from feedtree.ops.inspect.client import InspectFailed, ask_dump, running_apps
from feedtree.ops.inspect.protocol import Dumped
from feedtree.ops.inspect.sockets import dump_path
from feedtree.supervisors import ChildSpec
from tests.ops.inspect.asking import raw
from tests.ops.inspect.conftest import OpenTree

LOOK = b'{"get": "look", "schema": 2}\n'


def dumped() -> Dumped:
    (app,) = running_apps()
    return ask_dump(app)


async def test_a_loop_that_runs_answers_itself(empty_tree: OpenTree) -> None:
    """The tree and the stacks are of one instant."""
    async with empty_tree():
        got = await trio.to_thread.run_sync(dumped)
    assert (got.stuck, got.running) == (False, "")
    assert got.tree.find("ops/inspect") is not None
    assert "serve_inspect" in got.stacks["ops/inspect"]


async def test_a_loop_that_is_stuck_is_looked_at_from_outside(
    empty_tree: OpenTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What blocks it is named, with the line; the tree is told all the same."""
    monkeypatch.setattr(module, "WAIT", 0.1)
    release, found = threading.Event(), list[Dumped]()

    def look() -> None:
        try:
            found.append(dumped())
        finally:
            release.set()

    async def culprit(context: Context) -> None:
        context.started()
        await trio.lowlevel.checkpoint()
        threading.Thread(target=look).start()
        release.wait(20)
        await trio.sleep_forever()

    async with empty_tree() as tree:
        await tree.supervisor.start_child("public", ChildSpec("culprit", culprit))
        while not found:  # noqa: ASYNC110 - found by a thread
            await trio.sleep(0.01)
    (got,) = found
    assert got.stuck
    assert "culprit" in got.running
    assert got.tree.find("public/culprit") is not None
    assert "culprit" in got.stacks["public/culprit"]


async def test_garbage_at_the_dumps_socket_is_answered_and_the_thread_goes_on(
    empty_tree: OpenTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other requests, no request, and a client that says nothing."""
    monkeypatch.setattr(module, "CLIENT_TIMEOUT", 0.1)
    async with empty_tree():
        (app,) = running_apps()
        beside = dump_path(app.socket)
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(beside))
            for request in (b"x\n", LOOK, b'{"get": "tree"}\n', b'{"x": ' + b"[" * 4000 + b"\n"):
                assert b'"error"' in await raw(beside, request)
        assert not (await trio.to_thread.run_sync(dumped)).stuck


async def test_another_user_gets_no_dump(empty_tree: OpenTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread asks for the user id, as the server does."""
    async with empty_tree():
        monkeypatch.setattr(module, "is_same_user", lambda _: False)
        with pytest.raises(InspectFailed):
            await trio.to_thread.run_sync(dumped)


async def test_the_thread_ends_with_the_server(empty_tree: OpenTree) -> None:
    """Nothing of it stays."""
    async with empty_tree():
        assert any(thread.name == module.THREAD for thread in threading.enumerate())
    deadline = time.monotonic() + 20
    while any(thread.name == module.THREAD for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        await trio.sleep(0.01)


async def test_a_defect_in_a_dump_is_told_and_the_thread_goes_on(
    empty_tree: OpenTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one in the loop's own step, which would end the app: it is looked at from outside then."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(module, "WAIT", 0.1)
    async with empty_tree() as tree:
        with monkeypatch.context() as patch:
            patch.setattr(type(tree), "snapshot", broken)
            assert (await trio.to_thread.run_sync(dumped)).stuck
            patch.setattr(module.Dumper, "dump", broken)
            with pytest.raises(InspectFailed, match="a defect of the dump"):
                await trio.to_thread.run_sync(dumped)
        assert not (await trio.to_thread.run_sync(dumped)).stuck


async def test_a_client_that_trickles_has_no_more_time_than_others(
    empty_tree: OpenTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is that of the whole request, not of each of its bytes."""
    monkeypatch.setattr(module, "CLIENT_TIMEOUT", 0.2)
    async with empty_tree():
        (app,) = running_apps()
        with trio.fail_after(20):
            stream = await trio.open_unix_socket(str(dump_path(app.socket)))
            while await _takes(stream):  # noqa: ASYNC110 - the time between two bytes
                await trio.sleep(0.02)
            await stream.aclose()


async def _takes(stream: trio.abc.SendStream) -> bool:
    try:
        await stream.send_all(b"x")
    except trio.BrokenResourceError:
        return False
    return True
