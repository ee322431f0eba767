"""One run of the campaign: stage, traders and script of one seed; then the evidence, judged."""

from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Any

import trio
from msgspec import Struct

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.wire.transport import Network
from feedtree.ops.campaign.calls import PlaceCalls
from feedtree.ops.campaign.cuts import Point, points
from feedtree.ops.campaign.judge import broken
from feedtree.ops.campaign.script import Disturbance, script
from feedtree.ops.campaign.stage import SYMBOLS, Stage, open_stage
from feedtree.ops.campaign.trader import RandomTrader
from feedtree.ops.sim.markets import MEXC

TRADERS = 2
RATE = 120.0  # orders of others per second
SECONDS = 12.0
CALM = 4.0
HIDES = "private_skip_every"  # at MEXC, whose pushes do not date an order's end, an unlocked balance may stay unnoticed


class Result(Struct, frozen=True):
    """What one seed showed.

    Args:
        venue: where.
        seed: of everything.
        placed: calls of `place`.
        others: calls of the other verbs.
        fills: that the venue had.
        cuts: how often connections were cut wherever they were, on purpose.
        points: how often they were cut at each point that the venue has.
        disturbances: all that was to go wrong on purpose.
        broken: what did not hold, a sentence each.
    """

    venue: str
    seed: int
    placed: int
    others: int
    fills: int
    cuts: int
    points: Mapping[Point, int]
    disturbances: int
    broken: list[str]


async def run_seed(
    venue: str,
    seed: int,
    network: Network,
    *,
    wall_ns: Callable[[], int],
    log: Any,
    seconds: float = SECONDS,
    calm: float = CALM,
) -> Result:
    """Run one seed to its end.

    Args:
        venue: ``gateio.spot``.
        seed: of script, trader and market.
        network: memory or TCP.
        wall_ns: UTC nanoseconds.
        log: a structlog logger for the tree.
        seconds: of trading.
        calm: seconds, twice, until what was held or delayed has come.
    """
    rng = Random(seed)
    what = script(rng, seconds, points(venue))
    async with open_stage(venue, seed, network, wall_ns=wall_ns, log=log, rate=RATE) as stage:
        await stage.ready()
        calls = [stage.calls(partial("c{}x{}x{}".format, seed, who)) for who in range(TRADERS)]
        traders = [_trader(stage, each, rng) for each in calls]
        async with trio.open_nursery() as nursery:
            for trader in traders:
                nursery.start_soon(trader.run, seconds)
            nursery.start_soon(_break, stage, what)
        await stage.settle(calm, audited=venue == MEXC and any(each.name == HIDES for each in what))
        evidence = await stage.evidence([call for each in calls for call in each.made])
    return Result(
        venue=venue,
        seed=seed,
        placed=len(evidence.calls),
        others=sum(trader.others for trader in traders),
        fills=len(evidence.fills),
        cuts=sum(each.cuts for each in what),
        points={point: stage.cutter.cuts[point] for point in points(venue)},
        disturbances=len(what),
        broken=broken(evidence),
    )


def _trader(stage: Stage, calls: PlaceCalls, rng: Random) -> RandomTrader:
    desk, store = stage.account.orders, stage.account.account.store
    return RandomTrader(desk, store, calls, stage.touch, SYMBOLS, Random(rng.random()))


async def _break(stage: Stage, what: list[Disturbance]) -> None:
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for each in what:
            await trio.sleep_until(began + each.at)
            nursery.start_soon(disturb, stage, each)


async def disturb(stage: Stage, what: Disturbance) -> None:
    """Do one thing that goes wrong; return when it is done, a cut when its point was reached or waited for in vain."""
    try:
        match what.kind:
            case "cut":
                await stage.cutter.cut(Point(what.name), what.value, what.seconds)  # type: ignore[arg-type]
            case "fault":
                await stage.truth.fault(what.name, what.seconds)
            case "switch":
                await stage.truth.turn(what.name, what.value, what.seconds)
    except (RestFailed, VenueThrottled):
        pass  # the control paths answer over connections that may be cut, too
