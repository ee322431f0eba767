"""How incarnations ended, counted from the tree's lifecycle events."""

from collections import Counter

from feedtree.supervisors import EventKind, LifecycleEvent

_ENDS = (EventKind.EXITED, EventKind.CRASHED, EventKind.STOPPED, EventKind.IGNORED)
_VENUES = ("public", "private")  # sides whose second id is a venue


class Ends:
    """Counters of what happened in a tree.

    Attributes:
        verdicts: how many incarnations ended, by side, venue and verdict; the venue is empty beside the two sides.
        stalls: how often the event loop was blocked.
        longest_stall_s: for how many seconds at most.
    """

    def __init__(self) -> None:
        self.verdicts: Counter[tuple[str, str, str]] = Counter()
        self.stalls = 0
        self.longest_stall_s = 0.0

    def take(self, event: LifecycleEvent) -> None:
        """Count an event."""
        if event.kind is EventKind.STALLED:
            self.stalls += 1
            self.longest_stall_s = max(self.longest_stall_s, event.blocked or 0.0)
        elif event.kind in _ENDS and event.judgement is not None:
            side, _, rest = event.path.partition("/")
            venue = rest.partition("/")[0] if side in _VENUES else ""
            self.verdicts[side, venue, event.judgement.verdict.value] += 1

    def copy(self) -> "Ends":
        """Return the counters as they are now."""
        other = Ends()
        other.verdicts.update(self.verdicts)
        other.stalls = self.stalls
        other.longest_stall_s = self.longest_stall_s
        return other
