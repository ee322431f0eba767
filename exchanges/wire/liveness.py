"""When to ping, and when silence means that the connection is dead: pure, its times are arguments.

Two timers. Keepalive: the venue's own ping at a steady pace, whatever else comes, since some venues count only
pings. Probe: after a short silence a ping that must be answered, else the connection has stalled. Together they take
under 2 s where a round trip takes less than 0.4; the answer gets the greater part, so that a line that stands still for
1.2 s and goes on has not stalled. A check that comes late says nothing about the venue, but that this process was busy:
it starts the timers anew.
"""

from collections import deque
from enum import StrEnum
from math import inf
from random import Random

ROUND_TRIPS = 4  # the newest; the least of them is what one usually takes
ON_TOP = 0.25  # seconds of a round trip at most by which an answer may come later
UNANSWERED = 2.0  # seconds after which an answer is not expected any more: later ones find their pings again


class Action(StrEnum):
    """What the reader is to do now."""

    NONE = "none"
    KEEPALIVE = "keepalive"  # send the venue's own ping
    PROBE = "probe"  # send a ping that the venue is known to answer
    STALLED = "stalled"  # raise `Stalled`


class Liveness:
    """The timers of one connection.

    The reader receives until `deadline`; tells `heard` when bytes came; and only when a read attempted past the
    deadline found nothing asks `check`, and does what it says.

    Args:
        now: trio time, as all times here.
        rng: for the jitter of the keepalive.
        keepalive: seconds between two; each interval is up to a fifth shorter. ``inf`` for none.
        quiet: seconds of silence before a probe.
        answer: least seconds for its answer, beside a round trip; four round trips where that is more.
        late: seconds from which a check is late.

    Attributes:
        probing: whether a probe waits for its answer.
        rtt: seconds that a round trip usually takes; None before the first answer.
    """

    def __init__(
        self,
        now: float,
        rng: Random,
        *,
        keepalive: float = 10.0,
        quiet: float = 0.4,
        answer: float = 1.3,
        late: float = 0.25,
    ) -> None:
        self._rng = rng
        self._keepalive = keepalive
        self._quiet = quiet
        self._answer = answer
        self._late = late
        self._heard_at = now
        self._keepalive_at = now + self._interval()
        self.probing = False
        self._probed_at = now  # the one probe that may be outstanding
        self._answer_by = now  # and until when it is waited for
        self._asked: deque[float] = deque()  # pings of either kind, until their answers
        self._round_trips: deque[float] = deque(maxlen=ROUND_TRIPS)
        self._paused_at: float | None = None
        self.rtt: float | None = None

    def deadline(self) -> float:
        """Return the time until which the reader is to receive."""
        return min(self._keepalive_at, self._silence_until())

    def heard(self, now: float) -> float:
        """Take note that bytes of the peer came: it lives, a probe's answer is not waited for any more.

        Returns:
            For how many seconds the line stood still, as far as a probe tells: how much longer than a round trip its
            answer was waited for. 0 while nothing is known of round trips.
        """
        self._heard_at = now
        if not self.probing:
            return 0.0
        self.probing = False
        return 0.0 if self.rtt is None else max(now - self._probed_at - self.rtt, 0.0)

    def answered(self, now: float) -> float | None:
        """Take note of the answer to a ping, of either kind.

        Returns:
            How long it took, in seconds; None where none was waited for.
        """
        self.heard(now)
        self._forget_unanswered(now)
        if not self._asked:
            return None
        sample = now - self._asked.popleft()
        self._round_trips.append(sample)
        self.rtt = min(self._round_trips)
        return sample

    def check(self, now: float) -> Action:
        """Judge the silence, after a read past `deadline` found nothing.

        The caller sends what it is told to at once: the timers count from ``now``.
        """
        overdue = now - self._silence_until()
        if overdue >= self._late:
            self._rearm(now)
        elif overdue >= 0:
            return self._break_silence(now)
        if now >= self._keepalive_at:
            self._keepalive_at = now + self._interval()
            self._ask(now)
            return Action.KEEPALIVE
        return Action.NONE

    def paused(self, now: float) -> None:
        """Stop the clock of silence: from now on the reader waits for its consumers, and cannot hear."""
        self._paused_at = now

    def resumed(self, now: float) -> None:
        """Let the clock of silence go on where it stood."""
        if self._paused_at is None:
            return
        pause, self._paused_at = now - self._paused_at, None
        self._heard_at += pause
        self._probed_at += pause
        self._answer_by += pause
        self._asked = deque(at + pause for at in self._asked)

    def _silence_until(self) -> float:
        return self._answer_by if self.probing else self._heard_at + self._quiet

    def _break_silence(self, now: float) -> Action:
        if self.probing:
            return Action.STALLED
        self.probing, self._probed_at = True, now
        self._answer_by = now + self._patience()
        self._ask(now)
        return Action.PROBE

    def _ask(self, now: float) -> None:
        self._forget_unanswered(now)
        self._asked.append(now)

    def _forget_unanswered(self, now: float) -> None:
        while self._asked and now - self._asked[0] > UNANSWERED:
            self._asked.popleft()

    def _rearm(self, now: float) -> None:
        if self.probing:
            self._probed_at, self._answer_by = now, now + self._patience()
        else:
            self._heard_at = now

    def _patience(self) -> float:
        rtt = self.rtt or 0.0
        return max(self._answer + min(rtt, ON_TOP), 4 * rtt)

    def _interval(self) -> float:
        return self._keepalive * (1 - 0.2 * self._rng.random()) if self._keepalive < inf else inf
