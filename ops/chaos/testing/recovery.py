"""Recovery that is expected: a stream is lost, noticed in time, whole again in time, and nothing of it is missing."""

from collections.abc import Iterable, Sequence
from math import inf

import trio

from feedtree.ops.chaos.testing.exchange import SimulatedExchange
from feedtree.ops.chaos.testing.spells import Spell, Spells
from feedtree.ops.chaos.testing.streams import Stream
from feedtree.ops.chaos.testing.tally import Told


class Overdue(AssertionError):
    """A stream was not lost, not noticed, or not whole again in time; the message says where it hung."""


class Recovery:
    """The recovery of one stream, or of several below one path. Made by `Chaos.expect_recovery`.

    Where there are several streams, times are those of the slowest one.
    """

    def __init__(
        self,
        exchange: SimulatedExchange,
        spells: Spells,
        path: str,
        *,
        detect: float,
        recover: float,
        patience: float,
    ) -> None:
        self.path = path
        self._exchange = exchange
        self._spells = spells
        self._detect = detect
        self._recover = recover
        self._patience = patience
        self._since = trio.current_time()
        self._changed = trio.Event()
        self._over = False
        self._streams: Sequence[Stream] = ()

    # What is waited for

    async def detected(self) -> None:
        """Wait until every stream has noticed its loss.

        Raises:
            Overdue: one has not within its time.
        """
        await trio.lowlevel.checkpoint()
        while unaware := [stream for stream in self._judged() if stream.lost_at is None]:
            due, stream = min(((self._notice_due(each), each) for each in unaware), key=lambda pair: pair[0])
            if trio.current_time() >= due:
                raise self._overdue(stream, self._unnoticed(stream))
            await self._news(due)
        for stream in self._streams:
            self._check_notice(stream)

    async def recovered(self) -> None:
        """Wait until every stream has been lost and is whole again.

        Raises:
            Overdue: one is not within its time.
        """
        await self.detected()
        called = trio.current_time()
        while down := [stream for stream in self._streams if not stream.back]:
            due, stream = min(
                ((max(self._counted_from(each), called) + self._recover, each) for each in down),
                key=lambda pair: pair[0],
            )
            if trio.current_time() >= due:
                raise self._overdue(stream, f"was not live again within {self._recover:g} s")
            await self._news(due)
        for stream in self._streams:
            took = self._recovered_after(stream)
            if took > self._recover:
                raise self._overdue(
                    stream, f"was live again after {took:.3f} s, and {self._recover:g} s were allowed"
                )

    # What came of it

    @property
    def outage(self) -> tuple[int, int]:
        """Begin and end, UTC nanoseconds by the exchanges' clock: last good message, first moment whole again.

        The begin is never before that of the fault, since until then a message could have come.
        """
        self._check_over()
        return self._utc_ns(min(map(self._begin, self._streams))), self._utc_ns(
            max(map(_back, self._streams))
        )

    @property
    def blind(self) -> tuple[int, int]:
        """The part of the `outage` in which it was known."""
        self._check_over()
        return self._utc_ns(min(map(_lost, self._streams))), self._utc_ns(max(map(_back, self._streams)))

    @property
    def detected_after(self) -> float:
        """Seconds from the begin of the outage until it was noticed."""
        self._check_over()
        return max(map(self._detected_after, self._streams))

    @property
    def recovered_after(self) -> float:
        """Seconds from the begin of the outage until the stream was whole again, without those held up by a fault."""
        self._check_over()
        return max(map(self._recovered_after, self._streams))

    @property
    def lost(self) -> list[Told]:
        """What happened at the exchange and was never told: fills of an account; public trades, parts of books."""
        self._check_over()
        return [told for stream in self._streams for told in stream.tally.lost()]

    @property
    def doubled(self) -> list[Told]:
        """What was told twice, or was told and never happened."""
        self._check_over()
        return [told for stream in self._streams for told in stream.tally.doubled()]

    def __repr__(self) -> str:
        if not self._over:
            return f"Recovery({self.path}, under way)"
        return (
            f"Recovery({self.path}, detected after {self.detected_after:.3f} s, "
            f"recovered after {self.recovered_after:.3f} s)"
        )

    # Its course, for `expect_recovery`

    def begin(self, streams: Sequence[Stream]) -> None:
        """Begin to look after streams that are live."""
        self._streams = streams
        self._since = trio.current_time()

    async def finish(self) -> None:
        """Wait until all are whole again, and until what has happened has been told."""
        await self.recovered()
        for stream in self._streams:
            stream.tally.cut()
        with trio.move_on_after(max(stream.settles_within() for stream in self._streams)):
            while any(stream.tally.lost() for stream in self._streams):
                await self._changed.wait()
        self._over = True

    def changed(self) -> None:
        """Wake whoever waits for a stream."""
        self._changed.set()
        self._changed = trio.Event()

    # When what is due

    def _judged(self) -> Sequence[Stream]:
        """Return the streams; what was over before the first fault began is not the outage that is expected."""
        for stream in self._streams:
            if spells := self._spells_of(stream):
                stream.forget(min(spell.began for spell in spells))
        return self._streams

    def _spells_of(self, stream: Stream) -> list[Spell]:
        return self._spells.of(stream.place, self._since)

    def _begin(self, stream: Stream) -> float:
        lost_at, good_at = _lost(stream), stream.good_at
        assert good_at is not None
        arrived = [spell.arrived for spell in self._spells_of(stream) if spell.began <= lost_at]
        return max(good_at, min(min(arrived), lost_at)) if arrived else good_at

    def _counted_from(self, stream: Stream) -> float:
        """Return from when on recovery is counted, where faults that outlasted the notice are left out."""
        lost_at, back_at = _lost(stream), inf if stream.back_at is None else stream.back_at
        ends = [spell.ended for spell in self._spells_of(stream) if spell.ended is not None]
        held = max((end for end in ends if lost_at < end <= back_at), default=lost_at) - lost_at
        return self._begin(stream) + held

    def _detected_after(self, stream: Stream) -> float:
        return _lost(stream) - self._begin(stream)

    def _recovered_after(self, stream: Stream) -> float:
        return _back(stream) - self._counted_from(stream)

    def _notice_due(self, stream: Stream) -> float:
        broken = max((spell.began for spell in self._spells_of(stream)), default=self._since)
        begun = max(broken, self._since)
        return min(max(begun, stream.heard_at()) + self._detect, begun + max(self._patience, self._detect))

    def _check_notice(self, stream: Stream) -> None:
        took = self._detected_after(stream)
        if took > self._detect:
            raise self._overdue(
                stream, f"was noticed after {took:.3f} s, and {self._detect:g} s were allowed"
            )

    async def _news(self, due: float) -> None:
        changed, broken = self._changed, self._spells.changed
        async with trio.open_nursery() as nursery:
            nursery.cancel_scope.deadline = due
            for event in (changed, broken):
                nursery.start_soon(_first, event, nursery.cancel_scope)

    # What is said of it

    def _unnoticed(self, stream: Stream) -> str:
        heard = trio.current_time() - stream.heard_at()
        if not self._spells_of(stream):
            return "was not lost, and nothing was broken that it depends on"
        if heard < self._detect:
            return f"was not lost within {self._patience:g} s: good messages go on, the last one {heard:.3f} s ago"
        return f"did not notice within {self._detect:g} s that nothing comes; the last message came {heard:.3f} s ago"

    def _overdue(self, stream: Stream, what: str) -> Overdue:
        trouble = [line for each in self._streams for line in each.trouble()]
        return overdue(f"{stream.path} {what}", self._story(stream), trouble, self._exchange.seed)

    def _story(self, stream: Stream) -> list[str]:
        story = [
            f"{spell.name} from {spell.began - self._since:.3f} s "
            + ("on" if spell.ended is None else f"to {spell.ended - self._since:.3f} s")
            for spell in self._spells_of(stream)
        ]
        if stream.lost_at is not None:
            begin = self._begin(stream)
            story.append(f"lost at {begin - self._since:.3f} s, noticed {stream.lost_at - begin:.3f} s later")
        return story

    def _check_over(self) -> None:
        if not self._over:
            raise RuntimeError(
                "this is known at the end of the block of expect_recovery: look at it behind it"
            )

    def _utc_ns(self, at: float) -> int:
        return self._exchange.sim.simulation.clock.at_ns(at)


async def _first(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()


def _lost(stream: Stream) -> float:
    assert stream.lost_at is not None
    return stream.lost_at


def _back(stream: Stream) -> float:
    assert stream.back_at is not None
    return stream.back_at


def overdue(what: str, story: Iterable[str], trouble: Iterable[str], seed: int) -> Overdue:
    """Return the error: what is overdue, what was done to it, how its actors are, and how to have it again."""
    again = f"seed {seed}: pytest --chaos-seed={seed} repeats it"
    return Overdue("\n  ".join([what, *story, *trouble, again]))
