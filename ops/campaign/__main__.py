"""``python -m feedtree.ops.campaign``: a random trader's account over real sockets, cut and disturbed, seed by seed."""

import argparse
import sys
import time

import structlog
import trio

from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.campaign.report import summary, told
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
            print(told(result), flush=True)
    failed = [result for result in results if result.broken]
    print(summary(results))
    for result in failed:
        print(
            f"again: python -m feedtree.ops.campaign --venues {result.venue} --first {result.seed} --seeds 1"
        )
    return int(bool(failed))


async def _one(venue: str, seed: int, seconds: float) -> Result:
    return await run_seed(venue, seed, TcpNetwork(), wall_ns=time.time_ns, log=_quiet(), seconds=seconds)


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
