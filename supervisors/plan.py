"""An ordered piece of work on several children: stop these, wait, start those."""

from collections import deque
from collections.abc import Iterable, Iterator

from feedtree.supervisors.children import Child
from feedtree.supervisors.snapshot import ChildState


class Plan:
    """What a supervisor still has to do, in order. Its control task drives it one child at a time.

    Every question about one child takes the same time however many there are.

    Args:
        stop: children to stop, in start order; the last one is stopped first.
        start: children to start after that, in start order.
        due: trio time before which none is started.
        charged: its cost was taken from the supervisor's intensity.
    """

    __slots__ = ("_start", "_starts", "_stop", "_stops", "charged", "due")

    def __init__(
        self,
        *,
        stop: Iterable[Child] = (),
        start: Iterable[Child] = (),
        due: float = 0.0,
        charged: bool = False,
    ) -> None:
        self._stop = list(stop)
        self._stops = set(map(id, self._stop))
        self._start = deque(start)
        self._starts = set(map(id, self._start))  # those that were taken off stay in the queue for a while
        self.due = due
        self.charged = charged

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return not self._stop and not self._starts

    def will_stop(self, child: Child) -> bool:
        """Whether that child is among those to stop."""
        return id(child) in self._stops

    def will_start(self, child: Child) -> bool:
        """Whether that child is among those to start."""
        return id(child) in self._starts

    @property
    def stopping(self) -> Iterator[Child]:
        """Those to stop, in start order."""
        return iter(self._stop)

    @property
    def starting(self) -> Iterator[Child]:
        """Those to start, in start order."""
        return (child for child in self._start if id(child) in self._starts)

    def next_to_stop(self) -> Child | None:
        """Return the child that has to end before anything else is done."""
        while self._stop:
            child = self._stop[-1]
            if child.incarnation is not None:
                return child
            self._stop.pop()
            self._stops.discard(id(child))
        return None

    def next_to_start(self) -> Child | None:
        """Return the child that is to be ready before any later one begins."""
        while self._start:
            child = self._start[0]
            if id(child) in self._starts:
                return child
            self._start.popleft()
        return None

    def add(self, child: Child) -> None:
        """Start one more child, after all others."""
        self._start.append(child)
        self._starts.add(id(child))

    def shorten(self) -> None:
        """Wait for no others than those to start that wait for their restart themselves."""
        waiting = (each for each in self.starting if each.state is ChildState.RESTARTING)
        self.due = max((each.due for each in waiting), default=0.0)

    def settle(self, child: Child) -> None:
        """Do not start a child any more: it is ready, or it will not be."""
        self._starts.discard(id(child))
