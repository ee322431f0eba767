"""Whether a public connection lives, and whether data come on it: both judges together. Pure: times are arguments."""

from collections.abc import Callable

from feedtree.exchanges.errors import Stalled
from feedtree.exchanges.public.silence import Silence
from feedtree.exchanges.wire.listening import ping_due
from feedtree.exchanges.wire.liveness import Liveness

LATE = 0.25  # seconds by which a wake-up of ours may be late before the silence begins anew


class LineWatch:
    """The timers of one connection.

    The reader receives until `deadline`, tells `heard` and `answered` of what came, and asks `check` where a read past
    the deadline is over.

    Args:
        liveness: whether it lives.
        silence: whether data come.
        silent: called before `check` raises since no data come.
    """

    def __init__(
        self, liveness: Liveness, silence: Silence, silent: Callable[[], None] = lambda: None
    ) -> None:
        self._liveness = liveness
        self._silence = silence
        self._silent = silent

    def deadline(self) -> float:
        """Return the time until which the reader is to receive."""
        liveness = self._liveness
        return min(liveness.deadline(), self._silence.deadline(still=liveness.probing))

    def heard(self, now: float) -> None:
        """Take note that bytes came."""
        if stood_still := self._liveness.heard(now):
            self._silence.stood_still(stood_still)

    def answered(self, now: float) -> float | None:
        """See `Liveness.answered`."""
        return self._liveness.answered(now)

    def check(self, now: float, waited_until: float, *, empty: bool) -> bool:
        """Judge the silence; return whether a ping is to go out at once.

        Args:
            now: when the read was over.
            waited_until: when it was to be over: its deadline, or its begin where that was later.
            empty: whether it found nothing.

        Raises:
            Stalled: the line is dead, or brings no data.
        """
        silence = self._silence
        silent = now >= silence.deadline(still=self._liveness.probing)
        ping = now >= self._liveness.deadline() and ping_due(self._liveness, now)
        if empty and now - waited_until > LATE:
            silence.moved(now)
        elif silent:
            self._silent()
            raise Stalled(f"no data for {now - silence.last:.1f} s on a stream that is usually busier")
        return ping

    def paused(self, now: float) -> None:
        """Stop the clocks: from now on the reader waits for its consumers, and cannot hear."""
        self._liveness.paused(now)

    def resumed(self, now: float) -> None:
        """Let them go on; the venue is not to blame for the silence."""
        self._liveness.resumed(now)
        self._silence.moved(now)
