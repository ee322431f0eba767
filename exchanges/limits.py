"""What a venue allows in a stretch of time: pure arithmetic, with the time as an argument.

Times are seconds on one steady clock (trio's). The answers are seconds to wait; the waiting is the caller's.
A caller that asks and takes within one step of the event loop needs no lock.
"""

from collections import deque

_ASK_AGAIN = 1.0  # where only somebody else's closing can help
_UNSTATED_PAUSE = 60.0
_LONGEST_PAUSE = 960.0


class WeightBudget:
    """At most ``weight`` in any window of ``period`` seconds, wherever the window starts.

    A bucket that refills would let twice its size through around a venue's window; this does not.

    Args:
        weight: what may be spent in one window.
        period: the window in seconds.
    """

    __slots__ = ("_paused_until", "_period", "_spent", "_takes", "_weight")

    def __init__(self, weight: float, period: float = 1.0) -> None:
        self._weight = weight
        self._period = period
        self._takes: deque[tuple[float, float]] = deque()  # (time of the call, its cost), in order of time
        self._spent = 0.0
        self._paused_until = 0.0

    def wait(self, now: float, cost: float = 1.0) -> float:
        """Return the seconds until something of this cost may go; 0.0 is now. Takes nothing.

        A cost over the whole budget counts as the whole budget: it goes when the window is empty.
        """
        self._forget(now)
        return max(self._earliest(now, min(cost, self._weight)) - now, 0.0)

    def take(self, now: float, cost: float = 1.0) -> float:
        """Reserve the earliest moment for something of this cost, and return the seconds to it.

        Reservations stand in the order in which they were taken. The caller waits that long, then calls; a
        reservation that is not used is lost.
        """
        self._forget(now)
        cost = min(cost, self._weight)
        at = self._earliest(now, cost)
        self._takes.append((at, cost))
        self._spent += cost
        return max(at - now, 0.0)

    def pause(self, until: float) -> None:
        """Let nothing go before that time; an earlier end than the present one changes nothing."""
        self._paused_until = max(self._paused_until, until)

    def _forget(self, now: float) -> None:
        takes = self._takes
        while takes and takes[0][0] + self._period <= now:
            self._spent -= takes.popleft()[1]
        if not takes:
            self._spent = 0.0

    def _earliest(self, now: float, cost: float) -> float:
        at = max(now, self._paused_until)
        if self._takes:
            at = max(at, self._takes[-1][0])
        over = self._spent + cost - self._weight
        for time, spent in self._takes:
            if over <= 0.0:
                break
            over -= spent
            at = max(at, time + self._period)
        return at


class Pacer:
    """The frames of one connection: at most ``per_s`` in any second.

    Args:
        per_s: frames; set it well below the venue's own limit, since the network bunches what was spaced.
    """

    __slots__ = ("_budget",)

    def __init__(self, per_s: float) -> None:
        self._budget = WeightBudget(per_s, 1.0)

    def wait(self, now: float) -> float:
        """Return the seconds until the next frame may go; takes nothing."""
        return self._budget.wait(now)

    def take(self, now: float) -> float:
        """Reserve the next frame's moment, and return the seconds to it."""
        return self._budget.take(now)


class ConnectionBudget:
    """Attempts and open sockets of one venue, over the whole process.

    Ask `wait` until it says 0.0, then call `opened` in the same step, and one of `closed` or `forgotten`
    when that socket, or the attempt to get it, is over.

    Args:
        connections: sockets open at one time.
        attempts: attempts in any ``period`` seconds.
        period: seconds.
        idle: seconds after which the venue forgets a socket that was not closed.
    """

    __slots__ = ("_attempts", "_connections", "_forgotten", "_idle", "_open", "_pause", "_paused_until")

    def __init__(self, connections: int, attempts: int, period: float = 1.0, idle: float = 60.0) -> None:
        self._connections = connections
        self._attempts = WeightBudget(attempts, period)
        self._idle = idle
        self._open = 0
        self._forgotten: deque[float] = deque()  # when the venue stops counting each
        self._pause = _UNSTATED_PAUSE
        self._paused_until = 0.0

    def wait(self, now: float) -> float:
        """Return the seconds until an attempt may be worth it: 0.0 is now, anything else ask again then.

        While every socket is in use the answer is a second: only a closing can help.
        """
        paused = max(self._paused_until - now, self._attempts.wait(now))
        if self.in_use(now) < self._connections:
            return paused
        free = self._forgotten[0] - now if self._forgotten else _ASK_AGAIN
        return max(paused, min(free, _ASK_AGAIN))

    def in_use(self, now: float) -> int:
        """Return the number of sockets that the venue counts as ours."""
        while self._forgotten and self._forgotten[0] <= now:
            self._forgotten.popleft()
        return self._open + len(self._forgotten)

    def opened(self, now: float) -> None:
        """Count an attempt, and the socket that may come of it."""
        self._attempts.take(now)
        self._open += 1

    def closed(self) -> None:
        """A socket was closed in order, by either side, or never came to be."""
        self._open -= 1

    def forgotten(self, now: float) -> None:
        """A socket was dropped without the venue's knowledge: it counts until its idle time is over."""
        self._open -= 1
        self._forgotten.append(now + self._idle)

    def pause(self, until: float) -> None:
        """Allow no attempt before that time; an earlier end than the present one changes nothing."""
        self._paused_until = max(self._paused_until, until)

    def throttled(self, now: float, retry_after: float | None = None) -> float:
        """Pause as the venue asked, or 60 s where it stated nothing, doubling up to 16 minutes.

        Several refusals within one pause count once.

        Returns:
            The end of the pause.
        """
        if retry_after is not None:
            self.pause(now + retry_after)
        elif now >= self._paused_until:
            self.pause(now + self._pause)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        return self._paused_until

    def recovered(self) -> None:
        """Useful data flows again: the next unstated pause is 60 s."""
        self._pause = _UNSTATED_PAUSE
