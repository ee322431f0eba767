"""The inspect server: an actor that serves the app's tree to its own user over a Unix socket.

A client may ask again and again on one connection. It costs the app nothing while nobody asks, a bounded share of the
event loop when somebody does, and whatever a client does ends with its connection.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from feedtree.actors.context import Context
from feedtree.ops.inspect.answers import Answers, line
from feedtree.ops.inspect.dump import open_dump
from feedtree.ops.inspect.history import History
from feedtree.ops.inspect.protocol import MAX_REQUEST, Problem
from feedtree.ops.inspect.sockets import (
    UnsafeDirectory,
    dump_path,
    is_same_user,
    live_sockets,
    peer_words,
    socket_path,
    unix_listener,
)
from feedtree.ops.operations import Operation
from feedtree.supervisors import ChildSpec, EventStream
from feedtree.supervisors.verdicts import Fatal, Retryable

if TYPE_CHECKING:
    from feedtree.ops.app import FindTree

MAX_CLIENTS = 16  # at once; one more is told so
SHUTDOWN = 0.1  # s
REQUEST_WITHIN = 2.0  # s from the first byte of a request to its last ...
TAKEN_WITHIN = 2.0  # ... for a client to take a line of the answer ...
IDLE = 300.0  # ... and from an answer to the next request
LAST_WORDS = 5.0  # s that an answer goes on after the client said its last word: it may still listen
MINDED = 60.0  # s between two looks whether the socket is still there
BACKLOG = 64  # clients that may wait to be let in ...
LET_IN_EVERY = 0.005  # ... and s between two of them: to come and go at once takes time of the loop, too


class SocketGone(Retryable):
    """Nobody can find the server any more; a fresh incarnation makes its socket anew."""


def inspect_operation(
    app: str,
    tree: "FindTree",
    events: EventStream,
    *,
    control: bool = False,
    log: Any = None,
) -> Operation:
    """Return what serves an app to those who attach, and remembers what happens in it.

    Args:
        app: the app's name, part of the socket's.
        tree: returns the running tree; None while there is none yet.
        events: what happens in it.
        control: whether clients may restart and stop what runs there.
        log: a structlog logger.
    """
    history = History()  # outlives each incarnation of the server
    answers = Answers(app, tree, history, control=control, log=log)
    spec = ChildSpec("inspect", partial(serve_inspect, answers=answers), shutdown=SHUTDOWN)
    return Operation(spec, events, history.take)


async def serve_inspect(context: Context, *, answers: Answers) -> None:
    """Serve an app's tree until cancelled; its sockets are removed at the end.

    Args:
        context: the actor's.
        answers: says what is said.

    Raises:
        Fatal: the folder of the sockets cannot be used, or is not safe to use.
        SocketGone: somebody removed the socket.
    """
    with _socket_paths(answers.app) as path:
        listening = unix_listener(path, BACKLOG)
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening))
        async with listener:
            with open_dump(dump_path(path), answers.app, answers.tree):
                context.report("serving", socket=str(path))
                context.started()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_mind, path)
                    await _serve(listener, answers)


@contextmanager
def _socket_paths(app: str) -> Iterator[Path]:
    try:
        live_sockets()  # removes what dead processes left
        path = socket_path(app)
    except UnsafeDirectory as error:
        raise Fatal(str(error), remedy="make the folder private, or set XDG_RUNTIME_DIR") from error
    except OSError as error:  # no space, a file system that is read-only
        raise Fatal(
            f"no folder for the socket of feedtree tree: {error}", remedy="set XDG_RUNTIME_DIR"
        ) from error
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


async def _mind(path: Path) -> None:
    """Look now and then whether the socket is still to be found: a logout may take its folder away."""
    while path.exists():  # noqa: ASYNC110, ASYNC240 - a folder has no event; one look, at one in memory
        await trio.sleep(MINDED)
    raise SocketGone(f"{path} was removed")


async def _serve(listener: trio.SocketListener, answers: Answers) -> None:
    clients = trio.CapacityLimiter(MAX_CLIENTS)

    async def serve_client(stream: trio.SocketStream) -> None:
        await _attend(stream, clients, answers)

    await trio.serve_listeners(serve_client, [_Gate(listener)])


class _Gate(trio.abc.Listener[trio.SocketStream]):
    """Lets clients in one after the other, with a pause between them."""

    def __init__(self, listener: trio.SocketListener) -> None:
        self._listener = listener
        self._open_at = -math.inf

    async def accept(self) -> trio.SocketStream:
        """Wait for the next client."""
        await trio.sleep_until(self._open_at)
        stream = await self._listener.accept()
        self._open_at = trio.current_time() + LET_IN_EVERY
        return stream

    async def aclose(self) -> None:
        """Let nobody in any more."""
        await self._listener.aclose()


async def _attend(stream: trio.SocketStream, clients: trio.CapacityLimiter, answers: Answers) -> None:
    """Serve one client. Whatever it does ends here, and its connection in the end."""
    try:
        if not is_same_user(stream.socket):
            return
        try:
            clients.acquire_on_behalf_of_nowait(stream)
        except trio.WouldBlock:
            await Conversation(stream, answers).refuse(f"{MAX_CLIENTS} clients are attached already: end one")
            return
        try:
            await Conversation(stream, answers).run()
        finally:
            clients.release_on_behalf_of(stream)
    except* (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # the client went away
    finally:
        stream.socket.close()


class Conversation:
    """One client, from its first request until it goes away.

    Args:
        stream: its connection.
        answers: says what is said.
    """

    def __init__(self, stream: trio.SocketStream, answers: Answers) -> None:
        self._stream = stream
        self._answers = answers
        self._received = bytearray()
        self._who = peer_words(stream.socket)

    async def run(self) -> None:
        """Answer request after request.

        Raises:
            trio.BrokenResourceError: the client went away, or takes nothing.
        """
        while (request := await self._request()) is not None:
            await self._answer(request)

    async def refuse(self, text: str) -> None:
        """Say why nothing is answered; errors as `run`."""
        await self._send(line(problem=Problem("refused", text)))

    async def _request(self) -> bytes | None:
        """Return the next line; None where the client is done, or takes too long."""
        with trio.move_on_after(IDLE) as scope:
            while b"\n" not in self._received:
                if len(self._received) > MAX_REQUEST:
                    return self._rest()
                if self._received:
                    scope.deadline = min(scope.deadline, trio.current_time() + REQUEST_WITHIN)
                chunk = await self._stream.receive_some(MAX_REQUEST)
                if not chunk:
                    return self._rest() or None
                self._received += chunk
            request, _, rest = bytes(self._received).partition(b"\n")
            self._received[:] = rest
            return request
        return None

    def _rest(self) -> bytes:
        rest = bytes(self._received[:MAX_REQUEST])
        self._received.clear()
        return rest

    async def _answer(self, request: bytes) -> None:
        """Answer, and stop soon after the client has gone: an answer may have no end."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen, nursery.cancel_scope)
            await self._answers.answer(request, self._who, self._send)
            nursery.cancel_scope.cancel()

    async def _listen(self, scope: trio.CancelScope) -> None:
        while len(self._received) <= MAX_REQUEST:
            chunk = await self._stream.receive_some(MAX_REQUEST)
            if not chunk:
                scope.deadline = trio.current_time() + LAST_WORDS
                return
            self._received += chunk

    async def _send(self, said: bytes) -> None:
        with trio.move_on_after(TAKEN_WITHIN) as scope:
            await self._stream.send_all(said)
        if scope.cancelled_caught:
            raise trio.BrokenResourceError("the client takes nothing")
