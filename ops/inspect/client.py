"""The client of the inspect server: finds the apps that run, and asks one of them."""

import math
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import msgspec
from msgspec import Struct

from feedtree.ops.inspect.protocol import SCHEMA, Answer, Dump, Dumped, Problem, Request
from feedtree.ops.inspect.sockets import dump_path, file_name, live_sockets

TIMEOUT = 5.0  # s for an answer; an app that blocks its loop longer is asked for a dump
AGAIN = 0.05  # s between two attempts to be let in

Body = TypeVar("Body")
End = TypeVar("End")


class InspectFailed(Exception):
    """There is no answer; the message is for the user, and says what to do.

    Attributes:
        code: the server's, see `Problem`; empty where it said nothing.
    """

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Say a problem, and what was meant, perhaps."""
        meant = f"; is it {' or '.join(problem.close)}?" if problem.close else ""
        return cls(f"{problem.text}{meant}", problem.code)


class RunningApp(Struct, frozen=True):
    """An app that listens."""

    name: str
    pid: int
    socket: Path

    def __str__(self) -> str:
        return f"{self.name}-{self.pid}"


def running_apps(wanted: str | None = None) -> list[RunningApp]:
    """Return the apps of this user that run, by name.

    Args:
        wanted: only those with this name, this pid, or this ``name-pid``.
    """
    found = []
    for path in live_sockets():
        name, _, pid = path.stem.rpartition("-")
        app = RunningApp(name, int(pid) if pid.isdecimal() else 0, path)
        if wanted is None or wanted in (str(app.pid), str(app)) or file_name(wanted) == app.name:
            found.append(app)
    return found


class Client:
    """A connection to one app. Use it as a context manager.

    Args:
        app: which.
        path: of another socket than the app's own.

    Raises:
        InspectFailed: it cannot be reached.
    """

    def __init__(self, app: RunningApp, path: Path | None = None) -> None:
        self.app = app
        self._received = bytearray()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT)
        try:
            _connect(self._socket, path or app.socket)
        except OSError as error:
            self._socket.close()
            raise _unreachable(app, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Go away; also from another thread, whose question then ends with `InspectFailed`."""
        with suppress(OSError):  # it is not connected any more
            self._socket.shutdown(socket.SHUT_RDWR)  # a close alone would not wake who reads
        self._socket.close()

    def ask(self, request: Request, kind: type[Body], *, timeout: float | None = None) -> Body:
        """Ask, and return the answer.

        Args:
            request: what is asked.
            kind: of the body.
            timeout: seconds for the answer; `TIMEOUT` where it is None.

        Raises:
            InspectFailed: the app refuses, does not answer in time, or says what cannot be read.
        """
        self._ask(request, TIMEOUT if timeout is None else timeout)
        return self._body(self._answer(), kind)

    @overload
    def follow(self, request: Request, kind: type[Body]) -> Iterator[Body]: ...

    @overload
    def follow(self, request: Request, kind: type[Body], last: type[End]) -> Iterator[Body | End]: ...

    def follow(self, request: Request, kind: type[Any], last: type[Any] | None = None) -> Iterator[Any]:
        """Ask, and yield what comes until the last line, or for ever; errors as `ask`.

        Args:
            request: what is asked.
            kind: of each body.
            last: of the one in the last line, where it is of another kind.
        """
        self._ask(request, None)
        more = True
        while more:
            answer = self._answer()
            more = answer.more
            yield self._body(answer, kind if more or last is None else last)

    def _ask(self, request: Request, timeout: float | None) -> None:
        self._socket.settimeout(timeout)
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # perhaps it said why, before it went away
                self._socket.sendall(msgspec.json.encode(request) + b"\n")
        except OSError as error:
            raise _unreachable(self.app, error) from error

    def _answer(self) -> Answer:
        said = self._line()
        try:
            answer = msgspec.json.decode(said, type=Answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InspectFailed(f"{self.app} says what cannot be read: {error}; {_OTHER_VERSION}") from error
        if answer.error is not None:
            raise InspectFailed.of(answer.error)
        if answer.schema != SCHEMA:
            which = "an older" if answer.schema < SCHEMA else "a newer"
            raise InspectFailed(f"{self.app} runs {which} feedtree than this one; {_OTHER_VERSION}", "schema")
        return answer

    def _body(self, answer: Answer, kind: type[Body]) -> Body:
        try:
            return msgspec.convert(_unbounded(msgspec.json.decode(answer.body)), kind)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            raise InspectFailed(f"{self.app} says what cannot be read: {error}; {_OTHER_VERSION}") from error

    def _line(self) -> bytes:
        received = self._received
        looked_at = 0
        while (end := received.find(b"\n", looked_at)) < 0:
            looked_at = len(received)
            try:
                chunk = self._socket.recv(65536)
            except TimeoutError as error:
                raise _too_late(self.app, self._socket.gettimeout() or 0.0) from error
            except OSError as error:
                raise _unreachable(self.app, error) from error
            if not chunk:
                raise InspectFailed(f"{self.app} ended, or gives no answer: see feedtree ps", "gone")
            received += chunk
        said = bytes(received[:end])
        del received[: end + 1]
        return said


_OTHER_VERSION = "use the feedtree of the app's own environment"


def ask_dump(app: RunningApp) -> Dumped:
    """Ask the thread that answers also where the app's event loop is stuck; errors as `Client.ask`."""
    with Client(app, dump_path(app.socket)) as client:
        return client.ask(Dump(), Dumped)


def _connect(sock: socket.socket, path: Path) -> None:
    """Connect, also where as many wait for the app already as may."""
    until = time.monotonic() + TIMEOUT
    while True:
        try:
            sock.connect(str(path))
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(AGAIN)


def _too_late(app: RunningApp, waited: float) -> InspectFailed:
    return InspectFailed(
        f"{app} did not answer within {waited:g} s; feedtree dump shows what it is at", "timeout"
    )


def _unreachable(app: RunningApp, error: OSError) -> InspectFailed:
    if isinstance(error, BlockingIOError):
        return _too_late(app, TIMEOUT)
    if isinstance(error, PermissionError):
        return InspectFailed(f"{app} belongs to another user: ask as that user", "user")
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):
        return InspectFailed(f"{app} has ended: see feedtree ps", "gone")
    return InspectFailed(f"{app} cannot be asked: {error.strerror or error}", "gone")


def _unbounded(said: Any) -> Any:
    """JSON has no infinity: a stop that nothing bounds comes as null."""
    if isinstance(said, dict):
        if "worst_stop" in said and said["worst_stop"] is None:
            said["worst_stop"] = math.inf
        for each in said.values():
            _unbounded(each)
    elif isinstance(said, list):
        for each in said:
            _unbounded(each)
    return said
