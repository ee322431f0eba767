"""One line under all round trips, and at every phase of its timers: what is found, when, and what costs nothing."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import product
from math import inf
from random import Random

import pytest

from feedtree.exchanges.errors import Stalled
from feedtree.exchanges.public.line_watch import LineWatch
from feedtree.exchanges.public.silence import Silence
from feedtree.exchanges.wire.liveness import Liveness

ROUND_TRIPS = (0.001, 0.05, 0.1, 0.2, 0.25, 0.3, 0.35, 0.43, 0.5, 0.6, 0.9, 1.2)
PHASES = 25  # at which something goes wrong, over three quarters of a second
WARM = 12.0  # seconds before that
QUICK, NONE = 0.1, inf  # usual intervals of data


class Line:
    """A line, its reader, and what goes wrong at a time.

    Args:
        interval: of data, on average.
        rtt: seconds of a round trip.
        jitter: seconds more at most.
        mute_from: no data come from then on.
        dead_from: nothing comes from then on.
        still: from when to when nothing moves.
    """

    def __init__(
        self,
        interval: float,
        rtt: float,
        *,
        jitter: float = 0.0,
        mute_from: float = inf,
        dead_from: float = inf,
        still: tuple[float, float] = (inf, inf),
    ) -> None:
        seed = repr((interval, rtt, mute_from, dead_from, still))
        self._rng = Random(seed)
        self._rtt, self._jitter = rtt, jitter
        self._dead_from, self._still = dead_from, still
        self._silence = Silence(0.0)
        self._watch = LineWatch(Liveness(0.0, Random(seed)), self._silence)
        self._coming: list[tuple[float, bool]] = []  # and whether it is data
        self._data = self._times(interval, mute_from)
        self._next_datum()
        self.now = self.heard_at = self.told_at = 0.0

    def run(self, until: float) -> str:
        """Read until then; return why it was given up, empty where it was not."""
        read_on = self._read_on
        try:
            while self.now < until:
                deadline, begun = self._watch.deadline(), self.now
                empty = not read_on(deadline)
                if self.now >= deadline:
                    if self._watch.check(self.now, max(deadline, begun), empty=empty):
                        self._ping()
                    assert self._watch.deadline() > begun, "a deadline that does not move is a busy loop"
        except Stalled as error:
            return str(error)
        return ""

    def _times(self, interval: float, end: float) -> Iterator[float]:
        at = 0.0
        while interval < inf and at < end:
            at += self._rng.expovariate(1 / interval)
            yield at

    def _next_datum(self) -> None:
        if (at := next(self._data, None)) is not None:
            self._arrive(at, data=True)

    def _arrive(self, at: float, *, data: bool) -> None:
        at = self._through(at)
        if at < self._dead_from:
            heappush(self._coming, (at, data))

    def _through(self, at: float) -> float:
        begin, end = self._still
        return end if begin <= at < end else at

    def _ping(self) -> None:
        sent = self._through(self.now)
        if sent < self._dead_from:
            self._arrive(sent + self._rtt + self._rng.uniform(0, self._jitter), data=False)

    def _read_on(self, deadline: float) -> bool:
        """Take the next thing, if it comes in time."""
        if not self._coming or self._coming[0][0] > max(deadline, self.now):
            self.now = max(self.now, deadline)
            return False
        at, data = heappop(self._coming)
        self.now = self.heard_at = max(self.now, at)
        self._watch.heard(self.now)
        if data:
            self.told_at = self.now
            self._silence.heard(self.now)
            self._next_datum()
        else:
            self._watch.answered(self.now)
        return True


def over_phases(jitter: float, make: Callable[[float, float], Line]) -> Iterator[tuple[float, Line, str]]:
    """Run a line for each round trip and phase; yield the round trip, the line and why it was given up."""
    for rtt, phase in product(ROUND_TRIPS, range(PHASES)):
        line = make(rtt, WARM + phase * 0.03)
        yield rtt + jitter, line, line.run(WARM + 10)


@pytest.mark.parametrize("jitter", [0.0, 0.2])
def test_a_venue_that_sends_no_data_is_found_in_two_seconds(jitter: float) -> None:
    """Of the last datum, at any round trip: answers to pings may always be on their way."""
    for rtt, line, why in over_phases(jitter, lambda rtt, at: Line(QUICK, rtt, jitter=jitter, mute_from=at)):
        assert why, rtt
        assert line.now - line.told_at <= 2.0, (rtt, why)


@pytest.mark.parametrize("jitter", [0.0, 0.2])
def test_a_dead_line_of_a_busy_stream_is_found_in_two_seconds(jitter: float) -> None:
    """Of the last byte, at any round trip."""
    for rtt, line, why in over_phases(jitter, lambda rtt, at: Line(QUICK, rtt, jitter=jitter, dead_from=at)):
        assert why, rtt
        assert line.now - line.told_at <= 2.0, (rtt, why)


def test_a_dead_line_without_data_is_found_in_two_seconds_at_usual_round_trips() -> None:
    """Of the last byte; where a round trip takes long, in a quiet time and four of them."""
    for rtt, line, why in over_phases(0.0, lambda rtt, at: Line(NONE, rtt, dead_from=at)):
        assert why, rtt
        assert line.now - line.heard_at <= max(2.0, 0.4 + 4 * rtt) + 1e-9, rtt


@pytest.mark.parametrize("interval", [QUICK, 0.02, NONE])
def test_a_line_that_stands_still_for_a_moment_costs_nothing(interval: float) -> None:
    """1.2 s, whenever it was heard before, where a round trip takes up to 0.3 s."""
    for rtt, _, why in over_phases(0.0, lambda rtt, at: Line(interval, rtt, still=(at, at + 1.2))):
        assert not why or rtt > 0.3, (rtt, why)


def test_a_line_that_stands_still_again_and_again_is_given_up() -> None:
    """Data come every 1.6 s, and nothing meanwhile: it is too narrow."""
    for phase in range(PHASES):
        line = Line(QUICK, 0.05, mute_from=WARM + phase * 0.03, dead_from=WARM + phase * 0.03 + 0.1)
        assert not line.run(WARM + phase * 0.03)
        for number in range(1, 8):
            at = WARM + phase * 0.03 + 1.6 * number
            heappush(line._coming, (at, True))
            if line.run(at + 0.01):
                break
        assert 1 <= number <= 2


def test_a_process_that_slept_accuses_nobody_and_is_not_blind_afterwards() -> None:
    """A minute of ours in the midst of a probe: the answer comes late, and a silence after it counts from then on."""
    watch, silence = Liveness(0.0, Random(1), keepalive=inf), Silence(0.0)
    both = LineWatch(watch, silence)
    now = 0.0
    for _ in range(40):
        now += 0.1
        both.heard(now)
        silence.heard(now)
    assert both.check(now + 0.4, now + 0.4, empty=True)
    both.answered(now + 0.41)
    assert both.check(now + 0.81, now + 0.81, empty=True)
    woken = now + 60
    assert not both.check(woken, both.deadline(), empty=True)
    both.heard(woken + 0.2)
    both.answered(woken + 0.2)
    assert woken < silence.deadline() <= woken + 2.0
