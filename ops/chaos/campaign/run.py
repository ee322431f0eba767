"""One campaign from its seed to its outcome."""

from collections.abc import Callable, Sequence
from typing import Any

import trio
from msgspec import Struct

from feedtree.ops.chaos.campaign.allowance import allow
from feedtree.ops.chaos.campaign.arena import Arena, open_arena
from feedtree.ops.chaos.campaign.checks import left_behind
from feedtree.ops.chaos.campaign.controls import Controlled, run_controls, run_quiet
from feedtree.ops.chaos.campaign.footprint import at_rest
from feedtree.ops.chaos.campaign.ground import Prepared
from feedtree.ops.chaos.campaign.lateness import Lateness
from feedtree.ops.chaos.campaign.lines import Line, Scale, lines_of
from feedtree.ops.chaos.campaign.observation import Observation
from feedtree.ops.chaos.campaign.plan import PACE, SPELL, Planned, make_plan
from feedtree.ops.chaos.campaign.runner import STABLE_WITHIN, Runner
from feedtree.ops.chaos.campaign.settling import Books, fetched, settle, totals
from feedtree.ops.chaos.campaign.spread import Spread
from feedtree.ops.chaos.campaign.table import Row, rows_of
from feedtree.ops.chaos.campaign.yardstick import Yardstick

QUIET_SHORT, QUIET_FULL = 10.0, 60.0  # seconds


class Setting(Struct, frozen=True, kw_only=True):
    """What a campaign is made of: the same setting makes the same plan.

    Args:
        seed: of everything.
        faults: how many.
        only: the one class that is wanted; empty is all.
        pick: the numbers of the faults of the plan that are inflicted; none is all.
        narrow: whether only the lines that these meet are opened, and those that their accounts trade by.
        scale: of the tree.
        seconds: by class, how long a fault works where that is not its own time.
        spell: seconds for which a line is to have been live when a fault meets it.
        controls: whether the control arm follows.
        full: whether its parts take as long as they may.
    """

    seed: int = 1
    faults: int = 200
    only: str = ""
    pick: tuple[int, ...] = ()
    narrow: bool = False
    scale: Scale = Scale()
    seconds: dict[str, float] = {}
    spell: float = SPELL
    controls: bool = False
    full: bool = False

    def plan(self) -> list[Planned]:
        """Return what goes wrong."""
        lines = lines_of(self.scale)
        more = self.scale.symbols / Scale().symbols  # books a line, and so fewer lines a second
        plan = make_plan(
            self.seed,
            self.faults,
            lines,
            only=self.only,
            spell=self.spell,
            pace=PACE * max(more, 1.0),
            seconds=self.seconds,
        )
        return [planned for planned in plan if not self.pick or planned.number in self.pick]

    def lines(self) -> list[Line]:
        """Return the lines that are opened."""
        lines = lines_of(self.scale)
        if not self.narrow:
            return lines
        met = [lines[planned.line] for planned in self.plan()]
        traded = {(line.venue, symbol) for line in met if line.side == "private" for symbol in line.symbols}
        return [
            line
            for line in lines
            if line in met or any((line.venue, each) in traded for each in line.symbols)
        ]


class Outcome(Struct):
    """What a campaign came to.

    Args:
        setting: of it.
        planned: how many faults its plan has.
        observations: one for each fault and line.
        rows: the table.
        controls: the control arm.
        books: what was compared at its end; None where it was broken off.
        broken: what does not hold, a sentence each.
        late: how late our own event loop woke up while faults went on; None where that has no meaning.
        bare: how long a bare client took meanwhile, see `Yardstick`; None where that has no meaning.
        took_s: seconds, from the start of the tree.
        interrupted: whether it was broken off.
    """

    setting: Setting
    planned: int
    observations: list[Observation] = []
    rows: list[Row] = []
    controls: list[Controlled] = []
    books: Books | None = None
    broken: list[str] = []
    late: Spread | None = None
    bare: Spread | None = None
    took_s: float = 0.0
    interrupted: bool = True

    @property
    def invariants(self) -> list[str]:
        """What does not hold, apart from figures: in a sentence each."""
        found = [*self.broken, *(wrong for row in self.rows for wrong in row.wrong)]
        return [*found, *(wrong for control in self.controls for wrong in control.wrong)]

    @property
    def held(self) -> bool:
        """Whether all that was run is as it has to be."""
        rows, controls = (row.held for row in self.rows), (control.held for control in self.controls)
        return not self.broken and all(rows) and all(controls)


async def run_campaign(
    setting: Setting,
    ground: Prepared,
    log: Any,
    *,
    tell: Callable[[Observation], None] = lambda _: None,
    scope: trio.CancelScope | None = None,
) -> Outcome:
    """Run a campaign. Cancelled by its scope, it returns what there is so far.

    Args:
        setting: of what.
        ground: `over_sockets` or `in_memory`.
        log: a structlog logger for the tree.
        tell: called with each observation.
        scope: breaks it off.
    """
    plan = setting.plan()
    outcome = Outcome(setting, len(plan), observations=[], controls=[], broken=[])
    began = trio.current_time()
    with scope or trio.CancelScope():
        async with open_arena(setting.scale, setting.seed, ground, log, only=setting.lines()) as arena:
            runner = Runner(arena, tell, setting.spell)
            outcome.observations = runner.observations
            await _run(arena, runner, plan, outcome)
        if setting.controls:
            seconds = QUIET_FULL if setting.full else QUIET_SHORT
            outcome.controls.append(await run_quiet(ground, setting.seed, log, seconds))
        outcome.interrupted = False
    outcome.took_s = trio.current_time() - began
    _conclude(outcome)
    return outcome


async def _run(arena: Arena, runner: Runner, plan: Sequence[Planned], outcome: Outcome) -> None:
    spell = outcome.setting.spell
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runner.starts.run, arena.tree)
        await arena.live()
        for track in arena.tracks.values():
            await track.outages.stable(spell)
        begun, before = await totals(arena), await at_rest()
        lateness, yardstick = Lateness(), Yardstick(arena)
        async with trio.open_nursery() as meanwhile:
            if arena.ground.apart:
                meanwhile.start_soon(lateness.run)
                meanwhile.start_soon(yardstick.run)
            await runner.run(plan)
            meanwhile.cancel_scope.cancel()
        outcome.late, outcome.bare = lateness.spread(), yardstick.spread()
        with trio.move_on_after(STABLE_WITHIN + arena.longest):  # what is not live is told by its fault
            for track in arena.tracks.values():
                await track.outages.stable(spell)
        await fetched(arena)  # which holds tasks and connections of its own
        after, kept = await at_rest(), arena.kept
        if outcome.setting.controls:
            begun_controls = trio.current_time()
            outcome.controls += await run_controls(arena, runner.starts, full=outcome.setting.full)
            runner.excuse("control", begun_controls)
        outcome.books = await settle(arena, runner.windows, begun)
        outcome.broken += outcome.books.broken
        if arena.ground.apart:
            outcome.broken += left_behind(before, after, len(arena.lines), kept)
        nursery.cancel_scope.cancel()


def _conclude(outcome: Outcome) -> None:
    allow(outcome.observations, outcome.setting.scale)
    outcome.rows = rows_of(outcome.observations, judged=not outcome.setting.scale.large, bare=outcome.bare)
    if outcome.books is None:
        return
    for row in outcome.rows:
        row.lost += outcome.books.lost.get(row.kind, 0)
        row.doubled += outcome.books.doubled.get(row.kind, 0)
