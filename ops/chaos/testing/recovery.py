"""Recovery that is expected: a stream is lost, noticed in time, whole again in time, and nothing of it is missing."""

from collections.abc import Iterable, Sequence
from math import inf

import trio
from msgspec.structs import replace

from feedtree.ops.chaos.testing.exchange import SimulatedExchange
from feedtree.ops.chaos.testing.spells import Spell, Spells
from feedtree.ops.chaos.testing.streams import Outage, Stream
from feedtree.ops.chaos.testing.tally import Told

_LOOKS = 0.1  # seconds between two looks at whether a fault still holds something up


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
        self._entered = self._since = trio.current_time()
        self._changed = trio.Event()
        self._over = False
        self._streams: Sequence[Stream] = ()
        self._knew: dict[int, list[Stream]] = {}  # by fault: the streams that had noticed it before its end

    # What is waited for

    async def detected(self) -> None:
        """Wait until every stream has noticed its loss.

        Within the block of a fault that began when a stream was whole again, that is another loss.

        Raises:
            Overdue: one has not within its time, or only because the fault ended.
        """
        await trio.lowlevel.checkpoint()
        while unaware := [stream for stream in self._streams if not self._is_aware(stream)]:
            due, stream = min(((self._notice_due(each), each) for each in unaware), key=lambda pair: pair[0])
            if trio.current_time() >= due:
                raise self._overdue(stream, self._unnoticed(stream))
            await self._news(due)
        for stream in self._streams:
            self._check_notices(stream)

    async def recovered(self) -> None:
        """Wait until every stream has been lost and is whole again.

        The clock stands still while a fault goes on that can end meanwhile: not one whose block waits itself.

        Raises:
            Overdue: one is not within its time.
        """
        await self.detected()
        called = trio.current_time()
        while down := [stream for stream in self._streams if stream.down]:
            due, stream = min(
                ((max(self._now_counted_from(each), called) + self._recover, each) for each in down),
                key=lambda pair: pair[0],
            )
            if trio.current_time() >= due:
                raise self._overdue(stream, f"was not live again within {self._recover:g} s")
            await self._news(min(due, trio.current_time() + _LOOKS) if due == inf else due)
        for stream in self._streams:
            self._check_returns(stream)

    # What came of it

    @property
    def outage(self) -> tuple[int, int]:
        """Begin and end, UTC nanoseconds by the exchanges' clock: last good message, first moment whole again.

        The begin is never before that of the fault, since until then a message could have come. Where there were
        several outages this is from the begin of the first to the end of the last one; `outages` has each.
        """
        every = self._every()
        return self._utc_ns(min(map(self._begin_of, every))), self._utc_ns(max(map(_back_of, every)))

    @property
    def blind(self) -> tuple[int, int]:
        """The part of the `outage` in which it was known."""
        every = self._every()
        return self._utc_ns(min(outage.lost_at for _, outage in every)), self._utc_ns(
            max(map(_back_of, every))
        )

    @property
    def outages(self) -> list[tuple[int, int]]:
        """Each outage as `outage` tells it: a stream that was whole before the next fault began had one of its own.

        Those of several streams are one where they overlap.
        """
        found: list[tuple[int, int]] = []
        for begin, end in sorted(
            (self._utc_ns(self._begin_of(each)), self._utc_ns(_back_of(each))) for each in self._every()
        ):
            if found and begin <= found[-1][1]:
                found[-1] = found[-1][0], max(end, found[-1][1])
            else:
                found.append((begin, end))
        return found

    @property
    def detected_after(self) -> float:
        """Seconds from the begin of the outage until it was noticed; of several, the longest."""
        return max(self._detected_after(*each) for each in self._every())

    @property
    def recovered_after(self) -> float:
        """Seconds from the begin of the outage until the stream was whole again, without those held up by a fault."""
        return max(self._recovered_after(*each) for each in self._every())

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

    def note_end(self, spell: Spell) -> None:
        """Note who has noticed a fault that is about to end."""
        self._knew[id(spell)] = [stream for stream in self._streams if not stream.live]

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

    # Which outages there were

    def _outages(self, stream: Stream) -> list[Outage]:
        """Return those of a stream that are expected: what was over before the first fault began is none.

        A loss is one with the one before, unless a fault began in between, when the stream was whole.
        """
        begins = [spell.began for spell in self._spells_of(stream)]
        found: list[Outage] = []
        for each in stream.outages:
            last = found[-1].back_at if found else None
            if last is None or any(last < begin <= each.lost_at for begin in begins):
                found.append(replace(each))
            else:
                found[-1].back_at = each.back_at
        first = min(begins, default=-inf)
        return [each for each in found if each.back_at is None or each.back_at >= first]

    def _every(self) -> list[tuple[Stream, Outage]]:
        self._check_over()
        return [(stream, outage) for stream in self._streams for outage in self._outages(stream)]

    def _is_aware(self, stream: Stream) -> bool:
        """Whether a stream has noticed the loss that is waited for."""
        found = self._outages(stream)
        if not found:
            return False
        back_at, task = found[-1].back_at, trio.lowlevel.current_task()
        return back_at is None or not any(
            spell.ended is None and spell.task is task and spell.began > back_at
            for spell in self._spells_of(stream)
        )

    # When what is due

    def _spells_of(self, stream: Stream) -> list[Spell]:
        return self._spells.of(stream.place, self._since)

    def _begin(self, stream: Stream, outage: Outage) -> float:
        before = [each.back_at for each in self._outages(stream) if each.lost_at < outage.lost_at]
        whole = max((at for at in before if at is not None), default=-inf)
        arrived = [
            spell.arrived for spell in self._spells_of(stream) if whole < spell.began <= outage.lost_at
        ]
        return max(outage.good_at, min(min(arrived), outage.lost_at)) if arrived else outage.good_at

    def _begin_of(self, each: tuple[Stream, Outage]) -> float:
        return self._begin(*each)

    def _counted_from(self, stream: Stream, outage: Outage, *, waiting: bool = False) -> float:
        """Return from when on recovery is counted, where faults that outlasted the notice are left out.

        One that outlasted the return has held nothing up, nor has one that began when the stream was late already.

        Args:
            stream: whose.
            outage: that one.
            waiting: whether faults that still go on are left out, too: infinite then.
        """
        back_at = inf if outage.back_at is None else outage.back_at
        begin = self._begin(stream, outage)
        held = outage.lost_at
        for spell in self._spells_of(stream):
            over_at = spell.over_at(stream.place)
            if over_at == inf and not (waiting and self._can_end(spell)):
                continue
            if spell.began > max(held, begin + self._recover + held - outage.lost_at):
                break
            if held < over_at <= back_at:
                held = over_at
        return begin + held - outage.lost_at

    def _now_counted_from(self, stream: Stream) -> float:
        return self._counted_from(stream, self._outages(stream)[-1], waiting=True)

    def _can_end(self, spell: Spell) -> bool:
        """Whether a fault can end while the running task waits, and came after the stream had been live."""
        return spell.task is not trio.lowlevel.current_task() and spell.began >= self._entered

    def _detected_after(self, stream: Stream, outage: Outage) -> float:
        return outage.lost_at - self._begin(stream, outage)

    def _recovered_after(self, stream: Stream, outage: Outage) -> float:
        return _back_of((stream, outage)) - self._counted_from(stream, outage)

    def _notice_due(self, stream: Stream) -> float:
        broken = max((spell.began for spell in self._spells_of(stream)), default=self._since)
        begun = max(broken, self._since)
        return min(max(begun, stream.heard_at()) + self._detect, begun + max(self._patience, self._detect))

    def _check_notices(self, stream: Stream) -> None:
        for outage in self._outages(stream):
            took = self._detected_after(stream, outage)
            if took > self._detect:
                raise self._overdue(
                    stream, f"was noticed after {took:.3f} s, and {self._detect:g} s were allowed"
                )
            for spell in self._spells_of(stream):
                if spell.cut_at(stream.place, outage.lost_at) and stream not in self._knew.get(id(spell), ()):
                    raise self._overdue(stream, _by_its_end(spell))

    def _check_returns(self, stream: Stream) -> None:
        for outage in self._outages(stream):
            took = self._recovered_after(stream, outage)
            if took > self._recover:
                raise self._overdue(
                    stream, f"was live again after {took:.3f} s, and {self._recover:g} s were allowed"
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
        for outage in self._outages(stream):
            begin = self._begin(stream, outage)
            story.append(f"lost at {begin - self._since:.3f} s, noticed {outage.lost_at - begin:.3f} s later")
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


def _back_of(each: tuple[Stream, Outage]) -> float:
    _, outage = each
    assert outage.back_at is not None
    return outage.back_at


def _by_its_end(spell: Spell) -> str:
    assert spell.ended is not None
    lasted = spell.ended - spell.began
    remedy = "give it more seconds" if spell.task is None else "hold it until `await recovery.detected()`"
    return f"was noticed only because {spell.name} ended after {lasted:.3f} s, which resets what it swallowed: {remedy}"


def overdue(what: str, story: Iterable[str], trouble: Iterable[str], seed: int) -> Overdue:
    """Return the error: what is overdue, what was done to it, how its actors are, and how to have it again."""
    again = f"seed {seed}: pytest --chaos-seed={seed} repeats it"
    return Overdue("\n  ".join([what, *story, *trouble, again]))
