"""The client of the inspect server: finds the apps that run, and asks one for its tree."""

import math
import socket
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from feedtree.ops.inspect_sockets import live_sockets
from feedtree.supervisors.snapshot import Node

TIMEOUT = 5.0  # s for a whole answer; an app that blocks its loop longer is not asked again


class InspectFailed(Exception):
    """The app did not answer as it should; the message is for the user."""


class TreeAnswer(Struct, frozen=True):
    """What an app says of itself."""

    app: str
    pid: int
    tree: Node


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
        if wanted is None or wanted in (app.name, str(app.pid), str(app)):
            found.append(app)
    return found


def ask_tree(app: RunningApp) -> TreeAnswer:
    """Ask an app for its tree.

    Raises:
        InspectFailed: no answer came in time, or it is none.
    """
    try:
        return _read(_exchange(app.socket, b'{"get": "tree"}\n'))
    except TimeoutError as error:
        raise InspectFailed(f"{app} did not answer within {TIMEOUT:g} s") from error
    except OSError as error:
        raise InspectFailed(f"{app} cannot be asked: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InspectFailed(f"{app} gave no tree: {error} (another version of feedtree?)") from error


def _read(line: bytes) -> TreeAnswer:
    answer = msgspec.json.decode(line)
    if isinstance(answer, dict) and "error" in answer:
        raise msgspec.DecodeError(str(answer["error"]))
    if isinstance(answer, dict) and isinstance(answer.get("tree"), dict):
        _unbounded(answer["tree"])
    return msgspec.convert(answer, TreeAnswer)


def _unbounded(node: dict[str, Any]) -> None:
    """JSON has no infinity: an unbounded stop comes as null."""
    if node.get("worst_stop") is None:
        node["worst_stop"] = math.inf
    for child in node.get("children", ()):
        _unbounded(child)


def _exchange(path: Path, request: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(TIMEOUT)
        sock.connect(str(path))
        sock.sendall(request)
        received = bytearray()
        while chunk := sock.recv(65536):
            received += chunk
        return bytes(received)
