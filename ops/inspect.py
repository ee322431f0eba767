"""The inspect server: an actor that serves the app's tree to its own user over a Unix socket.

One connection, one line of JSON each way: ``{"get": "tree"}`` is answered by ``{"app", "pid", "tree"}``, anything
else by ``{"error"}``.
"""

import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import msgspec
import trio
from msgspec import Struct

from feedtree.actors.context import Context
from feedtree.ops.inspect_sockets import UnsafeDirectory, live_sockets, peer_uid, socket_path
from feedtree.supervisors import ChildSpec, Node
from feedtree.supervisors.verdicts import Fatal

MAX_REQUEST = 4096  # bytes; a longer one is refused
MAX_CLIENTS = 16  # at once; more are closed unanswered
SHUTDOWN = 0.1  # s
CLIENT_TIMEOUT = 2.0  # s for a client to ask, and again to read the answer

Snapshot: TypeAlias = Callable[[], Node | None]


class Request(Struct, forbid_unknown_fields=True):
    """What a client may ask for."""

    get: str


class Answer(Struct, frozen=True):
    """The answer to ``{"get": "tree"}``."""

    app: str
    pid: int
    tree: Node


def inspect_spec(app: str, snapshot: Snapshot) -> ChildSpec:
    """Return the child spec of an app's inspect server.

    Args:
        app: the app's name, part of the socket's.
        snapshot: returns the tree as it is now; None while there is none yet.
    """
    return ChildSpec("inspect", partial(serve_inspect, app=app, snapshot=snapshot), shutdown=SHUTDOWN)


async def serve_inspect(context: Context, *, app: str, snapshot: Snapshot) -> None:
    """Serve an app's tree until cancelled; the socket is removed at the end.

    Args:
        context: the actor's.
        app: the app's name, part of the socket's.
        snapshot: returns the tree as it is now; None while there is none yet.

    Raises:
        Fatal: the folder of the sockets cannot be used, or is not safe to use.
    """
    path = _free_path(app)
    listener = _bound(path)
    clients = trio.CapacityLimiter(MAX_CLIENTS)

    async def serve_client(stream: trio.SocketStream) -> None:
        await _serve_client(stream, clients, lambda line: answer(line, app, snapshot))

    try:
        context.report("serving", socket=str(path))
        context.started()
        await trio.serve_listeners(serve_client, [listener])
    finally:
        listener.socket.close()
        path.unlink(missing_ok=True)


def answer(line: bytes, app: str, snapshot: Snapshot) -> bytes:
    """Return the answer to one request line, each without its newline."""
    try:
        request = msgspec.json.decode(line, type=Request)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return msgspec.json.encode({"error": f'not a request: {error}; ask {{"get": "tree"}}'})
    if request.get != "tree":
        return msgspec.json.encode(
            {"error": f'nothing is known of {request.get[:40]!r}; ask {{"get": "tree"}}'}
        )
    tree = snapshot()
    if tree is None:
        return msgspec.json.encode({"error": "the tree is starting; ask again"})
    return msgspec.json.encode(Answer(app, os.getpid(), tree), enc_hook=str)


def _free_path(app: str) -> Path:
    try:
        live_sockets()  # removes what dead processes left
        path = socket_path(app)
    except UnsafeDirectory as error:
        raise Fatal(str(error), remedy="make the folder private, or set XDG_RUNTIME_DIR") from error
    except OSError as error:  # no space, a file system that is read-only
        raise Fatal(
            f"no folder for the socket of feedtree tree: {error}", remedy="set XDG_RUNTIME_DIR"
        ) from error
    path.unlink(missing_ok=True)
    return path


def _bound(path: Path) -> trio.SocketListener:
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(str(path))
        path.chmod(0o600)
        sock.listen(MAX_CLIENTS)
    except BaseException:
        sock.close()
        raise
    return trio.SocketListener(trio.socket.from_stdlib_socket(sock))


async def _serve_client(
    stream: trio.SocketStream, clients: trio.CapacityLimiter, reply: Callable[[bytes], bytes]
) -> None:
    """Read one line, answer it, close. Whatever a client does ends here."""
    try:
        clients.acquire_nowait()
    except trio.WouldBlock:
        stream.socket.close()
        return
    try:
        with trio.move_on_after(2 * CLIENT_TIMEOUT):
            if _is_same_user(stream) and (line := await _request_line(stream)) is not None:
                await stream.send_all(reply(line) + b"\n")
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        return  # the client went away
    finally:
        stream.socket.close()
        clients.release()


def _is_same_user(stream: trio.SocketStream) -> bool:
    uid = peer_uid(stream.socket)
    return uid is None or uid in (os.getuid(), 0)


async def _request_line(stream: trio.SocketStream) -> bytes | None:
    """Return what came before the newline; None where the client went away or took too long."""
    received = bytearray()
    with trio.move_on_after(CLIENT_TIMEOUT):
        while b"\n" not in received and len(received) <= MAX_REQUEST:
            chunk = await stream.receive_some(MAX_REQUEST)
            if not chunk:
                return bytes(received) or None
            received += chunk
        return bytes(received[:MAX_REQUEST]).partition(b"\n")[0]
    return None
