"""Where running apps serve their trees: one Unix socket each, in a folder that only their user can enter."""

import os
import re
import socket
import stat
import struct
import sys
import tempfile
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Protocol

_PATH_MAX = 100  # bytes; the kernels' limits are 108 (Linux) and 104 (macOS, BSD), with the final zero
_NAME_MAX = 40


class _Socket(Protocol):
    """A socket of the standard library, or trio's."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        """Return the value of an option."""
        ...


class UnsafeDirectory(OSError):
    """The folder for the sockets could be entered or replaced by another user."""


def runtime_dir() -> Path:
    """Return the folder of the sockets, made where it is missing, with access for this user only.

    It is ``$XDG_RUNTIME_DIR/feedtree``, else ``feedtree-<uid>`` in the folder for temporary files. A variable that
    names no folder of this user (``su`` and ``sudo`` leave the other user's) counts as not set.

    Raises:
        UnsafeDirectory: what stands there belongs to somebody else, or is open to others.
        OSError: it cannot be made.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    session = base if base and _is_own_folder(base) else None
    folder = (
        Path(session) / "feedtree" if session else Path(tempfile.gettempdir()) / f"feedtree-{os.getuid()}"
    )
    if len(os.fsencode(folder)) > _PATH_MAX - _NAME_MAX:
        folder = Path("/tmp") / f"feedtree-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise UnsafeDirectory(f"{folder} is no folder of user {os.getuid()}: remove it")
    if found.st_mode & 0o077:
        raise UnsafeDirectory(f"{folder} is open to other users: chmod 700 {folder}")
    return folder


def _is_own_folder(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def socket_path(app: str) -> Path:
    """Return where this process serves the tree of an app: ``<app>-<pid>.sock``, a second one of a name ``<app>.2``."""
    folder, name = runtime_dir(), file_name(app)
    path = folder / f"{name}-{os.getpid()}.sock"
    for number in count(2):
        if not _answers(path):
            break
        path = folder / f"{name}.{number}-{os.getpid()}.sock"
    return path


def file_name(app: str) -> str:
    """Return an app's name as it stands in its socket's."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", app)[: _NAME_MAX - 16] or "app"


def dump_path(path: Path) -> Path:
    """Return where the thread listens that answers for an app whose event loop is stuck: beside the app's socket."""
    return path.with_suffix(".dump")


def unix_listener(path: Path, backlog: int) -> socket.socket:
    """Listen at a path, for this user only; what stood there is removed.

    Raises:
        OSError: that is not possible.
    """
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(str(path))
        path.chmod(0o600)
        sock.listen(backlog)
    except BaseException:
        sock.close()
        raise
    return sock


def peer_words(sock: _Socket) -> str:
    """Return who is at the other end, as far as this system tells: ``user 1000, process 4242``."""
    if sys.platform.startswith("linux"):
        pid, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return f"user {uid}, process {pid}"
    uid = peer_uid(sock)
    return "somebody" if uid is None else f"user {uid}"


def is_same_user(sock: _Socket) -> bool:
    """Return whether the other end is this user, or root; also where this system does not tell."""
    uid = peer_uid(sock)
    return uid is None or uid in (os.getuid(), 0)


def live_sockets() -> list[Path]:
    """Return the sockets that somebody listens on, sorted; those that dead processes left are removed."""
    folder = runtime_dir()
    found = []
    for path in sorted(folder.glob("*.sock")):
        if _answers(path):
            found.append(path)
        elif not _alive(_pid(path)):
            path.unlink(missing_ok=True)
    for path in folder.glob("*.dump"):
        if not _alive(_pid(path)):
            path.unlink(missing_ok=True)
    return found


def peer_uid(sock: _Socket) -> int | None:
    """Return the user id of the other end; None where this system does not tell."""
    if sys.platform.startswith("linux"):
        _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return int(uid)
    if sys.platform == "darwin":
        _, uid = struct.unpack_from("II", sock.getsockopt(0, 1, 76))  # LOCAL_PEERCRED, struct xucred
        return int(uid)
    return None


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except BlockingIOError:  # its process takes nobody in: it is stopped, or its event loop stuck
            return True
        except OSError:
            return False
        return True


def _pid(path: Path) -> int:
    _, _, number = path.stem.rpartition("-")
    return int(number) if number.isdecimal() else 0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return pid > 0
