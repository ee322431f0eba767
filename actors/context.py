"""What an incarnation of an actor is given: its place, its voice, its figures."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import trio

from feedtree.actors.meters import Meters

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger


def default_log() -> Any:
    """Return structlog's logger as the app has configured it.

    structlog is imported here and not with this module: it takes longer to import than trio does.
    """
    import structlog

    return structlog.get_logger()


class Ignored(Exception):
    """Raised by `Context.ignore`: there is nothing to run, and that is no error."""


class Context:
    """One incarnation of an actor, as the actor and its supervisor both see it.

    The supervisor makes one for every start and hands it to the start function; the actor speaks through
    its methods, the supervisor reads its attributes. It is never used again for a later incarnation.

    Args:
        path: the ids from below the root down to this actor, joined by ``/``.
        generation: which incarnation this is, 1 for the first.
        log: the logger to bind to; path and generation are added to it.
        meters: the actor's figures, which may outlive the incarnation; new ones where none are given.
        on_report: called with this context, in the actor's task, after every `report`.

    Attributes:
        ready_event: set when the actor said `started`.
        info: what the actor gave to `started`.
        ignored: True once the actor said that there is nothing to run.
        state: the actor's own word for how it is, None before the first `report`.
        facts: what the last `report` told beside the state.
        connected: True once this incarnation got a TCP connection.
        useful_since: trio time at which useful data began to flow, None before.
    """

    __slots__ = (
        "_on_report",
        "connected",
        "facts",
        "generation",
        "ignored",
        "info",
        "log",
        "meters",
        "path",
        "ready_event",
        "state",
        "useful_since",
    )

    def __init__(
        self,
        path: str,
        generation: int,
        *,
        log: Any = None,
        meters: Meters | None = None,
        on_report: "Callable[[Context], None] | None" = None,
    ) -> None:
        self.path = path
        self.generation = generation
        base = default_log() if log is None else log
        self.log: FilteringBoundLogger = base.bind(path=path, generation=generation)
        self.meters = Meters() if meters is None else meters
        self._on_report = on_report
        self.ready_event = trio.Event()
        self.info: object = None
        self.ignored = False
        self.state: str | None = None
        self.facts: dict[str, Any] = {}
        self.connected = False
        self.useful_since: float | None = None

    def started(self, info: object = None) -> None:
        """Tell that the actor is locally sound: wired and trying, not necessarily connected.

        The supervisor then goes on with the next child.

        Args:
            info: anything that whoever started the actor may want to have.

        Raises:
            RuntimeError: it was told before; an incarnation starts once.
        """
        if self.ready_event.is_set():
            raise RuntimeError(f"{self.path} said twice that it started")
        self.info = info
        self.ready_event.set()

    def ignore(self) -> NoReturn:
        """End this actor because there is nothing to run; neither an error nor a reason to restart it.

        Raises:
            Ignored: always; let it pass.
        """
        self.ignored = True
        raise Ignored(self.path)

    def report(self, state: str, **facts: Any) -> None:
        """Tell how the actor is, in its own words (``connecting``, ``live``), for every tool that shows it.

        Args:
            state: a short word.
            **facts: what belongs to that state; they take the place of those told before.
        """
        self.state = state
        self.facts = facts
        if self._on_report is not None:
            self._on_report(self)

    def mark_connected(self) -> None:
        """Tell that this incarnation got a TCP connection."""
        self.connected = True

    def mark_useful(self) -> None:
        """Tell that useful data flows; only the first call of an incarnation counts."""
        if self.useful_since is None:
            self.useful_since = trio.current_time()

    def __repr__(self) -> str:
        return f"<Context {self.path} generation {self.generation} {self.state or 'silent'}>"
