"""What an incarnation of an actor is given: its place, its voice, its figures, its names and inboxes."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NoReturn

import trio

from feedtree.actors.ask import A, Inbox, Q
from feedtree.actors.meters import Meters
from feedtree.actors.names import NameNotFound, Names, Registration

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
    its methods, the supervisor reads its attributes. It is never used again for a later incarnation. Whoever
    runs the actor calls `end` when it has ended: names and inboxes belong to the incarnation.

    Args:
        path: the ids from below the root down to this actor, joined by ``/``.
        generation: which incarnation this is, 1 for the first.
        log: the logger to bind to; path and generation are added to it.
        meters: the actor's figures, which may outlive the incarnation; new ones where none are given.
        names: the names of the whole tree; names of its own where none are given.
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
        "_at_end",
        "_base_log",
        "_ended",
        "_held",
        "_inboxes",
        "_log",
        "_meters",
        "_names",
        "_on_report",
        "connected",
        "facts",
        "generation",
        "ignored",
        "info",
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
        names: Names | None = None,
        on_report: "Callable[[Context], None] | None" = None,
    ) -> None:
        self.path = path
        self.generation = generation
        self._base_log = log
        self._log: FilteringBoundLogger | None = None
        self._meters = meters
        self._names = names
        self._held: set[str] | None = None  # what it registered; most actors never do
        self._inboxes: list[Inbox[Any, Any]] | None = None
        self._at_end: list[Callable[[], None]] | None = None
        self._ended = False
        self._on_report = on_report
        self.ready_event = trio.Event()
        self.info: object = None
        self.ignored = False
        self.state: str | None = None
        self.facts: dict[str, Any] = {}
        self.connected = False
        self.useful_since: float | None = None

    @property
    def log(self) -> "FilteringBoundLogger":
        """A structlog logger, bound to path and generation."""
        if self._log is None:
            base = default_log() if self._base_log is None else self._base_log
            self._log = base.bind(path=self.path, generation=self.generation)
        return self._log

    @property
    def meters(self) -> Meters:
        """The actor's figures."""
        if self._meters is None:
            self._meters = Meters()
        return self._meters

    def started(self, info: object = None) -> None:
        """Tell that the actor is locally sound: wired and trying, not necessarily connected.

        The supervisor then goes on with the next child.

        Args:
            info: anything that whoever started the actor may want to have.

        Raises:
            RuntimeError: it was told before, since an incarnation starts once; or this incarnation has ended.
        """
        self._refuse_when_ended()
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

        Once this incarnation has ended, nobody is told any more.

        Args:
            state: a short word.
            **facts: what belongs to that state; they take the place of those told before.
        """
        self.state = state
        self.facts = facts
        if self._on_report is not None and not self._ended:
            self._on_report(self)

    def mark_connected(self, connected: bool = True) -> None:
        """Tell that this incarnation got a TCP connection; False, that it counts as none after all."""
        self.connected = connected

    def mark_useful(self) -> None:
        """Tell that useful data flows; only the first call of an incarnation counts."""
        if self.useful_since is None:
            self.useful_since = trio.current_time()

    def register(self, name: str, value: Any) -> None:
        """Offer something under a name that is unique in the tree, for as long as this incarnation lives.

        When the incarnation has ended, however it ended, the name is free before the next one begins.

        Args:
            name: the name.
            value: what whoever looks the name up gets.

        Raises:
            NameTaken: a live incarnation holds the name, which may be this one; the error names it.
            RuntimeError: this incarnation has ended.
        """
        self._refuse_when_ended()
        self._known_names().claim(Registration(name, value, self.path, self.generation))
        if self._held is None:
            self._held = set()
        self._held.add(name)

    def unregister(self, name: str) -> None:
        """Let a name that this incarnation registered be free.

        Raises:
            NameNotFound: this incarnation does not hold it.
        """
        if self._held is None or name not in self._held:
            raise NameNotFound(name)
        self._held.remove(name)
        self._known_names().release(name)

    def whereis(self, name: str) -> Registration:
        """Return who holds a name, and what it stands for.

        Raises:
            NameNotFound: nobody holds it now.
        """
        return self._known_names().whereis(name)

    def inbox(self, *, capacity: int) -> Inbox[Q, A]:
        """Make an inbox for questions to this incarnation, with which it ends.

        Declare what it is for: ``inbox: Inbox[str, int] = context.inbox(capacity=10)``.

        Args:
            capacity: how many questions may wait to be taken; further askers wait for room.

        Raises:
            ValueError: capacity is below 1.
            RuntimeError: this incarnation has ended.
        """
        self._refuse_when_ended()
        inbox: Inbox[Q, A] = Inbox(self.path, capacity=capacity)
        # An actor may close inboxes and make others as often as it likes: only those that are open are kept.
        self._inboxes = [*(each for each in self._inboxes or () if not each.ended), inbox]
        return inbox

    def at_end(self, call: Callable[[], None]) -> None:
        """Have something called once this incarnation has ended and its supervisor has taken note of that.

        The supervisor then has neither started another one nor answered anyone. The call must not wait; what it
        raises is the supervisor's to log, and changes nothing.

        Raises:
            RuntimeError: this incarnation has ended.
        """
        self._refuse_when_ended()
        if self._at_end is None:
            self._at_end = []
        self._at_end.append(call)

    def end(self, reason: str, error: BaseException | None = None) -> None:
        """Free the names of this incarnation, fail all that it was asked, make the calls of `at_end`.

        Only the first call counts.

        A supervisor calls it once the actor has ended, before anything is started again.

        Args:
            reason: why the actor ended, in one line.
            error: what ended it, None where nothing did.
        """
        self._ended = True
        self._on_report = None  # a dead actor's word, said by whoever kept its context, is not told
        if self._held is not None:
            held, self._held = self._held, None
            for name in held:
                self._known_names().release(name)
        if self._inboxes is not None:
            inboxes, self._inboxes = self._inboxes, None
            for inbox in inboxes:
                inbox.end(reason, error)
        if self._at_end is not None:
            calls, self._at_end = self._at_end, None
            with ExitStack() as made:  # each, though another one raises
                for call in reversed(calls):
                    made.callback(call)

    def _known_names(self) -> Names:
        if self._names is None:
            self._names = Names()
        return self._names

    def _refuse_when_ended(self) -> None:
        if self._ended:
            raise RuntimeError(f"{self.path}, generation {self.generation}, has ended")

    def __repr__(self) -> str:
        return f"<Context {self.path} generation {self.generation} {self.state or 'silent'}>"
