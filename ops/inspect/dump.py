"""A thread that tells how a tree stands and where its tasks wait, also while the event loop is stuck.

It sleeps until somebody asks. Then it asks the loop; where that does not answer, it looks by itself. A call that
keeps the interpreter lock keeps this thread from answering, too: then nothing in the process can.
"""

import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread, get_ident
from typing import TYPE_CHECKING

import trio

from feedtree.ops.inspect.answers import Refused, line, read_request
from feedtree.ops.inspect.protocol import MAX_REQUEST, Dump, Dumped, Problem
from feedtree.ops.inspect.sockets import is_same_user, unix_listener
from feedtree.ops.redaction import redacted_reason
from feedtree.supervisors.stuck import running_frames

if TYPE_CHECKING:
    from feedtree.ops.app import FindTree, Tree

THREAD = "feedtree dump"
WAIT = 1.0  # s in which the loop is to answer; after that it is stuck
CLIENT_TIMEOUT = 2.0  # s for a client to ask, and again to take the answer
BACKLOG = 4


@contextmanager
def open_dump(path: Path, app: str, tree: "FindTree") -> Iterator[None]:
    """Answer `Dump` at a socket while the body runs.

    Args:
        path: of the socket.
        app: the app's name.
        tree: returns the running tree; None while there is none.
    """
    listener = unix_listener(path, BACKLOG)
    wake, woken = socket.socketpair()
    token, clock = trio.lowlevel.current_trio_token(), trio.lowlevel.current_clock()
    dumper = Dumper(app, tree, token, clock, get_ident())
    try:
        Thread(target=_serve, args=(listener, woken, dumper), name=THREAD, daemon=True).start()
        yield
    finally:
        wake.close()  # ends the thread, which closes the others
        path.unlink(missing_ok=True)


class Dumper:
    """Looks at a tree from a thread that is not its own.

    Args:
        app: the app's name.
        tree: returns the running tree; None while there is none.
        token: of the loop.
        clock: of the loop.
        thread: of the loop.
    """

    def __init__(
        self,
        app: str,
        tree: "FindTree",
        token: trio.lowlevel.TrioToken,
        clock: trio.abc.Clock,
        thread: int,
    ) -> None:
        self._app = app
        self._tree = tree
        self._token = token
        self._clock = clock
        self._thread = thread

    def dump(self) -> Dumped:
        """Return how the tree stands: by the loop's word, or else by looking from here.

        Raises:
            Refused: there is no tree.
        """
        tree = self._tree()
        if tree is None:
            raise Refused("starting", "the tree is starting, or has ended")
        return self._from_within(tree) or self._from_outside(tree)

    def _from_within(self, tree: "Tree") -> Dumped | None:
        answer: SimpleQueue[Dumped] = SimpleQueue()
        waiting = True

        def look() -> None:
            if not waiting:  # the loop was stuck, and nobody listens any more
                return
            with suppress(
                Exception
            ):  # in the loop's own step it would end the app; it is looked at from here then
                answer.put(
                    Dumped(
                        app=self._app,
                        pid=os.getpid(),
                        stuck=False,
                        running="",
                        tree=tree.snapshot(),
                        stacks=tree.supervisor.stacks(),
                    )
                )

        try:
            self._token.run_sync_soon(look)
            return answer.get(timeout=WAIT)
        except (trio.RunFinishedError, Empty):
            waiting = False
            return None

    def _from_outside(self, tree: "Tree") -> Dumped:
        supervisor = tree.supervisor
        return Dumped(
            app=self._app,
            pid=os.getpid(),
            stuck=True,
            running="\n".join(running_frames(self._thread)),
            tree=supervisor.look_from_outside(self._clock.current_time()).reworded(redacted_reason),
            stacks=supervisor.stacks_from_outside(),
        )


def _serve(listener: socket.socket, woken: socket.socket, dumper: Dumper) -> None:
    with listener, woken:
        while True:
            ready, _, _ = select.select([listener, woken], [], [])
            if woken in ready:
                return
            with suppress(OSError):
                client, _ = listener.accept()
                with client:
                    _answer(client, dumper)


def _request(client: socket.socket) -> bytes:
    """Return what a client asks within the time that it has for that.

    Raises:
        OSError: it took longer.
    """
    until = time.monotonic() + CLIENT_TIMEOUT
    request = b""
    while b"\n" not in request and len(request) <= MAX_REQUEST:
        client.settimeout(max(until - time.monotonic(), 0.001))
        chunk = client.recv(MAX_REQUEST)
        if not chunk:
            break
        request += chunk
    return request


def _answer(client: socket.socket, dumper: Dumper) -> None:
    if not is_same_user(client):
        return
    request = _request(client)
    client.settimeout(CLIENT_TIMEOUT)
    try:
        if not isinstance(read_request(request.partition(b"\n")[0]), Dump):
            raise Refused("request", "only a dump is answered here")
        said = line(dumper.dump())
    except Refused as refused:
        said = line(problem=refused.problem)
    except Exception as error:  # the thread goes on for others
        said = line(problem=Problem("failed", f"a defect of the dump: {error!r}"))
    client.sendall(said)
