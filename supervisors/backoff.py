"""How long to wait before the next attempt. Pure: times are arguments, randomness is passed in.

The first retry comes at once, so that a single lost connection costs nothing; the following ones wait
exponentially longer, each a random part of its cap. Only useful data counts as success: a peer that accepts
every handshake and then resets would otherwise be hammered for ever.
"""

import math
import random
from dataclasses import dataclass, field

from msgspec import Struct

from feedtree.supervisors.checks import is_number, is_whole
from feedtree.supervisors.errors import InvalidSpec


class Herd:
    """Streams that may fall together (all of one venue), and then should not come back in one instant.

    Args:
        window: seconds within which two falls count as one event.
    """

    __slots__ = ("_last", "window")

    def __init__(self, window: float = 0.25) -> None:
        if not is_number(window) or not window >= 0:
            raise InvalidSpec("Herd.window", window, "a number of seconds, 0 or more")
        self.window = window
        self._last = -math.inf

    def falls(self, now: float) -> bool:
        """Note that a member fell, and tell whether another one fell just before it."""
        together = now - self._last <= self.window
        self._last = now
        return together


@dataclass(frozen=True, slots=True)
class BackoffPolicy:
    """The numbers of a backoff; all durations in seconds.

    Args:
        initial: upper bound of the second wait; it doubles from there. The first retry does not wait.
        cap: upper bound of every wait.
        reset_after: useful data for this long forgets all former failures.
        herd: streams that may fall together; None for a child that falls alone.
        herd_jitter: upper bound of the first wait where several of the herd fell together.
        throttle: the first wait after a `Throttled` that states no time; it doubles from there.
        throttle_cap: upper bound of that doubling.
        brief: useful data for less than this is as good as none where flapping is judged: a peer that accepts, sends
            a little and closes is flapping, too.
        flapping_after: so many attempts in a row that got a connection, and ended without useful data, are
            flapping.
        flapping_cap: upper bound of every wait while flapping.
    """

    initial: float = 0.1
    cap: float = 2.0
    reset_after: float = 10.0
    herd: Herd | None = field(default=None, compare=False)
    herd_jitter: float = 0.05
    throttle: float = 60.0
    throttle_cap: float = 3600.0
    brief: float = 1.0
    flapping_after: int = 20
    flapping_cap: float = 30.0

    def __post_init__(self) -> None:
        for name in (
            "initial",
            "cap",
            "reset_after",
            "herd_jitter",
            "throttle",
            "throttle_cap",
            "brief",
            "flapping_cap",
        ):
            value = getattr(self, name)
            if not is_number(value) or not 0 <= value < math.inf:
                raise InvalidSpec(f"BackoffPolicy.{name}", value, "a number of seconds, 0 or more")
        if self.herd is not None and not isinstance(self.herd, Herd):
            raise InvalidSpec("BackoffPolicy.herd", self.herd, "a Herd, or None")
        count = self.flapping_after
        if not is_whole(count) or count < 1:
            raise InvalidSpec("BackoffPolicy.flapping_after", self.flapping_after, "an integer, 1 or more")


class Attempt(Struct, frozen=True, gc=False):
    """What one incarnation came to, as far as its backoff cares.

    Args:
        connected: it got a connection to its peer.
        useful_for: how many seconds ago useful data began to flow; None where none did.
        throttled: the peer asked for a pause.
        retry_after: how long a pause it asked for, in seconds; None where it named none.
    """

    connected: bool = False
    useful_for: float | None = None
    throttled: bool = False
    retry_after: float | None = None


class Backoff:
    """One child's memory of its failures.

    Attributes:
        failures: failed attempts since the last success.
        flapping: attempts get a connection, and no useful data, again and again.
    """

    __slots__ = ("_throttles", "_useless", "failures", "policy")

    def __init__(self, policy: BackoffPolicy) -> None:
        self.policy = policy
        self.failures = 0
        self._throttles = 0
        self._useless = 0

    @property
    def flapping(self) -> bool:
        """Whether the last attempts all got a connection and no useful data."""
        return self._useless >= self.policy.flapping_after

    def reset(self) -> None:
        """Forget every failure, as after a restart by hand."""
        self.failures = self._throttles = self._useless = 0

    def after(self, attempt: Attempt, now: float, rng: random.Random) -> float:
        """Note how an attempt ended.

        Returns:
            The seconds to wait before the next one; 0 for at once.
        """
        self._note(attempt)
        pause = self._pause(attempt)
        if self.failures > 1:
            wait = rng.uniform(0, self._cap())
        elif self._falls_together(now):
            wait = rng.uniform(0, self.policy.herd_jitter)
        else:
            wait = 0.0
        return max(wait, pause)

    def _falls_together(self, now: float) -> bool:
        """Note a fall, which a failed retry is not; return whether another one was just before it."""
        return self.policy.herd is not None and self.policy.herd.falls(now)

    def _note(self, attempt: Attempt) -> None:
        brief = min(self.policy.brief, self.policy.reset_after)
        if attempt.useful_for is not None and attempt.useful_for >= brief:
            self._useless = 0
            if attempt.useful_for >= self.policy.reset_after:
                self.reset()
        elif attempt.connected:
            self._useless += 1
        self.failures += 1
        if not attempt.throttled:
            self._throttles = 0
        elif attempt.retry_after is None:
            self._throttles += 1

    def _cap(self) -> float:
        if self.flapping:
            return self.policy.flapping_cap
        return min(self.policy.cap, self.policy.initial * 2.0 ** min(self.failures - 2, 64))

    def _pause(self, attempt: Attempt) -> float:
        if not attempt.throttled:
            return 0.0
        if attempt.retry_after is not None:
            return attempt.retry_after
        return min(self.policy.throttle_cap, self.policy.throttle * 2.0 ** min(self._throttles - 1, 64))
