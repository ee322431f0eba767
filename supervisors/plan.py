"""An ordered piece of work on several children: stop these, wait, start those."""

from collections import deque
from collections.abc import Iterable

from feedtree.supervisors.children import Child


class Plan:
    """What a supervisor still has to do, in order. Its control task drives it one child at a time.

    Args:
        stop: children to stop, in start order; the last one is stopped first.
        start: children to start after that, in start order.
        due: trio time before which none is started.
        charged: its cost was taken from the supervisor's intensity.
    """

    __slots__ = ("charged", "due", "start", "stop")

    def __init__(
        self,
        *,
        stop: Iterable[Child] = (),
        start: Iterable[Child] = (),
        due: float = 0.0,
        charged: bool = False,
    ) -> None:
        self.stop = list(stop)
        self.start = deque(start)
        self.due = due
        self.charged = charged

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return not self.stop and not self.start

    def next_to_stop(self) -> Child | None:
        """Return the child that has to end before anything else is done."""
        while self.stop:
            child = self.stop[-1]
            if child.incarnation is not None:
                return child
            self.stop.pop()
        return None

    def settle(self, child: Child) -> None:
        """Do not start a child any more: it is ready, or it will not be."""
        if self.start and self.start[0] is child:
            self.start.popleft()
        elif child in self.start:
            self.start.remove(child)
