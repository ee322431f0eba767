"""``feedtree chaos soak``: a soak from the command line, its slopes and charts."""

from functools import partial
from pathlib import Path

import trio
from msgspec import Struct

from feedtree.ops.chaos.campaign.ground import over_sockets
from feedtree.ops.chaos.campaign.lines import Scale
from feedtree.ops.chaos.campaign.soak import Soaked, run_soak
from feedtree.ops.chaos.campaign.soak_telling import drawn, missed, told
from feedtree.ops.chaos_long_run import FAILED, FINE, long_run, say
from feedtree.ops.config import ConfigError
from feedtree.ops.logs import silent


class SoakOptions(Struct, frozen=True):
    """The options of ``feedtree chaos soak`` as they were typed; see the command's help."""

    minutes: float
    seed: int
    every: float
    rate: float
    report: Path | None
    trace: bool


def soak(options: SoakOptions) -> int:
    """Soak a tree, and print slopes and charts.

    Returns:
        The exit code: 1 where something grows, was lost or doubled, or it was broken off.

    Raises:
        ConfigError: an option is wrong.
    """
    for option, value in (("--minutes", options.minutes), ("--every", options.every)):
        if not 0 < value < 1e6:
            raise ConfigError(option, f"{value:g} is not allowed; allowed: a number over 0")
    if not 1 <= options.rate < 1e6:
        raise ConfigError("--rate", f"{options.rate:g} is not allowed; allowed: orders per second, 1 or more")
    soaked = long_run("soak", partial(_run, options), told, options.report, drawn)
    if soaked is None:
        return FAILED
    return FAILED if missed(soaked) or soaked.interrupted else FINE


async def _run(options: SoakOptions, scope: trio.CancelScope) -> Soaked:
    say(f"{options.minutes:g} minutes, a fault every {options.every:g} s")
    return await run_soak(
        options.minutes,
        options.seed,
        options.every,
        Scale(rate=options.rate),
        over_sockets,
        silent(),
        trace=options.trace,
        tell=say,
        scope=scope,
    )
