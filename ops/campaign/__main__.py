"""``python -m feedtree.ops.campaign``: a random trader's account over real sockets, cut and disturbed, seed by seed."""

import argparse
import sys
import time
from collections.abc import Sequence

import structlog
import trio

from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.campaign.cuts import Point
from feedtree.ops.campaign.run import Result, run_seed
from feedtree.ops.sim.markets import GATEIO, MEXC

VENUES = (GATEIO, MEXC)


def main() -> int:
    """Run the seeds; 0 where everything held in each of them."""
    options = _options()
    results: list[Result] = []
    for seed in range(options.first, options.first + options.seeds):
        for venue in options.venues:
            result = trio.run(_one, venue, seed, options.seconds)
            results.append(result)
            print(_line(result), flush=True)
            for sentence in result.broken:
                print(f"  {sentence}", flush=True)
    failed = [result for result in results if result.broken]
    print(
        f"{len(results)} seeds run, {sum(result.placed for result in results)} orders, "
        f"{sum(result.fills for result in results)} fills, "
        f"{sum(result.disturbances for result in results)} disturbances, "
        f"{sum(result.cuts + sum(result.points.values()) for result in results)} cuts made, "
        f"{sum(len(result.broken) for result in results)} invariants broken"
    )
    print(f"cuts by point: {_cuts(results)}")
    for result in failed:
        print(
            f"again: python -m feedtree.ops.campaign --venues {result.venue} --first {result.seed} --seeds 1"
        )
    return int(bool(failed))


def _cuts(results: Sequence[Result]) -> str:
    """Return where connections were cut, and how often."""
    counts = {"anywhere": sum(result.cuts for result in results)}
    for point in Point:
        counts[point] = sum(result.points.get(point, 0) for result in results)
    return ", ".join(f"{times} {point}" for point, times in counts.items())


async def _one(venue: str, seed: int, seconds: float) -> Result:
    return await run_seed(venue, seed, TcpNetwork(), wall_ns=time.time_ns, log=_quiet(), seconds=seconds)


def _line(result: Result) -> str:
    verdict = "held" if not result.broken else f"{len(result.broken)} BROKEN"
    return (
        f"{result.venue} seed {result.seed}: {result.placed} orders, {result.others} other calls, "
        f"{result.fills} fills, {result.disturbances} disturbances, cuts: {_cuts([result])}: {verdict}"
    )


def _quiet() -> structlog.typing.FilteringBoundLogger:
    log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr), wrapper_class=structlog.make_filtering_bound_logger(50)
    )
    return log


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m feedtree.ops.campaign", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many; each is run at every venue")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seconds", type=float, default=12.0, help="of trading in each run")
    parser.add_argument(
        "--venues",
        type=lambda text: text.split(","),
        default=list(VENUES),
        help=f"some of {','.join(VENUES)}",
    )
    options = parser.parse_args()
    for venue in options.venues:
        if venue not in VENUES:
            parser.error(f"unknown venue {venue!r}: there are {', '.join(VENUES)}")
    if options.seeds < 1 or options.seconds <= 0:
        parser.error("--seeds is 1 or more, --seconds more than 0")
    return options


if __name__ == "__main__":
    sys.exit(main())
