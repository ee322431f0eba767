"""Asks one app, and finds the one that takes its place when it ends. Blocks; runs in a thread, and knows no screen."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from feedtree.ops.inspect.client import Client, InspectFailed, RunningApp, running_apps
from feedtree.ops.inspect.protocol import Details, Look, Overview, Request, Show
from feedtree.ops.operate.top.said import Attached, Looked, Lost, Said, Shown

PATIENCE = 86_400.0  # s that an answer may take: to ask a stuck app again would only fill its socket

_STAYS = frozenset(
    {"path", "refused", "starting", "request", "failed"}
)  # answers that leave the connection whole

Body = TypeVar("Body")


class Asker:
    """A connection to an app, made again where it breaks.

    An app that does not answer is waited for; `waiting` tells how long it has been. `close` may be called from another
    thread, whatever else from one alone.

    Args:
        app: the first one.
        tell: is told what comes of it.
        find: returns the apps of a name that run.
        connect: connects to one.
        clock: seconds.

    Attributes:
        app: the one that is asked, or was.
    """

    def __init__(
        self,
        app: RunningApp,
        tell: Callable[[Said], None],
        *,
        find: Callable[[str], list[RunningApp]] = running_apps,
        connect: Callable[[RunningApp], Client] = Client,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self._tell = tell
        self._find = find
        self._connect = connect
        self._clock = clock
        self._client: Client | None = None
        self._closed = False
        self._asked_at: float | None = None
        self._others: frozenset[str] = frozenset()

    @property
    def waiting(self) -> float:
        """For how many seconds an answer is due; 0 where none is."""
        asked_at = self._asked_at
        return 0.0 if asked_at is None else self._clock() - asked_at

    def note_others(self) -> None:
        """Take note of the apps of the same name that run beside it: none of them is to take its place."""
        with suppress(OSError):
            self._others = frozenset(str(app) for app in self._find(self.app.name) if app != self.app)

    def look(self) -> bool:
        """Look once, and tell; return whether there was an answer."""
        try:
            overview = self._asked(Look(), Overview)
        except (InspectFailed, OSError) as error:
            self._tell(Lost(str(error)))
            return False
        self._tell(Looked(overview))
        return True

    def show(self, path: str) -> None:
        """Ask for the details of a path, and tell."""
        try:
            self._tell(Shown(path, self._asked(Show(path=path), Details)))
        except (InspectFailed, OSError) as error:
            self._tell(Shown(path, None, str(error)))

    def close(self) -> None:
        """Go away for good; a question that is open then ends."""
        self._closed = True
        self._drop()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _asked(self, request: Request, kind: type[Body]) -> Body:
        """Ask on the connection that is there; where that has ended, which idle ones do, on a new one."""
        client = self._client
        if client is not None:
            try:
                return self._answer(client, request, kind)
            except InspectFailed as error:
                if error.code != "gone":
                    raise
        return self._answer(self._attached(), request, kind)

    def _answer(self, client: Client, request: Request, kind: type[Body]) -> Body:
        self._asked_at = self._clock()
        try:
            return client.ask(request, kind, timeout=PATIENCE)
        except InspectFailed as error:
            if error.code not in _STAYS:
                self._drop()
            raise
        finally:
            self._asked_at = None

    def _attached(self) -> Client:
        """Connect to the app, or to the one that took its place."""
        found = [app for app in self._find(self.app.name) if str(app) not in self._others]
        if not found:
            raise InspectFailed(f"{self.app} has ended", "gone")
        app = self.app if self.app in found else max(found, key=lambda each: _made(each.socket))
        client = self._connect(app)
        self._client, self.app = client, app
        if self._closed:  # meanwhile, in another thread
            self._drop()
            raise InspectFailed("closed", "gone")
        self._tell(Attached(app))
        return client


def _made(socket: Path) -> float:
    try:
        return socket.stat().st_mtime
    except OSError:
        return 0.0  # it has just ended
