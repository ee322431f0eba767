"""Whether one step of one task blocked the event loop, decided from looks at the loop. Knows no thread and no clock.

Within one pass of trio's loop every task steps at most once. So two looks that find the same task in the same pass
found the same step, which ran all the time between them. That time, and no more, is what is claimed.
"""

from typing import NamedTuple

LONGEST_PAUSE = 60.0  # s between two looks
SHORTEST_PAUSE = 0.001  # s; shorter steps are not told apart
LINE_PERIOD = 1.0  # s between two lines about the same place
PLACES_KEPT = 1000  # whose last line is remembered; when there are more, all are forgotten


class Look(NamedTuple):
    """What one look found while a pass of the loop was going on. All times are seconds of one clock.

    Args:
        at: when it was made.
        due: when it was to be made; the looker may have been held up itself.
        number: of the pass.
        began: when that pass began.
        step: what tells the task that ran from all others of that pass; None where none did.
    """

    at: float
    due: float
    number: int
    began: float
    step: object


class Stall:
    """A step that blocked the loop.

    Attributes:
        blocked: seconds for which it surely did; grows with every further look that finds the same step.
        pass_age: how old the pass was when the stall was found, in seconds.
        certain: False where the step was seen only once, by a looker that was held up for that long: the pass
            took so long, but the step may have been the last and shortest of it.
    """

    __slots__ = ("blocked", "certain", "pass_age")

    def __init__(self, blocked: float, pass_age: float, *, certain: bool = True) -> None:
        self.blocked = blocked
        self.pass_age = pass_age
        self.certain = certain


class Suspicion:
    """Turns looks into stalls.

    A step is found where it surely ran for half the threshold in a pass that took at least the threshold. So one
    that is shorter than half of it is never found, however long its pass is. One that is a tenth longer than the
    threshold always is, where every look is made at its time; in between it depends on when the looks came.

    A looker that was held up for the threshold while a pass went on (by a call that keeps the interpreter lock,
    by another thread, by a busy machine) finds an uncertain stall.

    Args:
        threshold: seconds.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._first: Look | None = None  # the first look at the step that the last one found
        self._last_at = 0.0
        self._stall: Stall | None = None

    def saw(self, look: Look | None) -> Stall | None:
        """Take in what a look found, None where the loop was waiting.

        Returns:
            The stall, once for a step, when it is found; a later look at the same step makes it longer.
        """
        if look is None or look.step is None:
            self._first = self._stall = None
            return None
        self._last_at = look.at
        first = self._first
        if first is None or first.number != look.number or first.step is not look.step:
            self._first, self._stall = look, None
            return self._held_up(look)
        return self._seen_again(first, look)

    def _seen_again(self, first: Look, look: Look) -> Stall | None:
        blocked = look.at - first.at
        if self._stall is not None:
            self._stall.blocked = blocked
            return None
        pass_age = look.at - look.began
        if blocked < self._threshold / 2 or pass_age < self._threshold:
            return None
        self._stall = Stall(blocked, pass_age)
        return self._stall

    def _held_up(self, look: Look) -> Stall | None:
        held_up = look.at - max(look.due, look.began)
        if held_up < self._threshold:
            return None
        return Stall(look.at - look.began, look.at - look.began, certain=False)

    @property
    def pause(self) -> float:
        """Seconds from the last look until the next one is due."""
        wanted = self._threshold / 2
        if self._stall is not None:
            wanted = self._threshold / 10
        elif self._first is not None:
            decided = max(self._first.at + self._threshold / 2, self._first.began + self._threshold)
            wanted = min(wanted, max(decided - self._last_at, self._threshold / 10))
        return min(max(wanted, SHORTEST_PAUSE), LONGEST_PAUSE)


class LineLimit:
    """Lets one line in a period pass for each place that blocks, and counts those left out."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], float] = {}
        self._left_out: dict[tuple[str, str], int] = {}

    def admit(self, who: str, where: str, now: float) -> int | None:
        """Return how many lines were left out since the last one, None where this one is left out, too.

        Args:
            who: the path of a child, or the name of a task.
            where: its innermost frame.
            now: seconds.
        """
        place = (who, where)
        last = self._last.get(place)
        if last is not None and now - last < LINE_PERIOD:
            self._left_out[place] = self._left_out.get(place, 0) + 1
            return None
        if len(self._last) >= PLACES_KEPT:
            self._last.clear()
            self._left_out.clear()
        self._last[place] = now
        return self._left_out.pop(place, 0)
