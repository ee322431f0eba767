"""One program of the supervision table, a process of its own: ``... NAME CHILDREN CRASHES``.

Every program starts the same children, lets them crash, and stops them. Its result is one JSON line on stdout.
To see where its time goes: ``python -m cProfile -s tottime -m feedtree.ops.bench.supervision feedtree 10000 1000``.
"""

import gc
import logging
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
import structlog
import trio
from msgspec import Struct

from feedtree.actors.context import Context
from feedtree.ops.bench.bare import BareSupervisor
from feedtree.ops.bench.ward import Lap, Laps, Ward
from feedtree.supervisors import (
    BackoffPolicy,
    ChildSpec,
    ChildState,
    Supervisor,
    SupervisorSpec,
    open_supervisor,
)

WARM_UP = 100  # children of a tree that is run before the clock: everything was called once
UNLIMITED = 1_000_000_000  # restarts
AT_ONCE = BackoffPolicy(initial=0.0)  # no restart waits


class Census(Struct, frozen=True):
    """What a supervisor says about its children before it stops them.

    Args:
        generations: the sum of all; None where it does not count them.
        active: how many run.
    """

    generations: int | None
    active: int


class Sample(Struct, frozen=True, kw_only=True):
    """What one run of one program found.

    Args:
        laps: by phase.
        census: the supervisor's own account.
        starts: how often children were ready, by their own account.
        left: children that still ran after the stop.
        in_reverse: whether they were stopped in reverse start order; None where that is not promised or not seen.
    """

    laps: dict[str, Lap]
    census: Census
    starts: int
    left: int
    in_reverse: bool | None


Program = Callable[[Ward, int, Laps], Awaitable[Census]]


async def bare(ward: Ward, crashes: int, laps: Laps) -> Census:
    """Supervise with trio alone."""
    laps.begin()
    async with trio.open_nursery() as nursery:
        supervisor = BareSupervisor(nursery, ward.live)
        nursery.start_soon(supervisor.restart_what_ends)
        for number in range(ward.size):
            await supervisor.start(number)
        laps.end("start", ward.size)
        await ward.fell(crashes, laps)
        census = Census(sum(supervisor.generations.values()), supervisor.active)
        laps.begin()
        await supervisor.stop()
    laps.end("stop", ward.size)
    return census


async def static(ward: Ward, crashes: int, laps: Laps, **options: Any) -> Census:
    """Supervise children that are listed in the spec: started one by one, stopped one by one.

    Specs are data, made before the clock. ``options`` are those of `open_supervisor`.
    """
    spec = SupervisorSpec("root", _specs(ward), intensity=UNLIMITED)
    laps.begin()
    async with open_supervisor(spec, log=_filtered(), **options) as tree:
        laps.end("start", ward.size)
        await ward.fell(crashes, laps)
        census = _census(tree)
        laps.begin()
    laps.end("stop", ward.size)
    return census


async def dynamic(ward: Ward, crashes: int, laps: Laps, **options: Any) -> Census:
    """Supervise children that are added at run time: asked for one by one, stopped all at once."""
    spec = SupervisorSpec("root", dynamic=True, intensity=UNLIMITED)
    specs = _specs(ward)
    laps.begin()
    async with open_supervisor(spec, log=_filtered(), **options) as tree:
        for each in specs:
            await tree.start_child("", each)
        laps.end("start", ward.size)
        await ward.fell(crashes, laps)
        census = _census(tree)
        laps.begin()
    laps.end("stop", ward.size)
    return census


# In the order in which they run: what is compared follows each other. A variant is a line: partial(static, option=...).
PROGRAMS: dict[str, Program] = {
    "feedtree dynamic": dynamic,
    "feedtree": static,
    "bare trio": bare,
    "feedtree accounting": partial(static, accounting=True),
    "feedtree unwatched": partial(static, stall_after=None),
}
ORDERED = PROGRAMS.keys() - {"feedtree dynamic"}  # these promise to stop in reverse start order


def _specs(ward: Ward) -> list[ChildSpec]:
    return [_spec(ward, number) for number in range(ward.size)]


def _spec(ward: Ward, number: int) -> ChildSpec:
    async def child(context: Context) -> None:
        await ward.live(number, context.started)

    return ChildSpec(f"child-{number}", child, backoff=AT_ONCE)


def _census(tree: Supervisor) -> Census:
    """Count what the supervisor believes; a child that is not ready does not count."""
    running = [each for each in tree.snapshot().children if each.state is ChildState.RUNNING]
    return Census(sum(each.generation for each in running), min(len(running), tree.count_children().active))


def _filtered() -> structlog.typing.FilteringBoundLogger:
    """Log nothing, as production does that filters to errors: each crash is a warning. The bare wrapper has no log."""
    log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )
    return log


async def measure(name: str, children: int, crashes: int) -> Sample:
    """Run a program: once small, to warm up, and once by the clock."""
    program = PROGRAMS[name]
    await program(Ward(WARM_UP), WARM_UP, Laps())
    ward, laps = Ward(children), Laps()
    gc.collect()  # what came before the clock is no cost of what it times
    census = await program(ward, crashes, laps)
    return Sample(
        laps=laps.done,
        census=census,
        starts=ward.starts,
        left=ward.left,
        in_reverse=ward.stopped_in_reverse if name in ORDERED else None,
    )


def main(name: str, children: int, crashes: int) -> None:
    """Be this program."""
    sample = trio.run(measure, name, children, crashes)
    sys.stdout.buffer.write(msgspec.json.encode(sample) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
