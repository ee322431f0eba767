"""Runs a plan: each fault at its time, on a line that has been live for the stable spell; several at once."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import trio

from feedtree.ops.chaos.campaign.arena import Arena
from feedtree.ops.chaos.campaign.books import divergences
from feedtree.ops.chaos.campaign.classes import CLASSES, FaultClass
from feedtree.ops.chaos.campaign.inflict import inflicted
from feedtree.ops.chaos.campaign.observation import Observation, Window, judge
from feedtree.ops.chaos.campaign.plan import SPELL, Planned
from feedtree.ops.chaos.campaign.starts import Starts
from feedtree.ops.chaos.campaign.tracks import PublicTrack, Track
from feedtree.ops.chaos.campaign.turnstile import Turnstile

STABLE_WITHIN = 90.0  # seconds for a line to become live for the spell
APART = 0.25  # seconds between the begins of two faults
CALM = 1.5  # seconds after a fault that is to cost nothing
LOOK_EVERY = 0.1  # seconds between two looks at whether another connection has taken over

Tell = Callable[[Observation], None]


class Mark(NamedTuple):
    """A line before a fault: how many outages there were, and the generation of its connection."""

    outages: int
    generation: int


class Runner:
    """One campaign's faults.

    Args:
        arena: where.
        tell: called with each observation.
        spell: seconds for which a line is to have been live when a fault meets it.

    Attributes:
        observations: in the order in which they were made.
        windows: of each line, when a fault was felt there.
    """

    def __init__(self, arena: Arena, tell: Tell, spell: float = SPELL) -> None:
        self.observations: list[Observation] = []
        self.windows: dict[int, list[Window]] = {line.number: [] for line in arena.lines}
        self.starts = Starts()
        self._arena = arena
        self._tell = tell
        self._spell = spell
        self._began = 0.0
        self._next = 0.0
        self._locks = {line.number: trio.Lock() for line in arena.lines}
        self._venues = {line.venue: Turnstile() for line in arena.lines}

    async def run(self, plan: Sequence[Planned]) -> None:
        """Run a plan to its end; every line is to have been live for the stable spell."""
        self._began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for planned in plan:
                nursery.start_soon(self._one, planned)

    def excuse(self, kind: str, begun: float) -> None:
        """Note that something was done to every line from that time until now."""
        now, now_ns = trio.current_time(), self._arena.ground.wall_ns()
        window = Window(kind, begun, now, now, now_ns - int((now - begun) * 1e9), now_ns)
        for windows in self.windows.values():
            windows.append(window)

    async def _one(self, planned: Planned) -> None:
        await trio.sleep_until(self._began + planned.at)
        kind, track = CLASSES[planned.kind], self._arena.tracks[planned.line]
        turnstile = self._venues[track.line.venue]
        if kind.alone:
            async with turnstile.alone():
                tracks = self._arena.at(track.line.venue)
                if await self._stable(planned, tracks):
                    await self._strike(planned, kind, tracks if kind.meets == "venue" else [track])
            return
        async with self._locks[planned.line]:
            while await self._stable(planned, [track]):
                async with turnstile.among_others():
                    await self._turn()
                    if track.outages.live_since + self._spell <= trio.current_time():
                        await self._strike(planned, kind, [track])
                        return

    async def _turn(self) -> None:
        """Wait so that no two faults begin in one instant, which would measure this machine alone."""
        at = max(self._next, trio.current_time())
        self._next = at + APART
        await trio.sleep_until(at)

    async def _stable(self, planned: Planned, tracks: Sequence[Track]) -> bool:
        """Wait until lines have been live for the stable spell; note where one does not become so."""
        for track in tracks:
            with trio.move_on_after(STABLE_WITHIN + self._arena.longest) as scope:
                await track.outages.stable(self._spell)
            if scope.cancelled_caught:
                seen = self._observation(planned, track, trio.current_time())
                seen.wrong.append(f"it was not live for {self._spell:g} s within {STABLE_WITHIN:g} s")
                self._note(seen)
                return False
        return True

    async def _strike(self, planned: Planned, kind: FaultClass, tracks: Sequence[Track]) -> None:
        marks = [Mark(track.outages.total, track.generation) for track in tracks]
        line, steps = self._arena.lines[planned.line], kind.variants[planned.variant]
        async with inflicted(self._arena, line, steps) as begun:
            await trio.sleep_until(begun.at + planned.seconds)
        due = max(trio.current_time(), begun.at + kind.pause)
        async with trio.open_nursery() as nursery:
            for track, mark in zip(tracks, marks, strict=True):
                nursery.start_soon(self._follow, planned, kind, track, mark, begun.at, due)

    async def _follow(
        self, planned: Planned, kind: FaultClass, track: Track, mark: Mark, begun: float, due: float
    ) -> None:
        outages = track.outages
        if kind.expects == "nothing":
            await trio.sleep_until(due + CALM)
        with trio.move_on_at(due + kind.limit + self._arena.longest):
            if kind.expects == "takeover":
                while not _taken_over(track, mark):  # noqa: ASYNC110 - no event tells of it
                    await trio.sleep(LOOK_EVERY)
            healed = partial(_healed, track, mark, needed=kind.expects in ("reconnect", "resync"))
            await outages.wait(healed)
        now, now_ns = trio.current_time(), self._arena.ground.wall_ns()
        begun_ns = now_ns - int((now - begun) * 1e9)
        window = Window(planned.kind, begun, due, now, begun_ns, now_ns)
        self.windows[track.line.number].append(window)
        await trio.lowlevel.checkpoint()  # the tree's events of that moment are taken now
        seen = self._observation(planned, track, begun)
        tried = self.starts.of(track.websocket.path, begun, window.over)
        judge(seen, kind, window, outages.since(mark.outages), [start for start in tried if start.at > begun])
        if kind.expects == "takeover" and not _taken_over(track, mark):
            seen.wrong.append(f"no other connection took over within {kind.limit:g} s")
        if isinstance(track, PublicTrack):
            found = await divergences(track, self._arena.exchanges)
            seen.diverged = len(found)
            seen.wrong += found
        self._note(seen)

    def _observation(self, planned: Planned, track: Track, at: float) -> Observation:
        return Observation(
            number=planned.number,
            kind=planned.kind,
            line=str(track.line),
            venue=track.line.venue,
            side=track.line.side,
            variant=planned.variant,
            at=round(at - self._began, 3),
            wrong=[],
            measures={},
        )

    def _note(self, seen: Observation) -> None:
        self.observations.append(seen)
        self._tell(seen)


def _healed(track: Track, mark: Mark, *, needed: bool) -> bool:
    return track.outages.live and (not needed or track.outages.total > mark.outages)


def _taken_over(track: Track, mark: Mark) -> bool:
    """Whether another connection carries a line, and the one that it stands for is gone."""
    return track.generation > mark.generation and track.carried
