"""The threads that ask the app while the screen is shown, so that the screen never waits for it."""

import time
from collections.abc import Callable
from threading import Event, Thread

from feedtree.ops.inspect.client import Client, InspectFailed, RunningApp
from feedtree.ops.inspect.protocol import Action, Control, Done, Happening, Past
from feedtree.ops.operate.steering import PATIENCE
from feedtree.ops.operate.top.asker import Asker
from feedtree.ops.operate.top.said import Acted, Happened, Said

AGAIN = 1.0  # s between two attempts to find an app that has ended
FAREWELL = 1.0  # s that the end waits for each thread
REMEMBERED = 500  # past events that are asked for; words that are said again are not shown


class Follower:
    """Follows the events of an app, on a connection of its own; ends with the app, or when closed.

    Args:
        app: which.
        path: the branch.
        tell: is told of them.
    """

    def __init__(self, app: RunningApp, path: str, tell: Callable[[Said], None]) -> None:
        self.app = app
        self._path = path
        self._tell = tell
        self._client: Client | None = None
        self._closed = False
        self._thread = Thread(target=self._run, name="feedtree top: events", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it still follows."""
        return self._thread.is_alive()

    def close(self) -> None:
        """End."""
        self._closed = True
        client = self._client
        if client is not None:
            client.close()
        self._thread.join(FAREWELL)

    def _run(self) -> None:
        try:
            with Client(self.app) as client:
                self._client = client
                self._tell(Happened([], anew=True))
                if not self._closed:
                    for event in client.follow(Past(self._path, REMEMBERED, follow=True), Happening):
                        self._tell(Happened([event]))
        except InspectFailed:
            pass  # the next look says why, and what answers then is followed anew


class Poller:
    """Looks at an app again and again, shows what is selected, follows its events, and acts on it.

    Args:
        app: which.
        path: the branch whose events are followed.
        every: seconds from one look to the next.
        tell: is told what comes of it, in threads.
        asker: makes what asks.
    """

    def __init__(
        self,
        app: RunningApp,
        path: str,
        every: float,
        tell: Callable[[Said], None],
        *,
        asker: Callable[[RunningApp, Callable[[Said], None]], Asker] = Asker,
    ) -> None:
        self._path = path
        self._every = every
        self._tell = tell
        self._asker = asker(app, self._said)
        self._follower: Follower | None = None
        self._wake = Event()
        self._stopped = False
        self._paused = False
        self._wanted: str | None = None
        self._thread = Thread(target=self._run, name="feedtree top: looks", daemon=True)

    @property
    def waiting(self) -> float:
        """For how many seconds an answer is due; 0 where none is."""
        return self._asker.waiting

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a question that is open is given up."""
        self._stopped = True
        self._wake.set()
        self._asker.close()
        if self._thread.is_alive():
            self._thread.join(FAREWELL)
        if self._follower is not None:
            self._follower.close()

    def pause(self, paused: bool) -> None:
        """Ask nothing any more, or go on."""
        self._paused = paused
        self._wake.set()

    def show(self, path: str) -> None:
        """Ask for the details of a path, as soon as possible; of several only the last."""
        self._wanted = path
        self._wake.set()

    def act(self, action: Action, path: str) -> None:
        """Have the app do something, on a connection of its own, and tell what came of it."""
        app = self._asker.app
        Thread(target=self._act, args=(app, action, path), name="feedtree top: action", daemon=True).start()

    def _run(self) -> None:
        self._asker.note_others()
        due = time.monotonic()
        while not self._stopped:
            if not self._paused:
                due = self._turn(due)
            self._wake.wait(None if self._paused else max(0.0, due - time.monotonic()))
            self._wake.clear()

    def _turn(self, due: float) -> float:
        """Ask what is due; return when the next look is."""
        if time.monotonic() >= due:
            answered = self._asker.look()
            if answered:
                self._follow(self._asker.app)
            now = time.monotonic()
            due = max(due + self._every, now) if answered else now + AGAIN
        wanted, self._wanted = self._wanted, None
        if wanted is not None and not self._stopped:
            self._asker.show(wanted)
        return due

    def _follow(self, app: RunningApp) -> None:
        follower = self._follower
        if follower is not None:
            if follower.app == app and follower.alive:
                return
            follower.close()
        if not self._stopped:
            self._follower = Follower(app, self._path, self._said)

    def _act(self, app: RunningApp, action: Action, path: str) -> None:
        try:
            with Client(app) as client:
                done = client.ask(Control(action=action, path=path), Done, timeout=PATIENCE)
        except InspectFailed as error:
            slow = error.code == "timeout"
            text = f"{action} {path} takes longer than {PATIENCE:g} s: see its events" if slow else str(error)
            self._said(Acted(text, failed=True))
        else:
            self._said(Acted(done.text))

    def _said(self, said: Said) -> None:
        if not self._stopped:
            self._tell(said)
