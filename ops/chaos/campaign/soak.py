"""A soak: full load and a fault every few seconds, for minutes or days, and whether anything grows."""

import gc
import sys
import tracemalloc
from collections import Counter, deque
from collections.abc import Callable
from statistics import median
from typing import Any

import trio
from msgspec import Struct

from feedtree.exchanges.private.messages import Fill
from feedtree.ops.chaos.campaign.arena import Arena, open_arena
from feedtree.ops.chaos.campaign.footprint import footprint, give_back
from feedtree.ops.chaos.campaign.ground import Prepared
from feedtree.ops.chaos.campaign.holdings import Holding, bytes_of, holdings, kept_bytes
from feedtree.ops.chaos.campaign.lines import Scale
from feedtree.ops.chaos.campaign.observation import Observation
from feedtree.ops.chaos.campaign.plan import SPELL, make_plan
from feedtree.ops.chaos.campaign.reckoning import Reckoning
from feedtree.ops.chaos.campaign.runner import Runner
from feedtree.ops.chaos.campaign.settling import totals
from feedtree.ops.chaos.campaign.table import Row, rows_of

CHUNK = 50  # faults that are planned at a time
PER_TRACE = 500  # reconnects from one look at allocations to the next
RECKONED_EVERY = 30.0  # seconds
SAMPLES = 400  # looks that are kept, evenly over the whole time
KEPT = 100  # observations, for the table: full within minutes
PLACES = 8  # where memory was allocated, of each look
WRONG = 20  # sentences that are kept
OUTAGES = 10  # of a line, the newest


class Sample(Struct, frozen=True):
    """A look.

    Args:
        at_s: seconds since the begin.
        messages: that streams told so far.
        reconnects: so far.
        rss_kib: resident memory, when what the C library keeps free was given back: large blocks come and go, and the
            holes between small ones are no leak. -1 where the system does not say.
        tasks: living.
        descriptors: open; -1 where the system does not say.
        blocks: of memory that Python has allocated.
        latency_s: from the venue's sending to the consumer, the median since the last look; None where nothing came.
        kept_kib: what is kept on purpose for longer than a soak: gaps and recoveries of the tree, and these looks.
        before_kib: resident memory before that.
    """

    at_s: float
    messages: int
    reconnects: int
    rss_kib: int
    tasks: int
    descriptors: int
    blocks: int
    latency_s: float | None
    kept_kib: float = 0.0
    before_kib: int = -1


_SAMPLE_BYTES = bytes_of(Sample(0.5, 1 << 40, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 0.5), *[0.5] * 8)


class Trace(Struct, frozen=True):
    """What some reconnects left allocated.

    Args:
        reconnects: so far.
        grown_kib: since the last look at allocations.
        places: where, what grew most first.
    """

    reconnects: int
    grown_kib: float
    places: list[str]


class Soaked(Struct):
    """What a soak came to.

    Args:
        minutes: that were asked for.
        seed: of everything.
        every: seconds between two faults, on average.
        samples: looks, oldest first.
        traces: looks at allocations.
        rows: the table of the newest faults.
        faults: all of them, by class.
        reconnects: in all.
        trades: that were told.
        passed: trades that passed in gaps of the ledger.
        fills: that were told.
        lost: trades and fills that nobody was told of.
        doubled: those that came twice.
        diverged: books that were not the venue's.
        wrong: what must not be, the first sentences.
        holdings: what the tree kept on purpose at the end.
        interrupted: whether it was broken off.
    """

    minutes: float
    seed: int
    every: float
    samples: list[Sample] = []
    traces: list[Trace] = []
    rows: list[Row] = []
    faults: dict[str, int] = {}
    reconnects: int = 0
    trades: int = 0
    passed: int = 0
    fills: int = 0
    lost: int = 0
    doubled: int = 0
    diverged: int = 0
    wrong: list[str] = []
    holdings: list[Holding] = []
    interrupted: bool = False


async def run_soak(
    minutes: float,
    seed: int,
    every: float,
    scale: Scale,
    ground: Prepared,
    log: Any,
    *,
    trace: bool = False,
    tell: Callable[[str], None] = lambda _: None,
    scope: trio.CancelScope | None = None,
) -> Soaked:
    """Soak a tree. Cancelled by its scope, it returns what there is so far.

    Args:
        minutes: how long, from when all lines have been live for the stable spell.
        seed: of everything.
        every: seconds between two faults, on average.
        scale: of the tree.
        ground: `over_sockets` or `in_memory`.
        log: a structlog logger for the tree.
        trace: whether allocations are traced, which costs time and memory of its own.
        tell: called with a line now and then.
        scope: breaks it off.
    """
    soaked = Soaked(minutes, seed, every, samples=[], traces=[], faults={}, wrong=[], interrupted=True)
    if trace:
        tracemalloc.start()
    try:
        with scope or trio.CancelScope():
            async with open_arena(scale, seed, ground, log) as arena:
                await _Soak(arena, soaked, tell).run()
                soaked.interrupted = False
    finally:
        tracemalloc.stop()
    return soaked


