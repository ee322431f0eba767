"""What the screen is about: the last looks, what the user chose, and what follows from both. Knows no terminal."""

from collections import deque
from collections.abc import Iterable

from feedtree.ops.facts import MailboxFacts, StreamFacts
from feedtree.ops.inspect.protocol import Details, Happening, Overview
from feedtree.ops.operate.looks import rates, states
from feedtree.ops.operate.top.branches import Branch, Folding, tree_branches
from feedtree.ops.operate.top.columns import BY_KEY, arranged, matches
from feedtree.ops.operate.top.rows import Row, table_rows
from feedtree.ops.operate.top.series import Series
from feedtree.supervisors import EventKind
from feedtree.supervisors.snapshot import Node

EVENTS_KEPT = 200


class Board:
    """Everything that the screen shows; changed by what is heard of the app, and by what the user does.

    Args:
        branch: the path that is looked at; empty for the whole tree.

    Attributes:
        now: the last look; None before the first.
        rows: of the table, all of them, in no order.
        series: messages per second of the last minutes.
        folding: what is folded.
        sort: the key of the column that the table is sorted by.
        reverse: whether that is turned round.
        wanted: the filter; empty for none.
        selected: the path that the details are about.
        details: of that path; None until they are here.
        events: the newest, oldest first.
        missed: how many events were not told; not known where a branch is looked at.
        cpu: share of a processor that the process took between the last two looks; None where there is one look only.
        busy: share of that time in which its event loop was busy; None where nothing watches it.
    """

    def __init__(self, branch: str = "") -> None:
        self.branch = branch
        self.now: Overview | None = None
        self.rows: list[Row] = []
        self.series = Series()
        self.folding = Folding()
        self.sort = "state"
        self.reverse = False
        self.wanted = ""
        self.selected = branch
        self.details: Details | None = None
        self.events: deque[Happening] = deque(maxlen=EVENTS_KEPT)
        self.missed = 0
        self.cpu: float | None = None
        self.busy: float | None = None
        self._interrupted = False
        self._heard = 0  # the number of the last event
        self._reports: dict[str, str] = {}  # path -> its last word

    def look(self, overview: Overview) -> None:
        """Take in a look; one at another process begins anew, and leaves a hole in the series."""
        before = self.now if self._goes_on(overview) else None
        self._interrupted, self.now = False, overview
        self.rows = table_rows(before, overview, self.branch)
        self.cpu, self.busy = _process(before, overview)
        self.folding.streams = frozenset(stream.path for stream in overview.facts.streams)
        if before is None:
            self.series.skip()
        else:
            self.series.add(rates(before, overview))

    def interrupt(self) -> None:
        """Take note that the looks stop for a while: the next one has no rates."""
        self._interrupted = True

    def hear(self, events: Iterable[Happening], *, anew: bool = False) -> bool:
        """Take in events, oldest first; an actor that says its word again, with other facts, is passed over.

        Args:
            events: those that follow on the last ones.
            anew: forget what was heard before: what is remembered of it is told again.

        Returns:
            Whether there is something else to show now.
        """
        if anew:
            self.events.clear()
            self._reports.clear()
            self._heard = self.missed = 0
        changed = anew
        for event in events:
            if self._heard and not self.branch:  # of a branch the events of the others are missing anyway
                self.missed += event.number - self._heard - 1
            self._heard = event.number
            if event.kind == EventKind.REPORTED:
                if self._reports.get(event.path) == event.reason:
                    continue
                self._reports[event.path] = event.reason
            self.events.append(event)
            changed = True
        return changed

    def table(self) -> list[Row]:
        """Return the rows that the filter leaves, in order."""
        rows = [row for row in self.rows if matches(self.wanted, row.path, row.state)]
        return arranged(rows, self.sort, reverse=self.reverse)

    def tree(self) -> list[Branch]:
        """Return the tree's lines; none where the branch is not there."""
        top = self.top
        if self.now is None or top is None:
            return []
        title = top.path or self.now.app
        return tree_branches(top, title, states(self.now), self.folding, self.wanted)

    def sort_by(self, key: str) -> None:
        """Sort by a column; by the same one again: the other way round."""
        self.reverse = not self.reverse if key == self.sort else False
        self.sort = key

    @property
    def falling(self) -> bool:
        """Whether the greatest of what the table is sorted by comes first."""
        return BY_KEY[self.sort].falling != self.reverse

    def select(self, path: str) -> None:
        """Have the details be about a path."""
        if path != self.selected:
            self.selected = path
            self.details = None

    @property
    def top(self) -> Node | None:
        """The node that is looked at; None where there is none now."""
        return None if self.now is None else self.now.tree.find(self.branch)

    @property
    def node(self) -> Node | None:
        """The selected one; None where there is none now."""
        return None if self.now is None else self.now.tree.find(self.selected)

    @property
    def stream(self) -> StreamFacts | None:
        """The stream that the selected node is, or is a part of."""
        if self.now is None:
            return None
        path = self.selected
        return next(
            (
                each
                for each in self.now.facts.streams
                if each.path == path or path.startswith(each.path + "/")
            ),
            None,
        )

    def mailboxes(self) -> list[MailboxFacts]:
        """Return the mailboxes that listen to what is selected, the fullest first."""
        if self.now is None or not self.selected:
            return []
        own = self.selected
        found = [box for box in self.now.facts.mailboxes if any(_related(own, each) for each in box.sources)]
        return sorted(found, key=lambda box: -box.depth)

    def marks(self) -> tuple[object, ...]:
        """Return what the details depend on: while it stays the same, nothing new is asked."""
        node, stream = self.node, self.stream
        own: tuple[object, ...] = ()
        if node is not None:
            own = (
                node.state,
                node.report,
                node.generation,
                node.restarts,
                node.last_reason,
                len(node.children),
            )
        if stream is None:
            return (self.selected, *own)
        topics = (stream.topics, stream.confirmed, stream.rejected)
        troubles = (stream.outages, stream.recovered, *stream.errors.values())
        return (self.selected, *own, stream.state, stream.generation, *topics, *troubles)

    def _goes_on(self, overview: Overview) -> bool:
        now = self.now
        return now is not None and not self._interrupted and now.pid == overview.pid and now.at < overview.at


def _process(before: Overview | None, now: Overview) -> tuple[float | None, float | None]:
    """Return what the process and its event loop did between two looks, as shares of that time."""
    if before is None:
        return None, None
    cpu = (now.facts.process.cpu_s - before.facts.process.cpu_s) / (now.at - before.at)
    loop, then = now.facts.loop, before.facts.loop
    if loop is None or then is None or loop.since_s <= then.since_s:
        return cpu, None
    return cpu, 1 - (loop.waited_s - then.waited_s) / (loop.since_s - then.since_s)


def _related(path: str, source: str) -> bool:
    """Tell whether one of two paths is at or below the other."""
    return f"{path}/".startswith(f"{source}/") or f"{source}/".startswith(f"{path}/")
