"""What only repeats: an actor that reports the same state again, with other facts."""

from feedtree.supervisors import EventKind, LifecycleEvent


class Repeats:
    """Tells whether a lifecycle event says nothing new; it is to see every one, in order."""

    def __init__(self) -> None:
        self._states: dict[str, tuple[int, str]] = {}  # path -> generation and what it reported last

    def has(self, event: LifecycleEvent) -> bool:
        """Take note of an event; return whether the actor reported the same before, in the same incarnation."""
        if event.kind is EventKind.REMOVED:
            self._states.pop(event.path, None)
        if event.kind is not EventKind.REPORTED:
            return False
        state = event.generation, event.reason
        known = self._states.get(event.path) == state
        self._states[event.path] = state
        return known