class _Soak:
    def __init__(self, arena: Arena, soaked: Soaked, tell: Callable[[str], None]) -> None:
        self._arena = arena
        self._soaked = soaked
        self._tell = tell
        self._runner = Runner(arena, self._note)
        self._counts: Counter[str] = Counter()
        self._newest: deque[Observation] = deque(maxlen=KEPT)
        self._held: tracemalloc.Snapshot | None = None
        self._traced_at = 0
        self._begun = 0.0
        self._starts_before = 0

    async def run(self) -> None:
        arena, soaked = self._arena, self._soaked
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._runner.starts.run, arena.tree)
            await arena.live()
            for track in arena.tracks.values():
                await track.outages.stable(SPELL)
            for track in arena.private():
                track.kept = Fill  # all that is reckoned
            reckoning = Reckoning(arena, await totals(arena))
            self._begun, self._starts_before = trio.current_time(), self._runner.starts.total
            self._held = self._snapshot()
            try:
                with trio.move_on_after(soaked.minutes * 60):
                    async with trio.open_nursery() as meanwhile:
                        meanwhile.start_soon(self._look)
                        meanwhile.start_soon(self._reckon, reckoning)
                        await self._break()
            finally:
                self._conclude(reckoning)
            nursery.cancel_scope.cancel()

    async def _break(self) -> None:
        seed = self._soaked.seed
        while True:
            plan = make_plan(seed, CHUNK, self._arena.lines, pace=self._soaked.every)
            await self._runner.run(plan)
            seed += 1_000_003

    def _note(self, seen: Observation) -> None:
        self._counts[seen.kind] += 1
        self._soaked.diverged += seen.diverged
        self._newest.append(seen)
        room = WRONG - len(self._soaked.wrong)
        self._soaked.wrong += [f"{seen.kind} on {seen.line}: {wrong}" for wrong in seen.wrong[:room]]

    async def _look(self) -> None:
        """Take samples, evenly over the whole time, and look at allocations now and then."""
        pause = max(1.0, self._soaked.minutes * 60 / SAMPLES)
        while True:
            await trio.sleep(pause)
            self._soaked.samples.append(self._sample())
            reconnects = self._reconnects
            if reconnects - self._traced_at >= PER_TRACE:
                self._trace(reconnects)

    async def _reckon(self, reckoning: Reckoning) -> None:
        while True:
            await reckoning.look(RECKONED_EVERY)
            self._forget()
            last = self._soaked.samples[-1] if self._soaked.samples else self._sample()
            self._tell(
                f"{last.at_s / 60:6.1f} min  {sum(self._counts.values())} faults, {last.reconnects} reconnects, "
                f"{last.messages:,} messages, {last.rss_kib / 1024:.1f} MiB, {last.tasks} tasks, "
                f"{last.descriptors} descriptors; {reckoning.lost} lost, {reckoning.doubled} doubled"
            )

    def _forget(self) -> None:
        """Keep nothing of our own that grows with the time."""
        runner = self._runner
        runner.observations.clear()
        runner.starts.forget(trio.current_time() - 2 * 60)
        for windows in runner.windows.values():
            windows.clear()
        for track in self._arena.tracks.values():
            room = WRONG - len(self._soaked.wrong)
            self._soaked.wrong += [f"{track.line}: {wrong}" for wrong in track.outages.wrong[:room]]
            track.outages.wrong.clear()
            track.outages.forget(OUTAGES)

    def _sample(self) -> Sample:
        before_kib = footprint().rss_kib
        give_back()
        arena, now = self._arena, footprint()
        latencies = list(arena.latencies)
        arena.latencies.clear()
        return Sample(
            at_s=round(trio.current_time() - self._begun, 3),
            messages=sum(shard.messages for track in arena.public() for shard in track.websocket.feed.plan()),
            reconnects=self._reconnects,
            rss_kib=now.rss_kib,
            tasks=now.tasks,
            descriptors=now.descriptors,
            blocks=sys.getallocatedblocks(),
            latency_s=median(latencies) if latencies else None,
            kept_kib=(kept_bytes(arena) + len(self._soaked.samples) * _SAMPLE_BYTES) / 1024,
            before_kib=before_kib,
        )

    @property
    def _reconnects(self) -> int:
        return self._runner.starts.total - self._starts_before

    def _trace(self, reconnects: int) -> None:
        before, self._held = self._held, self._snapshot()
        if before is None or self._held is None:
            return
        differences = self._held.compare_to(before, "lineno")
        grown = sum(each.size_diff for each in differences)
        most = sorted(differences, key=lambda each: each.size_diff, reverse=True)[:PLACES]
        self._soaked.traces.append(Trace(reconnects, grown / 1024, [_place(each) for each in most]))
        self._traced_at = reconnects

    def _snapshot(self) -> tracemalloc.Snapshot | None:
        if not tracemalloc.is_tracing():
            return None
        gc.collect()
        return tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, tracemalloc.__file__)])

    def _conclude(self, reckoning: Reckoning) -> None:
        soaked = self._soaked
        soaked.rows = rows_of(list(self._newest))
        soaked.faults = dict(self._counts)
        soaked.reconnects = self._reconnects
        soaked.trades, soaked.passed, soaked.fills = reckoning.trades, reckoning.passed, reckoning.fills
        soaked.lost, soaked.doubled = reckoning.lost, reckoning.doubled
        soaked.wrong += reckoning.found
        soaked.holdings = holdings(self._arena)


def _place(difference: tracemalloc.StatisticDiff) -> str:
    frame = difference.traceback[0]
    return (
        f"{difference.size_diff / 1024:+.1f} KiB at {'/'.join(frame.filename.split('/')[-3:])}:{frame.lineno}"
    )
